import ConfigTree
import NETCONF
import Synchronization
import Testing

@testable import NEDRuntime

/// The phases over NETCONF, by the class of the device.
struct NETCONFDriverTests {
    /// What a test's device can do.
    enum Class: CaseIterable {
        case confirmed, candidate, running, startup, base10

        func apply(_ profile: inout ServerProfile) {
            switch self {
            case .confirmed: profile.writableRunning = false
            case .candidate: profile.confirmedCommit = false
            case .running:
                profile.candidate = false
                profile.validate = false
            case .startup:
                profile.candidate = false
                profile.startup = true
            case .base10: profile.base11 = false
            }
        }
    }

    @Test(arguments: Class.allCases)
    func changeIsMadeKeptTakenBackAndMadeAgain(kind: Class) throws {
        let bench = try NETCONFBench(kind.apply)
        let old = try bench.tree("")
        let new = try bench.tree("<name>n</name><tag>b</tag><tag>a</tag><item><id>x</id><note>1</note></item>")
        let session = try bench.connect()
        let before = try session.transactionID()
        try session.prepare(bench.driver.change(from: old, to: new))
        try session.commit()
        try session.persist()
        #expect(bench.device.running.diff(to: new).isEmpty)
        #expect(try session.show().tree.diff(to: new).isEmpty)
        #expect(try session.transactionID() != before)
        if kind == .startup { #expect(bench.device.state.withLock { $0.startup }?.diff(to: new).isEmpty == true) }
        let (forward, reverse) = (ChangeSet(old.diff(to: new)), ChangeSet(new.diff(to: old)))
        // Another session knows nothing of the first, which holds no lock any more.
        let other = try bench.connect()
        try other.revert(reverse)
        #expect(bench.device.running.isEmpty)
        try other.revert(reverse)
        try other.redo(forward)
        try other.redo(forward)
        try other.persist()
        #expect(bench.device.running.diff(to: new).isEmpty)
        try session.requireTransactionID(try other.transactionID())
        session.close()
        other.close()
        #expect(!session.isUsable)
    }

    @Test(arguments: [Class.confirmed, .candidate, .running])
    func abortLeavesNothing(kind: Class) throws {
        let bench = try NETCONFBench(kind.apply)
        let (old, new) = (try bench.tree(""), try bench.tree("<name>n</name>"))
        let reverse = ChangeSet(new.diff(to: old))
        let session = try bench.connect()
        try session.prepare(bench.driver.change(from: old, to: new))
        try session.revert(reverse)
        #expect(bench.device.running.isEmpty)
        try session.prepare(bench.driver.change(from: old, to: new))
        try session.commit()
        #expect(!bench.device.running.isEmpty)
        try session.revert(reverse)
        #expect(bench.device.running.isEmpty)
        #expect(bench.device.log.contains("cancel-commit") == (kind == .confirmed))
    }

    @Test func waitingCommitIsDecidedByALaterSession() throws {
        let bench = try NETCONFBench(Class.confirmed.apply)
        let (old, new) = (try bench.tree(""), try bench.tree("<name>n</name>"))
        for keeps in [false, true] {
            let first = try bench.connect()
            try first.prepare(bench.driver.change(from: old, to: new))
            try first.commit()
            first.close()
            let second = try bench.connect()
            if keeps {
                try second.persist()
                #expect(throws: NEDError.self) { try bench.connect().persist() }
                #expect(bench.device.running.diff(to: new).isEmpty)
            } else {
                try second.revert(ChangeSet(new.diff(to: old)))
                #expect(bench.device.running.isEmpty)
            }
        }
    }

    @Test func refusalsNameOperationDeviceAndReason() throws {
        let bench = try NETCONFBench { _ in }
        let session = try bench.connect()
        let bad = bench.driver.change(from: try bench.tree(""), to: try bench.tree("<name>bad</name>"))
        let refused = #expect(throws: NEDError.self) { try session.prepare(bad) }
        #expect(refused?.code == .refused && refused?.device == "ce0" && refused?.phase == "PREPARE")
        #expect(refused?.message.contains("the device refuses validate: operation-failed") == true)
        // The refused session gave its locks back.
        let good = bench.driver.change(from: try bench.tree(""), to: try bench.tree("<name>n</name>"))
        let other = try bench.connect()
        try other.prepare(good)
        bench.device.interfere("commit", .hangUp)
        let broken = #expect(throws: NEDError.self) { try other.commit() }
        #expect(broken?.isConnectionFault == true && !other.isUsable)
        bench.device.interfere("commit", nil)
        #expect(bench.device.running.isEmpty)
        bench.device.interfere("lock", .refuse("maintenance"))
        let locked = #expect(throws: NEDError.self) { try bench.connect().prepare(good) }
        #expect(locked?.message.contains("the device refuses lock") == true && locked?.phase == "INITIALIZE")
    }

    @Test func wrongPasswordIsSaidAsSuch() throws {
        let bench = try NETCONFBench { _ in }
        var target = bench.target
        target.password = "wrong"
        let failure = #expect(throws: NEDError.self) {
            try NETCONFDeviceSession.connect(target, bench.driver, trace: bench.trace)
        }
        #expect(failure?.code == .authentication && failure?.isConnectFailure == true)
    }
}
