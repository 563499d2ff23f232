import Basics
import Wire
import YANG

/// A conversation with a device's command line: sends lines, and judges what comes back.
///
/// Invariants: after `login` and after each `run` the device stands at a prompt; what came before it has been read.
/// Once a wait or a write has failed, nobody knows where the device stands: `isBroken`, and the session must be
/// dropped.
final class CLIDialogue {
    let stream: any ByteStream
    let description: DriverDescription
    let target: DeviceTarget
    var trace: any DeviceTrace
    let echo: CommandEcho
    var output = DeviceOutput()

    enum Mode { case operational, unprivileged, configuration }
    var mode = Mode.operational
    /// What the prompt shows before its mode: most often the host's name. Nil before the first prompt of a device that
    /// was never seen.
    var promptHost: String?
    var isBroken = false
    /// The device writes what it is sent: then a prompt before the echo is none that answers the command.
    var isEchoing = false
    /// What the device is doing: says how long it may be silent.
    var step = DriverDescription.Step.login
    /// For error messages: the phase under way.
    var phase = NEDError.connectPhase

    private static let refusalTextLimit = 2_000

    init(_ stream: any ByteStream, _ description: DriverDescription, _ target: DeviceTarget, _ trace: any DeviceTrace) {
        self.stream = stream
        self.description = description
        self.target = target
        self.trace = trace
        echo = CommandEcho(messages: description.messages)
        promptHost = target.promptHost
    }

    func fail(_ code: NEDError.Code, _ message: String, command: String? = nil) -> NEDError {
        var error = NEDError(
            code, device: target.name, withoutCredentials(message.withoutControlCharacters),
            command: command.map(withoutCredentials))
        error.phase = phase
        return error
    }

    /// The credentials replaced by asterisks, as far as they are long enough to be recognised.
    private func withoutCredentials(_ text: String) -> String {
        [target.password, target.secondaryPassword ?? ""].filter { $0.count >= 4 }
            .reduce(text) { $0.replacing($1, with: "*****") }
    }

    // MARK: Log-in

    /// From the first byte to the privileged prompt, with paging off.
    ///
    /// - Parameter typingAhead: the device is not expected to ask anything more: what looks like its prompt is taken for
    ///   it, and the echo shows whether that was right.
    func login(typingAhead: Bool = false) throws(NEDError) {
        var wait = Wait(answers: description.login.map(credential) + confirmations, settling: true)
        wait.wakes = true
        wait.isTentative =
            typingAhead && !description.setupCommands.isEmpty && description.login.allSatisfy { $0.send.contains("$") }
        try waitForPrompt(wait)
        if wait.isTentative, mode == .operational, try setUpAtOnce(wait.answers) {
            step = .command
            return
        }
        if mode == .unprivileged, let enable = description.enableCommand {
            try send(enable)
            let secondary = target.secondaryPassword ?? target.password
            let questions = description.login.filter { $0.send.contains("password") }
            try waitForPrompt(
                Wait(
                    answers: questions.map { Answer(expect: $0.expect, text: secondary, kind: .credential) },
                    command: enable))
        }
        guard mode != .unprivileged || description.enableCommand == nil else {
            throw fail(
                .authentication,
                "the device did not grant the privileged mode; check remote-secondary-password in the authgroup",
                command: description.enableCommand)
        }
        for command in description.setupCommands { _ = try run(command) }
        step = .command
    }

    /// Sends the commands of the set-up together to what looks like a prompt.
    ///
    /// - Returns: whether the device has echoed each behind its prompt, and so carried it out. If not, it stands at a
    ///   prompt all the same, perhaps without privileges.
    private func setUpAtOnce(_ answers: [Answer]) throws(NEDError) -> Bool {
        let typed = CommandEcho.TypedAhead(commands: description.setupCommands, prompt: lineAtEnd)
        try send(typed.commands.joined(separator: "\n"))
        var wait = Wait(answers: answers, command: typed.commands.last)
        wait.typedAhead = typed
        let answer = try waitForPrompt(wait)
        return mode == .operational && echo.sight(of: typed, before: lineAtEnd, in: answer[...]) != .partial
    }

    private func credential(_ exchange: DriverDescription.Exchange) -> Answer {
        guard exchange.send.utf8.contains(UInt8(ascii: "$")) else {
            return Answer(expect: exchange.expect, text: exchange.send, kind: .line)
        }
        let secondary = target.secondaryPassword ?? target.password
        let text =
            switch exchange.send {
            case "$user": target.remoteUser
            case "$password": target.password
            default:
                exchange.send.replacing("$user", with: target.remoteUser)
                    .replacing("$secondary-password", with: secondary).replacing("$password", with: target.password)
            }
        return Answer(expect: exchange.expect, text: text, kind: .credential)
    }

    private var confirmations: [Answer] { description.confirmations.map(Answer.init(confirming:)) }

    // MARK: Commands

    /// Sends a command and returns the lines that came before the next prompt, without echo and log messages.
    ///
    /// A command of several lines (a banner) goes out as a whole: the device shows no prompt in between.
    /// - Parameter settling: waits until no more comes after the prompt; for answers in which a prompt's look-alike may
    ///   stand.
    func run(_ command: String, settling: Bool = false) throws(NEDError) -> [String] {
        try ask(command, settling: settling).strings
    }

    private func ask(
        _ command: String, settling: Bool, ending: PatternMatcher? = nil
    ) throws(NEDError) -> AnswerLines {
        try discardPending()
        try send(command)
        let isText = command.utf8.contains(UInt8(ascii: "\n"))
        let answers = isText ? [] : description.paging.map(Answer.init(paging:)) + confirmations
        var wait = Wait(answers: answers, command: command, settling: settling || isText)
        wait.ending = ending
        let answer = try waitForPrompt(wait)
        return echo.answer(answer, to: command)
    }

    /// As `run`, and throws `.refused` if a line of the output is a refusal and no warning.
    func execute(_ command: String, _ step: DriverDescription.Step = .command) throws(NEDError) {
        self.step = step
        defer { self.step = .command }
        let answer = try run(command)
        if answer.contains(where: isRefusal) { throw refusal(answer, command) }
        for line in answer where isWarning(line) { trace.phase(.fromDriver, "\(phase) WARNING: \(line)") }
    }

    /// As `run`, for an answer that is data: it counts as a refusal only if there is nothing else in it.
    ///
    /// - Parameter ending: the last line of what the command shows: a prompt behind that needs no proof.
    func read(_ command: String, ending: PatternMatcher? = nil) throws(NEDError) -> AnswerLines {
        step = .show
        defer { step = .command }
        let answer = try ask(command, settling: true, ending: ending)
        let said = answer.firstWords(limit: 3)
        if said.count < 3, said.contains(where: isRefusal) { throw refusal(answer.strings, command) }
        return answer
    }

    private func isRefusal(_ line: String) -> Bool {
        description.refusals.contains { $0.matches(line) } && !isWarning(line)
            && !description.noise.contains { $0.matches(line) }
    }

    private func isWarning(_ line: String) -> Bool { description.warnings.contains { $0.matches(line) } }

    /// How long the device may be silent now.
    var patience: Duration { max(target.readTimeout, description.timeouts[step] ?? .zero) }

    private func refusal(_ answer: [String], _ command: String) -> NEDError {
        let said = answer.filter { line in line.contains { $0 != " " && $0 != "^" } }.joined(separator: "\n")
        return fail(.refused, "\(said.prefix(Self.refusalTextLimit)) (command: \(command))", command: command)
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
        guard mode != .configuration else {
            isBroken = true
            throw fail(.driver, "the device did not leave configuration mode", command: description.leaveCommand)
        }
    }

    /// After a refusal: back to operational mode, whatever it takes; the refusal is what counts.
    func abandonConfiguration() {
        guard !isBroken else { return }
        do throws(NEDError) { try leaveConfiguration() } catch { isBroken = true }
    }

    /// Says good-bye if the device still listens.
    func logOut() {
        guard !isBroken else { return }
        try? stream.write(Array(description.exitCommand.utf8) + [0x0A], deadline: .after(.seconds(1)))
        isBroken = true
    }
}
