import Basics
import CSQLiteTestVFS
import ConfigTree
import ControlProtocol
import Controller
import Dispatch
import Foundation
import GRDB

// See README.md.

func cpuMicroseconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
}

/// A controller over a configuration of so many entries, in a directory of its own.
func start(_ directory: String, entries: Int, installation: String) throws -> NetworkController {
    let run = directory + "/run"
    for folder in ["packages", "ncs-cdb", "logs", "state"] { try DurableFiles.makeDirectory(run + "/" + folder) }
    let settings = """
        <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
          <load-path><dir>\(run)/packages</dir></load-path>
        </ncs-config>

        """
    try Data(settings.utf8).write(to: URL(fileURLWithPath: run + "/ncs.conf"))
    var data =
        "<config xmlns=\"http://tail-f.com/ns/config/1.0\"><devices xmlns=\"http://tail-f.com/ns/ncs\"><authgroups>\n"
    for number in 0..<entries {
        data +=
            "<group><name>g\(number)</name><default-map><remote-name>n</remote-name><same-pass/></default-map></group>\n"
    }
    data += "</authgroups></devices></config>\n"
    try Data(data.utf8).write(to: URL(fileURLWithPath: run + "/ncs-cdb/init.xml"))
    let configuration = try SystemConfiguration(file: run + "/ncs.conf", runDirectory: run, environment: [:])
    let logs = try SystemLogs(configuration.logs, host: "bench", clock: .system)
    return try Startup(
        configuration: configuration, installation: installation, logs: logs, host: "bench", clock: .system
    ).start()
}

struct Run {
    var times: [Double]
    var seconds: Double
    var cpu: Double
    var syncs: Int64
    /// What the edits cost without the commits.
    var editing: Double
    /// CPU of a commit; of several runs, the median.
    var cost = 0.0

    func each(_ sum: Double) -> Double { sum / Double(max(1, times.count)) }
    var rate: Double { Double(times.count) / seconds }
    func percentile(_ percent: Int) -> Double { times[min(times.count - 1, times.count * percent / 100)] }

    func line(_ name: String) -> String {
        let start = name + String(repeating: " ", count: max(0, 24 - name.count))
        return start
            + String(
                format: "p50 %7.0f µs  p99 %7.0f µs  CPU %4.0f µs  %.3f syncs, per commit; %5.0f commits/s",
                percentile(50), percentile(99), cost,
                Double(syncs) / Double(times.count), rate)
    }
}

final class Times: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [Double] = []

    func add(_ more: [Double]) { lock.withLock { all += more } }
    var sorted: [Double] { lock.withLock { all.sorted() } }
}

/// The tree with another value in one leaf.
func edited(_ base: DataTree, entry: Int, _ turn: Int) -> DataTree? {
    let text = "/tailf-ncs:devices/authgroups/group[name='g\(entry)']/default-map/remote-name"
    return (try? base.path(text)).flatMap { try? base.applying(.set("v\(turn)"), at: $0) }
}

/// Each session commits one leaf after the other, in entries of its own.
func run(_ controller: NetworkController, sessions: Int, count: Int, entries: Int) throws -> Run {
    let open = try (0..<sessions).map { number in
        try controller.openSession(SessionUser(name: "user\(number)")) { _ in }
    }
    let times = Times()
    let syncs = openned_test_vfs_count(Int32(OPENNED_VFS_SYNC))
    let cpu = cpuMicroseconds()
    let start = DispatchTime.now().uptimeNanoseconds
    let group = DispatchGroup()
    for (number, session) in open.enumerated() {
        group.enter()
        let thread = Thread {
            defer { group.leave() }
            var own: [Double] = []
            for turn in 0..<count {
                let base = session.running
                guard let candidate = edited(base, entry: (number + turn * sessions) % entries, turn) else { continue }
                var options = CommitOptions()
                options.noNetworking = true
                let begin = DispatchTime.now().uptimeNanoseconds
                guard
                    (try? session.commit(CommitRequest(base: base, candidate: candidate, options: options)))?.number
                        != nil
                else { continue }
                own.append(Double(DispatchTime.now().uptimeNanoseconds - begin) / 1_000)
            }
            times.add(own)
        }
        thread.stackSize = 8 << 20
        thread.start()
    }
    group.wait()
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    let spent = cpuMicroseconds() - cpu
    let base = open[0].running
    let before = cpuMicroseconds()
    for turn in 0..<(count * sessions) { _ = edited(base, entry: turn % entries, -turn) }
    let editing = cpuMicroseconds() - before
    for session in open { session.close() }
    let all = times.sorted
    return Run(
        times: all, seconds: seconds, cpu: spent, syncs: openned_test_vfs_count(Int32(OPENNED_VFS_SYNC)) - syncs,
        editing: editing, cost: (spent - editing) / Double(max(1, all.count)))
}

/// Times of a transaction of one row with `synchronous=FULL`, the least that a durable commit can cost here.
final class BareSQLite {
    private let queue: DatabaseQueue

    init(_ path: String) throws {
        queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
            try db.execute(sql: "CREATE TABLE log (number INTEGER PRIMARY KEY, payload BLOB)")
        }
    }

    func times(_ count: Int) throws -> [Double] {
        let payload = Data(repeating: 120, count: 300)
        return try (0..<count).map { _ in
            let begin = DispatchTime.now().uptimeNanoseconds
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "INSERT INTO log (payload) VALUES (?)", arguments: [payload])
            }
            return Double(DispatchTime.now().uptimeNanoseconds - begin) / 1_000
        }
    }
}

/// The bounds of the project, and which are kept.
struct Bounds {
    private(set) var areKept = true

    mutating func check(_ name: String, _ value: Double, atMost bound: Double, _ format: String = "%.0f µs") {
        let isKept = value <= bound
        areKept = areKept && isKept
        let start = name + String(repeating: " ", count: max(0, 44 - name.count))
        let found = String(format: format, value), wanted = String(format: format, bound)
        print("\(start)\(found), at most \(wanted)\(isKept ? "" : "  MISSED")")
    }
}

/// One session's commits in a small and in a large configuration, and bare SQLite, in turns: a change of the disk's
/// mood meets all of them.
func compare(
    _ small: NetworkController, _ large: NetworkController, _ bare: BareSQLite, entries: Int, count: Int
) throws -> (small: Run, large: Run, bare: [Double]) {
    var parts: (small: [Run], large: [Run], bare: [Double]) = ([], [], [])
    for _ in 0..<10 {
        parts.bare += try bare.times(count / 10)
        parts.small.append(try run(small, sessions: 1, count: count / 10, entries: 1_000))
        parts.large.append(try run(large, sessions: 1, count: count / 10, entries: entries))
    }
    return (Run(parts.small), Run(parts.large), parts.bare.sorted())
}

extension Run {
    init(_ parts: [Run]) {
        self.init(
            times: parts.flatMap(\.times).sorted(), seconds: parts.reduce(0) { $0 + $1.seconds },
            cpu: parts.reduce(0) { $0 + $1.cpu }, syncs: parts.reduce(0) { $0 + $1.syncs },
            editing: parts.reduce(0) { $0 + $1.editing },
            cost: parts.map { $0.each($0.cpu - $0.editing) }.sorted()[parts.count / 2])
    }

    var syncsPerCommit: Double { Double(syncs) / Double(times.count) }
}

func bench() throws -> Bool {
    let arguments = CommandLine.arguments
    let parent = arguments.count > 1 ? arguments[1] : NSTemporaryDirectory()
    let entries = arguments.count > 2 ? Int(arguments[2]) ?? 1_000_000 : 1_000_000
    let environment = ProcessInfo.processInfo.environment
    let count = arguments.count > 3 ? Int(arguments[3]) ?? 1_000 : 1_000
    guard let installation = environment["NCS_DIR"] ?? environment["OPENNED_INSTALLATION"] else {
        print("NCS_DIR is not set: source ncsrc, or name an installation")
        return false
    }
    let directory = parent + "/concurrent-commits-\(getpid())"
    for name in ["small", "large"] { try DurableFiles.makeDirectory(directory + "/" + name) }
    defer { try? FileManager.default.removeItem(atPath: directory) }
    _ = openned_test_vfs_install()
    let bare = try BareSQLite(directory + "/bare.sqlite")
    let small = try start(directory + "/small", entries: 1_000, installation: installation)
    defer { small.stop() }
    let large = try start(directory + "/large", entries: entries, installation: installation)
    defer { large.stop() }
    _ = try compare(small, large, bare, entries: entries, count: 100)
    let one = try compare(small, large, bare, entries: entries, count: count)
    let floor = one.bare[one.bare.count / 2]
    print(String(format: "bare SQLite, one row    p50 %7.0f µs", floor))
    print(one.small.line("1000 entries"))
    print(one.large.line("\(entries) entries"))
    let eight = try run(large, sessions: 8, count: 250, entries: entries)
    print(eight.line("eight sessions"))
    openned_test_vfs_delay_sync(5_000)
    let slowOne = try run(large, sessions: 1, count: 40, entries: entries)
    print(slowOne.line("one, sync + 5 ms"))
    let slowEight = try run(large, sessions: 8, count: 40, entries: entries)
    print(slowEight.line("eight, sync + 5 ms"))
    openned_test_vfs_delay_sync(0)

    var bounds = Bounds()
    bounds.check("syncs of a commit", one.large.syncsPerCommit, atMost: 1, "%.2f")
    bounds.check("own CPU of a commit", one.large.cost, atMost: 150)
    bounds.check("p50 of a commit", one.large.percentile(50), atMost: floor + 200)
    bounds.check(
        "p50, growth from 1000 to \(entries) entries", one.large.percentile(50) / one.small.percentile(50),
        atMost: 1.5, "%.2f")
    bounds.check("syncs of a commit, eight sessions", slowEight.syncsPerCommit, atMost: 0.25, "%.3f")
    bounds.check(
        "commits of one session as a share of eight", slowOne.rate / slowEight.rate, atMost: 0.25, "%.3f")
    print(bounds.areKept ? "all bounds kept" : "a bound is missed")
    return bounds.areKept
}

exit(try bench() ? 0 : 1)
