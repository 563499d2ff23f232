package import Foundation
import Synchronization

/// A named point in the program where a test may stop it dead.
///
/// `OPENNED_CRASH_AT=N` kills the process with SIGKILL as it reaches the N-th point (counted from 1);
/// `OPENNED_CRASH_AT=NAME` or `NAME:N` at the (N-th) point of that name. Without the variable a point costs one load.
/// `OPENNED_CRASH_TRACE=FILE` appends the name of each point as it is passed, which is how a test finds them all.
package enum CrashPoint {
    private struct Plan: Sendable {
        var name: String?
        var number: Int
        var trace: String?
    }

    private static let plan: Plan? = {
        let environment = ProcessInfo.processInfo.environment
        let trace = environment["OPENNED_CRASH_TRACE"]
        guard let text = environment["OPENNED_CRASH_AT"] else {
            return trace.map { Plan(name: nil, number: .max, trace: $0) }
        }
        if let number = Int(text) { return Plan(name: nil, number: number, trace: trace) }
        let parts = text.split(separator: ":", maxSplits: 1)
        return Plan(name: String(parts[0]), number: parts.count > 1 ? Int(parts[1]) ?? 1 : 1, trace: trace)
    }()
    private static let passed = Mutex(0)

    package static func reach(_ name: @autoclosure () -> String) {
        guard let plan else { return }
        let here = name()
        passed.withLock { count in
            if let trace = plan.trace, let file = fopen(trace, "a") {
                fputs(here + "\n", file)
                fclose(file)
            }
            if let wanted = plan.name, wanted != here { return }
            count += 1
            if count == plan.number { kill(getpid(), SIGKILL) }
        }
    }
}

/// Why a file operation failed: which one, on which path, and the system's reason.
package struct FileError: Error, Sendable, CustomStringConvertible {
    package var operation: String
    package var path: String
    package var errno: Int32

    package init(operation: String, path: String, errno: Int32) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    package var description: String { "\(path): cannot \(operation): \(String(cString: strerror(errno)))" }
}

/// File effects that must survive a crash. Each step that changes the disk passes a `CrashPoint`.
package enum DurableFiles {
    /// Replaces `path` by `bytes` as a whole: a reader, or a start after a crash, sees the old content or the new. A
    /// device or pipe (`/dev/null`) stays what it is and is written to.
    package static func replace(_ path: String, with bytes: some Collection<UInt8>, mode: mode_t = 0o644) throws {
        if isSpecial(path) { return try writeInto(path, bytes) }
        let temporary = "\(path).\(getpid()).new"
        try write(temporary, bytes, mode: mode)
        try rename(temporary, to: path)
    }

    /// Writes a new file, or truncates an old one, and syncs its content; its name is durable after `syncDirectory`.
    package static func write(_ path: String, _ bytes: some Collection<UInt8>, mode: mode_t = 0o644) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw FileError(operation: "create", path: path, errno: errno) }
        defer { close(descriptor) }
        let done: Bool? = bytes.withContiguousStorageIfAvailable { writeAll(descriptor, $0) }
        guard done ?? Array(bytes).withUnsafeBufferPointer({ writeAll(descriptor, $0) }), fsync(descriptor) == 0 else {
            let reason = errno
            unlink(path)
            throw FileError(operation: "write", path: path, errno: reason)
        }
        CrashPoint.reach("write")
    }

    private static func writeAll(_ descriptor: Int32, _ buffer: UnsafeBufferPointer<UInt8>) -> Bool {
        var offset = 0
        while offset < buffer.count {
            let count = Foundation.write(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            offset += count
        }
        return true
    }

    /// Renames and syncs the directory of the new name.
    private static func isSpecial(_ path: String) -> Bool {
        var info = stat()
        guard stat(path, &info) == 0 else { return false }
        return ![S_IFREG, S_IFDIR].contains(info.st_mode & S_IFMT)
    }

    private static func writeInto(_ path: String, _ bytes: some Collection<UInt8>) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        guard Array(bytes).withUnsafeBufferPointer({ writeAll(descriptor, $0) }) else {
            throw FileError(operation: "write", path: path, errno: errno)
        }
    }

    /// Refuses to put a file in the place of a device or pipe.
    package static func rename(_ path: String, to newPath: String) throws {
        guard !isSpecial(newPath) else {
            throw FileError(operation: "put a file in the place of a device", path: newPath, errno: EEXIST)
        }
        guard Foundation.rename(path, newPath) == 0 else {
            throw FileError(operation: "rename to \(newPath)", path: path, errno: errno)
        }
        CrashPoint.reach("rename")
        try syncDirectory(parent(of: newPath))
    }

    /// Makes `path` a symbolic link to `target`, replacing what was there, as a whole.
    package static func link(_ path: String, to target: String) throws {
        let temporary = "\(path).\(getpid()).new"
        unlink(temporary)
        guard symlink(target, temporary) == 0 else { throw FileError(operation: "link", path: temporary, errno: errno) }
        CrashPoint.reach("link")
        try rename(temporary, to: path)
    }

    package static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw FileError(operation: "remove", path: path, errno: errno)
        }
        CrashPoint.reach("remove")
        try syncDirectory(parent(of: path))
    }

    /// Removes a directory and all in it; no error if it is absent. Never follows a symbolic link.
    package static func removeTree(_ path: String) throws {
        guard (try? FileManager.default.attributesOfItem(atPath: path)) != nil else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw FileError(operation: "remove", path: path, errno: errno == 0 ? EIO : errno)
        }
        CrashPoint.reach("removeTree")
        try syncDirectory(parent(of: path))
    }

    package static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue { return }
        let above = parent(of: path)
        if above != path, !FileManager.default.fileExists(atPath: above) { try makeDirectory(above, mode: mode) }
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw FileError(operation: "make the directory", path: path, errno: errno)
        }
        CrashPoint.reach("mkdir")
        try syncDirectory(above)
    }

    package static func syncFile(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError(operation: "sync", path: path, errno: errno) }
        CrashPoint.reach("syncFile")
    }

    package static func syncDirectory(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError(operation: "sync", path: path, errno: errno) }
    }

    /// Syncs every regular file and directory under `path`, bottom up.
    package static func syncTree(_ path: String) throws {
        if let walker = FileManager.default.enumerator(atPath: path) {
            for case let relative as String in walker {
                let full = path + "/" + relative
                let descriptor = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                guard descriptor >= 0 else { continue }
                defer { close(descriptor) }
                guard fsync(descriptor) == 0 else { throw FileError(operation: "sync", path: full, errno: errno) }
            }
        }
        try syncDirectory(path)
        CrashPoint.reach("syncTree")
    }

    /// The whole content of a file of at most `limit` bytes.
    package static func read(_ path: String, limit: Int = 1 << 30) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw FileError(operation: "read", path: path, errno: errno) }
        guard info.st_mode & S_IFMT != S_IFDIR else { throw FileError(operation: "read", path: path, errno: EISDIR) }
        var bytes = [UInt8]()
        bytes.reserveCapacity(Int(info.st_size) + 1)
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(operation: "read", path: path, errno: errno)
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw FileError(operation: "read", path: path, errno: EFBIG) }
            bytes += chunk[0..<count]
        }
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The directory that a path lies in: `.` for a name alone, `/` for what lies there. Foundation's own crashes at a name
    /// of one letter.
    package static func parent(of path: String) -> String {
        func withoutSlashes(_ text: Substring) -> Substring {
            text[..<(text.lastIndex { $0 != "/" }.map(text.index(after:)) ?? text.startIndex)]
        }
        let whole = withoutSlashes(path[...])
        let above = whole.lastIndex(of: "/").map { withoutSlashes(whole[...$0]) } ?? ""
        return above.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : String(above)
    }
}
