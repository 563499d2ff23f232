import Foundation
import Wire

/// One file, copied between the controller's host and a device over a connection of its own.
package struct DeviceFileCopy: Sendable {
    package enum Direction: Sendable { case toDevice, fromDevice }
    package enum Method: String, Sendable { case scp, sftp }

    package var direction: Direction
    package var localFile: String
    package var remoteFile: String
    package var method = Method.scp
    /// Times and permissions of the original are kept, as far as the device can.
    package var keepsStamp = false

    package init(_ direction: Direction, localFile: String, remoteFile: String) {
        self.direction = direction
        self.localFile = localFile
        self.remoteFile = remoteFile
    }

    /// Copies. A file that is received appears whole or not at all.
    package func carryOut(_ target: DeviceTarget) throws(NEDError) {
        guard target.transport == .ssh else {
            throw NEDError(
                .driver, device: target.name, "files are copied over SSH, and the device is reached by Telnet")
        }
        do throws(WireError) {
            let source = try direction == .toDevice ? LocalSource(localFile) : nil
            let session = try target.openConnection().session
            defer { session.close() }
            let files: any RemoteFiles = method == .scp ? SCPFiles(session) : SFTPFiles(session)
            if let source {
                try files.send(source.file, to: remoteFile, keepsStamp: keepsStamp)
            } else {
                let local = try LocalSink(localFile)
                let stamp = try files.receive(remoteFile, keepsStamp: keepsStamp) {
                    (bytes) throws(WireError) in try local.write(bytes)
                }
                try local.finish(stamp)
            }
        } catch {
            var fault = NEDError(error, device: target.name, isConnecting: false)
            if error.code == .invalidArgument { fault.message = "\(error)" }
            throw fault
        }
    }
}

/// A local file that is read piece by piece.
private final class LocalSource {
    private let descriptor: Int32
    private let path: String
    private let info: stat

    init(_ path: String) throws(WireError) {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        var info = stat()
        guard descriptor >= 0, fstat(descriptor, &info) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw WireError(.invalidArgument, peer: path, "cannot be read: \(reason)", remedy: "check local-file")
        }
        guard info.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw WireError(.invalidArgument, peer: path, "no regular file", remedy: "name one as local-file")
        }
        self.descriptor = descriptor
        self.info = info
    }

    deinit { close(descriptor) }

    var file: FileSource {
        FileSource(
            name: path, size: Int64(info.st_size),
            stamp: FileStamp(
                mode: info.st_mode, modified: Int64(info.st_mtim.tv_sec), accessed: Int64(info.st_atim.tv_sec))
        ) { [self] () throws(WireError) in try next() }
    }

    private func next() throws(WireError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        let count = read(descriptor, &buffer, buffer.count)
        guard count >= 0 else {
            throw WireError(.system, peer: path, "cannot be read: \(String(cString: strerror(errno)))")
        }
        return count == 0 ? nil : Array(buffer[..<count])
    }
}

/// A local file that comes into being under another name beside its place.
private final class LocalSink {
    private let path: String
    private let temporary: String
    private var descriptor: Int32

    init(_ path: String) throws(WireError) {
        self.path = path
        var info = stat()
        if stat(path, &info) == 0, info.st_mode & S_IFMT != S_IFREG {
            throw WireError(
                .invalidArgument, peer: path, "is there, and no regular file", remedy: "choose another name")
        }
        temporary = path + ".\(UUID().uuidString).part"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw fault("cannot be made") }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporary)
    }

    func write(_ bytes: [UInt8]) throws(WireError) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress! + offset, $0.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw fault("cannot be written") }
            offset += count
        }
    }

    /// Gives the file its name, and what the original had.
    func finish(_ stamp: FileStamp?) throws(WireError) {
        fchmod(descriptor, mode_t(stamp?.mode ?? 0o644))
        if let stamp {
            let times = [stamp.accessed, stamp.modified].map { timespec(tv_sec: Int($0), tv_nsec: 0) }
            futimens(descriptor, times)
        }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw fault("cannot be written") }
        close(descriptor)
        descriptor = -1
    }

    private func fault(_ what: String) -> WireError {
        WireError(
            .invalidArgument, peer: path, "\(what): \(String(cString: strerror(errno)))",
            remedy: "check local-file, and the room on the disk")
    }
}
