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
        let run = CarrierRun(model)
        let draft = RowDraft(model.schema.root)
        run.carryRoot(data.root, data.model, draft, model)
        return CarriedData(tree: DataTree(draft, model: model), losses: run.losses)
    }
}

private final class CarrierRun {
    private var counted: [Loss: Int] = [:]
    private var order: [Loss] = []
    private var prefix = ""
    /// The model that data is carried to; another one below a mount point.
    private var model: DataModel

    init(_ model: DataModel) { self.model = model }

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
        _ row: Row, _ node: SchemaNode, _ old: DataModel, _ draft: RowDraft, _ new: DataModel, _ values: ValueContext,
        except carried: Set<Int> = []
    ) {
        for position in 0..<row.leafCount where !carried.contains(row.leafSlot(at: position)) {
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
        guard target.kind == leaf.kind || (leaf.kind == .leaf && target.kind == .leafList) else {
            return lose(leaf, "the node is now a \(target.kindName)")
        }
        if let reason = obstacle(leaf, target, draft) { return lose(leaf, reason) }
        switch convert(value, leaf, target, values) {
        case .lost(let reason): lose(leaf, reason)
        case .carried(let value):
            if target.kind == .leafList { draft.add(value, to: target) } else { draft.set(value, for: target) }
        }
    }

    /// Why nothing of `node` can stand at `target`, whatever it holds.
    private func obstacle(_ node: SchemaNode, _ target: SchemaNode, _ draft: RowDraft) -> String? {
        if node.isConfig, !target.isConfig { return "the node is no longer configuration" }
        // In the old model they may have stood side by side: the first one chooses the case.
        if model.rivals(of: target).contains(where: draft.willStore) { return "data of another case is there" }
        return nil
    }

    private enum Conversion {
        case carried(String)
        case lost(String)
    }

    /// The value in the new type's canonical form. A secret stays in the form in which it is stored; plain text that
    /// becomes a secret is handed on as it is, for whoever seals secrets.
    private func convert(
        _ value: String, _ leaf: SchemaNode, _ target: SchemaNode, _ values: ValueContext
    ) -> Conversion {
        guard let old = leaf.type, let new = target.type else { return .carried(value) }
        if let secret = old.secret, secret != new.secret {
            return .lost(
                new.secret == nil
                    ? "a secret has no place in a type that is none"
                    : "a secret of this kind has no place in the new type")
        }
        if new.secret != nil { return .carried(value) }
        do throws(ValueError) {
            return .carried(try new.canonical(value, in: values))
        } catch {
            // An identity that has moved to another module.
            if old.base == .identityref, let name = value.split(separator: ":").last,
                let same = try? new.canonical(String(name), in: values)
            {
                return .carried(same)
            }
            return .lost("a value does not fit the new type: \(error.message)")
        }
    }

    private func carryContainer(
        _ node: SchemaNode, _ row: Row, _ old: DataModel, _ draft: RowDraft, _ new: DataModel, _ values: ValueContext
    ) {
        guard let target = draft.node.counterpart(of: node) else {
            return lose(node, "the sub-tree is gone", instances: row.instanceCount(node))
        }
        guard target.kind == node.kind else {
            return lose(node, "the node is now a \(target.kindName)", instances: row.instanceCount(node))
        }
        if let reason = obstacle(node, target, draft) { return lose(node, reason, instances: row.instanceCount(node)) }
        carry(row, node, old, draft.container(target), new, values)
        if node.isPresence, !target.isPresence { lose(node, "the container has no presence any more") }
        // A container that existed only by its content is not switched on when nothing of that is left.
        if !node.isPresence, target.isPresence, draft.container(target).isEmpty { draft.remove(target) }
    }

    private func carryEntries(
        _ node: SchemaNode, _ entries: Entries, _ old: DataModel, _ draft: RowDraft, _ new: DataModel,
        _ values: ValueContext
    ) {
        guard let target = draft.node.counterpart(of: node) else {
            return lose(node, "the sub-tree is gone", instances: entries.instanceCount(node))
        }
        if let reason = obstacle(node, target, draft) {
            return lose(node, reason, instances: entries.instanceCount(node))
        }
        for row in entries.rows {
            switch (node.kind, target.kind) {
            case (.leafList, .leafList), (.leafList, .leaf): carryValue(node, row, target, draft, values)
            case (.list, .list): carryEntry(node, row, target, old, draft, new, values)
            default: lose(node, "the node is now a \(target.kindName)", instances: row.instanceCount(node))
            }
        }
    }

    private func carryValue(
        _ node: SchemaNode, _ row: Row, _ target: SchemaNode, _ draft: RowDraft, _ values: ValueContext
    ) {
        switch convert(row.value(at: 0), node, target, values) {
        case .lost(let reason): lose(node, reason)
        case .carried(let value) where target.kind == .leafList:
            if !draft.add(value, to: target) { lose(node, "another value is the same now") }
        case .carried(let value):
            guard draft.value(of: target) == nil else {
                return lose(node, "the leaf-list is now a leaf, which holds one value")
            }
            draft.set(value, for: target)
        }
    }

    private func carryEntry(
        _ node: SchemaNode, _ row: Row, _ target: SchemaNode, _ old: DataModel, _ draft: RowDraft, _ new: DataModel,
        _ values: ValueContext
    ) {
        var keys: [String] = []
        var renamedSlots: Set<Int> = []
        for (position, key) in target.keys.enumerated() {
            var source = node.counterpart(of: key)
            if source == nil, let renamed = renamedKey(node, target, position) {
                source = renamed
                renamedSlots.insert(renamed.slot)
            }
            guard let source, let value = row.value(in: source.slot) ?? source.defaults.first
            else {
                let reason = "an entry has no value for the key \(key.name)"
                return lose(node, reason, instances: row.instanceCount(node))
            }
            switch convert(value, source, key, values) {
            case .carried(let value): keys.append(value)
            case .lost(let reason):
                return lose(node, "key \(key.name): \(reason)", instances: row.instanceCount(node))
            }
        }
        if target.keys.isEmpty {
            return carry(row, node, old, draft.appendEntry(of: target), new, values)
        }
        guard draft.existingEntry(of: target, keys: keys) == nil else {
            return lose(node, "another entry has the same keys now", instances: row.instanceCount(node))
        }
        carry(row, node, old, draft.entry(of: target, keys: keys), new, values, except: renamedSlots)
    }

    /// The old key that is the new one at `position` under another name: the one at the same place, if as many keys
    /// stand before and behind it and its own name is gone.
    private func renamedKey(_ node: SchemaNode, _ target: SchemaNode, _ position: Int) -> SchemaNode? {
        let keys = node.keys
        guard keys.count == target.keys.count, target.counterpart(of: keys[position]) == nil else { return nil }
        return keys[position]
    }

    private func carryMount(_ point: SchemaNode, _ tree: DataTree, _ draft: RowDraft, _ new: DataModel) {
        guard let target = draft.node.counterpart(of: point), target.kind == .mountPoint else {
            return lose(point, "the mount point is gone", instances: tree.instanceCount)
        }
        guard let inner = new.mounted(draft.freeze(in: new), target) else {
            return lose(point, "no driver is loaded for it", instances: tree.instanceCount)
        }
        if inner === tree.model {
            draft.mount(target, tree)
            return
        }
        let outer = (prefix, model)
        prefix += point.prefixedPath
        model = inner
        carryRoot(tree.root, tree.model, draft.mount(target, model: inner), inner)
        (prefix, model) = outer
    }
}

extension Row {
    /// Values, presence containers and list entries in this row of `node`, itself counted.
    func instanceCount(_ node: SchemaNode) -> Int {
        if node.kind == .leafList { return 1 }
        let own = node.kind == .list || node.isPresence ? 1 : 0
        return kids.reduce(own + leafCount) { sum, kid in
            let child = node.dataChild(at: Int(kid.slot))
            switch kid.kid {
            case .row(let row): return sum + row.instanceCount(child)
            case .entries(let entries): return sum + entries.instanceCount(child)
            case .mount(let tree): return sum + tree.instanceCount
            }
        }
    }
}

extension Entries {
    func instanceCount(_ node: SchemaNode) -> Int { rows.reduce(0) { $0 + $1.instanceCount(node) } }
}

extension DataTree {
    var instanceCount: Int { root.instanceCount(model.schema.root) }
}
