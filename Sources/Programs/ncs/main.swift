import Basics
import Foundation
import YANG

// Compositions only: what the options ask for is done by `Launcher` (start), `Daemon` (serve) and `DaemonControl`.

signal(SIGPIPE, SIG_IGN)
// A limit on the size of files refuses a write, it does not end the daemon.
signal(SIGXFSZ, SIG_IGN)

if let status = CompileWorker.run(Array(CommandLine.arguments.dropFirst())) { exit(status) }

let environment = ProcessInfo.processInfo.environment
let arguments: DaemonArguments
do {
    arguments = try DaemonArguments(Array(CommandLine.arguments.dropFirst()), environment: environment)
} catch {
    FileHandle.standardError.write(Data((error.message + "\n").utf8))
    exit(2)
}

switch arguments.command {
case .version:
    print(Product.compatibleVersion)
    if arguments.isVerbose { print("OpenNED \(Product.version)") }
    exit(0)
case .help:
    print(DaemonArguments.usage)
    exit(0)
case .stop, .status, .reload, .waitStarted:
    exit(DaemonControl.perform(arguments, environment))
case .databaseDump:
    exit(DatabaseCommands.dump(arguments.databaseWords))
case .databaseCompact:
    exit(DatabaseCommands.compact(arguments, environment))
case .start:
    if arguments.isForeground || arguments.isChild {
        let status = Daemon.run(arguments, environment)
        // At exit(3) libraries clean up after themselves, while threads of sessions may still be leaving them.
        fflush(nil)
        _exit(status)
    }
    exit(Launcher.startInBackground())
}
