/// What a record of a transaction says. The raw values are those of the log.
package enum TransactionRecordKind: String, CaseIterable, Sendable {
    case commit
    case intent
    case decisionCommit = "decision-commit"
    case decisionAbort = "decision-abort"
    case done
    case inDoubt = "in-doubt"
    case resolved
}

/// A record of a transaction, before it is written or after it was read.
package struct TransactionRecord: Hashable, Sendable {
    package var kind: TransactionRecordKind
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var time: Int64
    package var payload: [UInt8]

    package init(kind: TransactionRecordKind, time: Int64, payload: [UInt8]) {
        self.kind = kind
        self.time = time
        self.payload = payload
    }
}

/// Where decisions become durable.
package protocol DecisionLog: Sendable {
    /// Writes the records as a whole, with one sync, and returns the number of the first.
    ///
    /// `whenDurable` gets that number as soon as the records are durable and before this call returns; the calls come
    /// in the order of the log, whichever thread asked. It must be short.
    /// - Throws: `LogFailure`: none of the records is in the log, unless it says that this is unknown.
    func append(_ records: [TransactionRecord], whenDurable: @escaping @Sendable (Int64) -> Void) throws(LogFailure)
        -> Int64
}

extension DecisionLog {
    func append(_ records: [TransactionRecord]) throws(LogFailure) -> Int64 {
        try append(records, whenDurable: { _ in })
    }
}

/// The log could not be written.
package struct LogFailure: Error, Sendable {
    /// Whether it is unknown until the next start if the records are in the log.
    package var isOutcomeUnknown: Bool
    /// A sentence with the remedy, for the operator.
    package var reason: String
    package var cause: (any Error)?

    package init(_ reason: String, isOutcomeUnknown: Bool = false, cause: (any Error)? = nil) {
        self.reason = reason
        self.isOutcomeUnknown = isOutcomeUnknown
        self.cause = cause
    }
}
