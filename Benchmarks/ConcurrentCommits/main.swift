import Basics
import CSQLiteTestVFS
import ConfigTree
import ControlProtocol
import Controller
import Dispatch
import Foundation

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
    let logs = try SystemLogs(directory: configuration.logDirectory, host: "bench", clock: .system)
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

    var rate: Double { Double(times.count) / seconds }
    func percentile(_ percent: Int) -> Double { times[min(times.count - 1, times.count * percent / 100)] }

    func line(_ name: String) -> String {
        let start = name + String(repeating: " ", count: max(0, 24 - name.count))
        return start
            + String(
                format: "p50 %7.0f µs  p99 %7.0f µs  CPU %4.0f µs  %.3f syncs, per commit; %5.0f commits/s",
                percentile(50), percentile(99), (cpu - editing) / Double(times.count),
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
    return Run(
        times: times.sorted, seconds: seconds, cpu: spent,
        syncs: openned_test_vfs_count(Int32(OPENNED_VFS_SYNC)) - syncs, editing: editing)
}

func bench() throws -> Bool {
    let arguments = CommandLine.arguments
    let parent = arguments.count > 1 ? arguments[1] : NSTemporaryDirectory()
    let entries = arguments.count > 2 ? Int(arguments[2]) ?? 10_000 : 10_000
    let environment = ProcessInfo.processInfo.environment
    let count = arguments.count > 3 ? Int(arguments[3]) ?? 1_000 : 1_000
    guard let installation = environment["NCS_DIR"] ?? environment["OPENNED_INSTALLATION"] else {
        print("NCS_DIR is not set: source ncsrc, or name an installation")
        return false
    }
    let directory = parent + "/concurrent-commits-\(getpid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    _ = openned_test_vfs_install()
    let controller = try start(directory, entries: entries, installation: installation)
    defer { controller.stop() }
    _ = try run(controller, sessions: 1, count: 100, entries: entries)
    let one = try run(controller, sessions: 1, count: count, entries: entries)
    print(one.line("one session"))
    let eight = try run(controller, sessions: 8, count: 250, entries: entries)
    print(eight.line("eight sessions"))
    openned_test_vfs_delay_sync(5_000)
    let slowOne = try run(controller, sessions: 1, count: 40, entries: entries)
    print(slowOne.line("one, sync + 5 ms"))
    let slowEight = try run(controller, sessions: 8, count: 40, entries: entries)
    print(slowEight.line("eight, sync + 5 ms"))
    openned_test_vfs_delay_sync(0)
    let isShared = Double(slowEight.syncs) <= 0.25 * Double(slowEight.times.count)
    let isFast = slowEight.rate >= 4 * slowOne.rate
    print(String(format: "eight sessions: %.1f times the rate of one", slowEight.rate / slowOne.rate))
    let cost = (one.cpu - one.editing) / Double(one.times.count)
    print(String(format: "CPU of a commit: %.0f µs, of 150 µs", cost))
    let isWithin = one.syncs <= Int64(one.times.count) && isShared && isFast
    print(isWithin ? "all bounds kept" : "a bound is missed")
    return isWithin
}

exit(try bench() ? 0 : 1)
