import TerminalSession
import Testing

@testable import OperatorCLI

/// Whatever is typed, a session answers and goes on.
struct HostileInputTests {
    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static let words = [
        "config", "devices", "device", "ce0", "ce0..2", "*", "port", "22", "no", "show", "running-config", "|",
        "include",
        "count", "display", "xml", "json", "keypath", "commit", "dry-run", "outformat", "native", "top", "exit", "do",
        "sync-from", "packages", "package", "oper-status", "system", "server", "[", "a", "]", "\"", "\"x y\"", "\\",
        "!",
        "full-configuration", "configuration", "diff", "interface", "eth0", "mtu", "70000", "revert", "no-confirm",
        "load", "merge", "add.txt", "add.xml", "bad.txt", "save", "best-effort", "end", "until", "-c", "é", "\u{1}",
        "(",
    ]

    @Test(arguments: 1...30) func randomScriptsAreAnsweredToTheEnd(_ seed: UInt64) {
        var dice = Dice(state: seed)
        var script = ""
        for _ in 0..<80 {
            let count = Int.random(in: 1...7, using: &dice)
            let words = (0..<count).map { _ in Self.words.randomElement(using: &dice)! }.filter { $0 != "exit" }
            script += words.joined(separator: " ") + "\n"
        }
        let terminal = FakeTerminal([script + "\nshow history 1\nend\nexit\n"])
        let status = Lab().make(terminal, .script(echoes: true)).run()
        #expect(status == 0, "seed \(seed)")
        #expect(terminal.text.contains("show history 1\n"), "seed \(seed)")
    }

    @Test(arguments: 1...30) func randomKeysAreAnsweredToTheEnd(_ seed: UInt64) {
        var dice = Dice(state: seed &+ 1_000)
        let keys = [
            "\t", "?", " ", "\u{7F}", "\u{1B}[A", "\u{1B}[D", "\u{15}", "\r", "\u{01}", "\u{17}", "q", "\u{03}",
        ]
        var typed = seed % 2 == 0 ? "config\r" : ""
        for _ in 0..<150 {
            let isWord = Bool.random(using: &dice)
            typed += isWord ? Self.words.randomElement(using: &dice)! + " " : keys.randomElement(using: &dice)!
        }
        let terminal = FakeTerminal([typed], isInteractive: true, columns: 40, rows: 10)
        #expect(Lab().make(terminal, .terminal).run() == 0, "seed \(seed)")
    }

    @Test func aLongScriptTakesTimeInProportion() {
        let script = String(repeating: "! a comment that nobody reads\n", count: 100_000) + "id\n"
        let clock = ContinuousClock()
        let time = clock.measure { #expect(Lab().run(script).output == "user = admin, groups=wheel\n") }
        #expect(time < .seconds(20))
    }
}
