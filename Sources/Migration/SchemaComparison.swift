package import YANG

/// The differences of two schemas, in the order of the old one; what is only in the new one comes with its parent.
package struct SchemaComparison: Sendable {
    package private(set) var changes: [SchemaChange] = []

    package init(from old: Schema, to new: Schema) {
        guard old !== new else { return }
        compareChildren(old.root, new.root)
    }

    private mutating func add(_ node: SchemaNode, _ info: String, _ verdict: Compatibility, old: SchemaNode?) {
        changes.append(SchemaChange(path: node.prefixedPath, info: info, compatibility: verdict, old: old))
    }

    private mutating func compareChildren(_ old: SchemaNode, _ new: SchemaNode) {
        for child in old.dataChildren {
            guard let other = new.counterpart(of: child) else {
                let info = child.kind == .leaf ? "leaf has been removed" : "sub-tree has been deleted"
                add(child, info, .incompatible, old: child)
                continue
            }
            compare(child, other)
        }
        for child in new.dataChildren where old.counterpart(of: child) == nil { noteAdded(child, old) }
    }

    private mutating func noteAdded(_ node: SchemaNode, _ parent: SchemaNode) {
        let needsValue = node.isConfig && (node.isMandatory || node.minElements > 0)
        let kind = node.kind == .leaf ? "leaf" : "sub-tree"
        if needsValue {
            add(node, "mandatory \(kind) has been added", .incompatible, old: nil)
        } else {
            add(node, "\(kind) has been added", .compatible, old: nil)
        }
    }

    private mutating func compare(_ old: SchemaNode, _ new: SchemaNode) {
        guard old.kindName == new.kindName else {
            let info = "node type has changed from \(old.kindName) to \(new.kindName)"
            add(old, info, .incompatible, old: old)
            if old.kind != new.kind { return }
            return compareChildren(old, new)
        }
        compareFlags(old, new)
        if old.isTerminal { compareTypes(old, new) }
        if old.kind == .list { compareKeys(old, new) }
        compareConstraints(old, new)
        if !old.isTerminal { compareChildren(old, new) }
    }

    private mutating func compareFlags(_ old: SchemaNode, _ new: SchemaNode) {
        if old.isConfig != new.isConfig {
            let info = new.isConfig ? "node has become configuration" : "node is no longer configuration"
            add(old, info, new.isConfig ? .compatible : .incompatible, old: old)
        }
        if old.isMandatory != new.isMandatory, !old.isKey {
            let info = new.isMandatory ? "node is now mandatory" : "node is no longer mandatory"
            add(old, info, new.isMandatory ? .incompatible : .compatible, old: old)
        }
        if !old.isKey, new.isKey { add(old, "leaf is now a list key", .incompatible, old: old) }
        if old.isUserOrdered != new.isUserOrdered {
            add(old, "ordered-by has changed", .incompatible, old: old)
        }
        if old.minElements != new.minElements || old.maxElements != new.maxElements {
            let isRelaxed = new.minElements <= old.minElements && new.maxElements >= old.maxElements
            let info = isRelaxed ? "min/max has been relaxed" : "min/max has been tightened"
            add(old, info, isRelaxed ? .compatible : .incompatible, old: old)
        }
        if old.defaults != new.defaults {
            let info = old.defaults.isEmpty ? "default value has been added" : "default value has changed"
            add(old, info, old.defaults.isEmpty ? .compatible : .incompatible, old: old)
        }
        if old.status != new.status { add(old, "status has changed to \(new.status)", .compatible, old: old) }
    }

    private mutating func compareTypes(_ old: SchemaNode, _ new: SchemaNode) {
        guard let before = old.type, let after = new.type else { return }
        let verdict = TypeComparison(from: before, to: after, old.schema, new.schema)
        if let info = verdict.info(isLeafList: old.kind == .leafList) {
            add(old, info, verdict.compatibility, old: old)
        }
    }

    private mutating func compareKeys(_ old: SchemaNode, _ new: SchemaNode) {
        let (before, after) = (old.keys, new.keys)
        if before.map(\.name) != after.map(\.name) {
            add(old, "list key has changed", .incompatible, old: old)
            return
        }
        for (key, other) in zip(before, after) {
            guard let a = key.type, let b = other.type, a.base != b.base else { continue }
            add(old, "list key has changed; leaf '\(key.name)' has changed type", .incompatible, old: old)
        }
    }

    private mutating func compareConstraints(_ old: SchemaNode, _ new: SchemaNode) {
        compare("must", old.musts.map(\.source), new.musts.map(\.source), old)
        compare("when", old.whens.map(\.source), new.whens.map(\.source), old)
        let before = old.uniques.map { $0.map(\.name) }
        let after = new.uniques.map { $0.map(\.name) }
        if before != after {
            let isRelaxed = after.allSatisfy { before.contains($0) }
            add(old, "unique has changed", isRelaxed ? .compatible : .incompatible, old: old)
        }
    }

    private mutating func compare(_ keyword: String, _ before: [String], _ after: [String], _ node: SchemaNode) {
        guard before != after else { return }
        let added = after.filter { !before.contains($0) }
        let removed = before.filter { !after.contains($0) }
        switch (added.isEmpty, removed.isEmpty) {
        case (true, true): return
        case (true, false): add(node, "\(keyword) expression has been removed", .compatible, old: node)
        case (false, true): add(node, "\(keyword) expression has been added", .unknown, old: node)
        case (false, false): add(node, "\(keyword) expression has changed", .unknown, old: node)
        }
    }
}

extension SchemaNode {
    /// The node of the same module and name below this one.
    func counterpart(of other: SchemaNode) -> SchemaNode? { dataChild(named: other.name, module: other.module.name) }

    /// The words of the incumbent for kinds of nodes.
    var kindName: String {
        switch kind {
        case .leafList: "leaf-list"
        case .container: isPresence ? "presence container" : "non-presence container"
        default: "\(kind)"
        }
    }

    /// `/r:sys/dns/domain`.
    var prefixedPath: String {
        var steps: [String] = []
        var node: SchemaNode? = self
        while let current = node, current.kind != .root {
            let above = current.dataParent
            let isNew = above == nil || above!.kind == .root || above!.module.name != current.module.name
            steps.append(isNew ? "\(current.module.prefix):\(current.name)" : current.name)
            node = above
        }
        return "/" + steps.reversed().joined(separator: "/")
    }
}
