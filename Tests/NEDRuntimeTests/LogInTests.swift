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
