import Basics
import CLIGrammar
import ConfigTree
import NEDRuntime
import Secrets
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
    private let commands: [CLICommand]
    private let reverse: ChangeSet
    private let expectedTransactionID: ExpectedTransactionID
    /// The revisions that the change was made for.
    private let announcement: ModuleAnnouncement

    enum ExpectedTransactionID: Sendable {
        case any
        case exactly(String?)
    }

    init(
        _ change: DeviceChange, access: DeviceAccess, secrets: SecretHandling, expected: ExpectedTransactionID,
        announcement: ModuleAnnouncement
    ) {
        self.announcement = announcement
        self.access = access
        let (before, after) = (secrets.opened(change.before), secrets.opened(change.after))
        // A command that removes a secret shows it too.
        (secrets.plainTexts(before) + secrets.plainTexts(after)).forEach(access.mask.add)
        commands = CLIDeviceSession.commands(access.driver, from: before, to: after)
        reverse = ChangeSet(after.diff(to: before))
        expectedTransactionID = expected
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
                if case .exactly(let expected) = expectedTransactionID {
                    try session.requireTransactionID(expected)
                }
                isUntouched = false
                try session.prepare(commands)
                try session.commit()
            }
        } catch {
            throw Refusal(
                access.masked(error.operatorText), isUntouched: isUntouched, isTransient: error.isTransient)
        }
    }

    /// A device that was upgraded meanwhile may know other nodes than those that the change was cut to.
    private func requireSameRevisions(_ session: CLIDeviceSession) throws(NEDError) {
        let revisions = access.driver.revisions
        guard revisions.selection(for: session.announcement) != revisions.selection(for: announcement) else { return }
        throw NEDError(
            .driver, device: access.name,
            "the device announces other revisions of its modules than before; commit again, for those that it has now")
    }

    func apply(_ transaction: TransactionNumber) -> ParticipantOutcome {
        access.attempt { (session) throws(NEDError) in
            try session.persist()
            access.noteInSync(try session.transactionID())
        }
    }

    func abort(_ transaction: TransactionNumber) -> ParticipantOutcome {
        access.attempt { (session) throws(NEDError) in
            try session.revert(reverse)
            access.noteInSync(try session.transactionID())
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
