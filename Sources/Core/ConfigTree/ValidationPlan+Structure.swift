import YANG

/// What the children of a container, list entry or root must be, taken together.
struct StructureRule: Sendable {
    enum Kind: Sendable {
        /// A leaf or anydata that must be there.
        case mandatory(SchemaNode)
        /// A choice of which one case must be there.
        case mandatoryChoice(SchemaNode)
        /// A choice of which two cases must not be there at a time.
        case exclusive(SchemaNode)
        /// The number of entries of a list or leaf-list.
        case cardinality(SchemaNode)
        /// Leaves of which no two entries may have all in common: each with the nodes on the way from the list.
        case unique(SchemaNode, [[SchemaNode]])
        /// The keys that each entry must have; here the parent is the entry itself.
        case keys([SchemaNode])
    }

    var kind: Kind
    /// The children that the rule looks at; a change of others can not break it.
    var slots: Set<Int>

    /// The rules for the children of data node `parent`.
    static func rules(of parent: SchemaNode) -> [StructureRule] {
        var found: [StructureRule] = []
        if parent.kind == .list, !parent.keys.isEmpty {
            found.append(StructureRule(kind: .keys(parent.keys), slots: Set(parent.keys.map(\.slot))))
        }
        for child in parent.children where child.isConfig { collect(child, within: nil, &found) }
        return found
    }

    /// `scope` are the slots of the outermost choice that `node` stands in.
    private static func collect(_ node: SchemaNode, within scope: Set<Int>?, _ found: inout [StructureRule]) {
        switch node.kind {
        case .choice:
            let slots = scope ?? slots(below: node)
            if node.isMandatory { found.append(StructureRule(kind: .mandatoryChoice(node), slots: slots)) }
            found.append(StructureRule(kind: .exclusive(node), slots: slots))
            for child in node.children where child.isConfig { collect(child, within: slots, &found) }
        case .case: for child in node.children where child.isConfig { collect(child, within: scope, &found) }
        case .leaf, .anydata, .anyxml:
            guard node.isMandatory, !node.isKey else { return }
            found.append(StructureRule(kind: .mandatory(node), slots: scope ?? [node.slot]))
        case .list, .leafList:
            if node.minElements > 0 || node.maxElements < Int(UInt32.max) {
                found.append(StructureRule(kind: .cardinality(node), slots: scope ?? [node.slot]))
            }
            for leaves in node.uniques where !leaves.isEmpty {
                let paths = leaves.map { path(to: $0, from: node) }
                found.append(StructureRule(kind: .unique(node, paths), slots: [node.slot]))
            }
        default: break
        }
    }

    private static func slots(below node: SchemaNode) -> Set<Int> {
        guard node.kind == .choice || node.kind == .case else { return [node.slot] }
        return node.children.reduce(into: []) { $0.formUnion(slots(below: $1)) }
    }

    private static func path(to leaf: SchemaNode, from list: SchemaNode) -> [SchemaNode] {
        var path: [SchemaNode] = []
        var node: SchemaNode? = leaf
        while let current = node, current != list {
            path.append(current)
            node = current.dataParent
        }
        return path.reversed()
    }
}

extension SchemaNode {
    /// The choices that this data node stands in, innermost first, each with the name of the node's case.
    var choices: [(choice: SchemaNode, caseName: String)] {
        var found: [(choice: SchemaNode, caseName: String)] = []
        var below = self
        while let above = below.parent, above.kind == .case || above.kind == .choice {
            if above.kind == .choice { found.append((above, below.name)) }
            below = above
        }
        return found
    }

    /// The data nodes of a choice or case; a data node itself.
    var dissolved: [SchemaNode] { kind == .choice || kind == .case ? children.flatMap(\.dissolved) : [self] }
}
