package import Basics
import YANG

/// Writes a diff as the content of an `edit-config` (RFC 6241 section 7.2): what is new stands plain, what is gone has
/// `nc:operation="delete"`, and entries that users order say where they go (RFC 7950 sections 7.7.9 and 7.8.6).
package struct XMLEditEncoder {
    /// The operation for what is gone; `remove` does not mind if it is absent.
    package var deletion = EditOperation.delete
    package enum AttributeStyle: Sendable {
        /// `nc:operation`, `yang:insert`, with the prefixes declared on each element that uses them.
        case declared
        /// The same, with `nc` and `yang` declared around the content.
        case prefixed
        /// `operation`, `insert`: what people read.
        case plain
    }

    package var style = AttributeStyle.declared

    package init() {}

    /// The content as a document of its own: elements one after another, indented from `indent`.
    package func text(_ diff: [DiffNode], indent: Int = 0) -> String {
        var writer = XMLWriter(indent: indent)
        // Nothing throws without a sink.
        try? write(diff, to: &writer)
        try? writer.finish()
        return String(decoding: writer.output.bytes, as: UTF8.self)
    }

    /// Writes into an element that somebody else began.
    package func write(_ diff: [DiffNode], to writer: inout XMLWriter) throws {
        for node in diff where node.node.isConfig { try write(node, to: &writer) }
    }

    private func write(_ diff: DiffNode, to writer: inout XMLWriter) throws {
        let node = diff.node
        switch node.kind {
        case .leaf, .leafList: try writeValue(diff, to: &writer)
        case .anydata, .anyxml:
            try start(diff, to: &writer)
            if diff.change != .deleted { writer.raw(diff.newValue ?? "") }
            try writer.end()
        default:
            try start(diff, to: &writer)
            for (key, value) in zip(node.keys, diff.keys) {
                let (text, prefixes) = XMLValue.text(value, of: key)
                try writer.leaf(key.name, namespace: key.module.namespace, prefixes: prefixes, text: text)
            }
            if diff.change == .created, let row = diff.new {
                let inner = node.kind == .mountPoint ? diff.newModel.schema.root : node
                try XMLDataEncoder.write(contentOf: inner, row, diff.newModel, to: &writer, skippingKeys: true)
            } else if diff.change != .deleted {
                try write(diff.children, to: &writer)
            }
            try writer.end()
        }
    }

    private func writeValue(_ diff: DiffNode, to writer: inout XMLWriter) throws {
        let value = diff.node.kind == .leafList ? diff.keys.first : diff.newValue
        let hasValue = diff.change != .deleted || diff.node.kind == .leafList
        let (text, prefixes) = hasValue ? XMLValue.text(value ?? "", of: diff.node) : ("", [])
        try start(diff, prefixes: prefixes, to: &writer)
        if !text.isEmpty { writer.text(text) }
        try writer.end()
    }

    /// Opens the element with the attributes that its change asks for.
    private func start(_ diff: DiffNode, prefixes: XMLValue.Prefixes = [], to writer: inout XMLWriter) throws {
        var prefixes = prefixes
        var attributes: [(name: String, value: String)] = []
        func declare(_ prefix: String, _ uri: String) {
            if !prefixes.contains(where: { $0.prefix == prefix }) { prefixes.append((prefix, uri)) }
        }
        let isPlain = style == .plain
        if diff.change == .deleted {
            attributes.append((isPlain ? "operation" : "nc:operation", deletion.rawValue))
            if style == .declared { declare("nc", Namespace.netconf) }
        }
        if let after = diff.after, diff.change == .created || diff.change == .moved {
            if style == .declared { declare("yang", Namespace.yang) }
            let prefix = isPlain ? "" : "yang:"
            attributes.append((prefix + "insert", after.isEmpty ? "first" : "after"))
            if !after.isEmpty, diff.node.kind == .leafList {
                let (text, more) = XMLValue.text(after[0], of: diff.node)
                for one in more { declare(one.prefix, one.uri) }
                attributes.append((prefix + "value", text))
            } else if !after.isEmpty {
                if !isPlain { declare(diff.node.module.prefix, diff.node.module.namespace) }
                attributes.append((prefix + "key", predicates(diff.node, after)))
            }
        }
        try writer.start(
            diff.node.name, namespace: diff.node.module.namespace, prefixes: prefixes, attributes: attributes)
    }

    private func predicates(_ list: SchemaNode, _ keys: [String]) -> String {
        zip(list.keys, keys).map { key, value in
            let quote = value.contains("'") ? "\"" : "'"
            let name = style == .plain ? key.name : "\(key.module.prefix):\(key.name)"
            return "[\(name)=\(quote)\(value)\(quote)]"
        }.joined()
    }
}
