import Basics
import ControlProtocol
import Controller
import Events
import Foundation
import YANG

/// The daemon: configuration, controller, doors, and signals until one says stop.
enum Daemon {
    /// What the launcher waits for.
    static let startedWord = "\u{1}started\n"

    static func run(_ arguments: DaemonArguments, _ environment: [String: String]) -> Int32 {
        do {
            let configuration = try configuration(arguments, environment)
            let lock = try RunDirectoryLock(configuration.stateDirectory)
            let daemon = try start(configuration, arguments, environment)
            if arguments.isChild {
                FileHandle.standardOutput.write(Data(startedWord.utf8))
                detachOutput()
            }
            daemon.serveUntilStopped()
            lock.release()
            return 0
        } catch let error as StartupError {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            return error.exitStatus
        } catch {
            FileHandle.standardError.write(Data("ncs: \(error)\n".utf8))
            return 1
        }
    }

    private static func configuration(
        _ arguments: DaemonArguments, _ environment: [String: String]
    ) throws(StartupError) -> SystemConfiguration {
        let current = FileManager.default.currentDirectoryPath
        let directory = arguments.directory.map { ($0 as NSString).isAbsolutePath ? $0 : current + "/" + $0 } ?? current
        guard FileManager.default.changeCurrentDirectoryPath(directory) else {
            throw StartupError(21, "\(directory): no such directory")
        }
        let runDirectory = URL(fileURLWithPath: directory).standardized.path
        let file = try configurationFile(arguments, runDirectory, environment)
        do {
            return try SystemConfiguration(file: file, runDirectory: runDirectory, environment: environment)
        } catch {
            throw StartupError(21, "\(error)")
        }
    }

    private static func configurationFile(
        _ arguments: DaemonArguments, _ runDirectory: String, _ environment: [String: String]
    ) throws(StartupError) -> String {
        if let file = arguments.configurationFile {
            let path = file.hasPrefix("/") ? file : runDirectory + "/" + file
            guard DurableFiles.exists(path) else { throw StartupError(21, "\(path): no such file") }
            return path
        }
        let own = runDirectory + "/ncs.conf"
        if DurableFiles.exists(own) { return own }
        throw StartupError(
            21, "\(own): no such file; make a run directory with ncs-setup --dest DIR, or give the file with -c")
    }

    private static func start(
        _ configuration: SystemConfiguration, _ arguments: DaemonArguments, _ environment: [String: String]
    ) throws -> RunningDaemon {
        guard let installation = environment["NCS_DIR"], !installation.isEmpty else {
            throw StartupError(22, "the variable NCS_DIR is not set; source ncsrc of the installation first")
        }
        for directory in [configuration.logDirectory, configuration.stateDirectory] {
            try DurableFiles.makeDirectory(directory)
        }
        let host = ProcessInfo.processInfo.hostName
        let logs = try SystemLogs(configuration.logs, host: host, clock: .system)
        logs.note(.starting(version: Product.compatibleVersion.description))
        logs.note(.readingConfiguration(file: configuration.file))
        if !configuration.ignored.isEmpty { logs.note(.ignoredConfiguration(configuration.ignored)) }
        let controller = try Startup(
            configuration: configuration, installation: installation, logs: logs, host: host, clock: .system,
            builder: ChildSchemaBuilder()
        ).start()
        let daemon = try RunningDaemon(
            controller: controller, configuration: configuration, logs: logs, environment: environment)
        if arguments.packageReload != .none { daemon.reloadPackages(force: arguments.packageReload == .force) }
        logs.note(.started)
        return daemon
    }

    /// Nobody reads the launcher's pipe from now on.
    private static func detachOutput() {
        let null = open("/dev/null", O_RDWR)
        guard null >= 0 else { return }
        dup2(null, 1)
        dup2(null, 2)
        if null > 2 { close(null) }
    }
}

/// Keeps a second daemon out of a run directory. The lock goes with the process, however it ends.
private struct RunDirectoryLock {
    private let descriptor: Int32
    private let path: String

    init(_ directory: String) throws(StartupError) {
        path = directory + "/ncs.pid"
        do { try DurableFiles.makeDirectory(directory) } catch { throw StartupError(16, "\(error)") }
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StartupError(16, "\(path): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let other = (try? String(decoding: DurableFiles.read(path), as: UTF8.self)) ?? ""
            throw StartupError(
                20,
                "\(path): another daemon (process \(other.filter(\.isNumber))) runs in this directory; "
                    + "stop it with ncs --stop")
        }
        ftruncate(descriptor, 0)
        let text = "\(getpid())\n"
        _ = text.withCString { write(descriptor, $0, strlen($0)) }
    }

    func release() {
        unlink(path)
        close(descriptor)
    }
}
