/// How often each of many values occurs: an immutable multiset of hashes.
///
/// A change gives a new index that shares what it does not touch, so that the index of a list follows its edits at a cost
/// of their number. Hashes are those of the process (`ValueHash`), 64 bits wide with a secret seed: two values with the
/// same hash are not to be expected, and nobody can make them.
final class ValueIndex: Sendable {
    private let root: HashNode
    private let total: Int

    private init(root: HashNode, total: Int) {
        self.root = root
        self.total = total
    }

    var isEmpty: Bool { total == 0 }

    convenience init(_ hashes: [UInt64]) {
        var sorted = hashes
        sorted.sort()
        self.init(root: HashNode.packed(sorted[...], shift: HashNode.topShift), total: hashes.count)
    }

    func count(of hash: UInt64) -> Int { root.count(of: hash) }

    func applying(_ changes: ValueChanges) -> ValueIndex {
        var node = root
        var total = total
        for (hash, difference) in changes.counts where difference != 0 {
            node = node.adding(difference, to: hash, shift: HashNode.topShift)
            total += difference
        }
        return node === root ? self : ValueIndex(root: node, total: total)
    }
}

/// What a change does to the values of an index: by how much each occurs more or less often.
struct ValueChanges: Sendable {
    private(set) var counts: [UInt64: Int] = [:]

    mutating func add(_ difference: Int, _ hash: UInt64) { counts[hash, default: 0] += difference }

    /// The values that occur less often than before.
    var lost: [UInt64] { counts.filter { $0.value < 0 }.map(\.key) }
}

/// The hash of a value or of several taken together.
struct ValueHash {
    private var hasher = Hasher()

    mutating func combine(_ bytes: UnsafeBufferPointer<UInt8>) {
        hasher.combine(bytes.count)
        hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }

    mutating func combine(_ text: String) {
        var text = text
        text.withUTF8 { combine($0) }
    }

    func finish() -> UInt64 { UInt64(bitPattern: Int64(hasher.finalize())) }

    static func of(_ text: String) -> UInt64 {
        var hash = ValueHash()
        hash.combine(text)
        return hash.finish()
    }
}

/// A node of the trie: a chunk of ascending hashes with their counts, or a branch over four bits of the hash.
private final class HashNode: Sendable {
    static let topShift = 60
    private static let width = 320

    private let hashes: ContiguousArray<UInt64>
    private let counts: ContiguousArray<UInt32>
    private let children: ContiguousArray<HashNode>

    private init(hashes: ContiguousArray<UInt64>, counts: ContiguousArray<UInt32>) {
        self.hashes = hashes
        self.counts = counts
        children = []
    }

    private init(children: ContiguousArray<HashNode>) {
        hashes = []
        counts = []
        self.children = children
    }

    /// Over ascending hashes, repeated as often as they occur.
    static func packed(_ sorted: ArraySlice<UInt64>, shift: Int) -> HashNode {
        var hashes: ContiguousArray<UInt64> = []
        var counts: ContiguousArray<UInt32> = []
        for hash in sorted {
            if hash == hashes.last {
                counts[counts.count - 1] += 1
            } else {
                if hashes.count == width, shift > 0 { return branch(sorted, shift) }
                hashes.append(hash)
                counts.append(1)
            }
        }
        return HashNode(hashes: hashes, counts: counts)
    }

    private static func branch(_ sorted: ArraySlice<UInt64>, _ shift: Int) -> HashNode {
        var children: ContiguousArray<HashNode> = []
        var rest = sorted
        for index in 0..<16 {
            let end = rest.firstIndex { digit($0, shift) > index } ?? rest.endIndex
            children.append(packed(rest[rest.startIndex..<end], shift: shift - 4))
            rest = rest[end...]
        }
        return HashNode(children: children)
    }

    private static func digit(_ hash: UInt64, _ shift: Int) -> Int {
        Int(truncatingIfNeeded: hash >> UInt64(shift)) & 15
    }

    /// The place of `hash` in the chunk, or where it would be.
    private func place(of hash: UInt64) -> Int {
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func count(of hash: UInt64) -> Int {
        var node = self
        var shift = Self.topShift
        while !node.children.isEmpty {
            node = node.children[Self.digit(hash, shift)]
            shift -= 4
        }
        let place = node.place(of: hash)
        return place < node.hashes.count && node.hashes[place] == hash ? Int(node.counts[place]) : 0
    }

    func adding(_ difference: Int, to hash: UInt64, shift: Int) -> HashNode {
        guard children.isEmpty else {
            var children = children
            let digit = Self.digit(hash, shift)
            children[digit] = children[digit].adding(difference, to: hash, shift: shift - 4)
            return HashNode(children: children)
        }
        var hashes = hashes
        var counts = counts
        let place = place(of: hash)
        if place < hashes.count, hashes[place] == hash {
            let count = Int(counts[place]) + difference
            if count > 0 {
                counts[place] = UInt32(count)
            } else {
                hashes.remove(at: place)
                counts.remove(at: place)
            }
        } else if difference > 0 {
            hashes.insert(hash, at: place)
            counts.insert(UInt32(difference), at: place)
        }
        guard hashes.count > 2 * Self.width, shift > 0 else { return HashNode(hashes: hashes, counts: counts) }
        return Self.split(hashes, counts, shift)
    }

    private static func split(
        _ hashes: ContiguousArray<UInt64>, _ counts: ContiguousArray<UInt32>, _ shift: Int
    ) -> HashNode {
        var parts = [(ContiguousArray<UInt64>, ContiguousArray<UInt32>)](repeating: ([], []), count: 16)
        for (hash, count) in zip(hashes, counts) {
            parts[digit(hash, shift)].0.append(hash)
            parts[digit(hash, shift)].1.append(count)
        }
        return HashNode(children: ContiguousArray(parts.map { HashNode(hashes: $0.0, counts: $0.1) }))
    }
}
