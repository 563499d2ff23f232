internal import Basics
internal import Foundation
internal import GRDB

/// What the database file looks like, how one is made, and how ours is told from others.
///
/// Invariants:
/// - A file under its final name is complete: it is made under another name, synced and renamed.
/// - `anchor` says where the log begins: 0, or the last record that a snapshot stands for.
/// - `head` says where it ends and what `operational` sums up to, so that missing rows are noticed too. It is written
///   in the same transaction as what it speaks of.
/// - Every row is covered by a digest: SQLite itself does not notice flipped bits.
enum DatabaseFormat {
    /// `NED1`.
    static let applicationID: UInt32 = 0x4E45_4431
    static let version: UInt32 = 2
    /// The largest payload, well below what SQLite takes.
    static let payloadLimit = 512 << 20

    static let tables = [
        """
        CREATE TABLE anchor (one INTEGER PRIMARY KEY, identity BLOB NOT NULL, number INTEGER NOT NULL, \
        digest BLOB NOT NULL, manifest BLOB NOT NULL, seal BLOB NOT NULL) STRICT
        """,
        """
        CREATE TABLE head (one INTEGER PRIMARY KEY, number INTEGER NOT NULL, digest BLOB NOT NULL, \
        operational_count INTEGER NOT NULL, operational_digest BLOB NOT NULL, seal BLOB NOT NULL) STRICT
        """,
        """
        CREATE TABLE log (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, time INTEGER NOT NULL, \
        previous_digest BLOB NOT NULL, payload_digest BLOB NOT NULL, digest BLOB NOT NULL, payload BLOB NOT NULL) STRICT
        """,
        """
        CREATE TABLE operational (key TEXT PRIMARY KEY, digest BLOB NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID
        """,
    ]

    /// What the second format has and the first had not.
    static let snapshotTable = """
        CREATE TABLE snapshot (number INTEGER PRIMARY KEY, digest BLOB NOT NULL, manifest BLOB NOT NULL, \
        seal BLOB NOT NULL) STRICT
        """

    /// Makes an empty database of the given identity: 16 bytes that no other database has.
    static func create(_ path: String, identity: [UInt8]) throws {
        let temporary = path + ".new"
        for leftover in [temporary, temporary + "-wal", temporary + "-journal"] { unlink(leftover) }
        let descriptor = Foundation.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(operation: "create", path: temporary, errno: errno) }
        defer { close(descriptor) }
        let queue = try DatabaseQueue(path: temporary)
        try queue.inDatabase { db in
            // So that space can be given back while others commit.
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(version)")
            for table in tables + [snapshotTable] { try db.execute(sql: table) }
            let start = LogAnchor(identity: identity, position: LogAnchor.start(of: identity), manifest: [])
            try start.insert(db)
            try LogHead(position: start.position, operationalCount: 0, operationalDigest: .zero).insert(db)
            try db.execute(sql: "PRAGMA journal_mode = WAL")
        }
        try queue.close()
        guard fsync(descriptor) == 0 else { throw FileError(operation: "sync", path: temporary, errno: errno) }
        CrashPoint.reach("cdb.created")
        try DurableFiles.rename(temporary, to: path)
    }

    /// Refuses what is not a database of ours, before SQLite may touch it.
    static func checkHeader(_ path: String) throws {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(operation: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: 100)
        let count = read(descriptor, &header, header.count)
        guard count >= 0 else { throw FileError(operation: "read", path: path, errno: errno) }
        let isSQLite = count == 100 && header.starts(with: Array("SQLite format 3".utf8) + [0])
        guard isSQLite, bigEndian32(header, at: 68) == applicationID else {
            throw DatabaseFault(
                .foreign, "this file is not a configuration database (or its first bytes are damaged)",
                remedy: "move it away, or name another database directory in ncs.conf", path: path)
        }
        let found = bigEndian32(header, at: 60)
        guard found <= version else {
            throw DatabaseFault(
                .newer, "the database has format \(found), this release reads formats up to \(version)",
                remedy: "start the release that wrote it, or restore a backup of this one", path: path)
        }
    }

    /// Whether the tables are exactly ours: a flipped bit here would rename a column.
    static func checkTables(_ db: Database, path: String) throws {
        let found = try String.fetchAll(db, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        guard found.sorted() == (tables + [snapshotTable]).sorted() else {
            throw DatabaseFault.damaged("the table definitions of the database are damaged", path: path)
        }
        if let finding = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), finding != "ok" {
            throw DatabaseFault.damaged("the structure of the database file is damaged", path: path, cause: finding)
        }
    }

    /// Makes a database of the first format one of this.
    static func upgrade(_ db: Database) throws {
        guard try Int.fetchOne(db, sql: "PRAGMA user_version") == 1 else { return }
        try db.inTransaction(.immediate) {
            let found = try String.fetchAll(db, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
            guard found.sorted() == tables.sorted() else { return .rollback }
            try db.execute(sql: snapshotTable)
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
        CrashPoint.reach("cdb.upgraded")
    }

    static func bigEndian32(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Where the log begins, and the snapshot that stands for everything before.
package struct LogAnchor: Hashable, Sendable {
    /// 16 bytes that tell this database from every other; the first record's digest depends on it.
    package let identity: [UInt8]
    /// The last record that is no longer in the log; number 0 if none is missing.
    package let position: LogPosition
    /// Names the snapshot's files; empty if the log begins with the first record.
    package let manifest: [UInt8]

    static func start(of identity: [UInt8]) -> LogPosition {
        LogPosition(number: 0, digest: LogDigest(of: Array("OpenNED CDB 1".utf8) + identity))
    }

    private var seal: LogDigest {
        var text = Array("anchor".utf8)
        text.append(bigEndian: Int64(identity.count))
        text += identity
        text.append(bigEndian: position.number)
        return LogDigest(of: text + position.digest.bytes + manifest)
    }

    func insert(_ db: Database) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO anchor VALUES (1, ?, ?, ?, ?, ?)",
            arguments: [
                Data(identity), position.number, Data(position.digest.bytes), Data(manifest), Data(seal.bytes),
            ])
    }

    static func read(_ db: Database, path: String) throws -> LogAnchor {
        let rows = try Row.fetchAll(db, sql: "SELECT identity, number, digest, manifest, seal FROM anchor")
        guard rows.count == 1, let digest = LogDigest(rows[0]["digest"] as Data) else { throw damage(path) }
        let anchor = LogAnchor(
            identity: Array(rows[0]["identity"] as Data),
            position: LogPosition(number: rows[0]["number"], digest: digest),
            manifest: Array(rows[0]["manifest"] as Data))
        let isAtStart = anchor.position.number != 0 || anchor.position == start(of: anchor.identity)
        guard anchor.seal.bytes == Array(rows[0]["seal"] as Data), isAtStart else { throw damage(path) }
        return anchor
    }

    private static func damage(_ path: String) -> DatabaseFault {
        .damaged("the row that says where the log begins is damaged", path: path)
    }
}

/// Where the log ends, and what the operational values sum up to.
struct LogHead: Hashable, Sendable {
    var position: LogPosition
    var operationalCount: Int
    /// The XOR of the digests of all operational values.
    var operationalDigest: LogDigest

    private var seal: LogDigest {
        var text = Array("head".utf8)
        text.append(bigEndian: position.number)
        text += position.digest.bytes
        text.append(bigEndian: Int64(operationalCount))
        return LogDigest(of: text + operationalDigest.bytes)
    }

    func insert(_ db: Database) throws {
        let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            position.number, Data(position.digest.bytes), operationalCount, Data(operationalDigest.bytes),
            Data(seal.bytes),
        ])
    }

    static func read(_ db: Database, path: String) throws -> LogHead {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM head")
        guard rows.count == 1, let digest = LogDigest(rows[0]["digest"] as Data),
            let sum = LogDigest(rows[0]["operational_digest"] as Data)
        else { throw damage(path) }
        let head = LogHead(
            position: LogPosition(number: rows[0]["number"], digest: digest),
            operationalCount: rows[0]["operational_count"], operationalDigest: sum)
        guard head.seal.bytes == Array(rows[0]["seal"] as Data) else { throw damage(path) }
        return head
    }

    private static func damage(_ path: String) -> DatabaseFault {
        .damaged("the row that says where the log ends is damaged", path: path)
    }
}
