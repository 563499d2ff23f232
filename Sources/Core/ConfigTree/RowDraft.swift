package import YANG

/// A row under construction: what a decoder or parser fills before it is frozen into an immutable `Row`.
///
/// Children may be added in any order; `freeze` sorts them. Setting a leaf twice keeps the last value; adding an entry
/// with the keys of an earlier one merges into it.
package final class RowDraft {
    package let node: SchemaNode
    package private(set) var leaves: [Int: String] = [:]
    private var rows: [Int: RowDraft] = [:]
    private var lists: [Int: EntriesDraft] = [:]
    private var mounts: [Int: (model: DataModel, draft: RowDraft)] = [:]
    private var mountedTrees: [Int: DataTree] = [:]

    package init(_ node: SchemaNode) { self.node = node }

    package func set(_ value: String, for leaf: SchemaNode) { leaves[leaf.slot] = value }
    package func value(of leaf: SchemaNode) -> String? { leaves[leaf.slot] }

    /// The draft of a child container, made at first use.
    package func container(_ container: SchemaNode) -> RowDraft {
        if let draft = rows[container.slot] { return draft }
        let draft = RowDraft(container)
        rows[container.slot] = draft
        return draft
    }

    package func existingContainer(_ container: SchemaNode) -> RowDraft? { rows[container.slot] }

    /// Takes back all that was said of a child: a leaf, a container, every entry of a list or leaf-list.
    package func remove(_ child: SchemaNode) {
        leaves[child.slot] = nil
        rows[child.slot] = nil
        lists[child.slot] = nil
        mounts[child.slot] = nil
        mountedTrees[child.slot] = nil
    }

    /// Takes back one entry of a list, or one value of a leaf-list.
    package func removeEntry(of list: SchemaNode, keys: [String]) { lists[list.slot]?.remove(keys) }

    /// The draft of the list entry with those canonical keys, made at first use (at the end, if user-ordered).
    package func entry(of list: SchemaNode, keys: [String]) -> RowDraft {
        entries(of: list).entry(keys)
    }

    package func existingEntry(of list: SchemaNode, keys: [String]) -> RowDraft? {
        lists[list.slot]?.existing(keys)
    }

    /// An entry of a list without keys (`config false`); each call adds one.
    package func appendEntry(of list: SchemaNode) -> RowDraft { entries(of: list).append() }

    /// Adds a value to a leaf-list; false if it was there already.
    @discardableResult
    package func add(_ value: String, to leafList: SchemaNode) -> Bool { entries(of: leafList).addValue(value) }

    /// The draft of the root of a mounted tree.
    package func mount(_ point: SchemaNode, model: DataModel) -> RowDraft {
        if let mount = mounts[point.slot], mount.model === model { return mount.draft }
        let draft = RowDraft(model.schema.root)
        mountedTrees[point.slot] = nil
        mounts[point.slot] = (model, draft)
        return draft
    }

    /// Whether the child in `slot` has been begun.
    func hasContent(in slot: Int) -> Bool {
        leaves[slot] != nil || rows[slot] != nil || lists[slot] != nil || mounts[slot] != nil
            || mountedTrees[slot] != nil
    }

    /// Whether something of the child in `slot` would be stored.
    package func willStore(in slot: Int) -> Bool {
        if leaves[slot] != nil || mountedTrees[slot] != nil || lists[slot]?.isEmpty == false { return true }
        if let draft = rows[slot] { return draft.node.isPresence || !draft.isEmpty }
        return mounts[slot].map { !$0.draft.isEmpty } ?? false
    }

    /// Whether nothing below this node would be stored.
    package var isEmpty: Bool {
        leaves.isEmpty && mountedTrees.isEmpty && lists.values.allSatisfy(\.isEmpty)
            && rows.keys.allSatisfy { !willStore(in: $0) } && mounts.keys.allSatisfy { !willStore(in: $0) }
    }

    /// Mounts a finished tree as it is.
    package func mount(_ point: SchemaNode, _ tree: DataTree) {
        mounts[point.slot] = nil
        mountedTrees[point.slot] = tree.isEmpty ? nil : tree
    }

    private func entries(of list: SchemaNode) -> EntriesDraft {
        if let draft = lists[list.slot] { return draft }
        let draft = EntriesDraft(list)
        lists[list.slot] = draft
        return draft
    }

    /// The immutable row. Non-presence containers and lists without content vanish.
    package func freeze(in model: DataModel, order: UInt64 = 0) -> Row {
        var kids = ContiguousArray<KidSlot>()
        for (slot, draft) in rows {
            let row = draft.freeze(in: model)
            if row.isEmpty, draft.node.isNonPresenceContainer { continue }
            kids.append(KidSlot(slot: UInt16(slot), kid: .row(row)))
        }
        for (slot, draft) in lists {
            if let entries = draft.freeze(in: model) {
                kids.append(KidSlot(slot: UInt16(slot), kid: .entries(entries)))
            }
        }
        for (slot, mount) in mounts {
            let row = mount.draft.freeze(in: mount.model)
            if row.isEmpty { continue }
            let tree = DataTree(model: mount.model, root: row)
            kids.append(KidSlot(slot: UInt16(slot), kid: .mount(tree)))
        }
        for (slot, tree) in mountedTrees { kids.append(KidSlot(slot: UInt16(slot), kid: .mount(tree))) }
        kids.sort { $0.slot < $1.slot }
        let sorted = leaves.sorted { $0.key < $1.key }
        let size = sorted.reduce(0) { $0 + $1.value.utf8.count }
        return Row.make(node: node.id, order: order, leafCount: sorted.count, valueBytes: size, kids: kids) { base in
            var end = 0
            let values = base + sorted.count * 6
            for (index, leaf) in sorted.enumerated() {
                end += Row.write(leaf.value, at: values + end)
                base.storeBytes(of: UInt16(leaf.key), toByteOffset: index * 2, as: UInt16.self)
                base.storeBytes(of: UInt32(end), toByteOffset: sorted.count * 2 + index * 4, as: UInt32.self)
            }
        }
    }
}

/// The entries of a list or leaf-list under construction.
private final class EntriesDraft {
    let list: SchemaNode
    private var order: [RowDraft?] = []
    private var byKeys: [[String]: Int] = [:]
    private var values: [String?] = []
    private let keys: [SchemaNode]

    init(_ list: SchemaNode) {
        self.list = list
        keys = list.keys
    }

    var isEmpty: Bool { order.allSatisfy { $0 == nil } && values.allSatisfy { $0 == nil } }

    func existing(_ keys: [String]) -> RowDraft? { byKeys[keys].flatMap { order[$0] } }

    func remove(_ keys: [String]) {
        guard let index = byKeys.removeValue(forKey: keys) else { return }
        if list.kind == .leafList { values[index] = nil } else { order[index] = nil }
    }

    func entry(_ keyValues: [String]) -> RowDraft {
        if let draft = existing(keyValues) { return draft }
        let draft = append()
        byKeys[keyValues] = order.count - 1
        for (key, value) in zip(keys, keyValues) { draft.set(value, for: key) }
        return draft
    }

    func append() -> RowDraft {
        let draft = RowDraft(list)
        order.append(draft)
        return draft
    }

    func addValue(_ value: String) -> Bool {
        guard byKeys[[value]] == nil else { return false }
        byKeys[[value]] = values.count
        values.append(value)
        return true
    }

    func freeze(in model: DataModel) -> Entries? {
        var rows = ContiguousArray<Row>()
        rows.reserveCapacity(order.count + values.count)
        for (index, draft) in order.enumerated() {
            guard let draft else { continue }
            rows.append(draft.freeze(in: model, order: orderLabel(index)))
        }
        for (index, value) in values.enumerated() {
            guard let value else { continue }
            rows.append(Row.leafListEntry(list.id, value: value, order: orderLabel(index)))
        }
        return rows.isEmpty ? nil : Entries(list: list, order: model.order(of: list), rows: rows)
    }

    private func orderLabel(_ index: Int) -> UInt64 {
        list.isUserOrdered || (list.kind == .list && keys.isEmpty) ? EntryOrder.label(index) : 0
    }
}

extension Row {
    static func leafListEntry(_ node: NodeID, value: String, order: UInt64) -> Row {
        let size = value.utf8.count
        return Row.make(node: node, order: order, leafCount: 1, valueBytes: size, kids: []) { base in
            base.storeBytes(of: 0, toByteOffset: 0, as: UInt16.self)
            base.storeBytes(of: UInt32(size), toByteOffset: 2, as: UInt32.self)
            _ = Row.write(value, at: base + 6)
        }
    }
}
