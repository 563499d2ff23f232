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
        for child in new.dataChildren where old.counterpart(of: child) == nil { noteAdded(child) }
        compareChoices(old, new)
    }

    private mutating func noteAdded(_ node: SchemaNode) {
        let kind = node.kind == .leaf ? "leaf" : "sub-tree"
        if node.needsValue {
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
            compareFlags(old, new)
            compareConstraints(old, new)
            return compareChildren(old, new)
        }
        compareFlags(old, new)
        if old.isTerminal { compareTypes(old, new) }
        if old.kind == .list { compareKeys(old, new) }
        compareConstraints(old, new)
        if !old.isTerminal { compareChildren(old, new) }
    }

    /// Choices below a node, and below the cases of those: their data nodes are compared like all others.
    private mutating func compareChoices(_ old: SchemaNode, _ new: SchemaNode) {
        func sameChild(_ child: SchemaNode, of parent: SchemaNode) -> SchemaNode? {
            parent.children.first {
                $0.kind == child.kind && $0.name == child.name && $0.module.name == child.module.name
            }
        }
        for choice in new.children where choice.kind == .choice && sameChild(choice, of: old) == nil {
            if choice.isMandatory, choice.isConfig {
                add(choice, "mandatory choice has been added", .incompatible, old: nil)
            }
        }
        for choice in old.children where choice.kind == .choice {
            guard let other = sameChild(choice, of: new) else { continue }
            if choice.isMandatory != other.isMandatory {
                let info = other.isMandatory ? "node is now mandatory" : "node is no longer mandatory"
                add(choice, info, other.isMandatory ? .incompatible : .compatible, old: choice)
            }
            if choice.defaults != other.defaults {
                add(choice, "default case has changed", .incompatible, old: choice)
            }
            for branch in choice.children where branch.kind == .case {
                if let same = sameChild(branch, of: other) { compareChoices(branch, same) }
            }
        }
    }

    private mutating func comparePlaces(_ old: SchemaNode, _ new: SchemaNode) {
        let (before, after) = (old.cases, new.cases)
        guard before != after else { return }
        // Out of a choice nothing excludes the node any more.
        let info = after.isEmpty ? "node is no longer in a choice" : "node has moved to another case"
        add(old, info, after.isEmpty ? .compatible : .incompatible, old: old)
    }

    private mutating func compareFlags(_ old: SchemaNode, _ new: SchemaNode) {
        comparePlaces(old, new)
        // What lies below follows, and is not said again.
        if old.isConfig != new.isConfig, old.dataParent?.isConfig == new.dataParent?.isConfig {
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
            let isRemoved = new.defaults.isEmpty
            let verb = old.defaults.isEmpty ? "been added" : isRemoved ? "been removed" : "changed"
            add(old, "default value has \(verb)", old.defaults.isEmpty ? .compatible : .incompatible, old: old)
        }
        if old.status != new.status { add(old, "status has changed to \(new.status)", .compatible, old: old) }
    }

    private mutating func compareTypes(_ old: SchemaNode, _ new: SchemaNode) {
        guard let before = old.type, let after = new.type else { return }
        let verdict = TypeComparison(
            from: before, to: after, isLeafList: old.kind == .leafList, old.schema, new.schema)
        if let info = verdict.info {
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
        let before = old.uniques.map { $0.map(\.prefixedPath) }
        let after = new.uniques.map { $0.map(\.prefixedPath) }
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

    /// Whether data must have the node wherever it has the parent: a "mandatory node" (RFC 7950 section 3).
    var needsValue: Bool {
        guard isConfig else { return false }
        switch kind {
        case .leaf, .anydata, .anyxml, .choice: return isMandatory
        case .list, .leafList: return minElements > 0
        case .container: return !isPresence && children.contains(where: \.needsValue)
        default: return false
        }
    }

    /// The choices that the node stands in, innermost first, each with the name of the case.
    var cases: [String] {
        var result: [String] = []
        var below = self
        while let above = below.parent, above.kind == .choice || above.kind == .case {
            if above.kind == .choice { result.append("\(above.name):\(below.name)") }
            below = above
        }
        return result
    }

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
