import CLIGrammar
import Foundation
import Synchronization
import Wire

/// A device's command line over Telnet: asks for name and password, then is the terminal that SSH gives.
///
/// Each connection has two threads: one waits for keys, one for room in the network.
final class TelnetPort: Sendable {
    private let device: SimulatedDevice
    private let door: DeviceDoor
    private let open = Mutex<[ObjectIdentifier: TelnetConnection]>([:])

    private static let attempts = 3
    private static let grace = Duration.seconds(60)
    private static let lineLimit = 256

    init(_ device: SimulatedDevice, _ door: DeviceDoor) {
        self.device = device
        self.door = door
    }

    /// Serves a connection to its end.
    func serve(_ stream: TCPStream) {
        let connection = TelnetConnection(stream)
        open.withLock { $0[ObjectIdentifier(connection)] = connection }
        defer {
            open.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(connection)) }
            connection.drop()
        }
        var reader = Reader(stream: stream, connection: connection)
        connection.sendRaw(TelnetServerText.greeting)
        do throws(WireError) {
            guard let user = try logIn(&reader, connection) else { return }
            let shell = device.commandShell(client: stream.peer, user: user, isInteractive: true)
            let work = TerminalWork(device, DeviceTerminal(shell: shell, rows: reader.rows ?? 24))
            connection.whenDrained { [weak connection] in
                if let connection { work.outputDrained(on: connection) }
            }
            defer { work.end() }
            work.begin(connection)
            while let keys = try reader.keys(.never) { work.received(keys, on: connection) }
            work.endOfInput(on: connection)
            connection.waitUntilOver()
        } catch {
            // The client has gone, was too slow to log in, or the device has ended the session.
            return
        }
    }

    /// The device goes: so do its sessions.
    func endSessions() { for connection in open.withLock({ Array($0.values) }) { connection.drop() } }

    // MARK: Logging in

    /// The user's name; nil if it did not become one.
    private func logIn(_ reader: inout Reader, _ connection: TelnetConnection) throws(WireError) -> String? {
        let isStatements = device.model.grammar.dialect.style == .j
        connection.send(isStatements ? "\r\n" : "\r\n\r\nUser Access Verification\r\n\r\n")
        let deadline = Deadline.after(Self.grace)
        for _ in 0..<Self.attempts {
            connection.send(isStatements ? "\(device.hostname) login: " : "Username: ")
            guard let user = try line(&reader, connection, isShown: true, deadline) else { return nil }
            connection.send("Password: ")
            guard let password = try line(&reader, connection, isShown: false, deadline) else { return nil }
            if door.allows(user: user, password: password) {
                reader.stream.prove()
                return user
            }
            connection.send(isStatements ? "Login incorrect\r\n" : "% Login invalid\r\n\r\n")
        }
        connection.finish()
        return nil
    }

    /// A line that is typed. Nil at the end of input.
    private func line(
        _ reader: inout Reader, _ connection: TelnetConnection, isShown: Bool, _ deadline: Deadline
    ) throws(WireError) -> String? {
        var typed: [UInt8] = []
        while let key = try reader.key(deadline) {
            switch key {
            case 0x0D, 0x0A:
                connection.send("\r\n")
                return String(decoding: typed, as: UTF8.self)
            case 0x08, 0x7F:
                guard typed.popLast() != nil else { continue }
                if isShown { connection.send("\u{8} \u{8}") }
            case 0x03, 0x04: return nil
            case 0x15: typed = []
            case 0x20... where typed.count < Self.lineLimit:
                typed.append(key)
                if isShown { connection.send([key]) }
            default: break
            }
        }
        return nil
    }

    /// Keys of a client, its options answered on the way.
    private struct Reader {
        let stream: TCPStream
        let connection: TelnetConnection
        private var text = TelnetServerText()
        private var waiting: ArraySlice<UInt8> = []

        init(stream: TCPStream, connection: TelnetConnection) {
            self.stream = stream
            self.connection = connection
        }

        var rows: Int? { text.rows }

        /// All keys that are there; nil at the end.
        mutating func keys(_ deadline: Deadline) throws(WireError) -> [UInt8]? {
            if !waiting.isEmpty {
                defer { waiting = [] }
                return Array(waiting)
            }
            while let bytes = try stream.read(deadline: deadline) {
                let (keys, reply) = text.take(bytes)
                if !reply.isEmpty { connection.sendRaw(reply) }
                if !keys.isEmpty { return keys }
            }
            return nil
        }

        mutating func key(_ deadline: Deadline) throws(WireError) -> UInt8? {
            if waiting.isEmpty {
                guard let more = try keys(deadline) else { return nil }
                waiting = more[...]
            }
            return waiting.popFirst()
        }
    }
}

/// The screen's end of a Telnet connection: output waits here until the network takes it.
final class TelnetConnection: TerminalConnection {
    private let stream: TCPStream
    private let state = Mutex(State())
    private let news = DispatchSemaphore(value: 0)

    private struct State {
        var output: [[UInt8]] = []
        var pending = 0
        /// Nothing more is taken; what there is still leaves.
        var isFinishing = false
        var isOver = false
        var drained: @Sendable () -> Void = {}
    }

    /// More pending than this: the client does not read.
    private static let hardLimit = 16 << 20
    private static let writeTime = Duration.seconds(60)

    init(_ stream: TCPStream) {
        self.stream = stream
        let thread = Thread { [self] in write() }
        thread.name = "telnet-output"
        thread.stackSize = 1 << 18
        thread.start()
    }

    var isClosed: Bool { state.withLock { $0.isFinishing || $0.isOver } }
    var pendingBytes: Int { state.withLock(\.pending) }

    /// What is called when all output has left.
    func whenDrained(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.drained = body } }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { sendRaw(TelnetServerText.escaped(bytes)) }

    /// As it is: commands of the protocol.
    @discardableResult
    func sendRaw(_ bytes: [UInt8]) -> Bool {
        let (isTaken, isTooMuch) = state.withLock { state -> (Bool, Bool) in
            guard !state.isFinishing, !state.isOver else { return (false, false) }
            state.output.append(bytes)
            state.pending += bytes.count
            return (true, state.pending > Self.hardLimit)
        }
        if isTooMuch { drop() } else if isTaken { news.signal() }
        return isTaken
    }

    func close() {
        state.withLock { $0.isFinishing = true }
        news.signal()
    }

    /// Closes, and waits until all output has left.
    func finish() {
        close()
        waitUntilOver()
    }

    /// Waits until the connection has been closed and all output has left, or a while.
    func waitUntilOver() {
        let deadline = Deadline.after(Self.writeTime)
        while !state.withLock(\.isOver), !deadline.hasPassed { usleep(5_000) }
    }

    func drop() {
        state.withLock { $0.isOver = true }
        stream.close()
        news.signal()
    }

    private func write() {
        while true {
            news.wait()
            let (output, isOver, isLast) = state.withLock { state in
                defer { state.output = [] }
                return (state.output.flatMap(\.self), state.isOver, state.isFinishing)
            }
            if isOver { return }
            guard output.isEmpty || (try? stream.write(output, deadline: .after(Self.writeTime))) != nil, !isLast else {
                return drop()
            }
            let drained = state.withLock { state -> (@Sendable () -> Void)? in
                state.pending -= output.count
                return state.pending == 0 && !output.isEmpty ? state.drained : nil
            }
            drained?()
        }
    }
}
