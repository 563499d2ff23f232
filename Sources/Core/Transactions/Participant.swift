/// A party whose consent a commit needs: a device, the package store.
package struct ParticipantID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Kind and name, as messages show it: `device/ce0`.
    package let description: String

    package init(_ description: String) { self.description = description }

    package static func < (a: ParticipantID, b: ParticipantID) -> Bool { a.description < b.description }
}

/// What a participant does in a commit. All calls are synchronous and come from the coordinator's threads, one at a
/// time for each participant.
package protocol Participant: Sendable {
    var id: ParticipantID { get }

    /// What the log must hold before the first effect, so that after a crash the change can be undone or finished:
    /// the reverse diff, the forward diff, the persist-id of a confirmed commit. Bytes that `RecoveryAgent` reads.
    var recovery: [UInt8] { get }

    /// Takes the change so far that only `apply` is missing. The only step that may refuse.
    func prepare(_ transaction: TransactionNumber) throws(Refusal)

    /// Makes the prepared change permanent. Never refuses; may be repeated after a crash.
    func apply(_ transaction: TransactionNumber) -> ParticipantOutcome

    /// Takes back what `prepare` did, wholly or in part. Never refuses; may be repeated after a crash.
    func abort(_ transaction: TransactionNumber) -> ParticipantOutcome
}

/// The number of a transaction's first record in the log: of its intent, or of its only record.
package typealias TransactionNumber = Int64

/// How a participant ended what cannot be refused.
package enum ParticipantOutcome: Hashable, Sendable {
    case done
    /// It is unknown what the participant holds now, and why.
    case inDoubt(reason: String)
}

/// A participant's no.
package struct Refusal: Error, Hashable, Sendable {
    /// A sentence for the operator.
    package var reason: String
    /// Whether the participant is as it was before, so that there is nothing to abort.
    package var isUntouched: Bool
    /// Whether it may be otherwise later: the participant could not be reached, or was busy.
    package var isTransient: Bool

    package init(_ reason: String, isUntouched: Bool = false, isTransient: Bool = false) {
        self.reason = reason
        self.isUntouched = isUntouched
        self.isTransient = isTransient
    }
}

/// Which way a change that was interrupted has to go.
package enum RecoveryDirection: String, Codable, Sendable {
    /// Back: there was no decision, or the decision was to abort.
    case undo
    /// On: the decision was to commit.
    case redo
}

/// Carries out what a crash or a lost connection left open. Calls must be repeatable.
package protocol RecoveryAgent: Sendable {
    func recover(_ item: RecoveryItem) -> ParticipantOutcome
}

/// What is left to do at one participant for one transaction.
package struct RecoveryItem: Hashable, Sendable {
    package var transaction: TransactionNumber
    package var participant: ParticipantID
    package var direction: RecoveryDirection
    /// What the participant gave as `recovery`.
    package var recovery: [UInt8]

    package init(
        transaction: TransactionNumber, participant: ParticipantID, direction: RecoveryDirection, recovery: [UInt8]
    ) {
        self.transaction = transaction
        self.participant = participant
        self.direction = direction
        self.recovery = recovery
    }
}
