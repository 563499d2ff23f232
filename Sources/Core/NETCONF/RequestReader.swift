package import Basics

/// Reads `<rpc>` messages: first who asks for what, then the parameters of the operation.
package enum RequestReader {
    /// An attribute of `<rpc>`, which the reply repeats (RFC 6241 section 4.2).
    package struct Attribute: Hashable, Sendable {
        package var name: String
        package var prefix: String?
        package var namespace: String
        package var value: String

        package var qualifiedName: String { prefix.map { "\($0):\(name)" } ?? name }
    }

    package struct Head: Hashable, Sendable {
        package var attributes: [Attribute]
        /// The operation.
        package var name: String
        package var namespace: String
    }

    /// Who asks for what. The whole message is read once, so that a fault anywhere in it is found before anything is
    /// done. Throws `RPCError`, or what the XML reader throws.
    package static func head(_ message: MessageBytes) throws -> Head {
        var reader = message.reader()
        _ = try reader.next()
        let root = (name: reader.name, namespace: reader.namespace)
        let attributes = attributes(reader)
        var operation: (name: String, namespace: String)?
        var count = 0
        while true {
            let event = try reader.next()
            if event == .endOfDocument { break }
            guard event == .startElement, reader.depth == 2 else { continue }
            count += 1
            if operation == nil { operation = (reader.name, reader.namespace) }
        }
        guard root.namespace == ProtocolNamespace.base else {
            throw RPCFailure(
                RPCError(
                    .rpc, .unknownNamespace, "<\(root.name)> is not of the namespace of NETCONF",
                    info: [.init("bad-element", root.name), .init("bad-namespace", root.namespace)]))
        }
        guard root.name == "rpc" else {
            throw RPCFailure(RPCError.unknownElement(root.name, "<rpc> was expected", kind: .rpc))
        }
        guard attributes.contains(where: { $0.name == "message-id" && $0.prefix == nil }) else {
            throw RequestFault(
                attributes: attributes,
                error: RPCError(
                    .rpc, .missingAttribute, "<rpc> needs a message-id",
                    info: [.init("bad-attribute", "message-id"), .init("bad-element", "rpc")]))
        }
        guard let operation, count == 1 else {
            throw RequestFault(
                attributes: attributes,
                error: count == 0
                    ? RPCError(.rpc, .missingElement, "<rpc> holds no operation", info: [.init("bad-element", "rpc")])
                    : RPCError(
                        .rpc, .badElement, "<rpc> holds more than one operation", info: [.init("bad-element", "rpc")])
            )
        }
        return Head(attributes: attributes, name: operation.name, namespace: operation.namespace)
    }

    private static func attributes(_ reader: borrowing XMLReader) -> [Attribute] {
        var prefixes: [String: String] = [:]
        let found = reader.attributes
        guard found.contains(where: { !$0.namespace.isEmpty }) else {
            return found.map { Attribute(name: $0.name, prefix: nil, namespace: "", value: $0.value) }
        }
        for (prefix, uri) in reader.declaredPrefixes where !prefix.isEmpty { prefixes[uri] = prefix }
        return found.compactMap { attribute in
            if attribute.namespace.isEmpty {
                return Attribute(name: attribute.name, prefix: nil, namespace: "", value: attribute.value)
            }
            return prefixes[attribute.namespace].map {
                Attribute(name: attribute.name, prefix: $0, namespace: attribute.namespace, value: attribute.value)
            }
        }
    }

    /// The parameters of the operation as small trees, except `streamed` ones, which are for `open` to read.
    package static func parameters(_ message: MessageBytes, streamed: Set<String> = []) throws -> XMLElement {
        var reader = message.reader()
        _ = try reader.next()
        while try reader.next() != .startElement {}
        var operation = XMLElement(reader.name, namespace: reader.namespace, attributes: reader.attributes)
        operation.prefixes = reader.declaredPrefixes
        while true {
            switch try reader.next() {
            case .text: operation.text += reader.text
            case .startElement:
                if streamed.contains(reader.name) {
                    operation.children.append(XMLElement(reader.name, namespace: reader.namespace))
                    try reader.skipElement()
                } else {
                    operation.children.append(try BoundedElement.read(&reader))
                }
            case .endElement, .endOfDocument: return operation
            }
        }
    }

    /// Runs `body` with a reader at the start tag of the first element at `path` below the operation. The message cannot be
    /// read again.
    package static func open<Result>(
        _ message: MessageBytes, at path: [String], _ body: (inout XMLReader) throws -> Result
    ) throws -> Result {
        var reader = message.consumingReader()
        _ = try reader.next()
        while try reader.next() != .startElement {}
        for (level, name) in path.enumerated() {
            while true {
                let event = try reader.next()
                if event == .startElement {
                    if reader.name == name, reader.depth == level + 3 { break }
                    try reader.skipElement()
                } else if event == .endOfDocument || event == .endElement && reader.depth == level + 2 {
                    throw RPCError.missingElement(name)
                }
            }
        }
        return try body(&reader)
    }
}

/// A request that cannot be carried out, with what its reply has to repeat.
package struct RequestFault: Error {
    package var attributes: [RequestReader.Attribute]
    package var error: RPCError
}
