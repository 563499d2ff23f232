internal import Foundation

/// A moment as logs and alarms write it.
package struct EventTime: Hashable, Comparable, Codable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static func < (a: EventTime, b: EventTime) -> Bool { a.microseconds < b.microseconds }

    package init(from decoder: any Decoder) throws {
        microseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(microseconds)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private var seconds: Int64 { microseconds / 1_000_000 - (microseconds % 1_000_000 < 0 ? 1 : 0) }
    private var fraction: Int64 { microseconds - seconds * 1_000_000 }

    /// Of the log files, in local time: `9-Dec-2021::17:13:57.506`.
    package var logText: String {
        var seconds = time_t(seconds)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { Self.padded(Int64($0), 2) }
        let month = Self.months[Int(parts.tm_mon) % 12]
        return "\(parts.tm_mday)-\(month)-\(parts.tm_year + 1900)::"
            + clock.joined(separator: ":") + "." + Self.padded(fraction / 1_000, 3)
    }

    /// In local time: `2021-12-09 17:13:57`.
    package var plainText: String {
        var seconds = time_t(seconds)
        var parts = tm()
        localtime_r(&seconds, &parts)
        let date = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map { Self.padded(Int64($0), 2) }
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { Self.padded(Int64($0), 2) }
        return date.joined(separator: "-") + " " + clock.joined(separator: ":")
    }

    /// RFC 6991 `date-and-time`, in UTC: `2021-12-09T17:13:57.506123+00:00`.
    package var yangText: String {
        var seconds = time_t(seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date =
            "\(parts.tm_year + 1900)-\(Self.padded(Int64(parts.tm_mon) + 1, 2))-\(Self.padded(Int64(parts.tm_mday), 2))"
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { Self.padded(Int64($0), 2) }
        return "\(date)T" + clock.joined(separator: ":") + "." + Self.padded(fraction, 6) + "+00:00"
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
