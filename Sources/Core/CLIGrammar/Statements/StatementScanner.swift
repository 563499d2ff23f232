/// The words of a statement of a J-style text, and what ended it.
struct Statement {
    enum End: Hashable {
        /// `;`, or the end of the line where lines are commands.
        case complete
        /// `{`
        case opens
        /// `}` where a statement may begin.
        case closes
        /// `}` or the end of the text where `;` was due.
        case unfinished
    }

    var words: CLILine
    /// Of its first word, counted from 1.
    var number: Int
    var end: End
}

/// Cuts a J-style text into statements in one pass: words, quotes, braces, comments.
///
/// `/* ... */` anywhere between words and `#` to the end of the line are comments. A word in quotes is one token
/// whatever stands in it. Where lines are commands (`set ...`), a line ends the statement and braces are letters.
struct StatementScanner {
    let memory: TextMemory
    let hasLines: Bool
    private(set) var cursor = 0
    private(set) var number = 1
    /// A comment or a quotation that never ends: what it is, and its line.
    private(set) var endless: (what: String, number: Int)?

    init(_ text: some Collection<UInt8>, hasLines: Bool) {
        memory = TextMemory(text)
        self.hasLines = hasLines
    }

    private var bytes: CLIBytes { memory.text }

    /// The next statement, in the memory of one that is no longer needed; nil at the end of the text.
    mutating func next(reusing memory: consuming [CLIToken] = []) -> Statement? {
        var tokens = memory
        tokens.removeAll(keepingCapacity: true)
        self.memory.forget()
        var first = number
        while cursor < bytes.count {
            let byte = bytes[cursor]
            switch byte {
            case 10:
                if hasLines, !tokens.isEmpty { return statement(tokens, first, .complete, skip: 1) }
                number += 1
                cursor += 1
            case CLIText.space, 9, 13: cursor += 1
            case UInt8(ascii: "#"): skipLine()
            case UInt8(ascii: "/") where isNext(UInt8(ascii: "*")): skipComment()
            case UInt8(ascii: ";") where !hasLines:
                if !tokens.isEmpty { return statement(tokens, first, .complete, skip: 1) }
                cursor += 1
            case UInt8(ascii: "{") where !hasLines:
                return statement(tokens, tokens.isEmpty ? number : first, .opens, skip: 1)
            case UInt8(ascii: "}") where !hasLines:
                if !tokens.isEmpty { return statement(tokens, first, .unfinished, skip: 0) }
                return statement(tokens, number, .closes, skip: 1)
            default:
                if tokens.isEmpty { first = number }
                tokens.append(word())
            }
        }
        return tokens.isEmpty ? nil : statement(tokens, first, hasLines ? .complete : .unfinished, skip: 0)
    }

    private mutating func statement(_ tokens: [CLIToken], _ number: Int, _ end: Statement.End, skip: Int) -> Statement {
        cursor += skip
        if skip == 1, bytes[cursor - 1] == 10 { self.number += 1 }
        let start = tokens.first?.range.lowerBound ?? cursor
        let upper = tokens.last?.range.upperBound ?? cursor
        return Statement(words: CLILine(words: tokens, of: bytes[start..<upper], in: memory), number: number, end: end)
    }

    private func isNext(_ byte: UInt8) -> Bool { cursor + 1 < bytes.count && bytes[cursor + 1] == byte }

    private mutating func skipLine() {
        while cursor < bytes.count, bytes[cursor] != 10 { cursor += 1 }
    }

    private mutating func skipComment() {
        let start = number
        cursor += 2
        while cursor + 1 < bytes.count {
            if bytes[cursor] == UInt8(ascii: "*"), bytes[cursor + 1] == UInt8(ascii: "/") {
                cursor += 2
                return
            }
            if bytes[cursor] == 10 { number += 1 }
            cursor += 1
        }
        cursor = bytes.count
        endless = ("comment", start)
    }

    private mutating func word() -> CLIToken {
        let start = cursor
        if bytes[start] == CLIText.quote, let token = quotation() { return token }
        cursor += 1
        let bytes = bytes
        while cursor < bytes.endIndex, !endsWord(bytes[cursor]) { cursor += 1 }
        return CLIToken(range: start..<cursor, resolved: nil)
    }

    /// A word in quotes; nil if the quotes do not make a word of their own. On a line of commands they end with it.
    private mutating func quotation() -> CLIToken? {
        let start = cursor
        let limit = hasLines ? bytes[start...].firstIndex(of: 10) ?? bytes.count : bytes.count
        guard let close = CLIText.closingQuote(in: bytes[..<limit], from: start + 1) else {
            guard !hasLines else { return nil }
            endless = ("quotation", number)
            cursor = bytes.count
            return CLIToken(range: start..<cursor, resolved: nil)
        }
        guard close + 1 == bytes.count || endsWord(bytes[close + 1]) else { return nil }
        number += bytes[start..<close].count { $0 == 10 }
        cursor = close + 1
        return CLIToken(range: start..<cursor, resolved: memory.keep(CLIText.unescaped(bytes[(start + 1)..<close])))
    }

    @inline(__always) private func endsWord(_ byte: UInt8) -> Bool {
        if byte <= CLIText.space { return byte == CLIText.space || byte == 10 || CLIText.isBlank(byte) }
        return !hasLines
            && (byte == UInt8(ascii: ";") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}"))
    }
}

extension CLILine {
    /// Words that were cut already, of a text of which `bytes` is a part.
    init(words: [CLIToken], of bytes: CLIBytes, in memory: TextMemory) {
        self.init(memory)
        self.bytes = bytes
        tokens = words
    }

    /// A line of the J-style command line.
    init(statement line: String) {
        var scanner = StatementScanner(line.utf8, hasLines: true)
        self = scanner.next()?.words ?? CLILine(scanner.memory)
    }

    /// Without its first words.
    func dropping(_ count: Int) -> CLILine {
        var line = self
        line.tokens.removeFirst(min(count, tokens.count))
        return line
    }
}
