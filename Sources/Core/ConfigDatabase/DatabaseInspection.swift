internal import Basics
internal import Foundation
internal import GRDB

/// Reads what can be read of a database, whole or damaged, without changing anything of it: it works on a copy.
package struct DatabaseInspection {
    package let directory: String
    /// Where the log begins; nil if that cannot be read.
    package private(set) var anchor: LogAnchor?
    /// Latest first.
    package private(set) var snapshots: [StoredSnapshot] = []
    /// Operational values by key.
    package private(set) var operational: [String: [UInt8]] = [:]
    /// What is damaged, as far as it shows without reading the log.
    package private(set) var faults: [DatabaseFault] = []

    private let storage: LogStorage
    private let copy: String

    package var files: SnapshotFiles { SnapshotFiles(databaseDirectory: directory) }

    /// - Parameter scratch: a directory for the copy, which `close` removes.
    /// - Throws: `DatabaseFault` if not even its beginning can be read.
    package init(directory: String, scratch: String) throws {
        self.directory = directory
        let original = directory + "/" + ConfigurationDatabase.fileName
        copy = "\(scratch)/cdb-inspection-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        do {
            guard DurableFiles.exists(original) else {
                throw DatabaseFault(
                    .missing, "there is no database", remedy: "name the directory of a database (ncs-cdb)",
                    path: original)
            }
            try DatabaseFormat.checkHeader(original)
            try DurableFiles.makeDirectory(copy, mode: 0o700)
            for suffix in ["", "-wal"] where DurableFiles.exists(original + suffix) {
                let bytes = try DurableFiles.read(original + suffix, limit: .max)
                try DurableFiles.write("\(copy)/\(ConfigurationDatabase.fileName)\(suffix)", bytes, mode: 0o600)
            }
            let path = "\(copy)/\(ConfigurationDatabase.fileName)"
            var faults: [DatabaseFault] = []
            do { try WriteAheadLogCheck.check(databaseAt: path) } catch {
                faults.append(DatabaseFault.from(error, path: path))
            }
            storage = try LogStorage(opening: path, isDamaged: true)
            self.faults = faults
        } catch {
            try? DurableFiles.removeTree(copy)
            throw DatabaseFault.from(error, path: original)
        }
        look()
    }

    private mutating func look() {
        func tried<Result>(_ body: () throws -> Result) -> Result? {
            do { return try body() } catch {
                faults.append(DatabaseFault.from(error, path: storage.path))
                return nil
            }
        }
        _ = tried { try storage.upgrade() }
        _ = tried { try storage.queue.inDatabase { try DatabaseFormat.checkTables($0, path: storage.path) } }
        anchor = tried { try storage.queue.inDatabase { try LogAnchor.read($0, path: storage.path) } }
        if let anchor { snapshots = tried { try storage.readSnapshots(after: anchor) } ?? [] }
        let (values, lost) = storage.wholeOperationalValues()
        for change in values { operational[change.key] = change.value }
        if lost > 0 {
            faults.append(.damaged("\(lost) operational values are damaged", path: storage.path))
        }
        let named = snapshots.map(\.manifest) + [anchor.flatMap { SnapshotManifest($0.manifest) }].compactMap(\.self)
        for manifest in named { faults += files.faults(of: manifest) }
        faults = faults.map { fault in
            var fault = fault
            if fault.path.hasPrefix(copy) { fault.path = directory + fault.path.dropFirst(copy.count) }
            return fault
        }
    }

    /// Hands over the records in order, up to the first that is damaged, which is returned.
    package func readLog(_ body: (LogRecord) throws -> Void) throws -> DatabaseFault? {
        guard let anchor else { return nil }
        var last = anchor.position
        var refusal: (any Error)?
        do {
            try storage.read(after: anchor.position, through: .max) { record in
                last = record.position
                do { try body(record) } catch {
                    refusal = error
                    throw error
                }
            }
            let head = try storage.queue.inDatabase { try LogHead.read($0, path: storage.path) }
            guard head.position == last else {
                throw DatabaseFault.damaged(
                    "the log ends at record \(last.number) and should end at \(head.position.number)",
                    path: storage.path, record: last.number + 1, recoverableThrough: last.number)
            }
            return nil
        } catch {
            if let refusal { throw refusal }
            var fault = DatabaseFault.from(error, path: storage.path)
            fault.path = directory + "/" + ConfigurationDatabase.fileName
            return fault
        }
    }

    package func close() {
        storage.close()
        try? DurableFiles.removeTree(copy)
    }
}
