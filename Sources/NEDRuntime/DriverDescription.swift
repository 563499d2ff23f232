package import Basics
package import CLIGrammar
import Foundation
package import YANG
import Yams

/// How the driver of a CLI device talks to it: the content of a package's `driver/driver.yaml`.
///
/// Patterns are those of YANG (W3C schema regular expressions, matched in linear time against a whole line).
package struct DriverDescription: Sendable {
    package struct Exchange: Sendable {
        package var expect: PatternMatcher
        /// What to answer. `$user`, `$password` and `$secondary-password` stand for the credentials.
        package var send: String
    }

    /// How a device takes a change (NSO's developing-neds guide, phases by device class).
    package enum TransactionClass: String, Sendable {
        /// Each command takes effect at once; rollback is by reverse commands.
        case direct
        /// Commands go to a candidate; `commit` makes them real, `discard` drops them.
        case candidate
    }

    package var dialect: String
    package var transactionClass: TransactionClass
    /// A line that is a prompt in operational mode, privileged; one that is not privileged yet; one in config mode.
    package var operationalPrompt: PatternMatcher
    package var unprivilegedPrompt: PatternMatcher?
    package var configurationPrompt: PatternMatcher
    package var login: [Exchange]
    package var enableCommand: String?
    package var paging: [Exchange]
    package var confirmations: [Exchange]
    package var setupCommands: [String]
    package var showCommand: String
    package var enterCommand: String
    package var leaveCommand: String
    package var commitCommand: String?
    package var discardCommand: String?
    package var saveCommand: String?
    package var exitCommand: String
    /// Lines of output that mean that a command was refused, and such that are only a warning.
    package var refusals: [PatternMatcher]
    package var warnings: [PatternMatcher]
    /// Lines of the configuration that change by themselves and take no part in the transaction id.
    package var volatileLines: [PatternMatcher]
    package var name: String?

    /// Reads `driver.yaml`. Every fault of the file is in the error, with the key it is about.
    package init(yaml bytes: [UInt8], file: String) throws(DiagnosticsError) {
        let reader = try DescriptionReader(bytes, file: file)
        dialect = reader.text("dialect") ?? "ios"
        let kind = reader.text("transaction") ?? "direct"
        if TransactionClass(rawValue: kind) == nil {
            reader.fault("transaction: \(kind) is neither direct nor candidate", key: "transaction")
        }
        transactionClass = TransactionClass(rawValue: kind) ?? .direct
        let never = PatternMatcher.never
        operationalPrompt = reader.pattern("prompts.operational") ?? never
        unprivilegedPrompt = reader.pattern("prompts.unprivileged", isRequired: false)
        configurationPrompt = reader.pattern("prompts.configuration") ?? never
        login = reader.exchanges("login")
        enableCommand = reader.text("enable")
        paging = reader.exchanges("paging")
        confirmations = reader.exchanges("confirmations")
        setupCommands = reader.list("setup")
        showCommand = reader.text("commands.show") ?? "show running-config"
        enterCommand = reader.text("commands.enter") ?? "configure terminal"
        leaveCommand = reader.text("commands.leave") ?? "end"
        commitCommand = reader.text("commands.commit")
        discardCommand = reader.text("commands.discard")
        saveCommand = reader.text("commands.save")
        exitCommand = reader.text("commands.exit") ?? "exit"
        refusals = reader.patterns("errors.refusal")
        warnings = reader.patterns("errors.warning")
        volatileLines = reader.patterns("volatile")
        name = reader.text("name")
        if transactionClass == .candidate, commitCommand == nil {
            reader.fault("a candidate device needs commands.commit", key: "commands")
        }
        try reader.finish()
    }
}

extension PatternMatcher {
    /// Matches no line: stands in where a faulty description is reported anyway.
    static let never: PatternMatcher = {
        guard let matcher = try? PatternMatcher("\u{0}") else { preconditionFailure("a pattern of one character") }
        return matcher
    }()
}

/// Looks keys up in a YAML mapping and collects what is wrong with it.
private final class DescriptionReader {
    private let file: String
    private let root: Node.Mapping
    private var faults: [Diagnostic] = []

    private static let known: Set<String> = [
        "dialect", "transaction", "prompts", "login", "enable", "paging", "confirmations", "setup", "commands",
        "errors", "volatile", "name", "description", "timeouts",
    ]

    init(_ bytes: [UInt8], file: String) throws(DiagnosticsError) {
        self.file = file
        let node: Node?
        do {
            node = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw DiagnosticsError(
                .error("no valid YAML: \(error)", remedy: "mend the file", place: SourcePlace(file: file)))
        }
        guard let mapping = node?.mapping else {
            throw DiagnosticsError(
                .error("a mapping of keys was expected", place: SourcePlace(file: file, line: 1)))
        }
        root = mapping
        for (key, _) in mapping where !Self.known.contains(key.string ?? "") {
            let names = Self.known.sorted().joined(separator: ", ")
            let line = key.mark?.line ?? 0
            faults.append(
                .error(
                    "unknown key \(key.string ?? "")", remedy: "known are \(names)",
                    place: SourcePlace(file: file, line: line)))
        }
    }

    func fault(_ summary: String, key: String) {
        let line = root[key.split(separator: ".").first.map(String.init) ?? key]?.mark?.line ?? 0
        faults.append(.error(summary, place: SourcePlace(file: file, line: line)))
    }

    func finish() throws(DiagnosticsError) {
        if !faults.isEmpty { throw DiagnosticsError(faults) }
    }

    private func node(_ path: String) -> Node? {
        var mapping: Node.Mapping? = root
        var found: Node?
        for part in path.split(separator: ".") {
            found = mapping?[Node(String(part))]
            mapping = found?.mapping
        }
        return found
    }

    func text(_ path: String) -> String? {
        guard let found = node(path) else { return nil }
        if found.mapping == nil, let text = found.string { return text }
        fault("\(path): a text was expected", key: path)
        return nil
    }

    func list(_ path: String) -> [String] {
        guard let found = node(path) else { return [] }
        if let text = found.string { return [text] }
        guard let sequence = found.sequence else {
            fault("\(path): a list was expected", key: path)
            return []
        }
        return sequence.compactMap { item in
            if item.string == nil { fault("\(path): a list of texts was expected", key: path) }
            return item.string
        }
    }

    func pattern(_ path: String, isRequired: Bool = true) -> PatternMatcher? {
        guard let source = text(path) else {
            if isRequired { fault("\(path) is missing", key: path) }
            return nil
        }
        return compile(source, path)
    }

    func patterns(_ path: String) -> [PatternMatcher] { list(path).compactMap { compile($0, path) } }

    private func compile(_ source: String, _ path: String) -> PatternMatcher? {
        do {
            return try PatternMatcher(source)
        } catch {
            fault("\(path): \(source) is no pattern: \(error)", key: path)
            return nil
        }
    }

    func exchanges(_ path: String) -> [DriverDescription.Exchange] {
        guard let found = node(path) else { return [] }
        guard let sequence = found.sequence else {
            fault("\(path): a list of expect and send was expected", key: path)
            return []
        }
        return sequence.compactMap { item in
            guard let expect = item.mapping?["expect"]?.string, let send = item.mapping?["send"]?.string else {
                fault("\(path): each item needs expect and send", key: path)
                return nil
            }
            return compile(expect, path).map { DriverDescription.Exchange(expect: $0, send: send) }
        }
    }
}

extension DriverDescription {
    /// The description of an IOS-like device without peculiarities: for packages that bring none of their own.
    package static func standard() throws(DiagnosticsError) -> DriverDescription {
        try DriverDescription(yaml: Array(standardText.utf8), file: "the standard driver description")
    }

    private static let standardText = #"""
        dialect: ios
        prompts:
          operational: '[A-Za-z0-9_.\-]+# ?'
          unprivileged: '[A-Za-z0-9_.\-]+> ?'
          configuration: '[A-Za-z0-9_.\-]+\(config[^)]*\)# ?'
        enable: enable
        login:
          - { expect: '.*[Uu]ser ?[Nn]ame: ?', send: $user }
          - { expect: '.*[Pp]assword: ?', send: $password }
        paging:
          - { expect: ' ?--More-- ?', send: ' ' }
        confirmations:
          - { expect: '.*\[confirm\] ?', send: '' }
          - { expect: '.*\[yes/no\]:? ?', send: 'yes' }
        setup: [ 'terminal length 0', 'terminal width 0' ]
        commands: { show: show running-config, enter: configure terminal, leave: end, save: write memory, exit: exit }
        errors:
          refusal: [ '% .*', '%[A-Z].*', 'Error:.*', 'syntax error.*' ]
        volatile: [ 'Building configuration.*', 'Current configuration.*', '! Last configuration change.*' ]
        """#

    /// The grammar that goes with `dialect`.
    package var grammarDialect: CLIDialect {
        switch dialect {
        case "xr": .xr
        case "nx": .nx
        case "c": .c
        default: .i
        }
    }
}
