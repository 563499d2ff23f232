import Basics
import CLIGrammar
import ConfigTree
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire
import YANG

@testable import NEDRuntime

/// A fake router on a port of its own, a driver for it, and what passes between them.
final class Bench {
    let router: FakeRouter
    let trace = RecordingTrace()
    let slot = DeviceSlot()
    let driver: Driver
    private let server: SSHServer
    private let hostKey: SSHPrivateKey
    var target: DeviceTarget

    init(
        _ habits: FakeRouter.Habits = FakeRouter.Habits(), config: [String] = [],
        driver: Driver? = nil
    ) throws {
        router = FakeRouter(habits, config: config)
        hostKey = try .generate()
        let server = try SSHServer(loops: 1)
        self.server = server
        Bench.servers.withLock { $0.append(server) }
        let listener = try server.listen(
            at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: hostKey, handler: router)
        self.driver = try driver ?? Bench.driver()
        target = DeviceTarget(
            name: "ce0", address: "127.0.0.1", port: listener.address.port, remoteUser: "admin", localUser: "admin",
            password: "Pa55word-1", secondaryPassword: "Enable-77", hostKeys: .rejectUnknown([hostKey.publicKey]),
            connectTimeout: .seconds(120), readTimeout: .seconds(120), nedID: "m:m-cli-1.0")
    }

    /// Servers live as long as the tests: a session may outlive its bench.
    private static let servers = Mutex<[SSHServer]>([])

    func stopServer() { server.stop() }

    func connect() throws -> CLIDeviceSession { try CLIDeviceSession.connect(target, driver, trace: trace) }

    /// The error of a piece of work on a new session.
    func failure(_ work: (CLIDeviceSession) throws -> Void = { _ in }) -> NEDError? {
        do {
            try work(try connect())
            return nil
        } catch {
            return error as? NEDError
        }
    }

    func tree(_ text: String) throws -> DataTree {
        guard case .cli(let grammar, _) = driver.kind else { throw Unexpected() }
        return try grammar.parse(Array(text.utf8)).tree
    }

    func commands(_ old: String, _ new: String) throws -> [CLICommand] {
        CLIDeviceSession.commands(driver, from: try tree(old), to: try tree(new))
    }

    // MARK: Drivers

    struct Unexpected: Error {}

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static let model = Result {
        let text = """
            module m { yang-version 1.1; namespace "urn:m"; prefix m;
              leaf hostname { type string; }
              list interface { key name; leaf name { type string; }
                leaf description { type string; }
                leaf mtu { type uint16; } }
            }
            """
        let outcome = SchemaCompiler().compile([SchemaCompiler.Source(path: "m.yang", bytes: Array(text.utf8))])
        return DataModel(try #require(outcome.schema, "\(outcome.diagnostics)"))
    }

    static func driver(
        yaml: String? = nil, isReadOnly: Bool = false
    ) throws -> Driver {
        let file = root.appending(path: "packages/openned-ios-cli-1.0/driver/driver.yaml")
        let text = try yaml ?? String(contentsOf: file, encoding: .utf8)
        let description = try DriverDescription(yaml: Array(text.utf8), file: "driver.yaml")
        let data = try model.get()
        let grammar = CLIGrammar(model: data, dialect: description.grammarDialect)
        return Driver(
            nedID: "m:m-cli-1.0", package: "m-cli-1.0", model: data, kind: .cli(grammar, description),
            isReadOnly: isReadOnly)
    }
}

/// Keeps what is traced.
final class RecordingTrace: DeviceTrace {
    private let lines = Mutex<[String]>([])
    private let bytes = Mutex<[UInt8]>([])

    func phase(_ direction: TraceDirection, _ text: String) {
        lines.withLock { $0.append("\(direction.rawValue) \(text)") }
    }

    func traffic(_ direction: TraceDirection, _ bytes: [UInt8]) { self.bytes.withLock { $0 += bytes } }

    func hold() {}

    func release(_ configuration: DataTree?) {}

    /// The phases, the session's number replaced by `N`.
    var phases: [String] {
        lines.withLock { $0 }.map { line in
            line.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, part in
                index > 0 ? String(part) : Self.numberless(part)
            }.joined(separator: "\n")
        }
    }

    private static func numberless(_ line: Substring) -> String {
        String(line).replacing(/^(.. [A-Z_ ]+) [0-9]+(:|$)/) { "\($0.1) N\($0.2)" }
    }

    var all: String { phases.joined(separator: "\n") + String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
}
