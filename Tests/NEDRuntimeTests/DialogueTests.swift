import CLIGrammar
import ConfigTree
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

@testable import NEDRuntime

/// Commands and their answers, as routers of all habits give them.
struct DialogueTests {
    private static let config = [
        "hostname r1", "interface eth0", " description to-the-core", " mtu 1500", "interface eth1", " mtu 9000",
    ]

    private func reading(_ change: (inout FakeRouter.Habits) -> Void) throws -> DeviceReading {
        var habits = FakeRouter.Habits()
        change(&habits)
        return try Bench(habits, config: Self.config).connect().show()
    }

    @Test func habitsOfTheTerminalDoNotShowInWhatIsRead() throws {
        let plain = try reading { _ in }
        #expect(plain.skipped.isEmpty)
        let readings = [
            "no echo": try reading { $0.hasEcho = false },
            "pages": try reading {
                $0.pageLength = 3
                $0.understandsTerminalLength = false
            },
            "pages without echo": try reading {
                $0.pageLength = 1
                $0.understandsTerminalLength = false
                $0.hasEcho = false
            },
            "byte by byte": try reading { $0.pace = 200 },
            "line feeds alone": try reading { $0.lineEnd = "\n" },
            "carriage returns twice": try reading { $0.lineEnd = "\r\r\n" },
            "banner": try reading { $0.banner = "r1#\n" },
        ]
        for (habit, reading) in readings {
            #expect(reading.tree.isSame(as: plain.tree), "\(habit)")
            #expect(reading.transactionID == plain.transactionID, "\(habit)")
        }
    }

    @Test func pagesByteByByteAreReadToo() throws {
        let plain = try reading { _ in }
        let paged = try reading {
            $0.pageLength = 2
            $0.understandsTerminalLength = false
            $0.pace = 100
        }
        #expect(paged.transactionID == plain.transactionID)
    }

    @Test func logMessagesAreNoise() throws {
        let message = "*Mar  1 00:01:02.345: %SYS-5-CONFIG_I: Configured from console by admin on vty0\n"
        var habits = FakeRouter.Habits()
        habits.react = { line in
            switch line {
            case "interface eth0": .say(message)
            case "mtu 1400": .say("%LINK-3-UPDOWN: Interface eth0, changed state to up\nr1(config-if)#\n" + message)
            default: nil
            }
        }
        let bench = try Bench(habits, config: Self.config)
        let session = try bench.connect()
        try session.prepare(bench.commands("interface eth0\n mtu 1500\n", "interface eth0\n mtu 1400\n"))
        #expect(session.isUsable)
    }

    @Test func promptThatAMessageMadeTheRouterRepeatAnswersNothing() throws {
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "mtu 1400" ? .say("% Invalid input\n") : nil }
        let message = "\n*Mar  1 00:01:02.345: %LINK-3-UPDOWN: Interface eth0, changed state to up\n"
        habits.interruption = (UInt8(ascii: "m"), message)
        let bench = try Bench(habits, config: Self.config)
        let session = try bench.connect()
        let commands = try bench.commands("interface eth0\n mtu 1500\n", "interface eth0\n mtu 1400\n")
        let error = #expect(throws: NEDError.self) { try session.prepare(commands) }
        #expect(error?.command == "mtu 1400")
        #expect(session.isUsable)
        #expect(bench.router.habits.withLock { $0.interruption == nil })
    }

    @Test func logMessageBehindThePromptDoesNotHideIt() throws {
        var habits = FakeRouter.Habits()
        let message = "\n*Mar  1 00:01:02.345: %SYS-5-CONFIG_I: Configured from console by admin on vty0\n"
        // Said instead of the prompt's usual place: the prompt, then the message, then nothing.
        habits.react = { $0 == "terminal width 0" ? .ask("r1#" + message) : nil }
        let bench = try Bench(habits, config: Self.config)
        let session = try bench.connect()
        #expect(session.isUsable)
    }

    @Test func logMessagesInTheConfigurationDoNotChangeTheTransactionID() throws {
        let text = "hostname r1\ninterface eth0\n mtu 1500\nend\n"
        let noisy = "hostname r1\n%SYS-5-CONFIG_I: Configured from console\ninterface eth0\n mtu 1500\nend\n"
        var ids: [String] = []
        for shown in [text, noisy, "snmp-server unknown line\n" + text] {
            var habits = FakeRouter.Habits()
            habits.react = { $0 == "show running-config" ? .say(shown) : nil }
            ids.append(try Bench(habits).connect().transactionID())
        }
        #expect(ids[0] == ids[1])
        #expect(ids[0] != ids[2])
    }

    @Test func volatileLinesAreNeitherReadNorPartOfTheTransactionID() throws {
        var ids: Set<String> = []
        for minute in 1...2 {
            var habits = FakeRouter.Habits()
            habits.react = {
                $0 == "show running-config"
                    ? .say("! Last configuration change at 10:0\(minute)\nversion 15.\(minute)\nhostname r1\nend\n")
                    : nil
            }
            let session = try Bench(habits).connect()
            let reading = try session.show()
            #expect(reading.skipped.isEmpty)
            #expect(try session.transactionID() == reading.transactionID)
            ids.insert(reading.transactionID)
        }
        #expect(ids.count == 1)
    }

    /// What is known of a reading serves again if all is the same that it came from, and only then.
    @Test func knownReadingServesOnlyForTheSame() throws {
        let shown = Mutex("version 15.1\nhostname r1\nend\n")
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "show running-config" ? .say(shown.withLock(\.self)) : nil }
        let bench = try Bench(habits)
        let session = try CLIDeviceSession.connect(bench.target, bench.driver, trace: NoTrace())
        let first = try session.reading()
        let known = KnownReading(mark: try #require(first.mark), tree: try bench.tree("hostname kept\n"))
        func again() throws -> DeviceReading { try session.reading(knowing: known) }
        #expect(try again().isKnown)
        #expect(try again().tree.isSame(as: known.tree))
        #expect(try again().transactionID == first.transactionID)
        shown.withLock { $0 = "version 15.2\nhostname r1\nend\n" }
        #expect(try again().isKnown, "a volatile line")
        for text in ["version 15.1\nhostname r2\nend\n", "version 15.1\nhostname r1\n!\nend\n", "hostname r1\nend\n"] {
            shown.withLock { $0 = text }
            #expect(try !again().isKnown, "\(text)")
        }
        shown.withLock { $0 = "version 15.1\nhostname r1\nend\n" }
        session.rewrites = DeviceRewrites([.value(path: "/m:hostname", shown: "r1", sent: "R1")])
        #expect(try !again().isKnown, "other rewrites")
        session.rewrites = DeviceRewrites()
        #expect(try again().isKnown)
        session.trace = bench.trace
        #expect(try !again().isKnown, "a trace has to know the secrets")
        var target = bench.target
        target.parseMode = .strict
        let other = try CLIDeviceSession.connect(target, bench.driver, trace: NoTrace())
        #expect(try !other.reading(knowing: known).isKnown, "read otherwise")
        let same = try CLIDeviceSession.connect(bench.target, try Bench.driver(), trace: NoTrace())
        #expect(try !same.reading(knowing: known).isKnown, "another driver")
    }

    @Test func refusedShowIsNoEmptyConfiguration() throws {
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "show running-config" ? .say("% Authorization failed\n") : nil }
        let error = try #require(try Bench(habits).failure { _ = try $0.show() })
        #expect(error.code == .refused)
        #expect(error.message == "% Authorization failed (command: show running-config)")
    }

    @Test func newHostNameMeansANewPrompt() throws {
        let bench = try Bench(config: ["hostname r1"])
        let session = try bench.connect()
        try session.prepare(
            bench.commands("hostname r1\n", "hostname edge-router-7\ninterface eth0\n mtu 1500\n"))
        #expect(bench.router.text == ["hostname edge-router-7", "interface eth0", " mtu 1500", "!"])
        #expect(try bench.tree("hostname edge-router-7\ninterface eth0\n mtu 1500\n").isSame(as: session.show().tree))
    }

    @Test func confirmationsAreAnswered() throws {
        for (question, answer) in [
            ("Proceed? [confirm]", "y"), ("Destination filename [startup-config]? ", ""),
            ("Continue? [yes/no]: ", "yes"),
        ] {
            var habits = FakeRouter.Habits()
            habits.react = { $0 == "write memory" ? .ask(question) : nil }
            let bench = try Bench(habits)
            let session = try bench.connect()
            // One key is not followed by the return key: then the router waits on.
            if answer == "y" {
                bench.target.readTimeout = .seconds(3)
                let short = try bench.connect()
                #expect(throws: NEDError.self) { try short.persist() }
                continue
            }
            try session.persist()
            #expect(bench.router.lines.last == answer)
        }
    }

    @Test func emptyAnswerIsTheReturnKey() throws {
        let yaml = """
            prompts: { operational: '[a-z0-9]+#', configuration: '[a-z0-9]+\\(config[^)]*\\)#' }
            confirmations: [ { expect: '.*\\[confirm\\]', send: '' } ]
            commands: { save: write memory }
            """
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "write memory" ? .ask("Overwrite? [confirm]") : nil }
        let bench = try Bench(habits, driver: Bench.driver(yaml: yaml))
        try bench.connect().persist()
        #expect(bench.router.lines.suffix(2) == ["write memory", ""])
    }

    @Test func bannerGoesOutAsAWhole() throws {
        let bench = try Bench()
        let session = try bench.connect()
        let text = "banner ^\nAuthorised users only\n% all others keep out\nr1#\nPassword: \n\nend of text^"
        let lines = try session.dialogue.run("configure terminal") + session.dialogue.run(text)
        #expect(lines.filter { $0.hasPrefix("%") }.isEmpty)
        #expect(session.dialogue.mode == .configuration)
        #expect(bench.router.text.first == "banner " + text.replacingOccurrences(of: "\n", with: "|"))
        try session.dialogue.execute("hostname r9")
        #expect(bench.router.text.last == "hostname r9")
    }

    @Test func linesThatArriveBetweenCommandsBelongToNone() throws {
        let bench = try Bench(config: Self.config)
        let session = try bench.connect()
        let before = try session.transactionID()
        for shell in bench.router.shells.withLock({ $0 }) {
            _ = shell.send("\r\nStray words of another terminal\r\nr1#")
        }
        usleep(100_000)
        #expect(try session.transactionID() == before)
    }
}
