package import Basics
package import ConfigTree
import YANG

/// Prints trees and differences with braces; the first column of a line is blank, or `-` or `+`.
private struct CurlyWriter {
    var out = ""
    let hasMarks: Bool
    var withDefaults = false

    private mutating func line(_ mark: Character, _ depth: Int, _ text: String) {
        if hasMarks { out.append(mark) }
        out += String(repeating: "    ", count: depth) + text + "\n"
    }

    private mutating func tags(_ comment: String?, _ mark: Character, _ depth: Int) {
        if let comment { line(mark, depth, comment) }
    }

    // MARK: Subtrees

    mutating func row(_ node: CLINode, _ row: Row, _ grammar: CLIGrammar, _ mark: Character, _ depth: Int) {
        for slot in withDefaults ? Array(node.children.nodes.indices) : row.storedSlots {
            let child = node.child(slot)
            if node.kind == .list, child.schema.isKey { continue }
            self.child(child, row, grammar, mark, depth)
        }
    }

    private mutating func child(_ node: CLINode, _ row: Row, _ grammar: CLIGrammar, _ mark: Character, _ depth: Int) {
        switch node.kind {
        case .leaf, .anydata, .anyxml:
            guard let value = row.value(in: node.slot) ?? (withDefaults ? node.schema.defaults.first : nil) else {
                return
            }
            tags(TagText.braces(row.metadata, of: node.slot), mark, depth)
            line(mark, depth, Self.leaf(node, value, grammar))
        case .leafList:
            guard let values = row.leafListValues(node.slot) else { return }
            line(mark, depth, Self.leafList(node, values, grammar))
        case .container:
            guard let inner = row.child(in: node.slot) else { return }
            block(node, nil, inner, grammar, mark, depth)
        case .list:
            guard let entries = row.entries(in: node.slot) else { return }
            for entry in entries.rows { block(node, entries.keys(of: entry), entry, grammar, mark, depth) }
        case .mountPoint:
            guard let tree = row.mounted(in: node.slot) else { return }
            mount(node, tree.model, tree.root, grammar, mark, depth)
        default: break
        }
    }

    mutating func mount(
        _ node: CLINode, _ model: DataModel, _ row: Row, _ grammar: CLIGrammar, _ mark: Character, _ depth: Int
    ) {
        let inner = grammar.grammar(of: model)
        line(mark, depth, "\(node.name) {")
        self.row(inner.root, row, inner, mark, depth + 1)
        line(mark, depth, "}")
    }

    mutating func block(
        _ node: CLINode, _ keys: [String]?, _ row: Row, _ grammar: CLIGrammar, _ mark: Character, _ depth: Int
    ) {
        let name = Self.name(node, keys, grammar)
        tags(TagText.braces(row.metadata), mark, depth)
        let isBare = row.storedSlots.allSatisfy { node.kind == .list && node.child($0).schema.isKey }
        if isBare, !withDefaults { return line(mark, depth, "\(name);") }
        line(mark, depth, "\(name) {")
        self.row(node, row, grammar, mark, depth + 1)
        line(mark, depth, "}")
    }

    /// A child of the root, entry by entry.
    mutating func pieces(
        _ node: CLINode, _ row: Row, _ grammar: CLIGrammar, _ hand: (String) throws -> Void
    ) throws {
        if node.schema.isNonPresenceContainer, !withDefaults, let inner = row.child(in: node.slot) {
            try hand("\(node.name) {\n")
            for slot in inner.storedSlots { try entries(node.child(slot), inner, grammar, 1, hand) }
            return try hand("}\n")
        }
        try entries(node, row, grammar, 0, hand)
    }

    private mutating func entries(
        _ node: CLINode, _ row: Row, _ grammar: CLIGrammar, _ depth: Int, _ hand: (String) throws -> Void
    ) throws {
        if node.kind == .list, let entries = row.entries(in: node.slot) {
            for entry in entries.rows {
                block(node, entries.keys(of: entry), entry, grammar, " ", depth)
                try hand(out)
                out = ""
            }
            return
        }
        child(node, row, grammar, " ", depth)
        try hand(out)
        out = ""
    }

    // MARK: Differences

    mutating func diffs(_ diffs: [DiffNode], of parent: CLINode, _ grammar: CLIGrammar, _ depth: Int) {
        var index = 0
        while index < diffs.count {
            let diff = diffs[index]
            let node = parent.child(diff.node.slot)
            index += 1
            guard diff.node.kind == .leafList else {
                self.diff(diff, node, grammar, depth)
                continue
            }
            var group = [diff]
            while index < diffs.count, diffs[index].node == diff.node {
                group.append(diffs[index])
                index += 1
            }
            leafList(group, node, grammar, depth)
        }
    }

    private mutating func leafList(_ diffs: [DiffNode], _ node: CLINode, _ grammar: CLIGrammar, _ depth: Int) {
        let gone = diffs.filter { $0.change == .deleted }.compactMap(\.oldValue)
        let new = diffs.filter { $0.change != .deleted }.compactMap { $0.newValue ?? $0.keys.first }
        if !gone.isEmpty { line("-", depth, Self.leafList(node, gone, grammar)) }
        if !new.isEmpty { line("+", depth, Self.leafList(node, new, grammar)) }
    }

    /// Tags that went and came, of a node that is there before and after; those of a leaf that is new.
    private mutating func tags(_ diff: DiffNode, _ depth: Int) {
        guard diff.node.isTerminal || (diff.change != .created && diff.change != .deleted) else { return }
        if let old = MetadataChange.tags(diff.metadata, \.old), !old.isEmpty { tags(TagText.braces(old), "-", depth) }
        if let new = MetadataChange.tags(diff.metadata, \.new), !new.isEmpty { tags(TagText.braces(new), "+", depth) }
    }

    private mutating func diff(_ diff: DiffNode, _ node: CLINode, _ grammar: CLIGrammar, _ depth: Int) {
        tags(diff, depth)
        if diff.node.isTerminal, diff.change == .inside, let value = diff.newValue ?? diff.oldValue {
            return line(" ", depth, Self.leaf(node, value, grammar))
        }
        if let old = diff.oldValue { line("-", depth, Self.leaf(node, old, grammar)) }
        if let new = diff.newValue { line("+", depth, Self.leaf(node, new, grammar)) }
        if node.schema.isTerminal { return }
        let keys = node.kind == .list ? diff.keys : nil
        if let after = diff.after { order(after, diff.change == .moved ? " " : "+", grammar, depth) }
        switch diff.change {
        case .created, .deleted:
            guard let row = diff.new ?? diff.old else { return }
            let mark: Character = diff.change == .created ? "+" : "-"
            if node.kind == .mountPoint {
                mount(node, diff.newModel, row, grammar, mark, depth)
            } else {
                block(node, keys, row, grammar, mark, depth)
            }
        default:
            if diff.children.isEmpty { return line(" ", depth, "\(Self.name(node, keys, grammar));") }
            line(" ", depth, "\(Self.name(node, keys, grammar)) {")
            let inner = node.kind == .mountPoint ? grammar.grammar(of: diff.newModel) : grammar
            diffs(diff.children, of: node.kind == .mountPoint ? inner.root : node, inner, depth + 1)
            line(" ", depth, "}")
        }
    }

    private mutating func order(_ after: [String], _ mark: Character, _ grammar: CLIGrammar, _ depth: Int) {
        line(
            mark, depth,
            after.isEmpty ? "# first" : "# after \(after.map { Self.word($0, grammar) }.joined(separator: " "))")
    }

    // MARK: Words

    private static func word(_ value: String, _ grammar: CLIGrammar) -> String {
        CLIText.string(grammar.writer.word(value))
    }

    private static func name(_ node: CLINode, _ keys: [String]?, _ grammar: CLIGrammar) -> String {
        ([node.name] + (keys ?? []).map { word($0, grammar) }).joined(separator: " ")
    }

    private static func leaf(_ node: CLINode, _ value: String, _ grammar: CLIGrammar) -> String {
        if node.value.isEmpty { return "\(node.name);" }
        let plain = grammar.writer.plain(value, of: node, in: grammar.model.schema)
        return "\(node.name) \(word(plain, grammar));"
    }

    private static func leafList(_ node: CLINode, _ values: [String], _ grammar: CLIGrammar) -> String {
        let words = values.map { CLIText.string(grammar.writer.word($0, inList: true)) }
        return "\(node.name) [ \(words.joined(separator: " ")) ];"
    }
}

extension CLIGrammar {
    /// The difference as a tree with braces, ` `, `-` or `+` in the first column of each line; empty without one.
    package func curlyDiff(from: DataTree, to: DataTree) -> String {
        var writer = CurlyWriter(hasMarks: true)
        writer.diffs(from.diff(to: to, includingMetadata: true), of: root, self, 0)
        return writer.out
    }

    /// A tree with braces, handed on piece by piece.
    package func curlyBraces(
        _ tree: DataTree, options: RenderOptions = RenderOptions(), sink: @escaping ByteOutput.Sink
    ) throws {
        let grammar = grammar(of: tree.model)
        var output = ByteOutput(sink: sink)
        for slot in tree.root.storedSlots {
            var writer = CurlyWriter(hasMarks: false, withDefaults: options.withDefaults)
            try writer.pieces(grammar.root.child(slot), tree.root, grammar) { text in
                output.append(text)
                try output.drain()
            }
        }
        try output.flush()
    }

    /// A tree with braces, as `display curly-braces` shows it.
    package func curlyBraces(_ tree: DataTree, options: RenderOptions = RenderOptions()) -> String {
        var writer = CurlyWriter(hasMarks: false, withDefaults: options.withDefaults)
        let grammar = grammar(of: tree.model)
        writer.row(grammar.root, tree.root, grammar, " ", 0)
        return writer.out
    }
}
