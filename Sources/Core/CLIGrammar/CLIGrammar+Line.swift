package import ConfigTree
package import YANG

/// A fault in a line.
package struct CLIFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 1; 0 for a line typed by itself.
    package var line: Int
    /// The byte in the line at which the fault begins, counted from 0.
    package var column: Int
    /// In the operator's words: `unknown command`, `"x" is not a valid value`, `incomplete command`.
    package var message: String
    /// Words that could stand there.
    package var expected: [Completion]

    package init(line: Int = 0, column: Int, message: String, expected: [Completion] = []) {
        self.line = line
        self.column = column
        self.message = message
        self.expected = expected
    }

    package var description: String { line == 0 ? message : "line \(line): \(message)" }
}

/// What a typed line does.
package enum LineOutcome: Sendable {
    /// Edits to be applied in order, and the mode afterwards.
    case edits([PathEdit], CLIMode)
    /// `exit`, `top`, an exit command: only the mode changes; nil leaves the configuration.
    case mode(CLIMode?)
    /// An action (or rpc) with its input, at one or more instances.
    case action([ActionCall])
    case fault(CLIFault)
}

/// An action typed with its parameters.
package struct ActionCall: Sendable {
    /// The container or entry that has the action.
    package var path: InstancePath
    package var action: SchemaNode
    /// The `input` of the action.
    package var input: Row

    package init(path: InstancePath, action: SchemaNode, input: Row) {
        self.path = path
        self.action = action
        self.input = input
    }
}

extension CLIGrammar {
    /// What a line typed in `mode` does to `tree`.
    ///
    /// A line that the mode does not know is looked for in the modes around it. The edits are in order, and each is
    /// about the tree that the ones before it made.
    package func parseLine(_ line: String, mode: CLIMode, tree: DataTree) -> LineOutcome {
        read(line, mode: mode, tree: tree).outcome
    }

    /// What `parseLine` gives, and where in the line secrets stand.
    package func read(_ line: String, mode: CLIMode, tree: DataTree) -> (outcome: LineOutcome, secrets: LineSecrets) {
        if hasStatements { return readStatement(CLILine(statement: line), mode: mode, tree: tree) }
        let cut = CLILine(line.utf8, dialect: dialect)
        guard let first = cut.tokens.first else { return (.edits([], mode), LineSecrets([], cut)) }
        if let left = leaving(cut, first, mode) { return (left, LineSecrets([], cut)) }
        var session = LineSession(grammar: self, sink: EditSink(tree))
        let outcome = read(cut, mode, &session)
        if case .fault = outcome { return (outcome, LineSecrets(session.secretsRead + session.secretsTried, cut)) }
        return (outcome, LineSecrets(session.secretsRead, cut))
    }

    private func read(_ line: CLILine, _ mode: CLIMode, _ session: inout LineSession) -> LineOutcome {
        var places: [InstancePath] = []
        for path in mode.paths {
            switch session.read(line, enclosingMode(path)) {
            case .success(let modes): places += modes
            case .failure(let fault): return .fault(fault)
            }
        }
        if !session.calls.isEmpty { return .action(session.calls) }
        return .edits(session.sink.edits, self.mode(at: places))
    }

    /// An action typed in operational mode, its path from `mode` on; edits are faults there.
    package func parseAction(_ line: String, mode: CLIMode, tree: DataTree) -> LineOutcome {
        switch parseLine(line, mode: mode, tree: tree) {
        case .action(let calls): return .action(calls)
        case .fault(let fault): return .fault(fault)
        default: return .fault(CLIFault(column: line.utf8.count, message: "incomplete command"))
        }
    }

    /// The parameters of an action or rpc of the model that `tree` is over, typed behind its name: the row of its
    /// `input`. The columns of faults are those of `line`.
    package func input(of action: SchemaNode, _ line: String, tree: DataTree) throws(CLIFault) -> Row {
        let grammar = grammar(of: tree.model)
        let cut = CLILine(Array(line.utf8)[...], dialect: grammar.dialect)
        guard let base = grammar.frame(at: InstancePath(), in: tree) else {
            throw CLIFault(column: 0, message: "no driver is loaded")
        }
        let parser = LineParser(cut, base: base, isInteractive: true) { _, _, _ in nil }
        var reader = ActionInputReader(parser, ActionRequest(frame: 0, node: grammar.node(action), token: 0))
        if let fault = reader.read() { throw fault }
        return reader.input
    }

    private func leaving(_ line: CLILine, _ first: CLIToken, _ mode: CLIMode) -> LineOutcome? {
        guard line.tokens.count == 1 || mode.paths[0].steps.isEmpty == false else { return nil }
        let text = CLIText.string(line.bytes[first.range.lowerBound...])
        let node = node(at: mode.paths[0]).node
        if let command = node.exitCommand, text == CLIText.string(command) { return .mode(outer(mode)) }
        guard line.tokens.count == 1 else { return nil }
        switch text {
        case "exit": return .mode(outer(mode))
        case "top": return .mode(.top)
        case "end": return .mode(nil)
        default: return nil
        }
    }
}

/// Reads a line once for each instance that it is about.
struct LineSession {
    let grammar: CLIGrammar
    var sink: EditSink
    var calls: [ActionCall] = []
    /// Words that stand for secrets, of the readings that succeeded and of those that failed.
    private(set) var secretsRead: [Range<Int>] = []
    private(set) var secretsTried: [Range<Int>] = []
    /// The modes around others in which the line was read: what it does there, it does once.
    private(set) var readAround: Set<InstancePath> = []
    /// How many instances ranges have made.
    var made = 0

    /// Reads the line in the mode at `path` or one around it; gives the modes afterwards.
    mutating func read(_ line: CLILine, _ path: InstancePath) -> Result<[InstancePath], CLIFault> {
        var worst: CLIFault?
        var depth = -1
        var here = path
        while true {
            if readAround.contains(here) { return .success([]) }
            switch attempt(line, here) {
            case .success(let modes):
                if here != path { readAround.insert(here) }
                return .success(modes)
            case .failure(let fault):
                if fault.column > depth {
                    depth = fault.column
                    worst = fault
                }
            }
            guard !here.steps.isEmpty else { break }
            here = grammar.enclosingMode(here.parent)
        }
        return .failure(worst ?? CLIFault(column: 0, message: "unknown command"))
    }

    private mutating func attempt(_ line: CLILine, _ path: InstancePath) -> Result<[InstancePath], CLIFault> {
        guard var parser = parser(line, path) else {
            return .failure(CLIFault(column: 0, message: "no driver is loaded for \(path.words)"))
        }
        if parser.parse() { return succeed(parser, path) }
        secretsTried += parser.secretWords
        if let range = parser.range { return each(range, parser, line, path) }
        let fault = parser.fault
        return .failure(CLIFault(column: line.column(fault.token), message: fault.message(line)))
    }

    func parser(_ line: CLILine, _ path: InstancePath) -> LineParser? {
        guard let base = grammar.frame(at: path, in: sink.tree) else { return nil }
        let sink = sink
        var parser = LineParser(line, base: base, isInteractive: true) { parser, frame, node in
            let inner = parser.frames[frame].grammar
            guard let row = sink.row(frame, of: parser, base: path) else { return nil }
            return inner.mounted(row, node).map { inner.grammar(of: $0) }
        }
        parser.leavesNodes = !grammar.hasStatements
        return parser
    }

    private mutating func succeed(
        _ parser: borrowing LineParser, _ path: InstancePath
    ) -> Result<[InstancePath], CLIFault> {
        if let action = parser.action {
            var reader = ActionInputReader(parser, action)
            let fault = reader.read()
            secretsTried += parser.secretWords + reader.secretWords
            if let fault { return .failure(fault) }
            secretsRead += parser.secretWords + reader.secretWords
            let here = EditSink.path(action.frame, of: parser, base: path)
            calls.append(ActionCall(path: here, action: action.node.schema, input: reader.input))
            return .success([path])
        }
        secretsRead += parser.secretWords
        sink.apply(parser, base: path, order: nil)
        guard !parser.isNo else { return .success([path]) }
        let last = parser.frames.indices.dropFirst().last { parser.frames[$0].node.isMode }
        return .success([last.map { EditSink.path($0, of: parser, base: path) } ?? path])
    }

    /// The keys that exist where a range stands.
    func keys(_ range: RangeRequest, _ parser: borrowing LineParser, _ path: InstancePath) -> [String] {
        var probe = LineParser(parser.line, base: parser.frames[0]) { _, _, _ in nil }
        probe.frames = range.frames
        probe.values = range.keys
        let slot = range.list.children.keys[range.key].slot
        let entries = sink.row(range.parent, of: probe, base: path)?.entries(in: range.list.slot)
        return entries?.rows.map { $0.value(in: slot) ?? "" } ?? []
    }

    /// Reads the line once for each key that a range means.
    private mutating func each(
        _ range: RangeRequest, _ parser: borrowing LineParser, _ line: CLILine, _ path: InstancePath
    ) -> Result<[InstancePath], CLIFault> {
        let text = CLIText.string(line.text(range.token))
        let pattern = KeyPattern(text)
        var keys = keys(range, parser, path).filter { pattern.matches($0) }
        if keys.isEmpty, let numbers = pattern.numbers, made + numbers.count <= CLIRanges.most {
            keys = numbers
            made += numbers.count
        }
        guard !keys.isEmpty else {
            let message = "no entry matches \(text); a line makes at most \(CLIRanges.most) new ones"
            return .failure(CLIFault(column: line.column(range.token), message: message))
        }
        var modes: [InstancePath] = []
        for key in keys {
            var single = line
            single.tokens[range.token].resolved = line.memory.keep(key.utf8)
            switch attempt(single, path) {
            case .success(let found): modes += found
            case .failure(let fault): return .failure(fault)
            }
        }
        return .success(modes)
    }
}
