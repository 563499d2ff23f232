import CLIGrammar
import ConfigTree
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import NEDRuntime

extension DataTree {
    func isSame(as other: DataTree) -> Bool { diff(to: other).isEmpty }
}

enum ChangeSetMaker {
    static func between(_ old: DataTree, _ new: DataTree) -> ChangeSet { ChangeSet(old.diff(to: new)) }
}

/// Phases of a change, taking it back, and the pooled session.
struct TransactionTests {
    private static let before = "hostname r1\ninterface eth0\n description one\n mtu 1500\ninterface eth9\n mtu 900\n"
    private static let after = "hostname r2\ninterface eth0\n description two\ninterface eth1\n mtu 9000\n"

    private static func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    @Test func phasesAreTracedInTheOrderOfTheIncumbent() throws {
        let bench = try Bench(config: ["hostname r1"])
        try bench.slot.withSession(bench.target, bench.driver, trace: bench.trace) { (session) throws(NEDError) in
            let id = try session.transactionID()
            try session.requireTransactionID(id)
            guard let commands = try? bench.commands("hostname r1\n", "hostname r2\n") else { return }
            try session.prepare(.commands(commands))
            try session.commit()
            try session.persist()
        }
        bench.slot.disconnect()
        #expect(
            bench.trace.phases == [
                ">> CLI CONNECT to ce0-127.0.0.1:\(bench.target.port) as admin", "<< CONNECTED N",
                ">> GET_TRANS_ID N:", "<< GET_TRANS_ID OK", ">> GET_TRANS_ID N:", "<< GET_TRANS_ID OK",
                ">> INITIALIZE N:", "<< INITIALIZE OK", ">> PREPARE N:\nhostname r2", "<< PREPARE OK",
                ">> COMMIT N: (Timeout 0)", "<< COMMIT OK", ">> PERSIST N:", "<< PERSIST OK",
                ">> CLOSE N: (Pool: true)", "<< CLOSED", ">> CLOSE N: (Pool: false)", "<< CLOSED",
            ])
        #expect(bench.router.state.withLock { $0.saves } == 1)
    }

    @Test func anotherConfigurationIsOutOfSync() throws {
        let error = try #require(try Bench(config: ["hostname r1"]).failure { try $0.requireTransactionID("0123") })
        #expect(error.operatorText == "Network Element Driver: device ce0: out of sync")
        #expect(!error.isConnectionFault)
    }

    @Test func takingBackBringsTheOldFromEveryPartOfTheChange() throws {
        let bench = try Bench()
        let (old, new) = (try bench.tree(Self.before), try bench.tree(Self.after))
        let commands = CLIDeviceSession.commands(bench.driver, from: old, to: new)
        #expect(commands.count > 5)
        let reverse = ChangeSetMaker.between(new, old)
        let forward = ChangeSetMaker.between(old, new)
        for count in 0...commands.count {
            for isUndone in [true, false] {
                let router = FakeRouter(config: Self.lines(Self.before))
                var section = ""
                for command in commands.prefix(count) { section = router.apply(command.text, section: section) }
                // Somebody else's change, which must survive.
                _ = router.apply("description by hand", section: router.apply("interface eth7", section: ""))
                bench.router.state.withLock { $0 = router.state.withLock { $0 } }
                let session = try bench.connect()
                for _ in 1...2 {
                    if isUndone { try session.revert(reverse) } else { try session.redo(forward) }
                    let expected = (isUndone ? Self.before : Self.after) + "interface eth7\n description by hand\n"
                    #expect(try session.show().tree.diff(to: bench.tree(expected)).isEmpty, "after \(count)")
                }
                session.close()
            }
        }
    }

    @Test func takingBackHalfAChangeIsAnAbort() throws {
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "mtu 9000" ? .say("% Incomplete command.\n") : nil }
        let bench = try Bench(habits, config: Self.lines(Self.before))
        let session = try bench.connect()
        let (old, new) = (try bench.tree(Self.before), try bench.tree(Self.after))
        #expect(throws: NEDError.self) {
            try session.prepare(CLIDeviceSession.commands(bench.driver, from: old, to: new))
        }
        try session.revert(ChangeSetMaker.between(new, old))
        #expect(bench.trace.phases.suffix(3) == ["<< ABORT OK", ">> GET_TRANS_ID N:", "<< GET_TRANS_ID OK"])
        #expect(try session.show().tree.diff(to: old).isEmpty)
        try session.revert(ChangeSetMaker.between(new, old))
        #expect(bench.trace.phases.suffix(2) == [">> REVERT N:", "<< REVERT OK"])
    }

    @Test func dryRunIsTraced() throws {
        let bench = try Bench()
        NativeChange.commands(try bench.commands("", "hostname r2\n")).traceDryRun(bench.trace)
        #expect(bench.trace.phases == [">> PREPARE DRY N:\nhostname r2", "<< PREPARE DRY OK"])
    }

    // MARK: Pool

    private func show(_ bench: Bench) throws(NEDError) -> DeviceReading {
        try bench.slot.withSession(bench.target, bench.driver, trace: bench.trace) { (session) throws(NEDError) in
            try session.show()
        }
    }

    private func connects(_ bench: Bench) -> Int {
        bench.trace.phases.filter { $0.hasPrefix(">> CLI CONNECT") }.count
    }

    @Test func sessionIsUsedAgain() throws {
        let bench = try Bench(config: ["hostname r1"])
        for _ in 1...3 { _ = try show(bench) }
        #expect(connects(bench) == 1)
        bench.slot.closeIdle(.zero)
        _ = try show(bench)
        #expect(connects(bench) == 2)
    }

    @Test func sessionThatDiedInThePoolIsReplacedUnseen() throws {
        let bench = try Bench(config: ["hostname r1"])
        let first = try show(bench)
        bench.router.hangUpAll()
        usleep(1_000_000)
        #expect(try show(bench).transactionID == first.transactionID)
        #expect(connects(bench) == 2)
    }

    @Test func sessionThatBrokeIsNotUsedAgain() throws {
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "show running-config" ? .silence : nil }
        let bench = try Bench(habits, config: ["hostname r1"])
        bench.target.readTimeout = .seconds(3)
        #expect(throws: NEDError.self) { try show(bench) }
        bench.router.habits.withLock { $0.react = { _ in nil } }
        _ = try show(bench)
        #expect(connects(bench) == 2)
    }

    @Test func otherCredentialsNeedAnotherSession() throws {
        let bench = try Bench(config: ["hostname r1"])
        _ = try show(bench)
        bench.target.password = "wrong-one"
        #expect(throws: NEDError.self) { try show(bench) }
    }

    @Test func eachOperationBringsItsOwnTrace() throws {
        let bench = try Bench(config: ["hostname r1"])
        _ = try show(bench)
        let second = RecordingTrace()
        try bench.slot.withSession(bench.target, bench.driver, trace: second) { (session) throws(NEDError) in
            _ = try session.show()
        }
        #expect(second.phases == [">> SHOW N:", "<< SHOW OK", ">> CLOSE N: (Pool: true)", "<< CLOSED"])
    }
}
