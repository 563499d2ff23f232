import Basics
import YANG

/// A difference as the body of an `edit-config` (RFC 6241 section 7.2): what `commit dry-run outformat xml` shows.
package enum XMLDiff {
    private static let operation = "operation"

    /// The elements that turn `old` into `new`; deletions bear `operation="delete"`, moved entries `insert`.
    package static func editConfig(from old: DataTree, to new: DataTree) -> String {
        var writer = XMLWriter()
        // Nothing throws without a sink.
        try? write(old.diff(to: new), &writer)
        try? writer.finish()
        return String(decoding: writer.output.bytes, as: UTF8.self)
    }

    private static func write(_ diff: [DiffNode], _ writer: inout XMLWriter) throws {
        for change in diff { try write(change, &writer) }
    }

    private static func write(_ change: DiffNode, _ writer: inout XMLWriter) throws {
        let node = change.node
        var attributes: [(name: String, value: String)] = []
        if change.change == .deleted { attributes.append((operation, "delete")) }
        if let after = change.after { attributes += place(after, node) }
        if let value = change.change == .deleted ? change.oldValue : change.newValue {
            let isDeletedLeaf = change.change == .deleted && node.kind == .leaf
            let (text, prefixes) = XMLValue.text(isDeletedLeaf ? "" : value, of: node)
            try writer.leaf(
                node.name, namespace: node.module.namespace, prefixes: prefixes, attributes: attributes, text: text)
            return
        }
        try writer.start(node.name, namespace: node.module.namespace, attributes: attributes)
        if change.change != .created {
            for (key, value) in zip(node.keys, change.keys) {
                let (text, prefixes) = XMLValue.text(value, of: key)
                try writer.leaf(key.name, namespace: key.module.namespace, prefixes: prefixes, text: text)
            }
        }
        switch change.change {
        case .created: if let row = change.new { try content(change, row, &writer) }
        case .inside, .moved: try write(change.children, &writer)
        case .deleted, .modified: break
        }
        try writer.end()
    }

    private static func place(_ after: [String], _ node: SchemaNode) -> [(name: String, value: String)] {
        guard !after.isEmpty else { return [("insert", "first")] }
        if node.kind == .leafList { return [("insert", "after"), ("value", after[0])] }
        let keys = zip(node.keys, after).map { "[\($0.name)='\($1)']" }.joined()
        return [("insert", "after"), ("key", keys)]
    }

    private static func content(_ change: DiffNode, _ row: Row, _ writer: inout XMLWriter) throws {
        let options = EncodeOptions()
        let node = change.node.kind == .mountPoint ? change.newModel.schema.root : change.node
        try XMLDataEncoder.writeContent(node, row, change.newModel, to: &writer, options)
    }
}
