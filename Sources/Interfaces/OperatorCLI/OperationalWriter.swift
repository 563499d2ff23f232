import CLIGrammar
import ConfigTree
import YANG

/// Prints a tree of state data as `show` does: one line a leaf, list entries as blocks or, where that fits, as tables.
struct OperationalWriter {
    let grammar: CLIGrammar
    /// The width that a table may have.
    let columns: Int
    /// False for `notab`, true for `tab`.
    var asTable: Bool?
    private(set) var text = ""

    init(grammar: CLIGrammar, columns: Int, asTable: Bool?) {
        self.grammar = grammar
        self.columns = columns
        self.asTable = asTable
    }

    mutating func print(_ tree: DataTree) { content(tree.rootInstance, indent: 0, prefix: "") }

    private mutating func content(_ instance: Instance, indent: Int, prefix: String) {
        let children = instance.children().filter { !($0.node.isKey && instance.node.kind == .list) }
        let width = prefix.isEmpty ? Self.width(children) : 0
        var index = 0
        while index < children.count {
            let node = children[index].node
            var end = index + 1
            while end < children.count, children[end].node == node { end += 1 }
            let group = Array(children[index..<end])
            index = end
            switch node.kind {
            case .leaf, .anydata, .anyxml, .leafList: leaf(group, indent, prefix, width)
            case .list: list(group, below: instance, indent, prefix)
            default: content(group[0], indent: indent, prefix: prefix + node.name + " ")
            }
        }
    }

    private static func width(_ children: [Instance]) -> Int {
        children.filter { $0.node.isTerminal && $0.node.type?.base != .empty }.map(\.node.name.count).max() ?? 0
    }

    private mutating func line(_ content: String, _ indent: Int) {
        text += String(repeating: " ", count: indent) + content + "\n"
    }

    private mutating func leaf(_ group: [Instance], _ indent: Int, _ prefix: String, _ width: Int) {
        let node = group[0].node
        if node.kind == .leaf, node.type?.base == .empty { return line(prefix + node.name, indent) }
        let words = group.map { display($0) }
        let value = node.kind == .leafList ? "[ \(words.joined(separator: " ")) ]" : words[0]
        let gap = String(repeating: " ", count: max(0, width - node.name.count) + 1)
        line(prefix + node.name + gap + value, indent)
    }

    private func display(_ leaf: Instance) -> String {
        let value = leaf.value ?? ""
        return leaf.node.type == nil ? value : grammar.display(value, of: leaf.node)
    }

    private mutating func list(_ entries: [Instance], below parent: Instance, _ indent: Int, _ prefix: String) {
        let list = entries[0].node
        if let table = table(list, entries) {
            text += table + (indent > 0 ? "\n" : "")
            return
        }
        for entry in entries {
            let keys = zip(list.keys, entry.keys).map { " " + grammar.display($1, of: $0) }.joined()
            line(prefix + list.name + keys, indent)
            content(entry, indent: indent + 1, prefix: "")
        }
    }

    /// Entries as a table; nil if they are to be shown one by one: the list has more than leaves, or does not fit.
    func table(_ list: SchemaNode, _ entries: [Instance]) -> String? {
        guard !entries.isEmpty, isTabular(list), list.annotation("cli-suppress-table") == nil || asTable == true else {
            return nil
        }
        let table = Self.table(list, entries, below: [])
        return asTable == true || table.width <= columns ? table.text(width: columns) : nil
    }

    /// Whether entries of a list have nothing but leaves.
    private func isTabular(_ list: SchemaNode) -> Bool {
        asTable != false && !list.isConfig
            && list.dataChildren.allSatisfy { child in
                switch child.kind {
                case .leaf, .leafList: true
                case .action, .notification: true
                default: false
                }
            }
    }

    // MARK: Tables

    /// The table of some leaves of entries: keys first, then what is `below` each, all of it if that is empty.
    static func table(_ list: SchemaNode, _ entries: [Instance], below: [SchemaNode]) -> TextTable {
        let columns = self.columns(list, below)
        var table = TextTable(columns.map { TextTable.heading($0.leaf) })
        for entry in entries {
            let cells = columns.map { column in
                var holder: Instance? = entry
                for node in column.way { holder = holder?.child(node) }
                return TextTable.cell(column.leaf, of: holder)
            }
            // An entry without any of it has no row.
            if below.isEmpty || cells.dropFirst(list.keys.count).contains(where: { $0 != "-" }) {
                table.rows.append(cells)
            }
        }
        return table
    }

    private struct Column {
        var way: [SchemaNode]
        var leaf: SchemaNode
    }

    private static func columns(_ list: SchemaNode, _ below: [SchemaNode]) -> [Column] {
        let keys = list.keys.map { Column(way: [], leaf: $0) }
        if let last = below.last, last.kind == .leaf || last.kind == .leafList {
            return keys + [Column(way: below.dropLast(), leaf: last)]
        }
        let inner = leaves(of: below.last ?? list, way: below)
        return keys + inner.filter { column in !keys.contains { $0.leaf == column.leaf } }
    }

    private static func leaves(of node: SchemaNode, way: [SchemaNode]) -> [Column] {
        node.dataChildren.flatMap { child -> [Column] in
            switch child.kind {
            case .leaf, .leafList: child.isConfig ? [] : [Column(way: way, leaf: child)]
            case .container: leaves(of: child, way: way + [child])
            default: []
            }
        }
    }

    /// Whether what is below entries can be the columns of a table.
    static func canBeTable(_ below: [SchemaNode]) -> Bool {
        guard let last = below.last else { return false }
        return hasNoLists(last) && below.dropLast().allSatisfy { $0.kind == .container }
    }

    private static func hasNoLists(_ node: SchemaNode) -> Bool {
        switch node.kind {
        case .leaf, .leafList: true
        case .container: node.dataChildren.allSatisfy { hasNoLists($0) }
        case .action, .notification: true
        default: false
        }
    }
}
