import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import TerminalSession
import YANG

/// `show` in operational mode.
enum ShowCommands {
    static let keywords: [Keyword] = [
        Keyword(name: "cli", help: "Display cli settings"),
        Keyword(name: "configuration", help: "Display what was committed"),
        Keyword(name: "history", help: "Display CLI command history, or the commits that changed a path"),
        Keyword(name: "jobs", help: "Display background jobs"),
        Keyword(name: "parser", help: "Display parser information"),
        Keyword(name: "running-config", help: "Display current configuration"),
    ]

    static func show(_ shell: OperatorShell, _ invocation: Invocation) throws -> CommandResult {
        let inner = invocation.inner
        guard !inner.isEmpty else { throw invocation.incomplete }
        let word = inner.name
        let roots = OperationalPath.names(word.text, in: shell.session.running.model.schema.root)
        let keyword = keywords.first { $0.name == word.text }
        let found = keywords.filter { $0.name.hasPrefix(word.text) }
        guard keyword != nil || (roots.isEmpty && found.count == 1) else {
            if !found.isEmpty, !roots.contains(where: { $0.name == word.text }) {
                let names = (found.map(\.name) + roots.map(\.name)).joined(separator: ", ")
                throw CommandFault.syntax("ambiguous: \(names)", at: word.column)
            }
            try shell.showOperational(inner)
            return .done
        }
        try run(shell, (keyword ?? found[0]).name, inner)
        return .done
    }

    static func run(_ shell: OperatorShell, _ name: String, _ inner: Invocation) throws {
        switch name {
        case "running-config": try shell.showRunning(inner)
        case "configuration": try shell.showCommitted(inner.inner)
        case "cli":
            let width = shell.settings.values.map(\.name.count).max() ?? 0
            for (name, value) in shell.settings.values {
                try shell.out.line(name + String(repeating: " ", count: width - name.count + 1) + value)
            }
        case "history": try shell.showHistory(inner)
        case "jobs": try shell.out.line("JOB COMMAND")
        default: try shell.showParser(inner)
        }
    }
}

extension OperatorShell {
    // MARK: Configuration

    /// A configuration, or what of it the words after the command select, in the format asked for.
    func showConfiguration(_ tree: DataTree, _ invocation: Invocation, selection: [InstancePath]? = nil) throws {
        let words = invocation.parameters.map(\.text)
        var paths = selection
        if !words.isEmpty {
            do {
                paths = try grammar(tree.model).resolvePaths(words, tree: tree)
            } catch {
                let column = invocation.parameters.first.map { $0.column + error.column } ?? error.column
                let isUnknown = error.message.hasPrefix("unknown command")
                throw CommandFault.syntax(isUnknown ? "unknown argument" : error.message, at: column)
            }
        }
        try showData(tree, paths, isOperational: false)
    }

    private func showData(_ tree: DataTree, _ paths: [InstancePath]?, isOperational: Bool) throws {
        if let paths, paths.isEmpty { return try out.line("% No entries found.") }
        guard let format = request.format else {
            var options = RenderOptions()
            options.selection = paths
            options.withTags = true
            options.withDefaults = settings.isOn("show-defaults")
            let text = grammar(tree.model).render(tree, options: options)
            return try text.isEmpty ? out.line("% No entries found.") : writeInPieces(text)
        }
        let part = paths.map { TreeSelection(stateOnly: isOperational).tree(tree, $0) } ?? tree
        guard !part.isEmpty else { return try out.line("% No entries found.") }
        try display(part, format, isOperational: isOperational)
    }

    /// Hands text on a few lines at a time, so that whoever wants no more stops it.
    func writeInPieces(_ text: String) throws {
        var rest = text.utf8[...]
        while !rest.isEmpty, !out.isFinished {
            let end = rest.index(rest.startIndex, offsetBy: 1 << 14, limitedBy: rest.endIndex) ?? rest.endIndex
            let cut = rest[end...].firstIndex(of: 10).map { rest.index(after: $0) } ?? rest.endIndex
            try out.write(String(Substring(rest[..<cut])))
            rest = rest[cut...]
        }
    }

    func display(_ tree: DataTree, _ format: DisplayFormat, isOperational: Bool) throws {
        var options = EncodeOptions(content: isOperational ? .all : .config)
        options.includesMetadata = !isOperational
        switch format {
        case .xml:
            try writeStreamed { sink in
                var encoder = XMLDataEncoder(options, sink: sink)
                try encoder.encode(tree)
            }
        case .json:
            try writeStreamed { sink in
                var encoder = JSONDataEncoder(options, sink: sink)
                try encoder.encode(tree)
            }
        case .curlyBraces: try writeInPieces(grammar(tree.model).curlyBraces(tree))
        case .keypath, .xpath: try displayPaths(tree.rootInstance, format)
        }
    }

    private struct Abandoned: Error {}

    /// Runs an encoder until nobody wants more.
    private func writeStreamed(_ encode: (@escaping ByteOutput.Sink) throws -> Void) throws {
        do {
            try encode { [out] bytes in
                if out.isFinished { throw Abandoned() }
                try out.write(utf8: bytes)
            }
        } catch is Abandoned {}
    }

    /// One line a leaf (and an entry that has nothing but keys): its path and its value.
    private func displayPaths(_ instance: Instance, _ format: DisplayFormat) throws {
        for child in instance.children() where !out.isFinished {
            let isEmpty = child.node.kind == .list && child.children().allSatisfy { $0.node.isKey }
            if child.node.isTerminal || isEmpty {
                if child.node.isKey { continue }
                let path = format == .keypath ? child.path.keypath : child.path.xpath
                let value = child.node.kind == .leaf ? child.value.map { " " + $0 } ?? "" : ""
                try out.line(path + (child.node.type?.base == .empty ? "" : value))
            } else {
                try displayPaths(child, format)
            }
        }
    }

    // MARK: State

    func showOperational(_ invocation: Invocation) throws {
        var tree = session.operational()
        let words = invocation.line.words[min(invocation.position, invocation.line.words.count)...]
        let live = try OperationalPath.live(words, in: tree)
        if !live.isEmpty {
            let reading = try session.live(live, in: tree)
            tree = reading.tree
            for note in reading.notes { operatorSession.screen.interject("% \(note)\n") }
        }
        switch try OperationalPath.resolve(words, in: tree) {
        case .action(let path, let action):
            let input = action.dataChild(named: "input") ?? action
            let screen = operatorSession.screen
            let row = RowDraft(input).freeze(in: tree.model)
            let output = try session.invoke(path, input: row) { screen.interject($0 + "\n") }
            var printer = ActionPrinter(action: action, columns: terminal.columns)
            printer.print(output.instance, indent: 0)
            try out.write(printer.text.isEmpty ? "% No entries found.\n" : printer.text)
        case .data(let paths, let table): try showState(tree, paths, table)
        }
    }

    private func showState(_ tree: DataTree, _ paths: [InstancePath], _ table: OperationalPath.TableRequest?) throws {
        let width = screenWidth
        if request.format == nil, request.asTable != false, let table, OperationalWriter.canBeTable(table.below) {
            let text = OperationalWriter.table(table.list, table.entries, below: table.below)
            guard !text.rows.isEmpty else { return try out.line("% No entries found.") }
            return try out.write(text.text(width: width))
        }
        var writer = OperationalWriter(grammar: grammar(tree.model), columns: width, asTable: request.asTable)
        if request.format == nil, let table, table.below.isEmpty, let text = writer.table(table.list, table.entries) {
            return try out.write(text)
        }
        let state = TreeSelection(stateOnly: true).tree(tree, paths)
        guard !state.isEmpty else { return try out.line("% No entries found.") }
        if let format = request.format { return try display(state, format, isOperational: true) }
        writer.print(state)
        try writer.text.isEmpty ? out.line("% No entries found.") : writeInPieces(writer.text)
    }

    var screenWidth: Int {
        terminal.isInteractive ? max(10, terminal.columns) : Int(settings["screen-width"]) ?? 80
    }

    // MARK: The rest

    func showHistory(_ invocation: Invocation) throws {
        if let first = invocation.parameters.first, Int(first.text) == nil { return try showHistory(of: invocation) }
        let limit = try invocation.optionalParameter()
        guard let count = limit.map({ Int($0.text) }) ?? Int(settings["history"]), count >= 0 else {
            throw CommandFault.syntax("\"\(limit?.text ?? "")\" is not a valid value.", at: limit?.column ?? 0)
        }
        for line in typedCommands.suffix(count) { try out.line(line) }
    }

    /// The commands that begin with the words given.
    func showParser(_ invocation: Invocation) throws {
        guard let word = invocation.parameters.first else { throw invocation.incomplete }
        guard "dump".hasPrefix(word.text) else { throw CommandFault.syntax("unknown argument", at: word.column) }
        let prefix = invocation.parameters.dropFirst().map(\.text)
        let commands = configuration == nil ? OperationalCommands.all : ConfigurationCommands.all
        for command in commands where !command.isHidden {
            guard prefix.isEmpty || command.name.hasPrefix(prefix[0]) else { continue }
            let choices = command.choices(self, [TypedWord(text: "", column: 0)])
            for choice in choices { try out.line("\(command.name) \(choice.text)") }
            if choices.isEmpty { try out.line(command.name) }
        }
    }
}
