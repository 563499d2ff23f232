import Foundation
import YANG

/// The entries of a list or leaf-list under construction, in the order in which they came.
///
/// An entry that nobody will touch again is kept as a finished row; one that is asked for by its keys becomes a draft
/// once, and stays one. The index over the keys is made when somebody first asks.
final class EntriesDraft {
    private enum Item {
        case row(Row)
        case draft(RowDraft)
        case gone
    }

    private let list: SchemaNode
    private let keySlots: ContiguousArray<Int>
    private let isLabelled: Bool
    private var items = ContiguousArray<Item>()
    private var goneCount = 0
    private var index = KeyIndex()
    /// The entry that was asked for last.
    private var recent = 0

    init(_ list: SchemaNode) {
        self.list = list
        keySlots = list.kind == .leafList ? [0] : ContiguousArray(list.keys.map(\.slot))
        isLabelled = list.isUserOrdered || keySlots.isEmpty
    }

    convenience init(_ list: SchemaNode, continuing entries: Entries) {
        self.init(list)
        items = ContiguousArray(entries.rows.map { .row($0) })
    }

    var isEmpty: Bool { items.count == goneCount }

    func existing(_ keys: [String]) -> RowDraft? { find(keys).map { draft($0) } }

    func contains(_ keys: [String]) -> Bool { find(keys) != nil }

    func remove(_ keys: [String]) {
        guard let number = find(keys) else { return }
        items[number] = .gone
        goneCount += 1
    }

    func entry(_ keys: [String]) -> RowDraft {
        if let draft = existing(keys) { return draft }
        let draft = append()
        for (slot, key) in zip(keySlots, keys) { draft.set(key, in: slot) }
        return draft
    }

    /// As `entry`, by the bytes of the keys.
    func entry(_ keys: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> RowDraft {
        let isKeyed = !keySlots.isEmpty && keys.count == keySlots.count
        if isKeyed, !items.isEmpty, isItem(recent, keys) { return draft(recent) }
        let hash = KeyIndex.hash(keys)
        if isKeyed {
            while index.count < items.count { index.append(self.hash(ofItem: index.count)) }
            var found = index.first(hash)
            while let number = found {
                if isItem(number, keys) {
                    recent = number
                    return draft(number)
                }
                found = index.next(hash, after: number)
            }
            index.append(hash)
        }
        recent = items.count
        let draft = append()
        for (slot, key) in zip(keySlots, keys) { draft.append(key, in: slot) }
        return draft
    }

    private func draft(_ number: Int) -> RowDraft {
        switch items[number] {
        case .draft(let draft): return draft
        case .row(let row):
            let draft = RowDraft(list, continuing: row)
            items[number] = .draft(draft)
            return draft
        case .gone: return append()
        }
    }

    func append() -> RowDraft {
        let draft = RowDraft(list)
        items.append(.draft(draft))
        return draft
    }

    /// Adds an entry whose keys are known to be new.
    func append(_ draft: RowDraft, in model: DataModel) {
        items.append(.row(draft.freeze(in: model, order: label(items.count))))
    }

    /// Adds a finished entry whose keys are known to be new.
    func append(_ row: Row) { items.append(.row(row)) }

    func addValue(_ value: String) -> Bool {
        guard find([value]) == nil else { return false }
        items.append(.row(.leafListEntry(list.id, value: value, order: label(items.count))))
        return true
    }

    /// Adds a value that may stand there several times: of a leaf-list that is no configuration.
    func appendValue(_ value: String) {
        items.append(.row(.leafListEntry(list.id, value: value, order: label(items.count))))
    }

    /// How many were added, those taken back included.
    var addedCount: Int { items.count }

    /// Says `name` of the value at a position in the order of adding.
    func annotate(_ name: String, _ value: String, at position: Int) {
        guard position < items.count, case .row(let row) = items[position] else { return }
        let item = RowMetadata.Item(name: name, value: value)
        let metadata = row.metadata.map { $0.setting(value, name, of: nil) } ?? RowMetadata([item])
        items[position] = .row(row.annotated(metadata))
    }

    func freeze(in model: DataModel) -> Entries? {
        guard !isEmpty else { return nil }
        var rows = ContiguousArray<Row>()
        rows.reserveCapacity(items.count)
        for (number, item) in items.enumerated() {
            switch item {
            case .row(let row):
                let order = label(number)
                rows.append(!isLabelled || row.order == order ? row : row.placed(at: order))
            case .draft(let draft): rows.append(draft.freeze(in: model, order: label(number)))
            case .gone: break
            }
        }
        return Entries(list: list, order: model.order(of: list), rows: rows)
    }

    private func label(_ number: Int) -> UInt64 { isLabelled ? EntryOrder.label(number) : 0 }

    // MARK: By keys

    private func isItem(_ number: Int, _ keys: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Bool {
        switch items[number] {
        case .gone: false
        case .row(let row):
            zip(keySlots, keys).allSatisfy { slot, key in
                row.withValue(in: slot) { key.isSame(as: UnsafeRawBufferPointer($0)) } ?? false
            }
        case .draft(let draft): zip(keySlots, keys).allSatisfy { slot, key in draft.withBytes(in: slot, key.isSame) }
        }
    }

    private func find(_ keys: [String]) -> Int? {
        guard !keySlots.isEmpty, keys.count == keySlots.count, !items.isEmpty else { return nil }
        while index.count < items.count { index.append(hash(ofItem: index.count)) }
        let hash = KeyIndex.hash(keys)
        var found = index.first(hash)
        while let number = found, !isItem(number, keys) { found = index.next(hash, after: number) }
        return found
    }

    private func hash(ofItem number: Int) -> UInt64 {
        switch items[number] {
        case .gone: 0
        case .row(let row):
            keySlots.reduce(KeyIndex.seed) { hash, slot in
                row.withValue(in: slot) { KeyIndex.mix(hash, UnsafeRawBufferPointer($0)) } ?? hash
            }
        case .draft(let draft):
            keySlots.reduce(KeyIndex.seed) { hash, slot in draft.withBytes(in: slot) { KeyIndex.mix(hash, $0) } }
        }
    }

    private func isItem(_ number: Int, _ keys: [String]) -> Bool {
        switch items[number] {
        case .gone: false
        case .row(let row): zip(keySlots, keys).allSatisfy { row.hasValue($1, in: $0) }
        case .draft(let draft): zip(keySlots, keys).allSatisfy { draft.value(in: $0) == $1 }
        }
    }
}

extension Row {
    fileprivate func hasValue(_ text: String, in slot: Int) -> Bool {
        var text = text
        return withValue(in: slot) { stored in
            text.withUTF8 { $0.count == stored.count && $0.elementsEqual(stored) }
        } ?? false
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func isSame(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count, let a = baseAddress, let b = other.baseAddress else { return count == other.count }
        return memcmp(a, b, count) == 0
    }
}

/// Numbers by hash: an open table whose seed nobody outside the process knows.
struct KeyIndex {
    static let seed = UInt64.random(in: .min ... .max)

    private var hashes = ContiguousArray<UInt64>()
    private var table = ContiguousArray<Int32>()

    var count: Int { hashes.count }

    static func hash(_ keys: [String]) -> UInt64 {
        var hash = seed
        for var key in keys { hash = key.withUTF8 { mix(hash, UnsafeRawBufferPointer($0)) } }
        return hash
    }

    static func hash(_ keys: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> UInt64 {
        keys.reduce(seed) { mix($0, $1) }
    }

    /// Folds eight bytes at a time with a wide multiplication.
    static func mix(_ start: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hash = start ^ UInt64(bytes.count)
        var offset = 0
        while offset < bytes.count {
            var word: UInt64 = 0
            if bytes.count - offset >= 8 {
                word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            } else {
                for at in offset..<bytes.count { word = word << 8 | UInt64(bytes[at]) }
            }
            let wide = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15 ^ seed | 1)
            hash = wide.high ^ wide.low
            offset += 8
        }
        return hash
    }

    mutating func append(_ hash: UInt64) {
        hashes.append(hash)
        if hashes.count * 2 > table.count {
            table = ContiguousArray(repeating: -1, count: max(16, table.count * 2))
            for number in hashes.indices { insert(number) }
        } else {
            insert(hashes.count - 1)
        }
    }

    private mutating func insert(_ number: Int) {
        var slot = Int(truncatingIfNeeded: hashes[number]) & (table.count - 1)
        while table[slot] >= 0 { slot = (slot + 1) & (table.count - 1) }
        table[slot] = Int32(number)
    }

    /// The first of the numbers that have this hash.
    func first(_ hash: UInt64) -> Int? {
        table.isEmpty ? nil : probe(hash, from: Int(truncatingIfNeeded: hash) & (table.count - 1))
    }

    /// The one after `number`, which has this hash.
    func next(_ hash: UInt64, after number: Int) -> Int? {
        var slot = Int(truncatingIfNeeded: hash) & (table.count - 1)
        while table[slot] != Int32(number) { slot = (slot + 1) & (table.count - 1) }
        return probe(hash, from: (slot + 1) & (table.count - 1))
    }

    private func probe(_ hash: UInt64, from start: Int) -> Int? {
        var slot = start
        while table[slot] >= 0 {
            let number = Int(table[slot])
            if hashes[number] == hash { return number }
            slot = (slot + 1) & (table.count - 1)
        }
        return nil
    }
}
