package import ConfigTree
import YANG

/// The commands of a J-style configuration mode that come from the model's words.
package enum StatementVerb: String, Sendable, CaseIterable {
    case set, delete, insert, activate, deactivate, edit, up, top, exit

    var word: [UInt8] { Array(rawValue.utf8) }
}

extension CLIGrammar {
    /// What a J-style command does: `set`, `delete`, `insert X before Y`, `activate`, `deactivate` edit; `edit`, `up`,
    /// `top`, `exit` move.
    func readStatement(_ line: CLILine, mode: CLIMode, tree: DataTree) -> (outcome: LineOutcome, secrets: LineSecrets) {
        guard let first = line.tokens.first else { return (.edits([], mode), LineSecrets([], line)) }
        let word = CLIText.string(line.text(0))
        guard let verb = StatementVerb(rawValue: word), !first.isQuoted else {
            return (.fault(CLIFault(column: line.column(0), message: "unknown command")), LineSecrets([], line))
        }
        var session = StatementSession(grammar: self, sink: EditSink(tree))
        let rest = line.dropping(1)
        let outcome = carryOut(verb, rest, mode, &session)
        return (outcome, LineSecrets(session.secrets.map { $0.lowerBound + 1..<$0.upperBound + 1 }, line))
    }

    private func carryOut(
        _ verb: StatementVerb, _ words: CLILine, _ mode: CLIMode, _ session: inout StatementSession
    ) -> LineOutcome {
        let path = mode.paths[0]
        do throws(CLIFault) {
            switch verb {
            case .set: try session.set(words, at: path)
            case .delete: try session.delete(words, at: path)
            case .insert: try session.insert(words, at: path)
            case .activate: try session.mark(words, at: path, nil)
            case .deactivate: try session.mark(words, at: path, NodeActivity.inactive)
            case .edit: return .mode(statementMode(try session.block(words, at: path)))
            case .up: return try up(words, mode)
            case .exit: return .mode(outer(mode))
            case .top: return try top(words, mode, session.sink.tree)
            }
            return .edits(session.sink.edits, mode)
        } catch {
            return .fault(error)
        }
    }

    /// `top`, or `top COMMAND`, which leaves the session where it is.
    private func top(_ words: CLILine, _ mode: CLIMode, _ tree: DataTree) throws(CLIFault) -> LineOutcome {
        guard !words.tokens.isEmpty else { return .mode(.top) }
        switch readStatement(words, mode: .top, tree: tree).outcome {
        case .edits(let edits, _): return .edits(edits, mode)
        case let other: return other
        }
    }

    private func up(_ words: CLILine, _ mode: CLIMode) throws(CLIFault) -> LineOutcome {
        let count = words.tokens.isEmpty ? 1 : Int(CLIText.string(words.text(0)))
        guard let count, count > 0, words.tokens.count <= 1 else {
            throw CLIFault(column: words.column(0), message: "a number is due")
        }
        return .mode(statementMode(InstancePath(Array(mode.paths[0].steps.dropLast(count)))))
    }

    /// The mode at a container or entry; the words that `[edit ...]` shows are its prompt.
    private func statementMode(_ path: InstancePath) -> CLIMode {
        CLIMode(paths: [path], prompt: statementWords(path))
    }

    /// A path in the words of the command line: `interfaces ge-0/0/0 unit 0`.
    package func statementWords(_ path: InstancePath) -> String {
        CLIText.string(StatementWords(grammar: self).words(path))
    }
}

/// Carries out J-style commands over a tree.
struct StatementSession {
    let grammar: CLIGrammar
    var sink: EditSink
    /// Words that stand for secrets.
    private(set) var secrets: [Range<Int>] = []

    init(grammar: CLIGrammar, sink: EditSink) {
        self.grammar = grammar
        self.sink = sink
    }

    private mutating func parse(
        _ words: CLILine, at path: InstancePath, isDeletion: Bool = false
    ) throws(CLIFault) -> LineParser {
        guard let base = grammar.frame(at: path, in: sink.tree) else {
            throw CLIFault(column: 0, message: "no driver is loaded for \(path.words)")
        }
        var parser = LineParser(words, base: base) { _, _, _ in nil }
        parser.leavesNodes = false
        parser.allowsAbbreviations = true
        let isRead = parser.parse(isDeletion: isDeletion)
        secrets += parser.secretWords
        guard isRead else {
            guard !words.tokens.isEmpty else {
                throw CLIFault(column: words.bytes.count, message: "incomplete command")
            }
            throw CLIFault(column: words.column(parser.fault.token), message: parser.fault.message(words))
        }
        return parser
    }

    mutating func set(_ words: CLILine, at path: InstancePath) throws(CLIFault) {
        sink.apply(try parse(words, at: path), base: path, order: nil)
    }

    mutating func delete(_ words: CLILine, at path: InstancePath) throws(CLIFault) {
        guard !words.tokens.isEmpty else {
            guard let last = path.last else { throw CLIFault(column: 0, message: "incomplete command") }
            // The level itself stays, and what is in it goes.
            let children = sink.tree.instance(path)?.children() ?? []
            for child in children where !last.node.keys.contains(child.node) { sink.carryOut(.delete, child.path) }
            return
        }
        sink.apply(try parse(words, at: path, isDeletion: true), base: path, order: nil)
    }

    /// The container or entry that the words lead to.
    mutating func block(_ words: CLILine, at path: InstancePath) throws(CLIFault) -> InstancePath {
        let parser = try parse(words, at: path)
        guard parser.opensBlock else { throw CLIFault(column: words.column(0), message: "it has nothing inside") }
        return EditSink.path(parser.frames.count - 1, of: parser, base: path)
    }

    /// `activate`, `deactivate`.
    mutating func mark(_ words: CLILine, at path: InstancePath, _ value: String?) throws(CLIFault) {
        guard let target = try target(words, path), sink.tree.instance(target) != nil else {
            throw CLIFault(column: words.column(0), message: "statement not found")
        }
        sink.carryOut(.annotate(NodeActivity.name, value), target)
    }

    /// What words lead to: a container, an entry, or a leaf by its name alone.
    mutating func target(_ words: CLILine, _ path: InstancePath) throws(CLIFault) -> InstancePath? {
        // Read as a deletion, a leaf needs no value.
        let parser = try parse(words, at: path, isDeletion: true)
        return parser.target.map { EditSink.path(of: $0, parser, base: path) }
    }

    /// `insert ENTRY before|after ENTRY`: the second by its keys, with or without the name of the list.
    mutating func insert(_ words: CLILine, at path: InstancePath) throws(CLIFault) {
        let places = words.tokens.indices.reversed().filter { index in
            guard !words.tokens[index].isQuoted else { return false }
            return words.text(index).elementsEqual(Self.before) || words.text(index).elementsEqual(Self.after)
        }
        var fault = CLIFault(column: words.bytes.count, message: "incomplete command")
        for index in places {
            do throws(CLIFault) { return try insert(words, index, path) } catch { fault = error }
        }
        throw fault
    }

    private static let before = Array("before".utf8)
    private static let after = Array("after".utf8)

    private mutating func insert(_ words: CLILine, _ index: Int, _ path: InstancePath) throws(CLIFault) {
        var head = words
        head.tokens.removeSubrange(index...)
        let parser = try parse(head, at: path)
        guard let operation = parser.operations.last else { return }
        let entry = EditSink.path(of: operation, parser, base: path)
        guard let step = entry.last, step.node.isUserOrdered, !step.keys.isEmpty else {
            throw CLIFault(column: words.column(0), message: "it has no order")
        }
        guard sink.tree.instance(entry) != nil else {
            throw CLIFault(column: words.column(0), message: "statement not found")
        }
        let tail = words.dropping(index + 1)
        let keys = tail.tokens.indices.map { CLIText.string(tail.text($0)) }
        guard keys.count >= step.keys.count else {
            throw CLIFault(column: words.bytes.count, message: "incomplete command")
        }
        let other = Array(keys.suffix(step.keys.count))
        let neighbour = entry.parent.appending(step.node, keys: other)
        guard sink.tree.instance(neighbour) != nil else {
            throw CLIFault(column: words.column(index + 1), message: "statement not found")
        }
        let isBefore = words.text(index).elementsEqual(Self.before)
        sink.carryOut(.place(isBefore ? .before(other) : .after(other)), entry)
    }
}
