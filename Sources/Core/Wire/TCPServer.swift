internal import CSSH
internal import Foundation
internal import Synchronization

/// Plain TCP ports on one thread: whoever connects is handed to the port's owner as a stream.
///
/// Invariant: at most `limit` connections of a port are open at once. For one more the oldest ends that has said
/// nothing, else the oldest that has not been proven (`TCPStream.prove`); if all are, the new one is closed at once.
package final class TCPServer: Sendable {
    private typealias Accepted = @Sendable (TCPStream) -> Void

    private struct Port: Sendable {
        var descriptor: Int32
        var accepted: Accepted
        let open = OpenConnections()
    }

    /// Connections of a port that are being served, the oldest first.
    private final class OpenConnections: Sendable {
        private let streams = Mutex<[TCPStream]>([])

        /// Takes one in, if need be in place of another. False if there is no room.
        func add(_ stream: TCPStream, limit: Int) -> Bool {
            streams.withLock { streams in
                if streams.count >= limit {
                    // One that was told to go may still be on its way out.
                    let silent = streams.firstIndex { $0.makesWay && $0.isSilent }
                    guard let index = silent ?? streams.firstIndex(where: \.makesWay) else { return false }
                    streams.remove(at: index).abort()
                }
                streams.append(stream)
                return true
            }
        }

        func remove(_ stream: TCPStream) { streams.withLock { $0.removeAll { $0 === stream } } }
    }

    /// Where clients reach a port; the number is the real one if 0 was asked for.
    package struct Listener: Hashable, Sendable {
        fileprivate let descriptor: Int32
        package let address: SocketAddress
    }

    private let poll: Int32
    private let ports = Mutex<[Int32: Port]>([:])
    private let limit: Int
    private static let pollMilliseconds: Int32 = 200

    /// - Parameter limit: connections of one port.
    package init(limit: Int = 64) throws(WireError) {
        openned_ignore_sigpipe()
        self.limit = limit
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poll >= 0 else { throw WireError(.system, peer: "", "no epoll: \(String(cString: strerror(errno)))") }
    }

    deinit {
        stop()
        close(poll)
    }

    /// Opens a port. `accepted` is called for each connection on a thread of its own and may block; the connection ends
    /// when it returns. Throws `addressUnavailable`, `system`.
    package func listen(
        at address: SocketAddress, accepted: @escaping @Sendable (TCPStream) -> Void
    ) throws(WireError) -> Listener {
        let descriptor = try SSHServerListener.listen(address)
        let isFirst = ports.withLock { ports in
            defer { ports[descriptor] = Port(descriptor: descriptor, accepted: accepted) }
            return ports.isEmpty
        }
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.fd = descriptor
        epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event)
        if isFirst { startThread() }
        return Listener(
            descriptor: descriptor,
            address: SocketAddress(host: address.host, port: SSHServerListener.localPort(descriptor)))
    }

    /// Frees the port at once; connections go on.
    package func stopListening(_ listener: Listener) {
        ports.withLock { ports in
            // Closing also takes the descriptor out of epoll; under the lock, so that no thread accepts on its number.
            if ports.removeValue(forKey: listener.descriptor) != nil { close(listener.descriptor) }
        }
    }

    /// Frees all ports.
    package func stop() {
        ports.withLock { ports in
            for descriptor in ports.keys { close(descriptor) }
            ports = [:]
        }
    }

    /// Runs while there are ports.
    private func startThread() {
        let poll = dup(poll)
        Thread.detachNewThread { [weak self] in
            defer { close(poll) }
            var events = [epoll_event](repeating: epoll_event(), count: 64)
            while true {
                let count = epoll_wait(poll, &events, Int32(events.count), Self.pollMilliseconds)
                guard let server = self, !server.ports.withLock(\.isEmpty) else { return }
                for index in 0..<max(0, Int(count)) { server.accept(on: events[index].data.fd) }
            }
        }
    }

    private func accept(on descriptor: Int32) {
        let found = ports.withLock { ports -> (Port, Int32)? in
            guard let port = ports[descriptor] else { return nil }
            let accepted = openned_accept(descriptor, nil, nil)
            return accepted < 0 ? nil : (port, accepted)
        }
        guard let (port, connection) = found else { return }
        guard let stream = try? TCPStream(accepted: connection) else {
            close(connection)
            return
        }
        guard port.open.add(stream, limit: limit) else { return stream.close() }
        let thread = Thread {
            port.accepted(stream)
            stream.close()
            port.open.remove(stream)
        }
        thread.name = "tcp-server"
        thread.stackSize = 1 << 20
        thread.start()
    }
}
