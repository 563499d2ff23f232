import CLIGrammar
import ConfigTree
import ControlProtocol
import TerminalSession
import YANG

extension OperatorShell {
    /// What TAB and `?` make of the text before the cursor.
    func complete(_ text: String, isHelp: Bool) -> CompletionAnswer {
        let line = TypedLine(text)
        let partial = Completer.partial(line)
        var choices = Completer(shell: self).choices(line, partial)
        if configuration != nil || !choices.isEmpty {
            choices = choices.filter { $0.isValue || $0.text.hasPrefix(partial.text) }
        }
        return Completer.answer(choices, partial: partial.text, isHelp: isHelp)
    }

    /// What the grammar offers in a mode, or else (as a line is looked for there too) in the modes around it.
    func completions(_ text: String, _ mode: CLIMode, _ tree: DataTree) -> [Completion] {
        let grammar = grammar(tree.model)
        var here: CLIMode? = mode
        while let mode = here {
            let found = grammar.completions(text, mode: mode, tree: tree)
            if found.contains(where: { $0.text != "<cr>" }) { return found }
            here = grammar.outer(mode)
        }
        return []
    }
}

/// What can follow a half-typed line.
struct Completer {
    let shell: OperatorShell

    /// The word at the cursor: the last one, or an empty one after a blank.
    static func partial(_ line: TypedLine) -> TypedWord {
        let last = line.pipes.last?.last ?? (line.pipes.isEmpty ? line.words.last : nil)
        if !line.endsInBlank, let last { return last }
        return TypedWord(text: "", column: line.command.count)
    }

    func choices(_ line: TypedLine, _ partial: TypedWord) -> [Choice] {
        if let pipe = line.pipes.last {
            return pipeChoices(line.endsInBlank ? pipe + [partial] : pipe)
        }
        var words = line.words
        if line.endsInBlank || words.isEmpty { words.append(partial) }
        return shell.configuration == nil
            ? operational(words) : configuration(words, text: line.command, isShifted: false)
    }

    private func pipeChoices(_ words: [TypedWord]) -> [Choice] {
        guard words.count > 1 else { return PipeCommands.all.map { Choice($0.name, $0.help) } }
        switch words[0].text {
        case "display": return words.count == 2 ? DisplayFormat.allCases.map { Choice($0.rawValue) } : []
        case "debug":
            return words.count == 2
                ? PipeCommands.debugged.map { Choice($0.name, $0.help) } : templateNames(words.count)
        case "details": return words.count == 2 ? PipeCommands.levels.map { Choice($0.name) } : []
        case "save", "append": return words.count == 2 ? [Choice("<file>", isValue: true)] : []
        case "include", "exclude", "begin", "until": return [Choice("<regular expression>", isValue: true)]
        default: return []
        }
    }

    /// The names of the templates that `debug template` may single out.
    private func templateNames(_ count: Int) -> [Choice] {
        let devices = shell.session.running.rootInstance.child("devices")
        return count == 3 ? devices?.entries("template").compactMap { $0.keys.first }.map { Choice($0) } ?? [] : []
    }

    // MARK: Operational mode

    private func operational(_ words: [TypedWord]) -> [Choice] {
        let schema = shell.session.running.model.schema
        let commands = OperationalCommands.all.filter { !$0.isHidden }
        guard words.count > 1 else {
            let roots = OperationalPath.actionRoots(schema).map { Choice($0.name, Self.info($0)) }
            return (commands.map { Choice($0.name, $0.help) } + roots).sorted { $0.text < $1.text }
        }
        let named = commands.filter { $0.name.hasPrefix(words[0].text) }
        if let command = commands.first(where: { $0.name == words[0].text }) {
            return command.choices(shell, Array(words.dropFirst()))
        }
        if named.count == 1 { return named[0].choices(shell, Array(words.dropFirst())) }
        return SchemaChoices(tree: shell.session.running, purpose: .action).choices(words)
    }

    static func info(_ node: SchemaNode) -> String {
        if let text = node.annotation("info")?.argument { return text }
        let line = node.describingText?.split(separator: "\n").first ?? ""
        return String(line.hasSuffix(".") ? line.dropLast() : line)
    }

    static func afterShow(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        if words.count > 1, "running-config".hasPrefix(words[0].text), words[0].text.hasPrefix("r") {
            return Completer(shell: shell).paths(Array(words.dropFirst()), shell.session.running)
        }
        if words.count > 1, words[0].text == "parser" { return words.count == 2 ? [Choice("dump")] : [] }
        let state = SchemaChoices(tree: shell.session.operational(), purpose: .show).choices(words)
        return words.count == 1 ? (ShowCommands.keywords.choices + state).sorted { $0.text < $1.text } : state
    }

    /// Paths into the configuration.
    private func paths(_ words: [TypedWord], _ tree: DataTree) -> [Choice] {
        let text = words.map { $0.isQuoted ? "\"\($0.text)\"" : $0.text }.joined(separator: " ")
        return grammarChoices(text, .top, tree).filter { !$0.isValue }
    }

    // MARK: Configuration mode

    private func configuration(_ words: [TypedWord], text: String, isShifted: Bool) -> [Choice] {
        guard let current = shell.configuration else { return [] }
        let commands = ConfigurationCommands.all.filter { !$0.isHidden }
        if words.count > 1, let command = commands.first(where: { $0.name == words[0].text }) {
            return command.choices(shell, Array(words.dropFirst()))
        }
        let data = grammarChoices(text, isShifted ? .top : current.mode, current.candidate)
        if words.count > 1 {
            let named = commands.filter { $0.name.hasPrefix(words[0].text) }
            return data.isEmpty && named.count == 1 ? named[0].choices(shell, Array(words.dropFirst())) : data
        }
        let extra = [Choice("no", "Negate a command or set its defaults")]
        let all = commands.map { Choice($0.name, $0.help) } + extra + data
        var seen: Set<String> = []
        return all.filter { seen.insert($0.text).inserted }.sorted { $0.text < $1.text }
    }

    private func grammarChoices(_ text: String, _ mode: CLIMode, _ tree: DataTree) -> [Choice] {
        shell.completions(text, mode, tree).map { Choice($0.text, $0.info, isValue: $0.isValue) }
    }

    static func afterDo(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        Completer(shell: shell).operational(words)
    }

    static func afterTop(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        let text = words.map { $0.isQuoted ? "\"\($0.text)\"" : $0.text }.joined(separator: " ")
        return Completer(shell: shell).configuration(words, text: text, isShifted: true)
    }

    static func afterConfigurationShow(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        guard words.count > 1 else { return OperatorShell.configurationShowKeywords.choices }
        guard let tree = shell.configuration?.candidate else { return [] }
        switch words[0].text {
        case "full-configuration", "running-config":
            return Completer(shell: shell).paths(Array(words.dropFirst()), tree)
        case "configuration" where words.count == 2:
            return OperatorShell.changeKeywords.choices.filter { !$0.info.isEmpty }
        default: return []
        }
    }

    // MARK: The answer

    /// More choices than that are not listed.
    private static let listingLimit = 1_000

    static func answer(_ choices: [Choice], partial: String, isHelp: Bool) -> CompletionAnswer {
        let words = choices.filter { !$0.isValue }
        if !isHelp {
            if words.count == 1, choices.count == 1 {
                return CompletionAnswer(insertion: words[0].text.dropFirst(partial.count) + " ")
            }
            let shared = commonPrefix(words.map(\.text))
            if choices.count == words.count, shared.count > partial.count {
                return CompletionAnswer(insertion: String(shared.dropFirst(partial.count)))
            }
        }
        guard !choices.isEmpty else { return CompletionAnswer(listing: isHelp ? "No possible completions\n" : "") }
        let width = choices.map(\.text.count).max() ?? 0
        var listing = "Possible completions:\n"
        for choice in choices.prefix(listingLimit) {
            let gap = String(repeating: " ", count: width - choice.text.count + 2)
            listing += "  \(choice.text)" + (choice.info.isEmpty ? "" : gap + choice.info) + "\n"
        }
        if choices.count > listingLimit { listing += "  ... and \(choices.count - listingLimit) more\n" }
        return CompletionAnswer(listing: listing)
    }

    private static func commonPrefix(_ words: [String]) -> String {
        guard var shared = words.first else { return "" }
        for word in words.dropFirst() {
            while !word.hasPrefix(shared) { shared.removeLast() }
        }
        return shared
    }
}
