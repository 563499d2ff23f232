/// What a crash left open, read from the log: a printable decision, without effects.
///
/// An intent without a decision is undone at each of its participants; a decision to commit is finished at each that
/// is not `done`. `start` first makes that durable, by recording them as in doubt, and leaves the rest to
/// `InDoubtRetrier`: one way of recovering, whatever was interrupted, the recovery included.
package struct RecoveryPlan: Hashable, Sendable, CustomStringConvertible {
    private struct OpenTransaction: Hashable, Sendable {
        /// Participants that have not ended, with what they gave as `recovery`.
        var open: [ParticipantID: [UInt8]]
        var decision: RecoveryDirection?
        var doubts: [ParticipantID: String] = [:]
    }

    private var transactions: [TransactionNumber: OpenTransaction] = [:]
    /// The transaction whose decision to abort was read last: the doubts about it come right after.
    private var lastAborted: TransactionNumber?

    package init() {}

    /// Takes the next record of the log.
    ///
    /// - Throws: `DamagedTransactionRecord` if the payload is not what the kind requires.
    package mutating func add(
        _ kind: TransactionRecordKind, number: Int64, payload: [UInt8]
    ) throws(DamagedTransactionRecord) {
        if kind == .commit { return }
        guard let content = TransactionPayload(kind, payload) else { throw DamagedTransactionRecord(number: number) }
        forgetAborted(before: content)
        switch content {
        case .intent(let participants, let recoveries):
            let open = Dictionary(zip(participants, recoveries)) { _, last in last }
            transactions[number] = OpenTransaction(open: open)
        case .decision(let transaction, _):
            transactions[transaction]?.decision = kind == .decisionCommit ? .redo : .undo
            if kind == .decisionAbort { lastAborted = transaction }
        case .ended(let transaction, let participant):
            transactions[transaction]?.open[participant] = nil
            transactions[transaction]?.doubts[participant] = nil
            let isOver = transactions[transaction].map {
                $0.open.isEmpty || ($0.decision == .undo && $0.doubts.isEmpty)
            }
            if isOver == true, transaction != lastAborted { transactions[transaction] = nil }
        case .inDoubt(let transaction, let participant, let reason):
            transactions[transaction]?.doubts[participant] = reason
        }
    }

    /// Forgets the transaction aborted last, if it left no doubts and the next record is about another.
    private mutating func forgetAborted(before content: TransactionPayload) {
        guard let last = lastAborted else { return }
        switch content {
        case .decision(last, _), .ended(last, _), .inDoubt(last, _, _): return
        case .intent, .decision, .ended, .inDoubt:
            if transactions[last]?.doubts.isEmpty == true { transactions[last] = nil }
            lastAborted = nil
        }
    }

    /// Transactions in which something is left to do. A decision to abort is recorded after its effects, together with
    /// the doubts about them: without a doubt it leaves nothing.
    private var unfinished: [(number: TransactionNumber, transaction: OpenTransaction)] {
        transactions.filter { $0.value.decision != .undo || !$0.value.doubts.isEmpty }
            .map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }

    /// The oldest record that recovery needs; compaction must keep it.
    package var oldestNeeded: TransactionNumber? { unfinished.first?.number }

    package var isEmpty: Bool { unfinished.isEmpty }

    private func items(
        where isWanted: (OpenTransaction, ParticipantID) -> Bool
    ) -> [RecoveryItem] {
        unfinished.flatMap { number, transaction in
            transaction.open.keys.sorted().filter { isWanted(transaction, $0) }.map { id in
                RecoveryItem(
                    transaction: number, participant: id, direction: transaction.decision ?? .undo,
                    recovery: transaction.open[id] ?? [])
            }
        }
    }

    /// What has to be taken back: intents without a decision.
    package var undo: [RecoveryItem] { items { transaction, _ in transaction.decision == nil } }

    /// What has to be finished: decisions to commit without an outcome.
    package var redo: [RecoveryItem] {
        items { transaction, id in transaction.decision == .redo && transaction.doubts[id] == nil }
    }

    /// What was in doubt before.
    package var inDoubt: [RecoveryItem] { items { transaction, id in transaction.doubts[id] != nil } }

    /// Why each item is open.
    private func reason(_ item: RecoveryItem) -> String {
        transactions[item.transaction]?.doubts[item.participant] ?? "interrupted by a restart"
    }

    /// One line for each item.
    package var description: String {
        (undo + redo + inDoubt).map { item in
            "\(item.direction.rawValue) transaction \(item.transaction) at \(item.participant): \(reason(item))"
        }.joined(separator: "\n")
    }

    /// Records the interrupted transactions as decided and their participants as in doubt, as a whole, and returns the
    /// list for `InDoubtRetrier`: all are due at once.
    package func start(log: any DecisionLog, time: Int64) throws(LogFailure) -> InDoubtList {
        var records = [TransactionRecord]()
        for number in Set(undo.map(\.transaction)).sorted() {
            let payload = TransactionPayload.decision(transaction: number, change: [])
            records.append(TransactionRecord(kind: .decisionAbort, time: time, payload: payload.encode()))
        }
        for item in undo + redo {
            let payload = TransactionPayload.inDoubt(
                transaction: item.transaction, participant: item.participant, reason: reason(item))
            records.append(TransactionRecord(kind: .inDoubt, time: time, payload: payload.encode()))
        }
        if !records.isEmpty { _ = try log.append(records) }
        return InDoubtList(
            (undo + redo + inDoubt).map { Doubt(item: $0, reason: reason($0), attempts: 0, lastAttempt: time) })
    }
}

/// The payload of a transaction's record is not what its kind requires.
package struct DamagedTransactionRecord: Error, Hashable, Sendable, CustomStringConvertible {
    package var number: Int64

    package var description: String {
        "record \(number) of the log cannot be understood; restore the last backup with ncs-backup --restore"
    }
}
