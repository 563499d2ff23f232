internal import Basics
internal import Foundation
internal import Synchronization

/// A file that is only appended to, and opened again when somebody has moved it away.
///
/// A write that fails is counted, not reported to the caller: a full disk must not stop the daemon from working. As soon
/// as writing succeeds again, a line says how many were lost. Every append is a single write, so that lines of several
/// threads do not mix.
final class AppendingFile: Sendable {
    private struct State: Sendable {
        var descriptor: Int32 = -1
        var lost = 0
    }

    let path: String
    private let mode: mode_t
    private let state: Mutex<State>

    /// - Throws: `FileError` if the file cannot be opened.
    init(_ path: String, mode: mode_t) throws {
        self.path = path
        self.mode = mode
        state = Mutex(State(descriptor: try Self.open(path, mode)))
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    private static func open(_ path: String, _ mode: mode_t) throws -> Int32 {
        let descriptor = Foundation.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, errno: errno) }
        return descriptor
    }

    func append(_ text: String) {
        state.withLock { state in
            var bytes = Array(text.utf8)
            if state.lost > 0 { bytes = Array("(\(state.lost) entries could not be written)\n".utf8) + bytes }
            if Self.writeAll(state.descriptor, bytes) {
                state.lost = 0
            } else {
                state.lost += 1
            }
        }
    }

    private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    /// Opens the path anew. A file larger than `limit` bytes is first renamed to end in `.1`, replacing the one before.
    ///
    /// - Throws: `FileError`; the old file stays in use.
    func reopen(rotatingAbove limit: Int?) throws {
        try state.withLock { state in
            var info = stat()
            if let limit, fstat(state.descriptor, &info) == 0, Int(info.st_size) > limit {
                guard rename(path, path + ".1") == 0 || errno == ENOENT else {
                    throw FileError(operation: "rename", path: path, errno: errno)
                }
            }
            let descriptor = try Self.open(path, mode)
            close(state.descriptor)
            state.descriptor = descriptor
        }
    }

    /// Empties the file.
    func clear() throws {
        try state.withLock { state in
            guard ftruncate(state.descriptor, 0) == 0 else {
                throw FileError(operation: "clear", path: path, errno: errno)
            }
        }
    }
}
