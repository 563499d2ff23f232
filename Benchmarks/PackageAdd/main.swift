import Basics
import ConfigTree
import ControlProtocol
import Controller
import Foundation
import Synchronization
import YANG

// See README.md.

// The compiler of the models is this program again, as it is the daemon there.
if let status = CompileWorker.run(Array(CommandLine.arguments.dropFirst())) { exit(status) }

let environment = ProcessInfo.processInfo.environment

func run(_ program: String, _ arguments: [String], _ installation: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = environment.merging(["NCS_DIR": installation]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw FileError(operation: "run", path: program, errno: ECANCELED) }
}

/// A run directory with devices of a small model, and the packages that are added, beside the load path.
struct Site {
    static let devices = 200
    static let driver = "openned-ios-cli-1.0"
    static let added = ["cisco-ios-netsim-cli-1.0", "cisco-nx-netsim-cli-1.0"]

    let directory: String
    let installation: String

    func prepare(_ shared: String) throws {
        for folder in ["packages", "ncs-cdb", "logs", "state", "made", "sources"] {
            try DurableFiles.makeDirectory(directory + "/" + folder)
        }
        let settings = """
            <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
              <load-path><dir>\(directory)/packages</dir></load-path>
            </ncs-config>

            """
        try DurableFiles.write(directory + "/ncs.conf", Array(settings.utf8))
        let files = FileManager.default
        try files.copyItem(
            atPath: "\(installation)/packages/neds/\(Self.driver)", toPath: "\(directory)/packages/\(Self.driver)")
        for name in Self.added {
            try files.copyItem(atPath: "\(shared)/nso-examples/\(name)", toPath: "\(directory)/sources/\(name)")
            let arguments = ["build", "\(directory)/sources/\(name)", "-o", directory + "/sources"]
            try run(installation + "/bin/ncs-package", arguments, installation)
            try files.moveItem(atPath: "\(directory)/sources/\(name)", toPath: "\(directory)/made/\(name)")
        }
        var data = "<devices xmlns=\"http://tail-f.com/ns/ncs\">\n"
        for number in 0..<Self.devices {
            data += """
                <device><name>d\(number)</name><address>127.0.0.1</address><port>1</port>
                <device-type><cli>
                <ned-id xmlns:id="http://tail-f.com/ns/ned-id/\(Self.driver)">id:\(Self.driver)</ned-id>
                </cli></device-type></device>

                """
        }
        try DurableFiles.write(directory + "/ncs-cdb/init.xml", Array((data + "</devices>\n").utf8))
    }

    func start() throws -> NetworkController {
        let configuration = try SystemConfiguration(
            file: directory + "/ncs.conf", runDirectory: directory, environment: [:])
        let logs = try SystemLogs(configuration.logs, host: "bench", clock: .system)
        return try Startup(
            configuration: configuration, installation: installation, logs: logs, host: "bench", clock: .system,
            builder: ChildSchemaBuilder()
        ).start()
    }

    /// Puts the packages into the load path, or takes them out; what was compiled of them is forgotten.
    func setAdded(_ isThere: Bool) throws {
        for name in Self.added {
            let place = "\(directory)/packages/\(name)"
            try? DurableFiles.removeTree(place)
            if isThere { try FileManager.default.copyItem(atPath: "\(directory)/made/\(name)", toPath: place) }
        }
    }

    func forgetCompiled() { try? DurableFiles.removeTree(directory + "/state/schema-cache") }
}

/// An action on a thread of its own, as a session of the daemon has one.
final class Operation: Sendable {
    private let outcome = Mutex<(seconds: Double, fault: String?)?>(nil)

    init(_ session: any ControlSession, _ path: String, force: Bool = false) {
        let thread = Thread { [self] in
            let start = DispatchTime.now().uptimeNanoseconds
            var fault: String?
            do { try Self.act(session, path, force) } catch { fault = "\(error)" }
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
            outcome.withLock { $0 = (seconds, fault) }
        }
        thread.stackSize = 16 << 20
        thread.start()
    }

    private static func act(_ session: any ControlSession, _ path: String, _ force: Bool) throws {
        let tree = session.running
        let action = try tree.path(path)
        guard let input = action.last?.node.dataChild(named: "input") else { return }
        let draft = RowDraft(input)
        if force, let leaf = input.dataChild(named: "force") { draft.set("", for: leaf) }
        _ = try session.invoke(action, input: draft.freeze(in: tree.model)) { _ in }
    }

    var isOver: Bool { outcome.withLock { $0 != nil } }

    /// How long it took; ends the program if it failed.
    func seconds() -> Double {
        while !isOver { usleep(1_000) }
        guard let (seconds, fault) = outcome.withLock({ $0 }) else { return 0 }
        if let fault {
            print("the operation failed: \(fault)")
            exit(3)
        }
        return seconds
    }
}

/// Commits a leaf of one device after the other until told to stop; microseconds of each.
func commits(_ session: any ControlSession, _ turn: inout Int, while isWanted: (Int) -> Bool) throws -> [Double] {
    var times: [Double] = []
    while isWanted(times.count) {
        turn += 1
        let base = session.running
        let text = "/tailf-ncs:devices/device[name='d\(turn % Site.devices)']/config/ios:hostname"
        let candidate = try base.applying(.set("h\(turn)"), at: try base.path(text))
        var options = CommitOptions()
        options.noNetworking = true
        let begin = DispatchTime.now().uptimeNanoseconds
        _ = try session.commit(CommitRequest(base: base, candidate: candidate, options: options))
        times.append(Double(DispatchTime.now().uptimeNanoseconds - begin) / 1_000)
    }
    return times
}

func median(_ times: [Double]) -> Double { times.isEmpty ? 0 : times.sorted()[times.count / 2] }

func bench() throws -> Bool {
    let arguments = CommandLine.arguments
    let rounds = arguments.count > 1 ? Int(arguments[1]) ?? 5 : 5
    guard let installation = environment["NCS_DIR"] ?? environment["OPENNED_INSTALLATION"] else {
        print("NCS_DIR is not set: source ncsrc, or name an installation")
        return false
    }
    let shared = environment["OPENNED_SHARED_DATA"] ?? FileManager.default.currentDirectoryPath + "/../shared/data"
    guard FileManager.default.fileExists(atPath: shared + "/nso-examples") else {
        print("the shared data is not there: nothing is measured")
        return true
    }
    let site = Site(directory: NSTemporaryDirectory() + "package-add-\(getpid())", installation: installation)
    defer { try? FileManager.default.removeItem(atPath: site.directory) }
    try site.prepare(shared)
    let controller = try site.start()
    let session = try controller.openSession(SessionUser(name: "commits")) { _ in }
    let other = try controller.openSession(SessionUser(name: "adds")) { _ in }
    var turn = 0
    _ = try commits(session, &turn) { $0 < 500 }
    var (alone, during): ([Double], [Double]) = ([], [])
    for round in 1...rounds {
        let before = try commits(session, &turn) { $0 < 1_000 }
        site.forgetCompiled()
        try site.setAdded(true)
        let adding = Operation(other, "/tailf-ncs:packages/add")
        let meanwhile = try commits(session, &turn) { _ in !adding.isOver }
        let seconds = adding.seconds()
        print(
            String(
                format: "round %d: alone p50 %5.0f µs; %5d commits during %4.1f s, p50 %5.0f µs, longest %6.1f ms",
                round, median(before), meanwhile.count, seconds, median(meanwhile), (meanwhile.max() ?? 0) / 1_000))
        alone += before
        during += meanwhile
        try site.setAdded(false)
        _ = Operation(other, "/tailf-ncs:packages/reload", force: true).seconds()
    }
    session.close()
    other.close()
    controller.stop()
    let ratio = median(during) / median(alone)
    print(
        String(
            format: "median alone %.0f µs, during packages add %.0f µs: %.2f times (limit 1.2)%@", median(alone),
            median(during), ratio, ratio <= 1.2 ? "" : "  MISSED"))
    return ratio <= 1.2
}

exit(try bench() ? 0 : 1)
