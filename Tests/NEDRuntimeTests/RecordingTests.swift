import CLIGrammar
import ConfigTree
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

@testable import NEDRuntime

/// Sessions with a device are recorded, and play the device afterwards.
struct RecordingTests {
    private static let config = ["hostname r1", "interface eth0", " description to-the-core", " mtu 1500"]

    /// What a session with a router passed.
    private func recording(_ habits: FakeRouter.Habits = FakeRouter.Habits()) throws -> SessionRecording {
        let bench = try Bench(habits, config: Self.config + ["username secret 5 Sh0wn-secret"])
        let kept = Mutex<RecordingStream?>(nil)
        let session = try CLIDeviceSession.connect(bench.target, bench.driver, trace: NoTrace()) { stream in
            let recorder = RecordingStream(stream)
            kept.withLock { $0 = recorder }
            return recorder
        }
        _ = try session.show()
        session.close()
        let stream = try #require(kept.withLock { $0 })
        return SessionRecording(driver: "m", exchanges: stream.noted)
            .masking([bench.target.password, bench.target.secondaryPassword ?? ""])
    }

    private func replaying(_ recording: SessionRecording, _ work: (DeviceTarget, Driver) throws -> Void) throws {
        let server = try SSHServer(loops: 1)
        defer { server.stop() }
        let listener = try server.listen(
            at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: .generate(), handler: ReplayedDevice(recording))
        let target = DeviceTarget(
            name: "played", address: "127.0.0.1", port: listener.address.port, remoteUser: "anybody",
            localUser: "admin", password: "anything", secondaryPassword: "whatever", hostKeys: .acceptAny, nedID: "m:m")
        try work(target, Bench.driver())
    }

    @Test func recordedSessionPlaysTheDeviceWithoutItsSecrets() throws {
        var habits = FakeRouter.Habits()
        habits.enablePassword = "Enable-77"
        habits.pageLength = 3
        habits.understandsTerminalLength = false
        let recording = try recording(habits)
        let text = String(decoding: recording.bytes, as: UTF8.self)
        for secret in ["Enable-77", "Pa55word-1", "Sh0wn-secret"] { #expect(!text.contains(secret)) }
        let read = try SessionRecording(recording.bytes, file: "r.json")
        #expect(read == recording)
        try replaying(read) { target, driver in
            for _ in 1...2 {
                let session = try CLIDeviceSession.connect(target, driver, trace: NoTrace())
                let tree = try session.show().tree
                #expect(tree.rootInstance.value("hostname") == "r1")
                #expect(tree.rootInstance.entries("interface").first?.value("mtu") == "1500")
                session.close()
            }
        }
    }

    @Test func whatIsNotInTheRecordingIsRefused() throws {
        try replaying(try recording()) { target, driver in
            let session = try CLIDeviceSession.connect(target, driver, trace: NoTrace())
            defer { session.close() }
            let error = #expect(throws: NEDError.self) { try session.prepare([]) }
            #expect(error?.code == .refused && error?.message.contains("Not in the recording") == true)
            #expect(session.isUsable)
            #expect(try session.show().tree.rootInstance.value("hostname") == "r1")
        }
    }

    @Test func suiteReportsEachCheckOfARecording() throws {
        try replaying(try recording()) { target, driver in
            let lines = Mutex<[String]>([])
            let suite = try ConformanceSuite(target, driver, sample: nil, why: "recorded") { name, verdict in
                lines.withLock { $0.append("\(verdict) \(name)") }
            }
            suite.run()
            let found = lines.withLock { $0 }
            #expect(found.filter { $0.hasPrefix("bad") } == [])
            #expect(found.count == 10 && found.filter { $0.hasPrefix("skipped") }.count == 5, "\(found)")
        }
    }

    @Test func suiteFindsWhatIsWrongWithADriver() throws {
        var habits = FakeRouter.Habits()
        let count = Mutex(0)
        habits.react = { line in
            guard line == "show running-config" else { return nil }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return .say("! Uptime \(number)\nhostname r1\nend\n")
        }
        let bench = try Bench(habits)
        let bad = Mutex<[String]>([])
        let sample = try bench.tree("interface eth0\n mtu 900\n")
        let suite = try ConformanceSuite(bench.target, bench.driver, sample: sample, why: "") { name, verdict in
            if case .bad(let reason) = verdict { bad.withLock { $0.append("\(name): \(reason)") } }
        }
        suite.run()
        let found = bad.withLock { $0 }
        #expect(found.contains { $0.hasPrefix("transaction id: another one") }, "\(found)")
        #expect(found.contains { $0.hasPrefix("same again") || $0.hasPrefix("change") || $0.hasPrefix("refusal") })
    }

    @Test func faultyRecordingsAreNamed() {
        for text in ["", "{}", #"{"recording": 2, "exchanges": []}"#, #"{"recording": 1, "exchanges": [{"send": 5}]}"#]
        {
            #expect(throws: (any Error).self) { try SessionRecording(Array(text.utf8), file: "r.json") }
        }
    }
}
