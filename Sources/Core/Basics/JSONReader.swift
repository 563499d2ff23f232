import Foundation

/// What `JSONReader.next` came to.
package enum JSONEvent: Sendable {
    case startObject, endObject, startArray, endArray, key, string, number, `true`, `false`, null, endOfDocument
}

/// Bounds on a document; a document beyond them is refused at the place where it passes them.
package struct JSONLimits: Sendable {
    package var depth = 256
    /// Bytes of one string or number.
    package var textLength = 1 << 26
    package var totalLength = 1 << 30
    /// A key that stands twice in an object is a fault; if false, users see both.
    package var refusesDuplicateKeys = true

    package init() {}
}

/// A pull parser for JSON (RFC 8259) over UTF-8 bytes, whole or piece by piece, in bounded memory.
///
/// `next` moves to the next event; inside an object keys and values alternate. Numbers stay text, exactly as written.
/// Every fault is a thrown `DiagnosticsError` with file, line and column.
package struct JSONReader: ~Copyable {
    private struct Level {
        var isObject: Bool
        var isEmpty = true
        /// Where its keys begin among `keys`.
        var firstKey: Int
    }

    private enum Expectation { case value, keyOrEnd, valueOrEnd, commaOrEnd, nothing }

    private var input: ByteInput
    private var names = NameTable()
    private let limits: JSONLimits
    private var levels: [Level] = []
    private var keys: [Int32] = []
    /// The keys of large objects, by level.
    private var keySets: [Int: Set<Int32>] = [:]
    private var expectation = Expectation.value
    private var anchor = 0
    private var textStart = 0
    private var textLength = 0
    private var decoded: [UInt8] = []
    private var textIsDecoded = false
    private var eventPlace: SourcePlace?
    private var event = JSONEvent.null
    private var hasStarted = false
    /// Number of the current key: equal keys have equal numbers, small and dense, so that they index a cache.
    package private(set) var keyNumber: Int32 = 0

    /// Reads what `source` brings; `file` names the document in faults.
    package init(file: String, limits: JSONLimits = JSONLimits(), source: @escaping ByteInput.Source) {
        input = ByteInput(file: file, limit: limits.totalLength, source: source)
        self.limits = limits
    }

    package init(_ bytes: [UInt8], file: String, limits: JSONLimits = JSONLimits()) {
        self.init(file: file, limits: limits, source: ByteInput.source(bytes))
    }

    package init(_ bytes: UnsafeRawBufferPointer, file: String, limits: JSONLimits = JSONLimits()) {
        self.init(file: file, limits: limits, source: ByteInput.source(bytes))
    }

    /// The key, the string without escapes, or the number as written.
    package var text: String {
        if event == .key { return names[keyNumber].text }
        return withTextBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The current key after its first colon, or all of it.
    package var keyLocal: String { names[names[keyNumber].local].text }
    /// The current key before its first colon; nil without one.
    package var keyQualifier: String? {
        names[keyNumber].local == keyNumber ? nil : names[names[keyNumber].prefix].text
    }

    /// Whether the current key begins with `@` (RFC 7952 section 5.2.1).
    package var keyIsMetadata: Bool { names.begins(keyNumber, with: UInt8(ascii: "@")) }
    /// The parts of a key that was read before.
    package func names(ofKey number: Int32) -> (local: String, qualifier: String?) {
        let name = names[number]
        return (names[name.local].text, name.local == number ? nil : names[name.prefix].text)
    }

    /// The bytes of a string or number: valid UTF-8, valid only within `body`.
    package func withTextBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        if textIsDecoded { return try decoded.withUnsafeBytes(body) }
        return try body(UnsafeRawBufferPointer(start: input.base + textStart, count: textLength))
    }

    package var depth: Int { levels.count }
    package var file: String { input.file }

    /// Where the current event begins. Asking at each event costs one pass over the document in all.
    package var place: SourcePlace {
        mutating get { eventPlace ?? input.passingPlace(of: anchor) }
    }

    /// Line and column of `place`.
    package var position: TextPosition {
        mutating get {
            if let place = eventPlace {
                return TextPosition(line: Int32(clamping: place.line), column: Int32(clamping: place.column))
            }
            return input.passingPosition(of: anchor)
        }
    }

    /// A fault at the current event, for a reader's user to throw or collect.
    package func fault(_ summary: String, remedy: String = "") -> Diagnostic {
        .error(summary, remedy: remedy, place: eventPlace ?? input.place(of: anchor))
    }

    /// After the first event of a value: moves to its last event.
    package mutating func skipValue() throws {
        guard event == .startObject || event == .startArray else { return }
        let outer = levels.count
        while levels.count >= outer { _ = try next() }
    }

    /// Moves to the next event. After `endOfDocument` it stays there.
    package mutating func next() throws -> JSONEvent {
        event = try advance()
        return event
    }

    // MARK: Grammar

    private mutating func advance() throws -> JSONEvent {
        eventPlace = nil
        textIsDecoded = false
        var byte = try skipSpace()
        if !hasStarted { byte = try skipMark(byte) }
        if expectation == .commaOrEnd {
            if byte == UInt8(ascii: ",") {
                input.position += 1
                byte = try skipSpace()
                expectation = levels[levels.count - 1].isObject ? .keyOrEnd : .value
                if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                    throw unexpected("a comma must be followed by another member")
                }
            } else if byte != UInt8(ascii: "}"), byte != UInt8(ascii: "]") {
                throw unexpected("expected ',' or '\(levels[levels.count - 1].isObject ? "}" : "]")'")
            }
        }
        switch expectation {
        case .nothing:
            guard atEnd else { throw unexpected("the document must end after its value") }
            return .endOfDocument
        case .keyOrEnd: return byte == UInt8(ascii: "}") ? try close() : try key(byte)
        case .valueOrEnd: return byte == UInt8(ascii: "]") ? try close() : try value(byte)
        case .commaOrEnd: return try close()
        case .value: return try value(byte)
        }
    }

    private mutating func close() throws -> JSONEvent {
        let level = levels[levels.count - 1]
        guard input.base[input.position] == UInt8(ascii: level.isObject ? "}" : "]") else {
            throw unexpected("expected ',' or '\(level.isObject ? "}" : "]")'")
        }
        input.position += 1
        if keys.count - level.firstKey > JSONReader.setThreshold { keySets[levels.count] = nil }
        keys.removeLast(keys.count - level.firstKey)
        levels.removeLast()
        expectation = levels.isEmpty ? .nothing : .commaOrEnd
        return level.isObject ? .endObject : .endArray
    }

    private mutating func open(_ isObject: Bool) throws -> JSONEvent {
        guard levels.count < limits.depth else {
            throw input.fault("Values are nested deeper than \(limits.depth)", at: anchor)
        }
        input.position += 1
        levels.append(Level(isObject: isObject, firstKey: keys.count))
        expectation = isObject ? .keyOrEnd : .valueOrEnd
        return isObject ? .startObject : .startArray
    }

    private mutating func value(_ byte: UInt8) throws -> JSONEvent {
        switch byte {
        case UInt8(ascii: "{"): return try open(true)
        case UInt8(ascii: "["): return try open(false)
        default: break
        }
        let result: JSONEvent
        switch byte {
        case UInt8(ascii: "\""):
            try scanString()
            result = .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try scanNumber()
            result = .number
        case UInt8(ascii: "t"): result = try word("true", .true)
        case UInt8(ascii: "f"): result = try word("false", .false)
        case UInt8(ascii: "n"): result = try word("null", .null)
        default: throw unexpected("expected a value")
        }
        expectation = levels.isEmpty ? .nothing : .commaOrEnd
        return result
    }

    private mutating func key(_ byte: UInt8) throws -> JSONEvent {
        guard byte == UInt8(ascii: "\"") else { throw unexpected("expected a member name in quotes") }
        try scanString()
        if textIsDecoded {
            let count = decoded.count
            decoded.append(0)
            keyNumber = decoded.withUnsafeBufferPointer { names.number(of: $0.baseAddress!, length: count) }
        } else {
            keyNumber = names.number(of: input.base + textStart, length: textLength)
        }
        if limits.refusesDuplicateKeys, !isNewKey(keyNumber) {
            throw input.fault("The member \"\(names[keyNumber].text)\" stands twice in the object", at: anchor)
        }
        if input.base[input.position] != UInt8(ascii: ":") {
            let place = input.passingPlace(of: anchor)
            guard try skipSpace() == UInt8(ascii: ":") else { throw unexpected("expected ':' after a member name") }
            eventPlace = place
        }
        input.position += 1
        expectation = .value
        return .key
    }

    private static let setThreshold = 16

    private mutating func isNewKey(_ key: Int32) -> Bool {
        let first = levels[levels.count - 1].firstKey
        keys.append(key)
        let count = keys.count - first
        if count <= JSONReader.setThreshold { return !keys[first..<(keys.count - 1)].contains(key) }
        if count == JSONReader.setThreshold + 1 { keySets[levels.count] = Set(keys[first..<(keys.count - 1)]) }
        return keySets[levels.count, default: []].insert(key).inserted
    }

    // MARK: Bytes

    private var atEnd: Bool { input.position == input.end }

    private mutating func more() throws -> Bool {
        guard let shift = try input.refill(keeping: anchor) else { return false }
        anchor -= shift
        textStart -= shift
        return true
    }

    private mutating func has(_ count: Int) throws -> Bool {
        while input.end - input.position < count {
            guard try more() else { return false }
        }
        return true
    }

    /// Moves past white space; the byte there, or 0 at the end of the document.
    private mutating func skipSpace() throws -> UInt8 {
        while true {
            while true {
                let byte = input.base[input.position]
                guard byte == 32 || byte == 10 || byte == 13 || byte == 9 else { break }
                input.position += 1
            }
            anchor = input.position
            guard atEnd, try more() else { return input.base[input.position] }
        }
    }

    /// Skips a byte order mark, which RFC 8259 allows to ignore.
    private mutating func skipMark(_ byte: UInt8) throws -> UInt8 {
        hasStarted = true
        guard byte == 0xEF, try has(3), input.base[1] == 0xBB, input.base[2] == 0xBF else { return byte }
        input.position += 3
        return try skipSpace()
    }

    private func unexpected(_ expected: String) -> DiagnosticsError {
        if atEnd { return input.fault("The document ends within a value", expected, at: input.end) }
        let byte = input.base[input.position]
        let found = byte >= 32 && byte < 127 ? "'\(Character(Unicode.Scalar(byte)))'" : "Byte \(byte)"
        return input.fault("\(found) may not stand here", expected, at: input.position)
    }

    private mutating func word(_ word: StaticString, _ event: JSONEvent) throws -> JSONEvent {
        let length = word.utf8CodeUnitCount
        guard try has(length), memcmp(input.base + input.position, word.utf8Start, length) == 0 else {
            throw unexpected("expected a value: true, false, null, a number, a string in quotes, '{' or '['")
        }
        input.position += length
        return event
    }

    private mutating func scanNumber() throws {
        textStart = input.position
        if input.base[input.position] == UInt8(ascii: "-") { input.position += 1 }
        if try peek() == UInt8(ascii: "0") {
            input.position += 1
        } else {
            try digits()
        }
        if try peek() == UInt8(ascii: ".") {
            input.position += 1
            try digits()
        }
        if try peek() | 0x20 == UInt8(ascii: "e") {
            input.position += 1
            let sign = try peek()
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { input.position += 1 }
            try digits()
        }
        if case UInt8(ascii: "0")...UInt8(ascii: "9") = try peek() {
            throw input.fault("A number may not begin with 0", "remove it", at: textStart)
        }
        textLength = input.position - textStart
    }

    private mutating func peek() throws -> UInt8 {
        if atEnd { _ = try more() }
        return input.base[input.position]
    }

    private mutating func digits() throws {
        let first = try peek()
        guard first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") else { throw unexpected("expected a digit") }
        while case UInt8(ascii: "0")...UInt8(ascii: "9") = try peek() {
            input.position += 1
            guard input.position - textStart <= limits.textLength else { throw tooLong() }
        }
    }

    private func tooLong() -> DiagnosticsError {
        input.fault("The string or number is longer than \(limits.textLength) bytes", at: anchor)
    }

    /// At `"`: scans the string to its closing quote.
    private mutating func scanString() throws {
        input.position += 1
        textStart = input.position
        decoded.removeAll(keepingCapacity: true)
        while true {
            var at = input.position
            let base = input.base
            while base[at] >= 32, base[at] < 0x80, base[at] != UInt8(ascii: "\""), base[at] != UInt8(ascii: "\\") {
                at += 1
            }
            input.position = at
            let byte = base[at]
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                flush()
                try escape()
                textStart = input.position
            } else if byte >= 0x80 {
                _ = try has(4)
                let length = UTF8Check.scalarLength(input.base + input.position)
                guard length > 0 else {
                    throw input.fault("The bytes here are not UTF-8", "convert the document", at: input.position)
                }
                input.position += length
            } else if atEnd {
                guard input.position - textStart + decoded.count <= limits.textLength else { throw tooLong() }
                guard try more() else { throw input.fault("The string that begins here does not end", at: anchor) }
            } else {
                throw input.fault("Control character \(byte) must be escaped in a string", at: input.position)
            }
        }
        if textIsDecoded { flush() } else { textLength = input.position - textStart }
        input.position += 1
    }

    private mutating func flush() {
        textIsDecoded = true
        decoded.append(
            contentsOf: UnsafeBufferPointer(start: input.base + textStart, count: input.position - textStart))
    }

    /// At a backslash: decodes the escape and moves past it.
    private mutating func escape() throws {
        guard try has(2) else { throw input.fault("The string that begins here does not end", at: anchor) }
        switch input.base[input.position + 1] {
        case UInt8(ascii: "\""): decoded.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): decoded.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): decoded.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): decoded.append(8)
        case UInt8(ascii: "f"): decoded.append(12)
        case UInt8(ascii: "n"): decoded.append(10)
        case UInt8(ascii: "r"): decoded.append(13)
        case UInt8(ascii: "t"): decoded.append(9)
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw input.fault("This is no escape of JSON", "write \\\\ for a backslash", at: input.position)
        }
        input.position += 2
    }

    private mutating func unicodeEscape() throws {
        let first = try codeUnit()
        var code = UInt32(first)
        if first & 0xFC00 == 0xD800, try has(2), input.base[input.position] == UInt8(ascii: "\\"),
            input.base[input.position + 1] == UInt8(ascii: "u")
        {
            let second = try codeUnit()
            if second & 0xFC00 == 0xDC00 { code = 0x10000 + (code - 0xD800) << 10 + (UInt32(second) - 0xDC00) }
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw input.fault("Half a surrogate pair is no character", "write both halves", at: input.position)
        }
        decoded.append(contentsOf: Character(scalar).utf8)
    }

    private mutating func codeUnit() throws -> UInt16 {
        guard try has(6) else { throw input.fault("The string that begins here does not end", at: anchor) }
        let digits = UnsafeBufferPointer(start: input.base + input.position + 2, count: 4)
        guard digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw input.fault("\\u must be followed by four hexadecimal digits", at: input.position) }
        input.position += 6
        return unit
    }
}
