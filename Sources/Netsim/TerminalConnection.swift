import Foundation
import Synchronization
import Wire

/// Where the screen of a terminal session is: what a `DeviceTerminal` writes to. For any thread; never blocks.
protocol TerminalConnection: Sendable {
    var isClosed: Bool { get }
    /// Output that has not gone to the connection.
    var pendingBytes: Int { get }
    @discardableResult func send(_ bytes: [UInt8]) -> Bool
    /// Ends the connection once all output has left.
    func close()
    /// Breaks it.
    func drop()
}

extension TerminalConnection {
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }
}

extension SSHServerChannel: TerminalConnection {
    func close() { close(exitStatus: 0) }
}

/// Gathers what one piece of work writes: it leaves in one packet, not in one for each word.
private final class GatheredOutput<Connection: TerminalConnection>: TerminalConnection {
    private let connection: Connection
    private let gathered = Mutex<[UInt8]>([])

    /// More than this is not held back, unless so much waits already that more in pieces would pass for a client that does
    /// not read: the rest of a long answer goes as one.
    private static var limit: Int { 64 << 10 }
    private static var waitingLimit: Int { 8 << 20 }

    init(_ connection: Connection) { self.connection = connection }

    var isClosed: Bool { connection.isClosed }
    var pendingBytes: Int { connection.pendingBytes + gathered.withLock(\.count) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        let isMuch = gathered.withLock { gathered in
            gathered += bytes
            return gathered.count > Self.limit
        }
        if isMuch, pendingBytes < Self.waitingLimit { flush() }
        return !connection.isClosed
    }

    func flush() {
        let bytes = gathered.withLock { gathered in
            defer { gathered = [] }
            return gathered
        }
        if !bytes.isEmpty { connection.send(bytes) }
    }

    func close() {
        flush()
        connection.close()
    }

    func drop() {
        flush()
        connection.drop()
    }
}

/// A terminal session at work: bytes are taken on the connection's thread and worked on in the device's queue.
final class TerminalWork: Sendable {
    private let device: SimulatedDevice
    private let state: Mutex<DeviceTerminal>
    private let waiting = Atomic(0)
    private let pace = InputPace()

    /// Input not worked on yet above this drops the client.
    private static let inputLimit = 32 << 20

    init(_ device: SimulatedDevice, _ terminal: DeviceTerminal) {
        self.device = device
        state = Mutex(terminal)
    }

    func begin(_ connection: some TerminalConnection) {
        let isSilent = device.doorFaults.isSilent
        work(connection) { $0.begin($1, isSilent: isSilent) }
    }

    func received(_ bytes: [UInt8], on connection: some TerminalConnection) {
        guard waiting.add(bytes.count, ordering: .relaxed).newValue <= Self.inputLimit else { return connection.drop() }
        let doors = device.doorFaults
        device.queue.run(after: pace.pause(for: bytes.count, doors)) { [self] in
            waiting.subtract(bytes.count, ordering: .relaxed)
            guard !connection.isClosed else { return }
            perform(connection) { $0.receive(bytes, $1, bufferSize: doors.bufferSize) }
        }
    }

    private func perform<Connection: TerminalConnection>(
        _ connection: Connection, _ body: (inout DeviceTerminal, GatheredOutput<Connection>) -> Void
    ) {
        let output = GatheredOutput(connection)
        state.withLock { body(&$0, output) }
        output.flush()
        settle(connection)
    }

    private func work<Connection: TerminalConnection>(
        _ connection: Connection,
        _ body: @escaping @Sendable (inout DeviceTerminal, GatheredOutput<Connection>) -> Void
    ) {
        device.queue.run { [self] in perform(connection, body) }
    }

    /// Lets an answer come that a fault has put off.
    private func settle(_ connection: some TerminalConnection) {
        guard let delay = state.withLock({ $0.takeDelay() }) else { return }
        device.queue.run(after: delay) { [self] in
            guard !connection.isClosed else { return }
            perform(connection) { $0.resume($1) }
        }
    }

    func endOfInput(on connection: some TerminalConnection) { work(connection) { $0.endOfInput($1) } }
    func outputDrained(on connection: some TerminalConnection) { work(connection) { $0.pump($1) } }
    func end() { device.queue.run { [self] in state.withLock { $0.end() } } }
}
