package import Basics
import YANG

/// How strictly a document is read.
package struct DecodeOptions: Sendable {
    package enum Policy: Sendable {
        /// Everything that the schema does not allow is an error: what users load.
        case strict
        /// Nodes that the schema does not know, repeated entries and state data among configuration are skipped or
        /// merged with a warning: what devices send.
        case lax
    }

    package enum Content: Sendable {
        case config, all
        /// Configuration is taken, state data is passed over in silence.
        case configOnly
    }

    package var policy: Policy
    /// With `.config`, state data is refused (strict) or skipped (lax).
    package var content: Content
    /// The data that the document will be merged into: says which model lies below a mount point whose entry does not
    /// tell in the document itself.
    package var base: DataTree?
    /// Whether a leaf that has its default value counts as absent: for documents of servers whose basic mode is
    /// `report-all` or `trim` (RFC 6243), which do not tell set values from defaults.
    package var dropsDefaults = false
    /// After so many faults the rest is only counted.
    package var faultLimit = 100

    package init(_ policy: Policy = .strict, content: Content = .config, base: DataTree? = nil) {
        self.policy = policy
        self.content = content
        self.base = base
    }
}

/// What became of a document. With an error among the diagnostics the data is incomplete and not to be used.
package struct Decoded<Content: Sendable>: Sendable {
    package var content: Content
    package var diagnostics: [Diagnostic]

    package init(_ content: Content, _ diagnostics: [Diagnostic]) {
        self.content = content
        self.diagnostics = diagnostics
    }

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// The content, or all diagnostics thrown if there is an error among them.
    package func get() throws(DiagnosticsError) -> Content {
        if hasErrors { throw DiagnosticsError(diagnostics) }
        return content
    }
}

/// One edit that a document with operation attributes asks for (RFC 6241 section 7.2).
package struct DecodedEdit: Hashable, Sendable {
    /// What must hold of the node before the edit: `create` and `delete` demand it, `merge` and `remove` do not.
    package enum Requirement: Hashable, Sendable { case nothing, absent, present }

    package var edit: Edit
    package var path: InstancePath
    package var requirement: Requirement
    package var place: SourcePlace?

    package init(
        _ edit: Edit, _ path: InstancePath, requirement: Requirement = .nothing, place: SourcePlace? = nil
    ) {
        self.edit = edit
        self.path = path
        self.requirement = requirement
        self.place = place
    }
}

/// What a document that is to be merged says, without an edit for each node: the tree, and what its attributes ask for
/// before and after that is laid over the data.
package struct DecodedMerge: Sendable {
    package var before: [DecodedEdit]
    package var tree: DataTree
    package var after: [DecodedEdit]

    package init(before: [DecodedEdit] = [], tree: DataTree, after: [DecodedEdit] = []) {
        self.before = before
        self.tree = tree
        self.after = after
    }
}

/// The `operation` attribute of NETCONF.
package enum EditOperation: String, Sendable { case merge, replace, create, delete, remove, none }

extension DataTree {
    /// The tree after `edits`, in order. Unmet requirements and edits that cannot be made are diagnostics with the
    /// `data-exists` or `data-missing` of RFC 6241; the other edits are made.
    package func applying(_ edits: [DecodedEdit]) -> Decoded<DataTree> {
        var tree = self
        var faults: [Diagnostic] = []
        for item in edits {
            let path = item.path.keypath
            if item.requirement != .nothing {
                let isThere = tree.isStored(item.path)
                if item.requirement == .absent, isThere {
                    faults.append(
                        .error(
                            "\(path) exists already", remedy: "use operation merge or replace", place: item.place,
                            path: path, appTag: "data-exists"))
                    continue
                }
                if item.requirement == .present, !isThere {
                    faults.append(
                        .error(
                            "\(path) does not exist", remedy: "use operation remove if it may be absent",
                            place: item.place, path: path, appTag: "data-missing"))
                    continue
                }
            }
            do {
                try tree.apply(item.edit, at: item.path)
            } catch {
                faults.append(.error(error.description, place: item.place, path: path))
            }
        }
        return Decoded(tree, faults)
    }

    /// The tree after a merge; diagnostics as above.
    package func applying(_ merge: DecodedMerge) -> Decoded<DataTree> {
        let before = merge.before.isEmpty ? Decoded(self, []) : applying(merge.before)
        let merged = before.content.merging(merge.tree)
        guard !merge.after.isEmpty else { return Decoded(merged, before.diagnostics) }
        let after = merged.applying(merge.after)
        return Decoded(after.content, before.diagnostics + after.diagnostics)
    }

    /// Whether something is stored at the path, defaults and unstored containers not counted.
    package func isStored(_ path: InstancePath) -> Bool {
        guard let last = path.last else { return !isEmpty }
        guard let parent = rootInstance.descendant(path.steps.dropLast()), let row = parent.row else { return false }
        if !last.keys.isEmpty { return parent.entry(last.node, last.keys) != nil }
        return row.hasValue(in: last.node.slot) || row.kid(in: last.node.slot) != nil
    }
}
