internal import CSSH
internal import Foundation

/// Where to connect to. The address is numeric or a name; a name is looked up by the system, which can't be cancelled.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    package var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The numeric addresses, in the system's order.
    func resolved(passive: Bool = false) throws(WireError) -> [SocketAddressBytes] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let rc = getaddrinfo(host, String(port), &hints, &list)
        guard rc == 0 else {
            throw WireError(
                .unreachable, peer: description, "unknown address: \(String(cString: gai_strerror(rc)))",
                remedy: "check the device's address")
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddressBytes] = []
        var next = list
        while let entry = next {
            let raw = UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen))
            found.append(SocketAddressBytes(family: entry.pointee.ai_family, bytes: Array(raw)))
            next = entry.pointee.ai_next
        }
        return found
    }
}

/// A `sockaddr` of any family.
struct SocketAddressBytes {
    var family: Int32
    var bytes: [UInt8]

    func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        bytes.withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) }
    }
}

/// Opens TCP connections without ever blocking past a deadline.
enum SocketConnector {
    /// A connected, non-blocking, close-on-exec socket; tries each address that the name has.
    static func connect(
        to address: SocketAddress, deadline: Deadline, cancellation: Cancellation
    ) throws(WireError) -> Int32 {
        var last = WireError(
            .unreachable, peer: address.description, "no address", remedy: "check the device's address")
        for candidate in try address.resolved() {
            if cancellation.isCancelled { throw cancelled(address) }
            do {
                return try connect(candidate, of: address, deadline: deadline, cancellation: cancellation)
            } catch {
                if error.code == .cancelled || error.code == .timeout { throw error }
                last = error
            }
        }
        throw last
    }

    static func cancelled(_ address: SocketAddress) -> WireError {
        WireError(.cancelled, peer: address.description, "cancelled")
    }

    private static func connect(
        _ candidate: SocketAddressBytes, of address: SocketAddress, deadline: Deadline, cancellation: Cancellation
    ) throws(WireError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(candidate.family, type, 0)
        guard descriptor >= 0 else { throw failure(errno, address) }
        var isDone = false
        defer { if !isDone { close(descriptor) } }
        if candidate.withAddress({ Foundation.connect(descriptor, $0, $1) }) != 0 {
            guard errno == EINPROGRESS else { throw failure(errno, address) }
            var readiness = SocketReadiness.woken
            while readiness == .woken {
                if cancellation.isCancelled { throw cancelled(address) }
                readiness = waitForSocket(
                    descriptor, events: Int16(POLLOUT), wakened: cancellation, deadline: deadline)
            }
            if readiness == .timedOut { throw failure(ETIMEDOUT, address) }
            var reason: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &reason, &size)
            guard reason == 0 else { throw failure(reason, address) }
        }
        isDone = true
        setDefaults(descriptor)
        return descriptor
    }

    /// Small packets at once, and dead peers noticed by the system within about two minutes.
    static func setDefaults(_ descriptor: Int32) {
        let options: [(Int32, Int32, Int32)] = [
            (Int32(IPPROTO_TCP), TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1), (Int32(IPPROTO_TCP), TCP_KEEPIDLE, 60),
            (Int32(IPPROTO_TCP), TCP_KEEPINTVL, 15), (Int32(IPPROTO_TCP), TCP_KEEPCNT, 4),
        ]
        for (level, name, value) in options {
            var value = value
            setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    private static func failure(_ reason: Int32, _ address: SocketAddress) -> WireError {
        let text = String(cString: strerror(reason))
        switch reason {
        case ECONNREFUSED:
            return WireError(
                .connectionRefused, peer: address.description, "connection refused",
                remedy: "check that the device is up and listens on this port")
        case ETIMEDOUT:
            return WireError(
                .timeout, peer: address.description, "no connection within the connect time-out",
                remedy: "check the address and the way to it, or raise connect-timeout")
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EAGAIN:
            return WireError(
                .system, peer: address.description, text, remedy: "raise the limit of open files or sockets")
        default:
            return WireError(
                .unreachable, peer: address.description, text, remedy: "check the address and the way to it")
        }
    }
}
