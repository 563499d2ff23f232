import Synchronization
package import YANG

/// The entries of one list or leaf-list: a persistent B+tree of rows in key order, and for user-ordered lists a second
/// one in the user's order.
///
/// Invariants: never empty; both trees hold the same row objects; an edit copies one path from the root to a chunk.
package final class Entries: Sendable {
    package let list: NodeID
    let order: EntryOrder
    private let byKey: EntryNode?
    private let byPlace: EntryNode?
    /// What validation looks up in these entries; made when it is first asked for.
    private let indexes = AtomicLazyReference<ValueIndexTable>()

    private init(list: NodeID, order: EntryOrder, byKey: EntryNode?, byPlace: EntryNode?) {
        self.list = list
        self.order = order
        self.byKey = byKey
        self.byPlace = byPlace
    }

    /// Sorts and packs fresh rows. Rows of user-ordered lists bear ascending labels already.
    convenience init(list: SchemaNode, order: EntryOrder, rows: ContiguousArray<Row>) {
        var sorted = rows
        // Texts that devices and this program print are in order as a rule.
        let isSorted = zip(rows, rows.dropFirst()).allSatisfy { order.compare($0, $1) < 0 }
        if !order.isKeyless, !isSorted { sorted.sort { order.compare($0, $1) < 0 } }
        self.init(
            list: list.id, order: order, byKey: order.isKeyless ? nil : EntryNode.packed(sorted),
            byPlace: order.isUserOrdered ? EntryNode.packed(rows) : nil)
    }

    /// The index known by `number`, if it has been made.
    func index(_ number: Int) -> ValueIndex? { indexes.load()?[number] }

    func keep(_ index: ValueIndex, of path: IndexedPath) -> ValueIndex {
        (indexes.load() ?? indexes.storeIfNil(ValueIndexTable())).keep(index, of: path)
    }

    /// Makes for these entries the indexes that `old`, of which they are an edited version, has been asked for.
    func takeIndexes(from old: Entries) {
        for path in old.indexes.load()?.paths ?? [] { _ = path.index(of: self, before: old) }
    }

    /// A walk in key order; nil for a list without keys.
    var cursorByKey: EntryCursor? { byKey.map { EntryCursor($0) } }

    private var shown: EntryNode { byPlace ?? byKey! }

    package var count: Int { shown.count }
    package var isUserOrdered: Bool { order.isUserOrdered }

    /// The entries as a reader sees them: in the user's order, or sorted by key.
    package var rows: EntrySequence { EntrySequence(root: shown) }

    package subscript(position: Int) -> Row { shown.row(at: position) }

    /// The entry with those canonical key values (for a leaf-list, its value).
    package func entry(_ keys: [String]) -> Row? {
        guard let byKey else { return nil }
        return byKey.find { order.compare($0, keys) }
    }

    /// The canonical key values of an entry.
    package func keys(of row: Row) -> [String] { order.keySlots.map { row.value(in: $0) ?? "" } }

    /// The position of the entry in the order that a reader sees.
    package func position(of row: Row) -> Int? {
        shown.position { other in
            byPlace != nil
                ? (other.order < row.order ? -1 : other.order > row.order ? 1 : 0) : order.compare(other, row)
        }
    }

    // MARK: Edits

    /// Where a new or moved entry of a user-ordered list goes (RFC 7950 section 7.8.6).
    package enum Place: Hashable, Sendable {
        case first, last
        case before([String])
        case after([String])
    }

    /// With `row` in place of the entry with its keys, or added (at the end, if user-ordered).
    func upserting(_ row: Row) -> Entries {
        guard let byKey else { return appendingKeyless(row) }
        guard byPlace != nil else { return with(byKey.upserting(row, by: order.compare)) }
        if let old = byKey.find({ order.compare($0, row) }) {
            return replacing(old, by: row.placed(at: old.order))
        }
        return insertingNew(row, at: .last)
    }

    private func appendingKeyless(_ row: Row) -> Entries {
        let last = byPlace!.row(at: count - 1)
        let placed = row.placed(at: last.order + (1 << 32))
        return Entries(
            list: list, order: order, byKey: nil, byPlace: byPlace!.upserting(placed, by: Self.comparePlaces))
    }

    private func with(_ byKey: EntryNode) -> Entries {
        Entries(list: list, order: order, byKey: byKey, byPlace: nil)
    }

    private func replacing(_ old: Row, by row: Row) -> Entries {
        Entries(
            list: list, order: order, byKey: byKey!.upserting(row, by: order.compare),
            byPlace: byPlace!.upserting(row, by: Self.comparePlaces))
    }

    private static func comparePlaces(_ a: Row, _ b: Row) -> Int {
        a.order < b.order ? -1 : a.order > b.order ? 1 : 0
    }

    /// Puts an entry, new or old, at `place`; a `before` or `after` that names no entry means last.
    func putting(_ row: Row, at place: Place) -> Entries {
        guard byPlace != nil, !order.isKeyless else { return upserting(row) }
        guard let old = byKey!.find({ order.compare($0, row) }) else { return insertingNew(row, at: place) }
        let isItself = place == .before(keys(of: old)) || place == .after(keys(of: old))
        guard !isItself, let rest = removing(keys(of: old)) else {
            return replacing(old, by: row.placed(at: old.order))
        }
        return rest.insertingNew(row, at: place)
    }

    private func insertingNew(_ row: Row, at place: Place) -> Entries {
        guard let label = label(for: place) else { return relabelled().insertingNew(row, at: place) }
        let placed = row.placed(at: label)
        return Entries(
            list: list, order: order, byKey: byKey!.upserting(placed, by: order.compare),
            byPlace: byPlace!.upserting(placed, by: Self.comparePlaces))
    }

    /// A free label at `place`, or nil if the neighbours leave no room.
    private func label(for place: Place) -> UInt64? {
        let places = byPlace!
        func between(_ low: UInt64, _ high: UInt64) -> UInt64? { high - low < 2 ? nil : low + (high - low) / 2 }
        switch place {
        case .first:
            let first = places.row(at: 0).order
            return first > 1 << 33 ? first - (1 << 32) : nil
        case .last:
            let last = places.row(at: places.count - 1).order
            return last < .max - (1 << 33) ? last + (1 << 32) : nil
        case .before(let keys), .after(let keys):
            guard let anchor = entry(keys), let index = position(of: anchor) else { return label(for: .last) }
            if case .before = place {
                return index == 0 ? label(for: .first) : between(places.row(at: index - 1).order, anchor.order)
            }
            if index == places.count - 1 { return label(for: .last) }
            return between(anchor.order, places.row(at: index + 1).order)
        }
    }

    private func relabelled() -> Entries {
        var fresh = ContiguousArray<Row>()
        for (index, row) in rows.enumerated() { fresh.append(row.placed(at: EntryOrder.label(index))) }
        var sorted = fresh
        sorted.sort { order.compare($0, $1) < 0 }
        return Entries(list: list, order: order, byKey: .packed(sorted), byPlace: .packed(fresh))
    }

    /// Without the entry with those keys; nil if none is left.
    func removing(_ keys: [String]) -> Entries? {
        guard let byKey, let old = entry(keys) else { return self }
        guard count > 1 else { return nil }
        return Entries(
            list: list, order: order, byKey: byKey.removing(old, by: order.compare),
            byPlace: byPlace?.removing(old, by: Self.comparePlaces))
    }

    // MARK: Diff

    /// Calls `body` with each pair of entries with the same key that are not the same object; nil where one side has
    /// none. In key order; shared chunks are skipped, so the cost follows what differs.
    static func forEachDifference(_ old: Entries, _ new: Entries, _ body: (Row?, Row?) -> Void) {
        guard let left = old.byKey, let right = new.byKey else {
            pairByPosition(old, new, body)
            return
        }
        EntryNode.forEachDifference(left, right, by: old.order.compare, body)
    }

    private static func pairByPosition(_ old: Entries, _ new: Entries, _ body: (Row?, Row?) -> Void) {
        for index in 0..<max(old.count, new.count) {
            let a = index < old.count ? old[index] : nil
            let b = index < new.count ? new[index] : nil
            if !(a === b) { body(a, b) }
        }
    }
}

/// The entries of a list in order.
package struct EntrySequence: Sequence, Sendable {
    let root: EntryNode

    package struct Iterator: IteratorProtocol {
        var cursor: EntryCursor

        package mutating func next() -> Row? {
            defer { cursor.advance() }
            return cursor.row
        }
    }

    package func makeIterator() -> Iterator { Iterator(cursor: EntryCursor(root)) }
    package var underestimatedCount: Int { root.count }
}
