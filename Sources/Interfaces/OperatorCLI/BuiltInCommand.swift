import CLIGrammar
import ConfigTree
import ControlProtocol
import TerminalSession
import YANG

/// A command that does not come from a model.
struct BuiltInCommand: Sendable {
    typealias Body = @Sendable (OperatorShell, Invocation) throws -> CommandResult
    /// What may follow, given the words after the command (the last one half typed or empty).
    typealias Choices = @Sendable (OperatorShell, [TypedWord]) -> [Choice]

    let name: String
    let help: String
    let choices: Choices
    let run: Body
    /// A setting has to be spelled out: it takes no abbreviation away from anything else.
    var isSetting = false

    init(_ name: String, _ help: String, choices: @escaping Choices = { _, _ in [] }, run: @escaping Body) {
        self.name = name
        self.help = help
        self.choices = choices
        self.run = run
    }

    /// A command of the field that this version does not have: it says so.
    static func absent(_ name: String) -> BuiltInCommand {
        BuiltInCommand(name, "") { _, _ in throw CommandFault.error("the command \(name) is not available") }
    }

    var isHidden: Bool { help.isEmpty }
}

/// A word that can stand at the cursor.
struct Choice: Hashable {
    var text: String
    var info = ""
    /// A description of a value, not a word to be typed.
    var isValue = false

    init(_ text: String, _ info: String = "", isValue: Bool = false) {
        self.text = text
        self.info = info
        self.isValue = isValue
    }
}

extension [Keyword] {
    var choices: [Choice] { map { Choice($0.name, $0.help) } }
}

extension OperatorShell {
    func dispatch(_ invocation: Invocation) throws -> CommandResult {
        guard !invocation.isEmpty else { throw CommandFault.syntax("a command is missing before |", at: 0) }
        return configuration == nil ? try operate(invocation) : try configure(invocation)
    }

    /// A command of operational mode.
    func operate(_ invocation: Invocation) throws -> CommandResult {
        let word = invocation.name
        let commands = OperationalCommands.all
        if let exact = commands.first(where: { $0.name == word.text }) { return try exact.run(self, invocation) }
        let schema = session.running.model.schema
        let roots = OperationalPath.actionRoots(schema)
        if roots.contains(where: { $0.name == word.text }) || word.text.contains(":") {
            return try invoke(invocation)
        }
        let found = commands.filter { !$0.isHidden && !$0.isSetting && $0.name.hasPrefix(word.text) }
        let paths = roots.filter { $0.name.hasPrefix(word.text) }
        if found.count == 1, paths.isEmpty { return try found[0].run(self, invocation) }
        if found.isEmpty, !paths.isEmpty { return try invoke(invocation) }
        guard found.isEmpty else {
            let names = (found.map(\.name) + paths.map(\.name)).joined(separator: ", ")
            throw CommandFault.syntax("ambiguous command: \(names)", at: word.column)
        }
        throw CommandFault.syntax("unknown command", at: word.column)
    }

    /// An action of operational mode.
    private func invoke(_ invocation: Invocation) throws -> CommandResult {
        let tree = session.running
        let outcome = grammar(tree.model).parseAction(invocation.text, mode: .top, tree: tree)
        switch outcome {
        case .action(let calls): try run(calls)
        case .fault(let fault):
            guard let calls = try StateAction.calls(invocation, in: session.operational(), grammar(tree.model))
            else {
                throw located(fault, invocation)
            }
            try run(calls)
        case .edits, .mode: throw CommandFault.syntax("incomplete command", at: invocation.line.endColumn)
        }
        return .done
    }

    /// A fault with its column counted from the beginning of the whole line.
    func located(_ fault: CLIFault, _ invocation: Invocation) -> CommandFault {
        let isFirst = fault.column == 0 && fault.message.hasPrefix("unknown")
        return .syntax(isFirst ? "unknown command" : fault.message, at: invocation.column + fault.column)
    }

    // MARK: Actions

    /// Runs actions one after the other. With several, each answer stands below a line that names its action, and one
    /// that fails does not keep the others from running.
    ///
    /// - Parameter changesCandidate: whether they were typed in configuration mode, whose candidate they may change.
    func run(_ calls: [ActionCall], changesCandidate: Bool = false) throws {
        if let format = request.format {
            guard ActionDocument.formats.contains(format) else {
                throw CommandFault.error("display \(format.rawValue) is not available for the output of actions")
            }
            guard calls.count < 2 else {
                throw CommandFault.error("display \(format.rawValue) shows the output of one action at a time")
            }
        }
        for call in calls { try Self.requireParameters(call) }
        guard calls.count > 1 else {
            if let call = calls.first { try run(call, changesCandidate, indent: 0) }
            return
        }
        for call in calls where !out.isFinished {
            try out.line(call.path.appending(call.action).words)
            do {
                try run(call, changesCandidate, indent: 4)
            } catch let error as ControlError {
                try out.line("    Error: \(error.message)")
            }
        }
    }

    /// Whether everything is there without which the action cannot run.
    private static func requireParameters(_ call: ActionCall) throws {
        guard let input = call.action.dataChild(named: "input") else { return }
        for node in input.children where node.isMandatory {
            let cases = node.kind == .choice ? Array(node.children) : [node]
            let names = cases.map(\.name).joined(separator: " or ")
            let nodes = cases.flatMap { $0.kind == .case ? Array($0.children) : [$0] }
            let isGiven = nodes.contains { call.input.hasValue(in: $0.slot) || call.input.kid(in: $0.slot) != nil }
            if !isGiven { throw CommandFault.error("the parameter \(names) is missing") }
        }
    }

    private func run(_ call: ActionCall, _ changesCandidate: Bool, indent: Int) throws {
        let screen = operatorSession.screen
        let path = call.path.appending(call.action)
        var fault: (any Error)?
        func show(_ part: ActionOutput) {
            if let format = request.format {
                do { try out.write(ActionDocument.text(part, format)) } catch { fault = fault ?? error }
                return
            }
            var printer = ActionPrinter(action: call.action, columns: terminal.columns)
            printer.print(part.instance, indent: indent)
            do { try out.write(printer.text) } catch { fault = fault ?? error }
        }
        let candidate = changesCandidate ? configuration?.candidate : nil
        let transaction = candidate.map { ActionTransaction($0) }
        var watcher = ActionWatcher { screen.interject($0 + "\n") }
        if let level = request.details { watcher.steps = ProgressPrinter(screen, level: level).print }
        if request.debugsTemplates {
            watcher.templates = { screen.interject($0 + "\n") }
            watcher.template = request.debuggedTemplate
        }
        // A document is one piece.
        let parts = request.format == nil ? AnswerParts { show($0) } : nil
        let output = try session.invoke(
            path, input: call.input, in: transaction, parts: parts, watcher: watcher)
        if let tree = transaction?.tree, let candidate, tree.root !== candidate.root { configuration?.candidate = tree }
        show(output)
        if let fault { throw fault }
    }
}
