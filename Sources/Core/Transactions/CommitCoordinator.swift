internal import Basics
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
    ///   - whenDurable: gets the number of the record that decides as soon as it is durable, in the order of the log:
    ///     the place to make the new configuration visible. Must be short.
    package func commit(
        _ change: [UInt8], participants: [any Participant], owner: ReservationOwner,
        cancellation: CommitCancellation = CommitCancellation(), waitMilliseconds: Int = .max,
        progress: @escaping @Sendable (CommitProgress) -> Void = { _ in },
        whenDurable: @escaping @Sendable (Int64) -> Void = { _ in }
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
            log: log, crew: crew, clock: clock, change: change, participants: participants, cancellation: cancellation,
            progress: progress, whenDurable: whenDurable)
        let end = run.perform()
        if end.state == .suspended { state.withLock { $0.suspended.append(reservation.handedOver()) } }
        doubts.add(run.doubts(end))
        return try run.result(end)
    }
}

/// One commit on its way.
private final class CommitRun: Sendable {
    private struct Numbers: Sendable {
        var transaction: TransactionNumber = 0
        var decision: Int64 = 0
        var failure: LogFailure?
    }

    private let log: any DecisionLog
    private let crew: WorkCrew
    private let clock: @Sendable () -> Int64
    private let change: [UInt8]
    private let participants: [ParticipantID: any Participant]
    private let cancellation: CommitCancellation
    private let progress: @Sendable (CommitProgress) -> Void
    private let whenDurable: @Sendable (Int64) -> Void
    private let machine: Mutex<CommitStateMachine>
    private let numbers = Mutex(Numbers())

    init(
        log: any DecisionLog, crew: WorkCrew, clock: @escaping @Sendable () -> Int64, change: [UInt8],
        participants: [any Participant], cancellation: CommitCancellation,
        progress: @escaping @Sendable (CommitProgress) -> Void, whenDurable: @escaping @Sendable (Int64) -> Void
    ) {
        self.log = log
        self.crew = crew
        self.clock = clock
        self.change = change
        self.participants = Dictionary(participants.map { ($0.id, $0) }) { first, _ in first }
        self.cancellation = cancellation
        self.progress = progress
        self.whenDurable = whenDurable
        machine = Mutex(CommitStateMachine(participants: participants.map(\.id)))
    }

    /// Follows the machine to its end.
    func perform() -> CommitStateMachine {
        var action = handle(.begin)
        while let next = step(action) { action = next }
        return machine.withLock { $0 }
    }

    /// Performs an action and returns the one that follows; nil at the end.
    private func step(_ action: CommitStateMachine.Action) -> CommitStateMachine.Action? {
        switch action {
        case .recordCommit: recordCommit()
        case .recordIntent(let ids): recordIntent(ids)
        case .prepare(let ids): prepare(ids)
        case .recordDecision: recordDecision()
        case .apply(let ids): end(ids, CommitProgress.applying) { $0.apply($1) }
        case .abort(let ids): end(ids, CommitProgress.aborting) { $0.abort($1) }
        case .recordOutcomes(let committed, let outcomes): recordOutcomes(committed, outcomes)
        case .release, .suspend, .wait, .stopPreparing, .violation: nil
        }
    }

    private func handle(_ event: CommitStateMachine.Event) -> CommitStateMachine.Action {
        machine.withLock { $0.handle(event) }
    }

    // MARK: Writing

    private func record(
        _ records: [(TransactionRecordKind, [UInt8])], whenDurable: @escaping @Sendable (Int64) -> Void
    ) -> CommitStateMachine.Event {
        let time = clock()
        do {
            _ = try log.append(
                records.map { TransactionRecord(kind: $0.0, time: time, payload: $0.1) }, whenDurable: whenDurable)
            return .recorded
        } catch {
            numbers.withLock { $0.failure = error }
            return .recordFailed(certain: !error.isOutcomeUnknown)
        }
    }

    private func recordCommit() -> CommitStateMachine.Action {
        let event = record([(.commit, change)]) { [self] number in
            numbers.withLock { $0 = Numbers(transaction: number, decision: number) }
            whenDurable(number)
        }
        CrashPoint.reach("commit.recorded")
        if event == .recorded { progress(.decided(number: numbers.withLock { $0.decision })) }
        return handle(event)
    }

    private func recordIntent(_ ids: [ParticipantID]) -> CommitStateMachine.Action {
        let payload = TransactionPayload.intent(
            participants: ids, recoveries: ids.map { participants[$0]?.recovery ?? [] })
        let event = record([(.intent, payload.encode())]) { [self] number in
            numbers.withLock { $0.transaction = number }
        }
        CrashPoint.reach("commit.intent-recorded")
        if event == .recorded { progress(.intentRecorded(numbers.withLock { $0.transaction })) }
        noticeCancellation()
        return handle(event)
    }

    private func recordDecision() -> CommitStateMachine.Action {
        let transaction = numbers.withLock { $0.transaction }
        let payload = TransactionPayload.decision(transaction: transaction, change: change)
        let event = record([(.decisionCommit, payload.encode())]) { [self] number in
            numbers.withLock { $0.decision = number }
            whenDurable(number)
        }
        CrashPoint.reach("commit.decided")
        if event == .recorded { progress(.decided(number: numbers.withLock { $0.decision })) }
        return handle(event)
    }

    private func recordOutcomes(
        _ committed: Bool, _ outcomes: [ParticipantID: ParticipantOutcome]
    ) -> CommitStateMachine.Action {
        let transaction = numbers.withLock { $0.transaction }
        var records = [(TransactionRecordKind, [UInt8])]()
        if !committed {
            records.append((.decisionAbort, TransactionPayload.decision(transaction: transaction, change: []).encode()))
        }
        for (id, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
            switch outcome {
            case .done:
                records.append((.done, TransactionPayload.ended(transaction: transaction, participant: id).encode()))
            case .inDoubt(let reason):
                let payload = TransactionPayload.inDoubt(transaction: transaction, participant: id, reason: reason)
                records.append((.inDoubt, payload.encode()))
            }
        }
        let event = record(records) { _ in }
        CrashPoint.reach("commit.outcomes-recorded")
        if event == .recorded { progress(.outcomesRecorded) }
        return handle(event)
    }

    // MARK: Participants

    private func noticeCancellation() {
        if let reason = cancellation.wish { _ = handle(.cancel(reason: reason)) }
    }

    /// Speaks to all, and returns the action that the last of them led to.
    private func each(
        _ ids: [ParticipantID], _ work: @escaping @Sendable (any Participant) -> CommitStateMachine.Action
    ) -> CommitStateMachine.Action {
        let last = Mutex(CommitStateMachine.Action.wait)
        crew.run(ids) { [participants] id in
            guard let participant = participants[id] else { return }
            let action = work(participant)
            if action != .wait, action != .stopPreparing { last.withLock { $0 = action } }
        }
        return last.withLock { $0 }
    }

    private func prepare(_ ids: [ParticipantID]) -> CommitStateMachine.Action {
        let transaction = numbers.withLock { $0.transaction }
        return each(ids) { [self] participant in
            let id = participant.id
            noticeCancellation()
            if machine.withLock({ $0.state == .draining }) { return handle(.skipped(id)) }
            progress(.preparing(id))
            do throws(Refusal) {
                try participant.prepare(transaction)
                CrashPoint.reach("commit.prepared")
                progress(.prepared(id))
                return handle(.prepared(id))
            } catch {
                CrashPoint.reach("commit.refused")
                progress(.refused(id, reason: error.reason))
                return handle(.refused(id, error))
            }
        }
    }

    private func end(
        _ ids: [ParticipantID], _ step: @escaping @Sendable (ParticipantID) -> CommitProgress,
        _ work: @escaping @Sendable (any Participant, TransactionNumber) -> ParticipantOutcome
    ) -> CommitStateMachine.Action {
        let transaction = numbers.withLock { $0.transaction }
        return each(ids) { [self] participant in
            progress(step(participant.id))
            let outcome = work(participant, transaction)
            CrashPoint.reach("commit.ended")
            progress(.ended(participant.id, outcome))
            return handle(.ended(participant.id, outcome))
        }
    }

    // MARK: The end

    /// Those that ended in doubt, with what a retry needs.
    func doubts(_ end: CommitStateMachine) -> [Doubt] {
        let transaction = numbers.withLock { $0.transaction }
        return end.outcomes.compactMap { id, outcome in
            guard case .inDoubt(let reason) = outcome else { return nil }
            let item = RecoveryItem(
                transaction: transaction, participant: id, direction: end.state == .committed ? .redo : .undo,
                recovery: participants[id]?.recovery ?? [])
            return Doubt(item: item, reason: reason, attempts: 1, lastAttempt: clock())
        }
    }

    func result(_ end: CommitStateMachine) throws(CommitError) -> CommitResult {
        let numbers = numbers.withLock { $0 }
        var error = CommitError(
            code: .logFailed, description: numbers.failure?.reason ?? "the commit was not carried out",
            refusals: end.refusals, outcomes: end.outcomes)
        switch end.state {
        case .committed:
            return CommitResult(
                number: numbers.decision, transaction: numbers.transaction, outcomes: end.outcomes,
                areOutcomesUnrecorded: end.areOutcomesUnrecorded)
        case .suspended: error.code = .outcomeUnknown
        default:
            if let first = end.refusals.min(by: { $0.key < $1.key }) {
                error.code = .refused
                error.description = "\(first.key): \(first.value.reason)"
            } else if let reason = end.cancelReason {
                error.code = .cancelled
                error.description = reason
            }
        }
        throw error
    }
}
