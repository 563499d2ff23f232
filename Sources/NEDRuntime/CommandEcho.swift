import Basics
import YANG

/// Takes from a device's answer what is not the answer: messages in between, the echo of what was sent.
struct CommandEcho {
    /// Matches a line that the device wrote on its own.
    let messages: PatternList

    private static let messageLength = 2_048

    func isMessage(_ line: Substring) -> Bool {
        guard line.utf8.count <= Self.messageLength else { return false }
        return messages.contains(matchOf: String(line))
    }

    /// The lines of an answer to `command`, which may have several lines.
    func answer(_ output: [UInt8], to command: String) -> AnswerLines {
        var lines = AnswerLines(output)
        lines.removeAll { $0.count <= Self.messageLength && messages.contains(matchOf: $0) }
        let sent = command.split(separator: "\n", omittingEmptySubsequences: false)
        if let first = sent.first, !first.isEmpty {
            // Where a message interrupted, the prompt may stand on a line of its own before the echo.
            if lines.isFirstEmpty { lines.removeFirst() }
            let start = lines.strings(limit: Self.echoLines(first)).map { $0[...] }
            lines.removeFirst(Self.echoLength(start, of: first))
        } else if lines.isFirstEmpty {
            lines.removeFirst()
        }
        for line in sent.dropFirst() { Self.remove(line, from: &lines) }
        return lines
    }

    /// Whether the output begins with the echo of the command, messages aside.
    func isEchoed(_ command: String, in output: ArraySlice<UInt8>) -> Bool {
        guard let first = command.split(separator: "\n", omittingEmptySubsequences: false).first, !first.isEmpty else {
            return true
        }
        // Mostly the first line is the echo, and the rest, which may be long, need not be looked at.
        let line = String(decoding: output.prefix(Self.echoBytes).prefix { $0 != 0x0A }, as: UTF8.self)[...]
        if !line.isEmpty, !isMessage(line), Self.echoLength([line], of: first) > 0 { return true }
        let start = String(decoding: output.prefix(Self.echoBytes + 2 * first.utf8.count), as: UTF8.self)
        let lines = start.split(separator: "\n").filter { !isMessage($0) }
        return Self.echoLength(lines, of: first) > 0
    }

    /// Commands that were sent together behind what looked like a prompt.
    struct TypedAhead {
        var commands: [String]
        var prompt: String
    }

    /// How much shows of commands that were sent together.
    enum Sight {
        /// Not all of them.
        case partial
        /// All, in their order, each behind the prompt.
        case complete
        /// And nothing besides.
        case clean
    }

    /// What shows of commands in the output since they were sent, before what is the prompt now.
    func sight(of typed: TypedAhead, before prompt: String, in output: ArraySlice<UInt8>) -> Sight {
        var rest = typed.commands[...]
        var isClean = true
        for (number, bytes) in output.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = String(decoding: bytes, as: UTF8.self)[...].withoutTrailingSpaces
            if line.isEmpty { continue }
            guard let next = rest.first else { return .complete }
            // The first stands behind the prompt that was there before.
            let isFirst = number == 0 && typed.prompt == prompt && line == next
            if isFirst || line == prompt + next { rest.removeFirst() } else { isClean = false }
        }
        return !rest.isEmpty ? .partial : isClean ? .clean : .complete
    }

    /// Messages may stand before the echo; further than this it is not looked for.
    private static let echoBytes = 8 << 10

    /// Over how many lines the echo of a command may be broken.
    private static func echoLines(_ command: Substring) -> Int { 1 + command.utf8.count / 8 }

    /// How many lines at the start are the command as the device echoed it: whole, broken at the terminal's width,
    /// behind a prompt that was written again, or scrolled sideways so that only its end shows.
    private static func echoLength(_ lines: [Substring], of command: Substring) -> Int {
        guard let first = lines.first else { return 0 }
        let end = command.withoutTrailingSpaces.utf8.suffix(32)
        if first.withoutTrailingSpaces.utf8.suffix(end.count).elementsEqual(end) { return 1 }
        var rest = Array(command.utf8.filter { $0 != 0x20 })[...]
        for (index, line) in lines.prefix(echoLines(command)).enumerated() {
            let part = line.utf8.filter { $0 != 0x20 }
            guard !part.isEmpty, rest.starts(with: part) else { return 0 }
            rest = rest.dropFirst(part.count)
            if rest.isEmpty { return index + 1 }
        }
        return 0
    }

    /// The first line that is a further line of the command, if the device echoed it.
    private static func remove(_ sent: Substring, from lines: inout AnswerLines) {
        let wanted = sent.withoutTrailingSpaces
        lines.removeFirst { line in
            let shown = line[...].withoutTrailingSpaces
            return shown == wanted || (!wanted.isEmpty && shown.hasSuffix(wanted))
        }
    }
}
