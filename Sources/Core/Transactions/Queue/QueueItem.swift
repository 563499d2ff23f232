/// A commit that waits for its devices, as far as its order is concerned: what it brings to them is opaque here.
package struct QueueItem: Hashable, Codable, Sendable {
    /// What becomes of an item that failed at a device.
    package enum ErrorOption: String, Codable, Sendable, CaseIterable {
        /// It leaves the queue.
        case continueOnError = "continue-on-error"
        /// It stays, and blocks its devices, until it is taken back.
        case rollbackOnError = "rollback-on-error"
        /// It stays, and blocks its devices, until an operator decides.
        case stopOnError = "stop-on-error"
    }

    /// Greater is later. Milliseconds since 1970, as the field numbers them, and no two the same.
    package let id: Int64
    package var tag: String?
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var created: Int64
    /// Whether the devices take the change together or not at all.
    package var isAtomic: Bool
    package var errorOption: ErrorOption
    /// Held by an operator: not begun, and what is behind it waits.
    package var isLocked = false
    /// Nothing else may enter the queue for its devices.
    package var blocksOthers = false
    /// A mere lock, which brings nothing: it lasts until it is unlocked or deleted.
    package var isFictive = false
    package var devices: [QueueDevice]

    package init(
        id: Int64, created: Int64, isAtomic: Bool, errorOption: ErrorOption = .continueOnError, devices: [String]
    ) {
        self.id = id
        self.created = created
        self.isAtomic = isAtomic
        self.errorOption = errorOption
        self.devices = devices.map { QueueDevice(name: $0) }
    }

    package subscript(device name: String) -> QueueDevice? {
        get { devices.first { $0.name == name } }
        set {
            guard let index = devices.firstIndex(where: { $0.name == name }) else { return }
            if let newValue { devices[index] = newValue } else { devices.remove(at: index) }
        }
    }

    /// Nothing is left to be done at any device.
    package var hasEnded: Bool { !isFictive && devices.allSatisfy(\.hasEnded) }
    package var hasFailed: Bool { devices.contains { $0.failure != nil } }
    package var isExecuting: Bool { devices.contains { $0.state == .executing } }

    /// Has failed, and waits to be taken back or let go.
    package var isHeld: Bool { hasEnded && hasFailed && errorOption != .continueOnError }
}

/// How an item stands at one device.
package struct QueueDevice: Hashable, Codable, Sendable {
    package enum State: String, Codable, Sendable {
        case waiting, executing
        /// The device has the change.
        case done
        /// The device refused it, or could not be reached long enough.
        case failed
        /// The device would have taken it, but others of an atomic item did not.
        case aborted
    }

    package var name: String
    package var state: State = .waiting
    /// Why it failed, or why it did the last time and is tried again.
    package var reason: String?
    /// How many times it failed for a reason that may pass.
    package var attempts = 0
    /// Not before this time again. Microseconds since 1970-01-01T00:00:00Z.
    package var retryAt: Int64 = 0
    /// Since when it has failed for reasons that may pass.
    package var failingSince: Int64?

    package init(name: String) { self.name = name }

    package var hasEnded: Bool { state != .waiting && state != .executing }
    package var failure: String? { state == .failed ? reason ?? "failed" : nil }
    /// Why it waits to be tried again.
    package var transientError: String? { hasEnded ? nil : reason }
}

/// How long, and how many times, a device is tried that fails for a reason that may pass.
package struct RetryPolicy: Hashable, Sendable {
    /// Nil: without end.
    package var attempts: Int?
    /// Between attempts. Where attempts are without end, the first come sooner: after 1, 2, 4 … seconds.
    package var interval: Int64
    /// For how long, from the first failure; nil: without end.
    package var limit: Int64?

    /// Times in microseconds.
    package init(attempts: Int? = nil, interval: Int64 = 30_000_000, limit: Int64? = nil) {
        self.attempts = attempts
        self.interval = interval
        self.limit = limit
    }

    func delay(afterAttempts count: Int) -> Int64 {
        guard attempts == nil else { return interval }
        return BackOff(first: min(interval, 1_000_000), maximum: interval).delay(afterAttempts: count)
    }

    func isExhausted(_ device: QueueDevice, at time: Int64) -> Bool {
        if let attempts, device.attempts > attempts { return true }
        if let limit, let since = device.failingSince, time - since >= limit { return true }
        return false
    }
}
