package import ConfigTree
import YANG

/// Data that found no place under a new model, summed up by the schema path it was at.
package struct Loss: Hashable, Sendable {
    /// `/ios:interface/speed`; below a mount point, after the path of that.
    package var path: String
    package var reason: String
    package var instances: Int
}

package struct CarriedData: Sendable {
    package var tree: DataTree
    package var losses: [Loss]
}

/// Carries data over to another model: node by node where module and name agree, converting values where they fit.
///
/// Trees that are mounted under a model that stays the same are taken over as they are. Nothing is lost unsaid: every
/// instance that is not carried over is counted in a `Loss`.
package enum DataCarrier {
    package static func carry(_ data: DataTree, to model: DataModel) -> CarriedData {
        if data.model === model { return CarriedData(tree: data, losses: []) }
        let run = CarrierRun()
        let draft = RowDraft(model.schema.root)
        run.carryRoot(data.root, data.model, draft, model)
        return CarriedData(tree: DataTree(draft, model: model), losses: run.losses)
    }
}

private final class CarrierRun {
    private var counted: [Loss: Int] = [:]
    private var order: [Loss] = []
    private var prefix = ""

    var losses: [Loss] {
        order.map { loss in
            var loss = loss
            loss.instances = counted[loss] ?? 0
            return loss
        }
    }

    private func lose(_ node: SchemaNode, _ reason: String, instances: Int = 1) {
        let key = Loss(path: prefix + node.prefixedPath, reason: reason, instances: 0)
        if counted[key] == nil { order.append(key) }
        counted[key, default: 0] += instances
    }

    func carryRoot(_ row: Row, _ old: DataModel, _ draft: RowDraft, _ new: DataModel) {
        carry(row, old.schema.root, old, draft, new, ValueContext(schema: new.schema))
    }

    private func carry(
        _ row: Row, _ node: SchemaNode, _ old: DataModel, _ draft: RowDraft, _ new: DataModel, _ values: ValueContext
    ) {
        for position in 0..<row.leafCount {
            let leaf = node.dataChild(at: row.leafSlot(at: position))
            carryLeaf(leaf, row.value(at: position), draft, values)
        }
        var mounts: [(SchemaNode, DataTree)] = []
        for kid in row.kids {
            let child = node.dataChild(at: Int(kid.slot))
            switch kid.kid {
            case .mount(let tree): mounts.append((child, tree))
            case .row(let inner): carryContainer(child, inner, old, draft, new, values)
            case .entries(let entries): carryEntries(child, entries, old, draft, new, values)
            }
        }
        // Which model is mounted depends on the leaves beside the mount point, so those come first.
        for (point, tree) in mounts { carryMount(point, tree, draft, new) }
    }

    private func carryLeaf(_ leaf: SchemaNode, _ value: String, _ draft: RowDraft, _ values: ValueContext) {
        guard let target = draft.node.counterpart(of: leaf) else { return lose(leaf, "the node is gone") }
        guard let carried = convert(value, leaf, target, values) else { return }
        switch target.kind {
        case .leaf, .anydata, .anyxml: draft.set(carried, for: target)
        case .leafList: draft.add(carried, to: target)
        default: lose(leaf, "the node is now a \(target.kindName)")
        }
    }

    /// The value in the new type's canonical form; nil, and a loss, if it does not fit.
    private func convert(
        _ value: String, _ leaf: SchemaNode, _ target: SchemaNode, _ values: ValueContext
    ) -> String? {
        guard let old = leaf.type, let new = target.type else { return value }
        if old.secret != nil || new.secret != nil {
            if new.secret != nil { return value }
            lose(leaf, "a secret has no place in a type that is none")
            return nil
        }
        do throws(ValueError) {
            return try new.canonical(value, in: values)
        } catch {
            if old.base == .identityref, let name = value.split(separator: ":").last,
                let same = try? new.canonical(String(name), in: values)
            {
                return same
            }
            lose(leaf, "a value does not fit the new type: \(error.message)")
            return nil
        }
    }

    private func carryContainer(
        _ node: SchemaNode, _ row: Row, _ old: DataModel, _ draft: RowDraft, _ new: DataModel, _ values: ValueContext
    ) {
        guard let target = draft.node.counterpart(of: node) else {
            return lose(node, "the sub-tree is gone", instances: row.instanceCount)
        }
        guard target.kind == node.kind else {
            return lose(node, "the node is now a \(target.kindName)", instances: row.instanceCount)
        }
        carry(row, node, old, draft.container(target), new, values)
    }

    private func carryEntries(
        _ node: SchemaNode, _ entries: Entries, _ old: DataModel, _ draft: RowDraft, _ new: DataModel,
        _ values: ValueContext
    ) {
        guard let target = draft.node.counterpart(of: node) else {
            return lose(node, "the sub-tree is gone", instances: entries.rows.reduce(0) { $0 + $1.instanceCount })
        }
        for row in entries.rows {
            switch (node.kind, target.kind) {
            case (.leafList, .leafList), (.leafList, .leaf): carryValue(node, row, target, draft, values)
            case (.list, .list): carryEntry(node, row, target, old, draft, new, values)
            default: lose(node, "the node is now a \(target.kindName)", instances: row.instanceCount)
            }
        }
    }

    private func carryValue(
        _ node: SchemaNode, _ row: Row, _ target: SchemaNode, _ draft: RowDraft, _ values: ValueContext
    ) {
        guard let value = convert(row.value(at: 0), node, target, values) else { return }
        if target.kind == .leafList {
            draft.add(value, to: target)
        } else if draft.value(of: target) == nil {
            draft.set(value, for: target)
        } else {
            lose(node, "the leaf-list is now a leaf, which holds one value")
        }
    }

    private func carryEntry(
        _ node: SchemaNode, _ row: Row, _ target: SchemaNode, _ old: DataModel, _ draft: RowDraft, _ new: DataModel,
        _ values: ValueContext
    ) {
        var keys: [String] = []
        let isSameShape = node.keys.count == target.keys.count
        for (position, key) in target.keys.enumerated() {
            // A key under another name is the same key if as many keys stand before and behind it.
            let renamed = isSameShape ? node.keys[position] : nil
            guard let source = node.counterpart(of: key) ?? renamed,
                let value = row.value(in: source.slot) ?? source.defaults.first,
                let carried = convert(value, source, key, values)
            else {
                return lose(node, "its entry has no value for the key \(key.name)", instances: row.instanceCount)
            }
            keys.append(carried)
        }
        if target.keys.isEmpty {
            return carry(row, node, old, draft.appendEntry(of: target), new, values)
        }
        guard draft.existingEntry(of: target, keys: keys) == nil else {
            return lose(node, "another entry has the same keys now", instances: row.instanceCount)
        }
        carry(row, node, old, draft.entry(of: target, keys: keys), new, values)
    }

    private func carryMount(_ point: SchemaNode, _ tree: DataTree, _ draft: RowDraft, _ new: DataModel) {
        guard let target = draft.node.counterpart(of: point), target.kind == .mountPoint else {
            return lose(point, "the mount point is gone", instances: tree.root.instanceCount)
        }
        guard let inner = new.mounted(draft.freeze(in: new), target) else {
            return lose(point, "no driver is loaded for it", instances: tree.root.instanceCount)
        }
        if inner === tree.model {
            draft.mount(target, tree)
            return
        }
        let outer = prefix
        prefix += point.prefixedPath
        carryRoot(tree.root, tree.model, draft.mount(target, model: inner), inner)
        prefix = outer
    }
}

extension Row {
    /// Values, containers and entries stored in and below this row.
    var instanceCount: Int {
        kids.reduce(leafCount) { sum, kid in
            switch kid.kid {
            case .row(let row): sum + row.instanceCount
            case .entries(let entries): entries.rows.reduce(sum) { $0 + $1.instanceCount }
            case .mount(let tree): sum + tree.root.instanceCount
            }
        }
    }
}
