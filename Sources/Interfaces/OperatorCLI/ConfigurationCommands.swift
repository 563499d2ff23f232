import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import TerminalSession
import YANG

/// The built-in commands of configuration mode.
enum ConfigurationCommands {
    static let all: [BuiltInCommand] = [
        BuiltInCommand("commit", "Commit current set of changes", choices: CommitParameters.choices) { shell, line in
            try shell.commit(line)
        },
        BuiltInCommand("do", "Run an operational-mode command", choices: Completer.afterDo) { shell, line in
            guard !line.inner.isEmpty else { throw line.incomplete }
            return try shell.operate(line.inner)
        },
        BuiltInCommand("end", "Terminate configuration session", choices: confirming) { shell, line in
            try shell.leaveConfiguration(isConfirmed: Self.isUnconfirmed(line))
        },
        BuiltInCommand(
            "exit", "Exit from current mode",
            choices: { _, words in
                words.count == 1 ? exitKeywords.choices : []
            }
        ) { shell, line in try shell.exitMode(line) },
        BuiltInCommand("help", "Provide help information") { shell, line in try shell.help(line) },
        BuiltInCommand(
            "load", "Load configuration from a file",
            choices: { _, words in
                words.count == 1 ? OperatorShell.loadKeywords.choices : [Choice("<file>", isValue: true)]
            }
        ) { shell, line in try shell.load(line) },
        BuiltInCommand("pwd", "Display current mode path") { shell, line in
            try line.noParameters()
            for path in shell.configuration?.mode.paths ?? [] {
                try shell.out.line(path.steps.isEmpty ? "At top level" : path.words)
            }
            return .done
        },
        BuiltInCommand("revert", "Copy configuration from running", choices: confirming) { shell, line in
            try shell.revert(isConfirmed: Self.isUnconfirmed(line))
        },
        BuiltInCommand("rollback", "Take back what was committed", choices: RollbackCommand.kindChoices) {
            shell, line in try shell.rollBack(line)
        },
        BuiltInCommand("rollback-files", "Take back what was committed", choices: RollbackCommand.choices) {
            shell, line in try shell.useRollbackFile(line)
        },
        BuiltInCommand(
            "save", "Save configuration to a file",
            choices: { _, words in
                words.count == 1
                    ? [Choice("<file>", isValue: true)] : [Choice("json", "As JSON"), Choice("xml", "As XML")]
            }
        ) { shell, line in try shell.save(line) },
        BuiltInCommand("show", "Show a parameter", choices: Completer.afterConfigurationShow) { shell, line in
            try shell.showInConfiguration(line)
        },
        BuiltInCommand("top", "Exit to top level and optionally run command", choices: Completer.afterTop) {
            shell, line in try shell.top(line)
        },
        BuiltInCommand("validate", "Validate current configuration") { shell, line in
            try line.noParameters()
            try shell.validate()
            return .done
        },
        .absent("abort"), .absent("annotate"), .absent("compare"), .absent("copy"), .absent("delete"),
        .absent("edit"), .absent("insert"), .absent("move"), .absent("reapply-commands"), .absent("rename"),
        .absent("rload"), .absent("xpath"),
        BuiltInCommand("tag", "Put tags on parts of device templates", choices: TagCommand.choices) { shell, line in
            try shell.tag(line)
        },
        BuiltInCommand("unhide", "") { _, _ in .done },
        BuiltInCommand("hide", "") { _, _ in .done },
    ]

    static let exitKeywords: [Keyword] = [
        Keyword(name: "configuration-mode", help: "Exit from configuration mode"),
        Keyword(name: "level", help: "Exit from this level"),
        Keyword(name: "no-confirm", help: "Do not ask about uncommitted changes"),
    ]

    private static func confirming(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        words.count == 1 ? [Choice("no-confirm", "Do not ask for confirmation")] : []
    }

    private static func isUnconfirmed(_ line: Invocation) throws -> Bool {
        guard let word = try line.optionalParameter() else { return false }
        return try Keyword.find(word, among: [Keyword(name: "no-confirm", help: "")]) == "no-confirm"
    }
}

extension OperatorShell {
    /// A command of configuration mode: a built-in one by its name, else what the grammar makes of the line, else an
    /// abbreviated built-in one.
    func configure(_ invocation: Invocation) throws -> CommandResult {
        guard let current = configuration else { return .done }
        let word = invocation.name
        let commands = ConfigurationCommands.all
        if !word.isQuoted, let exact = commands.first(where: { $0.name == word.text }) {
            return try exact.run(self, invocation)
        }
        let reading = read(invocation.text, mode: current.mode, tree: current.candidate)
        guard case .fault(let fault) = reading.outcome else { return try apply(reading.outcome) }
        let found = commands.filter { !$0.isHidden && $0.name.hasPrefix(word.text) }
        if fault.column == 0, !word.isQuoted, found.count == 1 { return try found[0].run(self, invocation) }
        if fault.message == "incomplete command", let whole = askForValue(reading) {
            let grammar = grammar(current.candidate.model)
            return try apply(grammar.parseLine(whole, mode: current.mode, tree: current.candidate))
        }
        throw located(fault, invocation)
    }

    /// The line with the value that it lacks, if one value is all that it lacks and somebody is there to type it.
    /// Secrets are not shown.
    private func askForValue(_ reading: LineReading) -> String? {
        guard terminal.isInteractive else { return nil }
        let choices = completions(reading.text + " ", reading.mode, reading.tree).filter { $0.text != "<cr>" }
        guard choices.count == 1, let value = choices.first, value.isValue else { return nil }
        let result = editor.readLine(
            prompt: "(\(value.text)): ", keepsHistory: false, hidesInput: reading.secrets.isDue)
        guard case .line(let answer) = result, !answer.isEmpty else { return nil }
        let escaped = answer.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return reading.text + " \"" + escaped + "\""
    }

    private func apply(_ outcome: LineOutcome) throws -> CommandResult {
        switch outcome {
        case .edits(let edits, let mode):
            try apply(edits)
            configuration?.mode = mode
        case .mode(let mode?): configuration?.mode = mode
        case .mode(nil): return try leaveConfiguration(isConfirmed: false)
        case .action(let calls): try run(calls, changesCandidate: true)
        case .fault(let fault): throw fault
        }
        return .done
    }

    /// Makes edits in the candidate, secrets sealed first: all or none.
    func apply(_ edits: [PathEdit]) throws {
        guard !edits.isEmpty, var tree = configuration?.candidate else { return }
        for edit in try session.sealed(edits, over: tree) {
            do {
                try tree.apply(edit.edit, at: edit.path)
            } catch {
                throw CommandFault.error(error.description)
            }
        }
        configuration?.candidate = tree
    }

    // MARK: Modes

    func exitMode(_ line: Invocation) throws -> CommandResult {
        if let word = try line.optionalParameter() {
            switch try Keyword.find(word, among: ConfigurationCommands.exitKeywords) {
            case "configuration-mode": return try leaveConfiguration(isConfirmed: false)
            case "no-confirm": return try leaveConfiguration(isConfirmed: true)
            default: break
            }
        }
        guard let current = configuration else { return .done }
        guard current.mode != .top, current.mode.paths != [InstancePath()] else {
            return try leaveConfiguration(isConfirmed: false)
        }
        let grammar = grammar(current.candidate.model)
        let outcome = grammar.parseLine("exit", mode: current.mode, tree: current.candidate)
        if case .fault(let fault) = outcome { throw located(fault, line) }
        return try apply(outcome)
    }

    func top(_ line: Invocation) throws -> CommandResult {
        let mode = configuration?.mode
        configuration?.mode = .top
        guard !line.inner.isEmpty, let mode else { return .done }
        // Only a command that enters a mode leaves this one.
        defer { if configuration?.mode == .top { configuration?.mode = mode } }
        return try configure(line.inner)
    }

    /// Leaves configuration mode. Asks what to do with changes, where somebody is there to answer.
    func leaveConfiguration(isConfirmed: Bool) throws -> CommandResult {
        guard let current = configuration else { return .done }
        if !isConfirmed, current.hasChanges, terminal.isInteractive {
            let answer = ask("Uncommitted changes found, commit them? [yes/no/CANCEL] ") ?? ""
            if !answer.isEmpty, "yes".hasPrefix(answer) {
                try commit(CommitParameters())
            } else if answer.isEmpty || !"no".hasPrefix(answer) {
                return .done
            }
        }
        abandonConfiguration()
        return .done
    }

    func revert(isConfirmed: Bool) throws -> CommandResult {
        if !isConfirmed, configuration?.hasChanges == true, terminal.isInteractive {
            let answer = ask("All configuration changes will be lost. Proceed? [yes, NO] ") ?? ""
            guard !answer.isEmpty, "yes".hasPrefix(answer) else { return .done }
        }
        configuration?.restart(from: session.running)
        return .done
    }

    // MARK: Validation and show

    func validate() throws {
        guard let current = configuration else { return }
        let found = session.violations(of: current.candidate, since: current.base)
        for warning in found where warning.severity != .error { try out.line("Warning: \(warning.summary)") }
        let errors = found.filter { $0.severity == .error }
        guard errors.isEmpty else {
            throw CommandFault(errors.map { "Failed: \($0.summary)" }.joined(separator: "\n"))
        }
        try out.line("Validation complete.")
    }

    static let configurationShowKeywords: [Keyword] = [
        Keyword(name: "configuration", help: "Show current configuration changes"),
        Keyword(name: "full-configuration", help: "Show current configuration"),
        Keyword(name: "history", help: "Display CLI command history"),
        Keyword(name: "parser", help: "Display parser information"),
        Keyword(name: "running-config", help: "Display what is in force"),
    ]

    func showInConfiguration(_ line: Invocation) throws -> CommandResult {
        let inner = line.inner
        guard !inner.isEmpty else { throw line.incomplete }
        switch try Keyword.find(inner.name, among: Self.configurationShowKeywords) {
        case "configuration": try showChanges(inner)
        case "full-configuration": try showFullConfiguration(inner)
        case "history": try showHistory(inner)
        case "parser": try showParser(inner)
        default: try showRunning(inner)
        }
        return .done
    }

    static let changeKeywords: [Keyword] = [
        Keyword(name: "commit", help: "Display what was committed"),
        Keyword(name: "diff", help: "Display uncommitted changes with + and -"),
        Keyword(name: "lock", help: "Display who has the lock on running"),
        Keyword(name: "merge", help: "Display current configuration with changes"),
        Keyword(name: "rollback", help: "Display what would take a commit back"),
        Keyword(name: "running", help: "Display running configuration"),
        Keyword(name: "users", help: "Display who else is in configuration mode"),
    ]

    /// The changes below the present mode, or below a path from the top.
    private func showChanges(_ line: Invocation) throws {
        guard let current = configuration else { return }
        let word = line.parameters.first
        let keyword = word.flatMap { word in Self.changeKeywords.first { $0.name == word.text } }
        switch keyword?.name {
        case "running"?: return try showConfiguration(session.running, line.inner)
        case "merge"?: return try showFullConfiguration(line.inner)
        case "commit"?, "rollback"?: return try showCommitted(line.inner)
        case "users"?: return try showConfigurationUsers(heading: nil)
        case "lock"?:
            let owner = session.lockOwner.map { "the configuration database is locked by \($0)" }
            return try out.line(owner ?? "% No entries found.")
        default: break
        }
        let (base, candidate) = try changed(current, by: keyword == nil ? line : line.inner)
        guard !base.diff(to: candidate, includingMetadata: true).isEmpty else {
            return try out.line("% No configuration changes found.")
        }
        let grammar = grammar(candidate.model)
        if request.format == .xml {
            try writeInPieces(XMLDiff.editConfig(from: base, to: candidate))
        } else if keyword != nil {
            try writeInPieces(grammar.curlyDiff(from: base, to: candidate))
        } else {
            try writeInPieces(grammar.commands(from: base, to: candidate, withTags: true).text())
        }
    }

    /// The base, and the base with the changes below the path that follows, or below the present mode.
    private func changed(_ current: ConfigurationSession, by line: Invocation) throws -> (DataTree, DataTree) {
        var paths = current.mode.paths
        let words = line.parameters
        if let first = words.first {
            let grammar = grammar(current.candidate.model)
            paths = []
            for tree in [current.base, current.candidate] {
                do {
                    paths += try grammar.resolvePaths(words.map(\.text), tree: tree)
                } catch {
                    throw CommandFault.syntax("unknown argument", at: first.column + error.column)
                }
            }
        }
        guard paths != [InstancePath()] else { return (current.base, current.candidate) }
        var rest = current.base
        for path in paths { rest = (try? rest.applying(.delete, at: path)) ?? rest }
        return (current.base, rest.merging(TreeSelection().tree(current.candidate, paths)))
    }

    /// The candidate from the present mode on. A path is one below the mode, or else one from the top.
    private func showFullConfiguration(_ line: Invocation) throws {
        guard let current = configuration else { return }
        let isTop = current.mode.paths == [InstancePath()]
        guard !isTop else { return try showConfiguration(current.candidate, line) }
        guard !line.parameters.isEmpty else {
            return try showConfiguration(current.candidate, line, selection: current.mode.paths)
        }
        let grammar = grammar(current.candidate.model)
        var paths: [InstancePath] = []
        for mode in current.mode.paths {
            let words = mode.steps.flatMap { [$0.node.name] + $0.keys } + line.parameters.map(\.text)
            paths += (try? grammar.resolvePaths(words, tree: current.candidate)) ?? []
        }
        guard !paths.isEmpty else { return try showConfiguration(current.candidate, line) }
        try showConfiguration(
            current.candidate, Invocation(line.line, position: line.line.words.count), selection: paths)
    }
}
