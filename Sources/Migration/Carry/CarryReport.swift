package import ConfigTree
import YANG

/// Data that found no place under a new model, summed up by the schema path it was at.
package struct Loss: Hashable, Sendable {
    /// `/ios:interface/speed`; below a mount point, after the path of that.
    package var path: String
    package var reason: String
    package var instances: Int
}

/// What became of the instances: values, presence containers and list entries, each counted once.
package struct CarryCounts: Hashable, Sendable {
    package var kept = 0
    package var converted = 0
    /// The value is gone and the new model's default is in its place.
    package var defaulted = 0
    package var dropped = 0

    package init() {}

    package static func += (sum: inout CarryCounts, other: CarryCounts) {
        sum.kept += other.kept
        sum.converted += other.converted
        sum.defaulted += other.defaulted
        sum.dropped += other.dropped
    }
}

/// What became of one instance that is not as it was.
package struct CarryEvent: Sendable {
    package enum Fate: Sendable {
        /// Another value, or another place: `path` is where it is now, if it moved.
        case converted(to: String?, path: String?)
        case defaulted(to: String, reason: String)
        case dropped(reason: String, instances: Int)
    }

    /// Where it was, over the old model.
    package var path: InstancePath
    /// The old value of a leaf; nil for others, and for secrets.
    package var value: String?
    package var fate: Fate
}

package struct CarriedData: Sendable {
    package var tree: DataTree
    package var losses: [Loss]
    package var counts: CarryCounts

    package init(tree: DataTree, losses: [Loss], counts: CarryCounts) {
        self.tree = tree
        self.losses = losses
        self.counts = counts
    }
}

/// Losses summed up, in the order in which they were first met.
///
/// Invariant: no more than `limit` different ones; further ones lose what is particular about their reason.
struct LossList {
    private static let limit = 4_096
    private var counted: [Loss: Int] = [:]
    private var order: [Loss] = []

    mutating func add(_ path: String, _ reason: String, _ instances: Int) {
        var key = Loss(path: path, reason: reason, instances: 0)
        if counted[key] == nil, order.count >= Self.limit, let colon = reason.firstIndex(of: ":") {
            key.reason = String(reason[..<colon])
        }
        if counted[key] == nil { order.append(key) }
        counted[key, default: 0] += instances
    }

    var losses: [Loss] {
        order.map { loss in
            var loss = loss
            loss.instances = counted[loss] ?? 0
            return loss
        }
    }
}

extension Row {
    /// Values, presence containers and list entries in this row of `node`, itself counted.
    func instanceCount(_ node: SchemaNode) -> Int {
        if node.kind == .leafList { return 1 }
        let own = node.kind == .list || node.isPresence ? 1 : 0
        return kids.reduce(own + leafCount) { sum, kid in
            sum + kid.kid.instanceCount(node.dataChild(at: Int(kid.slot)))
        }
    }
}

extension Kid {
    func instanceCount(_ node: SchemaNode) -> Int {
        switch self {
        case .row(let row): row.instanceCount(node)
        case .entries(let entries): entries.rows.reduce(0) { $0 + $1.instanceCount(node) }
        case .mount(let tree): tree.instanceCount
        }
    }
}

extension DataTree {
    package var instanceCount: Int { root.instanceCount(model.schema.root) }
}
