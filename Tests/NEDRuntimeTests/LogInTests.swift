import CLIGrammar
import ConfigTree
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

@testable import NEDRuntime

/// From the connection to the first prompt.
struct LogInTests {
    @Test func enablesWithTheSecondaryPassword() throws {
        var habits = FakeRouter.Habits()
        habits.enablePassword = "Enable-77"
        let bench = try Bench(habits)
        let session = try bench.connect()
        #expect(session.isUsable)
        #expect(bench.router.lines.prefix(2) == ["enable", "Enable-77"])
        #expect(!bench.trace.all.contains("Enable-77"))
    }

    @Test func wrongSecondaryPasswordIsToldWithoutShowingIt() throws {
        var habits = FakeRouter.Habits()
        habits.enablePassword = "another"
        let bench = try Bench(habits)
        let error = try #require(bench.failure())
        #expect(error.code == .authentication)
        #expect(error.isConnectFailure)
        #expect(error.message.contains("privileged mode"))
        #expect(!"\(error)\(bench.trace.all)".contains("Enable-77"))
    }

    @Test func wrongPasswordFailsToConnectWithoutShowingIt() throws {
        let bench = try Bench()
        bench.target.password = "not-the-one"
        let error = try #require(bench.failure())
        #expect(error.code == .authentication)
        #expect(error.operatorText.hasPrefix("Failed to connect to device ce0: authentication failed for user admin"))
        #expect(!"\(error)\(bench.trace.all)".contains("not-the-one"))
    }

    @Test func unknownHostKeyIsRefusedBeforeThePasswordGoesOut() throws {
        let bench = try Bench()
        bench.target.hostKeys = .rejectUnknown([])
        #expect(bench.failure()?.code == .hostKey)
        #expect(bench.router.logins.withLock { $0 } == 0)
    }

    @Test func changedHostKeyIsRefusedBeforeThePasswordGoesOut() throws {
        let bench = try Bench()
        bench.target.hostKeys = .rejectMismatch([try SSHPrivateKey.generate().publicKey])
        let error = try #require(bench.failure())
        #expect(error.code == .hostKey)
        #expect(error.operatorText.hasPrefix("Failed to connect to device ce0: "))
        #expect(bench.router.logins.withLock { $0 } == 0)
    }

    @Test func refusedConnectionHasTheWordsOfTheIncumbent() throws {
        let bench = try Bench()
        bench.stopServer()
        let error = try #require(bench.failure())
        #expect(error.code == .connectionRefused)
        #expect(error.operatorText == "Failed to connect to device ce0: connection refused: Connection refused")
        #expect(
            bench.trace.phases == [
                ">> CLI CONNECT to ce0-127.0.0.1:\(bench.target.port) as admin",
                "<< CONNECT ERROR: CONNECT_CONNECTION_REFUSED connection refused: Connection refused",
            ])
    }

    @Test func deviceThatAcceptsAndSaysNothingIsGivenUp() throws {
        let bench = try Bench()
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        let port = try FreePorts.block(1)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(bound == 0 && listen(listener, 1) == 0)
        bench.target.port = UInt16(port)
        bench.target.connectTimeout = .milliseconds(500)
        let error = try #require(bench.failure())
        #expect(error.code == .timeout && error.isConnectFailure)
    }

    @Test func bannerWithLinesLikePromptsIsNoPrompt() throws {
        for pace in [nil, useconds_t(500)] {
            var habits = FakeRouter.Habits()
            habits.banner = "Welcome\nr1#\nrouter(config)#\nkeep out>\nr1# property of nobody\n"
            habits.pace = pace
            let bench = try Bench(habits, config: ["hostname r1"])
            let session = try bench.connect()
            #expect(try bench.tree("hostname r1\n").isSame(as: session.show().tree))
            #expect(try session.show().skipped.map(\.text) == [])
        }
    }

    /// The set-up is typed to the first line that looks like a prompt; the banner goes on after it.
    @Test(arguments: ["r9#\nhello\n", "r1#\nhello\n", "r1#"])
    func bannerThatPausesAtALineLikeAPromptIsNoPrompt(banner: String) throws {
        var habits = FakeRouter.Habits()
        habits.banner = banner
        // Where the prompt follows on the same line, it must be seen that there was a pause.
        habits.pace = banner.hasSuffix("\n") ? 15_000 : 60_000
        let bench = try Bench(habits, config: ["hostname r1"])
        let session = try bench.connect()
        bench.router.habits.withLock { $0.pace = nil }
        #expect(session.dialogue.promptHost == "r1")
        #expect(Set(bench.router.lines) == ["terminal length 0", "terminal width 0"])
        let reading = try session.show()
        #expect(try bench.tree("hostname r1\n").isSame(as: reading.tree))
        #expect(reading.skipped.isEmpty)
    }

    /// The prompt comes along with the banner, on its last line: an empty line brings it again.
    @Test(arguments: ["r1#", "Keep out! "])
    func bannerWithoutLineEndHidesThePrompt(banner: String) throws {
        var habits = FakeRouter.Habits()
        habits.banner = banner
        let bench = try Bench(habits, config: ["hostname r1"])
        let session = try bench.connect()
        #expect(session.dialogue.promptHost == "r1")
        #expect(bench.router.lines.first == "")
        #expect(try bench.tree("hostname r1\n").isSame(as: session.show().tree))
    }

    @Test func deviceMayRefuseTheSetUpOrNotEcho() throws {
        for hasEcho in [true, false] {
            var habits = FakeRouter.Habits()
            habits.hasEcho = hasEcho
            habits.react = { $0.hasPrefix("terminal") ? .say("   ^\n% Invalid input\n\n") : nil }
            let bench = try Bench(habits, config: ["hostname r1"])
            let session = try bench.connect()
            #expect(try bench.tree("hostname r1\n").isSame(as: session.show().tree))
        }
    }

    @Test func setUpIsTypedOnceToAKnownPrompt() throws {
        let bench = try Bench(config: ["hostname r1"])
        for count in 1...2 {
            try bench.slot.withSession(bench.target, bench.driver, trace: NoTrace()) { (session) throws(NEDError) in
                _ = try session.show()
            }
            bench.slot.disconnect()
            #expect(bench.router.lines.count { $0 == "terminal length 0" } == count)
        }
    }

    @Test func deviceThatHangsUpAtOnceIsTold() throws {
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "terminal length 0" ? .hangUp : nil }
        let error = try #require(try Bench(habits).failure())
        #expect(error.isConnectFailure && error.isConnectionFault)
        #expect(error.message.contains("closed the connection"))
    }

    @Test func driverWithoutProgramSaysWhyItCannotConnect() throws {
        let model = try Bench.driver().model
        let driver = Driver(nedID: "m:x", package: "x", model: model, kind: .modelOnly(reason: "of another kind"))
        let error = try #require(try Bench(driver: driver).failure())
        #expect(error.code == .readOnly)
        #expect(error.message == "ned-id x has no driver that can connect: of another kind")
    }
}
