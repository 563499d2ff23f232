import YANG

/// Takes from a device's answer what is not the answer: messages in between, the echo of what was sent.
struct CommandEcho {
    /// Matches a line that the device wrote on its own.
    let messages: [PatternMatcher]

    func isMessage(_ line: Substring) -> Bool {
        guard line.utf8.count <= 2_048, !messages.isEmpty else { return false }
        let text = String(line)
        return messages.contains { $0.matches(text) }
    }

    /// The lines of an answer to `command`, which may have several lines.
    func answer(_ output: [UInt8], to command: String) -> [String] {
        var lines = String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        lines.removeAll { isMessage($0) }
        let sent = command.split(separator: "\n", omittingEmptySubsequences: false)
        if let first = sent.first, !first.isEmpty {
            // Where a message interrupted, the prompt may stand on a line of its own before the echo.
            if lines.first == "" { lines.removeFirst() }
            lines.removeFirst(Self.echoLength(lines, of: first))
        } else if lines.first == "" {
            lines.removeFirst()
        }
        for line in sent.dropFirst() { Self.remove(line, from: &lines) }
        return lines.map(String.init)
    }

    /// Whether the output begins with the echo of the command, messages aside.
    func isEchoed(_ command: String, in output: ArraySlice<UInt8>) -> Bool {
        guard let first = command.split(separator: "\n", omittingEmptySubsequences: false).first, !first.isEmpty else {
            return true
        }
        let start = String(decoding: output.prefix(Self.echoBytes + 2 * first.utf8.count), as: UTF8.self)
        let lines = start.split(separator: "\n").filter { !isMessage($0) }
        return Self.echoLength(lines, of: first) > 0
    }

    /// Messages may stand before the echo; further than this it is not looked for.
    private static let echoBytes = 8 << 10

    /// How many lines at the start are the command as the device echoed it: whole, broken at the terminal's width,
    /// behind a prompt that was written again, or scrolled sideways so that only its end shows.
    private static func echoLength(_ lines: [Substring], of command: Substring) -> Int {
        guard let first = lines.first else { return 0 }
        if first.trailingBlanksRemoved.hasSuffix(command.trailingBlanksRemoved.suffix(32)) { return 1 }
        var rest = Array(command.utf8.filter { $0 != 0x20 })[...]
        for (index, line) in lines.prefix(1 + command.utf8.count / 8).enumerated() {
            let part = line.utf8.filter { $0 != 0x20 }
            guard !part.isEmpty, rest.starts(with: part) else { return 0 }
            rest = rest.dropFirst(part.count)
            if rest.isEmpty { return index + 1 }
        }
        return 0
    }

    /// The first line that is a further line of the command, if the device echoed it.
    private static func remove(_ sent: Substring, from lines: inout [Substring]) {
        let wanted = sent.trailingBlanksRemoved
        let place = lines.firstIndex { line in
            let shown = line.trailingBlanksRemoved
            return shown == wanted || (!wanted.isEmpty && shown.hasSuffix(wanted))
        }
        if let place { lines.remove(at: place) }
    }
}

extension Substring {
    fileprivate var trailingBlanksRemoved: Substring {
        var line = self
        while line.last == " " { line.removeLast() }
        return line
    }
}
