internal import Basics
internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// The SQLite file: reads, checks and writes; decides nothing about who writes when.
struct LogStorage: Sendable {
    let path: String
    let queue: DatabaseQueue
    /// The files that are open: the database and its write-ahead log.
    private let files: [String: FileIdentity]

    /// Rows and, about, bytes of the log read at a time: a long read neither keeps the writer waiting nor fills memory.
    private static let rowChunk = 256
    private static let byteChunk = 8 << 20

    /// Opens an existing file without looking at its records.
    ///
    /// - Parameter isDamaged: whether to take what can be read of a damaged write-ahead log.
    init(opening path: String, isDamaged: Bool = false) throws {
        self.path = path
        try DatabaseFormat.checkHeader(path)
        if !isDamaged { try WriteAheadLogCheck.check(databaseAt: path) }
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        configuration.label = "cdb"
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            // Before the first access, so that the index of the write-ahead log stays in memory.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try db.execute(sql: "PRAGMA cell_size_check = ON")
            try db.execute(sql: "PRAGMA trusted_schema = OFF")
        }
        queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { db in
            guard try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") == "wal" else {
                throw DatabaseFault(
                    .readOnly, "the database cannot be switched to write-ahead logging",
                    remedy: "make its directory writable", path: path)
            }
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            // Set after opening and read back: the library sets it to NORMAL on its own where it can.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
                throw DatabaseFault(
                    .inputOutput, "SQLite refuses synchronous = FULL", remedy: "use a SQLite built with WAL support",
                    path: path)
            }
            // Takes the lock at once, not with the first commit.
            try db.execute(sql: "BEGIN IMMEDIATE; COMMIT")
        }
        files = [path, path + "-wal"].reduce(into: [:]) { $0[$1] = FileIdentity($1) }
    }

    /// That what is written will be found by the next start.
    private func requireFiles() throws {
        for (name, identity) in files where FileIdentity(name) != identity {
            throw DatabaseFault(
                .missing, "the file was removed or replaced while it was in use",
                remedy: "put it back; if it is lost, make a backup with ncs-backup before the daemon is stopped, and "
                    + "restore that", path: name)
        }
    }

    /// Copies the write-ahead log into the file, as far as the disk lets it, and closes it.
    func close() { try? queue.close() }

    // MARK: Reading

    /// Brings a file of an earlier format to this one.
    func upgrade() throws { try queue.writeWithoutTransaction { try DatabaseFormat.upgrade($0) } }

    /// Checks everything and hands on the log in order.
    func verify(_ replay: (ReplayStep) throws -> Void) throws -> StoredState {
        try queue.inDatabase { try DatabaseFormat.checkTables($0, path: path) }
        let (anchor, head) = try queue.inDatabase {
            (try LogAnchor.read($0, path: path), try LogHead.read($0, path: path))
        }
        let snapshots = try readSnapshots(after: anchor)
        try replay(.anchor(anchor))
        try replay(.snapshots(snapshots))
        var unmet = Dictionary(snapshots.map { ($0.position.number, $0.position) }) { first, _ in first }
        var position = anchor.position
        try read(after: position, through: .max) { record in
            position = record.position
            if unmet[record.number] == record.position { unmet[record.number] = nil }
            try replay(.record(record))
        }
        guard unmet.isEmpty else {
            throw DatabaseFault.damaged(
                "a snapshot is of a record that the log does not have", path: path,
                recoverableThrough: position.number)
        }
        guard position == head.position else {
            throw DatabaseFault.damaged(
                "the log ends at record \(position.number) and should end at \(head.position.number)", path: path,
                record: position.number + 1, recoverableThrough: position.number)
        }
        let operational = try readOperational()
        guard operational.count == head.operationalCount, operational.digest == head.operationalDigest else {
            throw DatabaseFault.damaged(
                "operational values are missing", path: path, recoverableThrough: position.number)
        }
        return StoredState(anchor: anchor, head: position, operational: operational, snapshots: snapshots)
    }

    /// Reads the records that follow `position`, each checked against its predecessor.
    func read(after position: LogPosition, through last: Int64, _ body: (LogRecord) throws -> Void) throws {
        var position = position
        while position.number < last {
            let (records, fault) = try queue.inDatabase { db in try chunk(db, after: position, through: last) }
            for record in records { try body(record) }
            if let fault { throw fault }
            guard let end = records.last else { return }
            position = end.position
        }
    }

    /// The next records, and the fault of the one after them if it is damaged.
    private func chunk(
        _ db: Database, after start: LogPosition, through last: Int64
    ) throws -> ([LogRecord], DatabaseFault?) {
        let statement = try db.cachedStatement(
            sql: """
                SELECT number, kind, time, previous_digest, payload_digest, digest, payload FROM log
                WHERE number > ? AND number <= ? ORDER BY number LIMIT ?
                """)
        var records = [LogRecord]()
        var position = start
        do {
            let rows = try Row.fetchCursor(statement, arguments: [start.number, last, Self.rowChunk])
            var bytes = 0
            while bytes < Self.byteChunk, let row = try rows.next() {
                let record = try record(row, after: position)
                records.append(record)
                position = record.position
                bytes += record.payload.count
            }
        } catch let error as DatabaseError {
            let fault = DatabaseFault.damaged(
                "record \(position.number + 1) cannot be read", path: path, record: position.number + 1,
                recoverableThrough: position.number, cause: error.description)
            return (records, fault)
        } catch let fault as DatabaseFault {
            return (records, fault)
        }
        return (records, nil)
    }

    private func record(_ row: Row, after position: LogPosition) throws -> LogRecord {
        let expected = position.number + 1
        let number: Int64 = row[0]
        guard number == expected else {
            throw DatabaseFault.damaged(
                "record \(expected) is missing", path: path, record: expected, recoverableThrough: position.number)
        }
        let damage = DatabaseFault.damaged(
            "record \(number) is damaged", path: path, record: number, recoverableThrough: position.number)
        guard let kind = LogKind(rawValue: row[1]) else { throw damage }
        let payload = row[6] as Data
        let record = LogRecord(LogEntry(kind: kind, time: row[2], payload: Array(payload)), after: position)
        let stored = [row[3] as Data, row[4] as Data, row[5] as Data]
        let computed = [record.previousDigest, record.payloadDigest, record.digest].map { Data($0.bytes) }
        guard stored == computed else { throw damage }
        return record
    }

    private func readOperational() throws -> OperationalTable {
        try queue.inDatabase { db in
            var table = OperationalTable()
            let rows = try Row.fetchCursor(db, sql: "SELECT key, digest, value FROM operational")
            while let row = try rows.next() {
                let key: String = row[0]
                let value = Array(row[2] as Data)
                table.set(key, value)
                guard table.rowDigests[key]?.bytes == Array(row[1] as Data) else {
                    throw DatabaseFault.damaged("the operational value '\(key)' is damaged", path: path)
                }
            }
            return table
        }
    }

    /// The operational values that can be read and trusted, and how many cannot, as far as that shows.
    func wholeOperationalValues() -> ([OperationalChange], lost: Int) {
        var values = [OperationalChange]()
        var lost = 0
        try? queue.inDatabase { db in
            let rows = try Row.fetchCursor(db, sql: "SELECT key, digest, value FROM operational")
            while let row = try rows.next() {
                var table = OperationalTable()
                let change = OperationalChange(row[0], Array(row[2] as Data))
                table.set(change.key, change.value)
                if table.digest.bytes == Array(row[1] as Data) { values.append(change) } else { lost += 1 }
            }
        }
        return (values, lost)
    }

    // MARK: Writing

    /// Writes the batches as one transaction, with one file sync, and returns the state after it and each one's records.
    func write(_ batches: [CommitBatch], onto state: StoredState) throws -> (StoredState, [[LogRecord]]) {
        var next = state
        var written = [[LogRecord]]()
        try requireFiles()
        try queue.writeWithoutTransaction { db in
            try namingReason(db) {
                for batch in batches {
                    var records = [LogRecord]()
                    for entry in batch.entries {
                        let record = LogRecord(entry, after: next.head)
                        try insert(record, db)
                        next.head = record.position
                        records.append(record)
                    }
                    for change in batch.operational { try write(change, db, &next.operational) }
                    written.append(records)
                }
                try next.storedHead.insert(db)
                CrashPoint.reach("cdb.written")
            }
        }
        CrashPoint.reach("cdb.committed")
        return (next, written)
    }

    /// A transaction. SQLite names only one reason why a write can fail, a full disk: the others that have a remedy of
    /// their own are asked for here.
    private func namingReason(_ db: Database, _ work: () throws -> Void) throws {
        do {
            try db.inTransaction(.immediate) {
                try work()
                return .commit
            }
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_IOERR_WRITE {
            let reason = Self.latestReason(db)
            guard [EROFS, EDQUOT, EFBIG, ENOSPC].contains(reason) else { throw error }
            throw FileError(operation: "write", path: path, errno: reason)
        }
    }

    /// The system's reason for the latest failure at the write-ahead log; 0 if there was none.
    private static func latestReason(_ db: Database) -> Int32 {
        var log: UnsafeMutablePointer<sqlite3_file>?
        var reason: Int32 = 0
        guard sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK,
            let log, let methods = log.pointee.pMethods,
            methods.pointee.xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &reason) == SQLITE_OK
        else { return 0 }
        return reason
    }

    /// A payload from this many bytes on is written in pieces, as otherwise there were three copies of it on the way.
    private static let pieceSize = 1 << 20

    private func insert(_ record: LogRecord, _ db: Database) throws {
        guard record.payload.count < Self.pieceSize else { return try insertLarge(record, db) }
        let statement = try db.cachedStatement(sql: "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            record.number, record.kind.rawValue, record.time, Data(record.previousDigest.bytes),
            Data(record.payloadDigest.bytes), Data(record.digest.bytes), Data(record.payload),
        ])
    }

    private func insertLarge(_ record: LogRecord, _ db: Database) throws {
        let statement = try db.cachedStatement(sql: "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, zeroblob(?))")
        try statement.execute(arguments: [
            record.number, record.kind.rawValue, record.time, Data(record.previousDigest.bytes),
            Data(record.payloadDigest.bytes), Data(record.digest.bytes), record.payload.count,
        ])
        func require(_ status: CInt) throws {
            guard status != SQLITE_OK else { return }
            let text = String(cString: sqlite3_errmsg(db.sqliteConnection))
            throw DatabaseError(resultCode: ResultCode(rawValue: status), message: text)
        }
        var blob: OpaquePointer?
        try require(sqlite3_blob_open(db.sqliteConnection, "main", "log", "payload", record.number, 1, &blob))
        do {
            try record.payload.withUnsafeBytes { bytes in
                for start in stride(from: 0, to: bytes.count, by: Self.pieceSize) {
                    let piece = UnsafeRawBufferPointer(
                        rebasing: bytes[start..<min(start + Self.pieceSize, bytes.count)])
                    try require(sqlite3_blob_write(blob, piece.baseAddress, CInt(piece.count), CInt(start)))
                }
            }
        } catch {
            sqlite3_blob_close(blob)
            throw error
        }
        try require(sqlite3_blob_close(blob))
    }

    private func write(_ change: OperationalChange, _ db: Database, _ table: inout OperationalTable) throws {
        table.set(change.key, change.value)
        if let value = change.value, let digest = table.rowDigests[change.key] {
            let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO operational VALUES (?, ?, ?)")
            try statement.execute(arguments: [change.key, Data(digest.bytes), Data(value)])
        } else {
            let statement = try db.cachedStatement(sql: "DELETE FROM operational WHERE key = ?")
            try statement.execute(arguments: [change.key])
        }
    }

    /// Lets a snapshot stand for the log up to a record.
    func moveAnchor(from old: LogAnchor, to anchor: LogAnchor) throws {
        try queue.writeWithoutTransaction { db in
            try db.inTransaction(.immediate) {
                let digest = try Data.fetchOne(
                    db, sql: "SELECT digest FROM log WHERE number = ?", arguments: [anchor.position.number])
                guard anchor.position == old.position || digest == Data(anchor.position.digest.bytes) else {
                    throw DatabaseFault(
                        .missing, "record \(anchor.position.number) of the snapshot is not in the log",
                        remedy: "make the snapshot again", path: path, record: anchor.position.number)
                }
                try anchor.insert(db)
                try db.execute(sql: "DELETE FROM snapshot WHERE number <= ?", arguments: [anchor.position.number])
                CrashPoint.reach("cdb.anchor-written")
                return .commit
            }
        }
        CrashPoint.reach("cdb.anchored")
    }

    /// Rewrites the head as it is. After a failed sync this overwrites the frames whose fate is unknown; after a
    /// checkpoint it takes the sync of the log's new header away from the next commit.
    func touch(_ state: StoredState) throws {
        try requireFiles()
        try queue.writeWithoutTransaction { db in
            try db.inTransaction(.immediate) {
                try state.storedHead.insert(db)
                return .commit
            }
        }
    }

    /// Copies the write-ahead log into the database file.
    func checkpoint() throws {
        try queue.writeWithoutTransaction { db in _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(PASSIVE)") }
        CrashPoint.reach("cdb.checkpoint")
    }
}

/// What the file holds besides the records themselves.
struct StoredState: Sendable {
    var anchor: LogAnchor
    var head: LogPosition
    var operational: OperationalTable
    /// Latest first.
    var snapshots: [StoredSnapshot] = []

    var storedHead: LogHead {
        LogHead(position: head, operationalCount: operational.count, operationalDigest: operational.digest)
    }
}

/// The operational values, and what they sum up to.
struct OperationalTable: Sendable {
    private(set) var values: [String: [UInt8]] = [:]
    private(set) var rowDigests: [String: LogDigest] = [:]
    private(set) var digest = LogDigest.zero

    var count: Int { values.count }

    mutating func set(_ key: String, _ value: [UInt8]?) {
        if let old = rowDigests.removeValue(forKey: key) { digest = digest ^ old }
        values[key] = value
        guard let value else { return }
        var text = [UInt8]()
        text.append(bigEndian: Int64(key.utf8.count))
        let new = LogDigest(of: text + key.utf8 + value)
        rowDigests[key] = new
        digest = digest ^ new
    }
}
