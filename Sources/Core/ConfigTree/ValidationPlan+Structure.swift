package import YANG

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
        case unique(UniqueRule)
        /// The keys that each entry must have; here the parent is the entry itself.
        case keys([SchemaNode])
    }

    var kind: Kind
    /// The children that the rule looks at; a change of others can not break it.
    var slots: Set<Int>

    /// The rules for those children of data node `parent` that `scope` takes in.
    static func rules(of parent: SchemaNode, in scope: ValidationScope) -> [StructureRule] {
        var found: [StructureRule] = []
        if parent.kind == .list, !parent.keys.isEmpty, scope.constrains(parent) {
            found.append(StructureRule(kind: .keys(parent.keys), slots: Set(parent.keys.map(\.slot))))
        }
        for child in parent.children where scope.constrains(child) { collect(child, scope, within: nil, &found) }
        return found
    }

    /// `outer` are the slots of the outermost choice that `node` stands in.
    private static func collect(
        _ node: SchemaNode, _ scope: ValidationScope, within outer: Set<Int>?, _ found: inout [StructureRule]
    ) {
        switch node.kind {
        case .choice:
            let slots = outer ?? slots(below: node)
            if node.isMandatory { found.append(StructureRule(kind: .mandatoryChoice(node), slots: slots)) }
            found.append(StructureRule(kind: .exclusive(node), slots: slots))
            for child in node.children where scope.constrains(child) { collect(child, scope, within: slots, &found) }
        case .case:
            for child in node.children where scope.constrains(child) { collect(child, scope, within: outer, &found) }
        case .leaf, .anydata, .anyxml:
            guard node.isMandatory, !node.isKey else { return }
            found.append(StructureRule(kind: .mandatory(node), slots: outer ?? [node.slot]))
        case .list, .leafList:
            if node.minElements > 0 || node.maxElements < Int(UInt32.max) {
                found.append(StructureRule(kind: .cardinality(node), slots: outer ?? [node.slot]))
            }
            for leaves in node.uniques where !leaves.isEmpty {
                let rule = UniqueRule(list: node, ways: leaves.map { node.way(to: $0) })
                found.append(StructureRule(kind: .unique(rule), slots: [node.slot]))
            }
        default: break
        }
    }

    private static func slots(below node: SchemaNode) -> Set<Int> {
        guard node.kind == .choice || node.kind == .case else { return [node.slot] }
        return node.children.reduce(into: []) { $0.formUnion(slots(below: $1)) }
    }
}

/// A `unique` statement: no two entries may have all its leaves in common.
struct UniqueRule: Sendable {
    var list: SchemaNode
    /// From an entry to each of the leaves.
    var ways: [[SchemaNode]]
    /// How entries are found by the values; nil where what lies outside an entry decides about its defaults.
    var index: IndexedPath?

    init(list: SchemaNode, ways: [[SchemaNode]]) {
        self.list = list
        self.ways = ways
        index = IndexedPath(unique: list, ways)
    }
}

extension SchemaNode {
    /// The choices that this data node stands in, innermost first, each with the name of the node's case.
    package var choices: [(choice: SchemaNode, caseName: String)] {
        var found: [(choice: SchemaNode, caseName: String)] = []
        var below = self
        while let above = below.parent, above.kind == .case || above.kind == .choice {
            if above.kind == .choice { found.append((above, below.name)) }
            below = above
        }
        return found
    }

    /// The data nodes from below this one down to `node`, which lies in it.
    func way(to node: SchemaNode) -> [SchemaNode] {
        var way: [SchemaNode] = []
        var next: SchemaNode? = node
        while let current = next, current != self {
            way.append(current)
            next = current.dataParent
        }
        return way.reversed()
    }

    /// The data nodes of a choice or case; a data node itself.
    var dissolved: [SchemaNode] { kind == .choice || kind == .case ? children.flatMap(\.dissolved) : [self] }
}
