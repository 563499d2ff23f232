import Basics
import Foundation

/// A line-by-line connection over a Unix socket between the command and the process.
final class ControlChannel: Sendable {
    private let descriptor: Int32

    private static let lineLimit = 16 << 20

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    // MARK: Ends

    /// Connects to the process of a network; nil if there is none.
    static func connect(_ paths: NetworkPaths) -> ControlChannel? {
        withSocket(paths) { descriptor, address, length in Foundation.connect(descriptor, address, length) == 0 }
            .map(ControlChannel.init)
    }

    /// Makes the listening socket, readable and writable by the owner only.
    static func listen(_ paths: NetworkPaths) throws(NetsimError) -> Int32 {
        unlink(paths.control)
        let descriptor = withSocket(paths) { descriptor, address, length in
            bind(descriptor, address, length) == 0 && chmod(paths.control, 0o600) == 0
                && Foundation.listen(descriptor, 64) == 0
        }
        guard let descriptor else {
            throw NetsimError(.system, paths.control, "cannot be made: \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// A socket address holds 107 bytes of path: the directory is named by descriptor, so that any depth will do.
    private static func withSocket(
        _ paths: NetworkPaths, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Int32? {
        let directory = open(paths.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return nil }
        defer { close(directory) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/proc/self/fd/\(directory)/\(NetworkPaths.controlName)".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let isDone = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if isDone { return descriptor }
        let reason = errno
        close(descriptor)
        errno = reason
        return nil
    }

    // MARK: Lines

    /// False if the other end is gone.
    @discardableResult
    func send(_ value: JSONValue) -> Bool {
        let bytes = Array((value.print() + "\n").utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { return false }
            offset += count
        }
        return true
    }

    /// Hands over each line as it comes, until the other end closes or `body` says that it has had enough.
    ///
    /// False if a line is no JSON, or nothing comes for `patience` seconds.
    @discardableResult
    func receive(patience: Int = 3_600, _ body: (JSONValue) -> Bool) -> Bool {
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var pending: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            while let end = pending.firstIndex(of: 0x0A) {
                let line = Array(pending[..<end])
                pending.removeSubrange(...end)
                guard let value = try? JSONValue.parse(line, file: "control") else { return false }
                if !body(value) { return true }
            }
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            if count == 0 { return true }
            guard count > 0, pending.count + count <= Self.lineLimit else { return false }
            pending += chunk[..<count]
        }
    }
}
