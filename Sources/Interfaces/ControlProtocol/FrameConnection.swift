import Foundation
package import Glibc
import Synchronization

/// A connected local socket that carries frames. Reading belongs to one thread; writing may come from any.
package final class FrameConnection: Sendable {
    private let descriptor: Int32
    private let writing = Mutex(false)
    private let isClosed = Mutex(false)

    /// Takes the descriptor over.
    package init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { Foundation.close(descriptor) }

    /// The next frame, or nil when the peer has closed. Throws on a frame that breaks the protocol.
    package func receive() throws -> Frame? {
        guard let head = try read(5) else { return nil }
        let length = head[0..<4].reduce(0) { $0 << 8 | Int($1) }
        guard length >= 1, length <= Frame.payloadLimit + 1, let kind = Frame.Kind(rawValue: head[4]) else {
            throw ControlError(.internalFault, "the peer does not speak this program's local protocol")
        }
        guard length > 1 else { return Frame(kind) }
        guard let payload = try read(length - 1) else { return nil }
        return Frame(kind, payload)
    }

    private func read(_ count: Int) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes {
                Foundation.read(descriptor, $0.baseAddress! + filled, count - filled)
            }
            if got < 0, errno == EINTR { continue }
            if got <= 0 { return nil }
            filled += got
        }
        return bytes
    }

    /// Sends a frame; false when the peer is gone. Payloads over the limit go as several frames of the same kind.
    @discardableResult
    package func send(_ frame: Frame) -> Bool {
        var rest = frame.payload[...]
        repeat {
            let part = rest.prefix(Frame.payloadLimit)
            rest = rest.dropFirst(part.count)
            guard sendOne(frame.kind, part) else { return false }
        } while !rest.isEmpty
        return true
    }

    private func sendOne(_ kind: Frame.Kind, _ payload: ArraySlice<UInt8>) -> Bool {
        let length = UInt32(payload.count + 1)
        var bytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
        bytes.append(kind.rawValue)
        bytes += payload
        return writing.withLock { _ in
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Foundation.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return false }
                sent += count
            }
            return true
        }
    }

    /// The content of one document as it comes: for a reader that asks for the next bytes. Throws if the peer breaks off.
    package func documentSource() -> (UnsafeMutableRawBufferPointer) throws -> Int {
        var rest: ArraySlice<UInt8> = []
        var isAtEnd = false
        return { [self] target in
            while rest.isEmpty, !isAtEnd {
                guard let frame = try receive(), frame.kind == .fileData || frame.kind == .fileEnd else {
                    throw ControlError(.connection, "the content did not arrive whole")
                }
                rest = frame.payload[...]
                isAtEnd = frame.kind == .fileEnd
            }
            let part = rest.prefix(target.count)
            target.copyBytes(from: part)
            rest = rest.dropFirst(part.count)
            return part.count
        }
    }

    /// Whether something can be received, or the peer has gone, without waiting.
    package var hasInput: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }

    /// How long `receive` waits for each part of a frame before it gives up as if the peer had closed; 0 for ever.
    package func setReadTimeout(seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Ends the connection; a thread that waits in `receive` gets nil.
    package func close() {
        isClosed.withLock { closed in
            if !closed { shutdown(descriptor, Int32(SHUT_RDWR)) }
            closed = true
        }
    }

    /// User and group of the process at the other end, as the kernel knows them.
    package func peer() -> (user: uid_t, group: gid_t, process: pid_t)? {
        var credentials = PeerCredentials()
        var size = socklen_t(MemoryLayout<PeerCredentials>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        return (credentials.user, credentials.group, credentials.process)
    }

    /// The kernel's `struct ucred`.
    private struct PeerCredentials {
        var process: pid_t = 0
        var user: uid_t = 0
        var group: gid_t = 0
    }
}
