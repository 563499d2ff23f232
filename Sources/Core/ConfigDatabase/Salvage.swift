internal import Basics
internal import Foundation
internal import GRDB

/// What could be saved of a damaged database.
package struct Salvage: Sendable {
    /// The last record that was saved.
    package let position: LogPosition
    /// What stopped it; nil if the log was whole.
    package let fault: DatabaseFault?
    /// Operational values that were damaged and left out.
    package let lostOperational: Int

    /// Makes a database in `newDirectory` of all records of the one in `directory` before the first that is damaged.
    ///
    /// The damaged files are copied to `newDirectory` first, as `damaged.sqlite`, and never changed themselves.
    /// - Throws: `DatabaseFault` if not even the beginning can be read, or the new directory has a database.
    package static func perform(from directory: String, into newDirectory: String) throws -> Salvage {
        let damaged = directory + "/" + ConfigurationDatabase.fileName
        let path = newDirectory + "/" + ConfigurationDatabase.fileName
        do {
            guard !DurableFiles.exists(path) else {
                throw DatabaseFault(
                    .foreign, "there is a database already", remedy: "name an empty directory", path: path)
            }
            let copy = newDirectory + "/damaged.sqlite"
            for suffix in ["", "-wal"] where DurableFiles.exists(damaged + suffix) {
                try DurableFiles.write(copy + suffix, DurableFiles.read(damaged + suffix, limit: .max), mode: 0o600)
            }
            let source = try LogStorage(opening: copy, isDamaged: true)
            defer { source.close() }
            try source.upgrade()
            let snapshots = "/" + SnapshotFiles.directoryName
            if DurableFiles.exists(directory + snapshots), !DurableFiles.exists(newDirectory + snapshots) {
                try FileManager.default.copyItem(atPath: directory + snapshots, toPath: newDirectory + snapshots)
                try DurableFiles.syncTree(newDirectory + snapshots)
            }
            return try copyLog(from: source, to: path)
        } catch {
            throw DatabaseFault.from(error, path: damaged)
        }
    }

    private static func copyLog(from source: LogStorage, to path: String) throws -> Salvage {
        let anchor = try source.queue.inDatabase { try LogAnchor.read($0, path: source.path) }
        try DatabaseFormat.create(path, identity: anchor.identity)
        let target = try LogStorage(opening: path)
        defer { target.close() }
        try target.queue.inDatabase { try anchor.insert($0) }
        var state = StoredState(anchor: anchor, head: anchor.position, operational: OperationalTable())
        var batch = CommitBatch([])
        func write() throws {
            state = try target.write([batch], onto: state).0
            batch = CommitBatch([])
        }
        var fault: DatabaseFault?
        do {
            try source.read(after: anchor.position, through: .max) { record in
                batch.entries.append(LogEntry(kind: record.kind, time: record.time, payload: record.payload))
                if batch.byteCount > 8 << 20 || batch.entries.count >= 1_000 { try write() }
            }
        } catch let found as DatabaseFault where found.code == .damaged {
            fault = found
        }
        let (values, lost) = source.wholeOperationalValues()
        batch.operational = values
        try write()
        return Salvage(position: state.head, fault: fault, lostOperational: lost)
    }
}
