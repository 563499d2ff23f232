/// What a commit says about the commit queue; what it leaves open is as the configuration says.
package struct CommitQueueOptions: Hashable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        /// Reply at once.
        case async
        /// Reply when the item is over, or the time is.
        case sync
        /// Go to the devices directly, whatever the configuration says.
        case bypass
    }

    package var mode: Mode
    /// For `sync`: seconds; nil: as long as it takes.
    package var timeout: Int?
    package var tag: String?
    package var isAtomic: Bool?
    /// `continue-on-error`, `rollback-on-error` or `stop-on-error`.
    package var errorOption: String?
    /// The item does not begin until it is unlocked.
    package var isLocked = false
    /// No other item for its devices enters the queue.
    package var blocksOthers = false
    /// Devices that are neither queued nor written: they never got what the commit takes back.
    package var leavesOut: Set<String> = []

    package init(_ mode: Mode) { self.mode = mode }
}

/// What became of a commit in the queue: so far, for an asynchronous one.
package struct CommitQueueOutcome: Hashable, Sendable {
    package enum Status: String, Sendable { case async, completed, timeout, deleted, failed }

    package struct Failure: Hashable, Sendable {
        package var device: String
        package var reason: String

        package init(device: String, reason: String) {
            self.device = device
            self.reason = reason
        }
    }

    package var id: Int64
    package var status: Status
    package var failures: [Failure]

    package init(id: Int64, status: Status, failures: [Failure] = []) {
        self.id = id
        self.status = status
        self.failures = failures
    }
}
