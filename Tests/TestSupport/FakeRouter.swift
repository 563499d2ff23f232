package import Foundation
package import Synchronization
package import Wire

/// A router that is played: an IOS-like command line over real SSH, with the habits that a test asks for.
package final class FakeRouter: SSHServerHandler {
    /// What the router does with a line, if not what it would do by itself.
    package enum Reaction: Sendable {
        case say(String)
        /// Says it, and shows no prompt; the next line is the answer.
        case ask(String)
        case hangUp
        case silence
        /// Writes without end, never a prompt.
        case flood
    }

    package struct Habits: Sendable {
        package var password = "Pa55word-1"
        package var enablePassword: String?
        /// Asks that often for it.
        package var enableAttempts = 1
        package var banner = ""
        package var hasEcho = true
        /// Lines of a page; 0 does not page. `terminal length 0` turns it off only if that is understood.
        package var pageLength = 0
        package var understandsTerminalLength = true
        /// Time between two bytes of output.
        package var pace: useconds_t?
        package var lineEnd = "\r\n"
        /// Written once, when a line that begins with that byte comes in: before its echo, and with a pause after it.
        package var interruption: (line: UInt8, text: String)?
        package var react: @Sendable (String) -> Reaction? = { _ in nil }

        package init() {}
    }

    package let habits: Mutex<Habits>
    package let state: Mutex<State>
    package let received = Mutex<[String]>([])
    package let logins = Mutex(0)
    package let shells = Mutex<[SSHServerChannel]>([])

    /// The configuration: lines at the top, and sections with their lines.
    package struct State: Sendable {
        package var hostName = "r1"
        package var sections: [(header: String, lines: [String])] = [("", [])]
        package var saves = 0
    }

    package init(_ habits: Habits = Habits(), config: [String] = []) {
        self.habits = Mutex(habits)
        state = Mutex(State())
        for line in config { _ = apply(line, section: section(of: line, in: config)) }
        received.withLock { $0 = [] }
    }

    /// In a text, the section of an indented line is the last line that is not indented.
    private func section(of line: String, in text: [String]) -> String {
        guard line.hasPrefix(" "), let index = text.firstIndex(of: line) else { return "" }
        return text[..<index].last { !$0.hasPrefix(" ") } ?? ""
    }

    package func allows(_ login: SSHLogin, password: String) -> Bool {
        logins.withLock { $0 += 1 }
        return login.user == "admin" && password == habits.withLock { $0.password }
    }

    package func handler(for channel: SSHServerChannel) -> (any SSHChannelHandler)? {
        shells.withLock { $0.append(channel) }
        return FakeShell(self)
    }

    package func hangUpAll() { for shell in shells.withLock({ $0 }) { shell.close() } }

    package var lines: [String] { received.withLock { $0 } }

    /// The configuration as the router shows it.
    package var text: [String] {
        state.withLock { state in
            state.sections.flatMap { section in
                section.header.isEmpty ? section.lines : [section.header] + section.lines.map { " " + $0 } + ["!"]
            }
        }
    }

    /// Changes the configuration; the section that is current afterwards.
    package func apply(_ line: String, section: String) -> String {
        let words = line.trimmingCharacters(in: .whitespaces)
        return state.withLock { state in
            if words == "exit" || words == "!" { return "" }
            if words.hasPrefix("interface ") {
                if !state.sections.contains(where: { $0.header == words }) { state.sections.append((words, [])) }
                return words
            }
            if words.hasPrefix("no interface ") {
                state.sections.removeAll { "no " + $0.header == words }
                return ""
            }
            let isRemoval = words.hasPrefix("no ")
            let name = words.split(separator: " ")[isRemoval ? 1 : 0]
            guard let index = state.sections.firstIndex(where: { $0.header == section }) else { return section }
            state.sections[index].lines.removeAll { $0.split(separator: " ").first == name }
            if !isRemoval { state.sections[index].lines.append(words) }
            if name == "hostname" { state.hostName = isRemoval ? "r1" : String(words.dropFirst("hostname ".count)) }
            return section
        }
    }
}

/// One shell of a `FakeRouter`.
final class FakeShell: SSHChannelHandler {
    private enum Mode { case unprivileged, privileged, configuration }

    private struct Shell {
        var mode = Mode.privileged
        var section = ""
        var line: [UInt8] = []
        var isAsking = false
        var isEnabling = false
        var attempts = 0
        var isPaging = false
        package var banner: [String]?
        var pages: [[String]] = []
    }

    private let router: FakeRouter
    private let shell = Mutex(Shell())
    private let output = DispatchQueue(label: "fake-router")

    init(_ router: FakeRouter) { self.router = router }

    private var habits: FakeRouter.Habits { router.habits.withLock { $0 } }

    func opened(_ channel: SSHServerChannel) {
        shell.withLock { shell in
            shell.isPaging = habits.pageLength > 0
            if habits.enablePassword != nil { shell.mode = .unprivileged }
            say(habits.banner + prompt(shell), channel)
        }
    }

    private func prompt(_ shell: Shell) -> String {
        let name = router.state.withLock { $0.hostName }
        switch shell.mode {
        case .unprivileged: return "\(name)>"
        case .privileged: return "\(name)#"
        case .configuration: return shell.section.isEmpty ? "\(name)(config)#" : "\(name)(config-if)#"
        }
    }

    private func say(_ text: String, _ channel: SSHServerChannel) {
        let (end, pace) = (habits.lineEnd, habits.pace)
        let bytes = Array(text.replacingOccurrences(of: "\n", with: end).utf8)
        guard !bytes.isEmpty else { return }
        output.async {
            guard let pace else {
                _ = channel.send(bytes)
                return
            }
            for byte in bytes {
                channel.send([byte])
                usleep(pace)
            }
        }
    }

    func received(_ bytes: [UInt8], on channel: SSHServerChannel) {
        shell.withLock { shell in
            for byte in bytes {
                if !shell.pages.isEmpty {
                    turnPage(&shell, channel)
                    continue
                }
                if shell.line.isEmpty, let interruption = habits.interruption, interruption.line == byte {
                    router.habits.withLock { $0.interruption = nil }
                    say(interruption.text + prompt(shell), channel)
                    output.async { usleep(300_000) }
                }
                if habits.hasEcho, !shell.isEnabling { say(byte == 10 ? "\n" : String(UnicodeScalar(byte)), channel) }
                guard byte == 10 else {
                    shell.line.append(byte)
                    continue
                }
                let line = String(decoding: shell.line, as: UTF8.self)
                shell.line = []
                router.received.withLock { $0.append(line) }
                obey(line, &shell, channel)
            }
        }
    }

    private func obey(_ line: String, _ shell: inout Shell, _ channel: SSHServerChannel) {
        if shell.isEnabling {
            let isRight = line == habits.enablePassword
            shell.attempts += 1
            if !isRight, shell.attempts < habits.enableAttempts { return say("\nPassword: ", channel) }
            shell.isEnabling = false
            if isRight { shell.mode = .privileged }
            return say((isRight ? "\n" : "\n% Access denied\n") + prompt(shell), channel)
        }
        if shell.isAsking {
            shell.isAsking = false
            return say(prompt(shell), channel)
        }
        if var banner = shell.banner {
            banner.append(line)
            shell.banner = line.hasSuffix("^") ? nil : banner
            if shell.banner == nil {
                _ = router.apply("banner " + banner.joined(separator: "|"), section: "")
                say(prompt(shell), channel)
            }
            return
        }
        switch habits.react(line) {
        case .say(let text): return say(text + prompt(shell), channel)
        case .ask(let question):
            shell.isAsking = true
            return say(question, channel)
        case .hangUp: return output.async { channel.close() }
        case .silence: return
        case .flood: return output.async { for _ in 0..<4_000 { channel.send([UInt8](repeating: 0x61, count: 1_000)) } }
        case nil: obeyItself(line, &shell, channel)
        }
    }

    private func obeyItself(_ line: String, _ shell: inout Shell, _ channel: SSHServerChannel) {
        var answer = ""
        switch line {
        case "enable":
            shell.isEnabling = true
            return say("Password: ", channel)
        case "terminal length 0": if habits.understandsTerminalLength { shell.isPaging = false }
        case "terminal width 0", "": break
        case "configure terminal":
            shell.mode = .configuration
            answer = "Enter configuration commands, one per line.  End with CNTL/Z.\n"
        case "end": (shell.mode, shell.section) = (.privileged, "")
        case "write memory":
            router.state.withLock { $0.saves += 1 }
            answer = "Building configuration...\n[OK]\n"
        case "exit" where shell.mode != .configuration: return output.async { channel.close() }
        case "show running-config":
            answer =
                (["Building configuration...", "", "Current configuration : 99 bytes", "!"] + router.text + ["end"])
                .joined(separator: "\n") + "\n"
        default:
            if shell.mode == .configuration, line.hasPrefix("banner ^") {
                shell.banner = [line]
                return say("Enter TEXT message.  End with the character '^'.\n", channel)
            }
            if shell.mode == .configuration {
                shell.section = router.apply(line, section: shell.section)
            } else {
                answer = "      ^\n% Invalid input detected at '^' marker.\n\n"
            }
        }
        let lines = answer.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard shell.isPaging, lines.count > habits.pageLength else { return say(answer + prompt(shell), channel) }
        shell.pages = stride(from: 0, to: lines.count, by: habits.pageLength).map { start in
            Array(lines[start..<min(start + habits.pageLength, lines.count)])
        }
        turnPage(&shell, channel)
    }

    /// The next page; a question after it if it is not the last one. The question is erased as IOS does it.
    private func turnPage(_ shell: inout Shell, _ channel: SSHServerChannel) {
        let isFirst = shell.line.isEmpty && !shell.isAsking
        let erase = String(repeating: "\u{8}", count: 10)
        let text =
            (isFirst ? "" : erase + String(repeating: " ", count: 10) + erase)
            + shell.pages.removeFirst().joined(separator: "\n")
        shell.isAsking = true
        if shell.pages.isEmpty {
            shell.isAsking = false
            say(text + prompt(shell), channel)
        } else {
            say(text + "\n --More-- ", channel)
        }
    }
}
