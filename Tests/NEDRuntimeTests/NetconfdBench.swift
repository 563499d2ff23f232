import ConfigTree
import Foundation
import Synchronization
import TestSupport
import Wire
import YANG

@testable import NEDRuntime

/// Debian's `netconfd` in a folder of its own, behind an SSH server of ours that runs `netconf-subsystem`, as sshd would.
final class NetconfdBench {
    /// In long runs only: what netconfd loses costs a minute of waiting.
    static let isWanted = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"] != nil && isInstalled

    private static let isInstalled = ["/usr/sbin/netconfd", "/usr/sbin/netconf-subsystem"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    let directory: URL
    let target: DeviceTarget
    let driver: Driver
    private let daemon = Process()
    private let server: SSHServer

    init(_ options: [String]) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "netconfd-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: directory.appending(path: ".yuma"), withIntermediateDirectories: true)
        let module = directory.appending(path: "box.yang").path
        // netconfd 2.13 answers an edit of a list that has an action with "invalid internal value".
        let text = MemoryDevice.text.split(separator: "\n").filter { !$0.contains(" action ") }.joined(separator: "\n")
        try text.write(toFile: module, atomically: true, encoding: .utf8)
        let socket = directory.appending(path: "socket").path
        daemon.executableURL = URL(filePath: "/usr/sbin/netconfd")
        daemon.arguments =
            [
                "--module=\(module)", "--superuser=admin", "--ncxserver-sockname=\(socket)", "--port=830",
                "--home=\(directory.path)", "--log=\(directory.path)/log",
                "--startup=\(directory.path)/startup-cfg.xml",
            ] + options
        daemon.environment = ["HOME": directory.path, "PATH": "/usr/bin:/bin:/usr/sbin"]
        daemon.currentDirectoryURL = directory
        daemon.standardOutput = FileHandle.nullDevice
        daemon.standardError = FileHandle.nullDevice
        let start = "<config xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"/>"
        try start.write(toFile: "\(directory.path)/startup-cfg.xml", atomically: true, encoding: .utf8)
        let hostKey = try SSHPrivateKey.generate()
        let userKey = try SSHPrivateKey.generate()
        server = try SSHServer(loops: 1)
        let listener = try server.listen(
            at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: hostKey,
            handler: SubsystemDoor(key: userKey.publicKey, socket: socket))
        var target = DeviceTarget(
            name: "yuma", address: "127.0.0.1", port: listener.address.port, remoteUser: "admin", localUser: "admin",
            password: "", hostKeys: .rejectUnknown([hostKey.publicKey]), connectTimeout: .seconds(60),
            readTimeout: .seconds(60), nedID: "m:m-nc-1.0")
        target.privateKey = userKey
        // After a validate of the candidate, netconfd 2.13 answers a commit with ok and commits nothing.
        target.netconf.usesValidate = false
        self.target = target
        driver = Driver(nedID: "m:m-nc-1.0", package: "m-nc-1.0", model: MemoryDevice.model, kind: .netconf)
        try daemon.run()
        // The socket is there before the server listens: a connection tells.
        for _ in 0..<600 {
            guard daemon.isRunning else { throw NEDError(.driver, device: "yuma", "netconfd ended: \(log)") }
            if FileManager.default.fileExists(atPath: socket), log.contains("Running netconf") { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
        throw NEDError(.driver, device: "yuma", "netconfd did not come up: \(log)")
    }

    /// Runs `work` with a server of its own; once more if that lost a request, as it does now and then with one that
    /// comes together with the greeting.
    static func use(_ options: [String], _ work: (NetconfdBench) throws -> Void) throws {
        for attempt in 1...3 {
            let bench = try NetconfdBench(options)
            defer { bench.stop() }
            do {
                return try work(bench)
            } catch let error as NEDError where error.code == .silent && attempt < 3 {
                continue
            }
        }
    }

    var log: String { (try? String(contentsOfFile: "\(directory.path)/log", encoding: .utf8)) ?? "" }

    func stop() {
        server.stop()
        // It inherits the signal mask of a thread that blocks the polite ones.
        kill(daemon.processIdentifier, SIGKILL)
        daemon.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    func connect(trace: any DeviceTrace = NoTrace()) throws -> NETCONFDeviceSession {
        try NETCONFDeviceSession.connect(target, driver, trace: trace)
    }

    func tree(_ content: String) throws -> DataTree {
        let text = "<config><box xmlns=\"urn:box\">\(content)</box></config>"
        return try XMLDataDecoder.tree(Array(text.utf8), file: "t.xml", model: MemoryDevice.model).get()
    }
}

/// Lets one key in and runs the subsystem for it.
private final class SubsystemDoor: SSHServerHandler {
    private let key: SSHPublicKey
    private let socket: String

    init(key: SSHPublicKey, socket: String) {
        self.key = key
        self.socket = socket
    }

    func allows(_ login: SSHLogin, password: String) -> Bool { false }
    var acceptsPublicKeys: Bool { true }
    func allows(_ login: SSHLogin, publicKey: SSHPublicKey) -> Bool { publicKey == key }
    func handler(for channel: SSHServerChannel) -> (any SSHChannelHandler)? {
        channel.kind == .subsystem(name: "netconf") ? Bridge(socket) : nil
    }

    private final class Bridge: SSHChannelHandler {
        private let socket: String
        private let child = Mutex<(Process, FileHandle)?>(nil)

        init(_ socket: String) { self.socket = socket }

        func opened(_ channel: SSHServerChannel) {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/sbin/netconf-subsystem")
            process.arguments = ["--ncxserver-sockname=830@\(socket)"]
            process.environment = ["SSH_CONNECTION": "127.0.0.1 1 127.0.0.1 830", "USER": channel.login.user]
            let (input, output) = (Pipe(), Pipe())
            process.standardInput = input
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            guard (try? process.run()) != nil else { return channel.close() }
            child.withLock { $0 = (process, input.fileHandleForWriting) }
            // A thread that holds the pipe: a source of Dispatch may outlive its descriptor.
            Thread.detachNewThread {
                let handle = output.fileHandleForReading
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    let count = read(handle.fileDescriptor, &buffer, buffer.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { break }
                    channel.send(Array(buffer[..<count]))
                }
                channel.close()
            }
        }

        func received(_ bytes: [UInt8], on channel: SSHServerChannel) {
            child.withLock { child in try? child?.1.write(contentsOf: Data(bytes)) }
        }

        func closed(_ channel: SSHServerChannel) {
            child.withLock { child in
                try? child?.1.close()
                if let process = child?.0, process.isRunning { kill(process.processIdentifier, SIGKILL) }
                child = nil
            }
        }
    }
}
