import ConfigTree
import YANG

/// J-style texts: the entry points of the grammar for a dialect with statements.
extension CLIGrammar {
    var hasStatements: Bool { dialect.style == .j }

    func parseStatements(
        _ text: [UInt8], over base: DataTree?, at path: InstancePath, options: ParseOptions
    ) throws(CLIFault) -> ParsedConfiguration {
        switch Self.form(text) {
        case .commands:
            var reader = StatementCommandReader(self, over: base ?? DataTree(model), at: path, options: options)
            try reader.read(text)
            return ParsedConfiguration(
                tree: reader.tree, skipped: reader.skipped, lineCount: reader.lineCount,
                takenCount: reader.lineCount - reader.skipped.count)
        case let form:
            if base != nil || !path.steps.isEmpty || options.isLineByLine {
                var reader = statementReader(text, form, over: base ?? DataTree(model), at: path, options)
                try reader.read()
                return ParsedConfiguration(
                    tree: reader.sink.tree, skipped: reader.skipped, lineCount: reader.lineCount,
                    takenCount: reader.takenCount)
            }
            let draft = RowDraft(model.schema.root)
            var reader = StatementReader(
                text, isSet: form == .set, base: baseFrame, place: DraftSink.Place(draft: draft, model: model),
                sink: DraftSink(), options: options)
            try reader.read()
            return ParsedConfiguration(
                tree: DataTree(draft, model: model), skipped: reader.skipped, lineCount: reader.lineCount,
                takenCount: reader.takenCount)
        }
    }

    /// The edits that a text means, one list for each statement that changes something.
    func statementEdits(
        _ text: [UInt8], over base: DataTree, at path: InstancePath
    ) throws(CLIFault) -> [[PathEdit]] {
        var options = ParseOptions()
        options.isStrict = true
        options.allowsAbbreviations = true
        let form = Self.form(text)
        guard form != .commands else {
            var reader = StatementCommandReader(self, over: base, at: path, options: options)
            try reader.read(text)
            return reader.edits
        }
        var reader = statementReader(text, form, over: base, at: path, options)
        var lines: [[PathEdit]] = []
        var count = 0
        try reader.read { sink in
            guard sink.edits.count > count else { return }
            lines.append(Array(sink.edits[count...]))
            count = sink.edits.count
        }
        return lines
    }

    private func statementReader(
        _ text: [UInt8], _ form: StatementForm, over base: DataTree, at path: InstancePath, _ options: ParseOptions
    ) -> StatementReader<EditSink> {
        StatementReader(
            text, isSet: form == .set, base: frame(at: path, in: base) ?? baseFrame, place: path,
            sink: EditSink(base), options: options)
    }

    // MARK: Forms

    private enum StatementForm {
        case braces
        /// Nothing but `set` commands.
        case set
        /// Lines of commands of any kind.
        case commands
    }

    /// What the first words of the lines say. A text that begins with a command that is not closed by `;` or `{` has
    /// commands on all its lines.
    private static func form(_ text: [UInt8]) -> StatementForm {
        var scanner = StatementScanner(text, hasLines: true)
        var form: StatementForm?
        var memory: [CLIToken] = []
        while let line = scanner.next(reusing: memory) {
            let words = line.words
            let last = words.bytes.last
            let isBraces = last == UInt8(ascii: ";") || last == UInt8(ascii: "{") || last == UInt8(ascii: "}")
            if form == nil, isBraces || StatementVerb(rawValue: CLIText.string(words.text(0))) == nil {
                return .braces
            }
            form = .set
            if !words.text(0).elementsEqual(StatementVerb.set.word) { return .commands }
            memory = words.tokens
        }
        return form ?? .braces
    }
}

/// Reads a text of J-style commands, one on each line.
struct StatementCommandReader {
    private let grammar: CLIGrammar
    private let options: ParseOptions
    private(set) var tree: DataTree
    private var mode: CLIMode
    private(set) var edits: [[PathEdit]] = []
    private(set) var skipped: [SkippedLine] = []
    private(set) var lineCount = 0

    init(_ grammar: CLIGrammar, over tree: DataTree, at path: InstancePath, options: ParseOptions) {
        self.grammar = grammar
        self.options = options
        self.tree = tree
        mode = CLIMode(paths: [path], prompt: "")
    }

    mutating func read(_ text: [UInt8]) throws(CLIFault) {
        var scanner = StatementScanner(text, hasLines: true)
        while let line = scanner.next() {
            lineCount += 1
            switch grammar.readStatement(line.words, mode: mode, tree: tree).outcome {
            case .edits(let made, let next):
                mode = next
                guard !made.isEmpty else { continue }
                edits.append(made)
                for edit in made { tree = (try? tree.applying(edit.edit, at: edit.path)) ?? tree }
            case .mode(let next): mode = next ?? .top
            case .action: try skip(line, 0, "an action")
            case .fault(let fault): try skip(line, fault.column, fault.message)
            }
        }
    }

    private mutating func skip(_ line: Statement, _ column: Int, _ reason: String) throws(CLIFault) {
        if options.isStrict { throw CLIFault(line: line.number, column: column, message: reason) }
        let words = grammar.statementWords(mode.paths[0])
        skipped.append(
            SkippedLine(
                number: line.number, text: CLIText.string(line.words.bytes), mode: words.isEmpty ? [] : [words],
                reason: reason))
    }
}
