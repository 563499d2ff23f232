import Foundation

/// A piece of a text that somebody else holds (`TextMemory`): it counts no references, and outlives no line.
typealias CLIBytes = Slice<UnsafeBufferPointer<UInt8>>

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

    /// Whether two texts are the same, byte for byte.
    @inline(__always) static func areEqual(_ a: CLIBytes, _ b: CLIBytes) -> Bool {
        guard a.count == b.count, let first = a.start, let second = b.start else { return a.isEmpty && b.isEmpty }
        return memcmp(first, second, a.count) == 0
    }

    /// Whether no byte is part of a longer character.
    @inline(__always) static func isASCII(_ bytes: CLIBytes) -> Bool {
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80
    }

    /// Whether `bytes`, from its first quote, is one word in quotes from end to end.
    static func isOneQuotedWord(_ bytes: CLIBytes) -> Bool {
        guard bytes.count >= 2, bytes.first == quote else { return false }
        return closingQuote(in: bytes, from: bytes.startIndex + 1) == bytes.endIndex - 1
    }

    /// The quote that ends the quotation of which `start` is the first byte inside.
    static func closingQuote(in bytes: CLIBytes, from start: Int) -> Int? {
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
    static func unescaped(_ bytes: CLIBytes) -> [UInt8] {
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

/// Holds the bytes that lines, words and values point into: a text, and what was made of it for the line at hand.
///
/// Invariant: bytes given out stay where they are until the memory goes, those of `keep` until `forget`.
final class TextMemory: @unchecked Sendable {
    let text: CLIBytes
    private let storage: UnsafeMutableBufferPointer<UInt8>
    private var kept: [UnsafeMutableBufferPointer<UInt8>] = []

    init(_ text: some Collection<UInt8>) {
        storage = Self.copy(text)
        self.text = CLIBytes(UnsafeBufferPointer(storage))
    }

    deinit {
        storage.deallocate()
        forget()
    }

    private static func copy(_ bytes: some Collection<UInt8>) -> UnsafeMutableBufferPointer<UInt8> {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = copy.initialize(fromContentsOf: bytes)
        return copy
    }

    /// Hands a text to `body`, for as long as that runs.
    static func with<R, E>(_ text: String, _ body: (CLIBytes) throws(E) -> R) throws(E) -> R {
        let memory = TextMemory(text.utf8)
        defer { withExtendedLifetime(memory) {} }
        return try body(memory.text)
    }

    func keep(_ bytes: some Collection<UInt8>) -> CLIBytes {
        let copy = Self.copy(bytes)
        kept.append(copy)
        return CLIBytes(UnsafeBufferPointer(copy))
    }

    /// Gives back what was kept.
    @inline(__always) func forget() {
        guard !kept.isEmpty else { return }
        for bytes in kept { bytes.deallocate() }
        kept.removeAll(keepingCapacity: true)
    }
}

extension CLIBytes {
    init(_ all: UnsafeBufferPointer<UInt8>) { self.init(base: all, bounds: all.indices) }

    static var none: CLIBytes { CLIBytes(UnsafeBufferPointer(start: nil, count: 0)) }

    @inline(__always) var start: UnsafePointer<UInt8>? { base.baseAddress.map { $0 + startIndex } }

    @inline(__always) var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }
}

/// A word on a line.
struct CLIToken {
    /// Where it stands in the line, quotes included.
    var range: Range<Int>
    /// The text meant, where that is not what stands there: quotes or escapes were resolved.
    var resolved: CLIBytes?

    var isQuoted: Bool { resolved != nil }
}

/// A line split into words.
struct CLILine {
    /// Holds what the words point into.
    let memory: TextMemory
    /// The line without its line end; indices count in whatever it was cut from.
    var bytes: CLIBytes
    /// Blanks at the beginning.
    var indent = 0
    var tokens: [CLIToken] = []

    /// A line of its own.
    init(_ text: some Collection<UInt8>, dialect: CLIDialect) {
        let memory = TextMemory(text)
        self.init(memory)
        cut(memory.text, dialect: dialect)
    }

    /// The empty line, to be filled with parts of a text.
    init(_ memory: TextMemory) {
        self.memory = memory
        bytes = memory.text.prefix(0)
    }

    /// Takes up another line of the text, which lies in the memory of this one.
    mutating func cut(_ line: CLIBytes, dialect: CLIDialect) {
        tokens.removeAll(keepingCapacity: true)
        memory.forget()
        let hasEscapes = dialect.hasEscapes
        var end = line.endIndex
        while end > line.startIndex, CLIText.isBlank(line[end - 1]) { end -= 1 }
        var index = line.startIndex
        while index < end, CLIText.isBlank(line[index]) { index += 1 }
        indent = index - line.startIndex
        bytes = line[line.startIndex..<end]
        while index < end {
            if CLIText.isBlank(bytes[index]) {
                index += 1
                continue
            }
            if hasEscapes, bytes[index] == CLIText.bang { break }
            let token = token(from: index, hasEscapes)
            tokens.append(token)
            index = token.range.upperBound
        }
        // The comment after the last word.
        if hasEscapes, let last = tokens.last { bytes = bytes[..<last.range.upperBound] }
    }

    @inline(__always)
    private func token(from start: Int, _ hasEscapes: Bool) -> CLIToken {
        if bytes[start] == CLIText.quote, let token = quotation(start) { return token }
        if hasEscapes { return escapedToken(from: start) }
        var end = start + 1
        while end < bytes.endIndex, !CLIText.isBlank(bytes[end]) { end += 1 }
        return CLIToken(range: start..<end, resolved: nil)
    }

    /// A word in quotes; nil if the quotes do not make a word of their own.
    private func quotation(_ start: Int) -> CLIToken? {
        guard let close = CLIText.closingQuote(in: bytes, from: start + 1),
            close + 1 == bytes.endIndex || CLIText.isBlank(bytes[close + 1])
        else { return nil }
        let inner = bytes[(start + 1)..<close]
        let text = inner.contains(CLIText.backslash) ? memory.keep(CLIText.unescaped(inner)) : inner
        return CLIToken(range: start..<(close + 1), resolved: text)
    }

    private func escapedToken(from start: Int) -> CLIToken {
        var end = start
        var hasEscape = false
        while end < bytes.endIndex, !CLIText.isBlank(bytes[end]) {
            if bytes[end] == CLIText.backslash, end + 1 < bytes.endIndex {
                hasEscape = true
                end += 1
            }
            end += 1
        }
        guard hasEscape else { return CLIToken(range: start..<end, resolved: nil) }
        var resolved: [UInt8] = []
        var index = start
        while index < end {
            if bytes[index] == CLIText.backslash, index + 1 < end { index += 1 }
            resolved.append(bytes[index])
            index += 1
        }
        return CLIToken(range: start..<end, resolved: memory.keep(resolved))
    }

    /// The text meant by the word.
    @inline(__always) func text(_ index: Int) -> CLIBytes {
        let token = tokens[index]
        return token.resolved ?? bytes.base[token.range]
    }

    /// The text from one word to another as it stands there.
    func raw(from first: Int, through last: Int) -> CLIBytes {
        bytes[tokens[first].range.lowerBound..<tokens[last].range.upperBound]
    }

    /// The column (bytes from the beginning of the line) of a word, or of the end.
    func column(_ index: Int) -> Int {
        index < tokens.count ? tokens[index].range.lowerBound - bytes.startIndex : bytes.count
    }
}
