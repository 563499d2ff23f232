import Basics
import ConfigDatabase
import ConfigTree
import Foundation
import Transactions

/// `ncs --cdb-compact`: compacts a database that no daemon has open, of its files alone.
///
/// Two snapshots are made without any model: of the configuration where the log will begin, and of the latest one. The
/// log keeps the changes between, which are those of the history that the configured number of rollbacks needs.
package struct OfflineCompaction {
    private let directory: String
    private let historySize: Int
    private let say: (String) -> Void

    /// - Parameter historySize: how many changes stay readable.
    package init(directory: String, historySize: Int, say: @escaping (String) -> Void) {
        self.directory = directory
        self.historySize = historySize
        self.say = say
    }

    /// What the log holds, by the numbers of records.
    private struct Survey {
        var changes: [Int64] = []
        var commitsBefore = 0
        var plan = RecoveryPlan()
        var generation = 0
        var generationDigest = ""
    }

    /// The configuration at some record.
    private struct Point {
        var tree: OutlineTree
        var commits: Int
        var generation: Int
        var generationDigest: String
    }

    package func run() throws(StartupError) {
        do {
            guard DurableFiles.exists(directory + "/" + ConfigurationDatabase.fileName) else {
                throw StartupError(
                    16, "\(directory): there is no \(ConfigurationDatabase.fileName); name the directory of a database")
            }
            var survey = Survey()
            let database = try ConfigurationDatabase(directory: directory) { step in
                guard case .record(let record) = step else { return }
                if try Self.change(in: record) != nil { survey.changes.append(record.number) }
                if let kind = record.transactionKind {
                    try survey.plan.add(kind, number: record.number, payload: record.payload)
                }
            }
            defer { database.close() }
            try compact(database, survey)
        } catch let error as StartupError {
            throw error
        } catch let fault as DatabaseFault {
            throw StartupError(Startup.exitStatus(of: fault), "\(fault)")
        } catch {
            throw StartupError(15, "\(directory): \(error)")
        }
    }

    private func compact(_ database: ConfigurationDatabase, _ survey: Survey) throws {
        let before = try database.usage()
        say("\(before.records) records, \(before.recordBytes) bytes; file \(before.fileBytes) bytes")
        guard let last = survey.changes.last else { return say("nothing to compact") }
        let limit = beginning(survey, database)
        var point = try start(database, before: limit ?? last)
        var position = point.1
        if let limit, limit > database.anchor.position.number {
            position = try advance(&point.0, from: position, through: limit, database)
            try store(point.0, position, database)
            say("the log will begin after record \(limit)")
        }
        if last > position.number, last > database.snapshots.first?.position.number ?? 0 {
            let end = try advance(&point.0, from: position, through: last, database)
            try store(point.0, end, database)
            say("the configuration after record \(last) is stored")
        }
        if let limit, let snapshot = database.snapshots.first(where: { $0.position.number == limit }) {
            try database.moveAnchor(to: snapshot.position, manifest: snapshot.manifest.bytes)
        }
        try database.forget { true }
        try removeFiles(database)
        try database.vacuum()
        let after = try database.usage()
        say("\(after.records) records, \(after.recordBytes) bytes; file \(after.fileBytes) bytes")
    }

    /// After which record the log may begin; nil if it may not begin later than it does.
    private func beginning(_ survey: Survey, _ database: ConfigurationDatabase) -> Int64? {
        guard survey.changes.count > historySize, database.operational("confirmed-commit") == nil else { return nil }
        var limit = survey.changes[survey.changes.count - historySize] - 1
        if let oldest = survey.plan.oldestNeeded { limit = min(limit, oldest - 1) }
        return limit > database.anchor.position.number ? limit : nil
    }

    /// The latest point before a record at which the whole configuration is at hand.
    private func start(_ database: ConfigurationDatabase, before number: Int64) throws -> (Point, LogPosition) {
        let files = database.snapshotFiles
        for snapshot in database.snapshots
        where snapshot.position.number <= number && files.faults(of: snapshot.manifest).isEmpty {
            return (try point(snapshot.manifest, files), snapshot.position)
        }
        let anchor = database.anchor
        guard !anchor.manifest.isEmpty else {
            return (Point(tree: OutlineTree(), commits: 0, generation: 0, generationDigest: ""), anchor.position)
        }
        guard let manifest = SnapshotManifest(anchor.manifest) else {
            throw StartupError(15, "\(database.path): the row that names the first snapshot is damaged")
        }
        return (try point(manifest, files), anchor.position)
    }

    private func point(_ manifest: SnapshotManifest, _ files: SnapshotFiles) throws -> Point {
        Point(
            tree: try OfflineCompaction.tree(manifest, files), commits: manifest.commits,
            generation: manifest.generation, generationDigest: manifest.generationDigest)
    }

    static func tree(_ manifest: SnapshotManifest, _ files: SnapshotFiles) throws -> OutlineTree {
        try OutlineTree(image: manifest.root.bytes) { digest in
            guard let digest = LogDigest(digest) else { throw ImageFault.damaged("a digest is none") }
            return try files.read(digest)
        }
    }

    private func advance(
        _ point: inout Point, from position: LogPosition, through last: Int64, _ database: ConfigurationDatabase
    ) throws -> LogPosition {
        var position = position
        var moved = point
        try database.read(after: position, through: last) { record in
            position = record.position
            try Self.take(record, into: &moved, database.snapshotFiles)
        }
        point = moved
        return position
    }

    private static func take(_ record: LogRecord, into point: inout Point, _ files: SnapshotFiles) throws {
        if record.kind == .activation {
            let activation = try ActivationRecord(record.payload)
            (point.generation, point.generationDigest) = (activation.generation, activation.digest)
            point.tree = try tree(of: activation, files)
        } else if let change = try change(in: record) {
            try point.tree.apply(try ChangeSet(json: Array(change)))
            point.commits += 1
        }
    }

    static func tree(of activation: ActivationRecord, _ files: SnapshotFiles) throws -> OutlineTree {
        if let manifest = activation.snapshot { return try tree(manifest, files) }
        let tree = OutlineTree()
        try tree.apply(activation.data)
        return tree
    }

    /// The JSON text of the changes of the configuration that a record brings in force, if it does: those that history
    /// counts.
    static func change(in record: LogRecord) throws -> ArraySlice<UInt8>? {
        guard let payload = CommitHistory.payload(of: record) else { return nil }
        let parts = try CommitRecord.Parts(payload)
        return parts.hasChanges || record.kind == .initialise ? parts.changes : nil
    }

    private func store(_ point: Point, _ position: LogPosition, _ database: ConfigurationDatabase) throws {
        let files = database.snapshotFiles
        var chunks: [SnapshotManifest.Chunk] = []
        let root = try point.tree.write { bytes in
            let chunk = try files.write(bytes)
            chunks.append(chunk)
            return chunk.digest.bytes
        }
        try files.sync()
        guard let root = LogDigest(root) else { throw ImageFault.damaged("it has no beginning") }
        let manifest = SnapshotManifest(
            root: root, chunks: chunks, commits: point.commits, generation: point.generation,
            generationDigest: point.generationDigest)
        try database.addSnapshot(StoredSnapshot(position: position, manifest: manifest))
    }

    private func removeFiles(_ database: ConfigurationDatabase) throws {
        if let latest = database.snapshots.first { try database.removeSnapshots(except: [latest.position.number]) }
        var named = database.snapshots.map(\.manifest) + [SnapshotManifest(database.anchor.manifest)].compactMap(\.self)
        try database.read(after: database.anchor.position) { record in
            guard record.kind == .activation, let manifest = try ActivationRecord(record.payload).snapshot else {
                return
            }
            named.append(manifest)
        }
        _ = try database.snapshotFiles.removeAll(except: Set(named.flatMap(\.chunks).map(\.digest)))
    }
}
