import ConfigTree
import NEDRuntime
import Transactions

/// A device's part in a queued commit.
///
/// The change is brought to what the device holds now, not to what it held when the commit was made: items before it have
/// changed it since, and the daemon may have been started anew.
struct QueuedChange: Participant {
    let id: ParticipantID
    let recovery: [UInt8]
    private let access: DeviceAccess
    private let forward: ChangeSet
    private let reverse: ChangeSet
    private let expected: ExpectedTransactionID

    /// What must stand for the device's configuration; asked when it is the device's turn. Nil: it may hold anything.
    typealias ExpectedTransactionID = @Sendable () -> String??

    init(
        _ change: DeviceRecovery, access: DeviceAccess, secrets: SecretHandling,
        expected: @escaping ExpectedTransactionID
    ) {
        id = ParticipantID("device/\(access.name)")
        recovery = change.encode()
        self.access = access
        forward = secrets.opened(change.forward)
        reverse = secrets.opened(change.reverse)
        self.expected = expected
    }

    func prepare(_ transaction: TransactionNumber) throws(Refusal) {
        var isUntouched = true
        do throws(NEDError) {
            try access.driver.requireWritable(access.name)
            try access.withSession(isLast: false) { (session) throws(NEDError) in
                if let expected = expected() { try session.requireTransactionID(expected) }
                isUntouched = false
                try session.redo(forward)
            }
        } catch {
            throw Refusal(
                access.masked(error.operatorText), isUntouched: isUntouched, isTransient: error.isTransient)
        }
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
