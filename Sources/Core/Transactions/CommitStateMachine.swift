/// Decides what a commit does next; performs nothing.
///
/// Invariants:
/// - `prepare` is asked for only after the intent is durable, `apply` only after the decision is.
/// - `apply` is asked for only if every participant has prepared; after it there is no way back to `abort`.
/// - `abort` is asked for at every participant whose `prepare` was begun and may have left something.
/// - Every path ends in exactly one of `committed`, `aborted`, `failed` and `suspended`.
/// - An event that does not fit the state changes nothing and is answered with `violation`.
package struct CommitStateMachine: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        case ready
        /// No participants: the only record is being written.
        case recordingCommit
        case recordingIntent
        case preparing
        /// A participant refused, or the commit was cancelled: those under way are awaited, no others are begun.
        case draining
        case recordingDecision
        case applying
        case aborting
        case recordingOutcomes(committed: Bool)
        case committed
        case aborted
        /// Nothing happened: the first record could not be written.
        case failed
        /// It is unknown whether the decision is durable; the next start finishes this commit either way.
        case suspended
    }

    package enum Event: Hashable, Sendable {
        case begin
        /// The record last asked for is durable.
        case recorded
        /// It is not, or, if not `certain`, perhaps is.
        case recordFailed(certain: Bool)
        case prepared(ParticipantID)
        case refused(ParticipantID, Refusal)
        /// The participant's `prepare` was not begun, since the commit is draining.
        case skipped(ParticipantID)
        case ended(ParticipantID, ParticipantOutcome)
        /// Somebody wants the commit given up; has an effect only before the decision.
        case cancel(reason: String)
    }

    package enum Action: Hashable, Sendable {
        case recordCommit
        case recordIntent([ParticipantID])
        case prepare([ParticipantID])
        /// Begin no further `prepare`; report those not begun as `skipped`.
        case stopPreparing
        case recordDecision
        case apply([ParticipantID])
        case abort([ParticipantID])
        /// Write the decision to abort (unless committed) and each outcome, as a whole.
        case recordOutcomes(committed: Bool, [ParticipantID: ParticipantOutcome])
        /// Give back what was reserved: the commit has ended.
        case release
        /// Keep what was reserved: only the next start can tell.
        case suspend
        case wait
        /// The event does not fit the state: a fault of the caller.
        case violation
    }

    package private(set) var state = State.ready
    /// In the order of their ids.
    package let participants: [ParticipantID]
    package private(set) var refusals: [ParticipantID: Refusal] = [:]
    package private(set) var cancelReason: String?
    package private(set) var outcomes: [ParticipantID: ParticipantOutcome] = [:]
    /// Whether the outcomes could not be written: the next start repeats what was done.
    package private(set) var areOutcomesUnrecorded = false

    private var pending: Set<ParticipantID> = []
    private var untouched: Set<ParticipantID> = []

    package init(participants: some Sequence<ParticipantID>) {
        self.participants = Set(participants).sorted()
    }

    package mutating func handle(_ event: Event) -> Action {
        switch state {
        case .ready: ready(event)
        case .recordingCommit: recordingCommit(event)
        case .recordingIntent: recordingIntent(event)
        case .preparing, .draining: preparing(event)
        case .recordingDecision: recordingDecision(event)
        case .applying, .aborting: ending(event)
        case .recordingOutcomes(let committed): recordingOutcomes(event, committed: committed)
        case .committed, .aborted, .failed, .suspended: over(event)
        }
    }

    private mutating func ready(_ event: Event) -> Action {
        switch event {
        case .begin:
            state = participants.isEmpty ? .recordingCommit : .recordingIntent
            return participants.isEmpty ? .recordCommit : .recordIntent(participants)
        case .cancel(let reason):
            cancelReason = reason
            state = .failed
            return .release
        case .recorded, .recordFailed, .prepared, .refused, .skipped, .ended: return .violation
        }
    }

    private mutating func recordingCommit(_ event: Event) -> Action {
        switch event {
        case .recorded:
            state = .committed
            return .release
        case .recordFailed(let certain):
            state = certain ? .failed : .suspended
            return certain ? .release : .suspend
        case .cancel: return .wait
        case .begin, .prepared, .refused, .skipped, .ended: return .violation
        }
    }

    private mutating func recordingIntent(_ event: Event) -> Action {
        switch event {
        case .recorded where cancelReason != nil:
            untouched = Set(participants)
            return abortTouched()
        case .recorded:
            state = .preparing
            pending = Set(participants)
            return .prepare(participants)
        case .recordFailed:
            // Even if the intent is in the log: nothing was sent, so undoing it at the next start changes nothing.
            state = .failed
            return .release
        case .cancel(let reason):
            cancelReason = reason
            return .wait
        case .begin, .prepared, .refused, .skipped, .ended: return .violation
        }
    }

    private mutating func preparing(_ event: Event) -> Action {
        switch event {
        case .prepared(let id):
            guard pending.remove(id) != nil else { return .violation }
        case .refused(let id, let refusal):
            guard pending.remove(id) != nil else { return .violation }
            refusals[id] = refusal
            if refusal.isUntouched { untouched.insert(id) }
        case .skipped(let id):
            guard state == .draining, pending.remove(id) != nil else { return .violation }
            untouched.insert(id)
        case .cancel(let reason):
            if cancelReason == nil { cancelReason = reason }
        case .begin, .recorded, .recordFailed, .ended: return .violation
        }
        let isGivenUp = !refusals.isEmpty || cancelReason != nil
        if pending.isEmpty {
            if isGivenUp { return abortTouched() }
            state = .recordingDecision
            return .recordDecision
        }
        guard isGivenUp, state == .preparing else { return .wait }
        state = .draining
        return .stopPreparing
    }

    private mutating func recordingDecision(_ event: Event) -> Action {
        switch event {
        case .recorded:
            state = .applying
            pending = Set(participants)
            return .apply(participants)
        case .recordFailed(certain: true): return abortTouched()
        case .recordFailed(certain: false):
            state = .suspended
            return .suspend
        case .cancel: return .wait
        case .begin, .prepared, .refused, .skipped, .ended: return .violation
        }
    }

    private mutating func abortTouched() -> Action {
        let touched = participants.filter { !untouched.contains($0) }
        guard !touched.isEmpty else {
            state = .recordingOutcomes(committed: false)
            return .recordOutcomes(committed: false, [:])
        }
        state = .aborting
        pending = Set(touched)
        return .abort(touched)
    }

    private mutating func ending(_ event: Event) -> Action {
        switch event {
        case .ended(let id, let outcome):
            guard pending.remove(id) != nil else { return .violation }
            outcomes[id] = outcome
            guard pending.isEmpty else { return .wait }
            let committed = state == .applying
            state = .recordingOutcomes(committed: committed)
            return .recordOutcomes(committed: committed, outcomes)
        case .cancel: return .wait
        case .begin, .recorded, .recordFailed, .prepared, .refused, .skipped: return .violation
        }
    }

    private mutating func recordingOutcomes(_ event: Event, committed: Bool) -> Action {
        switch event {
        case .recorded, .recordFailed:
            areOutcomesUnrecorded = event != .recorded
            state = committed ? .committed : .aborted
            return .release
        case .cancel: return .wait
        case .begin, .prepared, .refused, .skipped, .ended: return .violation
        }
    }

    private func over(_ event: Event) -> Action {
        switch event {
        case .cancel: .wait
        case .begin, .recorded, .recordFailed, .prepared, .refused, .skipped, .ended: .violation
        }
    }
}
