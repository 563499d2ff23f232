import Foundation
package import YANG

/// The content of one instance of a container, list entry, leaf-list entry or root: its leaf values packed behind the
/// object, and its other children by reference.
///
/// Invariants:
/// - Immutable once frozen; an edit makes a new row that shares every child it does not touch.
/// - Leaf slots ascend, child slots ascend, and no slot is in both.
/// - Values are canonical UTF-8. A leaf-list entry has its value in slot 0.
/// - A non-presence container without content is not stored, nor are lists and leaf-lists without entries.
///
/// Layout of the tail: `leafCount` slots of 2 bytes, `leafCount` end offsets of 4 bytes, then the value bytes.
///
/// A reference of one word: two rows are `===` if they are the same object. Unchecked, because `ManagedBuffer` cannot be
/// Sendable; nothing writes to a row after `make` returns.
package struct Row: @unchecked Sendable {
    private let storage: ManagedBuffer<RowHeader, UInt8>

    private var header: RowHeader { storage.header }

    package static func === (a: Row, b: Row) -> Bool { a.storage === b.storage }
    package static func !== (a: Row, b: Row) -> Bool { a.storage !== b.storage }

    /// Stands for the identity of the row for as long as somebody holds it.
    package var identity: ObjectIdentifier { ObjectIdentifier(storage) }

    static func make(
        node: NodeID, order: UInt64 = 0, leafCount: Int, valueBytes: Int, kids: ContiguousArray<KidSlot>,
        metadata: RowMetadata? = nil, fill: (UnsafeMutableRawPointer) -> Void
    ) -> Row {
        let storage = ManagedBuffer<RowHeader, UInt8>.create(minimumCapacity: leafCount * 6 + valueBytes) { _ in
            RowHeader(
                node: node, leafCount: UInt16(leafCount), valueBytes: UInt32(valueBytes), order: order, kids: kids,
                metadata: metadata)
        }
        storage.withUnsafeMutablePointerToElements { fill(UnsafeMutableRawPointer($0)) }
        return Row(storage: storage)
    }

    static func empty(_ node: NodeID) -> Row {
        make(node: node, leafCount: 0, valueBytes: 0, kids: []) { _ in }
    }

    package var node: NodeID { header.node }
    package var leafCount: Int { Int(header.leafCount) }
    /// The size of the values of all leaves.
    var valueByteCount: Int { Int(header.valueBytes) }
    /// The place of an entry in its user-ordered list; 0 in others.
    package var order: UInt64 { header.order }
    package var kids: ContiguousArray<KidSlot> { header.kids }
    /// The metadata of this node and of the leaves in it.
    package var metadata: RowMetadata? { header.metadata }
    /// Whether another row of the same kind says the same, but for what is mounted in it.
    package func isSameBesideMounts(_ other: Row) -> Bool {
        if self === other { return true }
        guard leafCount == other.leafCount, valueByteCount == other.valueByteCount else { return false }
        let size = leafCount * 6 + valueByteCount
        let isEqual = read { mine, _ in other.read { theirs, _ in memcmp(mine, theirs, size) == 0 } }
        func besideMounts(_ kids: ContiguousArray<KidSlot>) -> [KidSlot] {
            kids.filter { if case .mount = $0.kid { false } else { true } }
        }
        let (mine, theirs) = (besideMounts(kids), besideMounts(other.kids))
        return isEqual && mine.count == theirs.count
            && zip(mine, theirs).allSatisfy { $0.slot == $1.slot && $0.kid.isSame(as: $1.kid) }
    }

    /// Metadata is no content.
    package var isEmpty: Bool { header.leafCount == 0 && header.kids.isEmpty }

    @inline(__always)
    private func read<R>(_ body: (UnsafeRawPointer, Int) throws -> R) rethrows -> R {
        try storage.withUnsafeMutablePointers { header, elements in
            try body(UnsafeRawPointer(elements), Int(header.pointee.leafCount))
        }
    }

    /// The position among the leaves of the leaf in `slot`.
    func position(of slot: Int) -> Int? {
        read { base, count in
            for index in 0..<count {
                let here = Int(base.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                if here == slot { return index }
                if here > slot { return nil }
            }
            return nil
        }
    }

    package func leafSlot(at position: Int) -> Int {
        read { base, _ in Int(base.loadUnaligned(fromByteOffset: position * 2, as: UInt16.self)) }
    }

    package func withValue<R>(at position: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
        try read { base, count in
            let ends = count * 2
            let start =
                position == 0
                ? 0 : Int(base.loadUnaligned(fromByteOffset: ends + (position - 1) * 4, as: UInt32.self))
            let end = Int(base.loadUnaligned(fromByteOffset: ends + position * 4, as: UInt32.self))
            let values = (base + count * 6).assumingMemoryBound(to: UInt8.self)
            return try body(UnsafeBufferPointer(start: values + start, count: end - start))
        }
    }

    package func withValue<R>(in slot: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R? {
        position(of: slot).map { withValue(at: $0, body) }
    }

    package func value(at position: Int) -> String {
        withValue(at: position) { String(decoding: $0, as: UTF8.self) }
    }

    /// The canonical value of the leaf in `slot`, if it is set.
    package func value(in slot: Int) -> String? { position(of: slot).map(value(at:)) }

    package func hasValue(in slot: Int) -> Bool { position(of: slot) != nil }

    /// The child in `slot` that is no leaf.
    package func kid(in slot: Int) -> Kid? {
        storage.withUnsafeMutablePointerToHeader { header in
            let kids = header.pointee.kids
            if kids.count < 8 { return kids.first { Int($0.slot) == slot }?.kid }
            var low = 0
            var high = kids.count
            while low < high {
                let middle = (low + high) / 2
                if Int(kids[middle].slot) < slot { low = middle + 1 } else { high = middle }
            }
            return low < kids.count && Int(kids[low].slot) == slot ? kids[low].kid : nil
        }
    }

    // MARK: Edits

    /// A copy with the leaf in `slot` set to `value`, or without it.
    func setting(_ value: String?, in slot: Int) -> Row {
        let leaves = leafCount
        var kept: [(slot: Int, position: Int?)] = []
        kept.reserveCapacity(leaves + 1)
        var isPlaced = value == nil
        for position in 0..<leaves {
            let here = leafSlot(at: position)
            if !isPlaced, here >= slot {
                kept.append((slot, nil))
                isPlaced = true
            }
            if here != slot { kept.append((here, position)) }
        }
        if !isPlaced { kept.append((slot, nil)) }
        let added = value ?? ""
        let size = kept.reduce(0) { sum, leaf in
            sum + (leaf.position.map { withValue(at: $0, \.count) } ?? added.utf8.count)
        }
        let metadata = value == nil ? header.metadata?.dropping(slot) : header.metadata
        return Row.make(
            node: node, order: order, leafCount: kept.count, valueBytes: size, kids: kids, metadata: metadata
        ) { base in
            var end = 0
            let values = base + kept.count * 6
            for (index, leaf) in kept.enumerated() {
                if let position = leaf.position {
                    withValue(at: position) { bytes in
                        if let source = bytes.baseAddress {
                            (values + end).copyMemory(from: source, byteCount: bytes.count)
                        }
                        end += bytes.count
                    }
                } else {
                    end += Row.write(added, at: values + end)
                }
                base.storeBytes(of: UInt16(leaf.slot), toByteOffset: index * 2, as: UInt16.self)
                base.storeBytes(of: UInt32(end), toByteOffset: kept.count * 2 + index * 4, as: UInt32.self)
            }
        }
    }

    /// A copy with the child in `slot` replaced, added or removed.
    func replacing(_ kid: Kid?, in slot: Int) -> Row {
        var kids = kids
        let index = kids.firstIndex { Int($0.slot) >= slot } ?? kids.count
        let isThere = index < kids.count && Int(kids[index].slot) == slot
        switch (kid, isThere) {
        case (let kid?, true): kids[index].kid = kid
        case (let kid?, false): kids.insert(KidSlot(slot: UInt16(slot), kid: kid), at: index)
        case (nil, true): kids.remove(at: index)
        case (nil, false): break
        }
        return with(kids: kids, order: order, metadata: header.metadata)
    }

    /// A copy in another place of its user-ordered list.
    func placed(at order: UInt64) -> Row { with(kids: kids, order: order, metadata: header.metadata) }

    /// A copy with other metadata.
    func annotated(_ metadata: RowMetadata?) -> Row { with(kids: kids, order: order, metadata: metadata) }

    private func with(kids: ContiguousArray<KidSlot>, order: UInt64, metadata: RowMetadata?) -> Row {
        let size = Int(header.valueBytes)
        let leaves = leafCount
        return Row.make(
            node: node, order: order, leafCount: leaves, valueBytes: size, kids: kids, metadata: metadata
        ) { base in
            read { source, _ in base.copyMemory(from: source, byteCount: leaves * 6 + size) }
        }
    }

    /// Hands the packed leaves to `body`: slots, ends, value bytes.
    func withLeaves<R>(
        _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> R
    ) -> R {
        let size = Int(header.valueBytes)
        return read { base, count in
            let bytes = base.assumingMemoryBound(to: UInt8.self)
            return body(
                UnsafeBufferPointer(start: bytes, count: count * 2),
                UnsafeBufferPointer(start: bytes + count * 2, count: count * 4),
                UnsafeBufferPointer(start: bytes + count * 6, count: size))
        }
    }

    static func write(_ text: String, at target: UnsafeMutableRawPointer) -> Int {
        var text = text
        return text.withUTF8 { bytes in
            if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
            return bytes.count
        }
    }

    /// Whether the packed leaves are byte for byte the same.
    func hasSameLeaves(as other: Row) -> Bool {
        guard header.leafCount == other.header.leafCount, header.valueBytes == other.header.valueBytes else {
            return false
        }
        let size = leafCount * 6 + Int(header.valueBytes)
        return read { mine, _ in
            other.read { theirs, _ in size == 0 || memcmp(mine, theirs, size) == 0 }
        }
    }
}

extension Row? {
    package static func === (a: Row?, b: Row?) -> Bool { a?.identity == b?.identity }
}

/// What a row keeps before its packed leaves.
struct RowHeader {
    var node: NodeID
    var leafCount: UInt16
    var valueBytes: UInt32
    var order: UInt64
    var kids: ContiguousArray<KidSlot>
    var metadata: RowMetadata?
}

/// A child that is no leaf, and the slot it fills.
package struct KidSlot: Sendable {
    package var slot: UInt16
    package var kid: Kid
}

/// A child of a row that is no leaf.
package enum Kid: Sendable {
    /// A container. (An anydata or anyxml is stored like a leaf: its encoded text.)
    case row(Row)
    /// The entries of a list or leaf-list.
    case entries(Entries)
    /// Another schema's data below a mount point.
    case mount(DataTree)

    func isSame(as other: Kid) -> Bool {
        switch (self, other) {
        case (.row(let a), .row(let b)): a === b
        case (.entries(let a), .entries(let b)): a === b
        case (.mount(let a), .mount(let b)): a.root === b.root && a.model === b.model
        default: false
        }
    }
}
