package import YANG

/// Which constraints a validation looks at (RFC 7950 section 8.1).
package enum ValidationScope: Hashable, Sendable {
    /// Those of configuration, over a configuration datastore.
    case configuration
    /// Those of state data, over configuration and state together; configuration is read and not judged.
    case state
    /// Those below one `input`, `output` or `notification`.
    case content(NodeID)

    /// Whether the constraints of a node, on the way that the scope goes, count.
    func constrains(_ node: SchemaNode) -> Bool {
        switch self {
        case .configuration: node.isConfig
        // Choices and cases that hold both kinds are `config true` themselves.
        case .state: !node.isConfig || node.kind == .choice || node.kind == .case
        case .content: true
        }
    }

    /// Whether there may be something to check at or below a data node.
    func reaches(_ node: SchemaNode) -> Bool {
        switch node.kind {
        case .container, .list, .leaf, .leafList, .anydata, .anyxml, .mountPoint:
            if case .configuration = self { node.isConfig } else { true }
        case .root, .choice, .case, .rpc, .action, .input, .output, .notification: false
        }
    }

    /// Where the checks begin.
    func top(of schema: Schema) -> SchemaNode {
        if case .content(let node) = self { schema[node] } else { schema.root }
    }
}
