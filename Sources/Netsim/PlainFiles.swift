import Basics
import Foundation

/// File effects of the simulator that need to survive the death of the process, not of the machine: nothing is synced.
enum PlainFiles {
    static func write(_ path: String, _ bytes: some Collection<UInt8>, mode: mode_t = 0o644) throws(FileError) {
        let temporary = "\(path).new"
        try put(temporary, bytes, flags: O_TRUNC, mode: mode)
        guard rename(temporary, path) == 0 else { throw FileError(operation: "rename", path: path, errno: errno) }
    }

    /// Writes what `body` hands over piece by piece. Throws `FileError`, or what `body` throws.
    static func write(
        _ path: String, mode: mode_t = 0o644, pieces body: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, mode)
        guard descriptor >= 0 else { throw FileError(operation: "write", path: temporary, errno: errno) }
        do {
            defer { close(descriptor) }
            try body { piece in
                let fault = put(piece, descriptor)
                if fault != 0 { throw FileError(operation: "write", path: path, errno: fault) }
            }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else { throw FileError(operation: "rename", path: path, errno: errno) }
    }

    /// - Parameter limit: a file that has grown beyond so many bytes goes to `NAME.1`, which replaces the one before.
    static func append(
        _ path: String, _ bytes: some Collection<UInt8>, mode: mode_t = 0o644, limit: Int = .max
    ) throws(FileError) {
        try put(path, bytes, flags: O_APPEND, mode: mode, limit: limit)
    }

    private static func put(
        _ path: String, _ bytes: some Collection<UInt8>, flags: Int32, mode: mode_t, limit: Int = .max
    ) throws(FileError) {
        var descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode)
        if descriptor >= 0, limit < .max {
            var info = stat()
            if fstat(descriptor, &info) == 0, info.st_size > limit {
                _ = rename(path, path + ".1")
                close(descriptor)
                descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode)
            }
        }
        guard descriptor >= 0 else { throw FileError(operation: "write", path: path, errno: errno) }
        defer { close(descriptor) }
        let fault = Array(bytes).withUnsafeBytes { put($0, descriptor) }
        if fault != 0 { throw FileError(operation: "write", path: path, errno: fault) }
    }

    /// The error number, or 0.
    private static func put(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32) -> Int32 {
        var offset = 0
        while offset < bytes.count, let base = bytes.baseAddress {
            let count = Foundation.write(descriptor, base + offset, bytes.count - offset)
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            offset += count
        }
        return 0
    }

    static func makeDirectory(_ path: String) throws(FileError) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT else { throw FileError(operation: "make the directory", path: path, errno: errno) }
        let above = DurableFiles.parent(of: path)
        guard above != path else { throw FileError(operation: "make the directory", path: path, errno: errno) }
        try makeDirectory(above)
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FileError(operation: "make the directory", path: path, errno: errno)
        }
    }

    static func isDirectory(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// Names in a directory, sorted; empty if there is none.
    static func names(in directory: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
    }

    /// `path` without `.` and `..`, from the root on.
    static func absolute(_ path: String, in directory: String) -> String {
        let full = path.hasPrefix("/") ? path : directory + "/" + path
        var parts: [Substring] = []
        for part in full.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// `path` as seen from `directory`; both absolute.
    static func relative(_ path: String, to directory: String) -> String {
        let target = path.split(separator: "/")
        let base = directory.split(separator: "/")
        let shared = zip(target, base).prefix { $0 == $1 }.count
        let parts = Array(repeating: "..", count: base.count - shared) + target[shared...].map(String.init)
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }
}
