import Foundation
import NETCONF
import Synchronization
import Wire

/// NETCONF over plain TCP: whoever connects is served, as admin.
///
/// The line with which the incumbent's clients begin, `[user;address;tcp;uid;gid;...]`, is passed over. Each connection has
/// a thread of its own, which waits for the device's queue and for the client; requests are taken one by one.
final class NETCONFPort: Sendable {
    private let device: SimulatedDevice
    private let service: NETCONFService

    private static let headerLimit = 1 << 12
    /// Within this time a client has to greet.
    private static let grace = Duration.seconds(60)

    init(_ device: SimulatedDevice, _ service: NETCONFService) {
        self.device = device
        self.service = service
    }

    func serve(_ stream: TCPStream) {
        let talk = TCPTalk(device, stream)
        defer { talk.end() }
        do throws(WireError) {
            try talk.begin(service.server)
            let greeting = Deadline.after(Self.grace)
            guard var bytes = try stream.read(deadline: greeting), try dropHeader(&bytes, stream, greeting) else {
                return
            }
            var isGreeted = false
            while try talk.carryOut(bytes) {
                isGreeted = isGreeted || talk.isGreeted
                guard let more = try stream.read(deadline: isGreeted ? .never : greeting) else { return }
                bytes = more
            }
        } catch {
            // The client has gone, or another session has ended this one.
            return
        }
    }

    /// Takes the first line off if it is one. False if it does not end.
    private func dropHeader(
        _ bytes: inout [UInt8], _ stream: TCPStream, _ deadline: Deadline
    ) throws(WireError) -> Bool {
        guard bytes.first == UInt8(ascii: "[") else { return true }
        while !bytes.contains(10) {
            guard bytes.count < Self.headerLimit, let more = try stream.read(deadline: deadline) else { return false }
            bytes += more
        }
        bytes.removeFirst(bytes.prefix { $0 != 10 }.count + 1)
        return true
    }
}

/// One session over TCP.
///
/// Invariant: who writes to the stream holds `writing`, from the step that made the bytes to the last of them: replies
/// are written by the connection's own thread, notifications by another.
private final class TCPTalk: Sendable {
    private let device: SimulatedDevice
    private let stream: TCPStream
    private let session = Mutex<ServerSession?>(nil)
    private let writing = Mutex(())
    /// Somebody is about to look whether there is something to tell.
    private let isWoken = Atomic(false)

    static let writeTime = Duration.seconds(60)

    init(_ device: SimulatedDevice, _ stream: TCPStream) {
        self.device = device
        self.stream = stream
    }

    func begin(_ server: NETCONFServer) throws(WireError) {
        let greeting = onDevice { [self] in
            session.withLock { [self] session in
                let made = ServerSession(
                    server, user: "admin", source: "127.0.0.1", transport: "netconf-tcp",
                    wake: { [weak self] in self?.wake() }, end: { [stream] in stream.abort() })
                let greeting = made.greeting
                session = made
                return greeting
            }
        }
        try stream.write(greeting, deadline: .after(Self.writeTime))
    }

    var isGreeted: Bool { session.withLock { $0?.isGreeted == true } }

    func end() { onDevice { [self] in session.withLock { $0?.end() } } }

    /// Works on what came. False if the session is over.
    func carryOut(_ bytes: [UInt8]) throws(WireError) -> Bool {
        onDevice { [self] in session.withLock { $0?.append(bytes) } }
        return try pump()
    }

    private func pump() throws(WireError) -> Bool {
        try writing.withLock { _ throws(WireError) in
            while true {
                let whole = onDevice { [self] in session.withLock { $0?.step() } }
                // Before the client hears of it: who has an answer is not pushed out.
                if isGreeted { stream.prove() }
                guard let whole else { return true }
                let fault = device.takeAnswerFault()
                if fault.delay > 0 { usleep(useconds_t(fault.delay) * 1_000) }
                let output = whole.suffering(fault)
                for piece in output.pieces { try stream.write(piece, deadline: .after(Self.writeTime)) }
                while let piece = device.queue.measured({ output.stream?.next() }) {
                    try stream.write(piece, deadline: .after(Self.writeTime))
                }
                if output.closes { return false }
            }
        }
    }

    /// There is something to tell. A client that does not read holds up a thread, for at most the time of a write.
    private func wake() {
        guard !isWoken.exchange(true, ordering: .acquiringAndReleasing) else { return }
        Thread.detachNewThread { [self] in
            isWoken.store(false, ordering: .releasing)
            if (try? pump()) != true { stream.abort() }
        }
    }

    /// Runs work in the device's turn and waits for it.
    @discardableResult
    private func onDevice<Result: Sendable>(_ work: @escaping @Sendable () -> Result) -> Result {
        let outcome = Mutex<Result?>(nil)
        let done = DispatchSemaphore(value: 0)
        device.queue.run {
            let result = work()
            outcome.withLock { $0 = result }
            done.signal()
        }
        while true {
            done.wait()
            if let result = outcome.withLock(\.self) { return result }
        }
    }
}
