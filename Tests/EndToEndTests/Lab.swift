import Foundation
import TestSupport
import Testing

/// All tests of whole programs, one after the other: each has the machine for itself.
@Suite(
    .serialized,
    .enabled(if: Installation.isExpected, "no installation: run make stage, or name one by OPENNED_INSTALLATION"))
struct EndToEnd {}

/// A run directory, a simulated network and the processes that belong to them.
final class Lab {
    let directory: TemporaryDirectory
    let installation: String
    private let tag = ProcessTag()
    private(set) var environment: [String: String]
    var run: String { directory.path("run") }

    /// - Parameter ports: how many devices there may be.
    init(_ name: String, ports: Int = 8) throws {
        installation = try Installation.require()
        directory = try TemporaryDirectory("lab-\(name)")
        environment = ["PATH": installation + "/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
        environment["NCS_DIR"] = installation
        environment["HOME"] = directory.path
        environment["LANG"] = "C.UTF-8"
        environment["TMPDIR"] = NSTemporaryDirectory()
        environment["NCS_IPC_PATH"] = directory.path("ipc/ncs.sock")
        environment["NETSIM_DIR"] = directory.path("run/netsim")
        let first = try FreePorts.block(ports * 5)
        let names = ["IPC_PORT", "NETCONF_SSH_PORT", "NETCONF_TCP_PORT", "SNMP_PORT", "CLI_SSH_PORT"]
        for (index, name) in names.enumerated() { environment[name] = "\(first + index * ports)" }
        environment.merge(tag.environment) { $1 }
        try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
    }

    /// Runs a test in a lab of its own. What goes wrong in it is reported with the ends of all logs.
    static func use(_ name: String, ports: Int = 8, _ work: (Lab) throws -> Void) throws {
        let lab = try Lab(name, ports: ports)
        defer { lab.tag.endAll() }
        do {
            try work(lab)
            if ProcessInfo.processInfo.environment["OPENNED_KEEP_LABS"] != nil { lab.keepLogs(name, "kept") }
        } catch {
            lab.tag.endAll()
            lab.keepLogs(name, "\(error)")
            throw error
        }
    }

    // MARK: Programs

    /// Runs a program in the run directory.
    func attempt(
        _ program: String, _ arguments: [String], input: String = "", seconds: Double = 120,
        more: [String: String] = [:]
    ) throws -> ProcessOutcome {
        try ChildProcess.run(
            program, arguments, input: input, directory: run, environment: environment.merging(more) { $1 },
            seconds: seconds)
    }

    /// Runs a command line that must succeed, and gives its output and errors.
    @discardableResult
    func shell(_ line: String, input: String = "", seconds: Double = 120) throws -> String {
        let outcome = try attempt("/bin/sh", ["-c", line], input: input, seconds: seconds)
        guard outcome.status == 0 else { throw ProcessFault("\(outcome)") }
        return outcome.text
    }

    func start(_ program: String, _ arguments: [String], input: String = "") throws -> RunningProcess {
        try RunningProcess(program, arguments, input: input, directory: run, environment: environment)
    }

    // MARK: Daemon

    /// Starts the daemon, which must succeed.
    func startDaemon(_ arguments: [String] = [], more: [String: String] = [:]) throws {
        let outcome = try attempt("ncs", arguments, more: more)
        guard outcome.status == 0 else { throw ProcessFault("\(outcome)") }
    }

    func stopDaemon() throws { try shell("ncs --stop") }

    /// Kills the daemon as a power failure would, and waits until it is gone.
    func killDaemon() throws {
        let id = try #require(daemon, "a daemon runs")
        kill(id, SIGKILL)
        try waitForDaemonToEnd()
    }

    /// As `killDaemon`, where the daemon may be gone already, or going.
    func endDaemon() throws {
        if let id = daemon { kill(id, SIGKILL) }
        try waitForDaemonToEnd()
    }

    /// The daemon's process, if there is one. One that has ended and waits for its parent to notice is none, but for
    /// as long as another of its threads is still ending: its files and locks are held till then.
    var daemon: Int32? {
        guard let text = try? directory.text("run/state/ncs.pid"), let id = Int32(text.filter(\.isNumber)),
            let status = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let (name, state) = status.firstMatch(of: #/\((.*)\) (.)/#).map({ ($0.output.1, $0.output.2) }),
            name.hasPrefix("ncs"), state != "Z" || threads(of: id) > 1
        else { return nil }
        return id
    }

    private func threads(of process: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").count) ?? 0
    }

    func waitForDaemonToEnd() throws {
        try wait(for: "the daemon's end") { daemon == nil }
    }

    /// Waits for something, looking again and again.
    func wait(for what: String, seconds: Double = 120, _ isThere: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .milliseconds(Int(seconds * 1_000))
        while try !isThere() {
            guard ContinuousClock.now < deadline else { throw ProcessFault("\(what): not within \(seconds) s") }
            usleep(50_000)
        }
    }

    /// Replaces the element `rollback` of the run directory's ncs.conf.
    func configure(rollback: String) throws {
        let file = run + "/ncs.conf"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacing(/(?s)<rollback>.*?<\/rollback>/, with: "")
            .replacing("</ncs-config>", with: rollback + "</ncs-config>")
            .write(toFile: file, atomically: true, encoding: .utf8)
    }

    // MARK: Operator

    /// Gives commands to an operator's session; all of them must succeed. What they say.
    @discardableResult
    func operate(_ commands: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let outcome = try attempt("ncs_cli", ["-s", "-C", "-u", "admin"], input: commands + "\n")
        guard outcome.status == 0 else {
            throw ProcessFault("line \(sourceLocation.line): \(outcome)\nof the commands:\n\(commands)")
        }
        return outcome.text
    }

    /// Gives commands of which one must be refused; what they say up to then.
    @discardableResult
    func refuse(_ commands: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let outcome = try attempt("ncs_cli", ["-s", "-C", "-u", "admin"], input: commands + "\n")
        guard outcome.status == 8 else {
            throw ProcessFault("line \(sourceLocation.line): nothing was refused: \(outcome)\nof:\n\(commands)")
        }
        return outcome.text
    }

    /// Commits changes to devices, and requires the word that it was done.
    ///
    /// - Parameter isEmpty: nothing may be different.
    func commit(
        _ changes: String, isEmpty: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let said = try operate("config\n\(changes)\ncommit", sourceLocation: sourceLocation)
        guard said.contains(isEmpty ? "No modifications" : "Commit complete.") else {
            throw ProcessFault("no commit:\n\(said)")
        }
    }

    // MARK: Failure

    private static let logs = ["logs", "netsim"]

    private func keepLogs(_ name: String, _ reason: String) {
        let kept = Repository.path(".build/failed-labs/\(name)")
        try? FileManager.default.removeItem(atPath: kept)
        try? FileManager.default.createDirectory(atPath: kept, withIntermediateDirectories: true)
        var report = "\nThe lab \(name) failed; its logs are kept in \(kept)\n\(reason)\n"
        for name in directory.names(in: "run/logs") {
            let text = (try? directory.text("run/logs/\(name)")) ?? ""
            try? Data(text.utf8).write(to: URL(fileURLWithPath: kept + "/" + name))
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).suffix(
                name == "audit.log" ? 5 : 25)
            report += "--- \(name)\n\(lines.joined(separator: "\n"))\n"
        }
        try? FileManager.default.copyItem(atPath: directory.path("run/netsim"), toPath: kept + "/netsim")
        try? FileManager.default.copyItem(atPath: directory.path("run/state"), toPath: kept + "/state")
        FileHandle.standardError.write(Data(report.utf8))
    }
}

/// `#require` for texts: says what was found instead.
func require(
    _ text: String, contains expected: String..., sourceLocation: SourceLocation = #_sourceLocation
) throws {
    for part in expected where !text.contains(part) {
        throw ProcessFault("line \(sourceLocation.line): expected to read: \(part)\nbut it says:\n\(text)")
    }
}
