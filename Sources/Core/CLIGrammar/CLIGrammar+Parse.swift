package import ConfigTree
import YANG

/// A line that was not taken over.
package struct SkippedLine: Hashable, Sendable {
    /// Counted from 1.
    package var number: Int
    package var text: String
    /// The submode that the model knows in which the line stood: its header lines, outermost first.
    package var mode: [String]
    /// Why: an unknown word, a bad value, inside an unknown submode.
    package var reason: String

    package init(number: Int, text: String, mode: [String] = [], reason: String) {
        self.number = number
        self.text = text
        self.mode = mode
        self.reason = reason
    }
}

/// What became of a configuration text.
package struct ParsedConfiguration: Sendable {
    package var tree: DataTree
    package var skipped: [SkippedLine]
    /// Lines with content (neither empty nor `!`), and how many of them were taken over.
    package var lineCount: Int
    package var takenCount: Int
}

/// How a configuration text is read.
package struct ParseOptions: Sendable {
    /// The first line that the model does not know is an error, not skipped.
    package var isStrict = false
    /// Words may be abbreviated where that is unambiguous (`line con 0`): the option `allow-abbrevs` of a CLI driver.
    package var allowsAbbreviations = false
    /// Each line is carried out over what the lines before it made, even where the text begins with nothing.
    package var isLineByLine = false

    package init() {}
}

extension CLIGrammar {
    /// Reads a configuration text: what it says is laid over `base`.
    ///
    /// - Parameter path: the mode in which the text begins.
    /// - Throws: the first fault, if `options.isStrict`.
    package func parse(
        _ text: [UInt8], over base: DataTree? = nil, at path: InstancePath = InstancePath(),
        options: ParseOptions = ParseOptions()
    ) throws(CLIFault) -> ParsedConfiguration {
        if hasStatements { return try parseStatements(text, over: base, at: path, options: options) }
        if base != nil || !path.steps.isEmpty || options.isLineByLine {
            var reader = editReader(text, base ?? DataTree(model), path, options)
            reader.obeysOrderComments = base != nil
            try reader.read()
            return ParsedConfiguration(
                tree: reader.sink.tree, skipped: reader.skipped, lineCount: reader.lineCount,
                takenCount: reader.takenCount)
        }
        let draft = RowDraft(model.schema.root)
        var reader = ConfigurationReader(
            text, base: baseFrame, place: DraftSink.Place(draft: draft, model: model), sink: DraftSink(),
            dialect: dialect, options: options)
        try reader.read()
        return ParsedConfiguration(
            tree: DataTree(draft, model: model), skipped: reader.skipped, lineCount: reader.lineCount,
            takenCount: reader.takenCount)
    }

    /// Reads a configuration text as edits, deletions (`no ...`) included, in the order of its lines: `load merge`.
    ///
    /// - Throws: the fault of the first line that the model does not know.
    package func edits(
        _ text: [UInt8], over base: DataTree, at path: InstancePath = InstancePath()
    ) throws(CLIFault) -> [PathEdit] {
        if hasStatements { return try statementEdits(text, over: base, at: path).flatMap { $0 } }
        var options = ParseOptions()
        options.isStrict = true
        options.allowsAbbreviations = true
        var reader = editReader(text, base, path, options)
        try reader.read()
        return reader.sink.edits
    }

    /// As `edits`, one list for each line that has a command.
    package func editsByLine(_ text: [UInt8], over base: DataTree) throws(CLIFault) -> [[PathEdit]] {
        if hasStatements { return try statementEdits(text, over: base, at: InstancePath()) }
        var options = ParseOptions()
        options.isStrict = true
        options.allowsAbbreviations = true
        var reader = editReader(text, base, InstancePath(), options)
        var lines: [[PathEdit]] = []
        var count = 0
        try reader.read { sink in
            guard sink.edits.count > count else { return }
            lines.append(Array(sink.edits[count...]))
            count = sink.edits.count
        }
        return lines
    }

    /// A text that only says what is, in whole commands, as `show running-config` prints it; nil if it has anything
    /// else in it: deletions, order of entries, unknown lines, nodes of a driver that the text does not name.
    package func configuration(_ text: [UInt8]) -> DataTree? {
        guard !Self.hasOrders(text) else { return nil }
        var options = ParseOptions()
        options.isStrict = true
        return try? parse(text, options: options).tree
    }

    /// Whether a line begins with `no` or `#`.
    private static func hasOrders(_ text: [UInt8]) -> Bool {
        var isLineStart = true
        for index in text.indices {
            let byte = text[index]
            if isLineStart, byte > 32 {
                if byte == UInt8(ascii: "#") || text[index...].starts(with: Array("no ".utf8)) { return true }
                isLineStart = false
            }
            if byte == 10 { isLineStart = true }
        }
        return false
    }

    var baseFrame: LineFrame { LineFrame(node: root, grammar: self, parent: -1) }

    private func editReader(
        _ text: [UInt8], _ base: DataTree, _ path: InstancePath, _ options: ParseOptions
    ) -> ConfigurationReader<EditSink> {
        ConfigurationReader(
            text, base: frame(at: path, in: base) ?? baseFrame, place: path, sink: EditSink(base), dialect: dialect,
            options: options)
    }

    /// The frame of a mode; nil if what is mounted on the way is not known.
    func frame(at path: InstancePath, in tree: DataTree) -> LineFrame? {
        var frame = baseFrame
        for (index, step) in path.steps.enumerated() {
            let node = frame.content.child(step.node.slot)
            guard node.schema == step.node else { return nil }
            frame = LineFrame(node: node, grammar: frame.grammar, parent: -1)
            guard node.kind == .mountPoint else { continue }
            let holder = tree.instance(InstancePath(Array(path.steps[..<index])))?.row
            guard let model = holder.flatMap({ frame.grammar.mounted($0, node) }) else { return nil }
            frame.grammar = frame.grammar.grammar(of: model)
            frame.content = frame.grammar.root
        }
        return frame
    }
}
