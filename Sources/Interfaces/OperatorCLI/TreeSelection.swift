import ConfigTree
import YANG

/// A part of a tree as a tree of its own: what lies at and below some paths, with what leads there.
struct TreeSelection {
    /// Only state data, and the keys around it.
    var stateOnly = false

    func tree(_ source: DataTree, _ paths: [InstancePath]) -> DataTree {
        let draft = RowDraft(source.model.schema.root)
        for path in paths { add(path.steps[...], source.rootInstance, draft) }
        return DataTree(draft, model: source.model)
    }

    private func add(_ steps: ArraySlice<InstancePath.Step>, _ here: Instance, _ draft: RowDraft) {
        guard let step = steps.first else {
            _ = copy(here, draft)
            return
        }
        let node = step.node
        if node.kind == .list || node.kind == .leafList, step.keys.isEmpty {
            for entry in here.entries(node) { addChild(entry, steps.dropFirst(), draft) }
            return
        }
        let next = node.kind == .list || node.kind == .leafList ? here.entry(node, step.keys) : here.child(node)
        if let next { addChild(next, steps.dropFirst(), draft) }
    }

    private func addChild(_ child: Instance, _ rest: ArraySlice<InstancePath.Step>, _ draft: RowDraft) {
        switch child.node.kind {
        case .leaf, .anydata, .anyxml, .leafList: _ = value(child, draft)
        case .list: add(rest, child, draft.entry(of: child.node, keys: child.keys))
        case .mountPoint:
            if let tree = child.mountedTree { add(rest, child, draft.mount(child.node, model: tree.model)) }
        default: add(rest, child, draft.container(child.node))
        }
    }

    private func value(_ leaf: Instance, _ draft: RowDraft) -> Bool {
        guard let value = leaf.value, !stateOnly || !leaf.node.isConfig else { return false }
        if leaf.node.kind == .leafList {
            draft.add(value, to: leaf.node)
        } else {
            draft.set(value, for: leaf.node)
        }
        return true
    }

    /// Copies everything below an instance; false if there was nothing.
    private func copy(_ here: Instance, _ draft: RowDraft) -> Bool {
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
