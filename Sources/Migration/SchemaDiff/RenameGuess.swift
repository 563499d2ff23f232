import YANG

/// Guesses which of the nodes that came are nodes that went, by another name or at another place. A guess only: nothing
/// is decided by it.
enum RenameGuess {
    /// More than these are not compared with each other below one parent.
    private static let limit = 64
    private static let bar = 0.6

    /// For some of the changes that remove a node, the node that it may have become.
    static func successors(
        _ removed: [(change: Int, node: SchemaNode)], _ added: [SchemaNode], in new: Schema
    ) -> [(change: Int, successor: SchemaNode)] {
        guard !removed.isEmpty, !added.isEmpty else { return [] }
        var result: [(change: Int, successor: SchemaNode)] = []
        var taken: Set<NodeID> = []
        let addedBelow = Dictionary(grouping: added) { $0.dataParent?.path ?? "" }
        let removedBelow = Dictionary(grouping: removed) { $0.node.dataParent?.path ?? "" }
        for (parent, gone) in removedBelow.sorted(by: { $0.key < $1.key }) {
            guard let came = addedBelow[parent], gone.count <= limit, came.count <= limit else { continue }
            var pairs = gone.flatMap { old in came.map { (old, $0, likeness(old.node, $0)) } }.filter { $0.2 >= bar }
            pairs.sort { $0.2 > $1.2 }
            for (old, successor, _) in pairs
            where !taken.contains(successor.id) && !result.contains(where: { $0.change == old.change }) {
                taken.insert(successor.id)
                result.append((old.change, successor))
            }
        }
        let known = Set(result.map(\.change))
        return result + moves(removed.filter { !known.contains($0.change) }, added.filter { !taken.contains($0.id) })
    }

    /// The only node of the same name and kind that came anywhere.
    private static func moves(
        _ removed: [(change: Int, node: SchemaNode)], _ added: [SchemaNode]
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
        a.dataChildCount == 0 || childLikeness(a, b) > 0.3
    }

    /// From 0 to 1: how alike names and content are.
    private static func likeness(_ a: SchemaNode, _ b: SchemaNode) -> Double {
        guard a.kind == b.kind, a.isConfig == b.isConfig else { return 0 }
        let names = nameLikeness(a.name, b.name)
        if a.isTerminal {
            guard let type = a.type, let other = b.type, type.base == other.base else { return names * 0.5 }
            let isSame = type.typedefs == other.typedefs
            return names < 0.25 ? 0 : names * 0.6 + (isSame ? 0.4 : 0.2)
        }
        return max(childLikeness(a, b), names * 0.6 + childLikeness(a, b) * 0.4)
    }

    private static func childLikeness(_ a: SchemaNode, _ b: SchemaNode) -> Double {
        guard a.dataChildCount > 0, b.dataChildCount > 0 else { return 0 }
        let (names, others) = (Set(a.dataChildren.map(\.name)), Set(b.dataChildren.map(\.name)))
        return Double(names.intersection(others).count) / Double(names.union(others).count)
    }

    /// The share of pairs of letters that two names have in common.
    private static func nameLikeness(_ a: String, _ b: String) -> Double {
        if a == b { return 1 }
        let (pairs, others) = (letterPairs(a), letterPairs(b))
        guard !pairs.isEmpty, !others.isEmpty else { return 0 }
        return 2 * Double(pairs.intersection(others).count) / Double(pairs.count + others.count)
    }

    private static func letterPairs(_ name: String) -> Set<String> {
        let letters = Array(name.lowercased())
        return Set(zip(letters, letters.dropFirst()).map { String([$0, $1]) })
    }
}
