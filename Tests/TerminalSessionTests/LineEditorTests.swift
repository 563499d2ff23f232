import Testing

@testable import TerminalSession

struct LineEditorTests {
    private func lines(_ input: String..., columns: Int = 80) -> (lines: [LineEditor.Result], screen: String) {
        let terminal = ScriptedTerminal(input, columns: columns)
        let editor = LineEditor(terminal)
        var results: [LineEditor.Result] = []
        while true {
            let result = editor.readLine(prompt: "> ")
            results.append(result)
            if result == .end { return (results, terminal.screen()) }
        }
    }

    @Test(arguments: [
        ("show\r", "show"), ("shw\u{1B}[Do\r", "show"), ("how\u{01}s\r", "show"), ("shoo\u{7F}w\r", "show"),
        ("xshow\u{01}\u{04}\r", "show"), ("show all\u{17}me\r", "show me"), ("a b\u{01}\u{0B}c\r", "c"),
        ("show\u{15}who\r", "who"), ("a b\u{1B}bx\r", "a xb"), ("a b\u{01}\u{1B}fx\r", "ax b"),
        ("hsow\u{01}\u{06}\u{14}\r", "show"), ("word\u{17}a \u{19}\r", "a word"),
        ("a\u{1B}[3~b\u{1B}[Hx\u{1B}[Fy\r", "xaby"),
        ("caf\u{E9}\u{7F}e\r", "cafe"), ("\"?\"\r", "\"?\""),
    ])
    func keysEditTheLine(_ typed: String, _ expected: String) {
        #expect(lines(typed).lines.first == .line(expected))
    }

    @Test func historyGivesEarlierLinesAndTheDraftBack() {
        #expect(lines("one\rtwo\r\u{1B}[A\u{1B}[A\r").lines.dropFirst(2).first == .line("one"))
        #expect(lines("one\rdraft\u{1B}[A\u{1B}[B!\r").lines.dropFirst().first == .line("draft!"))
        #expect(lines("one\rtwo\r\u{0E}\u{10}\r").lines.dropFirst(2).first == .line("two"))
    }

    @Test func equalAndEmptyLinesAreRememberedOnce() {
        let terminal = ScriptedTerminal(["a\ra\r  \rb\r"])
        let editor = LineEditor(terminal)
        while editor.readLine(prompt: "") != .end {}
        #expect(editor.historyLines == ["a", "b"])
    }

    @Test func controlCGivesTheLineUpAndControlDEndsAnEmptyOne() {
        #expect(lines("abc\u{03}who\r\u{04}").lines == [.interrupted, .line("who"), .end])
        #expect(lines("abc\u{04}d\r").lines.first == .line("abcd"))
    }

    @Test func sequencesCutByTheNetworkAreJoined() {
        #expect(lines("shw\u{1B}", "[", "Do\r").lines.first == .line("show"))
        let terminal = ScriptedTerminal(bytes: [[0x63, 0xC3], [0xA9, 0x0D]])
        #expect(LineEditor(terminal).readLine(prompt: "") == .line("c\u{E9}"))
    }

    @Test func twoPastedLinesAreTwoLines() {
        #expect(lines("one\rtwo\r").lines == [.line("one"), .line("two"), .end])
        #expect(lines("one\r\ntwo\n").lines == [.line("one"), .line("two"), .end])
    }

    @Test(arguments: [10, 11, 12, 13, 20, 80]) func screenShowsTheLineHoweverItWraps(_ columns: Int) {
        let text = "abcdefghijklmnopqrstuvwxyz"
        let screen = lines(text + "\u{01}\u{06}X\u{05}Y\r", columns: columns).screen
        let shown = "> aXbcdefghijklmnopqrstuvwxyzY"
        let rows = stride(from: 0, to: shown.count, by: columns).map { start in
            String(shown.dropFirst(start).prefix(columns))
        }
        #expect(screen.split(separator: "\n").map(String.init) == rows + [">"])
    }

    @Test func completionIsInsertedAndListed() {
        let terminal = ScriptedTerminal(["sh\trun?\r"])
        let editor = LineEditor(terminal)
        var asked: [String] = []
        let result = editor.readLine(prompt: "> ") { text, isHelp in
            asked.append("\(text) \(isHelp)")
            return isHelp
                ? CompletionAnswer(listing: "Possible completions:\n  x\n") : CompletionAnswer(insertion: "ow ")
        }
        #expect(result == .line("show run"))
        #expect(asked == ["sh false", "show run true"])
        #expect(terminal.screen() == "> show run\nPossible completions:\n  x\n> show run\n")
    }

    @Test func hiddenInputDoesNotReachTheScreen() {
        let terminal = ScriptedTerminal(["sec?ret\r"])
        #expect(LineEditor(terminal).readLine(prompt: "Password: ", hidesInput: true) == .line("sec?ret"))
        #expect(!terminal.text.contains("ret"))
    }

    @Test func messageGoesAboveTheLineBeingEdited() {
        let terminal = ScriptedTerminal(["show", "\r"])
        let editor = LineEditor(terminal)
        terminal.onRead = { count in
            if count == 2 { editor.screen.interject("*** ALARM x: y\n") }
        }
        #expect(editor.readLine(prompt: "> ") == .line("show"))
        #expect(terminal.screen() == "*** ALARM x: y\n> show\n")
    }

    @Test func scriptLinesComeAsTheyAre() {
        let terminal = ScriptedTerminal(["one\r\n\ttwo", " \u{1B}x\nlast"], isInteractive: false)
        let editor = LineEditor(terminal)
        var found: [LineEditor.Result] = []
        while true {
            let result = editor.readLine(prompt: "> ")
            found.append(result)
            if result == .end { break }
        }
        #expect(found == [.line("one"), .line("\ttwo \u{1B}x"), .line("last"), .end])
        #expect(terminal.text.isEmpty)
    }
}
