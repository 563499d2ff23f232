internal import Basics
internal import Foundation
internal import GRDB

extension ConfigurationDatabase {
    /// Writes the database as it is at one moment to `target`, a file that is not there yet: whole, synced, and its
    /// owner's alone. Others commit before it or after it.
    package func writeConsistentCopy(to target: String) throws {
        do {
            try storage.queue.writeWithoutTransaction { db in
                try db.execute(sql: "VACUUM INTO ?", arguments: [target])
            }
            guard chmod(target, 0o600) == 0 else { throw FileError(operation: "protect", path: target, errno: errno) }
            try DurableFiles.syncFile(target)
            try DurableFiles.syncDirectory(DurableFiles.parent(of: target))
        } catch {
            unlink(target)
            throw DatabaseFault.from(error, path: path)
        }
    }
}
