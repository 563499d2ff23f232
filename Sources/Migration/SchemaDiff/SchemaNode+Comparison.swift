import YANG

extension SchemaNode {
    /// The node of the same module and name below this one.
    func counterpart(of other: SchemaNode) -> SchemaNode? { dataChild(named: other.name, module: other.moduleName) }

    /// Whether data must have the node wherever it has the parent: a "mandatory node" (RFC 7950 section 3).
    var needsValue: Bool {
        switch kind {
        case .leaf, .anydata, .anyxml, .choice: isMandatory && !isKey
        case .list, .leafList: minElements > 0
        case .container: !isPresence && childList.contains(where: \.needsValue)
        default: false
        }
    }

    /// The choices that the node stands in, innermost first, each with the name of the case.
    var cases: [String] {
        var result: [String] = []
        var below = self
        while let above = below.parent, above.kind == .choice || above.kind == .case {
            if above.kind == .choice { result.append("\(above.name):\(below.name)") }
            below = above
        }
        return result
    }

    /// The words of the incumbent for kinds of nodes.
    var kindName: String {
        switch kind {
        case .leafList: "leaf-list"
        case .container: isPresence ? "presence container" : "non-presence container"
        default: "\(kind)"
        }
    }

    /// The keyword of its statement.
    var keyword: String { kind == .leafList ? "leaf-list" : kind == .mountPoint ? "container" : "\(kind)" }

    /// `/r:sys/dns/domain`.
    package var prefixedPath: String {
        var steps: [String] = []
        var node: SchemaNode? = self
        while let current = node, current.kind != .root {
            let above = current.dataParent
            let isNew = above == nil || above!.kind == .root || above!.moduleIndex != current.moduleIndex
            steps.append(isNew ? "\(current.modulePrefix):\(current.name)" : current.name)
            node = above
        }
        return "/" + steps.reversed().joined(separator: "/")
    }

    /// `input` or `output` if the node is part of an operation, `notification` of that.
    var messageKind: NodeKind? {
        var node: SchemaNode? = self
        while let current = node {
            switch current.kind {
            case .input, .output, .notification: return current.kind
            case .rpc, .action: return current.kind
            default: node = current.parent
            }
        }
        return nil
    }
}
