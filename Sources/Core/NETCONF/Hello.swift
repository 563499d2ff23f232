package import Basics

/// The greeting with which both ends begin (RFC 6241 section 8.1).
package struct Hello: Hashable, Sendable {
    package var capabilities: Capabilities
    /// Given by a server, and by nobody else.
    package var sessionID: UInt32?

    package init(_ capabilities: Capabilities, sessionID: UInt32? = nil) {
        self.capabilities = capabilities
        self.sessionID = sessionID
    }

    private static let capabilityLimit = 10_000

    /// Reads a greeting. Throws a sentence that says why it is none.
    package init(message: [UInt8]) throws(FramingError) {
        let root: XMLElement
        do {
            root = try BoundedElement.parse(message, file: "hello")
        } catch {
            throw FramingError(description: "the greeting cannot be read: \(error)")
        }
        guard root.name == "hello", root.namespace == ProtocolNamespace.base else {
            throw FramingError(description: "<\(root.name)> came where <hello> was expected")
        }
        let found = root.child("capabilities")?.children("capability") ?? []
        guard !found.isEmpty, found.count <= Self.capabilityLimit else {
            throw FramingError(description: "the greeting has no capabilities, or too many")
        }
        capabilities = Capabilities(found.map(\.trimmedText))
        guard let text = root.child("session-id")?.trimmedText else { return }
        guard let number = UInt32(text), number > 0 else {
            throw FramingError(description: "\"\(text.prefix(40))\" is no session-id")
        }
        sessionID = number
    }

    /// The document, without framing.
    package var bytes: [UInt8] {
        var writer = XMLWriter(pretty: false)
        // Nothing throws without a sink.
        try? write(to: &writer)
        return writer.output.bytes
    }

    private func write(to writer: inout XMLWriter) throws {
        try writer.start("hello", namespace: ProtocolNamespace.base)
        try writer.start("capabilities")
        for uri in capabilities.uris { try writer.leaf("capability", text: uri) }
        try writer.end()
        if let sessionID { try writer.leaf("session-id", text: "\(sessionID)") }
        try writer.finish()
    }
}

/// Elements of messages as trees, of bounded size: what is large is read from the stream.
package enum BoundedElement {
    /// Elements in one tree.
    private static let limit = 50_000
    private static let textLimit = 1 << 20

    /// Reads a whole document.
    package static func parse(_ bytes: [UInt8], file: String) throws -> XMLElement {
        var reader = XMLReader(bytes, file: file)
        _ = try reader.next()
        let root = try read(&reader)
        _ = try reader.next()
        return root
    }

    /// At a start tag: reads that element with its content and moves to its end tag.
    package static func read(_ reader: inout XMLReader) throws -> XMLElement {
        var budget = limit
        var text = textLimit
        return try read(&reader, &budget, &text)
    }

    private static func read(
        _ reader: inout XMLReader, _ budget: inout Int, _ textBudget: inout Int
    ) throws -> XMLElement {
        budget -= 1
        var element = XMLElement(reader.name, namespace: reader.namespace, attributes: reader.attributes)
        textBudget -= reader.attributes.reduce(0) { $0 + $1.value.utf8.count }
        if budget < 0 || textBudget < 0 {
            throw DiagnosticsError(reader.fault("the message has too many elements or too much text"))
        }
        // Each element would hold a table of its own; only values with prefixes need it.
        if element.attributes.contains(where: { $0.value.contains(":") }) { element.prefixes = reader.declaredPrefixes }
        element.place = reader.place
        while true {
            switch try reader.next() {
            case .text:
                element.text += reader.text
                textBudget -= element.text.utf8.count
                if element.text.contains(":") || element.text.contains("/") {
                    element.prefixes = reader.declaredPrefixes
                }
            case .startElement: element.children.append(try read(&reader, &budget, &textBudget))
            case .endElement, .endOfDocument: return element
            }
        }
    }
}
