import ConfigTree
import YANG

/// Reads a J-style configuration: statements with braces, or lines of `set`.
///
/// A statement is one line of words read in the node whose braces are open. What the model does not know is skipped
/// with all that is in its braces, and listed; it never lands elsewhere.
struct StatementReader<Sink: ConfigurationSink>: ~Copyable {
    private struct Block {
        var base: LineFrame
        var place: Sink.Place
        var header: CLIBytes
    }

    let options: ParseOptions
    var sink: Sink
    private(set) var skipped: [SkippedLine] = []
    private(set) var lineCount = 0
    private(set) var takenCount = 0
    private var scanner: StatementScanner
    private var blocks: [Block]
    /// Open braces of something that was skipped.
    private var unknownDepth = 0
    private var parser: LineParser

    /// - Parameter isSet: each line is a `set` command.
    init(
        _ bytes: [UInt8], isSet: Bool, base: LineFrame, place: Sink.Place, sink: Sink, options: ParseOptions
    ) {
        self.sink = sink
        self.options = options
        scanner = StatementScanner(bytes, hasLines: isSet)
        blocks = [Block(base: base, place: place, header: .none)]
        parser = LineParser(CLILine(scanner.memory), base: base) { _, _, _ in nil }
        parser.leavesNodes = false
        parser.allowsAbbreviations = options.allowsAbbreviations
    }

    /// - Parameter afterLine: told after each statement.
    mutating func read(afterLine: (Sink) -> Void = { _ in }) throws(CLIFault) {
        while let statement = scanner.next(reusing: takeMemory()) {
            if scanner.hasLines { try set(statement) } else { try read(statement) }
            afterLine(sink)
        }
        if blocks.count > 1 || unknownDepth > 0 { try stray("", scanner.number, "the text ends inside braces") }
        if let endless = scanner.endless { try stray("", endless.number, "the \(endless.what) never ends") }
    }

    private mutating func takeMemory() -> [CLIToken] {
        var memory: [CLIToken] = []
        swap(&memory, &parser.line.tokens)
        return memory
    }

    private mutating func set(_ statement: Statement) throws(CLIFault) {
        lineCount += 1
        guard statement.words.text(0).elementsEqual(StatementVerb.set.word) else {
            return try skip(statement, "no set command")
        }
        try take(statement, statement.words.dropping(1))
    }

    private mutating func read(_ statement: Statement) throws(CLIFault) {
        switch statement.end {
        case .closes:
            if unknownDepth > 0 {
                unknownDepth -= 1
            } else if blocks.count > 1 {
                blocks.removeLast()
            } else {
                try stray("}", statement.number, "nothing is open")
            }
            return
        case .unfinished:
            lineCount += 1
            return try skip(statement, "';' is missing")
        case .opens where statement.words.tokens.isEmpty:
            unknownDepth += 1
            return try stray("{", statement.number, "braces without a name")
        case .complete, .opens: lineCount += 1
        }
        if unknownDepth > 0 {
            if statement.end == .opens { unknownDepth += 1 }
            return try skip(statement, "inside a statement that is not known")
        }
        try take(statement, statement.words)
    }

    private mutating func take(_ statement: Statement, _ words: CLILine) throws(CLIFault) {
        let opens = statement.end == .opens
        var (marks, words) = StatementMarks.read(words)
        if options.isStrict, let unknown = marks.unknown { throw fault(statement, 0, "unknown mark: \(unknown)") }
        let block = blocks[blocks.count - 1]
        if words.tokens.isEmpty, !marks.isEmpty { words.tokens = statement.words.tokens }
        parser.restart(words, base: block.base)
        guard marks.unknown == nil, parser.parse(isDeletion: false), !opens || parser.opensBlock else {
            let reason = marks.unknown.map { "unknown mark: \($0)" }
            let found = parser.fault.message(words)
            let unopened = parser.operations.isEmpty ? found : "it has no content in braces"
            if opens { unknownDepth = 1 }
            return try skip(statement, reason ?? (opens ? unopened : found), words.column(parser.fault.token))
        }
        takenCount += 1
        sink.apply(parser, base: block.place, order: nil)
        if marks.isInactive, let target = parser.target {
            sink.annotate(target, of: parser, base: block.place, NodeActivity.name, NodeActivity.inactive)
        }
        guard opens else { return }
        let last = parser.frames.count - 1
        let place = sink.place(last, of: parser, base: block.place)
        blocks.append(Block(base: parser.frames[last].asBase, place: place, header: words.bytes))
    }

    // MARK: What is skipped

    private func fault(_ statement: Statement, _ column: Int, _ message: String) -> CLIFault {
        CLIFault(line: statement.number, column: column, message: message)
    }

    private mutating func skip(_ statement: Statement, _ reason: String, _ column: Int = 0) throws(CLIFault) {
        let sign = statement.end == .opens ? " {" : statement.end == .complete && !scanner.hasLines ? ";" : ""
        let text = statement.words.tokens.isEmpty ? "" : CLIText.string(statement.words.bytes) + sign
        try skip(text, statement.number, reason, column)
    }

    /// What is no statement counts as a line of its own.
    private mutating func stray(_ text: String, _ number: Int, _ reason: String) throws(CLIFault) {
        lineCount += 1
        try skip(text, number, reason)
    }

    private mutating func skip(
        _ text: String, _ number: Int, _ reason: String, _ column: Int = 0
    ) throws(CLIFault) {
        if options.isStrict { throw CLIFault(line: number, column: column, message: reason) }
        let headers = blocks.dropFirst().map { CLIText.string($0.header) }
        skipped.append(SkippedLine(number: number, text: text, mode: headers, reason: reason))
    }
}

/// What may stand before a statement: `inactive:`, `protect:`.
struct StatementMarks {
    var isInactive = false
    var isProtected = false
    /// A mark that only a patch to be loaded can have: `replace:`, `delete:`.
    var unknown: String?

    var isEmpty: Bool { !isInactive && !isProtected && unknown == nil }

    /// The marks, and the words behind them.
    static func read(_ words: CLILine) -> (StatementMarks, CLILine) {
        var marks = StatementMarks()
        var count = 0
        while count < words.tokens.count, !words.tokens[count].isQuoted,
            words.text(count).last == UInt8(ascii: ":")
        {
            switch CLIText.string(words.text(count)) {
            case "inactive:": marks.isInactive = true
            case "protect:": marks.isProtected = true
            case "active:": break
            case let other where ["replace:", "delete:", "insert:", "rename:"].contains(other):
                marks.unknown = other
            default: return (marks, words.dropping(count))
            }
            count += 1
        }
        return (marks, count == 0 ? words : words.dropping(count))
    }
}

/// The metadata that says that a node is there and has no effect.
enum NodeActivity {
    static let name = "tailf_netmod:inactive"
    static let inactive = "true"

    static func isInactive(_ metadata: RowMetadata?, slot: Int? = nil) -> Bool {
        metadata?.value(name, of: slot) == inactive
    }
}

extension LineParser {
    /// Reads the whole line as a statement: `no` is no more than a word there.
    mutating func parse(isDeletion: Bool) -> Bool {
        isNo = isDeletion
        return count > 0 && content(0, 0)
    }

    /// Whether the line ends at a container or entry.
    var opensBlock: Bool { if case .node? = operations.last { true } else { false } }

    /// What the line is about: the container or entry it ends at, or the first leaf or leaf-list after that.
    var target: LineOperation? {
        operations.first { if case .node = $0 { false } else { true } } ?? operations.last
    }
}
