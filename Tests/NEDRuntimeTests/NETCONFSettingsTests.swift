import ConfigTree
import NETCONF
import Synchronization
import Testing
import Wire
import YANG

@testable import NEDRuntime

/// Log-in by key, settings, transaction ids and modules over NETCONF.
@Suite(.timeLimit(.minutes(2))) struct NETCONFSettingsTests {
    @Test func aKeyLogsInWhereTheDeviceKnowsIt() throws {
        let bench = try NETCONFBench { _ in }
        let key = try SSHPrivateKey.generate()
        var target = bench.target
        target.password = ""
        target.privateKey = key
        func connect() throws -> NETCONFDeviceSession {
            try NETCONFDeviceSession.connect(target, bench.driver, trace: bench.trace)
        }
        #expect(throws: NEDError.self) { try connect() }
        bench.device.state.withLock { $0.keys = [key.publicKey] }
        #expect(try connect().show().tree.isEmpty)
    }

    @Test func settingsKeepAbilitiesUnused() throws {
        let bench = try NETCONFBench { $0.startup = true }
        var target = bench.target
        target.netconf.usesConfirmedCommit = false
        target.netconf.usesValidate = false
        target.netconf.usesStartup = false
        let session = try NETCONFDeviceSession.connect(target, bench.driver, trace: bench.trace)
        try session.prepare(bench.driver.change(from: try bench.tree(""), to: try bench.tree("<name>n</name>")))
        try session.commit()
        try session.persist()
        #expect(bench.device.log.filter { $0 == "commit" }.count == 1)
        #expect(!bench.device.log.contains("validate") && !bench.device.log.contains("copy-config"))
    }

    @Test func theDevicesOwnTransactionIDIsUsed() throws {
        let bench = try NETCONFBench { $0.transactionID = true }
        let session = try bench.connect()
        let before = try session.show().transactionID
        #expect(try session.transactionID() == before)
        // Nothing was read for that but the id.
        #expect(bench.device.log.filter { $0 == "get-config" }.count == 1)
        try session.prepare(bench.driver.change(from: try bench.tree(""), to: try bench.tree("<name>n</name>")))
        try session.commit()
        try session.persist()
        #expect(try session.transactionID() != before)
        var target = bench.target
        target.netconf.usesTransactionID = false
        let other = try NETCONFDeviceSession.connect(target, bench.driver, trace: bench.trace)
        #expect(try other.transactionID() == other.show().transactionID)
        #expect(try other.transactionID() != session.transactionID())
    }

    @Test func whoHoldsALockIsSaid() throws {
        let bench = try NETCONFBench { _ in }
        let change = bench.driver.change(from: try bench.tree(""), to: try bench.tree("<name>n</name>"))
        let (first, second) = (try bench.connect(), try bench.connect())
        try first.prepare(change)
        let locked = #expect(throws: NEDError.self) { try second.prepare(change) }
        #expect(locked?.message.contains("lock-denied") == true)
        #expect(locked?.message.contains("(user admin, from 192.0.2.1, since 2024-01-01T00:00:00Z) holds it") == true)
    }

    @Test func modulesOfTheLibraryAreAnnounced() throws {
        let bench = try NETCONFBench { $0.hidesModules = true }
        let session = try bench.connect()
        #expect(session.announcement.modules.contains { $0.name == "box" })
        #expect(try session.schemas().contains { $0.name == "box" })
        #expect(try session.schemaText("box", revision: "").contains("module box"))
        #expect(throws: NEDError.self) { try session.schemaText("fox", revision: "") }
    }
}
