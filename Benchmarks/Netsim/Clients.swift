import Basics
import Foundation
import Synchronization
import Transactions
import Wire

/// Clients of the routers, straight over SSH.
enum Clients {
    /// Runs a command at each place once; fails if one does not answer. The size of the answer, on a terminal with the
    /// carriage returns that it has there.
    static func read(
        _ places: [(host: String, port: UInt16)], _ command: String, onTerminal: Bool = false, threads: Int = 4
    ) throws -> Int {
        let failure = Mutex<String?>(nil)
        let count = Mutex(0)
        let addresses = places.map { SocketAddress(host: $0.host, port: $0.port) }
        WorkCrew(limit: threads).run(addresses) { address in
            do {
                let session = try logIn(address)
                defer { session.close() }
                let channel = try session.openExec(command)
                var size = 0
                while let bytes = try channel.read(deadline: .after(.seconds(60))) {
                    size += bytes.count + (onTerminal ? bytes.count { $0 == 0x0A } : 0)
                }
                count.withLock { $0 = size }
            } catch {
                failure.withLock { $0 = "\(address): \(error)" }
            }
        }
        if let reason = failure.withLock({ $0 }) { throw Failure(description: reason) }
        return count.withLock { $0 }
    }

    /// Opens a shell at each place and waits for its prompt.
    static func open(_ places: [(host: String, port: UInt16)]) throws -> [SSHClientChannel] {
        try places.map { place in
            let channel = try logIn(SocketAddress(host: place.host, port: place.port)).openShell()
            try wait(channel, for: "#")
            return channel
        }
    }

    /// Seconds of CPU that a command costs the process of its device, of many given one by one.
    static func cost(_ channel: SSHClientChannel, _ process: ProcessUse) throws -> Double {
        let count = 6_000
        let before = try process.processorTime()
        for _ in 0..<count {
            try channel.write(Array("show clock\n".utf8), deadline: .after(.seconds(60)))
            try wait(channel, for: "#")
        }
        return (try process.processorTime() - before) / Double(count)
    }

    static func logIn(_ address: SocketAddress) throws -> SSHSession {
        let session = try SSHSession(SSHSessionOptions(address: address, user: "admin", hostKeyPolicy: .acceptAny))
        try session.connect()
        try session.authenticate([.password("admin")])
        return session
    }

    static func wait(_ channel: SSHClientChannel, for end: String) throws {
        var last: [UInt8] = []
        while !last.ends(with: end.utf8) {
            guard let bytes = try channel.read(deadline: .after(.seconds(60))) else {
                throw Failure(description: "the device hung up")
            }
            last = Array((last + bytes).suffix(end.utf8.count))
        }
    }
}

extension [UInt8] {
    func ends(with end: some Collection<UInt8>) -> Bool { suffix(end.count).elementsEqual(end) }
}

/// A server without a device behind it, for the dialogue of the daemon with a router: it answers the first lines with their
/// echo and a prompt, the one after them with the same text each time.
final class CannedServer: SSHServerHandler {
    /// What the daemon types before it reads, in one piece.
    static let setUp = ["terminal length 0", "terminal width 0"]
    static let command = "show running-config"
    private static let prompt = "bare#"

    private let text: [UInt8]

    init(bytes: Int) { text = [UInt8](repeating: 0x61, count: bytes) }

    func allows(_ login: SSHLogin, password: String) -> Bool { password == "admin" }
    func handler(for channel: SSHServerChannel) -> (any SSHChannelHandler)? { Answering(text: text) }

    private final class Answering: SSHChannelHandler {
        private let setUp: [UInt8]
        private let answer: [UInt8]

        init(text: [UInt8]) {
            setUp = Array(CannedServer.setUp.map { $0 + "\r\n\(CannedServer.prompt)" }.joined().utf8)
            answer = Array("\(CannedServer.command)\r\n".utf8) + text + Array("\r\n\(CannedServer.prompt)".utf8)
        }

        func opened(_ channel: SSHServerChannel) { channel.send("\r\n" + CannedServer.prompt) }
        func received(_ bytes: [UInt8], on channel: SSHServerChannel) {
            channel.send(bytes.count(where: { $0 == 0x0A }) == CannedServer.setUp.count ? setUp : answer)
        }
    }

    /// What the daemon does with a router, and nothing besides.
    static func read(_ address: SocketAddress) throws {
        let session = try Clients.logIn(address)
        defer { session.close() }
        let channel = try session.openShell(terminal: SSHTerminal(type: "vt100", columns: 512, rows: 24))
        try Clients.wait(channel, for: prompt)
        for lines in [setUp, [command]] {
            let typed = lines.map { $0 + "\n" }.joined()
            try channel.write(Array(typed.utf8), deadline: .after(.seconds(60)))
            try Clients.wait(channel, for: prompt)
        }
    }

    /// Serves until its input ends; the first line out is the port.
    static func serve(bytes: Int) throws -> Never {
        let server = try SSHServer()
        let listener = try server.listen(
            at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: SSHPrivateKey.generate(),
            handler: CannedServer(bytes: bytes))
        FileHandle.standardOutput.write(Data("\(listener.address.port)\n".utf8))
        _ = FileHandle.standardInput.readDataToEndOfFile()
        server.stop()
        _exit(0)
    }

    /// Connects so many times and has the command answered.
    static func rate(bytes: Int, connections: Int, threads: Int) throws -> Pace {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe")
        process.arguments = ["--bare", "\(bytes)"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = UInt16(line.filter(\.isNumber)) else { throw Failure(description: "no bare server") }
        let address = SocketAddress(host: "127.0.0.1", port: port)
        let failure = Mutex<String?>(nil)
        let uses = [ProcessUse(id: getpid()), ProcessUse(id: process.processIdentifier)]
        let pace = try Pace.measure(uses, connections) {
            WorkCrew(limit: threads).run(Array(repeating: address, count: connections)) { address in
                do {
                    try read(address)
                } catch {
                    failure.withLock { $0 = "\(error)" }
                }
            }
        }
        if let reason = failure.withLock({ $0 }) { throw Failure(description: reason) }
        return pace
    }
}

/// How fast something was, and what it cost both ends together.
struct Pace {
    /// A second.
    var rate: Double
    /// Milliseconds of CPU for each, at the client's end and at the server's.
    var costs: [Double]
    var cost: Double { costs.reduce(0, +) }

    static func measure(_ uses: [ProcessUse], _ count: Int, _ work: () throws -> Void) throws -> Pace {
        let before = try uses.map { try $0.processorTime() }
        let time = try seconds(work)
        let after = try uses.map { try $0.processorTime() }
        return Pace(rate: Double(count) / time, costs: zip(before, after).map { ($1 - $0) * 1e3 / Double(count) })
    }
}
