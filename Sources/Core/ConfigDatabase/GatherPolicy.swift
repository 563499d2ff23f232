internal import Dispatch

/// Whether the writer waits a moment for callers that it has just answered, so that they share the next sync.
///
/// Without it the callers fall into two groups that take turns, each waiting for the other's sync. A caller alone never
/// waits. Where nobody came back in time, the next groups are written at once.
struct GatherPolicy {
    /// A wait is at most this share of what the last write took, and at most `longest`.
    private static let share: UInt64 = 3
    private static let shortest: UInt64 = 100_000
    private static let longest: UInt64 = 2_000_000
    /// How many groups go without a wait after one that was in vain.
    private static let rest = 4

    /// How many callers there were at the last write: those it answered and those that came meanwhile.
    private var callers = 0
    private var waiting = 0
    private var duration: UInt64 = 0
    private var skipped = Self.rest

    /// Whether more than one caller came of late.
    var expectsOthers: Bool { callers > 1 }

    /// - Parameters:
    ///   - answered: callers that were waiting for the write.
    ///   - waiting: callers that have come meanwhile.
    ///   - nanoseconds: how long it took.
    mutating func wrote(answered: Int, waiting: Int, nanoseconds: UInt64) {
        callers = answered + waiting
        self.waiting = waiting
        duration = nanoseconds
    }

    /// For how many callers to wait, and how long; nil to write at once.
    mutating func wanted(_ now: DispatchTime) -> (callers: Int, until: DispatchTime)? {
        guard callers > 1, callers > waiting else { return nil }
        if skipped < Self.rest {
            skipped += 1
            return nil
        }
        let limit = min(max(duration / Self.share, Self.shortest), Self.longest)
        return (callers, now + .nanoseconds(Int(limit)))
    }

    /// - Parameter found: how many callers there are after the wait.
    mutating func waited(found: Int) {
        if found <= waiting { skipped = 0 }
        callers = 0
    }
}
