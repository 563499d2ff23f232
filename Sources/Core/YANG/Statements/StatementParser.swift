import Basics

/// Reads YANG text (RFC 6020 and 7950 section 6) in one pass over its bytes.
///
/// The parser recovers from each fault and goes on, so that one run names all of them. Nesting and size are bounded;
/// the stack is explicit, so that no text can exhaust the thread's.
struct StatementParser {
    static let maximumDepth = 256
    static let maximumSize = 128 << 20
    static let maximumFaults = 1000

    let bytes: UnsafeBufferPointer<UInt8>
    let source: SourceText
    var offset = 0
    var line: Int32 = 1
    var lineStart = 0
    var faults: [Diagnostic] = []
    private var frames: [Frame] = []
    /// The substatements of all open blocks, innermost last, below them the statements at the top.
    private var pending: [Statement] = []
    private var names: [String: String] = [:]
    private var extensionKeywords: [String: ExtensionKeyword] = [:]
    private var forbidsUnknownEscapes = false

    /// A statement whose block is open.
    private struct Frame {
        var head: Head
        /// Where its substatements begin in `pending`.
        var start: Int
    }

    private struct Head {
        var keyword: Keyword
        var prefix: String?
        var name: String
        var argument: String?
        var line: Int32
        var column: Int32
    }

    static func parse(_ bytes: [UInt8], source: SourceText) -> (statements: [Statement], faults: [Diagnostic]) {
        guard bytes.count <= maximumSize else {
            let fault = Diagnostic.error(
                "the file has \(bytes.count) bytes", remedy: "the limit is \(maximumSize) bytes",
                place: SourcePlace(file: source.path))
            return ([], [fault])
        }
        return bytes.withUnsafeBufferPointer { buffer in
            var parser = StatementParser(bytes: buffer, source: source)
            parser.run()
            return (parser.pending, parser.faults)
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, source: SourceText) {
        self.bytes = bytes
        self.source = source
    }

    // MARK: Statements

    private mutating func run() {
        checkEncoding()
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        while faults.count < Self.maximumFaults {
            skipSeparators()
            guard offset < bytes.count else { break }
            switch bytes[offset] {
            case UInt8(ascii: "}"): closeBlock()
            case UInt8(ascii: "{"):
                fault("a block without a statement", remedy: "write the statement's keyword before '{'")
                openBlock(
                    Head(keyword: .unknown, prefix: "?", name: "?", argument: nil, line: line, column: column))
            case UInt8(ascii: ";"):
                fault("';' without a statement", remedy: "remove it", severity: .warning)
                offset += 1
            default: readStatement()
            }
        }
        finish()
    }

    private mutating func finish() {
        if let open = frames.last?.head {
            fault(
                "the block of '\(describe(open))' opened in line \(open.line) is not closed",
                remedy: "add the missing '}'")
        }
        while !frames.isEmpty { popFrame() }
        if pending.isEmpty && faults.isEmpty {
            fault("the file is empty", remedy: "expected a module or submodule statement")
        }
    }

    private mutating func closeBlock() {
        if frames.isEmpty {
            fault("'}' closes no block", remedy: "remove it, or look for a missing '{' above")
        } else {
            popFrame()
        }
        offset += 1
    }

    private mutating func popFrame() {
        let frame = frames.removeLast()
        // A copy without spare room: most memory of a run is statements.
        let substatements = Array(pending[frame.start...])
        pending.removeSubrange(frame.start...)
        append(frame.head, substatements)
    }

    private mutating func append(_ head: Head, _ substatements: [Statement]) {
        pending.append(
            Statement(
                keyword: head.keyword, extensionKeyword: extensionKeyword(head), argument: head.argument,
                substatements: substatements, source: source, line: head.line, column: head.column))
        if head.keyword == .yangVersion && frames.count == 1 { forbidsUnknownEscapes = head.argument == "1.1" }
    }

    private mutating func extensionKeyword(_ head: Head) -> ExtensionKeyword? {
        if head.keyword != .unknown { return nil }
        let text = "\(head.prefix ?? ""):\(head.name)"
        if let known = extensionKeywords[text] { return known }
        let made = ExtensionKeyword(prefix: head.prefix, name: head.name)
        extensionKeywords[text] = made
        return made
    }

    private mutating func openBlock(_ head: Head) {
        offset += 1
        guard frames.count < Self.maximumDepth else {
            fault("blocks are nested more than \(Self.maximumDepth) deep", remedy: "split the module")
            skipBlock()
            return
        }
        frames.append(Frame(head: head, start: pending.count))
    }

    /// Skips to the end of a block whose '{' is behind.
    private mutating func skipBlock() {
        var depth = 1
        while depth > 0 {
            skipSeparators()
            guard offset < bytes.count else { return }
            switch bytes[offset] {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                _ = readQuoted()
                continue
            default: break
            }
            offset += 1
        }
    }

    private mutating func readStatement() {
        let start = (line: line, column: column)
        let word = readWord()
        guard !word.isEmpty, let (prefix, name) = splitKeyword(word) else {
            let text = word.isEmpty ? "a string" : "'\(String(decoding: word.prefix(40), as: UTF8.self))'"
            faults.append(
                .error(
                    "\(text) is no keyword", remedy: "expected a statement such as leaf or prefix:name",
                    place: SourcePlace(file: source.path, line: Int(start.line), column: Int(start.column))))
            recover()
            return
        }
        var head = Head(
            keyword: .unknown, prefix: prefix, name: name, argument: nil, line: start.line, column: start.column)
        if prefix == nil { head.keyword = Keyword.byText[name] ?? .unknown }
        let endOfKeyword = (offset, line, lineStart)
        skipSeparators()
        if offset < bytes.count, !Self.endsStatement(bytes[offset]) {
            head.argument = readArgument()
            endStatement(head, after: (offset, line, lineStart))
        } else {
            endStatement(head, after: endOfKeyword)
        }
    }

    private mutating func endStatement(_ head: Head, after end: (offset: Int, line: Int32, lineStart: Int)) {
        skipSeparators()
        switch offset < bytes.count ? bytes[offset] : 0 {
        case UInt8(ascii: ";"):
            offset += 1
            append(head, [])
        case UInt8(ascii: "{"):
            openBlock(head)
        default:
            faults.append(
                .error(
                    "'\(describe(head))' has no end", remedy: "expected ';' or '{' here",
                    place: SourcePlace(
                        file: source.path, line: Int(end.line), column: end.offset - end.lineStart + 1)))
            append(head, [])
            if line == end.line && offset < bytes.count && bytes[offset] != UInt8(ascii: "}") { recover() }
        }
    }

    /// Skips a faulty statement: to its ';' or over its block.
    private mutating func recover() {
        while offset < bytes.count {
            skipSeparators()
            guard offset < bytes.count else { return }
            switch bytes[offset] {
            case UInt8(ascii: ";"):
                offset += 1
                return
            case UInt8(ascii: "{"):
                offset += 1
                skipBlock()
                return
            case UInt8(ascii: "}"): return
            case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = readQuoted()
            default:
                // Always onward, whatever the byte.
                if readWord().isEmpty { offset += 1 }
            }
        }
    }

    // MARK: Words and strings

    private mutating func readArgument() -> String {
        guard Self.isQuote(bytes[offset]) else { return String(decoding: readWord(), as: UTF8.self) }
        var text = readQuoted()
        while true {
            skipSeparators()
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "+") else { return text }
            let plus = (offset, line, lineStart)
            offset += 1
            skipSeparators()
            guard offset < bytes.count, Self.isQuote(bytes[offset]) else {
                (offset, line, lineStart) = plus
                fault("'+' joins no string", remedy: "expected a quoted string after '+'")
                offset += 1
                skipSeparators()
                _ = readWord()
                return text
            }
            text += readQuoted()
        }
    }

    /// An unquoted run up to white space, ';' or a brace; a quote ends it only at its start.
    private mutating func readWord() -> UnsafeBufferPointer<UInt8>.SubSequence {
        let start = offset
        while offset < bytes.count, !Self.endsWord(bytes[offset]) {
            if offset == start && Self.isQuote(bytes[offset]) { break }
            offset += 1
        }
        return bytes[start..<offset]
    }

    private mutating func readQuoted() -> String {
        bytes[offset] == UInt8(ascii: "'") ? readSingleQuoted() : readDoubleQuoted()
    }

    private mutating func readSingleQuoted() -> String {
        let start = offset
        var end = offset + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "'") { end += 1 }
        return takeString(from: start, to: end) { String(decoding: $0, as: UTF8.self) }
    }

    private mutating func readDoubleQuoted() -> String {
        let start = offset
        var end = offset + 1
        var isPlain = true
        while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
            switch bytes[end] {
            case UInt8(ascii: "\\"):
                isPlain = false
                end += 1
            case UInt8(ascii: "\n"): isPlain = false
            default: break
            }
            end += 1
        }
        end = min(end, bytes.count)
        if isPlain { return takeString(from: start, to: end) { String(decoding: $0, as: UTF8.self) } }
        let indent = quoteColumn(start)
        let (text, badEscape) = Self.unescape(bytes[(start + 1)..<end], indent: indent)
        if let badEscape, forbidsUnknownEscapes {
            fault(
                "'\\\(badEscape)' is no escape of YANG 1.1", remedy: "use a single-quoted string, or write '\\\\'",
                severity: .warning, kind: .unknownEscape)
        }
        return takeString(from: start, to: end) { _ in text }
    }

    /// Moves behind the closing quote at `end`, counting lines.
    private mutating func takeString(
        from start: Int, to end: Int, _ make: (UnsafeBufferPointer<UInt8>.SubSequence) -> String
    ) -> String {
        if end >= bytes.count {
            fault("the string is not closed", remedy: "add the missing quote")
        }
        let content = bytes[(start + 1)..<max(start + 1, min(end, bytes.count))]
        let text = make(content)
        for index in content.indices where content[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        offset = min(end + 1, bytes.count)
        return text
    }

    /// The column of a quote, from 1, a tab counting as 8 (RFC 7950 section 6.1.3).
    private func quoteColumn(_ position: Int) -> Int {
        bytes[lineStart...position].reduce(0) { $0 + ($1 == UInt8(ascii: "\t") ? 8 : 1) }
    }

    /// Substitutes escapes, strips trailing blanks of lines and the indentation up to `indent` columns.
    private static func unescape(
        _ content: UnsafeBufferPointer<UInt8>.SubSequence, indent: Int
    ) -> (text: String, badEscape: Character?) {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var blanks = 0
        var badEscape: Character?
        var index = content.startIndex
        while index < content.endIndex {
            let byte = content[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\\") where index < content.endIndex:
                blanks = 0
                let escaped = content[index]
                index += 1
                switch escaped {
                case UInt8(ascii: "n"): result.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "t"): result.append(UInt8(ascii: "\t"))
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): result.append(escaped)
                default:
                    badEscape = badEscape ?? Character(Unicode.Scalar(escaped))
                    result.append(byte)
                    result.append(escaped)
                }
            case UInt8(ascii: "\n"):
                result.removeLast(blanks)
                blanks = 0
                result.append(byte)
                index = skipIndent(content, from: index, columns: indent, into: &result)
                blanks = 0
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                result.append(byte)
                blanks += 1
            default:
                result.append(byte)
                blanks = 0
            }
        }
        return (String(decoding: result, as: UTF8.self), badEscape)
    }

    private static func skipIndent(
        _ content: UnsafeBufferPointer<UInt8>.SubSequence, from start: Int, columns: Int, into result: inout [UInt8]
    ) -> Int {
        var index = start
        var column = 0
        while index < content.endIndex, column < columns {
            switch content[index] {
            case UInt8(ascii: " "): column += 1
            case UInt8(ascii: "\t"): column += 8
            default: return index
            }
            index += 1
        }
        if column > columns, index < content.endIndex, content[index] != UInt8(ascii: "\n") {
            result.append(contentsOf: repeatElement(UInt8(ascii: " "), count: column - columns))
        }
        return index
    }

    // MARK: Separators

    private mutating func skipSeparators() {
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "\n"):
                offset += 1
                line += 1
                lineStart = offset
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                offset += 1
            case UInt8(ascii: "/") where offset + 1 < bytes.count && bytes[offset + 1] == UInt8(ascii: "/"):
                while offset < bytes.count, bytes[offset] != UInt8(ascii: "\n") { offset += 1 }
            case UInt8(ascii: "/") where offset + 1 < bytes.count && bytes[offset + 1] == UInt8(ascii: "*"):
                skipBlockComment()
            default: return
            }
        }
    }

    private mutating func skipBlockComment() {
        var end = offset + 2
        while end + 1 < bytes.count,
            !(bytes[end] == UInt8(ascii: "*") && bytes[end + 1] == UInt8(ascii: "/"))
        {
            end += 1
        }
        if end + 1 >= bytes.count {
            fault("the comment is not closed", remedy: "add the missing '*/'")
            end = bytes.count
        }
        let stop = min(end + 2, bytes.count)
        for index in offset..<stop where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        offset = stop
    }

    // MARK: Small parts

    private var column: Int32 { Int32(offset - lineStart + 1) }

    private mutating func fault(
        _ summary: String, remedy: String, severity: Diagnostic.Severity = .error, kind: FaultKind? = nil
    ) {
        var fault = Diagnostic(
            severity, summary, remedy: remedy,
            place: SourcePlace(file: source.path, line: Int(line), column: Int(column)))
        fault.code = kind?.rawValue
        faults.append(fault)
    }

    private mutating func checkEncoding() {
        guard String(validating: bytes, as: UTF8.self) == nil else { return }
        fault("the file is not valid UTF-8", remedy: "convert it to UTF-8")
    }

    private mutating func splitKeyword(
        _ word: UnsafeBufferPointer<UInt8>.SubSequence
    ) -> (prefix: String?, name: String)? {
        var colon: Int?
        var isStart = true
        for index in word.indices {
            let byte = word[index]
            if byte == UInt8(ascii: ":") {
                guard colon == nil, !isStart else { return nil }
                colon = index
                isStart = true
                continue
            }
            guard isStart ? Self.startsIdentifier(byte) : Self.continuesIdentifier(byte) else { return nil }
            isStart = false
        }
        guard !isStart else { return nil }
        guard let colon else { return (nil, intern(word)) }
        return (intern(word[word.startIndex..<colon]), intern(word[(colon + 1)..<word.endIndex]))
    }

    private mutating func intern(_ word: UnsafeBufferPointer<UInt8>.SubSequence) -> String {
        let text = String(decoding: word, as: UTF8.self)
        if text.utf8.count <= 15 { return text }
        if let known = names[text] { return known }
        names[text] = text
        return text
    }

    private func describe(_ head: Head) -> String {
        let keyword = head.prefix.map { "\($0):\(head.name)" } ?? head.name
        guard let argument = head.argument else { return keyword }
        return argument.count > 40 ? "\(keyword) \(argument.prefix(40))..." : "\(keyword) \(argument)"
    }

    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    private static func endsStatement(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ";") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}")
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        endsStatement(byte) || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r")
    }

    static func startsIdentifier(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
    }

    static func continuesIdentifier(_ byte: UInt8) -> Bool {
        startsIdentifier(byte) || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".")
    }
}
