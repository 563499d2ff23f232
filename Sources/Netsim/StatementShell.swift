import Basics
import CLIGrammar
import ConfigTree
import Foundation
import YANG

/// The command line of a device with statements and a candidate, as Junos has it, without a terminal.
///
/// Operational mode ends its prompt in `>`, configuration mode in `#` below a line `[edit ...]`. Commands of the
/// configuration change the candidate; only `commit` checks it and makes it run.
struct StatementShell: CommandShell {
    typealias Answer = DeviceShell.Answer

    /// How a session has the candidate.
    enum Sharing: Hashable {
        case shared, exclusive
        /// A copy of its own, laid over what runs by `commit`.
        case own
    }

    enum Mode {
        case operational
        case configuration(CLIMode, Sharing)
    }

    let device: SimulatedDevice
    let client: String
    let user: String
    let isInteractive: Bool
    var mode = Mode.operational
    var pageLength = 0
    var pagePrompt: String { "---(more)---" }
    /// The candidate of a session that has its own, and what was running when it was made.
    var ownCandidate: (tree: DataTree, base: DataTree)?
    /// What the device does by itself: nobody's lock and nobody's candidate keep it from that.
    private(set) var isDevice = false
    private var question: Question?
    private let session: Int

    private enum Question: String {
        case uncommitted = "Exit with uncommitted changes? [yes,no] (yes) "
        case discarded = "Discard uncommitted changes? [yes,no] (yes) "
        case reboot = "Reboot the system ? [yes,no] (no) "
    }

    init(device: SimulatedDevice, client: String, user: String, isInteractive: Bool) {
        self.device = device
        self.client = client
        self.user = user
        self.isInteractive = isInteractive
        session = device.candidate.newSession()
    }

    var grammar: CLIGrammar { device.model.grammar }
    var awaitsKey: Bool { false }

    var prompt: String {
        if let question { return question.rawValue }
        if case .configuration = mode { return "\(user)@\(hostname)# " }
        return "\(user)@\(hostname)> "
    }

    /// The configured host name, else the device's name.
    var hostname: String {
        let running = device.running
        guard let path = try? running.path("/system/host-name"), let name = running.instance(path)?.value else {
            return device.name
        }
        return name
    }

    /// `[edit interfaces ge-0/0/0]`.
    private func banner(_ mode: CLIMode) -> String {
        let words = grammar.statementWords(mode.paths[0])
        return "[edit\(words.isEmpty ? "" : " ")\(words)]"
    }

    // MARK: Execution

    mutating func execute(_ line: String) -> Answer {
        var answer: Answer
        if let question {
            answer = self.answer(question, line)
        } else {
            answer = take(line)
        }
        if isInteractive, answer.ending == .goesOn, question == nil, case .configuration(let mode, _) = mode {
            answer.text += "\n\(banner(mode))\n"
        }
        return answer
    }

    private mutating func take(_ line: String) -> Answer {
        let command = line.withoutOuterBlanks
        guard !command.isEmpty, !command.hasPrefix("#") else { return Answer() }
        var phase = FaultRule.Phase.operational
        var mark = ">"
        if case .configuration(let mode, _) = mode { (phase, mark) = (.configuration, "\(banner(mode))#") }
        device.record(command, mode: mark, client: client)
        let outcome = device.faults(on: command, in: phase)
        var answer = device.interruption(outcome.ending, mark: "error: ") ?? carryOut(command)
        answer.suffer(outcome)
        return answer
    }

    private mutating func carryOut(_ command: String) -> Answer {
        guard case .configuration(let mode, _) = mode else { return operate(command) }
        return configure(command, mode)
    }

    /// Configures a device behind the back of its clients, and commits that; what it refuses, a line each.
    static func change(_ device: SimulatedDevice, by lines: [String]) -> [String] {
        var shell = StatementShell(device: device, client: "itself", user: "itself", isInteractive: false)
        shell.isDevice = true
        defer { shell.end() }
        _ = shell.operate("configure private")
        var refused: [String] = []
        for line in lines + ["commit"] {
            guard case .configuration(let mode, _) = shell.mode else { break }
            device.record(line, mode: "\(shell.banner(mode))#", client: shell.client)
            refused += shell.configure(line, mode).refusal(of: line)
        }
        return refused
    }

    func refusal(_ text: String) -> Answer { Answer(text: text + "\n", isRefused: true) }

    /// A fault in the words of such devices, its mark below the word.
    func refusal(_ fault: CLIFault, _ line: String) -> Answer {
        let indent = isInteractive ? prompt.count : 0
        let column = String(decoding: line.utf8.prefix(fault.column), as: UTF8.self).count
        let mark = String(repeating: " ", count: indent + column) + "^\n"
        if fault.message == "unknown command", fault.column == 0 { return refusal(mark + "unknown command.") }
        if fault.message.hasPrefix("incomplete") { return refusal(mark + "missing argument.") }
        if fault.message.hasPrefix("ambiguous") {
            return refusal(mark + "'\(fault.message.dropFirst("ambiguous: ".count))' is ambiguous.")
        }
        if fault.message == "statement not found" { return Answer(text: "warning: statement not found\n") }
        if fault.message.hasSuffix("is not a valid value") {
            return refusal(mark + "invalid value: \(fault.message.dropLast(" is not a valid value".count))")
        }
        return refusal(mark + "syntax error.")
    }

    mutating func leaveConfiguration() {}

    mutating func end() {
        device.candidate.release(session)
        ownCandidate = nil
        mode = .operational
    }

    // MARK: The candidate

    var candidate: DataTree { ownCandidate?.tree ?? device.candidate.candidate(over: device.running) }

    var isChanged: Bool {
        if let own = ownCandidate { return !own.base.diff(to: own.tree, includingMetadata: true).isEmpty }
        return device.candidate.isChanged
    }

    mutating func change(to tree: DataTree) throws(SimulatedDevice.Refusal) {
        guard ownCandidate == nil else {
            ownCandidate?.tree = tree
            return
        }
        try device.candidate.change(to: tree, running: device.running, by: session)
    }

    /// Throws who has to end first.
    func requireCommittable() throws(SimulatedDevice.Refusal) {
        if !isDevice { try device.candidate.requireCommittable(by: session) }
    }

    /// `configure`, `configure exclusive`, `configure private`.
    mutating func enter(_ words: [Substring]) -> Answer {
        let sharing: Sharing
        switch words.first.map(String.init) {
        case nil: sharing = .shared
        case "exclusive"?: sharing = .exclusive
        case "private"?: sharing = .own
        case let word?:
            return refusal(CLIFault(column: "configure ".count, message: "unknown argument: \(word)"), "configure")
        }
        var text = "Entering configuration mode\n"
        switch sharing {
        case .exclusive:
            do throws(SimulatedDevice.Refusal) {
                try device.candidate.hold(session, name: "\(user) terminal (\(client))")
            } catch {
                return refusal("error: \(error.description)")
            }
            text = "warning: uncommitted changes will be discarded on exit\n" + text
        case .own:
            if device.candidate.isChanged, !isDevice { return refusal("error: shared configuration database modified") }
            ownCandidate = (device.running, device.running)
            text = "warning: uncommitted changes will be discarded on exit\n" + text
        case .shared:
            if device.candidate.isChanged { text += "The configuration has been changed but not committed\n" }
        }
        mode = .configuration(.top, sharing)
        return Answer(text: text)
    }

    /// Leaves configuration mode, after a question if something is left in the candidate.
    mutating func leave() -> Answer {
        guard case .configuration(_, let sharing) = mode else { return Answer() }
        if isChanged, isInteractive {
            question = sharing == .shared ? .uncommitted : .discarded
            return Answer(
                text: sharing == .shared ? "The configuration has been changed but not committed\n" : "")
        }
        end()
        return Answer(text: "Exiting configuration mode\n")
    }

    mutating func askForReboot() -> Answer {
        guard isInteractive else { return answer(.reboot, "yes") }
        question = .reboot
        return Answer()
    }

    private mutating func answer(_ question: Question, _ line: String) -> Answer {
        self.question = nil
        let word = line.withoutOuterBlanks.lowercased()
        switch question {
        case .uncommitted, .discarded:
            guard word.isEmpty || word.hasPrefix("y") else { return Answer() }
            end()
            return Answer(text: "Exiting configuration mode\n")
        case .reboot:
            guard word.hasPrefix("y") else { return Answer() }
            do throws(NetsimError) {
                // What runs was stored when it was committed.
                try device.flush()
                return Answer(text: "Shutdown NOW!\n", ending: .breaks)
            } catch {
                return refusal("error: \(error.description)")
            }
        }
    }
}
