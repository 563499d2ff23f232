import Basics
import ConfigTree
import Foundation
import NETCONF
import Synchronization
import Wire
import YANG

@testable import NEDRuntime

/// A NETCONF device in memory on a port of its own, with the capabilities that a test wants.
final class NETCONFBench {
    let device: MemoryDevice
    let driver: Driver
    let trace = RecordingTrace()
    let target: DeviceTarget
    private static let servers = Mutex<[SSHServer]>([])

    init(_ change: (inout ServerProfile) -> Void) throws {
        var profile = ServerProfile()
        change(&profile)
        device = MemoryDevice(profile)
        driver = Driver(nedID: "m:m-nc-1.0", package: "m-nc-1.0", model: MemoryDevice.model, kind: .netconf)
        let key = try SSHPrivateKey.generate()
        let server = try SSHServer(loops: 1)
        Self.servers.withLock { $0.append(server) }
        let address = SocketAddress(host: "127.0.0.1", port: 0)
        let listener = try server.listen(at: address, hostKey: key, handler: device)
        target = DeviceTarget(
            name: "ce0", address: "127.0.0.1", port: listener.address.port, remoteUser: "admin", localUser: "admin",
            password: "Pa55word-1", hostKeys: .rejectUnknown([key.publicKey]), connectTimeout: .seconds(120),
            readTimeout: .seconds(120), nedID: "m:m-nc-1.0")
    }

    func connect() throws -> NETCONFDeviceSession {
        try NETCONFDeviceSession.connect(target, driver, trace: trace)
    }

    func tree(_ content: String) throws -> DataTree {
        let text = "<config><box xmlns=\"urn:box\">\(content)</box></config>"
        return try XMLDataDecoder.tree(Array(text.utf8), file: "t.xml", model: MemoryDevice.model).get()
    }
}

/// Holds a configuration, and serves it as the subsystem `netconf`.
final class MemoryDevice: NETCONFDatastore, SSHServerHandler {
    static let text = """
        module box {
          yang-version 1.1;
          namespace "urn:box"; prefix b;
          revision 2024-01-01;
          container box {
            leaf name { type string; }
            leaf-list tag { type string; ordered-by user; }
            list item {
              key id; leaf id { type string; } leaf note { type string; }
              leaf load { config false; type uint8; }
              action reset { input { leaf delay { type uint8; } } output { leaf when { type string; } } }
            }
            must "not(name = 'bad')";
            container health { config false; leaf fans { type uint8; } }
          }
          rpc reboot { input { leaf delay { type uint8; } } output { leaf message { type string; } } }
        }
        """

    static let model: DataModel = {
        let source = SchemaCompiler.Source(path: "box.yang", bytes: Array(text.utf8))
        let outcome = SchemaCompiler(options: SchemaCompiler.Options()).compile([source])
        guard let schema = outcome.schema else { preconditionFailure("\(outcome.diagnostics)") }
        return DataModel(schema)
    }()

    struct State {
        var running = DataTree(MemoryDevice.model)
        var startup: DataTree?
        var log: [String] = []
        var interference: [String: Interference] = [:]
        var keys: [SSHPublicKey] = []
        /// Says ok to a commit and commits nothing: always, or after it was told to validate.
        var ignoresCommits = false
        var ignoresCommitsAfterValidate = false
    }

    let state = Mutex(State())
    private let profile: ServerProfile
    private let validator = Validator(MemoryDevice.model)
    let server = Mutex<NETCONFServer?>(nil)

    init(_ profile: ServerProfile) { self.profile = profile }

    var model: DataModel { Self.model }
    var running: DataTree { state.withLock(\.running) }
    var log: [String] { state.withLock(\.log) }

    func interfere(_ operation: String, _ what: Interference?) {
        state.withLock { $0.interference[operation] = what }
    }

    func faults(in tree: DataTree, changedFrom old: DataTree) -> [Diagnostic] {
        validator.violations(in: tree, changedFrom: old)
    }

    func replaceRunning(_ old: DataTree, with new: DataTree) throws(RPCFailure) {
        state.withLock { state in
            let validated = state.log.reversed().prefix { $0 != "edit-config" }.contains("validate")
            if state.ignoresCommits || state.ignoresCommitsAfterValidate && validated { return }
            state.running = new
        }
    }
    func startup() throws(RPCFailure) -> DataTree? { state.withLock(\.startup) }
    func setStartup(_ tree: DataTree?) throws(RPCFailure) { state.withLock { $0.startup = tree } }
    func moduleText(_ name: String, revision: String?) -> [UInt8]? { name == "box" ? Array(Self.text.utf8) : nil }
    func received(_ operation: String, session: SessionInfo) -> Interference? {
        state.withLock { state in
            state.log.append(operation)
            return state.interference[operation]
        }
    }
    func outcome(of call: OperationCall, session: SessionInfo) throws(RPCFailure) -> OperationOutcome {
        let delay = call.input.children.first { $0.name == "delay" }?.text ?? ""
        let name = call.node.name == "reset" ? "when" : "message"
        return .output([XMLElement(name, namespace: "urn:box", text: "\(call.node.name) after \(delay)")])
    }
    func schedule(after seconds: Int, _ work: @escaping @Sendable () -> Void) {}
    func timestamp() -> String { "2024-01-01T00:00:00Z" }

    // MARK: Door

    var shared: NETCONFServer {
        server.withLock { server in
            let one = server ?? NETCONFServer(self, profile: profile)
            server = one
            return one
        }
    }

    func allows(_ login: SSHLogin, password: String) -> Bool { password == "Pa55word-1" }
    var acceptsPublicKeys: Bool { true }
    func allows(_ login: SSHLogin, publicKey: SSHPublicKey) -> Bool { state.withLock { $0.keys.contains(publicKey) } }

    func handler(for channel: SSHServerChannel) -> (any SSHChannelHandler)? {
        channel.kind == .subsystem(name: "netconf") ? Talk(shared) : nil
    }

    private final class Talk: SSHChannelHandler {
        private let server: NETCONFServer
        private let session = Mutex<ServerSession?>(nil)

        init(_ server: NETCONFServer) { self.server = server }

        func opened(_ channel: SSHServerChannel) {
            // Events come on the threads of other sessions, which hold theirs.
            let wake: @Sendable () -> Void = { [weak self] in
                guard let self else { return }
                DispatchQueue.global().async { self.received([], on: channel) }
            }
            session.withLock { session in
                let made = ServerSession(server, user: "admin", source: "192.0.2.1", wake: wake) { channel.close() }
                channel.send(made.greeting)
                session = made
            }
        }

        func received(_ bytes: [UInt8], on channel: SSHServerChannel) {
            session.withLock { session in
                session?.append(bytes)
                while let output = session?.step() {
                    for piece in output.pieces { channel.send(piece) }
                    while let piece = output.stream?.next() { channel.send(piece) }
                    if output.breaks { channel.drop() } else if output.closes { channel.close() }
                }
            }
        }

        func closed(_ channel: SSHServerChannel) {
            session.withLock { session in
                session?.end()
                session = nil
            }
        }
    }
}
