/// The instant at which an operation gives up, on the continuous clock.
package struct Deadline: Hashable, Comparable, Sendable {
    /// Nil: never.
    private let instant: ContinuousClock.Instant?

    package static let never = Deadline(instant: nil)

    package static func after(_ duration: Duration) -> Deadline { Deadline(instant: .now + duration) }

    private init(instant: ContinuousClock.Instant?) { self.instant = instant }

    package var hasPassed: Bool { instant.map { $0 <= .now } ?? false }

    /// Nil if it never comes; zero if it has passed.
    package var remaining: Duration? {
        instant.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
    }

    package static func < (a: Deadline, b: Deadline) -> Bool {
        guard let first = a.instant else { return false }
        guard let second = b.instant else { return true }
        return first < second
    }

    /// For poll(2): milliseconds rounded up, -1 for never.
    var pollMilliseconds: Int32 {
        guard let remaining else { return -1 }
        return Self.milliseconds(remaining)
    }

    static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        if seconds > 1_000_000 { return 1_000_000_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
