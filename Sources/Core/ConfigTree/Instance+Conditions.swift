import YANG

/// A `when` that decides about a node, with its context: the node itself, or its data parent.
struct Condition: Sendable {
    var constraint: Constraint
    var isAtParent: Bool
}

extension SchemaNode {
    /// The conditions of this data node and of the choices and cases that it stands in.
    var conditions: [Condition] {
        var found = whens.map { Condition(constraint: $0, isAtParent: $0.contextIsParent) }
        var above = parent
        while let outer = above, outer.kind == .choice || outer.kind == .case {
            found += outer.whens.map { Condition(constraint: $0, isAtParent: true) }
            above = outer.parent
        }
        return found
    }

    /// Whether an instance can count as there without being stored: a default, a container without presence.
    var canBeImplicit: Bool { isNonPresenceContainer || (isTerminal && !defaults.isEmpty) }
}

/// Defaults and containers without presence whose `when` is false are not there (RFC 7950 sections 7.5.1 and 7.6.1).
///
/// A condition may read further nodes that have conditions, in a circle even: one that is being decided about counts as
/// there meanwhile, and so does everything beyond `depthLimit`.
enum ConditionalDefaults {
    private struct Decision: Hashable, Sendable {
        var schema: ObjectIdentifier
        var node: NodeID
    }

    private static let depthLimit = 6
    @TaskLocal private static var underway: [Decision] = []

    /// Whether the conditions of `child`, which is not stored below `parent`, hold.
    static func allow(_ child: SchemaNode, below parent: Instance) -> Bool {
        let conditions = child.conditions
        if conditions.isEmpty { return true }
        let decision = Decision(schema: ObjectIdentifier(child.schema), node: child.id)
        let outer = underway
        if outer.count >= depthLimit || outer.contains(decision) { return true }
        return $underway.withValue(outer + [decision]) {
            let stand = Instance(absent: child, below: parent)
            return conditions.allSatisfy { condition in
                let context = DataNode(condition.isAtParent ? parent : stand)
                return (try? XPathEvaluator<DataNode>().isTrue(condition.constraint.expression, at: context)) ?? true
            }
        }
    }
}
