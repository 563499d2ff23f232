import Basics
import CLIGrammar
import ConfigTree
import Foundation
import YANG

extension DeviceShell {
    /// The running configuration: all of it, or what a mode or the first words of lines select.
    func showRunning(_ arguments: [Substring], _ line: String) -> Answer {
        guard let first = arguments.first, first != "all" else {
            return Answer(text: "Building configuration...\n\n" + Self.shown(device.runningText))
        }
        let tree = device.running
        let start = line.distance(from: line.startIndex, to: first.startIndex)
        let selected = arguments.joined(separator: " ")
        if case .edits(_, let mode) = device.model.grammar.parseLine(selected, mode: .top, tree: tree),
            mode.paths != CLIMode.top.paths
        {
            guard tree.instance(mode.paths[0]) != nil else {
                let caret = String(repeating: " ", count: start + (isInteractive ? prompt.count : 0)) + "^"
                return Answer(text: caret + "\n% Invalid input detected at '^' marker.\n\n", isRefused: true)
            }
            var options = RenderOptions()
            options.selection = mode.paths
            return Answer(
                text: "Building configuration...\n\n" + Self.shown(device.model.grammar.render(tree, options: options)))
        }
        let section = Self.section(selected, of: device.runningText)
        return Answer(text: "Building configuration...\n\n" + Self.shown(section))
    }

    /// `show` of nodes of the model, which no other command means; nil if it is none.
    func showNodes(_ words: [Substring], _ filter: OutputFilter?) -> Answer? {
        guard words.count > 1, let verb = words.first, verb.count > 1, "show".hasPrefix(verb),
            case .success(let text) = StateText(tree: device.operational).text(Array(words.dropFirst()))
        else { return nil }
        let said = text.isEmpty ? "% No entries found.\n" : text
        return Answer(text: filter?.apply(said) ?? said)
    }

    func showStartup() -> Answer {
        do throws(NetsimError) {
            guard device.hasStartup else { return Answer(text: "startup-config is not present\n") }
            let text = text(try device.startup)
            return Answer(text: "Using \(text.utf8.count) out of 262136 bytes\n!\n\(text)end\n\n")
        } catch {
            return Answer(text: "% \(error.description)\n", isRefused: true)
        }
    }

    private func text(_ tree: DataTree) -> String { device.model.grammar.render(tree) }

    private static func shown(_ text: String) -> String {
        "Current configuration : \(text.utf8.count) bytes\n!\n\(text)end\n\n"
    }

    /// The outermost lines that begin with these words, with what is indented below them.
    private static func section(_ words: String, of text: String) -> String {
        var isInside = false
        var result = ""
        for line in text.split(separator: "\n") {
            if !line.hasPrefix(" ") { isInside = line == words || line.hasPrefix(words + " ") }
            if isInside { result += line + "\n" }
        }
        return result
    }

    var versionText: String {
        let seconds = max(0, device.clock.now() - device.startTime) / 1_000_000
        let package = device.model.package
        return """
            OpenNED simulated router, package \(package.name)
            No code of any vendor runs here: configuration and commands come from the package's data model.

            \(device.hostname) uptime is \(seconds / 3600) hours, \(seconds % 3600 / 60) minutes
            System restarted by start of the simulated network
            Model: \(device.model.data.schema.nodeCount) nodes, \(package.nedID ?? package.name)

            Configuration register is 0x2102

            """
    }

    /// `*01:02:03.456 UTC Sat Nov 21 2026`.
    var clockText: String {
        let now = device.clock.now()
        var seconds = time_t(now / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let milliseconds = String(1_000 + now % 1_000_000 / 1_000).dropFirst()
        return "*\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(milliseconds) UTC "
            + "\(days[Int(parts.tm_wday)]) \(months[Int(parts.tm_mon)]) \(parts.tm_mday) \(parts.tm_year + 1900)\n"
    }

    // MARK: Help

    /// What `?` shows below `text`, and what TAB adds to it.
    func help(_ text: String) -> (listing: String, insertion: String) {
        var words = text.split(separator: " ")
        if text.isEmpty || text.last == " " { words.append("") }
        let candidates: [(word: String, info: String, isValue: Bool)]
        if case .configuration(let mode) = mode, words.first != "do" {
            let (grammar, tree) = (device.model.grammar, device.running)
            let inner = grammar.completions(text, mode: mode, tree: tree)
            // What the submode does not know is taken as a command of the outermost mode.
            let found = inner.isEmpty ? grammar.completions(text, mode: .top, tree: tree) : inner
            candidates = found.map { ($0.text, $0.info, $0.isValue) }
        } else {
            if words.first == "do" { words.removeFirst() }
            var isPrivileged = true
            if case .user = mode { isPrivileged = false }
            candidates = ExecCommands.completions(words, isPrivileged: isPrivileged).map { ($0.word, $0.info, false) }
        }
        guard !candidates.isEmpty else { return ("% Unrecognized command\n", "") }
        let width = min(30, candidates.map(\.word.count).max() ?? 0)
        let listing = candidates.map { candidate in
            "  " + candidate.word + String(repeating: " ", count: max(0, width - candidate.word.count)) + "  "
                + candidate.info + "\n"
        }.joined()
        let typed = words.last ?? ""
        let fitting = candidates.filter { !$0.isValue && $0.word.hasPrefix(typed) }
        guard fitting.count == 1 else { return (listing, "") }
        return (listing, fitting[0].word.dropFirst(typed.count) + " ")
    }
}

extension SimulatedDevice {
    var hasStartup: Bool { access(files.startup, F_OK) == 0 }

    func eraseStartup() throws(NetsimError) {
        guard unlink(files.startup) == 0 || errno == ENOENT else {
            throw NetsimError(.system, files.startup, "cannot be removed: \(String(cString: strerror(errno)))")
        }
    }
}
