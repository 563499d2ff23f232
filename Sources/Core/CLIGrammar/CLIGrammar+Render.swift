package import Basics
package import ConfigTree
package import YANG

/// What to show of a tree, and how.
package struct RenderOptions: Sendable {
    /// Leaf defaults in use are shown like set leaves.
    package var withDefaults = false
    /// Show only what lies at or below these paths (and what leads there); nil shows everything.
    package var selection: [InstancePath]?
    /// Levels of submodes that are indented already, as inside `config` of a device.
    package var depth = 0
    /// Operational data (`show`), not configuration (`show running-config`).
    package var operational = false
    /// Nodes with `tailf:hidden` too.
    package var withHidden = true
    /// Leaf defaults in use are shown in lines that begin with `!`, which is no command.
    package var commentsDefaults = false

    /// Tags are shown in comments before the nodes that bear them.
    package var withTags = false

    package init() {}
}

extension CLIGrammar {
    /// The text of a whole tree, as `show running-config` prints it.
    package func render(_ tree: DataTree, options: RenderOptions = RenderOptions()) -> String {
        var bytes: [UInt8] = []
        render(tree, options: options, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text of a whole tree, appended to `sink` as UTF-8.
    package func render(_ tree: DataTree, options: RenderOptions = RenderOptions(), into sink: inout [UInt8]) {
        if hasStatements { return renderStatements(tree, options, into: &sink) }
        var writer = ConfigurationWriter(options: options)
        swap(&writer.out, &sink)
        let grammar = grammar(of: tree.model)
        let selection = options.selection.map { Selection($0) }
        writer.content(grammar.root, tree.root, grammar, selection.flatMap { $0.isWhole ? nil : $0 })
        swap(&writer.out, &sink)
    }

    /// The text of a whole tree, handed on piece by piece. Throws what `sink` throws, when all is done.
    package func render(
        _ tree: DataTree, options: RenderOptions = RenderOptions(), sink: @escaping ByteOutput.Sink
    ) throws {
        if hasStatements {
            var text: [UInt8] = []
            renderStatements(tree, options, into: &text)
            return try text.withUnsafeBytes(sink)
        }
        var writer = ConfigurationWriter(options: options, output: ByteOutput(sink: sink))
        let grammar = grammar(of: tree.model)
        let selection = options.selection.map { Selection($0) }
        writer.content(grammar.root, tree.root, grammar, selection.flatMap { $0.isWhole ? nil : $0 })
        try writer.finish()
    }

    private func renderStatements(_ tree: DataTree, _ options: RenderOptions, into sink: inout [UInt8]) {
        var writer = BraceWriter(self, options: options)
        let selection = options.selection.map { Selection($0) }
        swap(&writer.out, &sink)
        writer.content(root, tree.root, depth: 0, selection.flatMap { $0.isWhole ? nil : $0 })
        swap(&writer.out, &sink)
    }

    /// A canonical value as the CLI shows it: an identity without its module where that is clear, quotes where needed.
    package func display(_ value: String, of leaf: SchemaNode) -> String {
        let (node, grammar) = node(at: InstancePath([InstancePath.Step(leaf)]))
        return CLIText.string(LineComposer(grammar: grammar).valueText(node, value))
    }
}
