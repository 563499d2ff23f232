import Basics
import CSQLiteTestVFS
import ConfigDatabase
import Dispatch
import Foundation
import Transactions

// What the tests of the database do in a process of their own, because they kill it or break its disk:
//   commits DIRECTORY COUNT                    commit; print each number once it is acknowledged
//   transactions DIRECTORY COUNT DEVICES       commit to devices that are files; print each value likewise
//   fault DIRECTORY OPERATION CODE PASSES TIMES  meet a disk fault between commits; print what becomes of them
//   syncs DIRECTORY                            print how many syncs one caller and eight callers need
//   many DIRECTORY COUNT                       commit on several threads at once
//   snapshots DIRECTORY COUNT                  commit, make snapshots and let the log forget what they stand for

func report(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

func commits(_ database: ConfigurationDatabase, _ count: Int) throws {
    let start = Int(database.head.number)
    for index in start..<start + count {
        let batch = CommitBatch(
            [LogEntry(kind: .commit, time: Int64(index), payload: Array("{\"n\":\(index)}".utf8))],
            operational: [OperationalChange("last", Array("\(index + 1)".utf8))])
        report("\(try database.write(batch)[0].number)")
    }
}

func many(_ database: ConfigurationDatabase, _ count: Int) {
    DispatchQueue.concurrentPerform(iterations: count) { index in
        let entry = LogEntry(kind: .commit, time: 0, payload: [UInt8](repeating: 120, count: index * 7))
        do { report("\(try database.append([entry])[0].number)") } catch { report("\(index): \(error)") }
    }
}

/// A snapshot of two chunks after each third commit; the log begins behind the one before.
func snapshots(_ database: ConfigurationDatabase, _ count: Int) throws {
    let files = database.snapshotFiles
    for index in 0..<count {
        let payload = Array("{\"n\":\(database.head.number)}".utf8)
        let record = try database.append([LogEntry(kind: .commit, time: Int64(index), payload: payload)])[0]
        report("\(record.number)")
        guard index % 3 == 2 else { continue }
        let shared = try files.write(Array("shared".utf8))
        let own = try files.write(Array("up to \(record.number)".utf8))
        try files.sync()
        let manifest = SnapshotManifest(
            root: own.digest, chunks: [shared, own], commits: Int(record.number), generation: 1, generationDigest: "d")
        try database.addSnapshot(StoredSnapshot(position: record.position, manifest: manifest))
        let known = database.snapshots
        if known.count > 1 { try database.moveAnchor(to: known[1].position, manifest: known[1].manifest.bytes) }
        try database.forget { true }
        let named = database.snapshots.map(\.manifest) + [SnapshotManifest(database.anchor.manifest)].compactMap(\.self)
        _ = try files.removeAll(except: Set(named.flatMap(\.chunks).map(\.digest)))
    }
}

func transactions(_ database: ConfigurationDatabase, _ directory: String, _ count: Int, _ devices: Int) throws {
    let coordinator = CommitCoordinator(log: database, doubts: InDoubtList(), limit: 4, clock: { 0 })
    for index in 1...count {
        let participants = (0..<devices).map { device in
            FileDevice(id: ParticipantID("device/d\(device)"), path: directory + "/d\(device)", value: "v\(index)")
        }
        _ = try coordinator.commit(
            Array("v\(index)".utf8), participants: participants, owner: ReservationOwner(id: 1, "test"))
        report("v\(index)")
    }
}

func attempt(_ database: ConfigurationDatabase, _ value: String) {
    do {
        let records = try database.append([LogEntry(kind: .commit, time: 0, payload: Array(value.utf8))])
        report("\(value): \(records[0].number)")
    } catch let fault as DatabaseFault {
        report("\(value): \(fault.code.rawValue)")
    } catch {
        report("\(value): \(error)")
    }
}

func syncs(_ database: ConfigurationDatabase) throws {
    for _ in 0..<3 { attempt(database, "warm") }
    var before = openned_test_vfs_count(Int32(OPENNED_VFS_SYNC))
    for _ in 0..<100 { try database.append([LogEntry(kind: .commit, time: 0, payload: [1])]) }
    report("one: \(openned_test_vfs_count(Int32(OPENNED_VFS_SYNC)) - before)")
    openned_test_vfs_delay_sync(5_000)
    before = openned_test_vfs_count(Int32(OPENNED_VFS_SYNC))
    let gate = DispatchGroup()
    for _ in 0..<8 {
        gate.enter()
        Thread.detachNewThread {
            for _ in 0..<25 { _ = try? database.append([LogEntry(kind: .commit, time: 0, payload: [2])]) }
            gate.leave()
        }
    }
    gate.wait()
    report("eight: \(openned_test_vfs_count(Int32(OPENNED_VFS_SYNC)) - before)")
    openned_test_vfs_delay_sync(0)
}

func run(_ arguments: [String]) throws {
    guard arguments.count >= 3 else {
        report("usage: cdb-crash-helper commits|transactions|fault|syncs|many|snapshots DIRECTORY ...")
        exit(2)
    }
    func number(_ index: Int) -> Int { arguments.count > index ? Int(arguments[index]) ?? 0 : 0 }
    _ = openned_test_vfs_install()
    openned_test_vfs_hook { operation in CrashPoint.reach("vfs.\(operation)") }
    let database = try ConfigurationDatabase(directory: arguments[2])
    switch arguments[1] {
    case "commits": try commits(database, number(3))
    case "snapshots": try snapshots(database, number(3))
    case "many": many(database, number(3))
    case "transactions": try transactions(database, arguments[2], number(3), number(4))
    case "syncs": try syncs(database)
    default:
        attempt(database, "before")
        openned_test_vfs_fail(Int32(number(3)), Int64(number(5)), Int32(number(4)), Int64(number(6)))
        attempt(database, "broken")
        openned_test_vfs_fail(Int32(number(3)), 0, 0, 0)
        attempt(database, "after")
    }
    database.close()
    report("end")
}

do { try run(CommandLine.arguments) } catch {
    report("error: \(error)")
    exit(1)
}
