import Foundation

/// The time of day, given to whoever needs it, so that tests and replays decide what it is.
package struct WallClock: Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package let now: @Sendable () -> Int64

    package init(now: @escaping @Sendable () -> Int64) { self.now = now }

    package static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// `2026-11-21T00:48:02.123456+00:00`, the form of `yang:date-and-time`.
    package func rfc3339() -> String { Self.rfc3339(now()) }

    package static func rfc3339(_ microseconds: Int64) -> String {
        let parts = utc(microseconds)
        return String(
            format: "%04d-%02d-%02dT%02d:%02d:%02d.%06d+00:00", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
            parts.tm_hour, parts.tm_min, parts.tm_sec, Int32(microseconds % 1_000_000))
    }

    /// `21-Nov-2026::00:48:02.123`, the form of traces and logs. UTC.
    package static func logForm(_ microseconds: Int64) -> String {
        let parts = utc(microseconds)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let month = months[Int(parts.tm_mon) % 12]
        return String(
            format: "%d-%@-%04d::%02d:%02d:%02d.%03d", parts.tm_mday, month, parts.tm_year + 1900, parts.tm_hour,
            parts.tm_min, parts.tm_sec, Int32(microseconds / 1_000 % 1_000))
    }

    private static func utc(_ microseconds: Int64) -> tm {
        var seconds = time_t(microseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return parts
    }
}
