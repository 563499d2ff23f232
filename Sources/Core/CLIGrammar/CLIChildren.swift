import Foundation
import YANG

/// The children of a node as a line meets them: by word, glued to what follows, or by value alone.
///
/// Children of nodes without a word of their own (`cli-drop-node-name`) are reached directly, by a route through them.
final class CLIChildren: Sendable {
    /// Data children by slot.
    let nodes: [CLINode]
    /// The words and leaves that name a list entry, in the order in which they are written.
    let header: [CLINode]
    /// The keys, in the order of the schema.
    let keys: [CLINode]
    private let byWord: [UInt64: [CLIRoute]]
    /// Names that may be glued to what follows, longest first.
    let joinable: [CLIRoute]
    /// Reached by a value alone.
    let anonymous: [CLIRoute]
    /// Every configuration child with a word, in schema order, for abbreviation and completion.
    let worded: [CLIRoute]
    let actions: [CLINode]
    let hasCaseInsensitive: Bool
    /// Slots of children that say something when absent (`cli-show-no`, `cli-show-with-default`), or lead to such.
    let shownWhenAbsent: [Int]
    /// Slots in another order than the schema's (`cli-show-order-taglist`); nil for the schema's.
    let displayOrder: [Int]?

    /// Whether some child has `cli-reset-container`.
    let hasResetContainer: Bool
    /// Whether setting a child never takes another one away.
    let isPlain: Bool
    /// For a slot inside a choice, the slots in its other cases.
    let rivals: [Int: [Int]]

    init(_ parent: CLINode, dialect: CLIDialect) {
        rivals = Self.rivals(parent.schema)
        let made = Self.makeNodes(parent, dialect: dialect)
        nodes = made
        keys = parent.schema.keys.map { made[$0.slot] }
        header = Self.header(made, keys: keys)
        var worded: [CLIRoute] = []
        var anonymous: [CLIRoute] = []
        for node in made where node.schema.isConfig && !(parent.kind == .list && node.isHeader) {
            switch node.kind {
            case .leaf, .leafList, .container, .list, .mountPoint:
                Self.addRoutes(to: node, via: [], &worded, &anonymous)
            default: break
            }
        }
        self.worded = worded
        self.anonymous = anonymous
        var byWord: [UInt64: [CLIRoute]] = [:]
        for route in worded {
            let word = route.target.word
            byWord[CLIText.hash(word[...]), default: []].append(route)
            if route.target.has(.caseInsensitive) {
                let lower = word.map(CLIText.lowercased)
                if lower != word { byWord[CLIText.hash(lower[...]), default: []].append(route) }
            }
        }
        self.byWord = byWord
        joinable = worded.filter { $0.target.has([.joinKey, .joinValue]) }
            .sorted { $0.target.word.count > $1.target.word.count }
        actions = made.filter { $0.kind == .action || $0.kind == .rpc }
        hasResetContainer = made.contains { $0.has(.resetContainer) }
        let resets = parent.has(.sequence) && parent.has([.resetSiblings, .resetAllSiblings])
        isPlain = rivals.isEmpty && !hasResetContainer && !resets && !made.contains { $0.has(.replaceAll) }
        hasCaseInsensitive = worded.contains { $0.target.has(.caseInsensitive) }
        shownWhenAbsent = made.filter { Self.speaksWhenAbsent($0) }.map(\.slot)
        displayOrder = Self.displayOrder(parent, made)
    }

    /// The routes of which the target is called `word`.
    func routes(_ word: ArraySlice<UInt8>) -> [CLIRoute] {
        if let found = byWord[CLIText.hash(word)] {
            let isClear = found.allSatisfy { $0.target.matches(word) }
            return isClear ? found : found.filter { $0.target.matches(word) }
        }
        guard hasCaseInsensitive || word.contains(UInt8(ascii: ":")) else { return [] }
        let lower = word.map(CLIText.lowercased)
        if hasCaseInsensitive, let found = byWord[CLIText.hash(lower[...])] {
            return found.filter { $0.target.has(.caseInsensitive) && $0.target.matches(word) }
        }
        return prefixedRoutes(word)
    }

    /// `prefix:name` (or `module:name`) stands for `name`.
    private func prefixedRoutes(_ word: ArraySlice<UInt8>) -> [CLIRoute] {
        guard let colon = word.firstIndex(of: UInt8(ascii: ":")) else { return [] }
        let prefix = String(decoding: word[..<colon], as: UTF8.self)
        return (byWord[CLIText.hash(word[(colon + 1)...])] ?? []).filter {
            let module = $0.target.schema.module
            return (module.prefix == prefix || module.name == prefix) && $0.target.matches(word[(colon + 1)...])
        }
    }

    /// The routes of which the target's name begins with `word`.
    func routes(abbreviatedBy word: ArraySlice<UInt8>) -> [CLIRoute] {
        worded.filter { !$0.target.has(.hidden) && $0.target.word.starts(with: word) }
    }

    private static func rivals(_ parent: SchemaNode) -> [Int: [Int]] {
        var found: [Int: [Int]] = [:]
        func dataSlots(_ node: SchemaNode) -> [Int] {
            node.kind == .choice || node.kind == .case ? node.children.flatMap(dataSlots) : [node.slot]
        }
        func visit(_ node: SchemaNode) {
            guard node.kind == .choice || node.kind == .case else { return }
            if node.kind == .choice {
                let cases = node.children.map(dataSlots)
                for (index, mine) in cases.enumerated() {
                    let others = cases.enumerated().filter { $0.offset != index }.flatMap(\.element)
                    for slot in mine { found[slot, default: []] += others }
                }
            }
            node.children.forEach(visit)
        }
        parent.children.forEach(visit)
        return found
    }

    private static func makeNodes(_ parent: CLINode, dialect: CLIDialect) -> [CLINode] {
        var counts: [String: Int] = [:]
        for schema in parent.schema.dataChildren { counts[schema.name, default: 0] += 1 }
        // State of the same name stands in no configuration, and is no reason to call that otherwise.
        var configured: [String: Int] = [:]
        for schema in parent.schema.dataChildren where schema.isConfig { configured[schema.name, default: 0] += 1 }
        for (name, count) in configured where count == 1 && !dialect.alignsValues { counts[name] = 1 }
        return parent.schema.dataChildren.map { schema in
            var word = schema.annotation("alt-name")?.argument ?? schema.name
            let isShared = counts[schema.name, default: 1] > 1 && parent.kind != .root
            if isShared || parent.has(.exposePrefix) {
                let isOwn = schema.module.name == parent.schema.module.name
                if !isOwn || parent.has(.exposePrefix) { word = "\(schema.module.prefix):\(word)" }
            } else if counts[schema.name, default: 1] > 1 {
                word = "\(schema.module.prefix):\(word)"
            }
            return CLINode(schema, word: word, dialect: dialect, inherited: parent.bequest)
        }
    }

    private static func header(_ nodes: [CLINode], keys: [CLINode]) -> [CLINode] {
        guard !keys.isEmpty else { return [] }
        var header: [CLINode] = []
        for (index, key) in keys.enumerated() {
            header += nodes.filter { $0.has(.prefixKey) && !$0.schema.isKey && $0.beforeKey == index + 1 }
            header.append(key)
        }
        return header
    }

    /// Routes to `node`, and through it where it has no word.
    private static func addRoutes(
        to node: CLINode, via: [CLINode], _ worded: inout [CLIRoute], _ anonymous: inout [CLIRoute]
    ) {
        let isWordless = node.has(.dropNodeName)
        let isEmptyLeaf = node.kind == .leaf && node.value.isEmpty
        if !isWordless || isEmptyLeaf || (node.kind == .leaf && node.has(.booleanNo)) {
            worded.append(CLIRoute(via: via, target: node))
            return
        }
        if node.kind != .container {
            anonymous.append(CLIRoute(via: via, target: node))
            return
        }
        for inner in node.children.nodes where inner.schema.isConfig {
            switch inner.kind {
            case .leaf, .leafList, .container, .list, .mountPoint:
                addRoutes(to: inner, via: via + [node], &worded, &anonymous)
            default: break
            }
        }
    }

    private static func speaksWhenAbsent(_ node: CLINode) -> Bool {
        guard node.schema.isConfig else { return false }
        if node.has(.showNo) { return true }
        if node.has(.showWithDefault), !node.schema.defaults.isEmpty { return true }
        return node.kind == .container && !node.schema.isPresence && !node.isMode
            && !node.children.shownWhenAbsent.isEmpty
    }

    private static func displayOrder(_ parent: CLINode, _ nodes: [CLINode]) -> [Int]? {
        guard let list = parent.schema.annotation("cli-show-order-taglist")?.argument else { return nil }
        let tags = list.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
        let ranks = nodes.map { node in node.orderTag.flatMap { tags.firstIndex(of: $0) } ?? tags.count }
        return nodes.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
    }
}

/// The way from a node to what a word or value on the line means, through containers without a word.
struct CLIRoute: Sendable {
    var via: [CLINode]
    /// Held by the table of its parent, which lives as long as the grammar.
    unowned(unsafe) var target: CLINode

    /// The slot, in the node where the route begins, of its first node.
    var slot: Int { (via.first ?? target).slot }
    var first: CLINode { via.first ?? target }
}

extension CLINode {
    /// Whether a longer word begins with the name.
    func isPrefix(of text: ArraySlice<UInt8>) -> Bool {
        guard text.count > word.count, text.first == word.first else { return false }
        return word.withUnsafeBufferPointer { name in
            text.withUnsafeBufferPointer { text in
                guard let a = name.baseAddress, let b = text.baseAddress else { return false }
                return memcmp(a, b, name.count) == 0
            }
        }
    }

    func matches(_ text: ArraySlice<UInt8>) -> Bool {
        if has(.caseInsensitive) {
            return word.count == text.count
                && zip(word, text).allSatisfy { CLIText.lowercased($0) == CLIText.lowercased($1) }
        }
        guard word.count == text.count else { return false }
        return word.withUnsafeBufferPointer { name in
            text.withUnsafeBufferPointer { text in
                guard let a = name.baseAddress, let b = text.baseAddress else { return name.isEmpty && text.isEmpty }
                return memcmp(a, b, name.count) == 0
            }
        }
    }
}
