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
        work(connection) { $0.begin(connection, isSilent: isSilent) }
    }

    func received(_ bytes: [UInt8], on connection: some TerminalConnection) {
        guard waiting.add(bytes.count, ordering: .relaxed).newValue <= Self.inputLimit else { return connection.drop() }
        let doors = device.doorFaults
        device.queue.run(after: pace.pause(for: bytes.count, doors)) { [self] in
            waiting.subtract(bytes.count, ordering: .relaxed)
            guard !connection.isClosed else { return }
            state.withLock { $0.receive(bytes, connection, bufferSize: doors.bufferSize) }
            settle(connection)
        }
    }

    private func work(
        _ connection: some TerminalConnection, _ body: @escaping @Sendable (inout DeviceTerminal) -> Void
    ) {
        device.queue.run { [self] in
            state.withLock { body(&$0) }
            settle(connection)
        }
    }

    /// Lets an answer come that a fault has put off.
    private func settle(_ connection: some TerminalConnection) {
        guard let delay = state.withLock({ $0.takeDelay() }) else { return }
        device.queue.run(after: delay) { [self] in
            guard !connection.isClosed else { return }
            state.withLock { $0.resume(connection) }
            settle(connection)
        }
    }

    func endOfInput(on connection: some TerminalConnection) { work(connection) { $0.endOfInput(connection) } }
    func outputDrained(on connection: some TerminalConnection) { work(connection) { $0.pump(connection) } }
    func end() { device.queue.run { [self] in state.withLock { $0.end() } } }
}
