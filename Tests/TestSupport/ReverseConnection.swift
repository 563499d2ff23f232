import Foundation
import Synchronization
import Wire

/// A device that calls home (RFC 8071): a connection to whoever listens, behind which a server's own port answers.
package final class ReverseConnection: Sendable {
    private let streams: [TCPStream]
    private let over = Atomic(false)

    /// - Parameters:
    ///   - listener: where the client listens, on this machine.
    ///   - server: the port of the server that makes the connection.
    package init(to listener: UInt16, from server: UInt16) throws {
        streams = try [listener, server].map {
            try TCPStream.connect(to: SocketAddress(host: "127.0.0.1", port: $0), deadline: .after(.seconds(120)))
        }
        carry(from: 0, to: 1)
        carry(from: 1, to: 0)
    }

    deinit { close() }

    /// One end has hung up.
    package var isOver: Bool { over.load(ordering: .acquiring) }

    package func close() { for stream in streams { stream.close() } }

    private func carry(from: Int, to: Int) {
        let (source, target) = (streams[from], streams[to])
        let thread = Thread { [weak self] in
            do {
                while let bytes = try source.read(deadline: .after(.seconds(3_600))) {
                    try target.write(bytes, deadline: .after(.seconds(120)))
                }
            } catch {}
            source.close()
            target.close()
            self?.over.store(true, ordering: .releasing)
        }
        thread.start()
    }
}
