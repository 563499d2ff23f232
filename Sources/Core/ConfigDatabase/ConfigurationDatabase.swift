internal import Basics
internal import Foundation

/// CDB: a durable, append-only log of records, and a table of operational values.
///
/// Every change goes through `write` or `append`: one at a time writes, callers that come together share a file sync,
/// and a change that was acknowledged survives a power cut. Opening checks every digest; what is damaged is named by
/// its number and refused. All errors are `DatabaseFault`.
package final class ConfigurationDatabase: Sendable {
    /// The name of the file in the database directory.
    package static let fileName = "cdb.sqlite"

    package let path: String
    /// Whether this opening made the file.
    package let isNew: Bool

    let storage: LogStorage
    let writer: CommitWriter

    /// Opens `cdb.sqlite` in `directory`, or makes an empty one, and hands its whole content to `replay`.
    ///
    /// - Parameter identity: for a new file, 16 bytes that no other database has; random unless a test says otherwise.
    /// - Throws: `DatabaseFault`, or what `replay` throws.
    package init(
        directory: String, identity: [UInt8]? = nil, replay: (ReplayStep) throws -> Void = { _ in }
    ) throws {
        path = directory + "/" + Self.fileName
        do {
            isNew = try Self.prepare(path, identity: identity)
            storage = try LogStorage(opening: path)
            var refusal: (any Error)?
            let stored: StoredState
            do {
                try storage.upgrade()
                stored = try storage.verify { step in
                    do { try replay(step) } catch {
                        refusal = error
                        throw error
                    }
                }
            } catch {
                storage.close()
                if let refusal { throw Refusal(cause: refusal) }
                throw error
            }
            // What a crash left in the write-ahead log; if it cannot be copied now, it stays there.
            if !isNew { try? storage.checkpoint() }
            writer = CommitWriter(storage, stored)
        } catch let refusal as Refusal {
            throw refusal.cause
        } catch {
            throw DatabaseFault.from(error, path: path)
        }
    }

    /// Carries an error of `replay` past the translation of database errors.
    private struct Refusal: Error {
        var cause: any Error
    }

    /// Sees to it that the file is there and is the daemon's alone; true if it had to be made.
    private static func prepare(_ path: String, identity: [UInt8]?) throws -> Bool {
        var info = stat()
        if lstat(path, &info) == 0 {
            guard info.st_mode & S_IFMT == S_IFREG else {
                throw DatabaseFault(
                    .foreign, "this is not a regular file", remedy: "move it away and restore a backup", path: path)
            }
            if info.st_mode & 0o077 != 0, chmod(path, 0o600) != 0 {
                throw FileError(operation: "take the rights of others from", path: path, errno: errno)
            }
            return false
        }
        guard errno == ENOENT else { throw FileError(operation: "open", path: path, errno: errno) }
        guard !DurableFiles.exists(path + "-wal") else {
            throw DatabaseFault(
                .missing, "the database file is gone, its write-ahead log is still there",
                remedy: "put the file back, or remove \(fileName)-wal and restore a backup", path: path)
        }
        var generator = SystemRandomNumberGenerator()
        let identity = identity ?? (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        try DatabaseFormat.create(path, identity: identity)
        return true
    }

    deinit { close() }

    /// Writes what is pending, copies the write-ahead log into the file and closes it.
    package func close() {
        writer.stop()
        storage.close()
    }

    // MARK: The log

    /// The last durable record; number 0 if there is none.
    package var head: LogPosition { writer.head }

    /// Where the log begins.
    package var anchor: LogAnchor { writer.anchor }

    /// Writes the batch as a whole and returns its records when they are durable.
    @discardableResult
    package func write(_ batch: CommitBatch) throws -> [LogRecord] { try writer.write(batch).records }

    /// Writes the records as a whole and returns when they are durable.
    @discardableResult
    package func append(_ entries: [LogEntry]) throws -> [LogRecord] { try write(CommitBatch(entries)) }

    /// Reads the records after `position` in order, each checked; `position` must be one that this log had.
    package func read(
        after position: LogPosition, through last: Int64 = .max, _ body: (LogRecord) throws -> Void
    ) throws {
        var refusal: (any Error)?
        do {
            try storage.read(after: position, through: last) { record in
                do { try body(record) } catch {
                    refusal = error
                    throw error
                }
            }
        } catch {
            throw refusal ?? DatabaseFault.from(error, path: path)
        }
    }

    /// Lets a snapshot stand for the log up to and including `position`, whose records nobody reads any more; `forget`
    /// removes them.
    ///
    /// The snapshot's files must be durable already; `manifest` names them.
    package func moveAnchor(to position: LogPosition, manifest: [UInt8]) throws {
        do {
            try writer.moveAnchor(to: position, manifest: manifest)
        } catch {
            throw DatabaseFault.from(error, path: path)
        }
    }

    /// Tells `body` at once if writing fails, then when it begins to fail or succeeds again (nil), by who
    /// writes; it must be short.
    package func watch(_ body: @escaping @Sendable (DatabaseFault?) -> Void) { writer.watch(body) }

    // MARK: Operational values

    package func operational(_ key: String) -> [UInt8]? { writer.operational(key) }

    /// The keys that begin with `prefix`, sorted.
    package func operationalKeys(prefix: String) -> [String] { writer.operationalKeys(prefix: prefix) }

    /// Sets the values as a whole and returns when they are durable.
    package func setOperational(_ changes: [OperationalChange]) throws {
        try write(CommitBatch([], operational: changes))
    }

    /// Sets values that need not survive a crash: visible at once, written with the next batch or after a moment.
    package func setOperationalUnsynced(_ changes: [OperationalChange]) throws { try writer.setUnsynced(changes) }
}
