package import Basics
package import CLIGrammar
package import YANG

/// How the driver of a CLI device talks to it: the content of a package's `driver/driver.yaml`.
///
/// Patterns are those of YANG (W3C schema regular expressions, matched in linear time against a whole line).
package struct DriverDescription: Sendable {
    package struct Exchange: Sendable {
        package var expect: PatternMatcher
        /// What to answer. `$user`, `$password` and `$secondary-password` stand for the credentials. One character is
        /// sent as it is, a longer text with the return key; nothing is the return key alone.
        package var send: String
    }

    /// How a device takes a change (NSO's developing-neds guide, phases by device class).
    package enum TransactionClass: String, Sendable {
        /// Each command takes effect at once; rollback is by reverse commands.
        case direct
        /// Commands go to a candidate; `commit` makes them real, `discard` drops them.
        case candidate
        /// As `candidate`, and what is committed is taken back by the device unless it is confirmed in time: `commit`
        /// makes it real for that time, `persist` confirms.
        case confirmed
    }

    /// What stands for a device's configuration: its transaction id.
    package enum Identity: Hashable, Sendable {
        /// The digest of all lines that it shows, volatile ones left out.
        case configuration
        /// The digest of what of them the model knows.
        case model
        /// The digest of what a command says, volatile lines left out: a counter, the time of the last change.
        case command(String)
    }

    /// What the device is doing while it is waited for.
    package enum Step: String, Sendable, CaseIterable { case login, show, command, commit, save }

    /// A device that shows a line has modules in certain revisions.
    package struct Announcement: Sendable {
        package var expect: PatternMatcher
        package var modules: [AnnouncedModule]
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
    /// Has the device judge its candidate before anything is committed anywhere.
    package var checkCommand: String?
    /// Of a device of class `confirmed`.
    package var commitConfirmedCommand: String?
    package var discardCommand: String?
    package var saveCommand: String?
    package var exitCommand: String
    /// Lines of output that mean that a command was refused, and such that are only a warning.
    package var refusals: [PatternMatcher]
    package var warnings: [PatternMatcher]
    /// Lines of output that mean nothing at all, though a refusal's pattern may fit them.
    package var noise: [PatternMatcher]
    /// Lines that the device writes on its own, anywhere: log messages. Neither an answer nor a refusal; without the
    /// key `messages`, lines such as `*Mar  1 00:01:02.345: %SYS-5-CONFIG_I: Configured from console`.
    package var messages: PatternList
    /// Lines of the configuration that change by themselves and take no part in the transaction id.
    package var volatileLines: PatternList
    /// The last line of every whole configuration that the device shows, if it has such a line: an answer without it was
    /// cut off.
    package var ending: PatternMatcher?
    /// The last line that shows a configuration to be whole, where it is there: `ending`, or what devices of the dialect
    /// write.
    package var usualEnding: PatternMatcher?
    /// What the output of `versionCommand` tells of the device's modules: the first that fits a line counts. Without any,
    /// a device counts as having the newest revisions.
    package var announcements: [Announcement]
    package var versionCommand: String
    /// The program, below the package, that transforms the configuration that the device shows: see `TextHook`.
    package var receivedHook: String?
    /// The one that transforms the commands that are sent.
    package var sentHook: String?
    package var identity: Identity
    /// How long the device may be silent at a step, if that is longer than the read time-out of its settings.
    package var timeouts: [Step: Duration]
    package var name: String?

    /// Reads `driver.yaml`. Every fault of the file is in the error, with the key it is about.
    package init(yaml bytes: [UInt8], file: String) throws(DiagnosticsError) {
        let reader = try DescriptionReader(bytes, file: file)
        dialect = reader.choice("dialect", of: ["ios", "xr", "nx", "c", "junos"]) ?? "ios"
        let kind = reader.choice("transaction", of: ["direct", "candidate", "confirmed"])
        transactionClass = kind.flatMap(TransactionClass.init) ?? .direct
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
        checkCommand = reader.text("commands.check")
        commitConfirmedCommand = reader.text("commands.commit-confirmed")
        discardCommand = reader.text("commands.discard")
        saveCommand = reader.text("commands.save")
        exitCommand = reader.text("commands.exit") ?? "exit"
        refusals = reader.patterns("errors.refusal") ?? []
        warnings = reader.patterns("errors.warning") ?? []
        messages = PatternList(reader.patterns("messages") ?? [Self.systemMessage])
        volatileLines = PatternList(reader.patterns("volatile") ?? [])
        ending = reader.pattern("ending", isRequired: false)
        usualEnding = ending ?? (dialect == "ios" ? Self.end : nil)
        announcements = reader.announcements("revisions")
        versionCommand = reader.text("commands.version") ?? "show version"
        receivedHook = reader.text("hooks.received")
        sentHook = reader.text("hooks.sent")
        noise = reader.patterns("errors.noise") ?? []
        timeouts = reader.timeouts()
        identity = reader.identity()
        name = reader.text("name")
        judge(reader)
        try reader.finish()
    }
}

extension DriverDescription {
    /// What cannot be meant, though each key is right by itself.
    private func judge(_ reader: DescriptionReader) {
        if transactionClass != .direct, commitCommand == nil {
            reader.fault("a candidate device needs commands.commit", key: "commands")
        }
        if transactionClass == .confirmed, commitConfirmedCommand == nil {
            reader.fault("a device that confirms needs commands.commit-confirmed", key: "commands")
        }
        let prompts = [
            ("operational", operationalPrompt), ("unprivileged", unprivilegedPrompt),
            ("configuration", configurationPrompt),
        ]
        for (name, pattern) in prompts where pattern?.matches("") == true {
            reader.fault("prompts.\(name): the pattern fits an empty line", key: "prompts.\(name)")
        }
        for (key, exchanges) in [("login", login), ("paging", paging), ("confirmations", confirmations)] {
            for exchange in exchanges where exchange.expect.matches("") {
                reader.fault("\(key): a pattern fits an empty line, which is no question", key: key)
            }
        }
        if unprivilegedPrompt != nil, enableCommand == nil {
            reader.fault("a device with prompts.unprivileged needs enable, the command that leads on", key: "prompts")
        }
    }
}

extension PatternMatcher {
    /// Matches no line: stands in where a faulty description is reported anyway.
    static let never: PatternMatcher = {
        guard let matcher = try? PatternMatcher("\u{0}") else { preconditionFailure("a pattern of one character") }
        return matcher
    }()
}

extension DriverDescription {
    private static let end: PatternMatcher = {
        guard let matcher = try? PatternMatcher("end") else { preconditionFailure("a pattern of three letters") }
        return matcher
    }()

    /// A log message as IOS, IOS XR and their likes write it: perhaps a number, a card and a time, then
    /// `%FACILITY-SEVERITY-MNEMONIC: text`.
    private static let systemMessage: PatternMatcher = {
        let number = #"([0-9]{1,10}: )?"#
        let card = #"([A-Za-z0-9/]{1,32}:)?"#
        let time = #"([*.]?([0-9]{4} )?[A-Z][a-z]{2} +[0-9]{1,2} ([0-9]{4} )?[0-9:.]+( [A-Z]{1,5})? ?: )?"#
        let process = #"([a-z_]{1,32}\[[0-9]{1,10}\]: )?"#
        let source = number + card + time + process + #"%[A-Z][A-Z0-9_]*(-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+ ?: .*"#
        guard let matcher = try? PatternMatcher(source) else { preconditionFailure("a pattern that is tested") }
        return matcher
    }()
}

extension DriverDescription {
    package var hasCandidate: Bool { transactionClass != .direct }

    /// Seconds after which the device takes back what is not confirmed: the command gives minutes. 0 if it never does.
    var confirmTimeout: Int {
        guard transactionClass == .confirmed, let command = commitConfirmedCommand else { return 0 }
        return 60 * (command.split(separator: " ").last.flatMap { Int($0) } ?? 10)
    }

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
    package var grammarDialect: CLIDialect { Self.grammarDialect(dialect) }

    /// The grammar of a dialect as `dialect` names it; IOS for another name.
    package static func grammarDialect(_ name: String) -> CLIDialect {
        switch name {
        case "xr": .xr
        case "nx": .nx
        case "c": .c
        case "junos": .j
        default: .i
        }
    }
}
