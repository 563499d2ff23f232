import Basics
import ConfigTree
import NETCONF
import Synchronization
import Testing

@testable import NEDRuntime

/// Requests that go out before the first of them is answered.
@Suite struct PipeliningTests {
    /// How many requests went out in a row, with nothing heard between.
    private final class BurstTrace: DeviceTrace {
        private let counts = Mutex<(bursts: [Int], isOpen: Bool)>(([], false))

        func phase(_ direction: TraceDirection, _ text: String) {}
        func hold() {}
        func release(_ configuration: DataTree?) {}

        func traffic(_ direction: TraceDirection, _ bytes: [UInt8]) {
            counts.withLock { counts in
                if direction == .fromDriver {
                    counts.isOpen = false
                } else if counts.isOpen {
                    counts.bursts[counts.bursts.count - 1] += 1
                } else {
                    counts.bursts.append(1)
                    counts.isOpen = true
                }
            }
        }

        /// Those since the last time.
        func take() -> [Int] {
            counts.withLock { counts in
                defer { counts.bursts = [] }
                return counts.bursts
            }
        }
    }

    private func change(_ bench: NETCONFBench, to content: String) throws -> NativeChange {
        let now = bench.device.running
        return bench.driver.change(from: now, to: try bench.tree(content))
    }

    private func commit(_ session: NETCONFDeviceSession, _ change: NativeChange) throws {
        try session.prepare(change)
        try session.commit()
        try session.persist()
    }

    @Test(arguments: [true, false]) func whatMayGoTogetherDoes(isOn: Bool) throws {
        let bench = try NETCONFBench { $0.startup = true }
        let trace = BurstTrace()
        var target = bench.target
        target.netconf.pipelines = isOn
        let session = try NETCONFDeviceSession.connect(target, bench.driver, trace: trace)
        _ = trace.take()
        try commit(session, try change(bench, to: "<name>one</name>"))
        let operations = [
            "lock", "lock", "discard-changes", "edit-config", "validate", "get-config", "commit", "get-config",
            "commit", "copy-config", "unlock", "unlock",
        ]
        #expect(bench.device.log == operations)
        #expect(trace.take() == (isOn ? [2, 4, 2, 1, 3] : operations.map { _ in 1 }))
        // From the second on there is nothing to look at any more.
        try commit(session, try change(bench, to: "<name>two</name>"))
        #expect(bench.device.log.count == operations.count * 2 - 2)
        #expect(trace.take() == (isOn ? [2, 3, 1, 1, 3] : [Int](repeating: 1, count: operations.count - 2)))
        #expect(bench.device.running.diff(to: try bench.tree("<name>two</name>")).isEmpty)
        #expect(try bench.device.startup()?.diff(to: bench.device.running).isEmpty == true)
    }

    /// What comes after a refusal does no harm, and the session goes on.
    @Test(arguments: ["discard-changes", "edit-config", "validate", "get-config"])
    func aRefusalAmongThemIsTheOneThatIsSaid(operation: String) throws {
        let bench = try NETCONFBench { _ in }
        let session = try bench.connect()
        bench.device.interfere(operation, .refuse("not today"))
        let change = try change(bench, to: "<name>n</name>")
        let fault = #expect(throws: NEDError.self) { try session.prepare(change) }
        #expect(fault?.code == .refused)
        #expect(fault?.message.contains("the device refuses \(operation): ") == true)
        #expect(fault?.message.contains("not today") == true)
        #expect(!bench.device.log.contains("commit"))
        #expect(bench.device.running.isEmpty)
        bench.device.interfere(operation, nil)
        // Nobody holds anything, and replies are still those to what was asked.
        let other = try bench.connect()
        try commit(other, change)
        #expect(try session.show().tree.diff(to: bench.tree("<name>n</name>")).isEmpty)
        try commit(session, try self.change(bench, to: "<name>m</name>"))
        #expect(bench.device.running.diff(to: try bench.tree("<name>m</name>")).isEmpty)
    }

    @Test func aChangeThatTheDeviceFindsInvalidIsNotCommitted() throws {
        let bench = try NETCONFBench { _ in }
        let session = try bench.connect()
        let fault = #expect(throws: NEDError.self) {
            try session.prepare(try change(bench, to: "<name>bad</name>"))
        }
        #expect(fault?.message.contains("refuses validate") == true)
        try commit(session, try change(bench, to: "<name>good</name>"))
        #expect(bench.device.running.diff(to: try bench.tree("<name>good</name>")).isEmpty)
    }

    /// The first of two locks is another's: the second is not kept from that one while it is waited for.
    @Test func ofTwoLocksNoneIsKeptWithoutTheFirst() throws {
        let bench = try NETCONFBench { _ in }
        let (session, other) = (try bench.connect(), try bench.connect())
        func lock(_ datastore: String, _ verb: String = "lock") throws {
            try other.dialogue.call(verb) { writer in
                try writer.start(verb)
                try writer.start("target")
                try writer.leaf(datastore, text: "")
                try writer.end()
                try writer.end()
            }
        }
        try lock("running")
        let fault = #expect(throws: NEDError.self) {
            try session.prepare(try change(bench, to: "<name>n</name>"))
        }
        #expect(fault?.message.contains("refuses lock") == true && fault?.message.contains("holds it") == true)
        #expect(bench.device.log.prefix(4) == ["lock", "lock", "lock", "unlock"])
        try lock("candidate")
        try lock("candidate", "unlock")
        try lock("running", "unlock")
        try commit(session, try change(bench, to: "<name>n</name>"))
    }

    /// The connection breaks between the replies: nothing is taken for the answer to something else.
    @Test func aConnectionThatBreaksAmongThemEndsTheSession() throws {
        let bench = try NETCONFBench { _ in }
        let session = try bench.connect()
        bench.device.interfere("validate", .hangUp)
        let fault = #expect(throws: NEDError.self) {
            try session.prepare(try change(bench, to: "<name>n</name>"))
        }
        #expect(fault?.isConnectionFault == true)
        #expect(!session.isUsable)
        #expect(bench.device.running.isEmpty)
    }
}
