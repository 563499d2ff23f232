import CLIGrammar
import ConfigTree
import YANG

/// What a path typed after `show` means.
///
/// The words are names of nodes (or the beginnings of them) and keys of list entries; a list may be left without keys,
/// or have `*`, `ce0..3`, `ce0..1,3`, `ce*` in place of one.
struct OperationalPath {
    enum Target {
        case data([InstancePath], table: TableRequest?)
        /// An action that shows something (`tailf:cli-mount-point "show"`).
        case action(InstancePath, SchemaNode)
    }

    /// Entries of one list that may be shown as a table.
    struct TableRequest {
        var list: SchemaNode
        var entries: [Instance]
        /// What of each entry: nodes down from it; empty for all of it.
        var below: [SchemaNode]
    }

    private let tree: DataTree
    private var here: [Instance]
    private var table: TableRequest?

    private init(_ tree: DataTree) {
        self.tree = tree
        here = [tree.rootInstance]
    }

    static func resolve(_ words: ArraySlice<TypedWord>, in tree: DataTree) throws -> Target {
        var path = OperationalPath(tree)
        var rest = words
        var schema = tree.model.schema.root
        while let word = rest.popFirst() {
            let found = names(word.text, in: path.here.first?.childSchema ?? schema)
            guard let node = found.first else {
                let isTop = path.here.first?.node.kind == .root
                throw CommandFault.syntax(isTop ? "unknown argument" : "element does not exist", at: word.column)
            }
            guard found.count == 1 || names(node, word.text) else {
                throw CommandFault.syntax("ambiguous argument", at: word.column)
            }
            if node.kind == .action {
                guard rest.isEmpty, let holder = path.here.first else {
                    throw CommandFault.syntax("too many parameters", at: rest.first?.column ?? word.column)
                }
                return .action(holder.path.appending(node), node)
            }
            try path.enter(node, &rest)
            schema = node
        }
        return .data(path.here.map(\.path), table: path.table)
    }

    /// What a path says of devices' own state, if it goes there: what has to be read before it can be resolved.
    static func live(_ words: ArraySlice<TypedWord>, in tree: DataTree) throws -> [InstancePath] {
        var path = OperationalPath(tree)
        var rest = words
        while let word = rest.popFirst() {
            guard let schema = path.here.first?.childSchema else { return [] }
            let found = names(word.text, in: schema)
            guard let node = found.first, found.count == 1 || names(node, word.text) else { return [] }
            if node.kind == .mountPoint, !node.isConfig {
                return try path.here.compactMap { device in
                    guard let point = device.child(node), let inner = point.childSchema else { return nil }
                    return InstancePath(point.path.steps + (try LiveWords.steps(rest, in: inner)))
                }
            }
            guard (try? path.enter(node, &rest)) != nil else { return [] }
        }
        return []
    }

    /// The children that a word may mean: the one of that name alone, if there is one.
    static func names(_ word: String, in schema: SchemaNode) -> [SchemaNode] {
        let visible = schema.dataChildren.filter(isShown)
        let exact = visible.filter { names($0, word) }
        return exact.isEmpty ? visible.filter { $0.name.hasPrefix(word) } : exact
    }

    private static func names(_ node: SchemaNode, _ word: String) -> Bool {
        node.name == word || "\(node.module.prefix):\(node.name)" == word || "\(node.module.name):\(node.name)" == word
    }

    /// Whether a node can be on a path after `show`.
    static func isShown(_ node: SchemaNode) -> Bool {
        switch node.kind {
        case .rpc, .notification, .input, .output: false
        case .action: node.annotation("cli-mount-point")?.argument == "show"
        default: node.annotation("hidden") == nil
        }
    }

    private mutating func enter(_ node: SchemaNode, _ rest: inout ArraySlice<TypedWord>) throws {
        switch node.kind {
        case .list: try enterList(node, &rest)
        case .leafList:
            here = here.flatMap { holder in Self.local(node, in: holder).map { Array(holder.entries($0)) } ?? [] }
            table?.below.append(node)
        default:
            here = here.compactMap { holder in Self.local(node, in: holder).flatMap { holder.child($0) } }
            table?.below.append(node)
        }
    }

    /// The same node in the model of an instance: devices may have different ones.
    private static func local(_ node: SchemaNode, in holder: Instance) -> SchemaNode? {
        holder.childSchema?.dataChild(named: node.name, module: node.module.name)
    }

    private mutating func enterList(_ list: SchemaNode, _ rest: inout ArraySlice<TypedWord>) throws {
        let all = here.flatMap { holder in Self.local(list, in: holder).map { Array(holder.entries($0)) } ?? [] }
        let isAlone = here.count == 1
        var entries = all
        var isOpen = false
        for (index, _) in list.keys.enumerated() {
            guard let word = rest.first else {
                isOpen = true
                break
            }
            let exact = entries.filter { $0.keys[index] == word.text }
            if !exact.isEmpty {
                entries = exact
                rest.removeFirst()
            } else if !word.isQuoted, KeyPattern(word.text).isPattern {
                let pattern = KeyPattern(word.text)
                entries = entries.filter { pattern.matches($0.keys[index]) }
                isOpen = true
                rest.removeFirst()
            } else if !word.isQuoted, !Self.names(word.text, in: list).isEmpty {
                isOpen = true
                break
            } else {
                throw CommandFault.syntax("element does not exist", at: word.column)
            }
        }
        here = entries
        table = isOpen && isAlone ? TableRequest(list: list, entries: entries, below: []) : nil
        if list.keys.isEmpty { table = TableRequest(list: list, entries: entries, below: []) }
    }

    // MARK: Actions

    /// The nodes at the top below which operational mode has actions.
    static func actionRoots(_ schema: Schema) -> [SchemaNode] {
        schema.root.dataChildren.filter { $0.kind == .rpc || $0.kind != .leaf && hasAction($0, depth: 0) }
    }

    /// Whether an action lies at or below a node.
    static func hasAction(_ node: SchemaNode, depth: Int) -> Bool {
        switch node.kind {
        case .action, .rpc: node.annotation("cli-mount-point") == nil && node.annotation("cli-configure-mode") == nil
        // Below live-status are actions of our own, or the device's.
        case .mountPoint: !node.isConfig
        case .container, .list: depth < 8 && node.dataChildren.contains { hasAction($0, depth: depth + 1) }
        default: false
        }
    }
}
