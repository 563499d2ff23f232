import ConfigTree
import YANG

/// Names under which a model keeps things in several lists, while a device has one submode of a name (`key chain x`, `key
/// chain x tcp`): `no` and the name takes away whichever is there, so what goes must go before its namesake comes.
struct SharedNames {
    private struct Name: Hashable {
        var holder: InstancePath
        var word: [UInt8]
        var keys: [String]
        var scope: Int
    }

    private let grammar: CLIGrammar
    private var isShared: [SchemaNode: Bool] = [:]

    init(_ grammar: CLIGrammar) { self.grammar = grammar }

    /// Which of the commands take away what must be gone before others give something its name.
    func takeovers(_ units: [DiffUnit]) -> [DiffOrder.Pair] {
        var names = self
        return names.pairs(units)
    }

    private mutating func pairs(_ units: [DiffUnit]) -> [DiffOrder.Pair] {
        var going: [Name: [(unit: Int, list: CLINode)]] = [:]
        for (index, unit) in units.enumerated() where unit.isDeletion {
            for touch in unit.touches where touch.kind == .deleted && touch.schema?.kind == .list {
                guard let (name, list) = name(touch.path.steps[...], touch.scope) else { continue }
                going[name, default: []].append((index, list))
            }
        }
        guard !going.isEmpty else { return [] }
        var found: [DiffOrder.Pair] = []
        for (index, unit) in units.enumerated() where !unit.isDeletion {
            for touch in unit.touches where touch.kind == .created {
                for length in touch.path.steps.indices.map({ $0 + 1 }) {
                    guard let (name, list) = name(touch.path.steps.prefix(length), touch.scope) else { continue }
                    for gone in going[name] ?? [] where gone.list != list && (gone.list.isMode || list.isMode) {
                        let cause = "after another \(list.name) \(name.keys.joined(separator: " ")) is gone"
                        found.append(DiffOrder.Pair(first: gone.unit, second: index, cause: cause))
                    }
                }
            }
        }
        return found
    }

    /// The name of a list entry; nil of what is none, or shares its name with nothing.
    private mutating func name(
        _ steps: ArraySlice<InstancePath.Step>, _ scope: Int
    ) -> (name: Name, list: CLINode)? {
        guard let last = steps.last, last.node.kind == .list, isShared[last.node] != false else { return nil }
        var holder = Array(steps.dropLast())
        func node(_ steps: [InstancePath.Step]) -> CLINode { grammar.node(at: InstancePath(steps)).node }
        while !holder.isEmpty, node(holder).isWordlessContainer { holder.removeLast() }
        let list = node(Array(steps))
        if isShared[last.node] == nil {
            let (outer, inner) = grammar.node(at: InstancePath(holder))
            let content = outer.kind == .mountPoint ? inner.root : outer
            let others = content.children.routes(list.letters).map(\.target)
            isShared[last.node] = others.contains { $0 != list && list.hasSameName($0) }
        }
        guard isShared[last.node] == true else { return nil }
        return (Name(holder: InstancePath(holder), word: list.word, keys: last.keys, scope: scope), list)
    }
}
