/// A small XML document as a tree: messages, package descriptions, settings. Data goes through `XMLReader` instead.
package struct XMLElement: Hashable, Sendable {
    package var name: String
    /// Namespace URI; empty without one.
    package var namespace: String
    package var attributes: [XMLAttribute]
    package var children: [XMLElement]
    /// The text directly in the element, concatenated; blank text between elements is left out.
    package var text: String
    /// The default namespace and prefixes declared where the element stands, for values that use prefixes.
    package var prefixes: [String: String]
    package var place: SourcePlace?

    package init(
        _ name: String, namespace: String = "", attributes: [XMLAttribute] = [], text: String = "",
        children: [XMLElement] = []
    ) {
        self.name = name
        self.namespace = namespace
        self.attributes = attributes
        self.text = text
        self.children = children
        prefixes = [:]
    }

    /// Reads a whole document of at most `limits.totalLength` bytes (16 MiB unless told).
    package static func parse(_ bytes: [UInt8], file: String, limits: XMLLimits? = nil) throws -> XMLElement {
        var bounds = XMLLimits()
        bounds.totalLength = 1 << 24
        var reader = XMLReader(bytes, file: file, limits: limits ?? bounds)
        _ = try reader.next()
        let root = try XMLElement(from: &reader)
        _ = try reader.next()
        return root
    }

    /// At a start tag: reads that element with its content and moves to its end tag.
    package init(from reader: inout XMLReader) throws {
        name = reader.name
        namespace = reader.namespace
        attributes = reader.attributes
        prefixes = reader.declaredPrefixes
        place = reader.place
        children = []
        text = ""
        while true {
            switch try reader.next() {
            case .text: text += reader.text
            case .startElement: children.append(try XMLElement(from: &reader))
            case .endElement, .endOfDocument: return
            }
        }
    }

    /// The first child of that name, in this element's namespace unless told.
    package func child(_ name: String, namespace: String? = nil) -> XMLElement? {
        children.first { $0.name == name && $0.namespace == (namespace ?? self.namespace) }
    }

    package func children(_ name: String, namespace: String? = nil) -> [XMLElement] {
        children.filter { $0.name == name && $0.namespace == (namespace ?? self.namespace) }
    }

    package func attribute(_ name: String, namespace: String = "") -> String? {
        attributes.first { $0.name == name && $0.namespace == namespace }?.value
    }

    /// Text without white space at its ends.
    package var trimmedText: String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// Writes the element. Attributes with a namespace get the prefix that `prefixes` has for it, or a made-up one;
    /// the prefixes of a text that is a value or a path with prefixes are declared.
    package func write(to writer: inout XMLWriter) throws {
        var declared: [(prefix: String, uri: String)] = []
        var written: [(name: String, value: String)] = []
        for attribute in attributes {
            if attribute.namespace.isEmpty {
                written.append((attribute.name, attribute.value))
                continue
            }
            let known = declared.first { $0.uri == attribute.namespace }?.prefix
            let wanted = prefixes.first { $0.value == attribute.namespace && !$0.key.isEmpty }?.key
            let prefix = known ?? wanted ?? "n\(declared.count)"
            if known == nil { declared.append((prefix, attribute.namespace)) }
            written.append((prefix + ":" + attribute.name, attribute.value))
        }
        for prefix in text.contains(":") && children.isEmpty ? prefixes.keys.sorted() : [] {
            guard !prefix.isEmpty, text.hasPrefix(prefix + ":") || text.contains("/" + prefix + ":") else { continue }
            if let uri = prefixes[prefix], !declared.contains(where: { $0.prefix == prefix }) {
                declared.append((prefix, uri))
            }
        }
        try writer.start(name, namespace: namespace, prefixes: declared, attributes: written)
        if !text.isEmpty { writer.text(text) }
        for child in children { try child.write(to: &writer) }
        try writer.end()
    }

    package func print(pretty: Bool = true) throws -> [UInt8] {
        var writer = XMLWriter(pretty: pretty)
        try write(to: &writer)
        try writer.finish()
        return writer.output.bytes
    }
}

extension XMLReader {
    /// All prefixes in force at the current element, `xml` excepted; the default namespace under "".
    package var declaredPrefixes: [String: String] {
        var prefixes: [String: String] = [:]
        for (number, namespace) in bindings.enumerated() where namespace > 1 {
            prefixes[names[Int32(number)].text] = namespaces[Int(namespace)]
        }
        return prefixes
    }
}
