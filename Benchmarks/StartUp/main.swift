import Basics
import ConfigTree
import ControlProtocol
import Controller
import Foundation
import Synchronization
import YANG

// See README.md.

/// `malloc_trim` of the C library, which no module map offers to Swift.
let trim = dlsym(nil, "malloc_trim").map {
    unsafeBitCast($0, to: (@convention(c) (Int) -> CInt).self)
}

/// Bytes of anonymous memory that the process has in RAM, without what is free.
func anonymousBytes() -> Int {
    _ = trim?(0)
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") } ?? ""
    return (Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? 0) * 1024
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
}

/// Runs a program to its end; its words on standard output, and how many seconds it took.
func run(_ program: String, _ arguments: [String], in directory: String? = nil) throws -> ([Double], Double) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    let pipe = Pipe()
    process.standardOutput = pipe
    var output = Data()
    let time = try seconds {
        try process.run()
        output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
    }
    guard process.terminationStatus == 0 else {
        print("\(program) \(arguments.joined(separator: " ")) failed")
        exit(3)
    }
    return (String(decoding: output, as: UTF8.self).split(separator: " ").compactMap { Double($0) }, time)
}

// MARK: What a process of its own does

/// Opens the database; prints seconds, bytes then, and bytes with eight sessions that have each edited something.
func open(_ database: Database, _ entries: Int) throws {
    var controller: NetworkController?
    let time = try seconds { controller = try database.start() }
    guard let controller else { exit(2) }
    usleep(300_000)
    let alone = anonymousBytes()
    let top = try controller.openSession(SessionUser(name: "count")) { _ in }.running.rootInstance
    let list = top.child("top")?.node.dataChild(named: "entry")
    let count = list.flatMap { top.child("top")?.row?.entries(in: $0.slot)?.count } ?? 0
    guard count == 0 || count == entries else { exit(5) }
    let sessions = try (0..<8).map { try controller.openSession(SessionUser(name: "user\($0)")) { _ in } }
    let trees = try sessions.enumerated().map { number, session in
        let path = try session.running.path("/bench:top/entry[name='\(Database.name(number))']/description")
        return try session.running.applying(.set("edited"), at: path)
    }
    let edited = anonymousBytes()
    withExtendedLifetime(trees) {}
    print(String(format: "%.6f %d %d ", time, alone, edited))
    exit(0)
}

func compact(_ database: Database) throws {
    let controller = try database.start()
    _ = try controller.compact()
    // The history within the rollback size comes after a snapshot of its own now.
    let session = try controller.openSession(SessionUser(name: "bench")) { _ in }
    _ = try CommitTimes.measure(session, entries: 1_000, count: 40, round: 0)
    session.close()
    _ = try controller.compact()
    controller.stop()
}

/// Prints p50 and p99 of commits, alone and while the database is compacted: in turns, so that a change of the disk's
/// mood meets both.
func commits(_ database: Database, _ entries: Int) throws {
    let controller = try database.start()
    let session = try controller.openSession(SessionUser(name: "bench")) { _ in }
    _ = try CommitTimes.measure(session, entries: entries, count: 200, round: 0)
    var alone: [Double] = []
    var during: [Double] = []
    for round in 1...5 {
        alone += try CommitTimes.measure(session, entries: entries, count: 600, round: 2 * round).times
        let compaction = CompactionRun(controller)
        during += try CommitTimes.measure(session, entries: entries, count: 100, round: 2 * round + 1) {
            compaction.isOver
        }.times
    }
    session.close()
    controller.stop()
    let (first, second) = (CommitTimes(times: alone.sorted()), CommitTimes(times: during.sorted()))
    print(
        String(
            format: "%.1f %.1f %.1f %.1f %d ", first.percentile(50), first.percentile(99), second.percentile(50),
            second.percentile(99), during.count))
}

/// A compaction on a thread of its own, as the daemon's.
final class CompactionRun: Sendable {
    private let over = Atomic(false)

    init(_ controller: NetworkController) {
        let thread = Thread { [self] in
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
            _ = try? controller.compact()
            over.store(true, ordering: .relaxed)
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    var isOver: Bool { over.load(ordering: .relaxed) }
}

// MARK: The whole

func peer(_ directory: String) throws -> Double? {
    let program = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/yanglint" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    guard let program else { return nil }
    func time(_ document: String) throws -> Double {
        try (0..<3).map { _ in try run(program, ["-t", "config", "bench.yang", document], in: directory).1 }.sorted()[1]
    }
    return try time("all.xml") - time("one.xml")
}

func bench() throws -> Bool {
    let arguments = CommandLine.arguments
    let parent = arguments.count > 1 ? arguments[1] : NSTemporaryDirectory()
    let entries = arguments.count > 2 ? Int(arguments[2]) ?? 166_667 : 166_667
    let environment = ProcessInfo.processInfo.environment
    guard let installation = environment["NCS_DIR"] ?? environment["OPENNED_INSTALLATION"] else {
        print("NCS_DIR is not set: source ncsrc, or name an installation")
        return false
    }
    let directory = parent + "/start-up-\(getpid())"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    func child(_ what: String) throws -> [Double] {
        try run(own, ["child", what, directory, installation, "\(entries)"]).0
    }
    func opened() throws -> [Double] { try (0..<3).map { _ in try child("open") }.sorted { $0[0] < $1[0] }[1] }

    let database = Database(directory: directory, installation: installation)
    try database.prepare()
    try database.writeDocuments(entries)
    _ = try child("first")
    let empty = try opened()
    _ = try child("fill")
    let before = try opened()
    _ = try child("compact")
    let after = try opened()
    let nodes = Double(entries * 6)
    var isWithin = true
    print(String(format: "%.0f nodes; opening an empty database takes %.0f ms", nodes, empty[0] * 1e3))
    if let theirs = try peer(directory) {
        print(String(format: "yanglint parses them from XML in   %6.0f ms", theirs * 1e3))
        print(
            String(
                format: "start, every record replayed       %6.0f ms, %.2f times that (limit 1)", before[0] * 1e3,
                before[0] / theirs))
        print(
            String(
                format: "start, after compaction            %6.0f ms, %.2f times that (limit 0.33)", after[0] * 1e3,
                after[0] / theirs))
        isWithin = before[0] <= theirs && after[0] <= theirs / 3
    } else {
        print(
            String(
                format: "yanglint is not installed: no comparison; %.0f ms and %.0f ms", before[0] * 1e3, after[0] * 1e3
            ))
    }
    let perNode = (after[1] - empty[1]) / nodes
    let perEdited = (after[2] - empty[2]) / nodes
    print(
        String(format: "resident: %.1f bytes a node, %.1f with eight sessions that edit (limit 64)", perNode, perEdited)
    )
    isWithin = isWithin && perNode <= 64 && perEdited <= 64
    let times = try child("commits")
    print(String(format: "commits alone              p50 %6.0f µs  p99 %6.0f µs", times[0], times[1]))
    print(
        String(
            format: "commits during compaction  p50 %6.0f µs  p99 %6.0f µs, %.2f times (limit 2)", times[2], times[3],
            times[3] / times[1]))
    isWithin = isWithin && times[3] <= 2 * times[1]
    print(isWithin ? "all bounds kept" : "a bound is missed")
    return isWithin
}

let words = CommandLine.arguments
if words.count == 6, words[1] == "child", let entries = Int(words[5]) {
    let database = Database(directory: words[3], installation: words[4])
    switch words[2] {
    case "first": try database.start().stop()
    case "open": try open(database, entries)
    case "fill": try database.fill(entries, at: max(1, entries / 100))
    case "compact": try compact(database)
    default: try commits(database, entries)
    }
    exit(0)
}
exit(try bench() ? 0 : 1)
