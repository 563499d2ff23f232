import Basics
import Wire
import YANG

extension CLIDialogue {
    /// What to say when a line like that is the last one.
    struct Answer {
        enum Kind {
            /// Keys as they are, and the question disappears from the output.
            case keys
            case line
            /// A user name or a password: given once, never traced.
            case credential
        }

        var expect: PatternMatcher
        var text: String
        var kind: Kind

        init(expect: PatternMatcher, text: String, kind: Kind) {
            self.expect = expect
            self.text = text
            self.kind = kind
        }

        init(paging exchange: DriverDescription.Exchange) {
            self.init(expect: exchange.expect, text: exchange.send, kind: .keys)
        }

        init(confirming exchange: DriverDescription.Exchange) {
            self.init(expect: exchange.expect, text: exchange.send, kind: exchange.send.count == 1 ? .keys : .line)
        }
    }

    /// What is waited for, and what may be asked on the way.
    struct Wait {
        var answers: [Answer]
        var command: String?
        /// A prompt counts only if nothing follows it for a moment, even if it looks as the last one did.
        var settling = false
        /// The last line of what is waited for: the known prompt right behind it counts at once.
        var ending: PatternMatcher?
        /// A device that falls silent without a prompt is sent an empty line, once: see `silenceBeforeEnter`.
        var wakes = false
        /// What is sent next tells whether it was a prompt: see `login`.
        var isTentative = false
        /// Commands that were sent together, before it was certain that the device stood at its prompt.
        var typedAhead: CommandEcho.TypedAhead?
    }

    private enum Limits {
        /// Only the end of what came can be a prompt or a question.
        static let prompt = 512
        /// What stands behind the host in one.
        static let promptMarks = Array("(#>$%".utf8)
        /// How many lines of log messages behind a prompt are looked through.
        static let lookBack = 20
        static let questions = 100
        /// A device that always says something, and never comes to a prompt, is given up after this.
        static let reply = Duration.seconds(600)
        /// How long a prompt that was never seen before, and one that was, must be the last word.
        static let strangerSettles = Duration.milliseconds(250)
        static let knownSettles = Duration.milliseconds(30)
        /// How long what looks like a prompt must be the last word before anything is typed to see whether it is one.
        static let tentative = Duration.milliseconds(10)
        /// A device that echoes shows a prompt without having done so: a message made it write the old prompt again.
        static let echoSettles = Duration.seconds(1)
        /// How long a device that logs in may be silent in mid-line, and altogether, before it is sent an empty line.
        static let wakesInLine = Duration.seconds(2)
        static let wakes = Duration.seconds(10)
        static let pending = 1 << 20
    }

    // MARK: Sending

    func send(_ line: String, isSecret: Bool = false) throws(NEDError) {
        CrashPoint.reach("driver.command")
        let bytes = Array(line.utf8) + [0x0A]
        trace.traffic(.toDriver, isSecret ? Array("*****\n".utf8) : bytes)
        try write(bytes, isSecret ? nil : line)
    }

    private func write(_ bytes: [UInt8], _ command: String?) throws(NEDError) {
        do {
            try stream.write(bytes, deadline: .after(target.writeTimeout))
        } catch {
            let fault = NEDError(error, device: target.name, isConnecting: false)
            let isLate = error.code == .timeout
            let message = isLate ? "the device took no input for \(target.writeTimeout.inWords)" : fault.message
            throw broken(fault.code, message, command)
        }
    }

    /// Whether the device is still there, with nothing sent.
    func isListening() -> Bool {
        guard !isBroken else { return false }
        do throws(NEDError) {
            try discardPending()
            return true
        } catch {
            return false
        }
    }

    /// Reads away what the device said since the last prompt: log messages. Throws `.closed` if it has hung up.
    func discardPending() throws(NEDError) {
        var count = 0
        while count < Limits.pending {
            guard let bytes = try receive(within: .zero, nil) else { return }
            count += bytes.count
        }
    }

    // MARK: Waiting

    /// Reads up to the next prompt, answering questions on the way. Returns what came before the prompt's line.
    @discardableResult
    func waitForPrompt(_ wait: Wait) throws(NEDError) -> [UInt8] {
        output.removeAll()
        let start = ContinuousClock.now
        var given: [Int: Int] = [:]
        // A page that brings nothing, again and again, is no page.
        var emptyPages = 0
        var length = 0
        var isWoken = !wait.wakes
        while true {
            if let prompt = promptAtEnd(repeated: wait.typedAhead?.prompt) {
                let isKnown = prompt.isKnown(as: promptHost)
                let isEchoed = isEchoed(wait.command, before: prompt)
                let pause = pause(prompt, isKnown: isKnown, isEchoed: isEchoed, wait)
                if pause > .zero, let more = try receive(within: pause, wait.command) {
                    try take(more, wait.command)
                    continue
                }
                mode = prompt.mode
                promptHost = isKnown ? promptHost : prompt.host
                isEchoing = isEchoing || isEchoed
                return output.take(before: prompt.start)
            }
            if let question = questionAtEnd(wait.answers) {
                given[question, default: 0] += 1
                emptyPages = output.lineStart > length ? 0 : emptyPages + 1
                length = output.lineStart
                if emptyPages > Limits.questions { throw broken(.driver, "the device asks without end", wait.command) }
                try answer(wait.answers[question], times: given[question] ?? 0, wait.command)
                continue
            }
            if !isWoken, let silence = silenceBeforeEnter(hasAnswered: !given.isEmpty) {
                if let more = try receive(within: silence, wait.command) {
                    try take(more, wait.command)
                    continue
                }
                isWoken = true
                try send("")
            }
            try take(try readMore(wait.command), wait.command)
            if ContinuousClock.now - start > Limits.reply {
                throw broken(.driver, "no prompt within \(Limits.reply.inWords)", wait.command)
            }
        }
    }

    /// How long the device may be silent before it is sent an empty line, which brings a prompt on a line of its own: it
    /// may stand behind a banner that has no line end, or a console may wait for a key. Nil where the device is busy
    /// with what it was answered.
    private func silenceBeforeEnter(hasAnswered: Bool) -> Duration? {
        let isInLine = output.lastLine(limit: 4_096) != nil
        if hasAnswered, !isInLine { return nil }
        return min(isInLine ? Limits.wakesInLine : Limits.wakes, patience / 2)
    }

    /// How long a prompt must be the last word.
    private func pause(_ prompt: Prompt, isKnown: Bool, isEchoed: Bool, _ wait: Wait) -> Duration {
        if let typed = wait.typedAhead { return pause(typed, output.bytes[..<prompt.start]) }
        if wait.isTentative, prompt.mode == .operational { return isKnown ? .zero : Limits.tentative }
        if wait.command != nil, isEchoing, !isEchoed { return Limits.echoSettles }
        if !isKnown { return Limits.strangerSettles }
        guard wait.settling else { return .zero }
        let isEnded = wait.ending.map { output.isLastWord(before: prompt.start, $0) } ?? false
        return isEnded ? .zero : Limits.knownSettles
    }

    private func pause(_ typed: CommandEcho.TypedAhead, _ output: ArraySlice<UInt8>) -> Duration {
        switch echo.sight(of: typed, before: lineAtEnd, in: output) {
        case .clean: .zero
        case .complete: Limits.knownSettles
        case .partial: Limits.strangerSettles
        }
    }

    /// The last line as it shows: a prompt, most often.
    var lineAtEnd: String { output.lastLine(limit: Limits.prompt) ?? "" }

    private func isEchoed(_ command: String?, before prompt: Prompt) -> Bool {
        guard let command else { return false }
        return echo.isEchoed(command, in: output.bytes[..<prompt.start])
    }

    private func answer(_ answer: Answer, times: Int, _ command: String?) throws(NEDError) {
        switch answer.kind {
        case .keys:
            // Pages are bounded by the size of the reply.
            output.eraseLine()
            trace.traffic(.toDriver, Array(answer.text.utf8))
            try write(Array(answer.text.utf8), command)
        case .line:
            output.endLine()
            guard times <= Limits.questions else { throw broken(.driver, "the device asks without end", command) }
            try send(answer.text)
        case .credential:
            output.endLine()
            guard times == 1 else {
                throw broken(
                    .authentication, "the device did not accept the credentials of the authgroup and asked again",
                    command)
            }
            try send(answer.text, isSecret: true)
        }
    }

    /// What came within that time; nil if nothing did.
    private func receive(within time: Duration, _ command: String?) throws(NEDError) -> [UInt8]? {
        let bytes: [UInt8]?
        do {
            bytes = try stream.read(deadline: .after(time))
        } catch {
            if error.code == .timeout { return nil }
            let fault = NEDError(error, device: target.name, isConnecting: false)
            throw broken(fault.code, fault.message, command)
        }
        guard let bytes else { throw broken(.closed, "the device closed the connection", command) }
        trace.traffic(.fromDriver, bytes)
        return bytes
    }

    private func readMore(_ command: String?) throws(NEDError) -> [UInt8] {
        if let bytes = try receive(within: patience, command) { return bytes }
        throw broken(.silent, "no prompt within \(patience.inWords)", command)
    }

    private func take(_ bytes: [UInt8], _ command: String?) throws(NEDError) {
        guard output.bytes.count + bytes.count <= target.replyLimit else {
            throw broken(.driver, "the device sent more than \(target.replyLimit) bytes without a prompt", command)
        }
        output.append(bytes)
    }

    /// After this nobody knows what the device is doing.
    private func broken(_ code: NEDError.Code, _ message: String, _ command: String?) -> NEDError {
        isBroken = true
        let during = command.map { " after '\($0.split(separator: "\n").first ?? "")'" } ?? ""
        let words = output.lastWords
        let said = "its last line" + (words.count == 1 ? ": " : "s: ") + words.joined(separator: " / ")
        let last = words.isEmpty ? "it said nothing" : said
        return fail(code, "\(phase): \(message)\(during); \(last)", command: command)
    }

    // MARK: Prompts and questions

    private struct Prompt {
        var mode: Mode
        /// Where its line begins.
        var start: Int
        var host: String

        /// Whether it is the prompt of that host. In submodes, routers cut a long name short.
        func isKnown(as known: String?) -> Bool {
            guard let known else { return false }
            return host == known || (host.count >= 10 && known.hasPrefix(host))
        }
    }

    /// - Parameter repeated: a prompt that may stand in a line several times, where a device without echo has answered
    ///   several commands.
    private func promptAtEnd(repeated: String?) -> Prompt? {
        if let line = output.lastLine(limit: Limits.prompt) {
            var shown = line[...]
            if let repeated, !repeated.isEmpty {
                while shown.count > repeated.count, shown.hasPrefix(repeated) {
                    shown = shown.dropFirst(repeated.count)
                }
            }
            return prompt(String(shown), at: output.lineStart)
        }
        return output.lineStart == output.bytes.count ? promptBeforeMessages() : nil
    }

    private func prompt(_ line: String, at start: Int) -> Prompt? {
        let mode: Mode
        if description.configurationPrompt.matches(line) {
            mode = .configuration
        } else if description.operationalPrompt.matches(line) {
            mode = .operational
        } else if description.unprivilegedPrompt?.matches(line) == true {
            mode = .unprivileged
        } else {
            return nil
        }
        let host = line.utf8.prefix { !Limits.promptMarks.contains($0) }
        return Prompt(mode: mode, start: start, host: String(decoding: host, as: UTF8.self))
    }

    /// A known prompt behind which the device wrote log messages, without a new prompt after them.
    private func promptBeforeMessages() -> Prompt? {
        var end = output.lineStart
        var messages = 0
        for _ in 0..<Limits.lookBack where end > 0 {
            let start = output.bytes[..<(end - 1)].suffix(4_096).lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            guard end - start <= 4_096 else { return nil }
            let line = String(decoding: output.bytes[start..<(end - 1)], as: UTF8.self)
            end = start
            if line.isEmpty { continue }
            if echo.isMessage(line[...]) {
                messages += 1
                continue
            }
            guard messages > 0, line.utf8.count <= Limits.prompt, let prompt = prompt(line, at: start),
                prompt.host == promptHost
            else { return nil }
            return prompt
        }
        return nil
    }

    private func questionAtEnd(_ answers: [Answer]) -> Int? {
        guard let line = output.lastLine(limit: Limits.prompt) else { return nil }
        return answers.firstIndex { $0.expect.matches(line) }
    }
}

extension Duration {
    /// `20 seconds`, `1.5 seconds`.
    var inWords: String {
        let milliseconds = components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
        let isWhole = milliseconds % 1_000 == 0
        return isWhole ? "\(milliseconds / 1_000) seconds" : "\(Double(milliseconds) / 1_000) seconds"
    }
}
