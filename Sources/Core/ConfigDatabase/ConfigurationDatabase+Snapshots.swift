internal import Foundation

/// Snapshots, and forgetting the log before them. All errors are `DatabaseFault`.
extension ConfigurationDatabase {
    package var snapshotFiles: SnapshotFiles {
        SnapshotFiles(databaseDirectory: (path as NSString).deletingLastPathComponent)
    }

    /// The snapshots behind the beginning of the log, latest first.
    package var snapshots: [StoredSnapshot] { writer.snapshots }

    /// Where the record with a number is; nil if the log does not have it.
    package func position(of number: Int64) throws -> LogPosition? {
        if number == anchor.position.number { return anchor.position }
        return try checked { try storage.position(of: number) }
    }

    /// Enters a snapshot whose files are durable already.
    package func addSnapshot(_ snapshot: StoredSnapshot) throws {
        try checked {
            guard try storage.position(of: snapshot.position.number) == snapshot.position else {
                throw DatabaseFault(
                    .missing, "record \(snapshot.position.number) of the snapshot is not in the log",
                    remedy: "make the snapshot again", path: path, record: snapshot.position.number)
            }
            try writer.addSnapshot(snapshot)
        }
    }

    /// Forgets all snapshots but those after the records with these numbers; their files stay for now.
    package func removeSnapshots(except kept: Set<Int64>) throws {
        try checked { try writer.removeSnapshots(except: kept) }
    }

    /// Removes, in short steps between which others commit, the records before the beginning of the log, and gives
    /// back space. `pause` is called after each step and says whether to go on.
    package func forget(pause: () -> Bool) throws {
        try checked {
            while try storage.forgetSome(before: anchor) { guard pause() else { return } }
            while try storage.shrinkSome() { guard pause() else { return } }
        }
    }

    /// Writes the file anew without unused space; for a database that nobody else uses.
    package func vacuum() throws { try checked { try storage.vacuum() } }

    package func usage() throws -> DatabaseUsage { try checked { try storage.usage(after: anchor) } }

    /// The bytes of all records written since the database was opened, and how many they are.
    package var written: (records: Int, bytes: Int) { writer.written }

    /// The records about transactions with participants; not those of plain commits.
    package func readTransactions(_ body: (Int64, LogKind, [UInt8]) throws -> Void) throws {
        try checked { try storage.readTransactions(after: anchor, body) }
    }

    private func checked<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw DatabaseFault.from(error, path: path) }
    }
}
