/// The severities of the log files, in rising order.
package enum LogLevel: String, Comparable, CaseIterable, Sendable {
    case trace = "TRACE"
    case debug = "DEBUG"
    case info = "INFO"
    case warning = "WARNING"
    case error = "ERR"
    case critical = "CRIT"

    package static func < (a: LogLevel, b: LogLevel) -> Bool { rank(a) < rank(b) }

    private static func rank(_ level: LogLevel) -> Int { allCases.firstIndex(of: level) ?? 0 }
}

/// `ncs.log`, `devel.log` or `audit.log`: one line for each entry,
/// `<INFO> 9-Dec-2021::17:13:57.506 host ncs[106]: audit user: admin/20 logged out <local> user`.
package final class LogFile: Sendable {
    private let file: AppendingFile
    private let minimum: LogLevel
    private let origin: String
    private let mask: @Sendable (String) -> String

    /// - Parameters:
    ///   - host: the name of the machine, as the lines show it.
    ///   - minimum: entries below are dropped.
    ///   - mask: replaces secrets; applied to the text of every entry.
    /// - Throws: `FileError` if the file cannot be opened.
    package init(
        _ path: String, host: String, process: Int32, minimum: LogLevel = .info,
        mask: @escaping @Sendable (String) -> String = { $0 }
    ) throws {
        file = try AppendingFile(path, mode: 0o640)
        self.minimum = minimum
        self.mask = mask
        origin = "\(ControlCharacters.neutralised(host)) ncs[\(process)]: "
    }

    package var path: String { file.path }

    package func write(_ event: LogEvent, at time: EventTime) { write(event.level, event.text, at: time) }

    /// Writes a text that has no place in the catalogue; what comes before `: ` in NSO's lines is part of it.
    package func write(_ level: LogLevel, _ text: String, at time: EventTime) {
        guard level >= minimum else { return }
        let line = ControlCharacters.neutralised(mask(text))
        file.append("<\(level.rawValue)> \(time.logText) \(origin)\(line)\n")
    }

    /// What SIGHUP asks for: continue in a new file if the old one was moved away, or is larger than `limit` bytes and
    /// is moved to `.1` by this call.
    package func reopen(rotatingAbove limit: Int? = nil) throws { try file.reopen(rotatingAbove: limit) }
}
