import Basics
import ConfigTree
import NEDRuntime
import Secrets
import Synchronization
import Transactions
import YANG

/// A device's part in a commit.
///
/// The incumbent's phases map onto the protocol so: PREPARE is the driver's prepare and commit, APPLY is persist, ABORT is
/// revert. Between intent and decision the device may hold the change already; the log then has what takes it back.
struct DeviceParticipant: Participant {
    let id: ParticipantID
    let recovery: [UInt8]
    private let access: DeviceAccess
    private let native: NativeChange
    private let reverse: ChangeSet
    private let check: SyncCheck
    private let expected: String?
    /// What the device is taken to hold, and the paths that the commit changes in it.
    private let before: DataTree
    private let after: DataTree
    private let touched: [String]
    private let wasInSync = WasInSync()
    private let held = Held()
    /// The revisions that the change was made for.
    private let announcement: ModuleAnnouncement

    /// What of the device must be as we have it.
    enum SyncCheck: Sendable {
        case none
        /// What is changed, and what is around it on the way.
        case touched
        case whole
    }

    private final class WasInSync: Sendable {
        let value = Atomic(true)
    }

    /// What a device of a driver with several revisions held before the change, in the words in which it was sent. Our own
    /// copy may have more: what earlier commits left out for an older revision.
    private final class Held: Sendable {
        let tree = Mutex<DataTree?>(nil)
    }

    /// - Parameter expected: the transaction id that the device has if it is as we have it; nil if that is unknown.
    init(
        _ change: DeviceChange, access: DeviceAccess, secrets: SecretHandling, check: SyncCheck, expected: String?,
        announcement: ModuleAnnouncement
    ) {
        self.announcement = announcement
        self.access = access
        let (before, after) = (secrets.opened(change.before), secrets.opened(change.after))
        // A command that removes a secret shows it too.
        (secrets.plainTexts(before) + secrets.plainTexts(after)).forEach(access.mask.add)
        native = access.driver.change(from: before, to: after)
        let reverse = ChangeSet(after.diff(to: before))
        self.reverse = reverse
        self.check = check
        self.expected = expected
        self.before = before
        self.after = after
        touched = reverse.items.map(\.path)
        id = ParticipantID("device/\(access.name)")
        recovery = DeviceRecovery(
            device: access.name, nedID: access.driver.nedID, forward: ChangeSet(change.before.diff(to: change.after)),
            reverse: ChangeSet(change.after.diff(to: change.before))
        ).encode()
    }

    func prepare(_ transaction: TransactionNumber) throws(Refusal) {
        var isUntouched = true
        do throws(NEDError) {
            try access.driver.requireWritable(access.name)
            try access.withSession(isLast: false) { (session) throws(NEDError) in
                try requireSameRevisions(session)
                try requireSync(session)
                if learnsFromHeld {
                    let reading = try session.reading()
                    held.tree.withLock { $0 = reading.tree }
                }
                isUntouched = false
                try session.prepare(native)
                try session.commit()
            }
        } catch {
            throw Refusal(
                access.masked(error.operatorText), isUntouched: isUntouched, isTransient: error.isTransient)
        }
    }

    /// A device that was upgraded meanwhile may know other nodes than those that the change was cut to.
    private func requireSameRevisions(_ session: any DeviceSession) throws(NEDError) {
        if isOfSameRevisions(session) { return }
        throw NEDError(
            .driver, device: access.name,
            "the device announces other revisions of its modules than before; commit again, for those that it has now")
    }

    private func requireSync(_ session: any DeviceSession) throws(NEDError) {
        if check == .whole { return try session.requireTransactionID(expected) }
        let isInSync = try session.transactionID() == expected
        wasInSync.value.store(isInSync, ordering: .relaxed)
        guard check == .touched, !isInSync else { return }
        let theirs = ChangeSet(before.diff(to: try session.reading().tree).dissolvingContainers())
        guard let path = ChangeConflict.path(read: touched, theirs) else { return }
        let name = (try? before.path(path))?.keypath ?? path
        throw NEDError(
            .outOfSync, device: access.name,
            "out of sync: \(name) was changed on the device, and no-overwrite keeps it; sync-from first")
    }

    /// What the device does not show it has dropped: with several revisions of the models, perhaps it never got it.
    private var holdsAll: Bool { !access.driver.revisions.hasSeveral }

    private var learnsFromHeld: Bool {
        guard case .cli = access.driver.kind else { return false }
        return !holdsAll
    }

    /// Remembers what the device made of what it was sent. A device that was out of sync is so still: its transaction id
    /// would say that it is not.
    ///
    /// - Parameter hasChange: whether it holds the change, or what was there before.
    private func settle(_ session: any DeviceSession, hasChange: Bool) throws(NEDError) {
        guard wasInSync.value.load(ordering: .relaxed) else { return }
        if holdsAll { return try access.settle(session, sent: hasChange ? after : before) }
        if let known = held.tree.withLock(\.self), isOfSameRevisions(session),
            let sent = hasChange ? try? known.applying(ChangeSet(before.diff(to: after))) : known
        {
            return try access.settle(session, sent: sent)
        }
        access.noteInSync(try session.transactionID())
    }

    private func isOfSameRevisions(_ session: any DeviceSession) -> Bool {
        let revisions = access.driver.revisions
        return revisions.selection(for: session.announcement) == revisions.selection(for: announcement)
    }

    /// What a device rewrote of a change that it took in part has names that the reverse does not know.
    private func finishRevert(_ session: any DeviceSession) throws(NEDError) {
        guard wasInSync.value.load(ordering: .relaxed), case .cli = access.driver.kind,
            let wanted = holdsAll ? before : held.tree.withLock(\.self), try session.transactionID() != expected
        else { return }
        let rest = access.driver.change(from: try session.reading().tree, to: wanted)
        guard !rest.isEmpty else { return }
        try session.prepare(rest)
        try session.commit()
    }

    func apply(_ transaction: TransactionNumber) -> ParticipantOutcome {
        access.attempt { (session) throws(NEDError) in
            try session.persist()
            try settle(session, hasChange: true)
        }
    }

    func abort(_ transaction: TransactionNumber) -> ParticipantOutcome {
        access.attempt { (session) throws(NEDError) in
            try session.revert(reverse)
            try finishRevert(session)
            try settle(session, hasChange: false)
        }
    }
}

/// What the log holds of a device's part in a commit: enough to take the change back or to finish it after a crash.
/// Secrets are sealed.
struct DeviceRecovery {
    var device: String
    var nedID: String
    var forward: ChangeSet
    var reverse: ChangeSet

    init(device: String, nedID: String, forward: ChangeSet, reverse: ChangeSet) {
        self.device = device
        self.nedID = nedID
        self.forward = forward
        self.reverse = reverse
    }

    func encode() -> [UInt8] {
        Array(
            ("{\"device\":\(JSONText.quoted(device)),\"ned-id\":\(JSONText.quoted(nedID)),\n"
                + "\"forward\":\(forward.json),\n\"reverse\":\(reverse.json)}").utf8)
    }

    init(_ bytes: [UInt8]) throws { try self.init(value: try JSONValue.parse(bytes, file: "the log")) }

    init(value: JSONValue) throws {
        device = value["device"]?.string ?? ""
        nedID = value["ned-id"]?.string ?? ""
        forward = try ChangeSet(value: value["forward"])
        reverse = try ChangeSet(value: value["reverse"])
    }
}
