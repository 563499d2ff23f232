internal import CSSH
internal import Foundation
internal import Synchronization

/// A TCP connection as a byte stream.
package final class TCPStream: ByteStream {
    package let peer: String
    private let descriptor: Int32
    private let cancellation: Cancellation
    /// Readers and writers inside a call; the descriptor is closed by `deinit`, so that it can't be reused under them.
    private let isClosed = Atomic(false)
    /// Whoever is at the other end has shown that it is a client of this port.
    private let isProven = Atomic(false)
    private let hasHeard = Atomic(false)

    package static func connect(to address: SocketAddress, deadline: Deadline) throws(WireError) -> TCPStream {
        let cancellation = try Cancellation()
        let descriptor = try SocketConnector.connect(to: address, deadline: deadline, cancellation: cancellation)
        return TCPStream(taking: descriptor, peer: "tcp \(address)", cancellation: cancellation)
    }

    /// Takes over a connection that a server accepted. If it throws the descriptor stays the caller's.
    convenience init(accepted descriptor: Int32) throws(WireError) {
        let cancellation = try Cancellation()
        SocketConnector.setDefaults(descriptor)
        self.init(taking: descriptor, peer: "tcp client", cancellation: cancellation)
    }

    private init(taking descriptor: Int32, peer: String, cancellation: Cancellation) {
        openned_ignore_sigpipe()
        self.descriptor = descriptor
        self.peer = peer
        self.cancellation = cancellation
    }

    deinit { Foundation.close(descriptor) }

    package func read(deadline: Deadline) throws(WireError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            try checkOpen()
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count == 0 { return nil }
            if count > 0 {
                hasHeard.store(true, ordering: .relaxed)
                return Array(buffer[0..<count])
            }
            try retry(POLLIN, deadline, "no data within the read time-out")
        }
    }

    package func write(_ bytes: [UInt8], deadline: Deadline) throws(WireError) {
        var offset = 0
        while offset < bytes.count {
            try checkOpen()
            let count = bytes.withUnsafeBytes {
                send(
                    descriptor, $0.baseAddress! + offset, $0.count - offset,
                    Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                offset += count
            } else {
                try retry(POLLOUT, deadline, "data not taken within the write time-out")
            }
        }
    }

    /// After a failed call: waits if it would have blocked, throws otherwise.
    private func retry(_ events: Int32, _ deadline: Deadline, _ onTimeout: String) throws(WireError) {
        let reason = errno
        switch reason {
        case EINTR: return
        case EAGAIN:
            let readiness = waitForSocket(descriptor, events: Int16(events), wakened: cancellation, deadline: deadline)
            if readiness == .timedOut {
                throw WireError(.timeout, peer: peer, onTimeout, remedy: "check the device, or raise the time-out")
            }
        default:
            throw WireError(.closedByPeer, peer: peer, "connection broken: \(String(cString: strerror(reason)))")
        }
    }

    private func checkOpen() throws(WireError) {
        if cancellation.isCancelled { throw WireError(.cancelled, peer: peer, "cancelled") }
    }

    package func close() {
        guard isClosed.exchange(true, ordering: .acquiringAndReleasing) == false else { return }
        cancellation.cancel()
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    package func abort() { cancellation.cancel() }

    /// Of a connection that a `TCPServer` took: it need not make way for others any more.
    package func prove() { isProven.store(true, ordering: .relaxed) }

    /// Whether it makes way for others.
    var makesWay: Bool { !isProven.load(ordering: .relaxed) && !cancellation.isCancelled }

    /// Nothing has come over it.
    var isSilent: Bool { !hasHeard.load(ordering: .relaxed) }

    /// Gives the connection away: a descriptor of it that the caller has to close. The stream is closed with that.
    func detach() throws(WireError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .system("the connection cannot be handed on", errno, peer: peer) }
        isClosed.store(true, ordering: .releasing)
        cancellation.cancel()
        return copy
    }

    /// Who is at the other end, in numbers; nil once the connection is gone.
    package var remoteAddress: SocketAddress? {
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        var length = socklen_t(bytes.count)
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let rc = bytes.withUnsafeMutableBytes { raw -> Int32 in
            let address = raw.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            guard getpeername(descriptor, address, &length) == 0 else { return -1 }
            return getnameinfo(
                address, length, &host, socklen_t(host.count), &service, socklen_t(service.count),
                NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard rc == 0 else { return nil }
        func text(_ buffer: [CChar]) -> String {
            String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return SocketAddress(host: text(host), port: UInt16(text(service)) ?? 0)
    }
}
