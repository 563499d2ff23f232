internal import Synchronization

/// What a commit came to.
package struct CommitResult: Hashable, Sendable {
    /// The number of the record that made the change part of the configuration.
    package var number: Int64
    /// The number of the intent; that of the only record if there were no participants.
    package var transaction: TransactionNumber
    package var outcomes: [ParticipantID: ParticipantOutcome]
    /// Whether the outcomes could not be written: the next start repeats what was done.
    package var areOutcomesUnrecorded: Bool
}

/// Why a commit did not take place, or why that is unknown.
package struct CommitError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// A participant refused; the others were aborted.
        case refused
        case cancelled
        /// A participant is in doubt since an earlier transaction.
        case participantInDoubt
        /// A participant takes part in another commit, longer than the caller wants to wait.
        case participantBusy
        /// The log could not be written; nothing was changed.
        case logFailed
        /// As `logFailed`, but whether the decision is in the log shows only at the next start.
        case outcomeUnknown
    }

    package var code: Code
    /// A sentence for the operator, with the remedy.
    package var description: String
    package var refusals: [ParticipantID: Refusal] = [:]
    /// How those that had to be aborted ended.
    package var outcomes: [ParticipantID: ParticipantOutcome] = [:]
}

/// What a commit is doing, for those who watch.
package enum CommitProgress: Hashable, Sendable {
    case intentRecorded(TransactionNumber)
    case preparing(ParticipantID)
    case prepared(ParticipantID)
    case refused(ParticipantID, reason: String)
    case decided(number: Int64)
    case applying(ParticipantID)
    case aborting(ParticipantID)
    case ended(ParticipantID, ParticipantOutcome)
    case outcomesRecorded
}

/// Somebody's wish to give up a commit: has an effect until the decision is being written.
package final class CommitCancellation: Sendable {
    private let reason = Mutex<String?>(nil)

    package init() {}

    package func cancel(reason text: String) { reason.withLock { $0 = $0 ?? text } }

    var wish: String? { reason.withLock { $0 } }
}

/// Performs what `CommitStateMachine` decides: writes, and talks to the participants of one commit in parallel.
///
/// A participant takes part in one commit at a time, and in none while it is in doubt.
package final class CommitCoordinator: Sendable {
    private let log: any DecisionLog
    private let crew: WorkCrew
    private let clock: @Sendable () -> Int64
    private let doubts: InDoubtList
    private let busy = Reservations()
    private let state = Mutex(State())

    private struct State: Sendable {
        var nextOwner: UInt64 = 1
        /// Of commits whose end only the next start can tell: held until then.
        var suspended: [Reservation] = []
    }

    /// - Parameters:
    ///   - limit: how many participants of a commit are spoken to at a time.
    ///   - clock: microseconds since 1970-01-01T00:00:00Z.
    package init(log: any DecisionLog, doubts: InDoubtList, limit: Int, clock: @escaping @Sendable () -> Int64) {
        self.log = log
        self.doubts = doubts
        self.clock = clock
        crew = WorkCrew(limit: limit)
    }

    /// Commits `change` at all participants or at none.
    ///
    /// - Parameters:
    ///   - change: what replay applies when it meets the record; opaque here.
    ///   - own: the log to write to, if what decides shall be stored together with something else.
    ///   - whenDurable: gets number and time of the record that decides as soon as it is durable, in the order of the log:
    ///     the place to make the new configuration visible. Must be short.
    package func commit(
        _ change: [UInt8], participants: [any Participant], owner: ReservationOwner,
        cancellation: CommitCancellation = CommitCancellation(), waitMilliseconds: Int = .max,
        log own: (any DecisionLog)? = nil,
        progress: @escaping @Sendable (CommitProgress) -> Void = { _ in },
        whenDurable: @escaping @Sendable (_ number: Int64, _ time: Int64) -> Void = { _, _ in }
    ) throws(CommitError) -> CommitResult {
        let claim = Claim(participants.map { ReservedNode([$0.id.description], .writeSubtree) })
        // Two commits of one session must not meet at a participant either.
        let id = state.withLock { state in
            defer { state.nextOwner += 1 }
            return state.nextOwner
        }
        let holder = ReservationOwner(id: id, owner.description)
        let reservation: Reservation
        do {
            reservation = try busy.reserve(claim, owner: holder, waitMilliseconds: waitMilliseconds)
        } catch {
            throw CommitError(code: .participantBusy, description: "\(error); try again when it has ended")
        }
        defer { reservation.release() }
        if let doubt = doubts.first(of: participants.map(\.id)) {
            throw CommitError(code: .participantInDoubt, description: doubt.sentence)
        }
        let run = CommitRun(
            log: own ?? log, crew: crew, clock: clock, change: change, participants: participants,
            cancellation: cancellation,
            progress: progress, whenDurable: whenDurable)
        let end = run.perform()
        if end.state == .suspended { state.withLock { $0.suspended.append(reservation.handedOver()) } }
        doubts.add(run.doubts(end))
        return try run.result(end)
    }
}
