import Foundation
import Synchronization
import Testing

@testable import Wire

/// A small device for tests: `admin`/`secret`; commands as in `TestChannel`.
final class TestDevice: SSHServerHandler {
    let closedChannels = Mutex(0)
    let openedChannels = Mutex(0)
    let sizes = Mutex<[SSHTerminal]>([])
    let allowedKey = Mutex<SSHPublicKey?>(nil)

    func allows(_ login: SSHLogin, password: String) -> Bool { login.user == "admin" && password == "secret" }

    func allows(_ login: SSHLogin, publicKey: SSHPublicKey) -> Bool { allowedKey.withLock { $0 == publicKey } }

    var acceptsPublicKeys: Bool { allowedKey.withLock { $0 != nil } }

    func handler(for channel: SSHServerChannel) -> (any SSHChannelHandler)? {
        if case .subsystem(let name) = channel.kind, name != "echo" { return nil }
        return TestChannel(self)
    }
}

/// A shell with echo and a prompt when there is a terminal; `echo TEXT`, `big BYTES`, `size`, `exit N`,
/// `drop`.
final class TestChannel: SSHChannelHandler {
    private let device: TestDevice
    private let line = Mutex<[UInt8]>([])

    init(_ device: TestDevice) { self.device = device }

    func opened(_ channel: SSHServerChannel) {
        device.openedChannels.withLock { $0 += 1 }
        switch channel.kind {
        case .shell: channel.send("welcome\r\nrouter# ")
        case .exec(let command):
            run(command, channel)
            if command != "hang" { channel.close(exitStatus: command.hasPrefix("fail") ? 3 : 0) }
        case .subsystem: break
        }
    }

    func received(_ bytes: [UInt8], on channel: SSHServerChannel) {
        if case .subsystem = channel.kind {
            channel.send(bytes)
            return
        }
        for byte in bytes {
            if channel.hasTerminal { channel.send(byte == 13 ? [13, 10] : [byte]) }
            guard byte == 13 || byte == 10 else {
                line.withLock { $0.append(byte) }
                continue
            }
            let command = line.withLock { line in
                defer { line = [] }
                return String(decoding: line, as: UTF8.self)
            }
            if run(command, channel) { channel.send("router# ") }
        }
    }

    @discardableResult
    private func run(_ command: String, _ channel: SSHServerChannel) -> Bool {
        let words = command.split(separator: " ", maxSplits: 1).map(String.init)
        switch words.first ?? "" {
        case "echo": channel.send(words.count > 1 ? "\(words[1])\r\n" : "\r\n")
        case "big":
            for _ in 0..<(Int(words[1])! >> 16) { channel.send([UInt8](repeating: 97, count: 1 << 16)) }
            channel.send("\r\n")
        case "size": channel.send("\(channel.terminal.type) \(channel.terminal.columns)x\(channel.terminal.rows)\r\n")
        case "exit":
            channel.close(exitStatus: words.count > 1 ? Int32(words[1])! : 0)
            return false
        case "drop":
            channel.send("last words\r\n")
            channel.drop()
            return false
        case "", "hang", "terminal", "fail": break
        default: channel.send("% unknown command\r\n")
        }
        return true
    }

    func windowChanged(_ terminal: SSHTerminal, on channel: SSHServerChannel) {
        device.sizes.withLock { $0.append(terminal) }
    }

    func closed(_ channel: SSHServerChannel) { device.closedChannels.withLock { $0 += 1 } }
}

/// A server with one port, stopped with the value.
final class TestServer {
    let server: SSHServer
    let device = TestDevice()
    let hostKey: SSHPrivateKey
    let listener: SSHServer.Listener
    var address: SocketAddress { listener.address }

    init(loops: Int = 2, limits: SSHServerLimits = SSHServerLimits()) throws {
        hostKey = try .generate()
        server = try SSHServer(loops: loops, limits: limits)
        listener = try server.listen(
            at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: hostKey, handler: device)
    }

    deinit { server.stop() }

    func options(_ change: (inout SSHSessionOptions) -> Void = { _ in }) -> SSHSessionOptions {
        var options = SSHSessionOptions(
            address: address, user: "admin", hostKeyPolicy: .rejectUnknown([hostKey.publicKey]))
        change(&options)
        return options
    }

    func logIn(_ change: (inout SSHSessionOptions) -> Void = { _ in }) throws -> SSHSession {
        let session = try SSHSession(options(change))
        try session.connect()
        try session.authenticate([.password("secret")])
        return session
    }
}

extension ByteStream {
    /// Everything up to and including the mark.
    func read(until mark: String, within: Duration = .seconds(120)) throws -> String {
        let deadline = Deadline.after(within)
        var text: [UInt8] = []
        while !String(decoding: text, as: UTF8.self).contains(mark) {
            guard let bytes = try read(deadline: deadline) else { break }
            text += bytes
        }
        return String(decoding: text, as: UTF8.self)
    }

    func readAll(within: Duration = .seconds(120)) throws -> [UInt8] {
        let deadline = Deadline.after(within)
        var bytes: [UInt8] = []
        while let more = try read(deadline: deadline) { bytes += more }
        return bytes
    }

    func write(_ text: String) throws { try write(Array(text.utf8), deadline: .after(.seconds(120))) }
}

/// What an external program printed, and its status.
struct Ran {
    var output: String
    var errors: String
    var status: Int32
}

func run(_ arguments: [String], input: String? = nil, timeout: Int = 120) throws -> Ran {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["timeout", "\(timeout)"] + arguments
    let (output, errors, stdin) = (Pipe(), Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = stdin
    try process.run()
    if let input { stdin.fileHandleForWriting.write(Data(input.utf8)) }
    try stdin.fileHandleForWriting.close()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Ran(
        output: String(decoding: text, as: UTF8.self), errors: String(decoding: errorText, as: UTF8.self),
        status: process.terminationStatus)
}

func isInstalled(_ programs: String...) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    return programs.allSatisfy { program in
        path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }
}

/// The error that the body throws; nil if it throws none or another kind.
func wireError(_ body: () throws -> Void) -> WireError? {
    do {
        try body()
        return nil
    } catch {
        return error as? WireError
    }
}
