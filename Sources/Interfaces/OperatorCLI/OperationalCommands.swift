import ControlProtocol
import TerminalSession

/// The built-in commands of operational mode.
enum OperationalCommands {
    static let all: [BuiltInCommand] =
        [
            BuiltInCommand("config", "Manipulate software configuration information", choices: modes) { shell, line in
                try shell.enterConfiguration(line)
            },
            BuiltInCommand(
                "commit", "Confirm or take back the commit that waits to be confirmed",
                choices: { _, words in
                    let isPersist = words.dropLast().last?.text == "persist-id"
                    if isPersist { return [Choice("<id>", isValue: true)] }
                    return words.count == 1 ? confirmingKeywords.choices : [confirmingKeywords.choices[2]]
                }
            ) { shell, line in try shell.endConfirmed(line) },
            BuiltInCommand("exit", "Exit the management session") { _, line in try leave(line) },
            BuiltInCommand(
                "file", "Perform file operations",
                choices: { _, words in
                    words.count == 1
                        ? [Choice("show", "Display contents of a file")] : [Choice("<file>", isValue: true)]
                }
            ) { shell, line in try shell.showFile(line) },
            BuiltInCommand("help", "Provide help information") { shell, line in try shell.help(line) },
            BuiltInCommand("id", "Show user id information") { shell, line in
                try line.noParameters()
                let user = shell.session.user
                let groups = user.groups.isEmpty ? "" : ", groups=" + user.groups.joined(separator: ",")
                try shell.out.line("user = \(user.name)\(groups)")
                return .done
            },
            BuiltInCommand("logout", "Log out") { _, line in try leave(line) },
            BuiltInCommand("quit", "Exit the management session") { _, line in try leave(line) },
            BuiltInCommand(
                "send", "Send message to terminal of one or all users",
                choices: { shell, words in
                    guard words.count == 1 else { return [Choice("<message>", isValue: true)] }
                    let users = Set(shell.session.sessions().map(\.user.name)).sorted()
                    return [Choice("all", "Send to all users")] + users.map { Choice($0) }
                }
            ) { shell, line in try shell.send(line) },
            BuiltInCommand("show", "Show information about the system", choices: Completer.afterShow) { shell, line in
                try ShowCommands.show(shell, line)
            },
            BuiltInCommand(
                "source", "Carry out the commands of a file",
                choices: { _, _ in
                    [Choice("<file>", isValue: true)]
                }
            ) { shell, line in try shell.source(line) },
            BuiltInCommand("who", "Display currently logged on users") { shell, line in
                try line.noParameters()
                try shell.showSessions()
                return .done
            },
            BuiltInCommand("switch", "") { _, _ in throw CommandFault.error("J-style is not available") },
            BuiltInCommand("unhide", "") { _, _ in .done },
            BuiltInCommand("hide", "") { _, _ in .done },
            .absent("job"), .absent("script"), .absent("timecmd"), .absent("monitor"),
            .absent("ping"),
        ] + settings

    private static var settings: [BuiltInCommand] {
        SessionSettings().values.map { setting in
            var command = BuiltInCommand(
                setting.name, SessionSettings.help[setting.name] ?? "",
                choices: { _, _ in
                    if SessionSettings.flags.contains(setting.name) { return [Choice("false"), Choice("true")] }
                    return [Choice("<value>", "the value", isValue: true)]
                }
            ) { shell, line in
                let value = try line.parameter()
                guard shell.settings.set(setting.name, value.text) else {
                    throw CommandFault.syntax("\"\(value.text)\" is not a valid value.", at: value.column)
                }
                return .done
            }
            command.isSetting = true
            return command
        }
    }

    static let confirmingKeywords: [Keyword] = [
        Keyword(name: "abort", help: "Take back the commit that waits to be confirmed"),
        Keyword(name: "confirm", help: "Make it permanent"),
        Keyword(name: "persist-id", help: "The id that the confirmed commit was given"),
    ]

    static let modeKeywords: [Keyword] = [
        Keyword(name: "exclusive", help: "Obtain an exclusive lock on running"),
        Keyword(name: "private", help: "Edit a private copy of running"),
        Keyword(name: "shared", help: "Another name of terminal: nobody shares a candidate"),
        Keyword(name: "terminal", help: "Edit a private copy of running"),
        Keyword(name: "no-confirm", help: "Ignore any confirm dialog"),
    ]

    private static func modes(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        words.count == 1 ? modeKeywords.choices : []
    }

    private static func leave(_ line: Invocation) throws -> CommandResult {
        if let word = try line.optionalParameter(), word.text != "no-confirm" {
            throw CommandFault.syntax("unknown argument", at: word.column)
        }
        return .leave(OperatorSession.ExitStatus.normal)
    }
}

extension OperatorShell {
    func enterConfiguration(_ line: Invocation) throws -> CommandResult {
        var kind = "terminal"
        for word in line.parameters {
            let name = try Keyword.find(word, among: OperationalCommands.modeKeywords)
            if name != "no-confirm" { kind = name }
        }
        guard configuration == nil else { throw CommandFault.error("the session is in configuration mode already") }
        if kind == "exclusive" { try session.lock() }
        var entered = ConfigurationSession(session.running)
        entered.isExclusive = kind == "exclusive"
        configuration = entered
        session.noteMode(kind)
        try out.line("Entering configuration mode \(kind)")
        if kind == "exclusive" { try out.line("Warning: uncommitted changes will be discarded on exit") }
        try showConfigurationUsers(heading: "Current configuration users:")
        return .done
    }

    /// Who else is in configuration mode, and who has the lock.
    func showConfigurationUsers(heading: String?) throws {
        let others = session.sessions().filter { $0.id != session.id && $0.mode != "operational" }
        if let heading, !others.isEmpty { try out.line(heading) }
        for other in others {
            let user = other.user
            let origin = "\(user.proto) (\(user.context) from \(user.from))"
            try out.line("\(user.name) \(origin) on since \(other.started) \(other.mode) mode")
        }
    }

    /// `commit abort|confirm [persist-id ID]` of operational mode.
    func endConfirmed(_ line: Invocation) throws -> CommandResult {
        var parameters = CommitParameters()
        parameters.verb = .confirm
        var words = line.parameters
        while let word = words.popFirst() {
            switch try Keyword.find(word, among: OperationalCommands.confirmingKeywords) {
            case "abort": parameters.verb = .abort
            case "persist-id": parameters.options.persistID = try CommitParameters.value(&words, line)
            default: break
            }
        }
        try endConfirmed(parameters)
        return .done
    }

    func showFile(_ line: Invocation) throws -> CommandResult {
        guard let verb = line.parameters.first else { throw line.incomplete }
        guard verb.text == "show" else {
            throw CommandFault.syntax("unknown argument; expected show", at: verb.column)
        }
        let path = path(try line.inner.parameter().text)
        try writeInPieces(String(decoding: try readFile(path), as: UTF8.self))
        return .done
    }

    func readFile(_ path: String) throws -> [UInt8] {
        do {
            return try files.read(path)
        } catch {
            throw CommandFault.error("\(path): \(error)")
        }
    }

    func send(_ line: Invocation) throws -> CommandResult {
        guard let user = line.parameters.first, line.parameters.count > 1 else { throw line.incomplete }
        let words = line.parameters.dropFirst()
        let text = words.count == 1 ? words.first!.text : line.line.rest(from: line.position + 2)
        session.send(text, to: user.text == "all" ? nil : user.text)
        return .done
    }

    /// Carries out the commands of a file of the client.
    func source(_ line: Invocation) throws -> CommandResult {
        let path = path(try line.parameter().text)
        guard sourceDepth < 8 else { throw CommandFault.error("\(path): source files are nested too deep") }
        let text = String(decoding: try readFile(path), as: UTF8.self)
        sourceDepth += 1
        defer { sourceDepth -= 1 }
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            if let status = execute(String(line)) { return .leave(status) }
        }
        return .done
    }

    func help(_ line: Invocation) throws -> CommandResult {
        let word = try line.parameter()
        let commands = configuration == nil ? OperationalCommands.all : ConfigurationCommands.all
        let keywords = commands.filter { !$0.isHidden }.map { Keyword(name: $0.name, help: $0.help) }
        let name = try Keyword.find(word, among: keywords)
        try out.write("Help for command: \(name)\n    \(keywords.first { $0.name == name }?.help ?? "")\n")
        return .done
    }

    func showSessions() throws {
        let headings = ["Session", "User", "Context", "From", "Proto", "Date", "Mode"]
        var rows = [headings]
        for other in session.sessions() {
            let mark = other.id == session.id ? "*" : " "
            let user = other.user
            let origin = [user.context, user.from, user.proto]
            rows.append(["\(mark)\(other.id)", user.name] + origin + [other.started, other.mode])
        }
        let widths = headings.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            var text = cells.joined(separator: " ")
            while text.hasSuffix(" ") { text.removeLast() }
            try out.line(text)
        }
    }
}
