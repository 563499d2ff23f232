package import YANG

/// What differs between two trees, as a tree: only nodes that changed, or that lead to one that did.
///
/// Shared rows are skipped by identity, so the cost follows the change. A subtree that was created or deleted is one
/// `DiffNode`; its content is read from its row.
package struct DiffNode: Sendable {
    package enum Change: Hashable, Sendable {
        /// Below this node something changed; the node itself is on both sides.
        case inside
        case created, deleted
        /// A leaf with another value.
        case modified
        /// An entry of a user-ordered list in another place (and perhaps changed inside).
        case moved
    }

    package var node: SchemaNode
    package var keys: [String]
    package var change: Change
    /// Content before and after: rows of containers and entries, root rows of mounted trees.
    package var old: Row?
    package var new: Row?
    /// Values of leaves and leaf-list entries.
    package var oldValue: String?
    package var newValue: String?
    /// For a created or moved entry of a user-ordered list: the keys of the entry before it; empty if it is first.
    package var after: [String]?
    /// The models of the two sides, of the mounted trees at a mount point.
    package var oldModel: DataModel
    package var newModel: DataModel
    package var children: [DiffNode]
    /// What differs in the node's own metadata, if that was asked for. A leaf of which nothing else changed is `inside`.
    package var metadata: [MetadataChange] = []
}

extension DataTree {
    /// The differences from this tree to `other`; both over the same model (the mounted trees may differ in theirs: then
    /// one is deleted and the other created). With `metadata`, also where nothing but metadata differs.
    package func diff(to other: DataTree, includingMetadata metadata: Bool = false) -> [DiffNode] {
        TreeDiffer(old: model, new: other.model, readsMetadata: metadata)
            .children(root, other.root, model.schema.root)
    }
}

private struct TreeDiffer {
    let old: DataModel
    let new: DataModel
    let readsMetadata: Bool

    private func metadata(_ a: Row?, _ b: Row?, of slot: Int? = nil) -> [MetadataChange] {
        readsMetadata ? MetadataChange.between(a?.metadata, b?.metadata, of: slot) : []
    }

    /// The differences below two rows of the same schema node, in schema order.
    func children(_ a: Row, _ b: Row, _ parent: SchemaNode) -> [DiffNode] {
        guard !(a === b) else { return [] }
        var result: [DiffNode] = []
        let isSame = a.hasSameLeaves(as: b) && (!readsMetadata || a.metadata == b.metadata)
        let leaves = isSame ? [] : leaves(a, b, parent)
        var next = 0
        for slot in mergedSlots(a.kids, b.kids) {
            while next < leaves.count, leaves[next].node.slot < slot {
                result.append(leaves[next])
                next += 1
            }
            kids(a.kid(in: slot), b.kid(in: slot), parent.dataChild(at: slot), &result)
        }
        return result + leaves[next...]
    }

    private func mergedSlots(_ a: ContiguousArray<KidSlot>, _ b: ContiguousArray<KidSlot>) -> [Int] {
        var slots: [Int] = []
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            let left = i < a.count ? Int(a[i].slot) : .max
            let right = j < b.count ? Int(b[j].slot) : .max
            if left != right || !a[i].kid.isSame(as: b[j].kid) { slots.append(min(left, right)) }
            if left <= right { i += 1 }
            if right <= left { j += 1 }
        }
        return slots
    }

    private func leaves(_ a: Row, _ b: Row, _ parent: SchemaNode) -> [DiffNode] {
        var result: [DiffNode] = []
        for position in 0..<a.leafCount {
            let slot = a.leafSlot(at: position)
            let (before, after) = (a.value(at: position), b.value(in: slot))
            let metadata = after == nil ? [] : metadata(a, b, of: slot)
            guard before != after || !metadata.isEmpty else { continue }
            let change: DiffNode.Change = after == nil ? .deleted : before == after ? .inside : .modified
            result.append(make(parent.dataChild(at: slot), change, values: (before, after), metadata: metadata))
        }
        for position in 0..<b.leafCount {
            let slot = b.leafSlot(at: position)
            guard !a.hasValue(in: slot) else { continue }
            let metadata = metadata(a, b, of: slot)
            result.append(
                make(parent.dataChild(at: slot), .created, values: (nil, b.value(at: position)), metadata: metadata))
        }
        return result.sorted { $0.node.slot < $1.node.slot }
    }

    private func make(
        _ node: SchemaNode, _ change: DiffNode.Change, keys: [String] = [], rows: (Row?, Row?) = (nil, nil),
        values: (String?, String?) = (nil, nil), after: [String]? = nil, children: [DiffNode] = [],
        metadata: [MetadataChange] = []
    ) -> DiffNode {
        DiffNode(
            node: node, keys: keys, change: change, old: rows.0, new: rows.1, oldValue: values.0, newValue: values.1,
            after: after, oldModel: old, newModel: new, children: children, metadata: metadata)
    }

    private func kids(_ a: Kid?, _ b: Kid?, _ node: SchemaNode, _ result: inout [DiffNode]) {
        switch node.kind {
        case .list, .leafList: entries(a?.entries, b?.entries, node, &result)
        case .mountPoint: mounts(a?.tree, b?.tree, node, &result)
        default:
            switch (a?.row, b?.row) {
            case (let before?, let after?):
                let inside = children(before, after, node)
                let metadata = metadata(before, after)
                if !inside.isEmpty || !metadata.isEmpty {
                    result.append(
                        make(node, .inside, rows: (before, after), children: inside, metadata: metadata))
                }
            case (nil, let after?): result.append(make(node, .created, rows: (nil, after)))
            case (let before?, nil): result.append(make(node, .deleted, rows: (before, nil)))
            case (nil, nil): break
            }
        }
    }

    private func mounts(_ a: DataTree?, _ b: DataTree?, _ node: SchemaNode, _ result: inout [DiffNode]) {
        if let a, let b, a.model === b.model {
            let inner = TreeDiffer(old: a.model, new: b.model, readsMetadata: readsMetadata)
            let inside = inner.children(a.root, b.root, a.model.schema.root)
            let metadata = metadata(a.root, b.root)
            guard !inside.isEmpty || !metadata.isEmpty else { return }
            result.append(
                inner.make(node, .inside, rows: (a.root, b.root), children: inside, metadata: metadata))
            return
        }
        func differ(_ tree: DataTree) -> TreeDiffer {
            TreeDiffer(old: tree.model, new: tree.model, readsMetadata: readsMetadata)
        }
        if let a { result.append(differ(a).make(node, .deleted, rows: (a.root, nil))) }
        if let b { result.append(differ(b).make(node, .created, rows: (nil, b.root))) }
    }

    private func entries(_ a: Entries?, _ b: Entries?, _ list: SchemaNode, _ result: inout [DiffNode]) {
        let isOrdered = (a ?? b)?.isUserOrdered ?? false
        var found: [DiffNode] = []
        var isReordered = a == nil
        switch (a, b) {
        case (let a?, let b?):
            Entries.forEachDifference(a, b) { before, after in
                if let before, let after, before.order != after.order { isReordered = true }
                pair(before, after, list, a, &found)
            }
        case (nil, let b?): for row in b.rows { pair(nil, row, list, b, &found) }
        case (let a?, nil): for row in a.rows { pair(row, nil, list, a, &found) }
        case (nil, nil): break
        }
        if isOrdered, let b, !list.keys.isEmpty || list.kind == .leafList {
            found = isReordered ? ordered(found, a, b, list) : withPlaces(found, b)
        }
        result += found
    }

    private func pair(_ a: Row?, _ b: Row?, _ list: SchemaNode, _ entries: Entries, _ result: inout [DiffNode]) {
        let keys = entries.keys(of: b ?? a!)
        let value = list.kind == .leafList ? keys.first : nil
        switch (a, b) {
        case (let a?, let b?):
            let inside = list.kind == .leafList ? [] : children(a, b, list)
            let metadata = metadata(a, b)
            guard !inside.isEmpty || !metadata.isEmpty else { return }
            result.append(
                make(
                    list, .inside, keys: keys, rows: (a, b), values: (value, value), children: inside,
                    metadata: metadata))
        case (nil, let b?):
            result.append(
                make(list, .created, keys: keys, rows: (nil, b), values: (nil, value), metadata: metadata(nil, b)))
        case (let a?, nil): result.append(make(list, .deleted, keys: keys, rows: (a, nil), values: (value, nil)))
        case (nil, nil): break
        }
    }

    /// Completes the differences of a user-ordered list in which every entry that stays has kept its label, and so its
    /// place among the others: only what is new needs one. Costs what differs.
    private func withPlaces(_ found: [DiffNode], _ b: Entries) -> [DiffNode] {
        var result = found.filter { $0.change == .deleted }
        for var change in found.filter({ $0.change != .deleted }).sorted(by: { $0.label < $1.label }) {
            if change.change == .created, let row = change.new, let index = b.position(of: row) {
                change.after = index == 0 ? [] : b.keys(of: b[index - 1])
            }
            result.append(change)
        }
        return result
    }

    /// Completes the differences of a user-ordered list with places: the fewest entries count as moved (all but a
    /// longest run that kept its order), and the result is in the new order, deletions first.
    private func ordered(_ found: [DiffNode], _ a: Entries?, _ b: Entries, _ list: SchemaNode) -> [DiffNode] {
        var byKeys: [[String]: DiffNode] = [:]
        for change in found where change.change != .deleted { byKeys[change.keys] = change }
        var oldPlace: [[String]: Int] = [:]
        if let a { for (index, row) in a.rows.enumerated() { oldPlace[a.keys(of: row)] = index } }
        let newOrder = b.rows.map { (keys: b.keys(of: $0), row: $0) }
        let kept = LongestRun.indices(newOrder.map { oldPlace[$0.keys] ?? -1 })
        var result = found.filter { $0.change == .deleted }
        var previous: [String] = []
        for (index, entry) in newOrder.enumerated() {
            defer { previous = entry.keys }
            if var change = byKeys[entry.keys] {
                if change.change == .created {
                    change.after = previous
                } else if !kept.contains(index) {
                    change.change = .moved
                    change.after = previous
                }
                result.append(change)
            } else if !kept.contains(index) {
                let old = a?.entry(entry.keys)
                result.append(make(list, .moved, keys: entry.keys, rows: (old, entry.row), after: previous))
            }
        }
        return result
    }
}

extension DiffNode {
    fileprivate var label: UInt64 { new?.order ?? 0 }
}

extension Kid {
    package var row: Row? { if case .row(let row) = self { row } else { nil } }
    package var entries: Entries? { if case .entries(let entries) = self { entries } else { nil } }
    package var tree: DataTree? { if case .mount(let tree) = self { tree } else { nil } }
}

/// A longest increasing subsequence, by patience sorting.
enum LongestRun {
    /// Indices into `places` of a longest ascending run; entries below 0 take no part.
    static func indices(_ places: [Int]) -> Set<Int> {
        var tails: [Int] = []
        var previous = [Int](repeating: -1, count: places.count)
        for (index, place) in places.enumerated() where place >= 0 {
            var low = 0
            var high = tails.count
            while low < high {
                let middle = (low + high) / 2
                if places[tails[middle]] < place { low = middle + 1 } else { high = middle }
            }
            if low > 0 { previous[index] = tails[low - 1] }
            if low == tails.count { tails.append(index) } else { tails[low] = index }
        }
        var result: Set<Int> = []
        var index = tails.last ?? -1
        while index >= 0 {
            result.insert(index)
            index = previous[index]
        }
        return result
    }
}
