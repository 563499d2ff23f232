package import Basics

/// Texts of a client: requests out, replies in.
package enum ClientExchange {
    /// What a client says first.
    package static let greeting = Hello(Capabilities([Capabilities.base10, Capabilities.base11]))

    /// The document of a request, without framing; `content` writes what is inside `<rpc>`.
    package static func request(_ id: Int, _ content: (inout XMLWriter) throws -> Void) -> [UInt8] {
        var writer = XMLWriter(pretty: false)
        // Nothing throws without a sink.
        try? writer.start("rpc", namespace: ProtocolNamespace.base, attributes: [("message-id", "\(id)")])
        try? content(&writer)
        try? writer.finish()
        return writer.output.bytes
    }

    /// The text in the element at whose start tag the reader is; moves to its end tag.
    package static func text(_ reader: inout XMLReader) throws -> String {
        let outer = reader.depth
        var text = ""
        while true {
            switch try reader.next() {
            case .text: text += reader.text
            case .startElement: try reader.skipElement()
            case .endElement: if reader.depth == outer { return text }
            case .endOfDocument: return text
            }
        }
    }

    /// What a reply says, read with bounds.
    package enum Reply: Sendable {
        case ok
        case errors([RPCError])
    }

    /// Reads the reply to request `id`: calls `data` at the start tag of `<data>`, which has to move the reader to its
    /// end tag. Warnings are passed over. Throws `FramingError` if it is no such reply.
    package static func read(
        _ message: [UInt8], id: Int, data: (inout XMLReader) throws -> Void = { try $0.skipElement() }
    ) throws -> Reply {
        var reader = XMLReader(message, file: "reply")
        _ = try reader.next()
        return try read(&reader, id: id, data: data)
    }

    /// The same, of a document whose root's start tag the reader is at; moves to its end.
    package static func read(
        _ reader: inout XMLReader, id: Int, data: (inout XMLReader) throws -> Void
    ) throws -> Reply {
        guard reader.name == "rpc-reply" else {
            throw FramingError(description: "<\(reader.name)> came where <rpc-reply> was expected")
        }
        guard reader.attribute("message-id") == "\(id)" || reader.attribute("message-id") == nil else {
            throw FramingError(description: "the reply to another request came")
        }
        var errors: [RPCError] = []
        while true {
            switch try reader.next() {
            case .startElement:
                switch reader.name {
                case "rpc-error":
                    let error = RPCError(try BoundedElement.read(&reader))
                    if !error.isWarning, errors.count < 100 { errors.append(error) }
                case "data": try data(&reader)
                default: try reader.skipElement()
                }
            case .text, .endElement: continue
            case .endOfDocument: return errors.isEmpty ? .ok : .errors(errors)
            }
        }
    }

    /// The event in a `<notification>` and when it happened, as the device wrote both (RFC 5277 section 4).
    package static func event(_ message: [UInt8]) throws -> (time: String, content: XMLElement?) {
        let root = try BoundedElement.parse(message, file: "notification")
        guard root.name == "notification" else {
            throw FramingError(description: "<\(root.name)> came where <notification> was expected")
        }
        let time = root.children.first { $0.name == "eventTime" }?.trimmedText ?? ""
        return (time, root.children.first { $0.name != "eventTime" })
    }
}
