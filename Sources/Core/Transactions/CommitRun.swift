internal import Basics
internal import Synchronization

/// One commit on its way.
final class CommitRun: Sendable {
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
    private let whenDurable: @Sendable (_ number: Int64, _ time: Int64) -> Void
    private let machine: Mutex<CommitStateMachine>
    private let numbers = Mutex(Numbers())

    init(
        log: any DecisionLog, crew: WorkCrew, clock: @escaping @Sendable () -> Int64, change: [UInt8],
        participants: [any Participant], cancellation: CommitCancellation,
        progress: @escaping @Sendable (CommitProgress) -> Void,
        whenDurable: @escaping @Sendable (_ number: Int64, _ time: Int64) -> Void
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
        _ records: [(TransactionRecordKind, [UInt8])],
        whenDurable: @escaping @Sendable (_ number: Int64, _ time: Int64) -> Void
    ) -> CommitStateMachine.Event {
        let time = clock()
        do {
            _ = try log.append(
                records.map { TransactionRecord(kind: $0.0, time: time, payload: $0.1) },
                whenDurable: { whenDurable($0, time) })
            return .recorded
        } catch {
            numbers.withLock { $0.failure = error }
            return .recordFailed(certain: !error.isOutcomeUnknown)
        }
    }

    private func recordCommit() -> CommitStateMachine.Action {
        let event = record([(.commit, change)]) { [self] number, time in
            numbers.withLock { $0 = Numbers(transaction: number, decision: number) }
            whenDurable(number, time)
        }
        CrashPoint.reach("commit.recorded")
        if event == .recorded { progress(.decided(number: numbers.withLock { $0.decision })) }
        return handle(event)
    }

    private func recordIntent(_ ids: [ParticipantID]) -> CommitStateMachine.Action {
        let payload = TransactionPayload.intent(
            participants: ids, recoveries: ids.map { participants[$0]?.recovery ?? [] })
        let event = record([(.intent, payload.encode())]) { [self] number, _ in
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
        let event = record([(.decisionCommit, payload.encode())]) { [self] number, time in
            numbers.withLock { $0.decision = number }
            whenDurable(number, time)
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
        let event = record(records) { _, _ in }
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
