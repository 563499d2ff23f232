import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol

/// `rollback configuration|selective` and `rollback-files …` of configuration mode.
enum RollbackCommand {
    static let kinds: [Keyword] = [
        Keyword(name: "configuration", help: "Go back to the configuration before a commit, by default the latest"),
        Keyword(name: "selective", help: "Take back one commit alone, by default the latest"),
    ]

    static let verbs: [Keyword] = [
        Keyword(name: "apply-rollback-file", help: "Go back to the configuration before a commit"),
        Keyword(name: "get-rollback-file", help: "Show what a rollback file says"),
    ]
    static let references: [Keyword] = [
        Keyword(name: "fixed-number", help: "The number of the rollback file"),
        Keyword(name: "id", help: "Counted back from the latest commit, which is 0"),
    ]
    static let limits: [Keyword] = [
        Keyword(name: "path", help: "Only what lies at and below a path"),
        Keyword(name: "selective", help: "Take back that commit alone"),
    ]

    /// After `rollback`.
    static func kindChoices(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        switch words.count {
        case 1: kinds.choices
        case 2: commits(shell) { $0.element.id }
        default: []
        }
    }

    /// The latest commits, under what `number` makes of each and its place in the list.
    private static func commits(
        _ shell: OperatorShell, _ number: (EnumeratedSequence<ArraySlice<CommitSummary>>.Element) -> Int
    ) -> [Choice] {
        shell.session.commits().prefix(50).enumerated().map { numbered in
            let commit = numbered.element
            let label = commit.label.map { " label \($0)" } ?? ""
            return Choice("\(number(numbered))", "\(commit.date) by \(commit.user) via \(commit.via)\(label)")
        }
    }

    static func choices(_ shell: OperatorShell, _ words: [TypedWord]) -> [Choice] {
        switch words.count {
        case 1: return verbs.choices
        case 2: return references.choices
        case 3: return commits(shell) { words[1].text == "id" ? $0.offset : $0.element.id }
        default:
            if words[words.count - 2].text == "path" { return [Choice("<path>", isValue: true)] }
            return words[0].text.hasPrefix("a")
                ? limits.choices.filter { choice in
                    choice.text == "path" || !words.contains { $0.text == choice.text }
                } : []
        }
    }
}

extension OperatorShell {
    /// `rollback configuration|selective [FIXED-NUMBER]`.
    func rollBack(_ line: Invocation) throws -> CommandResult {
        var words = line.parameters
        guard let kind = words.popFirst() else { throw line.incomplete }
        let isSelective = try Keyword.find(kind, among: RollbackCommand.kinds) == "selective"
        let reference = try words.popFirst().map { word in
            guard let number = Int(word.text) else {
                throw CommandFault.syntax("\"\(word.text)\" is not a valid value.", at: word.column)
            }
            return CommitReference.fixedNumber(number)
        }
        if let extra = words.first { throw CommandFault.syntax("too many parameters", at: extra.column) }
        let commit = try (reference ?? .id(0)).find(in: session.commits())
        try apply(RollbackRequest(commit, isSelective: isSelective))
        return .done
    }

    /// `rollback-files apply-rollback-file|get-rollback-file id|fixed-number NUMBER …`.
    func useRollbackFile(_ line: Invocation) throws -> CommandResult {
        var words = line.parameters
        guard let verb = words.popFirst(), let kind = words.popFirst(), let number = words.popFirst() else {
            throw line.incomplete
        }
        let isApplied = try Keyword.find(verb, among: RollbackCommand.verbs) == "apply-rollback-file"
        let isID = try Keyword.find(kind, among: RollbackCommand.references) == "id"
        guard let value = Int(number.text) else {
            throw CommandFault.syntax("\"\(number.text)\" is not a valid value.", at: number.column)
        }
        let commit = try (isID ? CommitReference.id(value) : .fixedNumber(value)).find(in: session.commits())
        guard isApplied else {
            if let extra = words.first { throw CommandFault.syntax("too many parameters", at: extra.column) }
            try writeInPieces(session.rollbackText(of: commit))
            return .done
        }
        guard let current = configuration else { return .done }
        try apply(try rollback(to: commit, &words, line, current.candidate))
        return .done
    }

    private func apply(_ request: RollbackRequest) throws {
        guard let current = configuration else { return }
        let change = try session.change(of: request.commit)
        guard change.before.model === current.candidate.model else {
            throw CommandFault.error("the models were replaced; revert, and try again")
        }
        configuration?.candidate = try request.applied(to: current.candidate, change)
    }

    private func rollback(
        to commit: CommitSummary, _ words: inout ArraySlice<TypedWord>, _ line: Invocation, _ tree: DataTree
    ) throws -> RollbackRequest {
        var request = RollbackRequest(commit)
        while let word = words.popFirst() {
            guard try Keyword.find(word, among: RollbackCommand.limits) == "path" else {
                request.isSelective = true
                continue
            }
            guard let first = words.popFirst() else { throw line.incomplete }
            var texts = [first]
            if first.text == "[" {
                texts = Array(words.prefix { $0.text != "]" })
                words = words.dropFirst(texts.count + 1)
            }
            for text in texts {
                do throws(PathError) { request.paths.append(try tree.path(text.text)) } catch {
                    throw CommandFault.syntax(error.description, at: text.column)
                }
            }
        }
        return request
    }

    // MARK: Showing

    private static let verbs: [Keyword] = [
        Keyword(name: "changes", help: "What a commit changed"), Keyword(name: "list", help: "The latest commits"),
    ]

    /// `commit list [COUNT]`, `commit changes [ID]`, `rollback changes [ID]`.
    func showCommitted(_ line: Invocation) throws {
        guard !line.isEmpty else { throw line.incomplete }
        let subjects = [Keyword(name: "commit", help: ""), Keyword(name: "rollback", help: "")]
        let isRollback = try Keyword.find(line.name, among: subjects) == "rollback"
        let inner = line.inner
        guard !inner.isEmpty else { throw inner.incomplete }
        let verb = try Keyword.find(inner.name, among: isRollback ? [Self.verbs[0]] : Self.verbs)
        let word = try inner.optionalParameter()
        let number = word.map { Int($0.text) ?? -1 } ?? (verb == "list" ? .max : 0)
        guard number >= 0 else {
            throw CommandFault.syntax("\"\(word?.text ?? "")\" is not a valid value.", at: word?.column ?? 0)
        }
        if verb == "list" { return try list(session.commits().prefix(number)) }
        let commits = session.commits()
        // As the field has it: small numbers count back, others are the files' own.
        let commit = try (number < 10_000 ? CommitReference.id(number) : .fixedNumber(number)).find(in: commits)
        let change = try session.change(of: commit)
        try out.write(
            "!\n! Created by: \(commit.user)\n! Date: \(commit.date)\n! Client: \(commit.via)\n"
                + "! Label: \(commit.label ?? "")\n! Comment: \(commit.comment ?? "")\n!\n")
        let (from, to) = isRollback ? (change.after, change.before) : (change.before, change.after)
        try writeInPieces(grammar(to.model).commands(from: from, to: to, withTags: true).text())
    }

    private func list(_ commits: some Collection<CommitSummary>, withTraces: Bool = false) throws {
        let traces = withTraces && commits.contains { $0.traceID != nil }
        func row(_ cells: [String]) -> String {
            var text = ""
            for (cell, width) in zip(cells, [4, 8, 10, 11, 19, 11, traces ? 32 : 0, 0]) {
                text += cell + String(repeating: " ", count: max(0, width - cell.count)) + " "
            }
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }
        let headings =
            ["SNo.", "ID", "User", "Client", "Time Stamp", "Label"] + (traces ? ["Trace ID"] : []) + ["Comment"]
        try out.line(row(headings))
        try out.line(row(headings.map { String(repeating: "~", count: $0.count) }))
        let all = session.commits()
        for commit in commits {
            let place = all.firstIndex { $0.id == commit.id } ?? 0
            try out.line(
                row(
                    [
                        "\(place)", "\(commit.id)", commit.user, commit.via, commit.date, commit.label ?? "",
                    ] + (traces ? [commit.traceID ?? ""] : []) + [commit.comment ?? ""]))
        }
    }

    /// The commits that changed something at or below a path.
    func showHistory(of line: Invocation) throws {
        let tree = configuration?.candidate ?? session.running
        let words = line.parameters
        var paths: [InstancePath] = []
        do {
            paths = try grammar(tree.model).resolvePaths(words.map(\.text), tree: tree)
            // What is gone, or was never there, may have a history all the same.
            if paths.isEmpty { paths = [try tree.path("/" + words.map(\.text).joined(separator: "/"))] }
        } catch {
            guard let path = try? tree.path(words.map(\.text).joined(separator: " ")) else {
                throw CommandFault.syntax("unknown path", at: words.first?.column ?? 0)
            }
            paths = [path]
        }
        let commits = try session.commits(changing: paths)
        guard !commits.isEmpty else { return try out.line("% No entries found.") }
        try list(commits, withTraces: true)
    }

    /// `running-config [at NUMBER|TIME] [PATH]`: with `at`, as it was after that commit, or at that time.
    func showRunning(_ line: Invocation) throws {
        guard let at = line.parameters.first, at.text == "at", !at.isQuoted else {
            return try showConfiguration(session.running, line)
        }
        guard let word = line.parameters.dropFirst().first else { throw line.incomplete }
        let commits = session.commits()
        let commit: CommitSummary
        if let number = Int(word.text), number >= 10_000 {
            commit = try CommitReference.fixedNumber(number).find(in: commits)
        } else {
            let time = word.text.replacing("T", with: " ")
            guard time.count >= 10, time.prefix(4).allSatisfy(\.isNumber), time.contains("-") else {
                throw CommandFault.syntax(
                    "expected the number of a commit, or a local time such as 2026-11-21T17:30:00", at: word.column)
            }
            guard let latest = commits.first(where: { $0.date <= time }) else {
                throw CommandFault.error("nothing was committed before \(time)")
            }
            commit = latest
        }
        try showConfiguration(session.change(of: commit).after, Invocation(line.line, position: line.position + 2))
    }
}
