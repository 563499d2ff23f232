import Basics
import Wire
import YANG

/// A conversation with a device's command line: waits for prompts, answers paging and confirmations, strips the echo.
///
/// Invariants: after `login` and after each `run` the device stands at a prompt; what came before it has been read.
/// A reply is bounded in bytes, and each wait in time.
final class CLIDialogue {
    private let stream: any ByteStream
    private let description: DriverDescription
    private let target: DeviceTarget
    var trace: any DeviceTrace
    private var buffer: [UInt8] = []

    enum Mode { case operational, unprivileged, configuration }
    private(set) var mode = Mode.operational

    private static let replyLimit = 256 << 20
    /// Only the end of what came can be a prompt or a question.
    private static let promptLimit = 512

    init(_ stream: any ByteStream, _ description: DriverDescription, _ target: DeviceTarget, _ trace: any DeviceTrace) {
        self.stream = stream
        self.description = description
        self.target = target
        self.trace = trace
    }

    private func fail(_ code: NEDError.Code, _ message: String, command: String? = nil) -> NEDError {
        NEDError(code, device: target.name, message, command: command)
    }

    // MARK: Log-in

    /// From the first byte to the privileged prompt, with paging off.
    func login() throws(NEDError) {
        _ = try waitForPrompt(answers: description.login + description.confirmations, command: nil)
        if mode == .unprivileged, let enable = description.enableCommand {
            let secondary = target.secondaryPassword ?? target.password
            try send(enable)
            let ask = description.login.filter { $0.send.contains("password") }
            _ = try waitForPrompt(
                answers: ask.map { .init(expect: $0.expect, send: secondary) }, command: enable)
            guard mode != .unprivileged else {
                throw fail(.authentication, "the device did not grant the privileged mode", command: enable)
            }
        }
        for command in description.setupCommands { _ = try run(command) }
    }

    // MARK: Commands

    /// Sends one line and returns the lines that came before the next prompt, without the echo.
    func run(_ command: String) throws(NEDError) -> [String] {
        try send(command)
        let output = try waitForPrompt(answers: description.paging + description.confirmations, command: command)
        return Self.lines(output, echo: command)
    }

    /// As `run`, and throws `.refused` if a line of the output is a refusal.
    func execute(_ command: String, shown: String? = nil) throws(NEDError) {
        let output = try run(command)
        for line in output where description.refusals.contains(where: { $0.matches(line) }) {
            if description.warnings.contains(where: { $0.matches(line) }) { continue }
            let said = output.filter { !$0.isEmpty }.joined(separator: "\n")
            throw fail(.refused, "\(said) (command: \(shown ?? command))", command: shown ?? command)
        }
    }

    func enterConfiguration() throws(NEDError) {
        guard mode != .configuration else { return }
        try execute(description.enterCommand)
        guard mode == .configuration else {
            throw fail(.driver, "the device did not enter configuration mode", command: description.enterCommand)
        }
    }

    func leaveConfiguration() throws(NEDError) {
        guard mode == .configuration else { return }
        try execute(description.leaveCommand)
    }

    func logOut() { try? send(description.exitCommand) }

    // MARK: Bytes

    private func send(_ line: String) throws(NEDError) {
        CrashPoint.reach("driver.command")
        let bytes = Array(line.utf8) + [UInt8(ascii: "\n")]
        trace.traffic(.toDriver, bytes)
        do {
            try stream.write(bytes, deadline: .after(target.writeTimeout))
        } catch {
            throw NEDError(error, device: target.name, isConnecting: false)
        }
    }

    /// Reads up to the next prompt, answering questions on the way. Returns what came before the prompt's line.
    private func waitForPrompt(
        answers: [DriverDescription.Exchange], command: String?
    ) throws(NEDError) -> [UInt8] {
        var answered = 0
        while true {
            if let prompt = promptAtEnd() {
                mode = prompt.mode
                let output = Array(buffer[..<prompt.start])
                buffer = []
                return output
            }
            if let answer = questionAtEnd(answers) {
                answered += 1
                guard answered <= 1_000_000 else {
                    throw fail(.driver, "the device asks without end", command: command)
                }
                try send(answer: answer, command: command)
                continue
            }
            try readMore(command)
        }
    }

    private func send(answer: DriverDescription.Exchange, command: String?) throws(NEDError) {
        let isPaging = !answer.send.contains("$") && answer.send.count <= 1
        if isPaging, let start = lastLineStart() {
            buffer.removeSubrange(start...)
        } else {
            buffer.append(UInt8(ascii: "\n"))
        }
        let text = answer.send.replacing("$user", with: target.remoteUser)
            .replacing("$secondary-password", with: target.secondaryPassword ?? target.password)
            .replacing("$password", with: target.password)
        if isPaging {
            do {
                try stream.write(Array(text.utf8), deadline: .after(target.writeTimeout))
            } catch {
                throw NEDError(error, device: target.name, isConnecting: false)
            }
        } else {
            try send(text)
        }
    }

    private func readMore(_ command: String?) throws(NEDError) {
        let bytes: [UInt8]?
        do {
            bytes = try stream.read(deadline: .after(target.readTimeout))
        } catch {
            var fault = NEDError(error, device: target.name, isConnecting: false)
            fault.command = command
            if error.code == .timeout {
                fault.message = "no prompt within \(target.readTimeout); last line: \(lastLine())"
            }
            throw fault
        }
        guard let bytes else {
            throw fail(.closed, "the device closed the connection; last line: \(lastLine())", command: command)
        }
        trace.traffic(.fromDriver, bytes)
        guard buffer.count + bytes.count <= Self.replyLimit else {
            throw fail(.driver, "the device sent more than \(Self.replyLimit) bytes without a prompt", command: command)
        }
        for byte in bytes where byte != 0x0D && byte != 0 {
            if byte == 0x08, !buffer.isEmpty, buffer.last != 0x0A { buffer.removeLast() } else { buffer.append(byte) }
        }
    }

    private func lastLineStart() -> Int? {
        let start = buffer.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return buffer.count - start <= Self.promptLimit ? start : nil
    }

    private func lastLine() -> String {
        let line = buffer.split(separator: 0x0A).last ?? []
        return String(decoding: line.suffix(200), as: UTF8.self).filter { !$0.isASCII || $0 >= " " }
    }

    private func promptAtEnd() -> (mode: Mode, start: Int)? {
        guard let start = lastLineStart(), start < buffer.count else { return nil }
        let line = String(decoding: buffer[start...], as: UTF8.self)
        if description.configurationPrompt.matches(line) { return (.configuration, start) }
        if description.operationalPrompt.matches(line) { return (.operational, start) }
        if description.unprivilegedPrompt?.matches(line) == true { return (.unprivileged, start) }
        return nil
    }

    private func questionAtEnd(_ answers: [DriverDescription.Exchange]) -> DriverDescription.Exchange? {
        guard let start = lastLineStart(), start < buffer.count else { return nil }
        let line = String(decoding: buffer[start...], as: UTF8.self)
        return answers.first { $0.expect.matches(line) }
    }

    /// The output as lines, without the echoed command in front.
    private static func lines(_ output: [UInt8], echo: String) -> [String] {
        var lines = output.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if let first = lines.first, first.hasSuffix(echo) || first.isEmpty { lines.removeFirst() }
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}
