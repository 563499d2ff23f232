package import Transactions

/// The records of transactions are records of the log, kind by kind.
extension ConfigurationDatabase: DecisionLog {
    package func append(
        _ records: [TransactionRecord], whenDurable: @escaping @Sendable (Int64) -> Void
    ) throws(LogFailure) -> Int64 {
        try append(records, operational: [], whenDurable: whenDurable)
    }

    /// As above; the operational values are durable together with the records.
    package func append(
        _ records: [TransactionRecord], operational: [OperationalChange],
        whenDurable: @escaping @Sendable (Int64) -> Void
    ) throws(LogFailure) -> Int64 {
        let entries = records.map { LogEntry(kind: LogKind($0.kind), time: $0.time, payload: $0.payload) }
        do {
            let batch = CommitBatch(entries, operational: operational) { records in
                if let first = records.first { whenDurable(first.number) }
            }
            return try writer.write(batch).firstNumber
        } catch {
            let fault = DatabaseFault.from(error, path: path)
            throw LogFailure(fault.description, isOutcomeUnknown: fault.code == .outcomeUnknown, cause: fault)
        }
    }
}

extension LogKind {
    package init(_ kind: TransactionRecordKind) {
        switch kind {
        case .commit: self = .commit
        case .intent: self = .intent
        case .decisionCommit: self = .decisionCommit
        case .decisionAbort: self = .decisionAbort
        case .done: self = .done
        case .inDoubt: self = .inDoubt
        case .resolved: self = .resolved
        }
    }
}

extension LogRecord {
    /// What the record says about a transaction; nil if it is about something else.
    package var transactionKind: TransactionRecordKind? { TransactionRecordKind(rawValue: kind.rawValue) }
}
