package import YANG

/// A row under construction: what a decoder or parser fills before it is frozen into an immutable `Row`.
///
/// Children may be added in any order; `freeze` sorts them. Setting a leaf twice keeps the last value; adding an entry
/// with the keys of an earlier one merges into it.
///
/// Invariants: leaves lie packed as in a row, ascending by slot if `isAscending`; a slot has one leaf or one kid.
package final class RowDraft {
    package private(set) var node: SchemaNode
    private var leaves = ContiguousArray<DraftLeaf>()
    private var bytes = ContiguousArray<UInt8>()
    private var isAscending = true
    private var kids = ContiguousArray<DraftKid>()
    private var metadata: RowMetadata?

    package init(_ node: SchemaNode) { self.node = node }

    /// Continues a finished row, such as one that a document takes up again.
    convenience init(_ node: SchemaNode, continuing row: Row) {
        self.init(node)
        for position in 0..<row.leafCount {
            row.withValue(at: position) { append(UnsafeRawBufferPointer($0), in: row.leafSlot(at: position)) }
        }
        kids = ContiguousArray(row.kids.map { DraftKid(slot: Int($0.slot), content: .finished($0.kid)) })
        metadata = row.metadata
    }

    /// Forgets everything, to be filled for another node.
    func reset(_ node: SchemaNode) {
        self.node = node
        leaves.removeAll(keepingCapacity: true)
        // One very large entry should not hold its memory while the rest of the document is read.
        bytes.removeAll(keepingCapacity: bytes.capacity < 1 << 16)
        kids.removeAll(keepingCapacity: true)
        isAscending = true
        metadata = nil
    }

    // MARK: Leaves

    package func set(_ value: String, for leaf: SchemaNode) { set(value, in: leaf.slot) }

    package func set(_ value: String, in slot: Int) {
        var value = value
        value.withUTF8 { set(UnsafeRawBufferPointer($0), in: slot) }
    }

    /// Sets a leaf to bytes that are known to be canonical.
    package func set(_ value: UnsafeRawBufferPointer, in slot: Int) {
        if let position = position(of: slot) { removeLeaf(at: position) }
        append(value, in: slot)
    }

    /// Sets a leaf that is known not to be set.
    func append(_ value: UnsafeRawBufferPointer, in slot: Int) {
        if let last = leaves.last {
            if Int(last.slot) > slot { isAscending = false }
        } else {
            // Most rows are that small, and need not grow.
            leaves.reserveCapacity(4)
            bytes.reserveCapacity(48)
        }
        bytes.append(contentsOf: value)
        leaves.append(DraftLeaf(slot: UInt16(slot), end: UInt32(bytes.count)))
    }

    package func value(of leaf: SchemaNode) -> String? { value(in: leaf.slot) }

    func value(in slot: Int) -> String? {
        position(of: slot).map { position in withValue(at: position) { String(decoding: $0, as: UTF8.self) } }
    }

    func hasLeaf(in slot: Int) -> Bool { position(of: slot) != nil }

    @inline(__always)
    private func position(of slot: Int) -> Int? {
        guard let last = leaves.last else { return nil }
        if isAscending, Int(last.slot) < slot { return nil }
        return leaves.firstIndex { Int($0.slot) == slot }
    }

    /// Hands over the bytes of the leaf in `slot`, none if it is not set.
    func withBytes<R>(in slot: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        guard let position = position(of: slot) else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return withValue(at: position) { body(UnsafeRawBufferPointer($0)) }
    }

    private func withValue<R>(at position: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        let range = range(at: position)
        return bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    private func removeLeaf(at position: Int) {
        let range = range(at: position)
        bytes.removeSubrange(range)
        leaves.remove(at: position)
        for later in position..<leaves.count { leaves[later].end -= UInt32(range.count) }
    }

    /// Where the value of a leaf lies.
    @inline(__always)
    private func range(at position: Int) -> Range<Int> {
        (position == 0 ? 0 : Int(leaves[position - 1].end))..<Int(leaves[position].end)
    }

    /// Says `name` of the leaf in `slot`, or of this node.
    func annotate(_ name: String, _ value: String, of slot: Int? = nil) {
        let item = RowMetadata.Item(slot: slot, name: name, value: value)
        metadata = metadata.map { $0.setting(value, name, of: slot) } ?? RowMetadata([item])
    }

    func removeLeaf(in slot: Int) {
        if let position = position(of: slot) { removeLeaf(at: position) }
        metadata = metadata?.dropping(slot)
    }

    // MARK: Kids

    private func index(of slot: Int) -> Int? { kids.lastIndex { $0.slot == slot } }

    private func put(_ content: DraftKid.Content, in slot: Int) {
        if let index = index(of: slot) {
            kids[index].content = content
        } else {
            kids.append(DraftKid(slot: slot, content: content))
        }
    }

    /// The draft of a child container, made at first use.
    package func container(_ container: SchemaNode) -> RowDraft { self.container(in: container.slot) }

    /// The draft of the child container in `slot`, made at first use.
    package func container(in slot: Int) -> RowDraft {
        if let index = index(of: slot), case .row(let draft) = kids[index].content { return draft }
        let container = node.dataChild(at: slot)
        if let draft = existingContainer(container) { return draft }
        let draft = RowDraft(container)
        put(.row(draft), in: slot)
        return draft
    }

    package func existingContainer(_ container: SchemaNode) -> RowDraft? {
        guard let index = index(of: container.slot) else { return nil }
        switch kids[index].content {
        case .row(let draft): return draft
        case .finished(.row(let row)):
            let draft = RowDraft(container, continuing: row)
            kids[index].content = .row(draft)
            return draft
        default: return nil
        }
    }

    /// Adds a finished container that was not begun here.
    func add(_ row: Row, as container: SchemaNode) { put(.finished(.row(row)), in: container.slot) }

    /// Takes over a child of a finished row of the same node, whole and uncopied: a leaf, a container, all entries.
    package func adopt(_ child: SchemaNode, from row: Row) {
        if let position = row.position(of: child.slot) {
            row.withValue(at: position) { set(UnsafeRawBufferPointer($0), in: child.slot) }
        } else if let kid = row.kid(in: child.slot) {
            add(kid, to: child)
        }
    }

    /// Adds what is finished in place of all that was said of a child; its rows must fit the child's slots.
    package func add(_ kid: Kid, to child: SchemaNode) { put(.finished(kid), in: child.slot) }

    /// Takes back all that was said of a child: a leaf, a container, every entry of a list or leaf-list.
    package func remove(_ child: SchemaNode) { remove(in: child.slot) }

    /// As `remove`, for those who know the child's slot.
    package func remove(in slot: Int) {
        if let position = position(of: slot) { removeLeaf(at: position) }
        if let index = index(of: slot) { kids.remove(at: index) }
        if metadata != nil { metadata = metadata?.dropping(slot) }
    }

    /// Takes back one entry of a list, or one value of a leaf-list.
    package func removeEntry(of list: SchemaNode, keys: [String]) { existingEntries(of: list)?.remove(keys) }

    /// The draft of the list entry with those canonical keys, made at first use (at the end, if user-ordered).
    package func entry(of list: SchemaNode, keys: [String]) -> RowDraft { entries(of: list).entry(keys) }

    /// As `entry`, of the list in `slot` by the bytes of the keys.
    package func entry(in slot: Int, keys: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> RowDraft {
        if let index = index(of: slot), case .entries(let entries) = kids[index].content { return entries.entry(keys) }
        return entries(of: node.dataChild(at: slot)).entry(keys)
    }

    package func existingEntry(of list: SchemaNode, keys: [String]) -> RowDraft? {
        existingEntries(of: list)?.existing(keys)
    }

    /// An entry of a list without keys (`config false`); each call adds one.
    package func appendEntry(of list: SchemaNode) -> RowDraft { entries(of: list).append() }

    /// Adds a value to a leaf-list; false if it was there already.
    @discardableResult
    package func add(_ value: String, to leafList: SchemaNode) -> Bool { entries(of: leafList).addValue(value) }

    /// The draft of the root of a mounted tree.
    package func mount(_ point: SchemaNode, model: DataModel) -> RowDraft {
        if let index = index(of: point.slot), case .mount(let known, let draft) = kids[index].content, known === model {
            return draft
        }
        let draft = RowDraft(model.schema.root)
        put(.mount(model, draft), in: point.slot)
        return draft
    }

    /// What is mounted already, to be continued.
    package func existingMount(_ point: SchemaNode) -> (DataModel, RowDraft)? {
        guard let index = index(of: point.slot) else { return nil }
        switch kids[index].content {
        case .mount(let model, let draft): return (model, draft)
        case .finished(.mount(let tree)):
            let draft = RowDraft(tree.model.schema.root, continuing: tree.root)
            kids[index].content = .mount(tree.model, draft)
            return (tree.model, draft)
        default: return nil
        }
    }

    /// Mounts a finished tree as it is.
    package func mount(_ point: SchemaNode, _ tree: DataTree) {
        if tree.isEmpty { return kids.removeAll { $0.slot == point.slot } }
        put(.finished(.mount(tree)), in: point.slot)
    }

    /// Whether the child in `slot` has been begun.
    func hasContent(in slot: Int) -> Bool { position(of: slot) != nil || index(of: slot) != nil }

    /// Whether something of the child in `slot` would be stored.
    package func willStore(in slot: Int) -> Bool {
        position(of: slot) != nil || index(of: slot).map { !kids[$0].isVoid(in: node) } ?? false
    }

    /// Whether nothing below this node would be stored.
    package var isEmpty: Bool { leaves.isEmpty && kids.allSatisfy { $0.isVoid(in: node) } }

    private func existingEntries(of list: SchemaNode) -> EntriesDraft? {
        guard let index = index(of: list.slot) else { return nil }
        switch kids[index].content {
        case .entries(let draft): return draft
        case .finished(.entries(let entries)):
            let draft = EntriesDraft(list, continuing: entries)
            kids[index].content = .entries(draft)
            return draft
        default: return nil
        }
    }

    func entries(of list: SchemaNode) -> EntriesDraft {
        if let draft = existingEntries(of: list) { return draft }
        let draft = EntriesDraft(list)
        put(.entries(draft), in: list.slot)
        return draft
    }

    // MARK: Freezing

    /// The immutable row. Non-presence containers and lists without content vanish.
    package func freeze(in model: DataModel, order: UInt64 = 0) -> Row {
        var kept = ContiguousArray<KidSlot>()
        if !kids.isEmpty {
            kept.reserveCapacity(kids.count)
            for kid in kids {
                guard let content = kid.freeze(in: model, below: node) else { continue }
                kept.append(KidSlot(slot: UInt16(kid.slot), kid: content))
            }
            kept.sort { $0.slot < $1.slot }
        }
        if !isAscending { sortLeaves() }
        let count = leaves.count
        return Row.make(
            node: node.id, order: order, leafCount: count, valueBytes: bytes.count, kids: kept, metadata: metadata
        ) { base in
            for (position, leaf) in leaves.enumerated() {
                base.storeBytes(of: leaf.slot, toByteOffset: position * 2, as: UInt16.self)
                base.storeBytes(of: leaf.end, toByteOffset: count * 2 + position * 4, as: UInt32.self)
            }
            bytes.withUnsafeBytes { copy($0, to: base + count * 6) }
        }
    }

    @inline(__always)
    private func copy(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) {
        if let start = source.baseAddress { target.copyMemory(from: start, byteCount: source.count) }
    }

    private func sortLeaves() {
        let positions = leaves.indices.sorted { leaves[$0].slot < leaves[$1].slot }
        let (oldLeaves, oldBytes) = (leaves, bytes)
        let ranges = positions.map { range(at: $0) }
        leaves.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        for (position, range) in zip(positions, ranges) {
            bytes.append(contentsOf: oldBytes[range])
            leaves.append(DraftLeaf(slot: oldLeaves[position].slot, end: UInt32(bytes.count)))
        }
        isAscending = true
    }
}

/// A leaf of a draft, and where its value ends.
private struct DraftLeaf {
    var slot: UInt16
    var end: UInt32
}

/// A child of a draft that is no leaf.
private struct DraftKid {
    enum Content {
        case row(RowDraft)
        case entries(EntriesDraft)
        case mount(DataModel, RowDraft)
        case finished(Kid)
    }

    var slot: Int
    var content: Content

    /// Whether nothing of it would be stored.
    func isVoid(in parent: SchemaNode) -> Bool {
        switch content {
        case .row(let draft): !draft.node.isPresence && draft.isEmpty
        case .entries(let entries): entries.isEmpty
        case .mount(_, let draft): draft.isEmpty
        case .finished(.row(let row)): row.isEmpty && parent.dataChild(at: slot).isNonPresenceContainer
        case .finished: false
        }
    }

    func freeze(in model: DataModel, below parent: SchemaNode) -> Kid? {
        switch content {
        case .row(let draft):
            let row = draft.freeze(in: model)
            return row.isEmpty && draft.node.isNonPresenceContainer ? nil : .row(row)
        case .entries(let draft): return draft.freeze(in: model).map { .entries($0) }
        case .mount(let inner, let draft):
            let row = draft.freeze(in: inner)
            return row.isEmpty ? nil : .mount(DataTree(model: inner, root: row))
        case .finished(let kid): return isVoid(in: parent) ? nil : kid
        }
    }
}

extension Row {
    static func leafListEntry(_ node: NodeID, value: String, order: UInt64) -> Row {
        var value = value
        return value.withUTF8 { leafListEntry(node, value: UnsafeRawBufferPointer($0), order: order) }
    }

    static func leafListEntry(_ node: NodeID, value: UnsafeRawBufferPointer, order: UInt64) -> Row {
        Row.make(node: node, order: order, leafCount: 1, valueBytes: value.count, kids: []) { base in
            base.storeBytes(of: 0, toByteOffset: 0, as: UInt16.self)
            base.storeBytes(of: UInt32(value.count), toByteOffset: 2, as: UInt32.self)
            if let start = value.baseAddress { (base + 6).copyMemory(from: start, byteCount: value.count) }
        }
    }
}
