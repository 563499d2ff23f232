package import ConfigTree
package import YANG

/// Whether data and programs made for the old model go on with the new one.
package enum Compatibility: String, Sendable {
    case compatible = "true"
    case incompatible = "false"
    /// An expression changed, and neither is provably the weaker one.
    case unknown
}

/// One difference of two schemas, where it takes effect.
package struct SchemaChange: Hashable, Sendable {
    /// `/r:sys/dns/domain`: prefixes where the module changes.
    package var path: String
    /// In the incumbent's wording where it has one (`docs/MIGRATION.md` lists ours).
    package var info: String
    package var compatibility: Compatibility
    /// The node in the old schema; nil for one that was added.
    package var old: SchemaNode?

    /// Whether the data (over the old schema) has an instance of the node.
    package func hasInstances(in tree: DataTree) -> Bool {
        guard let old else { return false }
        var steps: [SchemaNode] = []
        var node: SchemaNode? = old
        while let current = node, current.kind != .root {
            steps.append(current)
            node = current.dataParent
        }
        return Self.hasInstance(tree.root, steps.reversed()[...])
    }

    private static func hasInstance(_ row: Row, _ steps: ArraySlice<SchemaNode>) -> Bool {
        guard let step = steps.first else { return true }
        if row.hasValue(in: step.slot) { return true }
        switch row.kid(in: step.slot) {
        case .row(let child)?: return hasInstance(child, steps.dropFirst())
        case .entries(let entries)?: return entries.rows.contains { hasInstance($0, steps.dropFirst()) }
        case .mount?, nil: return false
        }
    }
}
