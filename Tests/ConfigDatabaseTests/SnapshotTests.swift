import Foundation
import GRDB
import Testing

@testable import ConfigDatabase

private func manifest(_ files: SnapshotFiles, _ contents: String...) throws -> SnapshotManifest {
    let chunks = try contents.map { try files.write(Array($0.utf8)) }
    try files.sync()
    return SnapshotManifest(
        root: chunks[0].digest, chunks: chunks, commits: 7, generation: 2, generationDigest: "abc")
}

@Test func aManifestComesBackFromItsText() throws {
    let scratch = try Scratch()
    let manifest = try manifest(SnapshotFiles(databaseDirectory: scratch.path), "a", "b", "a")
    #expect(manifest.chunks.count == 2)
    #expect(SnapshotManifest(manifest.text) == manifest)
    #expect(SnapshotManifest("") == nil)
    #expect(SnapshotManifest(manifest.text.replacing("root", with: "toor")) == nil)
    #expect(SnapshotManifest(manifest.text + "chunk 12 3\n") == nil)
}

@Test func chunksAreThereOnceCheckedAndReplacedWhenDamaged() throws {
    let scratch = try Scratch()
    let files = SnapshotFiles(databaseDirectory: scratch.path)
    let chunk = try files.write(Array("content".utf8))
    #expect(try files.write(Array("content".utf8)) == chunk)
    #expect(try files.read(chunk.digest) == Array("content".utf8))
    try Data("c0ntent".utf8).write(to: URL(fileURLWithPath: files.path(chunk.digest)))
    let fault = #expect(throws: DatabaseFault.self) { try files.read(chunk.digest) }
    #expect(fault?.code == .damaged && fault?.path == files.path(chunk.digest))
    _ = try files.write(Array("content".utf8))
    #expect(try files.read(chunk.digest) == Array("content".utf8))
    let other = try files.write(Array("other".utf8))
    try Data().write(to: URL(fileURLWithPath: files.path(other.digest) + ".1.new"))
    #expect(try files.removeAll(except: [other.digest]) == 2)
    #expect(try files.names() == [other.digest.description])
    #expect(files.fault(of: chunk)?.code == .missing)
}

@Test func snapshotsAreKnownAfterARestartAndGoWithTheLogBeforeThem() throws {
    let scratch = try Scratch()
    var database = try ConfigurationDatabase(directory: scratch.path)
    let records = try (1...6).map { try database.append([entry($0)])[0] }
    let manifest = try manifest(database.snapshotFiles, "x")
    for index in [1, 3, 4] {
        try database.addSnapshot(StoredSnapshot(position: records[index].position, manifest: manifest))
    }
    #expect(throws: DatabaseFault.self) {
        let wrong = LogPosition(number: 2, digest: records[0].digest)
        try database.addSnapshot(StoredSnapshot(position: wrong, manifest: manifest))
    }
    database.close()
    database = try ConfigurationDatabase(directory: scratch.path)
    #expect(database.snapshots.map(\.position.number) == [5, 4, 2])
    try database.moveAnchor(to: records[3].position, manifest: manifest.bytes)
    #expect(database.snapshots.map(\.position.number) == [5])
    // What a crash keeps from being removed does no harm.
    #expect(try scratch.stored().isEmpty == false)
    try database.forget { true }
    #expect(try database.position(of: 3) == nil)
    #expect(try database.position(of: 4) == records[3].position)
    #expect(try database.usage().records == 2)
    try database.vacuum()
    try database.append([entry(7)])
    database.close()
    #expect(try scratch.records().map(\.number) == [5, 6, 7])
}

extension Scratch {
    fileprivate func stored() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path) }
}

@Test func aDatabaseOfTheFirstFormatIsTakenOver() throws {
    let scratch = try Scratch()
    try scratch.fill(3)
    let records = try scratch.records()
    let queue = try DatabaseQueue(path: scratch.file)
    try queue.writeWithoutTransaction { db in
        try db.execute(sql: "DROP TABLE snapshot; PRAGMA user_version = 1")
        _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
    try queue.close()
    #expect(try scratch.records() == records)
    let database = try ConfigurationDatabase(directory: scratch.path)
    #expect(database.snapshots.isEmpty)
    database.close()
}

@Test func aKillWhileASnapshotIsMadeLosesNothing() throws {
    for point in stride(from: 1, through: isSoak ? 2_000 : 120, by: isSoak ? 1 : 5) {
        let scratch = try Scratch()
        let run = try HelperRun.start(["snapshots", scratch.path, "9"], crashAt: "\(point)")
        let acknowledged = run.lines.compactMap { Int64($0) }.last ?? 0
        var numbers: [Int64] = []
        let database = try ConfigurationDatabase(directory: scratch.path) { step in
            if case .record(let record) = step { numbers.append(record.number) }
        }
        let first = database.anchor.position.number
        #expect(database.head.number >= acknowledged, "point \(point): an acknowledged commit is lost")
        #expect(numbers == Array(first + 1..<database.head.number + 1), "point \(point)")
        var named = database.snapshots
        if first > 0 {
            let manifest = try #require(SnapshotManifest(database.anchor.manifest))
            named.append(StoredSnapshot(position: database.anchor.position, manifest: manifest))
        }
        for snapshot in named {
            let content = try database.snapshotFiles.read(snapshot.manifest.root)
            #expect(content == Array("up to \(snapshot.position.number)".utf8), "point \(point)")
            #expect(database.snapshotFiles.faults(of: snapshot.manifest).isEmpty, "point \(point)")
        }
        database.close()
        if !run.wasKilled { break }
    }
}
