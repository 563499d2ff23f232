import ConfigTree
import YANG

/// Prints a tree as J-style statements with braces.
///
/// What has nothing in it ends in `;`. A node with `cli-suppress-mode` lends its words to each statement in it
/// (`family inet {`); one with `cli-compact-syntax` has all its leaves on its line; one with `cli-flatten-container` has
/// its leaf on its line if it is the only one.
struct BraceWriter {
    let grammar: CLIGrammar
    let options: RenderOptions
    var out: [UInt8] = []
    private let words: StatementWords

    init(_ grammar: CLIGrammar, options: RenderOptions) {
        self.grammar = grammar
        self.options = options
        words = StatementWords(grammar: grammar)
    }

    mutating func content(_ node: CLINode, _ row: Row, prefix: [UInt8] = [], depth: Int, _ selection: Selection?) {
        for slot in slots(node, row) where selection?.admits(slot) ?? true {
            child(node.child(slot), row, prefix, depth, selection)
        }
    }

    private func slots(_ node: CLINode, _ row: Row) -> [Int] {
        let slots =
            options.withDefaults
            ? node.children.nodes.map(\.slot).filter { slot in
                let child = node.child(slot)
                guard child.schema.isConfig, !(node.kind == .list && child.schema.isKey) else { return false }
                return row.hasValue(in: slot) || row.kid(in: slot) != nil || !child.schema.defaults.isEmpty
            } : row.statementSlots(node)
        return options.withHidden ? slots : slots.filter { !node.child($0).has(.hidden) }
    }

    mutating func child(
        _ node: CLINode, _ row: Row, _ prefix: [UInt8], _ depth: Int, _ selection: Selection?
    ) {
        switch node.kind {
        case .leaf, .anydata, .anyxml:
            guard let text = leaf(node, row) else { return }
            line(Self.mark(row.metadata, node.slot) + prefix + text, ";", depth)
        case .leafList:
            for text in leafLists(node, row) { line(prefix + text, ";", depth) }
        case .container:
            guard let inner = row.child(in: node.slot) else { return }
            block(node, inner, prefix, [], depth, selection?.below(node.slot, []))
        case .list:
            guard let entries = row.entries(in: node.slot) else { return }
            for entry in entries.rows {
                let keys = entries.keys(of: entry)
                guard let selection else {
                    block(node, entry, prefix, keys, depth, nil)
                    continue
                }
                guard let below = selection.entry(node.slot, keys) else { continue }
                block(node, entry, prefix, keys, depth, below.isWhole ? nil : below)
            }
        default: break
        }
    }

    private func leaf(_ node: CLINode, _ row: Row) -> [UInt8]? {
        if let value = row.value(in: node.slot) { return words.leaf(node, value) }
        guard options.withDefaults, let value = node.schema.defaults.first else { return nil }
        return words.leaf(node, value)
    }

    private func leafLists(_ node: CLINode, _ row: Row) -> [[UInt8]] {
        let values = row.leafListValues(node.slot) ?? (options.withDefaults ? node.schema.defaults : [])
        guard !values.isEmpty else { return [] }
        if node.has(.listSyntax) { return values.map { words.leafList(node, [$0]) } }
        return [words.leafList(node, values)]
    }

    private mutating func block(
        _ node: CLINode, _ row: Row, _ prefix: [UInt8], _ keys: [String], _ depth: Int, _ selection: Selection?
    ) {
        let header = prefix + words.header(node, keys: keys)
        let mark = Self.mark(row.metadata, nil)
        let slots = slots(node, row)
        guard !slots.isEmpty else {
            if node.kind == .list || node.schema.isPresence { line(mark + header, ";", depth) }
            return
        }
        if let text = onOneLine(node, row, slots) { return line(mark + header + [CLIText.space] + text, ";", depth) }
        if header.isEmpty { return content(node, row, depth: depth, selection) }
        if node.has(.sharedWords), mark.isEmpty {
            return content(node, row, prefix: header + [CLIText.space], depth: depth, selection)
        }
        line(mark + header, " {", depth)
        content(node, row, depth: depth + 1, selection)
        line([], "}", depth)
    }

    /// All that is in a node, if it has room on its line.
    private func onOneLine(_ node: CLINode, _ row: Row, _ slots: [Int]) -> [UInt8]? {
        guard node.has(.compact) || (node.has(.flatten) && slots.count == 1) else { return nil }
        var parts: [[UInt8]] = []
        for slot in slots {
            let child = node.child(slot)
            guard child.schema.isTerminal, Self.mark(row.metadata, slot).isEmpty else { return nil }
            if child.kind == .leafList {
                let lists = leafLists(child, row)
                guard lists.count == 1 else { return nil }
                parts += lists
            } else if let text = leaf(child, row) {
                parts.append(text)
            }
        }
        return Array(parts.joined(separator: [CLIText.space]))
    }

    private static func mark(_ metadata: RowMetadata?, _ slot: Int?) -> [UInt8] {
        NodeActivity.isInactive(metadata, slot: slot) ? inactive : []
    }

    private static let inactive = Array("inactive: ".utf8)

    private mutating func line(_ text: [UInt8], _ end: StaticString, _ depth: Int) {
        let blanks = (options.depth + depth) * grammar.dialect.indentation
        out.append(contentsOf: repeatElement(CLIText.space, count: blanks))
        out += text
        out.append(contentsOf: UnsafeBufferPointer(start: end.utf8Start, count: end.utf8CodeUnitCount))
        out.append(10)
    }
}
