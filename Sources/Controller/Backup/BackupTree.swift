import Basics
import Foundation

/// Copies directories for a backup: files and directories, links replaced by what they lead to, nothing else.
enum BackupTree {
    private static let depthLimit = 30

    /// - Parameter leavesOut: names directly in `source` that are not copied.
    static func copy(
        _ source: String, to target: String, depth: Int = 0, leavesOut: (String) -> Bool = { _ in false }
    ) throws(BackupError) {
        guard depth < depthLimit else {
            throw BackupError(
                .unusable, "\(source): more than \(depthLimit) directories deep; is there a link to itself?")
        }
        let input = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard input >= 0 else {
            // What has gone meanwhile was not to stay, a link that leads nowhere and a socket have nothing to keep.
            if errno == ENOENT || errno == ENXIO { return }
            throw failure("read", source)
        }
        defer { close(input) }
        guard let status = try? FileStatus(descriptor: input, path: source) else { throw failure("read", source) }
        switch status.kind {
        case .directory:
            guard mkdir(target, 0o700) == 0 || errno == EEXIST else { throw failure("make", target) }
            for name in (try? FileManager.default.contentsOfDirectory(atPath: source))?.sorted() ?? []
            where !leavesOut(name) {
                try copy(source + "/" + name, to: target + "/" + name, depth: depth + 1)
            }
        case .file: try copyFile(input, source, to: target, mode: mode_t(status.permissions & 0o777))
        default: break
        }
    }

    private static func copyFile(
        _ input: Int32, _ source: String, to target: String, mode: mode_t
    ) throws(BackupError) {
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard output >= 0 else { throw failure("write", target) }
        defer { close(output) }
        _ = fchmod(output, mode)
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(input, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", source) }
            if count == 0 { return }
            var sent = 0
            while sent < count {
                let written = buffer.withUnsafeBytes { write(output, $0.baseAddress! + sent, count - sent) }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw failure("write", target) }
                sent += written
            }
        }
    }

    /// Lets `target` have what `source` has, without a second copy where the file system lets it.
    static func link(_ source: String, to target: String) throws(BackupError) {
        guard let status = try? FileStatus(path: source) else { return }
        switch status.kind {
        case .directory:
            guard mkdir(target, 0o700) == 0 else { throw failure("make", target) }
            _ = chmod(target, mode_t(status.permissions & 0o777))
            for name in (try? FileManager.default.contentsOfDirectory(atPath: source)) ?? [] {
                try link(source + "/" + name, to: target + "/" + name)
            }
        case .symbolicLink:
            guard let destination = try? FileManager.default.destinationOfSymbolicLink(atPath: source),
                symlink(destination, target) == 0
            else { throw failure("link", target) }
        case .file: if Foundation.link(source, target) != 0 { try copy(source, to: target) }
        case .other: break
        }
    }

    static func failure(_ operation: String, _ path: String) -> BackupError {
        BackupError(.unusable, "\(path): cannot \(operation): \(String(cString: strerror(errno)))")
    }

    /// Every file below a directory, by its path from there.
    static func files(_ directory: String, below prefix: String = "") throws(BackupError) -> [BackupManifest.File] {
        var found: [BackupManifest.File] = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory))?.sorted() ?? [] {
            let path = directory + "/" + name
            guard let status = try? FileStatus(path: path) else { continue }
            if status.kind == .directory {
                found += try files(path, below: prefix + name + "/")
                continue
            }
            do {
                found.append(
                    BackupManifest.File(
                        path: prefix + name, mode: status.permissions & 0o777, size: status.size,
                        sha256: try TextHash.sha256(file: path)))
            } catch {
                throw BackupError(.unusable, "\(path): cannot be read: \(error)")
            }
        }
        return found
    }
}
