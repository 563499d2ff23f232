import Basics

/// The options of `ncs` (manual page ncs.1).
struct DaemonArguments {
    enum Command: String {
        case start, stop, status, reload, version, waitStarted, help, databaseDump, databaseCompact
    }

    enum PackageReload { case none, reload, force }

    var command = Command.start
    var configurationFile: String?
    var directory: String?
    /// The words behind `--cdb-debug-dump` or `--cdb-compact`: a directory and what is wanted of it.
    var databaseWords: [String] = []
    var isForeground = false
    var isVerbose = false
    var packageReload = PackageReload.none
    /// Started by `ncs` itself, which waits for a word on standard output.
    var isChild = false

    struct Fault: Error {
        var message: String
    }

    init(_ arguments: [String], environment: [String: String]) throws(Fault) {
        switch environment["NCS_RELOAD_PACKAGES"] {
        case "true": packageReload = .reload
        case "force": packageReload = .force
        default: break
        }
        var rest = arguments[...]
        while let argument = rest.popFirst() { try take(argument, &rest) }
    }

    private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) throws(Fault) {
        switch argument {
        case "-c", "--conf": configurationFile = try value(of: argument, &rest)
        case "--cd": directory = try value(of: argument, &rest)
        case "--foreground": isForeground = true
        case "-v", "--verbose": isVerbose = true
        case "--with-package-reload": packageReload = .reload
        case "--with-package-reload-force": packageReload = .force
        case "--stop": command = .stop
        case "--status": command = .status
        case "--reload", "--areload": command = .reload
        case "--version": command = .version
        case "--wait-started": command = .waitStarted
        case "--help", "-h": command = .help
        case "--daemon-child": isChild = true
        case "--cdb-debug-dump":
            command = .databaseDump
            databaseWords = Array(rest)
            rest = []
        case "--cdb-compact":
            command = .databaseCompact
            databaseWords = [try value(of: argument, &rest)]
        // Known to the field's scripts, and of no consequence here.
        case "--ignore-initial-validation", "--full-upgrade-validation", "--disable-compaction-on-start",
            "--stop-on-eof", "--start-phase0", "--start-phase1", "--start-phase2", "--wait-phase0", "--nolog":
            break
        case "--timeout", "--smp", "--addloadpath": _ = try value(of: argument, &rest)
        default:
            throw Fault(message: "ncs: unknown option \(argument); try ncs --help")
        }
    }

    private func value(of option: String, _ rest: inout ArraySlice<String>) throws(Fault) -> String {
        guard let value = rest.popFirst() else { throw Fault(message: "ncs: \(option) needs a value") }
        return value
    }

    static let usage = """
        usage: ncs [-c FILE] [--cd DIR] [--foreground [-v]] [--with-package-reload | --with-package-reload-force]
               ncs --stop | --status | --reload | --wait-started | --version [--verbose]
               ncs --cdb-compact DIR | --cdb-debug-dump DIR [OPTIONS] [SUBTREES] (try --cdb-debug-dump help)

        Without a command, starts the daemon in the background. The configuration file is ncs.conf in the current
        directory, or etc/ncs/ncs.conf of the installation.
        """
}
