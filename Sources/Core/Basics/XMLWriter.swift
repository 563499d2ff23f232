/// Writes XML: well-formed by construction, escaped, indented by two spaces or not at all.
///
/// Declares a default namespace where the namespace of an element differs from that around it, as NSO prints.
/// An element holds either text or elements.
package struct XMLWriter {
    package var output: ByteOutput
    package let isPretty: Bool
    private var open: [(name: String, namespace: String)] = []
    private var tagIsOpen = false
    private var hasChildren = false
    private var hasOutput = false
    private let baseIndent: Int
    private let baseNamespace: String

    /// `indent` and `namespace` are those of the place where the output will stand.
    package init(pretty: Bool = true, indent: Int = 0, namespace: String = "", sink: ByteOutput.Sink? = nil) {
        isPretty = pretty
        baseNamespace = namespace
        baseIndent = indent
        output = ByteOutput(sink: sink)
    }

    package var depth: Int { open.count }

    /// Opens an element; `prefixes` are declared on it beside its own namespace.
    package mutating func start(
        _ name: String, namespace: String? = nil, prefixes: [(prefix: String, uri: String)] = [],
        attributes: [(name: String, value: String)] = []
    ) throws {
        closeTag()
        beginLine()
        output.append(UInt8(ascii: "<"))
        output.append(name)
        let outer = open.last?.namespace ?? baseNamespace
        let own = namespace ?? outer
        if own != outer { attribute("xmlns", own) }
        for declaration in prefixes { attribute("xmlns:" + declaration.prefix, declaration.uri) }
        for pair in attributes { attribute(pair.name, pair.value) }
        open.append((name, own))
        tagIsOpen = true
        hasChildren = false
        try output.drain()
    }

    /// Text inside the element that was just opened.
    package mutating func text(_ text: String) {
        closeTag()
        XMLWriter.escape(text, into: &output, inAttribute: false)
    }

    /// Well-formed XML written elsewhere, as the content of the element that was just opened.
    package mutating func raw(_ xml: String) {
        guard !xml.isEmpty else { return }
        closeTag()
        output.append(xml)
    }

    package mutating func end() throws {
        guard let element = open.popLast() else { return }
        if tagIsOpen {
            output.append("/>")
            tagIsOpen = false
        } else {
            if hasChildren { beginLine() }
            output.append("</")
            output.append(element.name)
            output.append(UInt8(ascii: ">"))
        }
        hasChildren = true
        try output.drain()
    }

    /// An element with text and nothing else; an empty text gives `<name/>`.
    package mutating func leaf(
        _ name: String, namespace: String? = nil, prefixes: [(prefix: String, uri: String)] = [],
        attributes: [(name: String, value: String)] = [], text: String
    ) throws {
        try start(name, namespace: namespace, prefixes: prefixes, attributes: attributes)
        if !text.isEmpty { self.text(text) }
        try end()
    }

    // MARK: Elements that come often

    /// Opens an element that has no declarations and no attributes and the namespace of the one around it.
    package mutating func start(_ tag: XMLTag) throws {
        closeTag()
        beginLine()
        output.append(tag.opening)
        open.append((tag.name, open.last?.namespace ?? baseNamespace))
        tagIsOpen = true
        hasChildren = false
        try output.drain()
    }

    /// Such an element with text and nothing else.
    package mutating func leaf(_ tag: XMLTag, text: UnsafeBufferPointer<UInt8>) throws {
        closeTag()
        beginLine()
        output.append(tag.opening)
        if text.isEmpty {
            output.append("/>")
        } else {
            output.append(UInt8(ascii: ">"))
            XMLWriter.escape(text, into: &output)
            output.append(tag.closing)
        }
        hasChildren = true
        try output.drain()
    }

    package mutating func comment(_ text: String) {
        closeTag()
        beginLine()
        output.append("<!-- ")
        output.append(text.replacing("--", with: "- -"))
        output.append(" -->")
        hasChildren = true
    }

    /// Ends the document with a line end and hands everything on.
    package mutating func finish() throws {
        while !open.isEmpty { try end() }
        if isPretty, hasOutput { output.append(10) }
        try output.flush()
    }

    private mutating func closeTag() {
        guard tagIsOpen else { return }
        output.append(UInt8(ascii: ">"))
        tagIsOpen = false
    }

    private mutating func beginLine() {
        defer { hasOutput = true }
        guard isPretty else { return }
        if hasOutput { output.append(10) }
        output.append(spaces: baseIndent + open.count * 2)
    }

    private mutating func attribute(_ name: String, _ value: String) {
        output.append(UInt8(ascii: " "))
        output.append(name)
        output.append("=\"")
        XMLWriter.escape(value, into: &output, inAttribute: true)
        output.append(UInt8(ascii: "\""))
    }

    /// As below, for text between tags: mostly there is nothing to escape.
    private static func escape(_ text: UnsafeBufferPointer<UInt8>, into output: inout ByteOutput) {
        let isPlain = text.allSatisfy { byte in
            byte >= 32 && byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "&")
        }
        if isPlain { return output.append(text) }
        escape(String(decoding: text, as: UTF8.self), into: &output, inAttribute: false)
    }

    /// Escapes what must be; characters that XML cannot carry become U+FFFD.
    package static func escape(_ text: String, into output: inout ByteOutput, inAttribute: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "<"): output.append("&lt;")
            case UInt8(ascii: ">"): output.append("&gt;")
            case UInt8(ascii: "&"): output.append("&amp;")
            case UInt8(ascii: "\"") where inAttribute: output.append("&quot;")
            case 13: output.append("&#13;")
            case 9 where inAttribute: output.append("&#9;")
            case 10 where inAttribute: output.append("&#10;")
            case 9, 10: output.append(byte)
            case 0..<32: output.append("\u{FFFD}")
            default: output.append(byte)
            }
        }
    }
}

/// The tags of an element, ready to be written often.
package struct XMLTag: Sendable {
    package let name: String
    /// Without the bracket that ends it.
    let opening: [UInt8]
    let closing: [UInt8]

    package init(_ name: String) {
        self.name = name
        opening = Array("<\(name)".utf8)
        closing = Array("</\(name)>".utf8)
    }
}
