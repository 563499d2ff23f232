package import ConfigTree
import YANG

/// Follows the words of a path through a tree, to as many instances as they mean.
private struct PathWalk {
    /// One instance reached: the nodes that can follow, and where it is.
    struct Spot {
        var content: CLINode
        var grammar: CLIGrammar
        var row: Row?
        var path: InstancePath
    }

    let words: [String]
    var spots: [Spot]
    /// Whether the last word was a list of which no key was given: all its entries, not yet taken apart.
    var openList: CLINode?
    var index = 0

    /// Where the walk stands; entries of an open list are taken one by one.
    mutating func run(_ operational: Bool) throws(CLIFault) -> [InstancePath] {
        while index < words.count {
            if let list = openList, try key(list) { continue }
            try child(operational)
        }
        return spots.map(\.path)
    }

    private func fault(_ message: String) -> CLIFault {
        CLIFault(column: words[..<index].reduce(0) { $0 + $1.utf8.count + 1 }, message: message)
    }

    /// Takes words as keys of the open list; false if the word is none of its keys.
    private mutating func key(_ list: CLINode) throws(CLIFault) -> Bool {
        let keys = list.children.keys
        var given = Array(words[index...].prefix(keys.count))
        let inside = list.children
        if KeyPattern(given[0]).isPattern || entries(list, matching: [given[0]]) {
            while given.count > 1, !entries(list, matching: given) { given.removeLast() }
        } else if TextMemory.with(given[0], { !inside.routes($0).isEmpty }) {
            openList = nil
            expand(list, [])
            return false
        }
        openList = nil
        expand(list, given)
        index += given.count
        return true
    }

    private func entries(_ list: CLINode, matching typed: [String]) -> Bool {
        let given = Self.typed(typed, list)
        let patterns = given.map(KeyPattern.init)
        return spots.contains { spot in
            guard let entries = spot.row?.entries(in: list.slot) else { return false }
            return entries.rows.contains { Self.matches(Self.keys(of: $0, in: entries, list), patterns, given) }
        }
    }

    /// The keys of an entry as they are typed: identities without their module.
    private static func keys(of row: Row, in entries: Entries, _ list: CLINode) -> [String] {
        zip(entries.keys(of: row), list.children.keys).map { key, leaf in
            guard leaf.schema.type?.base == .identityref, let colon = key.firstIndex(of: ":") else { return key }
            return String(key[key.index(after: colon)...])
        }
    }

    /// The same, where the module was typed too.
    private static func typed(_ given: [String], _ list: CLINode) -> [String] {
        zip(given, list.children.keys).map { word, leaf in
            guard leaf.schema.type?.base == .identityref, let colon = word.firstIndex(of: ":") else { return word }
            return String(word[word.index(after: colon)...])
        }
    }

    private static func matches(_ keys: [String], _ patterns: [KeyPattern], _ given: [String]) -> Bool {
        zip(zip(keys, given), patterns).allSatisfy { pair, pattern in pair.0 == pair.1 || pattern.matches(pair.0) }
    }

    /// Replaces the spots at a list by its entries.
    private mutating func expand(_ list: CLINode, _ typed: [String]) {
        let given = Self.typed(typed, list)
        let patterns = given.map(KeyPattern.init)
        spots = spots.flatMap { spot -> [Spot] in
            guard let entries = spot.row?.entries(in: list.slot) else { return [] }
            let base = spot.path.parent
            return entries.rows.compactMap { row in
                let keys = entries.keys(of: row)
                guard Self.matches(Self.keys(of: row, in: entries, list), patterns, given) else { return nil }
                let path = base.appending(list.schema, keys: keys)
                return Spot(content: list, grammar: spot.grammar, row: row, path: path)
            }
        }
    }

    private mutating func child(_ operational: Bool) throws(CLIFault) {
        if let list = openList {
            openList = nil
            expand(list, [])
        }
        guard !spots.isEmpty else {
            index = words.count
            return
        }
        var next: [Spot] = []
        var isKnown = false
        for spot in spots {
            let route = try TextMemory.with(words[index]) { word throws(CLIFault) in
                try Self.route(word, spot.content, operational, fault)
            }
            guard let route else { continue }
            isKnown = true
            next += step(spot, route)
        }
        guard isKnown else { throw fault(index == 0 ? "unknown command" : "unknown argument: \(words[index])") }
        spots = next
        index += 1
    }

    private static func route(
        _ word: CLIBytes, _ content: CLINode, _ operational: Bool, _ fault: (String) -> CLIFault
    ) throws(CLIFault) -> CLIRoute? {
        if let exact = content.children.routes(word).first { return exact }
        let states = content.children.nodes.filter { !$0.schema.isConfig && $0.kind != .action }
        if operational, let exact = states.first(where: { $0.matches(word) }) {
            return CLIRoute(to: exact)
        }
        var abbreviated = content.children.routes(abbreviatedBy: word)
        if operational {
            abbreviated += states.filter { $0.word.starts(with: word) }.map { CLIRoute(to: $0) }
        }
        if Set(abbreviated.map(\.target.name)).count > 1 { throw fault("ambiguous: \(CLIText.string(word))") }
        return abbreviated.first
    }

    private mutating func step(_ spot: Spot, _ route: CLIRoute) -> [Spot] {
        var here = spot
        for node in route.via {
            here.row = here.row?.child(in: node.slot)
            here.path = here.path.appending(node.schema)
        }
        let node = route.target
        here.path = here.path.appending(node.schema)
        switch node.kind {
        case .list:
            guard here.row?.entries(in: node.slot) != nil else { return [] }
            openList = node
            return [here]
        case .mountPoint:
            guard let tree = here.row?.mounted(in: node.slot) else { return [] }
            here.grammar = here.grammar.grammar(of: tree.model)
            here.content = here.grammar.root
            here.row = tree.root
        case .container:
            guard let row = here.row?.child(in: node.slot) else { return [] }
            here.content = node
            here.row = row
        default:
            guard let row = here.row else { return [] }
            let isStored = row.hasValue(in: node.slot) || row.kid(in: node.slot) != nil
            guard isStored || !node.schema.defaults.isEmpty else { return [] }
            here.content = node
            here.row = nil
        }
        return [here]
    }
}

extension CLIGrammar {
    /// The instances that a path typed after `show` means: keys may be left out, be patterns (`ce0..3`, `ce0..1,3`) or
    /// `*`; a list at the end without keys stays one path without keys. Empty if nothing is there.
    ///
    /// - Throws: a fault if a word is no name at all there.
    package func resolvePaths(
        _ words: [String], tree: DataTree, operational: Bool = false
    ) throws(CLIFault) -> [InstancePath] {
        let start = PathWalk.Spot(content: root, grammar: self, row: tree.root, path: InstancePath())
        var walk = PathWalk(words: words, spots: [start])
        return try walk.run(operational)
    }
}
