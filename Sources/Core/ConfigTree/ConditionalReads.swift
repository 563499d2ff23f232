import YANG

/// Adds to what an expression reads what decides whether that is there: the conditions of defaults and of containers
/// without presence (`ConditionalDefaults`).
struct ConditionalReads {
    typealias Read = XPathDependencies.Read

    struct Closure {
        var direct: Set<Read>
        var indirect: Set<Read>
        var isAny: Bool
    }

    private let schema: Schema
    /// What the conditions of a node read; nil for a node without, or that is there only if it is stored.
    private var known: [NodeID: OfConditions?] = [:]

    /// What the conditions of one node read.
    private struct OfConditions {
        var reads: Set<Read> = []
        var isAny = false
    }

    init(_ schema: Schema) { self.schema = schema }

    mutating func closure(of dependencies: XPathDependencies) -> Closure {
        var closure = closure(of: dependencies.reads)
        closure.isAny = closure.isAny || dependencies.isAny
        return closure
    }

    mutating func closure(of direct: Set<Read>) -> Closure {
        var closure = Closure(direct: direct, indirect: [], isAny: false)
        var pending = Array(direct)
        while let read = pending.popLast() {
            // Every container on the way may be one that counts as there.
            var next: SchemaNode? = schema[read.node]
            while let node = next, node.canBeImplicit {
                if let condition = reads(of: node) {
                    closure.isAny = closure.isAny || condition.isAny
                    for inner in condition.reads {
                        let anchor = isAtOrAbove(inner.anchor, read.anchor) ? inner.anchor : read.anchor
                        let added = Read(node: inner.node, anchor: anchor)
                        if closure.indirect.insert(added).inserted { pending.append(added) }
                    }
                }
                next = node.dataParent
            }
        }
        return closure
    }

    private mutating func reads(of node: SchemaNode) -> OfConditions? {
        if let known = known[node.id] { return known }
        let conditions = node.conditions
        var found: OfConditions?
        for condition in conditions {
            let context = condition.isAtParent ? node.dataParent ?? node : node
            let dependencies = XPathDependencies(of: condition.constraint.expression, at: context)
            var all = found ?? OfConditions()
            all.reads.formUnion(dependencies.reads)
            all.isAny = all.isAny || dependencies.isAny
            found = all
        }
        known[node.id] = .some(found)
        return found
    }

    private func isAtOrAbove(_ node: NodeID, _ other: NodeID) -> Bool {
        var next: SchemaNode? = schema[other]
        while let current = next {
            if current.id == node { return true }
            next = current.id.index == 0 ? nil : current.dataParent
        }
        return false
    }
}
