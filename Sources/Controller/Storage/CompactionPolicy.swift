import Basics

/// When the daemon makes a snapshot of its own accord: `/ncs-config/compaction`.
package struct CompactionPolicy: Hashable, Sendable {
    /// `journal-compaction`: false is `manual`.
    package var isAutomatic = true
    /// `file-size-relative`: how many percent of the latest snapshot the log behind it may have; 0: any number.
    package var relativeSize = 50
    /// `file-size-absolute`: how many bytes.
    package var absoluteSize: Int?
    /// `num-transactions`: how many records.
    package var transactions: Int?
    /// `delayed-compaction-timeout`: microseconds without a commit to wait for.
    package var delay: Int64 = 5_000_000

    package init() {}

    /// The log is short enough in any case.
    static let smallLog = 4 << 20

    /// Whether a snapshot is due, of a log of so many records and bytes since the latest.
    func isDue(records: Int, bytes: Int, snapshotBytes: Int) -> Bool {
        guard isAutomatic, records > 0 else { return false }
        if let absoluteSize, bytes > absoluteSize { return true }
        if let transactions, records > transactions { return true }
        return relativeSize > 0 && bytes > max(Self.smallLog, snapshotBytes / 100 * relativeSize)
    }
}

extension CompactionPolicy {
    /// Takes the texts of the elements below `compaction`; `fault` says which text is wrong and what was expected.
    init(text: (String) -> String?, fault: (String, String, String) -> DiagnosticsError) throws {
        func number(_ name: String, _ limit: Int) throws -> Int? {
            guard let text = text(name) else { return nil }
            guard let value = Int(text), (0...limit).contains(value) else {
                throw fault(name, text, "a number from 0 to \(limit)")
            }
            return value
        }
        switch text("journal-compaction") ?? "automatic" {
        case "automatic": isAutomatic = true
        case "manual": isAutomatic = false
        case let other: throw fault("journal-compaction", other, "automatic or manual")
        }
        relativeSize = try number("file-size-relative", 255) ?? 50
        transactions = try number("num-transactions", 65_535)
        if let size = text("file-size-absolute") {
            guard let bytes = Self.size(size) else { throw fault("file-size-absolute", size, "a size such as S10M") }
            absoluteSize = bytes
        }
        if let duration = text("delayed-compaction-timeout") {
            guard let seconds = Self.seconds(duration) else {
                throw fault("delayed-compaction-timeout", duration, "a duration such as PT5S")
            }
            delay = Int64(seconds * 1_000_000)
        }
    }

    /// `S1G2M3K4`, or a plain number of bytes.
    private static func size(_ text: String) -> Int? {
        if let bytes = Int(text), bytes >= 0 { return bytes }
        guard let match = text.wholeMatch(of: /S(?:(\d{1,6})G)?(?:(\d{1,9})M)?(?:(\d{1,9})K)?(?:(\d{1,12})B?)?/),
            text.count > 1
        else { return nil }
        func value(_ part: Substring?, _ shift: Int) -> Int { (part.flatMap { Int($0) } ?? 0) << shift }
        return value(match.output.1, 30) + value(match.output.2, 20) + value(match.output.3, 10)
            + value(match.output.4, 0)
    }

    /// Durations of hours, minutes and seconds.
    private static func seconds(_ text: String) -> Double? {
        guard let match = text.wholeMatch(of: /PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d+)?)S)?/),
            text.count > 2
        else { return nil }
        func value(_ part: Substring?) -> Double { part.flatMap { Double($0) } ?? 0 }
        return value(match.output.1) * 3_600 + value(match.output.2) * 60 + value(match.output.3)
    }
}
