import Basics
import CLIGrammar
import ConfigTree
import Foundation

/// The command line of a device, without a terminal: one line in, text out.
///
/// Operational mode knows a few commands of its own; everything in configuration mode comes from the model. A line
/// takes effect at once, or is refused in the words of such routers.
struct DeviceShell: CommandShell {
    enum Mode {
        /// The prompt ends in `>`.
        case user
        case privileged
        case configuration(CLIMode)
    }

    /// What happens to the session after a command.
    enum Ending: Hashable {
        case goesOn
        case closes
        /// The connection breaks, as if a cable had been pulled.
        case breaks
        /// No answer, no prompt.
        case hangs
    }

    struct Answer {
        /// Lines end in a line feed.
        var text = ""
        var ending = Ending.goesOn
        /// Whether the command was carried out, for the exit status of a command given on the ssh command line.
        var isRefused = false
        /// How much later it comes, in milliseconds.
        var delay = 0
        /// What comes instead of the text.
        var garbage: [UInt8]?

        /// The line and why it is refused; nothing if it is not.
        func refusal(of line: String) -> [String] {
            isRefused ? ["\(line): " + text.split(separator: "\n").joined(separator: " ")] : []
        }

        mutating func suffer(_ outcome: FaultInjector.Outcome) {
            delay = outcome.delay
            garbage = outcome.garbage
            if let length = outcome.length { text = String(decoding: text.utf8.prefix(length), as: UTF8.self) }
        }
    }

    /// A question asked; the next input answers it.
    enum Question: Hashable {
        case destination, reload

        var text: String {
            switch self {
            case .destination: "Destination filename [startup-config]? "
            case .reload: "Proceed with reload? [confirm]"
            }
        }

        /// Whether one key is the answer.
        var isKey: Bool { self == .reload }
    }

    let device: SimulatedDevice
    let client: String
    /// Whether somebody may be asked, and errors point below a prompt.
    let isInteractive: Bool
    var mode = Mode.privileged
    var question: Question?
    /// Lines of a screen; 0 shows everything at once.
    var pageLength = 0
    private var banner: BannerText?

    init(device: SimulatedDevice, client: String, isInteractive: Bool) {
        self.device = device
        self.client = client
        self.isInteractive = isInteractive
    }

    /// What to show before the next input.
    var prompt: String {
        if let question { return question.text }
        if banner != nil { return "" }
        return device.hostname + modeMark
    }

    private var modeMark: String {
        switch mode {
        case .user: ">"
        case .privileged: "#"
        case .configuration(let mode): "(\(mode.prompt))#"
        }
    }

    // MARK: Execution

    mutating func execute(_ line: String) -> Answer {
        if let question { return answer(question, line) }
        if banner != nil { return continueBanner(line) }
        let command = line.withoutOuterBlanks
        guard !command.isEmpty, !command.hasPrefix("!") else { return Answer() }
        device.record(command, mode: modeMark, client: client)
        var phase = FaultRule.Phase.operational
        if case .configuration = mode { phase = .configuration }
        let outcome = device.faults(on: command, in: phase)
        var answer = device.interruption(outcome.ending) ?? carryOut(line, command)
        answer.suffer(outcome)
        return answer
    }

    private mutating func carryOut(_ line: String, _ command: String) -> Answer {
        guard case .configuration(let mode) = mode else { return operate(line) }
        if command == "do" || command.hasPrefix("do ") { return operate(line, skipping: "do") }
        return rewrite(line, command, mode)
    }

    /// Configures a device behind the back of its clients; what it refuses, a line each.
    static func change(_ device: SimulatedDevice, by lines: [String]) -> [String] {
        var shell = DeviceShell(device: device, client: "itself", isInteractive: false)
        shell.mode = .configuration(.top)
        var refused: [String] = []
        for line in lines {
            guard case .configuration(let mode) = shell.mode else { break }
            device.record(line, mode: shell.modeMark, client: shell.client)
            refused += shell.configure(line, line, mode).refusal(of: line)
        }
        return refused
    }

    /// Leaves configuration mode, as control-Z does.
    mutating func leaveConfiguration() {
        if case .configuration = mode { mode = .privileged }
        banner = nil
    }

    // MARK: Configuration mode

    /// Takes a command as the device keeps it, and what the device adds to it.
    private mutating func rewrite(_ line: String, _ command: String, _ mode: CLIMode) -> Answer {
        let outcome = device.rewriter.outcome(of: command)
        guard let kept = outcome.command else { return Answer() }
        let answer = configure(kept == command ? line : kept, kept, mode)
        guard !answer.isRefused, !outcome.added.isEmpty, case .configuration(let next) = self.mode else {
            return answer
        }
        for added in outcome.added {
            _ = configure(added, added, next)
            self.mode = .configuration(next)
        }
        return answer
    }

    private mutating func configure(_ line: String, _ command: String, _ mode: CLIMode) -> Answer {
        if let begun = BannerText(command) {
            guard begun.isComplete else {
                banner = begun
                return Answer(text: "Enter TEXT message.  End with the character '\(begun.delimiter)'.\n")
            }
            return apply(begun)
        }
        switch device.model.grammar.parseLine(line, mode: mode, tree: device.running) {
        case .edits(let edits, let next):
            do throws(SimulatedDevice.Refusal) {
                try device.apply(edits)
            } catch {
                return Answer(text: "% \(error.description)\n", isRefused: true)
            }
            self.mode = .configuration(next)
            return Answer()
        case .mode(let next):
            self.mode = next.map { .configuration($0) } ?? .privileged
            return Answer()
        case .action: return invalid(line, at: 0)
        case .fault(let fault): return refusal(fault, line)
        }
    }

    private func refusal(_ fault: CLIFault, _ line: String) -> Answer {
        if fault.message.hasPrefix("incomplete") { return Answer(text: "% Incomplete command.\n\n", isRefused: true) }
        if fault.message.hasPrefix("ambiguous") {
            return Answer(text: "% Ambiguous command:  \"\(line)\"\n", isRefused: true)
        }
        return invalid(line, at: String(decoding: line.utf8.prefix(fault.column), as: UTF8.self).count)
    }

    /// The marker stands under the word, wherever the prompt has put it.
    private func invalid(_ line: String, at column: Int) -> Answer {
        let indent = String(repeating: " ", count: column + (isInteractive ? prompt.count : 0))
        return Answer(text: "\(indent)^\n% Invalid input detected at '^' marker.\n\n", isRefused: true)
    }

    private mutating func continueBanner(_ line: String) -> Answer {
        banner?.append(line)
        guard let text = banner, text.isComplete else { return Answer() }
        banner = nil
        return apply(text)
    }

    private func apply(_ banner: BannerText) -> Answer {
        do throws(CLIFault) {
            let edits = try device.model.grammar.edits(Array((banner.text + "\n").utf8), over: device.running)
            do throws(SimulatedDevice.Refusal) {
                try device.apply(edits)
                return Answer()
            } catch {
                return Answer(text: "% \(error.description)\n", isRefused: true)
            }
        } catch {
            return invalid(banner.text, at: error.column)
        }
    }

    // MARK: Operational mode

    private mutating func operate(_ line: String, skipping prefix: String = "") -> Answer {
        let parts = line.split(separator: "|", maxSplits: 1)
        var words = (parts.first ?? "").split(separator: " ")
        if !prefix.isEmpty { words.removeFirst() }
        var filter: OutputFilter?
        if parts.count > 1 {
            filter = OutputFilter(parts[1].drop { $0 == " " })
            if filter == nil { return invalid(line, at: line.distance(from: line.startIndex, to: parts[1].startIndex)) }
        }
        var isPrivileged = true
        if case .user = mode { isPrivileged = false }
        switch ExecCommands.match(words, isPrivileged: isPrivileged) {
        case .found(let command, let arguments):
            var answer = carryOut(command.action, arguments, line)
            if let filter, !answer.isRefused { answer.text = filter.apply(answer.text) }
            return answer
        case .incomplete: return Answer(text: "% Incomplete command.\n\n", isRefused: true)
        case .ambiguous:
            let shown = line.withoutOuterBlanks
            return Answer(text: "% Ambiguous command:  \"\(shown)\"\n", isRefused: true)
        case .unknown(let index):
            if let answer = showNodes(words, filter) { return answer }
            return invalid(line, at: line.distance(from: line.startIndex, to: words[index].startIndex))
        }
    }

    private mutating func carryOut(_ action: ExecAction, _ arguments: [Substring], _ line: String) -> Answer {
        switch action {
        case .configure:
            if case .configuration = mode { return Answer() }
            mode = .configuration(.top)
            return Answer(text: "Enter configuration commands, one per line.  End with CNTL/Z.\n")
        case .showRunning: return showRunning(arguments, line)
        case .showStartup: return showStartup()
        case .showVersion: return Answer(text: versionText)
        case .showClock: return Answer(text: clockText)
        case .showPrivilege:
            if case .user = mode { return Answer(text: "Current privilege level is 1\n") }
            return Answer(text: "Current privilege level is 15\n")
        case .terminalLength, .terminalWidth:
            guard let word = arguments.first else { return Answer(text: "% Incomplete command.\n\n", isRefused: true) }
            guard let number = Int(word), (0...512).contains(number), arguments.count == 1 else {
                return invalid(line, at: line.distance(from: line.startIndex, to: word.startIndex))
            }
            if action == .terminalLength { pageLength = number }
            return Answer()
        case .terminal: return Answer()
        case .enable:
            if case .user = mode { mode = .privileged }
            return Answer()
        case .disable:
            if case .privileged = mode { mode = .user }
            return Answer()
        case .exit: return Answer(ending: .closes)
        case .save: return save(line)
        case .eraseStartup: return change { device throws(NetsimError) in try device.eraseStartup() }
        case .reload:
            guard isInteractive else { return answer(.reload, "") }
            question = .reload
            return Answer()
        }
    }

    private mutating func answer(_ question: Question, _ line: String) -> Answer {
        self.question = nil
        switch question {
        case .destination: return writeStartup()
        case .reload:
            guard line.isEmpty || line.lowercased().hasPrefix("y") else { return Answer() }
            var answer = change { device throws(NetsimError) in try device.reload() }
            if !answer.isRefused { answer.ending = .breaks }
            return answer
        }
    }

    private mutating func save(_ line: String) -> Answer {
        guard isInteractive, device.model.asksForDestination, line.drop(while: { $0 == " " }).hasPrefix("c") else {
            return writeStartup()
        }
        question = .destination
        return Answer()
    }

    private func writeStartup() -> Answer {
        var answer = change { device throws(NetsimError) in try device.saveToStartup() }
        if !answer.isRefused { answer.text = "Building configuration...\n[OK]\n" }
        return answer
    }

    private func change(_ body: (SimulatedDevice) throws(NetsimError) -> Void) -> Answer {
        do throws(NetsimError) {
            try body(device)
            return Answer()
        } catch {
            return Answer(text: "% \(error.description)\n", isRefused: true)
        }
    }
}
