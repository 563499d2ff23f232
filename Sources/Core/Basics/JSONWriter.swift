/// Writes JSON piece by piece: on one line, or indented by two spaces as `display json` prints.
package struct JSONWriter {
    package var output: ByteOutput
    package let isPretty: Bool

    private struct Level {
        var isObject: Bool
        var isInline: Bool
        var isEmpty = true
    }

    private var levels: [Level] = []
    private var followsKey = false

    package init(pretty: Bool = false, sink: ByteOutput.Sink? = nil) {
        isPretty = pretty
        output = ByteOutput(sink: sink)
    }

    package mutating func startObject() throws {
        begin()
        output.append(UInt8(ascii: "{"))
        levels.append(Level(isObject: true, isInline: !isPretty))
        try output.drain()
    }

    package mutating func endObject() throws { try end(UInt8(ascii: "}")) }

    /// An inline array stands on one line even when the document is indented.
    package mutating func startArray(inline: Bool = false) throws {
        begin()
        output.append(UInt8(ascii: "["))
        levels.append(Level(isObject: false, isInline: inline || !isPretty))
        try output.drain()
    }

    package mutating func endArray() throws { try end(UInt8(ascii: "]")) }

    package mutating func key(_ name: String) {
        begin()
        quote(name)
        output.append(UInt8(ascii: ":"))
        if isPretty { output.append(32) }
        followsKey = true
    }

    /// In an array on one line: the next value begins a new line all the same.
    package mutating func breakLine() {
        guard let level = levels.last, !level.isEmpty else { return }
        output.append(UInt8(ascii: ","))
        output.append(10)
        levels[levels.count - 1].isEmpty = true
    }

    /// As `key(_:)`, with a name that `quoted(_:)` made ready.
    package mutating func key(quoted name: [UInt8]) {
        begin()
        output.append(name)
        if isPretty { output.append(32) }
        followsKey = true
    }

    /// A name with its quotes and colon, for `key(quoted:)`.
    package static func quoted(_ name: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.quote(name)
        writer.output.append(UInt8(ascii: ":"))
        return writer.output.bytes
    }

    package mutating func string(_ text: UnsafeBufferPointer<UInt8>) throws {
        begin()
        let isPlain = text.allSatisfy { $0 >= 32 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain {
            output.append(UInt8(ascii: "\""))
            output.append(text)
            output.append(UInt8(ascii: "\""))
        } else {
            quote(String(decoding: text, as: UTF8.self))
        }
        try output.drain()
    }

    /// `text` must be a JSON number, `true`, `false` or `null`.
    package mutating func literal(_ text: UnsafeBufferPointer<UInt8>) throws {
        begin()
        output.append(text)
        try output.drain()
    }

    package mutating func string(_ text: String) throws {
        var text = text
        try text.withUTF8 { try string($0) }
    }

    /// `text` must be a JSON number.
    package mutating func number(_ text: String) throws { try raw(text) }
    package mutating func bool(_ value: Bool) throws { try raw(value ? "true" : "false") }
    package mutating func null() throws { try raw("null") }

    /// Hands everything on; an indented document ends with a line end.
    package mutating func finish() throws {
        if isPretty { output.append(10) }
        try output.flush()
    }

    private mutating func raw(_ text: String) throws {
        begin()
        output.append(text)
        try output.drain()
    }

    /// Comma and line before a key, or before a value that follows no key.
    private mutating func begin() {
        if followsKey {
            followsKey = false
            return
        }
        guard let level = levels.last else { return }
        if !level.isEmpty { output.append(UInt8(ascii: ",")) }
        if !level.isInline {
            output.newLine(indent: levels.count * 2)
        } else if !level.isEmpty, isPretty {
            output.append(32)
        }
        levels[levels.count - 1].isEmpty = false
    }

    private mutating func end(_ bracket: UInt8) throws {
        guard let level = levels.popLast() else { return }
        if !level.isEmpty, !level.isInline { output.newLine(indent: levels.count * 2) }
        output.append(bracket)
        try output.drain()
    }

    private mutating func quote(_ text: String) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output.append("\\\"")
            case UInt8(ascii: "\\"): output.append("\\\\")
            case 10: output.append("\\n")
            case 13: output.append("\\r")
            case 9: output.append("\\t")
            case 8: output.append("\\b")
            case 12: output.append("\\f")
            case 0..<32:
                output.append("\\u00")
                output.append(byte >= 16 ? UInt8(ascii: "1") : UInt8(ascii: "0"))
                let low = byte & 15
                output.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
