import CLIGrammar
import ConfigTree
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import NEDRuntime

/// Devices that refuse, hang up, fall silent or talk without end.
struct FailureTests {
    private func bench(_ react: @escaping @Sendable (String) -> FakeRouter.Reaction?) throws -> Bench {
        var habits = FakeRouter.Habits()
        habits.react = react
        return try Bench(habits)
    }

    private static let change = "hostname r1\ninterface eth0\n description one\n mtu 1500\n"

    @Test func refusalStopsTheRestAndNamesTheLine() throws {
        let bench = try bench {
            $0.hasPrefix("description") ? .say("              ^\n% Invalid input detected at '^' marker.\n\n") : nil
        }
        let session = try bench.connect()
        let commands = try bench.commands("", Self.change)
        let error = #expect(throws: NEDError.self) { try session.prepare(commands) }
        #expect(error?.code == .refused)
        #expect(error?.command == "description one")
        #expect(error?.message == "% Invalid input detected at '^' marker. (command: description one)")
        #expect(error?.phase == "PREPARE")
        #expect(error?.operatorText.hasPrefix("Network Element Driver: device ce0: % Invalid input") == true)
        #expect(!bench.router.lines.contains("mtu 1500"))
        #expect(bench.router.lines.last == "end")
        #expect(session.isUsable)
        #expect(session.dialogue.mode == .operational)
    }

    @Test func warningIsNoRefusal() throws {
        let bench = try bench { $0.hasPrefix("mtu") ? .say("% Warning: the interface will flap\n") : nil }
        try bench.connect().prepare(bench.commands("", Self.change))
    }

    @Test func warningDoesNotHideARefusal() throws {
        let bench = try bench { $0.hasPrefix("mtu") ? .say("% Warning: it may flap\n% Incomplete command.\n") : nil }
        #expect(bench.failure { try $0.prepare(bench.commands("", Self.change)) }?.code == .refused)
    }

    @Test func lockedConfigurationModeIsARefusal() throws {
        let bench = try bench { $0 == "configure terminal" ? .say("Configuration mode is locked by process 5\n") : nil }
        let error = try #require(bench.failure { try $0.prepare(bench.commands("", Self.change)) })
        #expect(error.code == .refused)
        #expect(error.phase == "INITIALIZE")
    }

    @Test func hangUpInTheMiddleEndsTheSession() throws {
        let bench = try bench { $0.hasPrefix("mtu") ? .hangUp : nil }
        let session = try bench.connect()
        let commands = try bench.commands("", Self.change)
        let error = #expect(throws: NEDError.self) { try session.prepare(commands) }
        #expect(error?.isConnectionFault == true)
        #expect(error?.isConnectFailure == false)
        #expect(error?.message.hasPrefix("PREPARE: ") == true)
        #expect(error?.message.contains("after 'mtu 1500'") == true)
        #expect(!session.isUsable)
    }

    @Test func silentDeviceIsGivenUpAndItsLastWordsTold() throws {
        var habits = FakeRouter.Habits()
        habits.react = { $0.hasPrefix("mtu") ? .ask("\u{1B}[31mThinking about Pa55word-1\u{1B}[0m\u{7} ...") : nil }
        let bench = try Bench(habits)
        bench.target.readTimeout = .seconds(3)
        let session = try bench.connect()
        let commands = try bench.commands("", Self.change)
        let error = #expect(throws: NEDError.self) { try session.prepare(commands) }
        #expect(error?.code == .silent)
        #expect(
            error?.message
                == "PREPARE: no prompt within 3 seconds after 'mtu 1500'; its last line: Thinking about ***** ...")
        #expect(!session.isUsable)
    }

    @Test func floodWithoutPromptIsBounded() throws {
        let bench = try bench { $0 == "show running-config" ? .flood : nil }
        bench.target.replyLimit = 1 << 20
        let session = try bench.connect()
        let error = #expect(throws: NEDError.self) { try session.show() }
        #expect(error?.code == .driver)
        #expect(error?.message.contains("more than 1048576 bytes without a prompt") == true)
        #expect((error?.message.count ?? 0) < 1_000)
        #expect(!session.isUsable)
    }

    @Test func deviceThatAsksForThePasswordAgainIsNotAnsweredTwice() throws {
        var habits = FakeRouter.Habits()
        habits.enablePassword = "another"
        habits.enableAttempts = 3
        let bench = try Bench(habits)
        let error = try #require(bench.failure())
        #expect(error.code == .authentication && error.isConnectFailure)
        let words = "did not accept the credentials of the authgroup and asked again after 'enable'"
        #expect(error.message.contains(words))
        #expect(bench.router.lines == ["enable", "Enable-77"])
        #expect(!"\(error)\(bench.trace.all)".contains("Enable-77"))
    }

    @Test func readOnlyDriverRefusesToWriteAndReads() throws {
        let bench = try Bench(config: ["hostname r1"], driver: Bench.driver(isReadOnly: true))
        let session = try bench.connect()
        #expect(try bench.tree("hostname r1\n").isSame(as: session.show().tree))
        let commands = try bench.commands("", "hostname r2\n")
        #expect(commands.map(\.text) == ["hostname r2"])
        let error = #expect(throws: NEDError.self) { try session.prepare(commands) }
        #expect(error?.code == .readOnly)
        #expect(error?.message.contains("is read-only") == true)
        #expect(error?.isConnectionFault == false)
        let change = ChangeSetMaker.between(try bench.tree("hostname r1\n"), try bench.tree("hostname r2\n"))
        #expect(throws: NEDError.self) { try session.revert(change) }
        #expect(!bench.router.lines.contains("configure terminal"))
    }
}
