package import ConfigTree
import YANG

/// What a J-style command line shows of its configuration.
extension CLIGrammar {
    /// The container, list, entry or leaf that words lead to from `mode`; nodes need not be there.
    package func statementPath(_ words: String, mode: CLIMode, tree: DataTree) throws(CLIFault) -> InstancePath {
        var session = StatementSession(grammar: self, sink: EditSink(tree))
        let line = CLILine(statement: words)
        guard !line.tokens.isEmpty else { return mode.paths[0] }
        return try session.target(line, mode.paths[0]) ?? mode.paths[0]
    }

    /// What is in a container or entry, with braces; of a leaf or list, its own statements.
    package func statements(of tree: DataTree, at path: InstancePath) -> String {
        var writer = BraceWriter(self, options: RenderOptions())
        if let (node, row) = block(path, tree) {
            writer.content(node, row, depth: 0, nil)
        } else if let last = path.last, let (parent, row) = block(path.parent, tree) {
            let selection = last.keys.isEmpty ? nil : Selection([InstancePath([last])])
            writer.child(parent.child(last.node.slot), row, [], 0, selection)
        }
        return CLIText.string(writer.out)
    }

    /// The `set` commands of what is at a path and below.
    package func setCommands(_ tree: DataTree, at path: InstancePath) -> String {
        let all = setCommands(tree) ?? ""
        let words = statementWords(path)
        guard !words.isEmpty else { return all }
        let lines = all.split(separator: "\n").filter { line in
            let rest = line.drop { $0 != " " }.dropFirst()
            return rest == words || rest.hasPrefix(words + " ")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The row of a container or entry that is there.
    private func block(_ path: InstancePath, _ tree: DataTree) -> (CLINode, Row)? {
        guard let last = path.last else { return (root, tree.root) }
        guard last.node.kind == .container || (last.node.kind == .list && !last.keys.isEmpty) else { return nil }
        guard let row = tree.instance(path)?.row else { return nil }
        return (node(last.node), row)
    }

    /// What differs below a path, as `show | compare` prints it: `[edit ...]`, then statements marked `-`, `+`, or `!`
    /// for what moved.
    package func statementComparison(from: DataTree, to: DataTree, at path: InstancePath = InstancePath()) -> String {
        var comparison = StatementComparison(grammar: self, within: path)
        comparison.level(from.diff(to: to, includingMetadata: true), of: root, from.root, to.root, InstancePath())
        return comparison.out
    }
}

/// Prints differences level by level.
private struct StatementComparison {
    let grammar: CLIGrammar
    let within: InstancePath
    private(set) var out = ""

    init(grammar: CLIGrammar, within: InstancePath) {
        self.grammar = grammar
        self.within = within
    }

    mutating func level(_ diffs: [DiffNode], of parent: CLINode, _ old: Row, _ new: Row, _ path: InstancePath) {
        var here = ""
        var seen: Set<Int> = []
        for diff in diffs where diff.node.isConfig {
            let node = parent.child(diff.node.slot)
            let step = InstancePath.Step(diff.node, keys: diff.keys)
            let selection = diff.keys.isEmpty ? nil : Selection([InstancePath([step])])
            if diff.node.isTerminal {
                guard seen.insert(node.slot).inserted else { continue }
                here += marked("-", node, old, nil) + marked("+", node, new, nil)
            } else if diff.change == .created {
                here += marked("+", node, new, selection)
            } else if diff.change == .deleted {
                here += marked("-", node, old, selection)
            } else if diff.change == .moved {
                let words = CLIText.string(StatementWords(grammar: grammar).header(node, keys: diff.keys))
                here += "!    \(words) { ... }\n"
            }
        }
        if !here.isEmpty, path.steps.starts(with: within.steps) {
            let words = grammar.statementWords(path)
            out += "[edit\(words.isEmpty ? "" : " ")\(words)]\n" + here
        }
        for diff in diffs where diff.change == .inside || diff.change == .moved {
            guard !diff.node.isTerminal, let before = diff.old, let after = diff.new else { continue }
            let inner = path.appending(diff.node, keys: diff.keys)
            level(diff.children, of: parent.child(diff.node.slot), before, after, inner)
        }
    }

    private func marked(_ mark: String, _ node: CLINode, _ row: Row, _ selection: Selection?) -> String {
        var writer = BraceWriter(grammar, options: RenderOptions())
        writer.child(node, row, [], 0, selection)
        return CLIText.string(writer.out).split(separator: "\n").map { "\(mark)   \($0)\n" }.joined()
    }
}
