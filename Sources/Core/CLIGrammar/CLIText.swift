/// Words on a line: splitting, quoting, hashing. All on bytes.
enum CLIText {
    static let space = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let bang = UInt8(ascii: "!")
    static let end = Array("end".utf8)
    static let exit = Array("exit".utf8)

    @inline(__always) static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == 9 || byte == 13 }

    @inline(__always) static func lowercased(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte + 32 : byte }

    /// FNV-1a.
    static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }

    /// Whether `bytes`, from its first quote, is one word in quotes from end to end.
    static func isOneQuotedWord(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count >= 2, bytes.first == quote else { return false }
        return closingQuote(in: bytes, from: bytes.startIndex + 1) == bytes.endIndex - 1
    }

    static func closingQuote(in bytes: ArraySlice<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < bytes.endIndex {
            if bytes[index] == backslash {
                index += 2
            } else if bytes[index] == quote {
                return index
            } else {
                index += 1
            }
        }
        return nil
    }

    /// The text between quotes, escapes resolved. A backslash before another character than those of `quoted` stays.
    static func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard bytes.contains(backslash) else { return Array(bytes) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            guard byte == backslash, index < bytes.endIndex else {
                result.append(byte)
                continue
            }
            switch bytes[index] {
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "t"): result.append(9)
            case quote, backslash: result.append(bytes[index])
            case let other: result += [backslash, other]
            }
            index += 1
        }
        return result
    }

    static func quoted(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = [quote]
        for byte in bytes {
            switch byte {
            case quote: result += [backslash, quote]
            case backslash: result += [backslash, backslash]
            case 10: result += [backslash, UInt8(ascii: "n")]
            case 13: result += [backslash, UInt8(ascii: "r")]
            case 9: result += [backslash, UInt8(ascii: "t")]
            default: result.append(byte)
            }
        }
        result.append(quote)
        return result
    }

    static func string(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// A word on a line.
struct CLIToken {
    /// Where it stands in the line, quotes included.
    var range: Range<Int>
    /// The text meant, where that is not what stands there: quotes or escapes were resolved.
    var resolved: [UInt8]?

    var isQuoted: Bool { resolved != nil }
}

/// A line split into words.
struct CLILine {
    /// The line without its line end; indices count in whatever it was cut from.
    var bytes: ArraySlice<UInt8>
    /// Blanks at the beginning.
    var indent: Int
    var tokens: [CLIToken]

    /// - Parameter memory: a list of words no longer needed, of which the room is taken.
    init(_ bytes: ArraySlice<UInt8>, dialect: CLIDialect, reusing memory: consuming [CLIToken] = []) {
        var end = bytes.endIndex
        while end > bytes.startIndex, CLIText.isBlank(bytes[end - 1]) { end -= 1 }
        let text = bytes[bytes.startIndex..<end]
        var start = text.startIndex
        while start < end, CLIText.isBlank(text[start]) { start += 1 }
        self.bytes = text
        indent = start - text.startIndex
        tokens = memory
        if tokens.capacity < 6 { tokens.reserveCapacity(6) }
        var index = start
        while index < end {
            if CLIText.isBlank(text[index]) {
                index += 1
                continue
            }
            if dialect.hasEscapes, text[index] == CLIText.bang { break }
            let token = Self.token(text, from: index, dialect: dialect)
            tokens.append(token)
            index = token.range.upperBound
        }
        if let last = tokens.last, last.range.upperBound < end, dialect.hasEscapes { trimComment(last) }
    }

    /// Cuts off the comment after the last word.
    private mutating func trimComment(_ last: CLIToken) { bytes = bytes[..<last.range.upperBound] }

    private static func token(_ text: ArraySlice<UInt8>, from start: Int, dialect: CLIDialect) -> CLIToken {
        if text[start] == CLIText.quote, let close = CLIText.closingQuote(in: text, from: start + 1),
            close + 1 == text.endIndex || CLIText.isBlank(text[close + 1])
        {
            return CLIToken(range: start..<(close + 1), resolved: CLIText.unescaped(text[(start + 1)..<close]))
        }
        var end = start
        var hasEscape = false
        while end < text.endIndex, !CLIText.isBlank(text[end]) {
            if dialect.hasEscapes, text[end] == CLIText.backslash, end + 1 < text.endIndex {
                hasEscape = true
                end += 1
            }
            end += 1
        }
        guard hasEscape else { return CLIToken(range: start..<end, resolved: nil) }
        var resolved: [UInt8] = []
        var index = start
        while index < end {
            if text[index] == CLIText.backslash, index + 1 < end { index += 1 }
            resolved.append(text[index])
            index += 1
        }
        return CLIToken(range: start..<end, resolved: resolved)
    }

    /// The text meant by the word.
    func text(_ index: Int) -> ArraySlice<UInt8> {
        let token = tokens[index]
        return token.resolved.map { $0[...] } ?? bytes[token.range]
    }

    /// The text from one word to another as it stands there.
    func raw(from first: Int, through last: Int) -> ArraySlice<UInt8> {
        bytes[tokens[first].range.lowerBound..<tokens[last].range.upperBound]
    }

    /// The column (bytes from the beginning of the line) of a word, or of the end.
    func column(_ index: Int) -> Int {
        index < tokens.count ? tokens[index].range.lowerBound - bytes.startIndex : bytes.count
    }
}
