import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// `ncs_cli` in real terminals.
    @Suite(.enabled(if: TmuxScreen.isThere, "tmux is not installed")) struct TerminalTests {
        private func use(_ name: String, _ work: (Lab) throws -> Void) throws {
            try Lab.use(name) { lab in
                try lab.shell("ncs-setup --dest .")
                try lab.startDaemon()
                try work(lab)
            }
        }

        // MARK: The daemon's end

        @Test func aDaemonThatStopsEndsItsSessionsInWords() throws {
            try use("terminal-stop") { lab in
                let (idle, editing) = (try TmuxScreen(lab, "idle"), try TmuxScreen(lab, "editing"))
                try idle.ready()
                try editing.ready()
                try editing.enter("config")
                try editing.enter("devices global-settings trace raw")
                try editing.wait(for: "admin@ncs(config)# \n".trimmingCharacters(in: .newlines))
                try lab.stopDaemon()
                for screen in [idle, editing] {
                    try screen.wait(for: "The system is going down.")
                    try screen.requireEnd(7)
                }
                #expect(try !editing.text().contains("Uncommitted changes"))
                try lab.startDaemon()
                #expect(try !lab.operate("show running-config devices global-settings").contains("raw"))
            }
        }

        @Test func aDaemonThatIsKilledIsTold() throws {
            try use("terminal-kill") { lab in
                let screen = try TmuxScreen(lab, "one")
                try screen.ready()
                try lab.killDaemon()
                try screen.wait(for: "ncs_cli: the daemon closed the connection; the session has ended")
                try screen.requireEnd(7)
            }
        }

        @Test func aScriptWhoseDaemonEndsFailsWithStatusSeven() throws {
            try use("terminal-script") { lab in
                let script = try lab.start("/bin/sh", ["-c", "(echo who; sleep 4; echo who) | ncs_cli -C -u admin"])
                try lab.wait(for: "the first answer") { script.output.contains("admin") }
                try lab.killDaemon()
                let outcome = script.wait(seconds: 120)
                #expect(outcome.status == 7, "\(outcome)")
                #expect(outcome.errors.contains("the daemon closed the connection"), "\(outcome)")
                let late = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: "who\n")
                #expect(late.status == 4, "\(late)")
                #expect(late.errors.contains("Failed to connect to server: connection refused"), "\(late)")
            }
        }

        @Test func aClientThatIsToldToEndGivesTheTerminalBack() throws {
            try use("terminal-term") { lab in
                let screen = try TmuxScreen(lab, "one")
                try screen.ready()
                try screen.signal(SIGTERM)
                try screen.requireEnd(143)
            }
        }

        // MARK: Keys and sizes

        @Test func theNewSizeOfAWindowCounts() throws {
            try use("terminal-size") { lab in
                let screen = try TmuxScreen(lab, "one", rows: 40)
                try screen.ready()
                try screen.enter("show cli")
                try screen.wait(for: "terminal")
                #expect(try !screen.text().contains("--More--"))
                try screen.resize(columns: 50, rows: 6)
                usleep(500_000)
                try screen.enter("show cli")
                try screen.wait(for: "--More--")
                try screen.type("q")
                try screen.enter("id")
                try screen.wait(for: "user = admin")
            }
        }

        @Test func theInterruptKeyEndsLongOutput() throws {
            try use("terminal-interrupt") { lab in
                let screen = try TmuxScreen(lab, "one")
                try screen.ready()
                for line in ["paginate false", "config", "devices device 1..20000 address 127.0.0.1", "top"] {
                    try screen.enter(line)
                }
                try screen.enter("show full-configuration devices device")
                try screen.wait(for: " address 127.0.0.1\n!")
                try screen.type("C-c")
                try screen.enter("do id")
                try screen.wait(for: "user = admin")
                #expect(try !screen.text().contains("devices device 9999"))
                try screen.enter("show full-configuration devices device 9999")
                try screen.wait(for: "devices device 9999\n")
            }
        }

        @Test func aPastedMegabyteIsRefusedAndTheSessionGoesOn() throws {
            try use("terminal-paste") { lab in
                let line = "config\nwho " + String(repeating: "x", count: 1 << 20) + "\n"
                let file = try lab.directory.write("line", line)
                let screen = try TmuxScreen(lab, "one")
                try screen.ready()
                try screen.paste(file)
                try screen.wait(for: "the line is too long for a command")
                try screen.enter("do id")
                try screen.wait(for: "user = admin")
                let script = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: line + "do id\n")
                #expect(script.output.contains("user = admin"), "\(script.output.suffix(300))")
            }
        }

        @Test func twoTerminalsWorkAtOnce() throws {
            try use("terminal-two") { lab in
                let (one, other) = (try TmuxScreen(lab, "one"), try TmuxScreen(lab, "other"))
                try one.ready()
                try other.ready()
                try other.enter("config")
                for line in ["config", "devices global-settings trace raw", "commit"] { try one.enter(line) }
                try one.wait(for: "Commit complete.")
                try other.enter("show full-configuration devices global-settings trace")
                try other.wait(for: "devices global-settings trace raw")
                try other.enter("do who")
                try other.wait(for: "Session")
                #expect(try other.text().occurrences(of: "127.0.0.1") >= 3)
                try one.enter("end")
                try one.enter("exit")
                try one.requireEnd(0)
                try other.enter("do id")
                try other.wait(for: "user = admin")
            }
        }

        // MARK: What is kept of commands

        private static let group = "devices authgroups group planted umap admin remote-name admin remote-password"
        private static let secrets = [
            "PlantedPrompt-6120", "PlantedScript-7733", "PlantedFile-4812", "PlantedSlip-9051",
        ]

        @Test func commandsAreInTheAuditLogAndSecretsAreNot() throws {
            try use("terminal-audit") { lab in
                let screen = try TmuxScreen(lab, "one", columns: 200)
                try screen.ready()
                try screen.enter("config")
                try screen.enter(Self.group)
                try screen.wait(for: "(<AES encrypted string>): ")
                try screen.enter(Self.secrets[0])
                try screen.wait(for: "): " + String(repeating: "*", count: Self.secrets[0].count))
                try screen.enter("show configuration")
                try screen.wait(for: "remote-password $")
                #expect(try !screen.text().contains(Self.secrets[0]))
                try typeTheOthers(lab)
                try screen.enter("commit")
                try screen.wait(for: "Commit complete.")
                try lab.stopDaemon()
                let audit = try lab.directory.text("run/logs/audit.log")
                try require(
                    audit, contains: "CLI 'config'", "CLI '\(Self.group)'", "CLI 'show configuration'", "CLI 'commit'",
                    "CLI '\(Self.group) ********'", "CLI '\(Self.group) ******** ********'",
                    "pasword ********'", "CLI done", "CLI aborted")
                for secret in Self.secrets {
                    #expect(try Search.files(in: lab.run, for: secret).isEmpty, "\(secret)")
                }
            }
        }

        /// Secrets in a script, in a file that is loaded, behind a pipe and after a mistyped name.
        private func typeTheOthers(_ lab: Lab) throws {
            let file = try lab.directory.write("secret.txt", "\(Self.group) \(Self.secrets[2])\n")
            let said = try lab.attempt(
                "ncs_cli", ["-n", "-C", "-u", "admin"],
                input: """
                    config
                    \(Self.group) "\(Self.secrets[1])"
                    load merge \(file)
                    show configuration
                    \(Self.group) a|\(Self.secrets[3])
                    \(Self.group.replacing("password", with: "pasword")) \(Self.secrets[3])
                    revert no-confirm
                    """)
            let shown = said.output.components(separatedBy: "show configuration").last ?? ""
            try require(shown, contains: "remote-password $")
            #expect(!shown.prefix { $0 != "#" }.contains("Planted"), "\(shown)")
        }
    }
}
