import ControlProtocol
import Synchronization
import Testing

@testable import OperatorCLI

/// What the audit log gets to see of typed lines.
struct CommandMaskTests {
    /// The commands as the audit log gets them.
    private func typed(_ script: String, in lab: Lab = Lab()) -> [String] {
        _ = lab.run(script + "\n")
        return lab.session.state.withLock(\.records).compactMap { if case .typed(let text) = $0 { text } else { nil } }
    }

    private func configured(_ line: String) -> String { typed("config\n" + line)[1] }

    @Test func everyCommandIsToldWithItsEnd() {
        let lab = Lab()
        _ = lab.run("who\n! nothing\n\nnonsense\nconfig\nsystem contact \"x y\"\nsystem contact\n")
        #expect(
            lab.session.state.withLock(\.records) == [
                .typed("who"), .done, .typed("nonsense"), .aborted, .typed("config"), .done,
                .typed("system contact \"x y\""), .done, .typed("system contact"), .aborted,
            ])
    }

    @Test(arguments: [
        ("devices device ce0 password hunter2", "devices device ce0 password ********"),
        ("  devices  device ce0 password   hunter2  ", "  devices  device ce0 password   ********"),
        ("dev dev ce0 pass hunter2", "dev dev ce0 pass ********"),
        (#"devices device ce0 password "hunter2 or \"3\"""#, "devices device ce0 password ********"),
        (#"devices device ce0 password hunter2\ too"#, "devices device ce0 password ********"),
        ("devices device ce0..2 password hunter2", "devices device ce0..2 password ********"),
        ("devices device * password hunter2", "devices device * password ********"),
        ("devices device ce0 password hunter2 port 22", "devices device ce0 password ******** port 22"),
        ("devices device hunter2 password hunter2", "devices device hunter2 password ********"),
        ("devices device ce0 password password", "devices device ce0 password ********"),
        ("no devices device ce0 password hunter2", "no devices device ce0 password ********"),
        (
            "devices device ce0 port 22 password hunter2 config username bob password 7 hunter3",
            "devices device ce0 port 22 password ******** config username bob password 7 ********"
        ),
        (
            "devices device ce0 config username hunter2 password hunter2",
            "devices device ce0 config username hunter2 password ********"
        ),
        ("devices device ce0 config community [ hunter2 hunter3 ]", "devices device ce0 config community ********"),
        ("devices device ce0 config shared hunter2 hunter3 4", "devices device ce0 config shared ********"),
        ("top devices device ce0 password hunter2", "top devices device ce0 password ********"),
        ("do devices device ce0 log-in name bob pass hunter2", "do devices device ce0 log-in name bob pass ********"),
    ])
    func secretsAreMaskedWhereTheyStand(_ line: String, _ expected: String) {
        #expect(configured(line) == expected)
    }

    @Test(arguments: [
        ("devices device ce0 password a|hunter2", "devices device ce0 password ******** ********"),
        ("devices device ce0 password a ! hunter2", "devices device ce0 password ******** ********"),
        ("devices device ce0 password !hunter2", "devices device ce0 password ********"),
        ("devices device ce0 password |hunter2", "devices device ce0 password ********"),
        ("devices device ce0 password hunter2 hunter3", "devices device ce0 password ********"),
        ("devices device ce0 pasword hunter2 hunter3", "devices device ce0 pasword ********"),
        (
            "devices device new config snmp-server community hunter2",
            "devices device new config snmp-server community ********"
        ),
        ("devices device ce0 config crypto key hunter2", "devices device ce0 config crypto key ********"),
        (
            "devices device ce0 config username bob password 3 hunter2",
            "devices device ce0 config username bob password ********"
        ),
        ("nonsense secret \"hunter2", "nonsense secret ********"),
        ("system contact x | password hunter2", "system contact x | password ********"),
        ("password hunter2", "password ********"),
    ])
    func whatCannotBeReadIsCutAfterTheNameOfASecret(_ line: String, _ expected: String) {
        #expect(configured(line) == expected)
    }

    @Test(arguments: [
        "devices device ce0 port 22", "system contact password", "show full-configuration | include password",
        "devices device ce0 nonsense 17", "commit label \"new passwords\"", "exit",
    ])
    func otherLinesStayAsTheyAre(_ line: String) {
        #expect(configured(line) == line)
    }

    @Test func modesAndOperationalModeAreMaskedToo() {
        #expect(
            typed("config\ndevices device ce0\npassword hunter2\nconfig\nshared hunter2 x")[2] == "password ********")
        #expect(typed("devices device ce0 log-in pass hunter2") == ["devices device ce0 log-in pass ********"])
        #expect(typed("devices device ce0 password hunter2") == ["devices device ce0 password ********"])
    }

    @Test func aLineAfterOneThatLackedItsSecretIsTakenForIt() {
        #expect(
            typed("config\ndevices device ce0 password\nhunter2 is it\nhunter2")[1...] == [
                "devices device ce0 password", "********", "hunter2",
            ])
    }

    @Test func filesThatAreReadAreMaskedAndTheHistoryIs() {
        var files = Lab.files
        files["/home/admin/secrets"] = "config\ndevices device ce0 password hunter2\n"
        files["/home/admin/bad-secret"] = "devices device ce0\n password hunter2 hunter3\n"
        let lab = Lab(files: files)
        let output = lab.run("source secrets\nconfig\nload merge bad-secret\nshow history\n").output
        #expect(!output.contains("hunter2"), "\(output)")
        #expect(!lab.session.state.withLock { "\($0.records)" }.contains("hunter"))
    }

    @Test func aSecretTypedAtItsPromptIsToldToNobody() {
        let lab = Lab()
        let keys = "config\rdevices device ce0 config shared\rhunter2\rshow configuration\r"
        let terminal = FakeTerminal([keys], isInteractive: true)
        _ = lab.make(terminal, .terminal).run()
        #expect(!terminal.text.contains("hunter2"))
        #expect(!lab.session.state.withLock { "\($0.records)" }.contains("hunter2"))
    }

    @Test func aSecretIsAskedForWithAsterisksForItsLetters() {
        let terminal = FakeTerminal(["config\rdevices device ce0 password\rhunter2\rexit\rno\r"], isInteractive: true)
        _ = Lab().make(terminal, .terminal).run()
        #expect(terminal.text.contains("(<AES encrypted string>): *******"))
        #expect(!terminal.text.contains("hunter2"))
    }

    @Test func scriptsAreNotAsked() {
        let output = Lab().run("config\ndevices device ce0 password\n").output
        #expect(output.contains("incomplete command"))
        #expect(!output.contains("(<AES"))
    }

    // MARK: Random lines

    private static let words = [
        "devices", "device", "ce0", "ce0..2", "*", "port", "22", "no", "top", "config", "interface", "eth0",
        "\"", "\\", "username", "bob", "0", "system", "contact", "log-in", "include", "{", "a=b", "é",
    ]

    /// A marker that stands after `password`, or after a value of a secret, never gets through.
    @Test(arguments: 1...20) func noMarkerGetsThrough(_ seed: UInt64) {
        var state = seed
        func roll(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        var script = "config\n"
        for _ in 0..<60 {
            var line = roll(2) == 0 ? ["devices", "device", "ce\(roll(3))"] : []
            for _ in 0..<roll(4) { line.append(Self.words[roll(Self.words.count)]) }
            line += [["password", "pass", "passwrod", "password 7"][roll(4)]]
            line += [["MARK", "\"MARK\"", "\"a MARK", "a|MARK", "\\ MARK", "!MARK", "MARK MARK"][roll(7)]]
            for _ in 0..<roll(3) { line.append(Self.words[roll(Self.words.count)]) }
            script += line.joined(separator: " ") + "\n"
        }
        let records = typed(script)
        let known = records.filter { $0.contains("MARK") && !$0.hasPrefix("no contact") }
        #expect(known.isEmpty, "seed \(seed): \(known)")
    }
}
