internal import Synchronization

/// A participant of which it is unknown whether it carried out a decision.
package struct Doubt: Hashable, Sendable {
    package var item: RecoveryItem
    package var reason: String
    /// How often it was tried. 0: not yet, since a crash came between.
    package var attempts: Int
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var lastAttempt: Int64

    package init(item: RecoveryItem, reason: String, attempts: Int, lastAttempt: Int64) {
        self.item = item
        self.reason = reason
        self.attempts = attempts
        self.lastAttempt = lastAttempt
    }

    /// For the operator, with the remedy.
    package var sentence: String {
        "\(item.participant) is in doubt since transaction \(item.transaction) (\(reason)); "
            + "wait until it could be reached again, or synchronise it"
    }
}

/// How long to wait before the next attempt: doubles from `first` to `maximum`. Microseconds.
package struct BackOff: Hashable, Sendable {
    package var first: Int64
    package var maximum: Int64

    package init(first: Int64 = 1_000_000, maximum: Int64 = 300_000_000) {
        self.first = first
        self.maximum = maximum
    }

    package func delay(afterAttempts attempts: Int) -> Int64 {
        guard attempts > 0 else { return 0 }
        return attempts > 40 ? maximum : min(maximum, first << Int64(attempts - 1))
    }
}

/// The participants in doubt: at most one transaction for each, since a participant in doubt takes part in no other.
package final class InDoubtList: Sendable {
    private let doubts: Mutex<[ParticipantID: Doubt]>

    package init(_ doubts: [Doubt] = []) {
        self.doubts = Mutex(Dictionary(doubts.map { ($0.item.participant, $0) }) { _, last in last })
    }

    package var all: [Doubt] {
        doubts.withLock { $0.values.sorted { $0.item.participant < $1.item.participant } }
    }

    package func first(of participants: [ParticipantID]) -> Doubt? {
        let doubts = doubts.withLock { $0 }
        return participants.lazy.compactMap { doubts[$0] }.first
    }

    func add(_ new: [Doubt]) {
        doubts.withLock { doubts in for doubt in new { doubts[doubt.item.participant] = doubt } }
    }

    func remove(_ item: RecoveryItem) {
        doubts.withLock { doubts in
            if doubts[item.participant]?.item.transaction == item.transaction { doubts[item.participant] = nil }
        }
    }
}

/// Tries participants in doubt again until they have carried out the decision, or somebody settles it otherwise.
package final class InDoubtRetrier: Sendable {
    private let log: any DecisionLog
    private let agent: any RecoveryAgent
    private let doubts: InDoubtList
    private let backOff: BackOff
    private let crew: WorkCrew

    package init(
        log: any DecisionLog, agent: any RecoveryAgent, doubts: InDoubtList, backOff: BackOff = BackOff(), limit: Int
    ) {
        self.log = log
        self.agent = agent
        self.doubts = doubts
        self.backOff = backOff
        crew = WorkCrew(limit: limit)
    }

    /// When the next attempt is due; nil if nobody is in doubt. Microseconds since 1970-01-01T00:00:00Z.
    package var nextDue: Int64? { doubts.all.map(due).min() }

    private func due(_ doubt: Doubt) -> Int64 {
        doubt.lastAttempt + backOff.delay(afterAttempts: doubt.attempts)
    }

    /// Tries those that are due, in parallel, and returns how each came out. To be called by one thread.
    ///
    /// - Throws: `LogFailure` if a result could not be written; those participants are tried again.
    package func retry(at time: Int64) throws(LogFailure) -> [ParticipantID: ParticipantOutcome] {
        let tried = doubts.all.filter { due($0) <= time }
        let outcomes = Mutex<[ParticipantID: ParticipantOutcome]>([:])
        crew.run(tried) { [agent] doubt in
            let outcome = agent.recover(doubt.item)
            outcomes.withLock { $0[doubt.item.participant] = outcome }
        }
        let result = outcomes.withLock { $0 }
        var ended = [RecoveryItem]()
        for doubt in tried {
            if case .inDoubt(let reason) = result[doubt.item.participant] {
                doubts.add([
                    Doubt(item: doubt.item, reason: reason, attempts: doubt.attempts + 1, lastAttempt: time)
                ])
            } else {
                ended.append(doubt.item)
            }
        }
        try recordResolved(ended, at: time)
        return result
    }

    /// Takes a participant off the list because somebody made it agree by other means (a sync, its removal).
    package func settle(_ participant: ParticipantID, at time: Int64) throws(LogFailure) {
        guard let doubt = doubts.first(of: [participant]) else { return }
        try recordResolved([doubt.item], at: time)
    }

    private func recordResolved(_ items: [RecoveryItem], at time: Int64) throws(LogFailure) {
        guard !items.isEmpty else { return }
        _ = try log.append(
            items.map { item in
                let payload = TransactionPayload.ended(transaction: item.transaction, participant: item.participant)
                return TransactionRecord(kind: .resolved, time: time, payload: payload.encode())
            })
        for item in items { doubts.remove(item) }
    }
}
