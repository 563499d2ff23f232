/// What one caller wants written as a whole: records of the log, operational values, or both.
package struct CommitBatch: Sendable {
    package var entries: [LogEntry]
    package var operational: [OperationalChange]
    /// Called by who writes, once the batch is durable, in the order of the log, before its caller goes on.
    /// Must be short and must not call the database.
    package var onDurable: (@Sendable ([LogRecord]) -> Void)?

    package init(
        _ entries: [LogEntry], operational: [OperationalChange] = [],
        onDurable: (@Sendable ([LogRecord]) -> Void)? = nil
    ) {
        self.entries = entries
        self.operational = operational
        self.onDurable = onDurable
    }

    var byteCount: Int {
        entries.reduce(0) { $0 + $1.payload.count } + operational.reduce(0) { $0 + ($1.value?.count ?? 0) }
    }

    var isWithinLimits: Bool {
        entries.allSatisfy { $0.payload.count <= DatabaseFormat.payloadLimit }
            && operational.allSatisfy { ($0.value?.count ?? 0) <= DatabaseFormat.payloadLimit }
    }
}

/// A new value for an operational key, or none to remove it.
package struct OperationalChange: Hashable, Sendable {
    /// Slash-separated by convention: `device/ce0/last-transaction-id`.
    package var key: String
    package var value: [UInt8]?

    package init(_ key: String, _ value: [UInt8]?) {
        self.key = key
        self.value = value
    }
}

/// What a start reads: first where the log begins, then the snapshots after that, then each record in order.
package enum ReplayStep: Sendable {
    case anchor(LogAnchor)
    /// Latest first.
    case snapshots([StoredSnapshot])
    case record(LogRecord)
}
