import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol

/// What was typed after `commit`.
struct CommitParameters {
    enum DryRunFormat: String, CaseIterable {
        case cli, native, xml
        /// The changes as commands of the operator's own command line.
        case cliC = "cli-c"
    }

    var options = CommitOptions()
    var dryRun: DryRunFormat?
    var onlyChecks = false
    var quits = false

    static let keywords: [Keyword] = [
        Keyword(name: "and-quit", help: "Exit configuration mode"),
        Keyword(name: "check", help: "Validate configuration"),
        Keyword(name: "comment", help: "Add a commit comment"),
        Keyword(name: "commit-queue", help: "Commit through the commit queue"),
        Keyword(name: "dry-run", help: "Show the diff but do not perform commit"),
        Keyword(name: "label", help: "Add a commit label"),
        Keyword(name: "no-confirm", help: "No confirm"),
        Keyword(name: "no-networking", help: "Send nothing to the devices"),
        Keyword(name: "no-out-of-sync-check", help: "Commit even if out of sync"),
        Keyword(name: "no-overwrite", help: "Do not overwrite modified data on the device"),
        Keyword(name: "no-revision-drop", help: "Fail if device has too old data model"),
    ]

    private static let absent: Set<String> = [
        "abort", "confirm", "confirmed", "no-deploy", "persist-id", "reconcile",
        "save-running", "to-startup", "use-lsa", "no-lsa", "confirm-network-state", "trace-id",
    ]

    init() {}

    init(_ line: Invocation) throws {
        var words = line.parameters
        while let word = words.popFirst() {
            if Self.absent.contains(word.text) {
                throw CommandFault.error("commit \(word.text) is not available")
            }
            switch try Keyword.find(word, among: Self.keywords) {
            case "and-quit": quits = true
            case "check": onlyChecks = true
            case "comment": options.comment = try Self.value(&words, line)
            case "commit-queue": options.commitQueue = try CommitQueueParameters.read(&words, line)
            case "label": options.label = try Self.value(&words, line)
            case "dry-run": try readDryRun(&words, line)
            case "no-networking": options.noNetworking = true
            case "no-out-of-sync-check": options.noOutOfSyncCheck = true
            case "no-overwrite": options.noOverwrite = true
            case "no-revision-drop": options.noRevisionDrop = true
            default: break
            }
        }
    }

    private static func value(_ words: inout ArraySlice<TypedWord>, _ line: Invocation) throws -> String {
        guard let word = words.popFirst() else { throw line.incomplete }
        return word.text
    }

    private static let dryRunKeywords: [Keyword] = [
        Keyword(name: "outformat", help: "Format of the output"),
        Keyword(name: "reverse", help: "Show what would take the change back"),
    ]

    private mutating func readDryRun(_ words: inout ArraySlice<TypedWord>, _ line: Invocation) throws {
        dryRun = .cli
        while let word = words.first, Self.dryRunKeywords.contains(where: { $0.name.hasPrefix(word.text) }) {
            words.removeFirst()
            guard try Keyword.find(word, among: Self.dryRunKeywords) == "outformat" else {
                options.isReverse = true
                continue
            }
            guard let format = words.popFirst() else { throw line.incomplete }
            let formats = DryRunFormat.allCases.map { Keyword(name: $0.rawValue, help: "") }
            dryRun = DryRunFormat(rawValue: try Keyword.find(format, among: formats))
        }
        if options.isReverse, dryRun != .native {
            throw CommandFault.syntax("reverse goes with outformat native only", at: line.line.endColumn)
        }
        options.dryRun = dryRun.flatMap { CommitOptions.DryRunFormat(rawValue: $0.rawValue) }
    }

    static func choices(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        let before = words.dropLast().map(\.text)
        if let queue = CommitQueueParameters.choices(before) { return queue }
        switch before.last {
        case "comment", "label": return [Choice("<string>", isValue: true)]
        case "outformat": return DryRunFormat.allCases.map { Choice($0.rawValue) }
        case "dry-run": return dryRunKeywords.choices + keywords.choices
        default:
            let rest = keywords.choices.filter { !before.contains($0.text) }
            return before.contains("dry-run") ? [dryRunKeywords.choices[1]] + rest : rest
        }
    }
}

extension OperatorShell {
    func commit(_ line: Invocation) throws -> CommandResult {
        let parameters = try CommitParameters(line)
        if parameters.onlyChecks {
            try validate()
            return .done
        }
        try commit(parameters)
        if parameters.quits, parameters.dryRun == nil { return try leaveConfiguration(isConfirmed: true) }
        return .done
    }

    func commit(_ parameters: CommitParameters) throws {
        guard let current = configuration else { return }
        guard current.hasChanges else { return try out.line("% No modifications to commit.") }
        if parameters.dryRun == .cliC {
            let commands = grammar(current.candidate.model).commands(from: current.base, to: current.candidate)
            return try out.write(Self.wrapped("cli-c", commands.text()))
        }
        let request = CommitRequest(base: current.base, candidate: current.candidate, options: parameters.options)
        let outcome: CommitOutcome
        do {
            outcome = try session.commit(request)
        } catch {
            throw CommandFault.aborted(error)
        }
        for warning in outcome.warnings { try out.line("Warning: \(warning.summary)") }
        if parameters.dryRun != nil {
            guard let dryRun = outcome.dryRun else { return try out.line("% No modifications to commit.") }
            return try out.write(Self.text(dryRun))
        }
        configuration?.restart(from: session.running)
        if let queue = outcome.queue { try out.write(CommitQueueParameters.text(queue)) }
        try out.line(outcome.isEmpty ? "% No modifications to commit." : "Commit complete.")
        for reason in outcome.inDoubt { try out.line("Warning: in doubt: \(reason)") }
    }

    // MARK: Dry runs

    private static func text(_ dryRun: DryRun) -> String {
        switch dryRun {
        case .cli(let diff): return wrapped("cli", diff)
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
