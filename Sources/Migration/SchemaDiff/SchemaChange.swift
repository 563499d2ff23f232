package import Basics
package import ConfigTree
package import YANG

/// Whether data and programs made for the old model go on with the new one.
package enum Compatibility: String, Sendable {
    case compatible = "true"
    case incompatible = "false"
    /// An expression changed, and neither is provably the weaker one.
    case unknown
}

/// What a change is about; a verdict of class `validity` is about stored data and can be proved by data.
package enum ChangeClass: String, CaseIterable, Sendable {
    /// Data of the old model may be none of the new one.
    case validity
    /// The same data means something else.
    case meaning
    /// The same value is written otherwise.
    case encoding
    /// Operations, notifications, state and features: what client and server say to each other.
    case `protocol`
    /// What the model says about itself: status, revisions, names of definitions.
    case lifeCycle = "life-cycle"
}

/// By which rules changes are judged.
package enum ComparisonRules: String, CaseIterable, Sendable {
    /// RFC 7950 section 11: what is not allowed there is incompatible.
    case rfc7950
    /// draft-ietf-netmod-yang-module-versioning section 3.1.1: the same with amendments about `status` and order.
    case ietfVersioning = "ietf-versioning"
}

/// One difference of two schemas: of a node, where it takes effect, or of a definition, where it is written.
package struct SchemaChange: Hashable, Sendable {
    /// `/r:sys/dns/domain`: prefixes where the module changes. Of a definition its kind and name: `typedef r:speed`.
    package var path: String
    /// In the incumbent's wording where it has one (`docs/MIGRATION.md` lists ours).
    package var info: String
    package var compatibility: Compatibility
    /// The node in the old schema; nil for one that was added, and for a definition.
    package var old: SchemaNode?
    /// The node in the new schema; nil for one that was removed, and for a definition.
    package var new: SchemaNode?
    package var changeClass = ChangeClass.validity
    /// The keyword of the statement that changed: `leaf`, `type`, `must`.
    package var statement = ""
    /// What the statement says in each model; nil where it is not there.
    package var before: String?
    package var after: String?
    /// Where it is written; of what is not there, where it would be.
    package var oldPlace: SourcePlace?
    package var newPlace: SourcePlace?
    /// A value that the old type allows and the new one does not.
    package var witness: String?
    /// A guess: the node of the new schema that a removed one may have become by another name or place.
    package var successor: SchemaNode?

    package init(path: String, info: String, compatibility: Compatibility, old: SchemaNode?) {
        self.path = path
        self.info = info
        self.compatibility = compatibility
        self.old = old
    }

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
