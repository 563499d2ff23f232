internal import Basics
internal import Foundation
internal import GRDB

/// Snapshots as the database knows them, and forgetting what they stand for.
extension LogStorage {
    /// The snapshots behind `anchor`, latest first, each checked.
    func readSnapshots(after anchor: LogAnchor) throws -> [StoredSnapshot] {
        try queue.inDatabase { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT number, digest, manifest, seal FROM snapshot WHERE number > ? ORDER BY number DESC",
                arguments: [anchor.position.number])
            return try rows.map { row in
                let number: Int64 = row[0]
                let manifest = Array(row[2] as Data)
                guard let digest = LogDigest(row[1] as Data), let content = SnapshotManifest(manifest) else {
                    throw snapshotDamage(number)
                }
                let position = LogPosition(number: number, digest: digest)
                guard Self.seal(position, manifest).bytes == Array(row[3] as Data) else { throw snapshotDamage(number) }
                return StoredSnapshot(position: position, manifest: content)
            }
        }
    }

    private func snapshotDamage(_ number: Int64) -> DatabaseFault {
        .damaged("the row that names the snapshot after record \(number) is damaged", path: path)
    }

    private static func seal(_ position: LogPosition, _ manifest: [UInt8]) -> LogDigest {
        var text = Array("snapshot".utf8)
        text.append(bigEndian: position.number)
        return LogDigest(of: text + position.digest.bytes + manifest)
    }

    /// Where the record with a number is; nil if the log no longer has it.
    func position(of number: Int64) throws -> LogPosition? {
        try queue.inDatabase { db in
            let digest = try Data.fetchOne(db, sql: "SELECT digest FROM log WHERE number = ?", arguments: [number])
            return digest.flatMap { LogDigest($0) }.map { LogPosition(number: number, digest: $0) }
        }
    }

    func insert(_ snapshot: StoredSnapshot) throws {
        let manifest = snapshot.manifest.bytes
        try queue.writeWithoutTransaction { db in
            try db.inTransaction(.immediate) {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?)",
                    arguments: [
                        snapshot.position.number, Data(snapshot.position.digest.bytes), Data(manifest),
                        Data(Self.seal(snapshot.position, manifest).bytes),
                    ])
                CrashPoint.reach("cdb.snapshot-written")
                return .commit
            }
        }
        CrashPoint.reach("cdb.snapshot-added")
    }

    /// Removes the rows of all snapshots but those with the numbers.
    func removeSnapshots(except kept: Set<Int64>) throws {
        try queue.writeWithoutTransaction { db in
            try db.inTransaction(.immediate) {
                for number in try Int64.fetchAll(db, sql: "SELECT number FROM snapshot") where !kept.contains(number) {
                    try db.execute(sql: "DELETE FROM snapshot WHERE number = ?", arguments: [number])
                }
                return .commit
            }
        }
        CrashPoint.reach("cdb.snapshots-removed")
    }

    /// Removes some of the records before `anchor`, which nobody reads; false if there are none.
    func forgetSome(before anchor: LogAnchor) throws -> Bool {
        let count = try queue.writeWithoutTransaction { db in
            var count = 0
            try db.inTransaction(.immediate) {
                let numbers = try Int64.fetchAll(
                    db, sql: "SELECT number FROM log WHERE number <= ? ORDER BY number LIMIT 32",
                    arguments: [anchor.position.number])
                count = numbers.count
                guard let last = numbers.last else { return .rollback }
                try db.execute(sql: "DELETE FROM log WHERE number <= ?", arguments: [last])
                return .commit
            }
            return count
        }
        CrashPoint.reach("cdb.forgotten")
        return count > 0
    }

    /// Gives some unused pages back to the disk; false if there are none.
    func shrinkSome() throws -> Bool {
        try queue.writeWithoutTransaction { db in
            guard try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0 > Self.keptPages else { return false }
            let before = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            for _ in try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum(256)") {}
            return try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0 < before
        }
    }

    /// Unused pages that the next commits will need.
    private static let keptPages = 1_024

    /// Writes the file anew without its unused pages. Takes long, and nobody commits meanwhile.
    func vacuum() throws {
        try queue.writeWithoutTransaction { db in
            // Files of the first format could not give pages back one by one.
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            try db.execute(sql: "VACUUM")
            _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        CrashPoint.reach("cdb.vacuumed")
    }

    /// The sizes of what is stored.
    func usage(after anchor: LogAnchor) throws -> DatabaseUsage {
        try queue.inDatabase { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT count(*), coalesce(sum(length(payload)), 0) FROM log WHERE number > ?",
                arguments: [anchor.position.number])
            return DatabaseUsage(
                records: row?[0] ?? 0, recordBytes: row?[1] ?? 0,
                fileBytes: (try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0)
                    * (try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0))
        }
    }

    /// Hands over the records about transactions with participants, without those of plain commits: what recovery
    /// needs. The chain is not checked.
    func readTransactions(after anchor: LogAnchor, _ body: (Int64, LogKind, [UInt8]) throws -> Void) throws {
        let plain = [LogKind.commit, .initialise, .activation].map(\.rawValue)
        var last = anchor.position.number
        while true {
            let rows = try queue.inDatabase { db in
                try Row.fetchAll(
                    db,
                    sql: """
                        SELECT number, kind, payload FROM log WHERE number > ? AND kind NOT IN (?, ?, ?)
                        ORDER BY number LIMIT 64
                        """, arguments: [last, plain[0], plain[1], plain[2]])
            }
            for row in rows {
                guard let kind = LogKind(rawValue: row[1]) else { continue }
                try body(row[0], kind, Array(row[2] as Data))
            }
            guard let end = rows.last else { return }
            last = end[0]
        }
    }
}

/// How much the database holds.
package struct DatabaseUsage: Hashable, Sendable {
    /// Records of the log that can be read, and the bytes of their payloads.
    package var records: Int
    package var recordBytes: Int
    /// The size of the database file.
    package var fileBytes: Int

    package init(records: Int = 0, recordBytes: Int = 0, fileBytes: Int = 0) {
        self.records = records
        self.recordBytes = recordBytes
        self.fileBytes = fileBytes
    }
}
