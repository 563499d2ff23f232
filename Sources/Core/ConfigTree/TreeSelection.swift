import YANG

/// A part of a tree as a tree of its own: what lies at and below some paths, with what leads there.
package struct TreeSelection {
    /// Only state data, and the keys around it.
    package var stateOnly: Bool

    package init(stateOnly: Bool = false) { self.stateOnly = stateOnly }

    package func tree(_ source: DataTree, _ paths: [InstancePath]) -> DataTree {
        let draft = RowDraft(source.model.schema.root)
        for path in paths { add(path.steps[...], source.rootInstance, draft) }
        return DataTree(draft, model: source.model)
    }

    /// False if there was nothing.
    @discardableResult
    private func add(_ steps: ArraySlice<InstancePath.Step>, _ here: Instance, _ draft: RowDraft) -> Bool {
        guard let step = steps.first else { return copy(here, draft) }
        let node = step.node
        if node.kind == .list || node.kind == .leafList, step.keys.isEmpty {
            let entries = Array(here.entries(node))
            return entries.reduce(false) { addChild($1, steps.dropFirst(), draft) || $0 }
        }
        let next = node.kind == .list || node.kind == .leafList ? here.entry(node, step.keys) : here.child(node)
        return next.map { addChild($0, steps.dropFirst(), draft) } ?? false
    }

    private func addChild(_ child: Instance, _ rest: ArraySlice<InstancePath.Step>, _ draft: RowDraft) -> Bool {
        let node = child.node
        switch node.kind {
        case .leaf, .anydata, .anyxml, .leafList: return value(child, draft)
        case .list:
            let isNew = draft.existingEntry(of: node, keys: child.keys) == nil
            let found = add(rest, child, draft.entry(of: node, keys: child.keys))
            if !found, stateOnly, isNew { draft.removeEntry(of: node, keys: child.keys) }
            return found || !stateOnly
        case .mountPoint:
            return child.mountedTree.map { add(rest, child, draft.mount(node, model: $0.model)) } ?? false
        default:
            let isNew = draft.existingContainer(node) == nil
            let found = add(rest, child, draft.container(node))
            if !found, stateOnly, isNew { draft.remove(node) }
            return found || !stateOnly && node.isPresence
        }
    }

    private func value(_ leaf: Instance, _ draft: RowDraft) -> Bool {
        guard let value = leaf.value, !stateOnly || !leaf.node.isConfig else { return false }
        if leaf.node.kind == .leafList {
            draft.add(value, to: leaf.node)
        } else {
            draft.set(value, for: leaf.node)
            metadata(leaf.parent?.row, of: leaf.node.slot, draft)
        }
        return true
    }

    private func metadata(_ row: Row?, of slot: Int?, _ draft: RowDraft) {
        for item in row?.metadata?.items(of: slot) ?? [] { draft.annotate(item.name, item.value, of: slot) }
    }

    /// Copies everything below an instance; false if there was nothing.
    private func copy(_ here: Instance, _ draft: RowDraft) -> Bool {
        metadata(here.row, of: nil, draft)
        var found = !here.node.isConfig && here.node.kind == .list
        for child in here.children() {
            let node = child.node
            switch node.kind {
            case .leaf, .anydata, .anyxml, .leafList: found = value(child, draft) || found
            case .list:
                let entry = node.keys.isEmpty ? draft.appendEntry(of: node) : draft.entry(of: node, keys: child.keys)
                if copy(child, entry) {
                    found = true
                } else if stateOnly {
                    draft.removeEntry(of: node, keys: child.keys)
                }
            case .mountPoint:
                guard !stateOnly || !node.isConfig, let tree = child.mountedTree else { continue }
                found = copy(child, draft.mount(node, model: tree.model)) || found
            default:
                // State of a display group is shown to those who ask for it by name.
                if stateOnly, node.annotation("display-groups") != nil { continue }
                if copy(child, draft.container(node)) {
                    found = true
                } else if stateOnly, node.isConfig {
                    draft.remove(node)
                } else if node.isPresence {
                    found = true
                }
            }
        }
        return found
    }
}
