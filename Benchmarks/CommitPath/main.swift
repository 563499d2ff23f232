import CSQLiteTestVFS
import ConfigDatabase
import Dispatch
import Foundation
import GRDB

// See README.md.

/// Times of single operations, sorted, in microseconds; and what they cost together.
struct Measurement {
    var times: [Double]
    var syncs: Int64
    var cpu: Double

    func percentile(_ percent: Int) -> Double { times[min(times.count - 1, times.count * percent / 100)] }

    var line: String {
        String(
            format: "p50 %7.1f µs  p99 %7.1f µs  CPU %6.1f µs  %.3f syncs, per commit", percentile(50), percentile(99),
            cpu, Double(syncs) / Double(times.count))
    }
}

func syncCount() -> Int64 { openned_test_vfs_count(Int32(OPENNED_VFS_SYNC)) }

func cpuMicroseconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
}

func measure(_ count: Int, _ operation: () throws -> Void) rethrows -> Measurement {
    for _ in 0..<min(50, count) { try operation() }
    var times = [Double]()
    times.reserveCapacity(count)
    let syncs = syncCount()
    let cpu = cpuMicroseconds()
    for _ in 0..<count {
        let start = DispatchTime.now().uptimeNanoseconds
        try operation()
        times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1_000)
    }
    return Measurement(
        times: times.sorted(), syncs: syncCount() - syncs, cpu: (cpuMicroseconds() - cpu) / Double(count))
}

/// Commits a second, and syncs a commit, of `callers` threads with `count` commits each.
func rate(_ database: ConfigurationDatabase, callers: Int, count: Int, _ entry: LogEntry) -> (Double, Double) {
    let group = DispatchGroup()
    let syncs = syncCount()
    let start = DispatchTime.now().uptimeNanoseconds
    for _ in 0..<callers {
        group.enter()
        Thread.detachNewThread {
            for _ in 0..<count { _ = try? database.append([entry]) }
            group.leave()
        }
    }
    group.wait()
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    let commits = Double(callers * count)
    return (commits / seconds, Double(syncCount() - syncs) / commits)
}

func run() throws -> Bool {
    let arguments = CommandLine.arguments
    let parent = arguments.count > 1 ? arguments[1] : NSTemporaryDirectory()
    let count = arguments.count > 2 ? Int(arguments[2]) ?? 2_000 : 2_000
    let directory = parent + "/commit-path-\(getpid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    _ = openned_test_vfs_install()
    let payload = Array(
        #"{"set":[["/ncs:devices/device{ce0}/config/ios:interface/GigabitEthernet{0/1}/description","uplink"]]}"#.utf8)
    let entry = LogEntry(kind: .commit, time: 0, payload: payload)

    let bareQueue = try DatabaseQueue(path: directory + "/bare.sqlite")
    try bareQueue.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
        try db.execute(sql: "CREATE TABLE log (number INTEGER PRIMARY KEY, payload BLOB)")
    }
    let database = try ConfigurationDatabase(directory: directory)
    // In turns, so that a change of the disk's mood meets both.
    var bare: [Measurement] = []
    var ours: [Measurement] = []
    for _ in 0..<5 {
        bare.append(
            try measure(count / 5) {
                try bareQueue.writeWithoutTransaction { db in
                    try db.execute(sql: "INSERT INTO log (payload) VALUES (?)", arguments: [Data(payload)])
                }
            })
        ours.append(try measure(count / 5) { try database.append([entry]) })
    }
    let one = merge(ours)
    let reference = merge(bare)
    print("bare SQLite, one row, FULL   \(reference.line)")
    print("one-leaf commit              \(one.line)")
    print(String(format: "ratio of p50                 %.2f", one.percentile(50) / reference.percentile(50)))

    openned_test_vfs_delay_sync(5_000)
    let alone = rate(database, callers: 1, count: 40, entry)
    let eight = rate(database, callers: 8, count: 40, entry)
    openned_test_vfs_delay_sync(0)
    print(
        String(
            format: "sync + 5 ms: one caller %.0f commits/s, eight %.0f commits/s (%.1f times), %.3f syncs a commit",
            alone.0, eight.0, eight.0 / alone.0, eight.1))
    database.close()
    let isWithin =
        one.syncs <= Int64(one.times.count) && one.percentile(50) <= reference.percentile(50) + 200
        && eight.1 <= 0.25 && eight.0 >= 4 * alone.0
    print(isWithin ? "all bounds kept" : "a bound is missed")
    return isWithin
}

func merge(_ parts: [Measurement]) -> Measurement {
    Measurement(
        times: parts.flatMap(\.times).sorted(), syncs: parts.reduce(0) { $0 + $1.syncs },
        cpu: parts.reduce(0) { $0 + $1.cpu } / Double(parts.count))
}

exit(try run() ? 0 : 1)
