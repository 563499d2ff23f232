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
    private let server: NETCONFServer

    private static let headerLimit = 1 << 12
    private static let writeTime = Duration.seconds(60)

    init(_ device: SimulatedDevice, _ server: NETCONFServer) {
        self.device = device
        self.server = server
    }

    /// One session, guarded by the lock; `nil` before its beginning.
    private final class Talk: Sendable {
        let session = Mutex<ServerSession?>(nil)
    }

    func serve(_ stream: TCPStream) {
        let talk = Talk()
        defer { onDevice { talk.session.withLock { $0?.end() } } }
        let greeting = Mutex<[UInt8]>([])
        onDevice { [server] in
            talk.session.withLock { session in
                let made = ServerSession(server, user: "admin", source: "127.0.0.1", transport: "netconf-tcp") {
                    stream.abort()
                }
                greeting.withLock { $0 = made.greeting }
                session = made
            }
        }
        do throws(WireError) {
            try stream.write(greeting.withLock { $0 }, deadline: .after(Self.writeTime))
            guard var bytes = try stream.read(deadline: .never), try dropHeader(&bytes, stream) else { return }
            while try carryOut(bytes, talk, stream) {
                guard let more = try stream.read(deadline: .never) else { return }
                bytes = more
            }
        } catch {
            // The client has gone, or another session has ended this one.
            return
        }
    }

    /// Works on what came. False if the session is over.
    private func carryOut(_ bytes: [UInt8], _ talk: Talk, _ stream: TCPStream) throws(WireError) -> Bool {
        onDevice { talk.session.withLock { $0?.append(bytes) } }
        while true {
            let step = Mutex<ServerSession.Output?>(nil)
            onDevice { step.withLock { $0 = talk.session.withLock { $0?.step() } } }
            guard let whole = step.withLock({ $0 }) else { return true }
            let fault = device.takeAnswerFault()
            if fault.delay > 0 { usleep(useconds_t(fault.delay) * 1_000) }
            let output = whole.suffering(fault)
            for piece in output.pieces { try stream.write(piece, deadline: .after(Self.writeTime)) }
            if output.closes { return false }
        }
    }

    /// Takes the first line off if it is one. False if it does not end.
    private func dropHeader(_ bytes: inout [UInt8], _ stream: TCPStream) throws(WireError) -> Bool {
        guard bytes.first == UInt8(ascii: "[") else { return true }
        while !bytes.contains(10) {
            guard bytes.count < Self.headerLimit, let more = try stream.read(deadline: .after(Self.writeTime)) else {
                return false
            }
            bytes += more
        }
        bytes.removeFirst(bytes.prefix { $0 != 10 }.count + 1)
        return true
    }

    /// Runs work in the device's turn and waits for it.
    private func onDevice(_ work: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        device.queue.run {
            work()
            done.signal()
        }
        done.wait()
    }
}
