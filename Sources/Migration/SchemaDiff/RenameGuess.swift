import YANG

/// Guesses which of the nodes that came are nodes that went, by another name or at another place. A guess only: nothing
/// is decided by it.
enum RenameGuess {
    /// More than these are not compared with each other below one parent.
    private static let limit = 64
    private static let bar = 0.6

    struct Removed {
        /// The number of the change.
        var change: Int
        var node: SchemaNode
        /// What is its parent in the new schema.
        var parent: NodeID
    }

    /// For some of the changes that remove a node, the node that it may have become.
    static func successors(_ removed: [Removed], _ added: [SchemaNode]) -> [(change: Int, successor: SchemaNode)] {
        guard !removed.isEmpty, !added.isEmpty else { return [] }
        var result: [(change: Int, successor: SchemaNode)] = []
        var known: Set<Int> = []
        var taken: Set<NodeID> = []
        let addedBelow = Dictionary(grouping: added) { $0.dataParent?.id ?? NodeID(0) }
        let removedBelow = Dictionary(grouping: removed, by: \.parent)
        for (parent, gone) in removedBelow.sorted(by: { $0.key.index < $1.key.index }) {
            guard let came = addedBelow[parent], gone.count <= limit, came.count <= limit else { continue }
            let features = came.map(Features.init)
            var pairs: [(change: Int, successor: SchemaNode, likeness: Double)] = []
            for old in gone {
                let own = Features(old.node)
                for new in features {
                    let likeness = own.likeness(to: new)
                    if likeness >= bar { pairs.append((old.change, new.node, likeness)) }
                }
            }
            pairs.sort { $0.likeness > $1.likeness }
            for pair in pairs where !taken.contains(pair.successor.id) && !known.contains(pair.change) {
                taken.insert(pair.successor.id)
                known.insert(pair.change)
                result.append((pair.change, pair.successor))
            }
        }
        return result + moves(removed.filter { !known.contains($0.change) }, added.filter { !taken.contains($0.id) })
    }

    /// The only node of the same name and kind that came anywhere.
    private static func moves(
        _ removed: [Removed], _ added: [SchemaNode]
    ) -> [(change: Int, successor: SchemaNode)] {
        struct Key: Hashable {
            var name: String
            var kind: NodeKind
        }
        let byName = Dictionary(grouping: added) { Key(name: $0.name, kind: $0.kind) }
        let goneByName = Dictionary(grouping: removed) { Key(name: $0.node.name, kind: $0.node.kind) }
        return removed.compactMap { item in
            let key = Key(name: item.node.name, kind: item.node.kind)
            guard let found = byName[key], found.count == 1, goneByName[key]?.count == 1,
                item.node.isTerminal ? item.node.type?.base == found[0].type?.base : sharesChildren(item.node, found[0])
            else { return nil }
            return (item.change, found[0])
        }
    }

    private static func sharesChildren(_ a: SchemaNode, _ b: SchemaNode) -> Bool {
        a.dataChildCount == 0 || Features.childLikeness(a, b) > 0.3
    }

    /// What two nodes are compared by.
    private struct Features {
        let node: SchemaNode
        let name: String
        let base: BuiltInType?
        let typedefs: [String]
        /// Each two letters of the name, ascending.
        let pairs: [UInt16]

        init(_ node: SchemaNode) {
            self.node = node
            name = node.name
            let type = node.isTerminal ? node.type : nil
            base = type?.base
            typedefs = type?.typedefs ?? []
            let letters = Array(name.utf8)
            let all = zip(letters, letters.dropFirst()).map { UInt16($0 | 0x20) << 8 | UInt16($1 | 0x20) }
            pairs = Set(all).sorted()
        }

        /// From 0 to 1: how alike names and content are.
        func likeness(to other: Features) -> Double {
            guard node.kind == other.node.kind, node.isConfig == other.node.isConfig else { return 0 }
            let names = nameLikeness(other)
            if node.isTerminal {
                guard base == other.base else { return names * 0.5 }
                return names < 0.25 ? 0 : names * 0.6 + (typedefs == other.typedefs ? 0.4 : 0.2)
            }
            let children = Self.childLikeness(node, other.node)
            return max(children, names * 0.6 + children * 0.4)
        }

        static func childLikeness(_ a: SchemaNode, _ b: SchemaNode) -> Double {
            guard a.dataChildCount > 0, b.dataChildCount > 0 else { return 0 }
            let (names, others) = (Set(a.childList.map(\.name)), Set(b.childList.map(\.name)))
            return Double(names.intersection(others).count) / Double(names.union(others).count)
        }

        /// The share of pairs of letters that two names have in common.
        private func nameLikeness(_ other: Features) -> Double {
            if name == other.name { return 1 }
            guard !pairs.isEmpty, !other.pairs.isEmpty else { return 0 }
            var (common, i, j) = (0, 0, 0)
            while i < pairs.count, j < other.pairs.count {
                if pairs[i] == other.pairs[j] {
                    (common, i, j) = (common + 1, i + 1, j + 1)
                } else if pairs[i] < other.pairs[j] {
                    i += 1
                } else {
                    j += 1
                }
            }
            return 2 * Double(common) / Double(pairs.count + other.pairs.count)
        }
    }
}
