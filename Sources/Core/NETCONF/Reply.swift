import Basics
import ConfigTree
import Synchronization

/// A reply before it is written.
struct Reply {
    enum Body {
        case ok
        case errors([RPCError])
        /// An element of its own, written by the closure.
        case element((inout XMLWriter) throws -> Void)
        /// Data in an element around them.
        case tree(TreeContent)
    }

    struct TreeContent {
        var namespace: String?
        var tree: DataTree
        var options: EncodeOptions
        /// What comes after the tree.
        var elements: [XMLElement] = []
    }

    var attributes: [RequestReader.Attribute] = []
    var body = Body.ok

    /// The document of a reply that is no tree.
    var bytes: [UInt8] {
        var writer = XMLWriter(pretty: false)
        // Nothing throws without a sink.
        try? write(to: &writer)
        return writer.output.bytes
    }

    private func write(to writer: inout XMLWriter) throws {
        try Self.start(&writer, attributes)
        switch body {
        case .ok: try writer.leaf("ok", text: "")
        case .errors(let errors): for error in errors { try error.write(to: &writer) }
        case .element(let content): try content(&writer)
        case .tree: break
        }
        try writer.finish()
    }

    static func start(_ writer: inout XMLWriter, _ attributes: [RequestReader.Attribute]) throws {
        let prefixes = attributes.compactMap { attribute in
            attribute.prefix.map { (prefix: $0, uri: attribute.namespace) }
        }
        var seen: Set<String> = []
        try writer.start(
            "rpc-reply", namespace: ProtocolNamespace.base,
            prefixes: prefixes.filter { seen.insert($0.prefix).inserted },
            attributes: attributes.map { (name: $0.qualifiedName, value: $0.value) })
    }
}

/// A reply with data, written while it is sent: the tree does not change, so nobody has to wait for the client.
package final class ReplyStream: Sendable {
    private struct State {
        var writer = XMLWriter(pretty: false)
        var data: XMLDataStream
        var elements: [XMLElement]
        var isOver = false
    }

    private let state: Mutex<State>
    private let framing: MessageFraming

    /// Bytes of a piece, and so of a chunk, about.
    private static let pieceSize = 1 << 17

    init(_ attributes: [RequestReader.Attribute], _ content: Reply.TreeContent, _ framing: MessageFraming) {
        self.framing = framing
        var state = State(data: XMLDataStream(content.tree, content.options), elements: content.elements)
        // Nothing throws without a sink.
        try? Reply.start(&state.writer, attributes)
        try? state.writer.start("data", namespace: content.namespace)
        self.state = Mutex(state)
    }

    /// The next piece with its framing; nil at the end of the message.
    package func next() -> [UInt8]? {
        state.withLock { state in
            guard !state.isOver else { return nil }
            let goesOn = (try? state.data.advance(&state.writer, to: Self.pieceSize)) ?? false
            if !goesOn {
                for element in state.elements { try? element.write(to: &state.writer) }
                try? state.writer.finish()
                state.isOver = true
            }
            let bytes = state.writer.output.take()
            guard case .chunked = framing else { return state.isOver ? bytes + framing.trailer : bytes }
            return framing.header(bytes.count) + bytes + (state.isOver ? framing.trailer : [])
        }
    }
}
