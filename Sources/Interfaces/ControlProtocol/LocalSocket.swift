import Foundation

/// Unix sockets: paths, listening and connecting.
package enum LocalSocket {
    /// `sockaddr_un` holds 107 bytes; a longer path is reached through its directory.
    static func address(_ path: String) throws(ControlError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < room else {
            throw ControlError(.resource, "\(path): a socket path may have at most \(room - 1) bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return address
    }

    /// A connected descriptor, or nil with `errno` set.
    package static func connect(_ path: String) throws(ControlError) -> Int32? {
        var address = try address(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Foundation.connect(descriptor, $0, size) }
        }
        if result == 0 { return descriptor }
        let reason = errno
        close(descriptor)
        errno = reason
        return nil
    }

    /// Makes the directory of a socket if it is not there, for its owner alone. One that is there in a place that others
    /// can write to must be ours and private: somebody else may have made it first.
    private static func makePrivateDirectory(_ directory: String) throws(ControlError) {
        if mkdir(directory, 0o700) == 0 || !directory.hasPrefix("/tmp/ncs-") { return }
        var information = stat()
        guard lstat(directory, &information) == 0, information.st_mode & S_IFMT == S_IFDIR,
            information.st_uid == geteuid(), information.st_mode & 0o077 == 0
        else {
            throw ControlError(
                .resource,
                "\(directory): must be a directory of this user with mode 0700; remove it, or set NCS_IPC_PATH")
        }
    }

    /// A listening descriptor at `path`, mode 0600. A socket file left by a dead daemon is replaced; one that answers is
    /// an error.
    package static func listen(_ path: String) throws(ControlError) -> Int32 {
        if let descriptor = try connect(path) {
            close(descriptor)
            throw ControlError(.resource, "\(path): another daemon answers on this socket; stop it with ncs --stop")
        }
        var address = try address(path)
        try makePrivateDirectory((path as NSString).deletingLastPathComponent)
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let mask = umask(0o177)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        umask(mask)
        guard descriptor >= 0, result == 0, Foundation.listen(descriptor, 64) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw ControlError(.resource, "\(path): cannot listen: \(reason)")
        }
        return descriptor
    }
}
