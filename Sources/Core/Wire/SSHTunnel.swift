internal import CSSH
internal import Foundation
internal import Synchronization

/// A connection that another host makes for us, as a socket that libssh can take over.
///
/// Two threads carry the bytes between the socket's other end and a channel of the session with that host. They end,
/// and the session may be freed, when either side ends.
final class SSHTunnel: Sendable {
    /// Belongs to who takes it.
    let socket: Int32
    private let state: TunnelState

    /// Why the other host no longer carries the connection; nil while it does, and after a regular end.
    var failure: WireError? { state.failure.withLock(\.self) }

    /// Asks the host at the end of `session` for a connection. Throws what `openForward` throws, and `system`.
    init(_ session: SSHSession, to address: SocketAddress) throws(WireError) {
        let channel = try session.openForward(to: address)
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw .system("no socket pair", errno, peer: "") }
        let inner: TCPStream
        do throws(WireError) { inner = try TCPStream(accepted: ends[0]) } catch {
            for end in ends { close(end) }
            throw error
        }
        socket = ends[1]
        state = TunnelState(channel: channel, inner: inner)
        state.start()
    }
}

/// What the threads of a tunnel hold.
private final class TunnelState: Sendable {
    let failure = Mutex<WireError?>(nil)
    private let channel: SSHClientChannel
    private let inner: TCPStream

    init(channel: SSHClientChannel, inner: TCPStream) {
        self.channel = channel
        self.inner = inner
    }

    func start() {
        Self.run { [self] in
            do throws(WireError) {
                while let bytes = try channel.read(deadline: .never) { try inner.write(bytes, deadline: .never) }
            } catch {
                note(error)
            }
            inner.close()
        }
        Self.run { [self] in
            do throws(WireError) {
                while let bytes = try inner.read(deadline: .never) { try channel.write(bytes, deadline: .never) }
            } catch {
                note(error)
            }
            channel.close()
        }
    }

    /// What is said of the far end only: that ours was closed is no failure.
    private func note(_ error: WireError) {
        guard error.code != .cancelled, error.peer == channel.peer || error.peer == channel.session.peer else { return }
        failure.withLock { $0 = $0 ?? error.on("proxy \(channel.session.peer)") }
    }

    private static func run(_ work: @escaping @Sendable () -> Void) {
        let thread = Thread(block: work)
        thread.name = "ssh-tunnel"
        thread.stackSize = 1 << 18
        thread.start()
    }
}
