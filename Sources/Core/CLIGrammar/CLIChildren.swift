import Foundation
import YANG

/// The children of a node as a line meets them: by word, glued to what follows, or by value alone.
///
/// Children of nodes without a word of their own (`cli-drop-node-name`) are reached directly, by a route through them.
/// A handle, as `CLINode` is: the table belongs to the node.
struct CLIChildren: @unchecked Sendable {
    let table: UnsafeMutablePointer<Table>

    init(_ table: UnsafeMutablePointer<Table>) { self.table = table }

    /// A new table, to be freed by whoever makes it.
    init(of parent: CLINode, dialect: CLIDialect) {
        table = .allocate(capacity: 1)
        table.initialize(to: Table(parent, dialect: dialect))
    }

    /// Gives back the table and the nodes in it.
    func free() {
        for node in table.pointee.nodes { node.free() }
        table.pointee.lists.free()
        table.deinitialize(count: 1)
        table.deallocate()
    }

    /// Data children by slot.
    @inline(__always) var nodes: UnsafeBufferPointer<CLINode> { table.pointee.nodes }
    /// The words and leaves that name a list entry, in the order in which they are written.
    @inline(__always) var header: UnsafeBufferPointer<CLINode> { table.pointee.header }
    /// The keys, in the order of the schema.
    @inline(__always) var keys: UnsafeBufferPointer<CLINode> { table.pointee.keys }
    /// Names that may be glued to what follows, longest first.
    @inline(__always) var joinable: CLIRoutes { table.pointee.joinable }
    /// Reached by a value alone.
    @inline(__always) var anonymous: CLIRoutes { table.pointee.anonymous }
    /// Every configuration child with a word, in schema order, for abbreviation and completion.
    var worded: CLIRoutes { table.pointee.worded }
    var actions: UnsafeBufferPointer<CLINode> { table.pointee.actions }
    /// Slots of children that say something when absent (`cli-show-no`, `cli-show-with-default`), or lead to such.
    var shownWhenAbsent: [Int] { table.pointee.shownWhenAbsent }
    /// Slots in another order than the schema's (`cli-show-order-taglist`); nil for the schema's.
    var displayOrder: [Int]? { table.pointee.displayOrder }
    /// Whether some child has `cli-reset-container`.
    var hasResetContainer: Bool { table.pointee.hasResetContainer }
    /// For a slot inside a choice, the slots in its other cases.
    var rivals: [Int: [Int]] { table.pointee.rivals }
    @inline(__always) var hasRivals: Bool { table.pointee.hasRivals }

    /// The routes of which the target is called `word`.
    @inline(__always) func routes(_ word: CLIBytes) -> CLIRoutes {
        let exact = table.pointee.byWord.routes(word)
        guard exact.isEmpty, table.pointee.hasOtherSpellings || word.contains(UInt8(ascii: ":")) else { return exact }
        return otherRoutes(word)
    }

    /// In another case where that is allowed; else `prefix:name` (or `module:name`) stands for `name`.
    @inline(never)
    private func otherRoutes(_ word: CLIBytes) -> CLIRoutes {
        let lower = word.map(CLIText.lowercased)
        return lower.withUnsafeBufferPointer { lower in
            let found = table.pointee.byLowercase.routes(CLIBytes(lower))
            return found.isEmpty ? table.pointee.byQualifiedName.routes(word) : found
        }
    }

    /// The routes of which the target's name begins with `word`.
    func routes(abbreviatedBy word: CLIBytes) -> [CLIRoute] {
        worded.filter { !$0.target.has(.hidden) && $0.target.letters.starts(with: word) }
    }

    /// What a handle points to.
    struct Table {
        let nodes: UnsafeBufferPointer<CLINode>
        let header: UnsafeBufferPointer<CLINode>
        let keys: UnsafeBufferPointer<CLINode>
        let joinable: CLIRoutes
        let anonymous: CLIRoutes
        let worded: CLIRoutes
        let actions: UnsafeBufferPointer<CLINode>
        let shownWhenAbsent: [Int]
        let displayOrder: [Int]?
        let hasResetContainer: Bool
        let rivals: [Int: [Int]]
        let hasRivals: Bool
        let hasOtherSpellings: Bool
        let byWord: CLIWordTable
        /// Of names that are found whatever their case.
        let byLowercase: CLIWordTable
        let byQualifiedName: CLIWordTable
        fileprivate var lists = ListMemory()
    }
}

extension CLIChildren.Table {
    init(_ parent: CLINode, dialect: CLIDialect) {
        var lists = ListMemory()
        rivals = Self.rivals(parent.schema)
        hasRivals = !rivals.isEmpty
        let made = Self.makeNodes(parent, dialect: dialect)
        nodes = lists.keep(made)
        let keys = parent.schema.keys.map { made[$0.slot] }
        self.keys = lists.keep(keys)
        header = lists.keep(Self.header(made, keys: keys))
        var worded: [CLIRoute] = []
        var anonymous: [CLIRoute] = []
        for node in made where node.isConfig && !(parent.kind == .list && node.isHeader) && node.isRoutable {
            Self.addRoutes(to: node, via: [], &worded, &anonymous, &lists)
        }
        self.worded = lists.keep(worded)
        self.anonymous = lists.keep(anonymous)
        joinable = lists.keep(
            worded.filter { $0.target.has([.joinKey, .joinValue]) }
                .sorted { $0.target.word.count > $1.target.word.count })
        actions = lists.keep(made.filter { $0.kind == .action || $0.kind == .rpc })
        hasResetContainer = made.contains { $0.has(.resetContainer) }
        shownWhenAbsent = made.filter { Self.speaksWhenAbsent($0) }.map(\.slot)
        displayOrder = Self.displayOrder(parent, made)
        byWord = CLIWordTable(Self.spellings(worded), &lists)
        let anyCase = worded.filter { $0.target.has(.caseInsensitive) }
        hasOtherSpellings = !anyCase.isEmpty
        byLowercase = CLIWordTable(anyCase.map { ($0.target.word.map(CLIText.lowercased), $0) }, &lists)
        byQualifiedName = CLIWordTable(Self.qualifiedSpellings(worded), &lists)
        self.lists = lists
    }

    /// Each route by its word.
    private static func spellings(_ routes: [CLIRoute]) -> [([UInt8], CLIRoute)] { routes.map { ($0.target.word, $0) } }

    private static func qualifiedSpellings(_ routes: [CLIRoute]) -> [([UInt8], CLIRoute)] {
        routes.flatMap { route in
            let module = route.target.schema.module
            return Set([module.prefix, module.name]).map { (Array("\($0):".utf8) + route.target.word, route) }
        }
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
            header += nodes.filter { $0.has(.prefixKey) && !$0.isKey && $0.beforeKey == index + 1 }
            header.append(key)
        }
        return header
    }

    /// Routes to `node`, and through it where it has no word.
    private static func addRoutes(
        to node: CLINode, via: [CLINode], _ worded: inout [CLIRoute], _ anonymous: inout [CLIRoute],
        _ lists: inout ListMemory
    ) {
        let isWordless = node.has(.dropNodeName)
        let isEmptyLeaf = node.kind == .leaf && node.isEmptyLeaf
        if !isWordless || isEmptyLeaf || (node.kind == .leaf && node.has(.booleanNo)) {
            worded.append(CLIRoute(via: lists.keep(via), to: node))
            return
        }
        if node.kind != .container {
            anonymous.append(CLIRoute(via: lists.keep(via), to: node))
            return
        }
        for inner in node.children.nodes where inner.isConfig && inner.isRoutable {
            addRoutes(to: inner, via: via + [node], &worded, &anonymous, &lists)
        }
    }

    private static func speaksWhenAbsent(_ node: CLINode) -> Bool {
        guard node.isConfig else { return false }
        if node.has(.showNo) { return true }
        if node.has(.showWithDefault), !node.schema.defaults.isEmpty { return true }
        return node.kind == .container && !node.isPresence && !node.isMode
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
struct CLIRoute: @unchecked Sendable {
    /// In the memory of the table that the route is in.
    let via: UnsafeBufferPointer<CLINode>
    let target: CLINode

    init(via: UnsafeBufferPointer<CLINode> = UnsafeBufferPointer(start: nil, count: 0), to target: CLINode) {
        self.via = via
        self.target = target
    }

    @inline(__always) var first: CLINode { via.isEmpty ? target : via[0] }
    /// The slot, in the node where the route begins, of its first node.
    @inline(__always) var slot: Int { first.slot }
}

typealias CLIRoutes = UnsafeBufferPointer<CLIRoute>

extension CLINode {
    /// Whether a line can lead to the node.
    fileprivate var isRoutable: Bool {
        switch kind {
        case .leaf, .leafList, .container, .list, .mountPoint: true
        default: false
        }
    }

    /// Whether a longer word begins with the name.
    func isPrefix(of text: CLIBytes) -> Bool {
        text.count > letters.count && text.first == letters.first
            && CLIText.areEqual(text.prefix(letters.count), letters)
    }

    func matches(_ text: CLIBytes) -> Bool {
        guard letters.count == text.count else { return false }
        if CLIText.areEqual(letters, text) { return true }
        return has(.caseInsensitive)
            && zip(letters, text).allSatisfy { CLIText.lowercased($0) == CLIText.lowercased($1) }
    }
}
