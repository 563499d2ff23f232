import Basics
import CLIGrammar
import ConfigTree
import Foundation
import YANG

extension StatementShell {
    /// Commands of configuration mode that are not about words of the model.
    static let configurationCommands = [
        "activate", "commit", "deactivate", "delete", "edit", "exit", "help", "insert", "quit", "rollback", "run",
        "set",
        "show", "status", "top", "up",
    ]

    mutating func configure(_ command: String, _ mode: CLIMode) -> Answer {
        let first = command.prefix { $0 != " " }
        let rest = command.dropFirst(first.count).drop { $0 == " " }
        let fitting = Self.configurationCommands.filter { $0.hasPrefix(first) }
        let exact = fitting.first { $0 == first } ?? (fitting.count == 1 ? fitting[0] : nil)
        guard let verb = exact else {
            let reason = fitting.isEmpty ? "unknown command" : "ambiguous: \(first)"
            return refusal(CLIFault(column: 0, message: reason), command)
        }
        switch verb {
        case "show": return show(String(rest), mode)
        case "commit": return commit(rest.split(separator: " ").map(String.init), command)
        case "rollback": return rollBack(String(rest), command)
        case "run": return operate(String(rest))
        case "quit": return leave()
        case "exit" where rest == "configuration-mode": return leave()
        case "exit" where mode.paths[0].steps.isEmpty: return leave()
        case "help": return Answer(text: "type ? for what can stand there\n")
        case "status":
            return Answer(text: "Users currently editing the configuration:\n  \(user) terminal (\(client))\n")
        case "set" where !device.rewriter.isEmpty: return set(String(rest), command, mode)
        default: return edit(verb + (rest.isEmpty ? "" : " \(rest)"), command, mode)
        }
    }

    /// What the device makes of a statement, and what it adds.
    private mutating func set(_ statement: String, _ command: String, _ mode: CLIMode) -> Answer {
        let outcome = device.rewriter.outcome(of: statement)
        guard let kept = outcome.command else { return Answer() }
        // A fault is marked in what was typed.
        var answer = edit("set \(kept)", kept == statement ? command : "set \(kept)", mode)
        guard !answer.isRefused else { return answer }
        for line in outcome.added {
            let added = edit("set \(line)", "set \(line)", mode)
            if added.isRefused { answer = added }
        }
        return answer
    }

    /// Commands that the model's words make.
    private mutating func edit(_ command: String, _ typed: String, _ mode: CLIMode) -> Answer {
        let before = candidate
        switch grammar.parseLine(command, mode: mode, tree: before) {
        case .edits(let edits, let next):
            setMode(next)
            guard !edits.isEmpty else {
                return command.hasPrefix("delete") ? Answer(text: "warning: statement not found\n") : Answer()
            }
            var tree = before
            do throws(PathError) {
                for edit in edits { try tree.apply(edit.edit, at: edit.path) }
            } catch {
                return refusal("error: \(error.description)")
            }
            do throws(SimulatedDevice.Refusal) {
                try change(to: tree)
                return Answer()
            } catch {
                return refusal("error: \(error.description)")
            }
        case .mode(let next):
            guard let next else { return leave() }
            setMode(next)
            return Answer()
        case .action: return refusal(CLIFault(column: 0, message: "unknown command"), typed)
        case .fault(let fault):
            var fault = fault
            fault.column += max(0, typed.utf8.count - command.utf8.count)
            return refusal(fault, typed)
        }
    }

    private mutating func setMode(_ next: CLIMode) {
        if case .configuration(_, let sharing) = mode { mode = .configuration(next, sharing) }
    }

    // MARK: Showing

    /// `show [PATH] [| display set] [| compare [rollback N]]` and filters.
    private func show(_ text: String, _ mode: CLIMode) -> Answer {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map {
            $0.withoutOuterBlanks
        }
        let tree = candidate
        do throws(CLIFault) {
            let path = try grammar.statementPath(parts[0], mode: mode, tree: tree)
            let pipes = Array(parts.dropFirst())
            if let pipe = pipes.first, pipe.hasPrefix("compare") {
                let number = pipe.split(separator: " ").last.flatMap { Int($0) } ?? 0
                guard let other = device.candidate.earlier(number, running: device.running) else {
                    return refusal("error: rollback \(number) does not exist")
                }
                let shown = grammar.statementComparison(from: other, to: tree, at: path)
                return filtered(shown, Array(pipes.dropFirst()))
            }
            return filtered(shown(tree, path, pipes), pipes)
        } catch {
            var fault = error
            fault.column += "show ".count
            return refusal(fault, "show \(text)")
        }
    }

    /// The part of a tree that a path selects, with braces or as commands.
    func shown(_ tree: DataTree, _ path: InstancePath, _ pipes: [String]) -> String {
        let isSet = pipes.contains { $0.split(separator: " ").map(String.init) == ["display", "set"] }
        return isSet ? grammar.setCommands(tree, at: path) : grammar.statements(of: tree, at: path)
    }

    /// The output behind `| match` and the like.
    func filtered(_ text: String, _ pipes: [String]) -> Answer {
        var text = text
        for pipe in pipes {
            let words = pipe.split(separator: " ", maxSplits: 1).map(String.init)
            switch words.first {
            case "display", "no-more", "compare": continue
            case "match", "except", "find", "count":
                let name = ["match": "include", "except": "exclude", "find": "begin", "count": "count"]
                let filter = name[words[0]].flatMap { OutputFilter("\($0) \(words.dropFirst().joined())"[...]) }
                guard let filter else { return refusal("syntax error, expecting <pattern>.") }
                text = filter.apply(text)
            case "last":
                let count = words.dropFirst().first.flatMap { Int($0) } ?? 10
                text = text.split(separator: "\n").suffix(count).map { $0 + "\n" }.joined()
            default: return refusal("syntax error.")
            }
        }
        return Answer(text: text)
    }

    // MARK: Commit and rollback

    private mutating func rollBack(_ text: String, _ command: String) -> Answer {
        guard let number = text.isEmpty ? 0 : Int(text), (0...CandidateStore.historyLimit).contains(number) else {
            return refusal(CLIFault(column: "rollback ".count, message: "unknown argument: \(text)"), command)
        }
        guard let tree = device.candidate.earlier(number, running: device.running) else {
            return refusal("error: rollback \(number) does not exist")
        }
        do throws(SimulatedDevice.Refusal) {
            try change(to: tree)
            return Answer(text: "load complete\n")
        } catch {
            return refusal("error: \(error.description)")
        }
    }

    /// `commit [check | confirmed [MINUTES]] [and-quit] [comment TEXT]`.
    private mutating func commit(_ words: [String], _ command: String) -> Answer {
        var minutes: Int?
        var (isCheck, quits) = (false, false)
        var index = 0
        while index < words.count {
            switch words[index] {
            case "check": isCheck = true
            case "confirmed":
                minutes = 10
                if index + 1 < words.count, let number = Int(words[index + 1]) {
                    guard (1...65_535).contains(number) else { return refusal("invalid value: '\(number)'") }
                    minutes = number
                    index += 1
                }
            case "and-quit": quits = true
            case "synchronize": break
            case "comment": index = words.count
            case let word:
                let place = command.range(of: word)?.lowerBound ?? command.startIndex
                let column = command.distance(from: command.startIndex, to: place)
                return refusal(CLIFault(column: column, message: "unknown argument: \(word)"), command)
            }
            index += 1
        }
        do throws(SimulatedDevice.Refusal) { try requireCommittable() } catch {
            return refusal("error: \(error.description)")
        }
        let running = device.running
        let wanted: DataTree
        switch checked(over: running) {
        case .success(let tree): wanted = tree
        case .failure(let fault):
            return refusal(fault.description + "\nerror: configuration check-out failed")
        }
        if isCheck {
            device.candidate.confirm()
            device.candidate.announceCommit()
            return Answer(text: "configuration check succeeds\n")
        }
        do throws(NetsimError) { try device.replace(with: wanted) } catch {
            return refusal("error: \(error.description)")
        }
        device.candidate.committed(running, isShared: ownCandidate == nil, minutes: minutes, on: device)
        device.candidate.announceCommit()
        if ownCandidate != nil { ownCandidate = (wanted, wanted) }
        var text = ""
        if let minutes {
            text = "commit confirmed will be automatically rolled back in \(minutes) minutes unless confirmed\n"
        }
        if quits { end() }
        return Answer(text: text + "commit complete\n" + (quits ? "Exiting configuration mode\n" : ""))
    }

    /// The candidate as it would run, or what is wrong with it.
    private func checked(over running: DataTree) -> Result<DataTree, SimulatedDevice.Refusal> {
        var tree = candidate
        do throws(PathError) {
            // Of a copy only what the session did counts.
            if let own = ownCandidate { tree = try running.applying(ChangeSet(own.base.diff(to: own.tree))) }
            tree = try device.model.validator.pruned(tree, changedFrom: running).tree
        } catch {
            return .failure(SimulatedDevice.Refusal(description: "error: \(error.description)"))
        }
        let known = Set(device.model.validator.violations(in: running).map(\.summary))
        let found = device.model.validator.violations(in: tree, changedFrom: running).filter {
            $0.severity == .error && !known.contains($0.summary)
        }
        guard !found.isEmpty else { return .success(tree) }
        let lines = found.prefix(10).map { fault in
            let path = fault.path.flatMap { try? tree.path($0) }.map { grammar.statementWords($0.parent) } ?? ""
            return "[edit\(path.isEmpty ? "" : " ")\(path)]\n  error: \(fault.summary)"
        }
        return .failure(SimulatedDevice.Refusal(description: lines.joined(separator: "\n")))
    }
}
