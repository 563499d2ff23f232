internal import Basics
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
        let parts = parts(inUTC: false)
        var text: [UInt8] = []
        text.append(parts.tm_mday, width: 1, then: "-")
        text += Self.months[Int(parts.tm_mon) % 12].utf8
        text += "-".utf8
        text.append(parts.tm_year + 1900, width: 1, then: "::")
        Self.append(clock: parts, to: &text)
        text += ".".utf8
        text.append(fraction / 1_000, width: 3)
        return String(decoding: text, as: UTF8.self)
    }

    /// In local time: `2021-12-09 17:13:57`.
    package var plainText: String {
        let parts = parts(inUTC: false)
        var text: [UInt8] = []
        Self.append(date: parts, to: &text)
        text += " ".utf8
        Self.append(clock: parts, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// RFC 6991 `date-and-time`, in UTC: `2021-12-09T17:13:57.506123+00:00`.
    package var yangText: String { utcText(fraction, width: 6, zone: "+00:00") }

    /// In UTC, to the millisecond: `2021-12-09T17:13:57.506Z`.
    package var shortText: String { utcText(fraction / 1_000, width: 3, zone: "Z") }

    private func utcText(_ fraction: Int64, width: Int, zone: StaticString) -> String {
        let parts = parts(inUTC: true)
        var text: [UInt8] = []
        Self.append(date: parts, to: &text)
        text += "T".utf8
        Self.append(clock: parts, to: &text)
        text += ".".utf8
        text.append(fraction, width: width, then: zone)
        return String(decoding: text, as: UTF8.self)
    }

    private func parts(inUTC: Bool) -> tm {
        var seconds = time_t(seconds)
        var parts = tm()
        if inUTC { gmtime_r(&seconds, &parts) } else { localtime_r(&seconds, &parts) }
        return parts
    }

    private static func append(date parts: tm, to text: inout [UInt8]) {
        text.append(parts.tm_year + 1900, width: 2, then: "-")
        text.append(parts.tm_mon + 1, width: 2, then: "-")
        text.append(parts.tm_mday, width: 2)
    }

    private static func append(clock parts: tm, to text: inout [UInt8]) {
        text.append(parts.tm_hour, width: 2, then: ":")
        text.append(parts.tm_min, width: 2, then: ":")
        text.append(parts.tm_sec, width: 2)
    }
}
