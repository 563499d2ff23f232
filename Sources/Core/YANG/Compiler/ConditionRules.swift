import Basics

/// Finds `when` expressions that depend on each other, or on their own node, in a circle (RFC 7950 section 7.21.5).
///
/// A `when` depends on those of the nodes that it reads and of all nodes above them, since each must hold for the node
/// to be there.
struct ConditionRules {
    let assembler: SchemaAssembler
    /// By conditional node, those that its `when` depends on, and the `when` that does.
    let dependencies: [NodeID: [(node: NodeID, constraint: Constraint)]]

    /// `reads` has what each `when` reads, found by following its paths.
    init(assembler: SchemaAssembler, reads: [(node: NodeID, constraint: Constraint, read: [NodeID])]) {
        self.assembler = assembler
        let conditional = Set(reads.map(\.node))
        var dependencies: [NodeID: [(node: NodeID, constraint: Constraint)]] = [:]
        for entry in reads {
            var seen: Set<NodeID> = []
            for node in entry.read {
                var next = node
                while next.index > 0, seen.insert(next).inserted {
                    if conditional.contains(next) {
                        dependencies[entry.node, default: []].append((next, entry.constraint))
                    }
                    next = assembler[next].parent
                }
            }
        }
        self.dependencies = dependencies
    }

    func checkAll() {
        var finished: Set<NodeID> = []
        for start in dependencies.keys.sorted(by: { $0.index < $1.index }) where finished.insert(start).inserted {
            var path: [(node: NodeID, next: Int)] = [(start, 0)]
            var open: Set<NodeID> = [start]
            while let top = path.last {
                guard let edges = dependencies[top.node], top.next < edges.count else {
                    open.remove(top.node)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let edge = edges[top.next]
                if open.contains(edge.node) {
                    report(path.drop { $0.node != edge.node }.map(\.node), edge.constraint)
                } else if finished.insert(edge.node).inserted {
                    open.insert(edge.node)
                    path.append((edge.node, 0))
                }
            }
        }
    }

    private func report(_ circle: [NodeID], _ constraint: Constraint) {
        guard let last = circle.last, let first = circle.first else { return }
        let names = (circle + [first]).map { "'\(assembler[$0].name)'" }.joined(separator: " → ")
        let summary =
            circle.count == 1
            ? "when \"\(constraint.source)\" of \(names.prefix { $0 != " " }) reads the node that it is for"
            : "when expressions depend on each other: \(names)"
        assembler.log.report(
            .conditionCycle, summary, remedy: "let one not depend on the other, or use a 'must'", constraint.place,
            node: last)
    }
}
