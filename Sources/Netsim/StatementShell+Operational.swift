import Basics
import CLIGrammar
import ConfigTree
import Foundation
import YANG

extension StatementShell {
    /// Commands of operational mode, which do not come from the model.
    static let operationalCommands: [(words: String, info: String)] = [
        ("configure", "Manipulate software configuration information"),
        ("configure exclusive", "Nobody else can change the candidate meanwhile"),
        ("configure private", "Work on a copy of the candidate"),
        ("exit", "Exit the management session"),
        ("quit", "Exit the management session"),
        ("request system reboot", "Restart the system"),
        ("set cli complete-on-space", "Complete words at a space"),
        ("set cli idle-timeout", "Minutes of silence after which the session ends"),
        ("set cli screen-length", "Lines of a screen; 0 for no paging"),
        ("set cli screen-width", "Characters of a line"),
        ("set cli timestamp", "Show the time of each command"),
        ("show configuration", "Show the current configuration"),
        ("show system commit", "Show commits that wait to be confirmed, and earlier ones"),
        ("show system uptime", "Show how long the system has been running"),
        ("show version", "Show the software version"),
    ]

    mutating func operate(_ command: String) -> Answer {
        let typed = command.prefix { $0 != "|" }.split(separator: " ")
        guard !typed.isEmpty else { return Answer() }
        let pipes = command.split(separator: "|", omittingEmptySubsequences: false).dropFirst().map {
            $0.withoutOuterBlanks
        }
        switch Self.match(typed) {
        case .failure(let mismatch):
            if typed.count > 1, typed[0].count > 1, "show".hasPrefix(typed[0]),
                case .success(let text) = StateText(tree: device.operational).text(Array(typed.dropFirst()))
            {
                return pipes.isEmpty ? Answer(text: text) : filtered(text, pipes)
            }
            let column = command.distance(from: command.startIndex, to: typed[mismatch.index].startIndex)
            return refusal(CLIFault(column: column, message: mismatch.message), command)
        case .success(let (words, rest)):
            var answer = carryOut(words, rest, pipes)
            if !pipes.isEmpty, !answer.isRefused, words != "show configuration" {
                answer = filtered(answer.text, pipes)
            }
            return answer
        }
    }

    struct Mismatch: Error {
        var index: Int
        var message: String
    }

    /// The command that words mean, abbreviated or not, and what follows it.
    static func match(_ typed: [Substring]) -> Result<(String, [Substring]), Mismatch> {
        var candidates = operationalCommands.map { $0.words.split(separator: " ") }
        for (index, word) in typed.enumerated() {
            let longer = candidates.filter { $0.count > index }
            let exact = longer.filter { $0[index] == word }
            let fitting = exact.isEmpty ? longer.filter { $0[index].hasPrefix(word) } : exact
            if fitting.isEmpty {
                if let whole = candidates.first(where: { $0.count == index }) {
                    return .success((whole.joined(separator: " "), Array(typed[index...])))
                }
                let message = index == 0 ? "unknown command" : "unknown argument: \(word)"
                return .failure(Mismatch(index: index, message: message))
            }
            guard Set(fitting.map { $0[index] }).count == 1 else {
                return .failure(Mismatch(index: index, message: "ambiguous: \(word)"))
            }
            candidates = fitting
        }
        if let whole = candidates.first(where: { $0.count == typed.count }) {
            return .success((whole.joined(separator: " "), []))
        }
        return .failure(Mismatch(index: typed.count - 1, message: "incomplete command"))
    }

    private mutating func carryOut(_ command: String, _ rest: [Substring], _ pipes: [String]) -> Answer {
        if case .configuration = mode, command.hasPrefix("configure") { return refusal("error: you are there already") }
        switch command {
        case "configure": return enter(rest)
        case "configure exclusive", "configure private": return enter([command.split(separator: " ")[1]])
        case "exit", "quit": return Answer(ending: .closes)
        case "request system reboot": return askForReboot()
        case "show configuration": return showConfiguration(rest.joined(separator: " "), pipes)
        case "show system commit": return showCommits()
        case "show system uptime": return Answer(text: "Current time: \(Self.time(device.clock.now()))\n")
        case "show version": return Answer(text: versionText)
        default: return setTerminal(command, rest)
        }
    }

    private mutating func setTerminal(_ command: String, _ rest: [Substring]) -> Answer {
        guard let word = rest.first else { return refusal("missing argument.") }
        guard command.hasPrefix("set cli screen-") else { return Answer() }
        guard let number = Int(word), (0...10_000).contains(number) else { return refusal("invalid value: '\(word)'") }
        if command == "set cli screen-width" { return Answer(text: "Screen width set to \(number)\n") }
        pageLength = number
        return Answer(text: "Screen length set to \(number)\n")
    }

    private func showConfiguration(_ words: String, _ pipes: [String]) -> Answer {
        let running = device.running
        do throws(CLIFault) {
            let path = try grammar.statementPath(words, mode: .top, tree: running)
            var text = shown(running, path, pipes)
            if path.steps.isEmpty {
                let isSet = pipes.contains { $0.hasPrefix("display") }
                let version = isSet ? "set version 1.0\n" : "version 1.0;\n"
                let head = isSet ? "" : "## Last commit: \(Self.time(device.clock.now())) by \(user)\n"
                text = head + version + text
            }
            return filtered(text, pipes)
        } catch {
            var fault = error
            fault.column += "show configuration ".count
            return refusal(fault, "show configuration \(words)")
        }
    }

    private func showCommits() -> Answer {
        var text = device.candidate.isUnconfirmed ? "commit requires confirmation\n" : ""
        for number in 0...CandidateStore.historyLimit {
            guard device.candidate.earlier(number, running: device.running) != nil else { break }
            text += "\(number)   by \(user) via cli\n"
        }
        return Answer(text: text)
    }

    private var versionText: String {
        let package = device.model.package
        return """
            Hostname: \(hostname)
            Model: OpenNED simulated router, package \(package.name)
            No code of any vendor runs here: configuration and commands come from the package's data model.
            Data model: \(device.model.data.schema.nodeCount) nodes, \(package.nedID ?? package.name)

            """
    }

    /// `2026-11-21 14:00:00 UTC`.
    private static func time(_ microseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(microseconds / 1_000_000))
        return date.formatted(.iso8601.dateSeparator(.dash).timeSeparator(.colon)).replacing("T", with: " ")
            .replacing("Z", with: " UTC")
    }

    // MARK: Help

    func help(_ text: String) -> (listing: String, insertion: String) {
        var words = text.split(separator: " ").map(String.init)
        if text.isEmpty || text.last == " " { words.append("") }
        let candidates = candidates(words, text)
        guard !candidates.isEmpty else { return ("No valid completions\n", "") }
        let width = min(30, candidates.map(\.word.count).max() ?? 0)
        let listing =
            "Possible completions:\n"
            + candidates.map { candidate in
                "  " + candidate.word + String(repeating: " ", count: max(0, width - candidate.word.count)) + "  "
                    + candidate.info + "\n"
            }.joined()
        let typed = words.last ?? ""
        let fitting = candidates.filter { !$0.isValue && $0.word.hasPrefix(typed) }
        guard fitting.count == 1 else { return (listing, "") }
        return (listing, fitting[0].word.dropFirst(typed.count) + " ")
    }

    private func candidates(_ words: [String], _ text: String) -> [(word: String, info: String, isValue: Bool)] {
        if case .configuration(let mode, _) = mode, words.first != "run" {
            if words.count == 1 {
                return Self.configurationCommands.filter { $0.hasPrefix(words[0]) }.map { ($0, "", false) }
            }
            let rest = text.drop { $0 == " " }.drop { $0 != " " }.dropFirst()
            return grammar.completions(String(rest), mode: mode, tree: candidate)
                .filter { $0.text != "no" }.map { ($0.text, $0.info, $0.isValue) }
        }
        let typed = words.first == "run" ? Array(words.dropFirst()) : words
        var found: [(word: String, info: String, isValue: Bool)] = []
        for command in Self.operationalCommands {
            let parts = command.words.split(separator: " ").map(String.init)
            guard parts.count >= typed.count, let last = typed.last,
                zip(parts, typed.dropLast()).allSatisfy({ $0.hasPrefix($1) })
            else { continue }
            let word = parts[typed.count - 1]
            guard word.hasPrefix(last), !found.contains(where: { $0.word == word }) else { continue }
            found.append((word, parts.count == typed.count ? command.info : "", false))
        }
        return found
    }
}
