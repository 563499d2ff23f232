import Synchronization
import YANG

/// Values below one node that validation looks up by value: the leaves of a `unique`, the targets of a leafref, the
/// leaves that refer.
///
/// The index hangs at the entries of the first list on the way and is derived, when it is first asked for, from that of
/// the entries before an edit.
final class IndexedPath: Sendable {
    /// Like no other in the process: what entries know their indexes by.
    let number: Int
    /// The containers from the top down to the list.
    private let approach: [SchemaNode]
    private let list: SchemaNode
    /// From the entry to the leaves. Several are taken together as one value, of entries that have them all.
    private let ways: [[SchemaNode]]
    private static let numbers = Atomic<Int>(0)

    /// The values at the end of `way`, which begins below the top. Nil if no list is on the way, or if what lies above a
    /// list entry decides about values in it.
    init?(way: [SchemaNode]) {
        guard let index = way.firstIndex(where: { $0.kind == .list }), let leaf = way.last, leaf.isTerminal,
            Self.hasFixedDefault(way[(index + 1)...])
        else { return nil }
        approach = Array(way[..<index])
        list = way[index]
        ways = [Array(way[(index + 1)...])]
        number = Self.numbers.add(1, ordering: .relaxed).newValue
    }

    /// The values of a `unique`.
    init?(unique list: SchemaNode, _ ways: [[SchemaNode]]) {
        guard ways.allSatisfy({ Self.hasFixedDefault($0[...]) }) else { return nil }
        approach = []
        self.list = list
        self.ways = ways
        number = Self.numbers.add(1, ordering: .relaxed).newValue
    }

    /// Whether the default of the leaf is in use wherever its parent is, or it has none.
    private static func hasFixedDefault(_ way: ArraySlice<SchemaNode>) -> Bool {
        guard let leaf = way.last, !leaf.defaults.isEmpty else { return true }
        return way.allSatisfy { $0.conditions.isEmpty && $0.choices.isEmpty }
    }

    // MARK: Below a top

    /// The index of the values below `top`, by way of those below `old`, which is the same place before an edit.
    func index(below top: Instance, before old: Instance?) -> ValueIndex {
        guard let entries = entries(below: top) else { return ValueIndex([]) }
        return index(of: entries, before: old.flatMap { self.entries(below: $0) })
    }

    /// What an edit did to the values below `top`.
    func changes(from old: Instance, to new: Instance) -> ValueChanges {
        var changes = ValueChanges()
        compare(entries(below: old), entries(below: new), &changes)
        return changes
    }

    private func entries(below top: Instance) -> Entries? {
        var row = top.row
        for container in approach { row = row?.child(in: container.slot) }
        return row?.entries(in: list.slot)
    }

    // MARK: Of entries

    func index(of entries: Entries, before old: Entries?) -> ValueIndex {
        if let known = entries.index(number) { return known }
        var result: ValueIndex
        if let old {
            let base = old.index(number) ?? old.keep(ValueIndex(hashes(of: old)), of: self)
            var changes = ValueChanges()
            compare(old, entries, &changes)
            result = base.applying(changes)
        } else {
            result = ValueIndex(hashes(of: entries))
        }
        result = entries.keep(result, of: self)
        return result
    }

    /// The hash of an entry's values taken together; nil if it lacks one.
    func hash(of entry: Row) -> UInt64? {
        var hash = ValueHash()
        for way in ways {
            guard Self.combine(entry, way[...], &hash) else { return nil }
        }
        return hash.finish()
    }

    private static func combine(_ row: Row?, _ way: ArraySlice<SchemaNode>, _ hash: inout ValueHash) -> Bool {
        guard let node = way.first else { return false }
        if way.count > 1 {
            let inner = row?.child(in: node.slot)
            return inner == nil && node.isPresence ? false : combine(inner, way.dropFirst(), &hash)
        }
        if row?.withValue(in: node.slot, { hash.combine($0) }) != nil { return true }
        guard let value = node.defaults.first else { return false }
        hash.combine(value)
        return true
    }

    private func hashes(of entries: Entries) -> [UInt64] {
        var found: [UInt64] = []
        found.reserveCapacity(entries.count)
        for row in entries.rows {
            if ways.count > 1 {
                if let hash = hash(of: row) { found.append(hash) }
            } else {
                Self.forEachHash(row, ways[0][...]) { found.append($0) }
            }
        }
        return found
    }

    /// Calls `body` with every value below `row`; nil stands for a container that counts as there.
    private static func forEachHash(_ row: Row?, _ way: ArraySlice<SchemaNode>, _ body: (UInt64) -> Void) {
        guard let node = way.first else { return }
        switch node.kind {
        case .list:
            for entry in row?.entries(in: node.slot)?.rows ?? EntrySequence(root: .packed([])) {
                forEachHash(entry, way.dropFirst(), body)
            }
        case .leafList:
            guard let entries = row?.entries(in: node.slot) else {
                for value in node.defaults { body(ValueHash.of(value)) }
                return
            }
            for entry in entries.rows { entry.withValue(at: 0) { body(hash($0)) } }
        case .leaf:
            if row?.withValue(in: node.slot, { body(hash($0)) }) == nil, let value = node.defaults.first {
                body(ValueHash.of(value))
            }
        default:
            let inner = row?.child(in: node.slot)
            if inner != nil || !node.isPresence { forEachHash(inner, way.dropFirst(), body) }
        }
    }

    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash = ValueHash()
        hash.combine(bytes)
        return hash.finish()
    }

    // MARK: Differences

    private func compare(_ old: Entries?, _ new: Entries?, _ changes: inout ValueChanges) {
        if ways.count == 1 { return Self.compare(old, new, ways[0][...], &changes) }
        Self.forEachDifference(old, new) { before, after in
            let (lost, gained) = (before.flatMap(hash(of:)), after.flatMap(hash(of:)))
            if lost == gained { return }
            if let lost { changes.add(-1, lost) }
            if let gained { changes.add(1, gained) }
        }
    }

    private static func compare(
        _ old: Entries?, _ new: Entries?, _ way: ArraySlice<SchemaNode>, _ changes: inout ValueChanges
    ) {
        forEachDifference(old, new) { before, after in compare(before, after, way, &changes) }
    }

    private static func forEachDifference(_ old: Entries?, _ new: Entries?, _ body: (Row?, Row?) -> Void) {
        switch (old, new) {
        case (let old?, let new?): if old !== new { Entries.forEachDifference(old, new, body) }
        case (let old?, nil): for row in old.rows { body(row, nil) }
        case (nil, let new?): for row in new.rows { body(nil, row) }
        case (nil, nil): break
        }
    }

    /// Of two versions of an entry, one of which may be missing.
    private static func compare(
        _ old: Row?, _ new: Row?, _ way: ArraySlice<SchemaNode>, _ changes: inout ValueChanges
    ) {
        if let old, let new {
            if old === new { return }
            if let node = way.first, node.kind == .list {
                return compare(old.entries(in: node.slot), new.entries(in: node.slot), way.dropFirst(), &changes)
            }
            if let node = way.first, node.kind == .container, let before = old.child(in: node.slot),
                let after = new.child(in: node.slot)
            {
                return compare(before, after, way.dropFirst(), &changes)
            }
        }
        var found = ValueChanges()
        if let old { forEachHash(old, way) { found.add(-1, $0) } }
        if let new { forEachHash(new, way) { found.add(1, $0) } }
        for (hash, difference) in found.counts where difference != 0 { changes.add(difference, hash) }
    }
}

/// The indexes that entries have been asked for.
final class ValueIndexTable: Sendable {
    private struct Known: Sendable {
        var path: IndexedPath
        var index: ValueIndex
    }

    private let indexes = Mutex<[Int: Known]>([:])

    subscript(number: Int) -> ValueIndex? { indexes.withLock { $0[number]?.index } }

    /// What indexes are there of.
    var paths: [IndexedPath] { indexes.withLock { $0.values.map(\.path) } }

    /// The index kept first, if two threads have made one.
    func keep(_ index: ValueIndex, of path: IndexedPath) -> ValueIndex {
        indexes.withLock { table in
            if let known = table[path.number] { return known.index }
            table[path.number] = Known(path: path, index: index)
            return index
        }
    }
}
