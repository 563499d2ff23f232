import CLIGrammar
import ConfigTree
import ControlProtocol
import TerminalSession

/// The loop of a session and what its commands share. Belongs to the thread that runs it.
final class OperatorShell {
    let operatorSession: OperatorSession
    let session: any ControlSession
    let terminal: any Terminal
    let editor: LineEditor
    var settings = SessionSettings()
    var configuration: ConfigurationSession?
    /// Commands for `show history`, as they may be kept: secrets masked. They live in memory alone.
    private(set) var typedCommands: [String] = []
    /// The pipes of the command in progress.
    var request = PipeRequest()
    private(set) var out: OutputPipe
    private var knownGrammar: CLIGrammar?
    private var knownSecretNames: (count: Int, names: SecretNames)?
    /// The line read last, so that what was read for the log is not read again to carry it out.
    private var lastReading: LineReading?
    /// The line before ended where a secret was due: one that is no command may be that secret.
    private(set) var awaitsSecret = false
    /// How many `source` files deep the present command is.
    var sourceDepth = 0

    private static let commandLimit = 1_000

    init(_ operatorSession: OperatorSession) {
        self.operatorSession = operatorSession
        session = operatorSession.session
        terminal = operatorSession.terminal
        editor = LineEditor(operatorSession.terminal, screen: operatorSession.screen)
        out = OutputPipe(pager: Pager(terminal, editor, isPaging: false))
    }

    var description: TerminalDescription { operatorSession.description }
    var files: any ClientFiles { operatorSession.files }
    private var showsPrompts: Bool { terminal.isInteractive || description.echoesCommands }

    var prompt: String {
        let mode = configuration.map { "(\($0.mode.prompt))" } ?? ""
        return "\(session.user.name)@\(operatorSession.hostName)\(mode)# "
    }

    func grammar(_ model: DataModel) -> CLIGrammar {
        if let known = knownGrammar, known.model === model { return known }
        let made = operatorSession.makeGrammar(model)
        knownGrammar = made
        knownSecretNames = nil
        return made
    }

    /// The path of a file of the client, from the directory that the session works in.
    func path(_ name: String) -> String {
        name.hasPrefix("/") || name.hasPrefix("~") ? name : description.workingDirectory + "/" + name
    }

    // MARK: The loop

    func run() -> Int32 {
        greet()
        defer { abandonConfiguration() }
        while !operatorSession.isEnding {
            refreshConfiguration()
            let command = readCommand()
            guard !operatorSession.isEnding else { break }
            // Much may have happened while the line was typed.
            refreshConfiguration()
            switch command {
            case .end:
                guard terminal.isInteractive, configuration != nil else { return OperatorSession.ExitStatus.normal }
                _ = execute("exit")
                // A terminal that is gone answers no question.
                if configuration?.hasChanges == true { abandonConfiguration() }
            case .interrupted where !terminal.isInteractive: return OperatorSession.ExitStatus.interrupted
            case .interrupted: continue
            case .tooLong:
                show(CommandFault.error("the line is too long for a command; nothing of it was carried out"))
                if description.stopsOnError { return OperatorSession.ExitStatus.stoppedOnError }
            case .line(let line):
                if let status = execute(line) { return status }
            }
        }
        return OperatorSession.ExitStatus.closed
    }

    func abandonConfiguration() {
        if configuration?.isExclusive == true { session.unlock() }
        if configuration != nil { session.noteMode("operational") }
        configuration = nil
    }

    private func greet() {
        if description.style == "J" {
            write("J-style is not available: the session is in C-style.\n")
        }
        guard showsPrompts else { return }
        let user = session.user
        write("\n\(user.name) connected from \(user.from) using \(user.proto) on \(description.hostName)\n")
    }

    /// Text that goes round the pipes.
    func write(_ text: String) { operatorSession.screen.interject(text) }

    private func readCommand() -> LineEditor.Result {
        var whole = ""
        while true {
            let prompt = whole.isEmpty ? prompt : "> "
            let result = editor.readLine(prompt: prompt) { [self] text, isHelp in complete(text, isHelp: isHelp) }
            guard case .line(let line) = result else {
                return whole.isEmpty || result == .tooLong ? result : .line(whole)
            }
            if !terminal.isInteractive, description.echoesCommands { write(prompt + line + "\n") }
            guard line.hasSuffix("\\"), !line.hasSuffix("\\\\"), whole.count < 1 << 20 else {
                return .line(whole + line)
            }
            whole += line.dropLast()
        }
    }

    /// Takes a candidate along when the model has been replaced, if nothing of it is lost; drops it otherwise. One without
    /// changes follows what is in force.
    private func refreshConfiguration() {
        guard let current = configuration else { return }
        if !session.isCurrent(current.candidate) {
            let carried =
                current.hasChanges
                ? session.carried(CommitRequest(base: current.base, candidate: current.candidate)) : nil
            configuration?.restart(from: carried?.base ?? session.running)
            configuration?.mode = .top
            guard current.hasChanges else { return }
            if let carried { configuration?.candidate = carried.candidate }
            let fate = carried == nil ? "discarded" : "kept"
            write("The data model has been replaced: uncommitted changes are \(fate).\n")
        } else if current.candidate.root === current.base.root {
            configuration?.restart(from: session.running)
        }
    }

    /// Carries out one line. Returns an exit status if the session ends with it.
    func execute(_ text: String) -> Int32? {
        let line = TypedLine(text)
        guard !line.words.isEmpty || !line.pipes.isEmpty else { return nil }
        let kept = loggable(text, line)
        remember(kept)
        session.note(.typed(kept))
        var isDone = false
        defer { session.note(isDone ? .done : .aborted) }
        do {
            let status = try perform(line)
            isDone = true
            return status
        } catch let fault as CommandFault {
            show(fault)
        } catch let error as ControlError {
            show(CommandFault(error))
        } catch let fault as CLIFault {
            show(CommandFault.syntax(fault.message, at: fault.column))
        } catch {
            show(CommandFault.error("\(error)"))
        }
        return description.stopsOnError ? OperatorSession.ExitStatus.stoppedOnError : nil
    }

    /// What a line means in a mode of the candidate, and where secrets stand in it.
    func read(_ text: String, mode: CLIMode, tree: DataTree) -> LineReading {
        if let last = lastReading, last.text == text, last.mode == mode, last.tree.root === tree.root { return last }
        let (outcome, secrets) = grammar(tree.model).read(text, mode: mode, tree: tree)
        let reading = LineReading(text: text, mode: mode, tree: tree, outcome: outcome, secrets: secrets)
        lastReading = reading
        return reading
    }

    /// Names of secrets of all models that lines have come near.
    var secretNames: SecretNames {
        let grammar = grammar(session.running.model)
        if let known = knownSecretNames, known.count == grammar.modelCount { return known.names }
        let names = SecretNames(grammar.secretNames)
        knownSecretNames = (grammar.modelCount, names)
        return names
    }

    private func loggable(_ text: String, _ line: TypedLine) -> String {
        var mask = CommandMask(self)
        let kept = mask.text(text, line)
        awaitsSecret = mask.isSecretDue
        return kept
    }

    private func remember(_ text: String) {
        typedCommands.append(text)
        if typedCommands.count > Self.commandLimit { typedCommands.removeFirst() }
    }

    private func perform(_ line: TypedLine) throws -> Int32? {
        let commands = PipeCommands(files: files, resolve: path)
        let outer = (request, out)
        defer {
            (request, out) = outer
            lastReading = nil
        }
        request = try commands.request(line.pipes, end: line.endColumn)
        let isPaging = request.isPaged ?? settings.isOn("paginate")
        out = OutputPipe(stages: request.stages, pager: Pager(terminal, editor, isPaging: isPaging))
        let result: CommandResult
        do {
            result = try dispatch(Invocation(line))
        } catch {
            try? out.finish()
            throw error
        }
        try out.finish()
        if case .leave(let status) = result { return status }
        return nil
    }

    private func show(_ fault: CommandFault) {
        if let column = fault.column {
            let indent = (showsPrompts ? prompt.count : 0) + column
            write(String(repeating: "-", count: indent) + "^\n")
        }
        write(fault.text + "\n")
    }

    // MARK: Questions

    /// Asks somebody at the terminal; nil where nobody answers.
    func ask(_ question: String) -> String? {
        guard terminal.isInteractive else { return nil }
        guard case .line(let answer) = editor.readLine(prompt: question, keepsHistory: false) else { return nil }
        return answer.split(separator: " ").first.map { $0.lowercased() } ?? ""
    }
}
