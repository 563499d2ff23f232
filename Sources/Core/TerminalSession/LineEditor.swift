/// What a completion may do to the line.
package struct CompletionAnswer: Sendable {
    /// Text to insert at the cursor, if all candidates go on with it.
    package var insertion: String
    /// Lines to show below the prompt, each with what it stands for.
    package var listing: String

    package init(insertion: String = "", listing: String = "") {
        self.insertion = insertion
        self.listing = listing
    }
}

/// Reads edited lines from a terminal.
///
/// Used by one thread. What arrives behind the end of a line is kept for the next one.
package final class LineEditor {
    package enum Result: Hashable, Sendable {
        case line(String)
        /// The user gave the line up.
        case interrupted
        case end
        /// A line that is longer than a command can be; nothing of it is given.
        case tooLong
    }

    private let terminal: any Terminal
    private var decoder = KeyDecoder()
    private var waiting: [Key] = []
    /// Input of a script that has not become lines yet.
    private var raw: ArraySlice<UInt8> = []
    /// The line of the script is too long already: what comes is dropped up to its end.
    private var isSkipping = false
    private var history: [String] = []
    /// Where messages for the user can be put in from another thread.
    package let screen: TerminalScreen

    private static let historyLimit = 1_000
    private static let scriptLineLimit = 4 << 20

    /// Without a screen it makes its own.
    package init(_ terminal: any Terminal, screen: TerminalScreen? = nil) {
        self.terminal = terminal
        self.screen = screen ?? TerminalScreen(terminal)
    }

    package var historyLines: [String] { history }

    /// One line; with `hidesInput` an asterisk shows for each character. `complete` is asked on TAB and, with `isHelp`, on `?`, with the text before the cursor.
    package func readLine(
        prompt: String, keepsHistory: Bool = true, hidesInput: Bool = false,
        complete: (String, _ isHelp: Bool) -> CompletionAnswer = { _, _ in CompletionAnswer() }
    ) -> Result {
        guard terminal.isInteractive else { return readScriptLine() }
        var buffer = LineBuffer()
        var place = history.count
        var draft = ""
        draw(prompt, buffer, hidesInput)
        while let key = nextKey() {
            switch key {
            case .enter:
                screen.finish()
                if buffer.isOverfull { return .tooLong }
                if keepsHistory { remember(buffer.text) }
                return .line(buffer.text)
            case .interrupt:
                screen.abandon()
                terminal.write("^C\r\n")
                return .interrupted
            case .endOfInput:
                if buffer.characters.isEmpty {
                    screen.finish()
                    return .end
                }
                _ = buffer.apply(.delete)
            case .up, .down:
                if place == history.count { draft = buffer.text }
                place = max(0, min(history.count, place + (key == .up ? -1 : 1)))
                buffer.replace(with: place == history.count ? draft : history[place])
            case .clearScreen:
                screen.abandon()
                terminal.write("\u{1B}[H\u{1B}[2J")
            case .searchBack:
                if let found = history.last(where: { $0.contains(buffer.text) }) { buffer.replace(with: found) }
            case .help where isInQuotes(buffer.textBeforeCursor) || hidesInput: buffer.insert("?")
            case .tab, .help: answer(complete(buffer.textBeforeCursor, key == .help), &buffer, prompt)
            default: _ = buffer.apply(key)
            }
            if !buffer.isOverfull { draw(prompt, buffer, hidesInput) }
        }
        screen.abandon()
        return .end
    }

    /// One key, for a question that needs no line.
    package func readKey() -> Key? { nextKey() }

    private func isInQuotes(_ text: String) -> Bool { text.count(where: { $0 == "\"" }) % 2 == 1 }

    private func remember(_ line: String) {
        guard !line.allSatisfy({ $0 == " " }), history.last != line else { return }
        history.append(line)
        if history.count > Self.historyLimit { history.removeFirst() }
    }

    private func answer(_ answer: CompletionAnswer, _ buffer: inout LineBuffer, _ prompt: String) {
        if !answer.listing.isEmpty {
            screen.abandon()
            terminal.write("\r\n" + answer.listing.replacing("\n", with: "\r\n"))
            if !answer.listing.hasSuffix("\n") { terminal.write("\r\n") }
        }
        buffer.insert(answer.insertion)
    }

    // MARK: Input

    private func nextKey() -> Key? {
        while waiting.isEmpty {
            guard let bytes = terminal.read() else { return nil }
            waiting = bytes.isEmpty ? [.interrupt] : decoder.keys(bytes)
        }
        return waiting.removeFirst()
    }

    private func readScriptLine() -> Result {
        while true {
            if let end = raw.firstIndex(of: 0x0A) {
                let line = raw[..<end]
                raw = raw[(end + 1)...]
                defer { isSkipping = false }
                return isSkipping ? .tooLong : .line(Self.text(line))
            }
            if raw.count > Self.scriptLineLimit { isSkipping = true }
            if isSkipping { raw = [] }
            guard let bytes = terminal.read() else {
                defer { (raw, isSkipping) = ([], false) }
                return isSkipping ? .tooLong : raw.isEmpty ? .end : .line(Self.text(raw))
            }
            if bytes.isEmpty { return .interrupted }
            raw += bytes
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.last == 0x0D ? bytes.dropLast() : bytes, as: UTF8.self)
    }

    // MARK: Screen

    private func draw(_ prompt: String, _ buffer: LineBuffer, _ hidesInput: Bool) {
        let text = hidesInput ? String(repeating: "*", count: buffer.characters.count) : buffer.text
        screen.draw(prompt: prompt, text: text, cursor: buffer.cursor)
    }
}
