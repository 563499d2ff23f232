import NETCONF
import Synchronization
import Wire

/// The subsystem `netconf` of a session: carries bytes between the channel and a `ServerSession`.
///
/// Bytes are taken on the loop thread and worked on in the device's queue; while the client does not read, no further
/// request is begun.
final class NETCONFChannel: SSHChannelHandler {
    private let device: SimulatedDevice
    private let server: NETCONFServer
    private let session = Mutex<ServerSession?>(nil)
    private let waiting = Atomic(0)
    /// Whether an answer waits for its time.
    private let isPaused = Atomic(false)
    /// An answer of which a part has been sent.
    private let current = Mutex<ServerSession.Output?>(nil)
    /// The client says no more; what it has asked for is still answered.
    private let hasEnded = Atomic(false)
    private let pace = InputPace()

    /// Input not worked on yet above this drops the client; a message may be larger, it is worked on as it comes.
    private static let inputLimit = 32 << 20
    /// More output than this pending: the next request waits until it has left.
    private static let outputLimit = 1 << 20

    init(_ device: SimulatedDevice, _ server: NETCONFServer) {
        self.device = device
        self.server = server
    }

    func opened(_ channel: SSHServerChannel) {
        guard !device.doorFaults.isSilent else { return }
        device.queue.run { [self] in
            let source = String(channel.login.client.prefix { $0 != ":" })
            session.withLock { session in
                let wake: @Sendable () -> Void = { [weak self] in
                    guard let self else { return }
                    device.queue.run { self.pump(channel) }
                }
                let made = ServerSession(server, user: channel.login.user, source: source, wake: wake) {
                    channel.close()
                }
                channel.send(made.greeting)
                session = made
            }
        }
    }

    func received(_ bytes: [UInt8], on channel: SSHServerChannel) {
        guard waiting.add(bytes.count, ordering: .relaxed).newValue <= Self.inputLimit else { return channel.drop() }
        let doors = device.doorFaults
        device.queue.run(after: pace.pause(for: bytes.count, doors)) { [self] in
            waiting.subtract(bytes.count, ordering: .relaxed)
            guard !channel.isClosed else { return }
            session.withLock { $0?.append(Array(bytes.prefix(doors.bufferSize ?? bytes.count))) }
            pump(channel)
        }
    }

    private func pump(_ channel: SSHServerChannel) {
        while !isPaused.load(ordering: .relaxed), channel.pendingBytes < Self.outputLimit {
            if let output = current.withLock(\.self) {
                guard goOn(output, channel) else { return }
                continue
            }
            guard let output = session.withLock({ $0?.step() }) else {
                if hasEnded.load(ordering: .relaxed) { channel.close() }
                return
            }
            let fault = device.takeAnswerFault()
            guard fault.delay == 0 else {
                isPaused.store(true, ordering: .relaxed)
                device.queue.run(after: fault.delay) { [self] in
                    isPaused.store(false, ordering: .relaxed)
                    begin(output.suffering(fault), channel)
                    pump(channel)
                }
                return
            }
            begin(output.suffering(fault), channel)
        }
    }

    private func begin(_ output: ServerSession.Output, _ channel: SSHServerChannel) {
        for piece in output.pieces { channel.send(piece) }
        current.withLock { $0 = output }
    }

    /// Sends the next piece of an answer. False if the session is over.
    private func goOn(_ output: ServerSession.Output, _ channel: SSHServerChannel) -> Bool {
        if let piece = output.stream?.next() {
            channel.send(piece)
            return true
        }
        current.withLock { $0 = nil }
        if output.breaks { channel.drop() } else if output.closes { channel.close() }
        return !output.breaks && !output.closes
    }

    func endOfInput(on channel: SSHServerChannel) {
        device.queue.run { [self] in
            hasEnded.store(true, ordering: .relaxed)
            pump(channel)
        }
    }

    func outputDrained(on channel: SSHServerChannel) { device.queue.run { [self] in pump(channel) } }

    func closed(_ channel: SSHServerChannel) {
        device.queue.run { [self] in
            session.withLock { session in
                session?.end()
                session = nil
            }
        }
    }
}

extension ServerSession.Output {
    /// What is left of it after a fault.
    func suffering(_ fault: FaultInjector.Outcome) -> ServerSession.Output {
        var result = self
        guard !pieces.isEmpty || stream != nil, fault.garbage != nil || fault.length != nil else { return self }
        if let garbage = fault.garbage { result.pieces = [garbage] }
        if let length = fault.length { result.pieces = [prefix(length)] }
        result.stream = nil
        return result
    }
}
