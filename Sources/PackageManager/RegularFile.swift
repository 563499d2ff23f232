import Basics
import Foundation

/// Regular files by descriptors: never a fifo, which would wait, nor a device.
enum RegularFile {
    /// Copies a file to a new one with mode 0644 (0755 with `keepsExecutable`, if its owner may execute it).
    ///
    /// - Parameter limit: of bytes.
    /// - Returns: the bytes copied.
    @discardableResult
    static func copy(
        _ source: String, to target: String, keepsExecutable: Bool = false, followsLinks: Bool = true, limit: Int = .max
    ) throws -> Int {
        let input = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
        guard input >= 0 else { throw FileError(operation: "open", path: source, errno: errno) }
        defer { close(input) }
        var info = stat()
        guard fstat(input, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw PackageError(.entryRefused, source, "is not a regular file", remedy: "give a file, or remove it")
        }
        let mode: mode_t = keepsExecutable && info.st_mode & S_IXUSR != 0 ? 0o755 : 0o644
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard output >= 0 else { throw FileError(operation: "create", path: target, errno: errno) }
        defer { close(output) }
        guard fchmod(output, mode) == 0 else { throw FileError(operation: "change", path: target, errno: errno) }
        return try pump(input, output, source, target, limit)
    }

    private static func pump(
        _ input: Int32, _ output: Int32, _ source: String, _ target: String, _ limit: Int
    ) throws -> Int {
        var chunk = [UInt8](repeating: 0, count: 1 << 17)
        var bytes = 0
        while true {
            let count = read(input, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(operation: "read", path: source, errno: errno) }
            if count == 0 { return bytes }
            bytes += count
            guard bytes <= limit else { throw PackageError(.limitExceeded, source, "is too large") }
            var offset = 0
            while offset < count {
                let written = chunk.withUnsafeBytes { write(output, $0.baseAddress! + offset, count - offset) }
                if written < 0, errno == EINTR { continue }
                guard written >= 0 else { throw FileError(operation: "write", path: target, errno: errno) }
                offset += written
            }
        }
    }
}
