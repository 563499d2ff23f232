import Basics
import YANG

/// The content of an anydata or anyxml while it is read.
///
/// It is kept as XML text, elements in their namespaces, so that both encodings tell the same tree. The rule of the
/// conversion: a member of JSON is an element of that name in the namespace of its module, or of the node around it if
/// that is not known; an array is its elements one after another; null is an element without content. Back in JSON, an
/// element with elements inside is an object, repeated ones are an array, and any other is a string, since XML does not
/// say which type it has. A JSON value that is no object, which only anyxml can have, is text.
struct OpaqueWriter {
    private var writer: XMLWriter

    init(namespace: String) { writer = XMLWriter(pretty: false, namespace: namespace) }

    var depth: Int { writer.depth }

    mutating func start(_ name: String, _ qualifier: String?, schema: Schema, isJSON: Bool) {
        let namespace = isJSON ? qualifier.flatMap { schema.module(named: $0)?.namespace } : qualifier
        try? writer.start(name, namespace: namespace)
    }

    /// Whether a member can be kept as an element of that name: what JSON gives may be any text.
    static func canNameElement(_ name: String) -> Bool {
        func isStart(_ byte: UInt8) -> Bool {
            (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "_") || byte >= 0x80
        }
        guard let first = name.utf8.first, isStart(first) else { return false }
        return name.utf8.allSatisfy { isStart($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || $0 == 0x2E }
    }

    mutating func value(_ text: String) {
        guard !text.isEmpty else { return }
        writer.text(text)
    }

    mutating func end() { try? writer.end() }

    mutating func finished() -> String {
        try? writer.finish()
        return String(decoding: writer.output.bytes, as: UTF8.self)
    }
}
