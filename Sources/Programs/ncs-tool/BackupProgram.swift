import Basics
import ControlProtocol
import Controller
import Foundation

/// `ncs-backup`: makes a backup of a run directory, or puts one back (manual page ncs-backup.1).
enum BackupProgram {
    private struct Fault: Error {
        var message: String
    }

    private struct Options {
        var directory: String?
        var isRestore = false
        var backup: String?
        var isInteractive = true
        var isCompressed = true
        var withKeys = false
        var isHelp = false
    }

    static let usage = """
        usage: ncs-backup [--install-dir DIR] [--no-compress] [--with-keys]
               ncs-backup --restore [BACKUP] [--install-dir DIR] [--non-interactive]
          --install-dir      the run directory: where ncs.conf is (default: the current directory)
          --no-compress      do not compress the backup
          --with-keys        put the keys of encrypted values into the backup, which then has to be kept secret
          --restore          put a backup back; what is there now is kept aside
          --non-interactive  ask nothing
        """

    @Sendable static func run(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        umask(0o077)
        do {
            let options = try parse(arguments)
            if options.isHelp {
                print(usage)
                return 0
            }
            let current = FileManager.default.currentDirectoryPath
            let given = options.directory ?? current
            let directory = URL(fileURLWithPath: given, relativeTo: URL(fileURLWithPath: current + "/")).standardized
                .path
            if options.isRestore {
                try restore(options, directory)
            } else {
                try make(options, directory, environment)
            }
            return 0
        } catch {
            ToolPrograms.complain("ERROR  \((error as? Fault)?.message ?? "\(error)")")
            return 1
        }
    }

    private static func parse(_ arguments: [String]) throws -> Options {
        var options = Options()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--install-dir":
                guard let value = rest.popFirst() else { throw Fault(message: "\(argument) needs a value\n\(usage)") }
                options.directory = value
            case "--restore":
                options.isRestore = true
                if let next = rest.first, !next.hasPrefix("-") { options.backup = rest.popFirst() }
            case "--non-interactive": options.isInteractive = false
            case "--no-compress": options.isCompressed = false
            case "--with-keys": options.withKeys = true
            case "--help", "-h": options.isHelp = true
            default: throw Fault(message: "unknown option \(argument)\n\(usage)")
            }
        }
        if options.isRestore, options.withKeys { throw Fault(message: "--with-keys is for making a backup\n\(usage)") }
        return options
    }

    // MARK: Making

    private static func make(_ options: Options, _ directory: String, _ environment: [String: String]) throws {
        let file = directory + "/ncs.conf"
        guard DurableFiles.exists(file) else {
            throw Fault(message: "\(file): no such file; give the run directory with --install-dir")
        }
        let configuration = try SystemConfiguration(file: file, runDirectory: directory, environment: environment)
        var maker = BackupMaker(configuration, version: Product.compatibleVersion.description, clock: .system)
        maker.withKeys = options.withKeys
        maker.isCompressed = options.isCompressed
        let outcome = try maker.make { try copyOfRunning(configuration, environment) }
        for note in outcome.notes { ToolPrograms.say("WARN  \(note)") }
        ToolPrograms.say("INFO  Backup \(outcome.path) created successfully")
    }

    private static func copyOfRunning(
        _ configuration: SystemConfiguration, _ environment: [String: String]
    ) throws -> String {
        let path =
            environment["NCS_IPC_PATH"] ?? configuration.socketPath
            ?? ControlClient.socketPath(environment: environment)
        let connection = try ControlClient.open(path, hello: Hello(purpose: .control, context: "system"))
        let reply = try ControlClient.perform(ControlCommand("copy-database"), on: connection)
        guard reply.isDone else { throw Fault(message: reply.text) }
        return reply.text
    }

    // MARK: Restoring

    private static func restore(_ options: Options, _ directory: String) throws {
        let backup = try options.backup.map { try path($0, directory) } ?? chosen(options, directory)
        if options.isInteractive, !asks("Restore \(backup) to \(directory)? [y/N] ", for: ["y", "yes"]) {
            throw Fault(message: "nothing was restored")
        }
        let restorer = BackupRestorer(directory: directory, version: Product.compatibleVersion.description)
        let outcome = try restorer.restore(backup)
        for note in outcome.notes { ToolPrograms.say("WARN  \(note)") }
        if let old = outcome.old { ToolPrograms.say("INFO  What was there is now in \(old)") }
        ToolPrograms.say("INFO  Restore of \(backup) completed successfully")
    }

    /// A path, or the name of one of the backups of the run directory.
    private static func path(_ name: String, _ directory: String) throws -> String {
        let own = BackupMaker.directory(of: directory) + "/" + name
        for path in name.contains("/") ? [name] : [name, own] where DurableFiles.exists(path) { return path }
        throw Fault(message: "\(name): no such file")
    }

    private static func chosen(_ options: Options, _ directory: String) throws -> String {
        let names = BackupMaker.names(of: directory)
        guard options.isInteractive else { throw Fault(message: "name the backup: --restore BACKUP") }
        guard !names.isEmpty else {
            throw Fault(message: "\(BackupMaker.directory(of: directory)): there are no backups; name a file")
        }
        for (index, name) in names.enumerated() { ToolPrograms.say("\(index + 1): \(name)") }
        fflush(nil)
        FileHandle.standardOutput.write(Data("Number of the backup: ".utf8))
        guard let line = readLine(), let number = Int(line), names.indices.contains(number - 1) else {
            throw Fault(message: "no backup was chosen")
        }
        return BackupMaker.directory(of: directory) + "/" + names[number - 1]
    }

    private static func asks(_ question: String, for answers: [String]) -> Bool {
        fflush(nil)
        FileHandle.standardOutput.write(Data(question.utf8))
        return readLine().map { answers.contains($0.lowercased()) } ?? false
    }
}
