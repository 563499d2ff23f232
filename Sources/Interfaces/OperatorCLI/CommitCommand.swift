import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import Events

/// What was typed after `commit`.
struct CommitParameters {
    /// What to do with the confirmed commit that is outstanding.
    enum Verb: Hashable { case commit, check, abort, confirm }

    var options = CommitOptions()
    var verb = Verb.commit
    var showsDigest = false
    var quits = false
    /// Where to save what is in force afterwards.
    var savesRunning: String?

    static let keywords: [Keyword] = [
        Keyword(name: "abort", help: "Take back the commit that waits to be confirmed"),
        Keyword(name: "and-quit", help: "Exit configuration mode"),
        Keyword(name: "check", help: "Validate configuration"),
        Keyword(name: "comment", help: "Add a commit comment"),
        Keyword(name: "commit-queue", help: "Commit through the commit queue"),
        Keyword(name: "confirmed", help: "Take the commit back unless it is confirmed in time"),
        Keyword(name: "dry-run", help: "Show the diff but do not perform commit"),
        Keyword(name: "expected-plan", help: "Commit only what a dry run with this digest has shown"),
        Keyword(name: "label", help: "Add a commit label"),
        Keyword(name: "no-confirm", help: "No confirm"),
        Keyword(name: "no-networking", help: "Send nothing to the devices"),
        Keyword(name: "no-out-of-sync-check", help: "Commit even if out of sync"),
        Keyword(name: "no-overwrite", help: "Do not overwrite modified data on the device"),
        Keyword(name: "no-revision-drop", help: "Fail if device has too old data model"),
        Keyword(name: "persist-id", help: "Confirm, abort or follow the confirmed commit of this id"),
        Keyword(name: "save-running", help: "Save running to a file"),
        Keyword(name: "trace-id", help: "The id that logs and traces name the commit by"),
    ]

    private static let absent: Set<String> = [
        "no-deploy", "reconcile", "to-startup", "use-lsa", "no-lsa",
        "confirm-network-state",
    ]

    init() {}

    init(_ line: Invocation) throws {
        var words = line.parameters
        while let word = words.popFirst() {
            if Self.absent.contains(word.text) {
                throw CommandFault.error("commit \(word.text) is not available")
            }
            switch try Keyword.find(word, among: Self.keywords) {
            case "abort": verb = .abort
            case "and-quit": quits = true
            case "check": verb = .check
            case "comment": options.comment = try Self.value(&words, line)
            case "commit-queue": options.commitQueue = try CommitQueueParameters.read(&words, line)
            case "confirmed": try readConfirmed(&words, line)
            case "dry-run": try readDryRun(&words, line)
            case "expected-plan": options.expectedPlan = try Self.value(&words, line)
            case "label": options.label = try Self.value(&words, line)
            case "no-networking": options.noNetworking = true
            case "no-out-of-sync-check": options.noOutOfSyncCheck = true
            case "no-overwrite": options.noOverwrite = true
            case "no-revision-drop": options.noRevisionDrop = true
            case "persist-id": options.persistID = try Self.value(&words, line)
            case "save-running": savesRunning = try Self.value(&words, line)
            case "trace-id": options.traceID = try Self.value(&words, line)
            default: break
            }
        }
        try requireSense(line)
    }

    private func requireSense(_ line: Invocation) throws {
        func refuse(_ reason: String) -> CommandFault { .syntax(reason, at: line.line.endColumn) }
        if options.noOverwrite, options.noOutOfSyncCheck {
            throw refuse("no-overwrite and no-out-of-sync-check exclude each other")
        }
        if options.dryRun != nil {
            if options.confirmed != nil { throw refuse("confirmed does not go with dry-run") }
            if options.expectedPlan != nil { throw refuse("expected-plan does not go with dry-run") }
            if savesRunning != nil { throw refuse("save-running does not go with dry-run") }
        }
        if verb == .abort, line.parameters.count > (options.persistID == nil ? 1 : 3) {
            throw refuse("abort goes with persist-id only")
        }
        if verb == .check, options.dryRun != nil { throw refuse("check does not go with dry-run") }
    }

    static func value(_ words: inout ArraySlice<TypedWord>, _ line: Invocation) throws -> String {
        guard let word = words.popFirst() else { throw line.incomplete }
        return word.text
    }

    // MARK: confirmed

    private static let confirmedKeywords: [Keyword] = [
        Keyword(name: "persist", help: "The commit outlives this session, and whoever gives the id may confirm it"),
        Keyword(name: "timeout", help: "Minutes to wait; 10 if nothing is given"),
    ]

    private mutating func readConfirmed(_ words: inout ArraySlice<TypedWord>, _ line: Invocation) throws {
        var confirmed = ConfirmedCommitOptions()
        if let word = words.first, word.text.first?.isNumber == true {
            words.removeFirst()
            confirmed.seconds = try Self.seconds(word)
        }
        while let word = words.first, Self.confirmedKeywords.contains(where: { $0.name == word.text }) {
            words.removeFirst()
            guard let value = words.popFirst() else { throw line.incomplete }
            if word.text == "timeout" {
                confirmed.seconds = try Self.seconds(value)
            } else {
                confirmed.persist = value.text
            }
        }
        options.confirmed = confirmed
    }

    private static func seconds(_ word: TypedWord) throws -> Int {
        guard let minutes = Int(word.text), (1...71_582_788).contains(minutes) else {
            throw CommandFault.syntax("\"\(word.text)\" is not a valid number of minutes.", at: word.column)
        }
        return minutes * 60
    }

    // MARK: dry-run

    private static let dryRunKeywords: [Keyword] = [
        Keyword(name: "outformat", help: "Format of the output"),
        Keyword(name: "reverse", help: "Show what would take the change back"),
        Keyword(name: "with-digest", help: "Show the digest that expected-plan takes"),
    ]

    private mutating func readDryRun(_ words: inout ArraySlice<TypedWord>, _ line: Invocation) throws {
        var format = CommitOptions.DryRunFormat.cli
        while let word = words.first, Self.dryRunKeywords.contains(where: { $0.name.hasPrefix(word.text) }) {
            words.removeFirst()
            switch try Keyword.find(word, among: Self.dryRunKeywords) {
            case "reverse": options.isReverse = true
            case "with-digest": showsDigest = true
            default:
                guard let word = words.popFirst() else { throw line.incomplete }
                let formats = CommitOptions.DryRunFormat.allCases.map { Keyword(name: $0.rawValue, help: "") }
                format = CommitOptions.DryRunFormat(rawValue: try Keyword.find(word, among: formats)) ?? .cli
            }
        }
        options.dryRun = format
    }

    // MARK: Completion

    static func choices(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        let before = words.dropLast().map(\.text)
        if let queue = CommitQueueParameters.choices(before) { return queue }
        switch before.last {
        case "comment", "label", "trace-id": return [Choice("<string>", isValue: true)]
        case "persist", "persist-id": return [Choice("<id>", isValue: true)]
        case "timeout": return [Choice("<minutes>", isValue: true)]
        case "expected-plan": return [Choice("<digest>", isValue: true)]
        case "save-running": return [Choice("<file>", isValue: true)]
        case "outformat": return CommitOptions.DryRunFormat.allCases.map { Choice($0.rawValue) }
        case "abort": return keywords.choices.filter { $0.text == "persist-id" }
        default:
            var rest = keywords.choices.filter { choice in
                !before.contains(choice.text) && (choice.text != "abort" || before.isEmpty)
            }
            if before.contains("dry-run") {
                rest = dryRunKeywords.choices.filter { !before.contains($0.text) } + rest
            } else if before.contains("confirmed") {
                rest = confirmedKeywords.choices.filter { !before.contains($0.text) } + rest
            }
            return rest
        }
    }
}

extension OperatorShell {
    func commit(_ line: Invocation) throws -> CommandResult {
        let parameters = try CommitParameters(line)
        switch parameters.verb {
        case .check:
            try validate()
            return .done
        case .abort, .confirm:
            try endConfirmed(parameters)
            return .done
        case .commit: break
        }
        try commit(parameters)
        if parameters.quits, parameters.options.dryRun == nil { return try leaveConfiguration(isConfirmed: true) }
        return .done
    }

    func commit(_ parameters: CommitParameters) throws {
        guard let current = configuration else { return }
        let options = parameters.options
        guard current.hasChanges else {
            // A commit without changes confirms the one before it.
            guard options.confirmed == nil, options.dryRun == nil, options.persistID != nil || session.mayConfirm else {
                return try out.line("% No modifications to commit.")
            }
            return try endConfirmed(parameters)
        }
        let outcome = try carryOut(CommitRequest(base: current.base, candidate: current.candidate, options: options))
        for warning in outcome.warnings { try out.line("Warning: \(warning.summary)") }
        if options.dryRun != nil {
            guard let dryRun = outcome.dryRun else { return try out.line("% No modifications to commit.") }
            try out.write(Self.text(dryRun))
            if parameters.showsDigest, let digest = outcome.planDigest { try out.line("plan-digest \(digest)") }
            return
        }
        configuration?.restart(from: session.running)
        if let queue = outcome.queue { try out.write(CommitQueueParameters.text(queue)) }
        try out.line(Self.text(outcome, options))
        for reason in outcome.inDoubt { try out.line("Warning: in doubt: \(reason)") }
        if let file = parameters.savesRunning { try saveRunning(file) }
    }

    private func carryOut(_ request: CommitRequest) throws -> CommitOutcome {
        var watch: (@Sendable (ProgressEvent) -> Void)?
        if let level = self.request.details { watch = ProgressPrinter(operatorSession.screen, level: level).print }
        do {
            return try session.commit(request, progress: watch)
        } catch {
            throw CommandFault.aborted(error)
        }
    }

    private static func text(_ outcome: CommitOutcome, _ options: CommitOptions) -> String {
        if outcome.isEmpty { return "% No modifications to commit." }
        if outcome.hasConfirmed { return "Commit complete. Configuration is now permanent." }
        guard let confirmed = options.confirmed else { return "Commit complete." }
        let minutes = confirmed.seconds / 60
        return "Commit complete. The configuration will be reverted in \(minutes) minute\(minutes == 1 ? "" : "s") "
            + "unless it is confirmed."
    }

    /// Confirms, or takes back, what waits to be confirmed.
    func endConfirmed(_ parameters: CommitParameters) throws {
        do {
            if parameters.verb == .abort {
                try session.abortCommit(persistID: parameters.options.persistID)
            } else {
                try session.confirmCommit(persistID: parameters.options.persistID)
            }
        } catch {
            throw CommandFault.aborted(error)
        }
        if configuration?.hasChanges == false { configuration?.restart(from: session.running) }
        try out.line(
            parameters.verb == .abort
                ? "Confirmed commit aborted. Old configuration will now be restored."
                : "Commit complete. Configuration is now permanent.")
    }

    private func saveRunning(_ file: String) throws {
        let running = session.running
        do {
            try files.write(path(file), Array(grammar(running.model).render(running).utf8), append: false)
        } catch {
            throw CommandFault.error("\(path(file)): \(error); the commit is complete all the same")
        }
    }

    // MARK: Dry runs

    private static func text(_ dryRun: DryRun) -> String {
        switch dryRun {
        case .cli(let diff): return wrapped("cli", diff)
        case .cliC(let commands): return wrapped("cli-c", commands)
        case .xml(let body): return wrapped("result-xml", body)
        case .native(let devices):
            var text = "native {\n"
            for device in devices {
                text += "    device {\n        name \(device.device)\n"
                text += "        data " + hanging(device.data) + "    }\n"
            }
            return text + "}\n"
        }
    }

    private static func wrapped(_ name: String, _ data: String) -> String {
        "\(name) {\n    local-node {\n        data " + hanging(data) + "    }\n}\n"
    }

    /// Text behind `data `: its later lines stand below its first.
    private static func hanging(_ text: String) -> String {
        let whole = text.hasSuffix("\n") ? String(text.dropLast()) : text
        return ActionPrinter.hanging(whole, 13) + "\n"
    }
}
