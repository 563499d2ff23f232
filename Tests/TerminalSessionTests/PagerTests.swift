import Testing

@testable import TerminalSession

struct PagerTests {
    private func show(_ count: Int, keys: [String], rows: Int = 5, isPaging: Bool = true, isInteractive: Bool = true)
        -> ScriptedTerminal
    {
        let terminal = ScriptedTerminal(keys, isInteractive: isInteractive, columns: 20, rows: rows)
        let pager = Pager(terminal, LineEditor(terminal), isPaging: isPaging)
        for number in 1...count where !pager.isFinished { pager.write("line \(number)\n") }
        pager.finish()
        return terminal
    }

    private func lines(_ terminal: ScriptedTerminal) -> [Substring] { terminal.screen().split(separator: "\n") }

    @Test func spaceTurnsThePageAndEnterTheLine() {
        #expect(lines(show(4, keys: [])).count == 4)
        #expect(lines(show(8, keys: [" "])).count == 8)
        #expect(lines(show(9, keys: ["\r", "\r", "q"])).last == "line 6")
    }

    @Test(arguments: ["q", "Q", "\u{03}"]) func quittingAbandonsTheRest(_ key: String) {
        let terminal = show(100, keys: [key])
        #expect(lines(terminal) == ["line 1", "line 2", "line 3", "line 4"])
    }

    @Test func endOfInputAbandonsTheRest() { #expect(lines(show(100, keys: [])).count == 4) }

    @Test func withoutPagingEverythingComes() {
        #expect(lines(show(100, keys: [], rows: 200, isPaging: false)).count == 100)
    }

    @Test func longLinesCountAsTheRowsTheyTake() {
        let terminal = ScriptedTerminal([], columns: 20, rows: 5)
        let pager = Pager(terminal, LineEditor(terminal), isPaging: true)
        for _ in 1...3 { pager.write(String(repeating: "x", count: 39) + "\n") }
        #expect(pager.isFinished)
        #expect(terminal.text.filter { $0 == "x" }.count == 78)
    }

    @Test func interruptStopsWhoeverWrites() {
        let terminal = ScriptedTerminal([], rows: 200)
        let pager = Pager(terminal, LineEditor(terminal), isPaging: false)
        pager.write("one\n")
        terminal.isInterrupted = true
        #expect(pager.isFinished)
        pager.write("two\n")
        #expect(!terminal.text.contains("two"))
    }

    @Test func aScriptGetsLinesAsTheyAre() {
        let terminal = show(100, keys: [], isInteractive: false)
        #expect(terminal.text.hasPrefix("line 1\nline 2\n"))
        #expect(terminal.text.count(where: { $0 == "\n" }) == 100)
    }
}
