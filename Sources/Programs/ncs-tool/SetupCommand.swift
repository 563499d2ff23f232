import Basics
import Foundation

/// `ncs-setup`: lays out a run directory (manual page ncs-setup.1).
enum SetupCommand {
    private struct Fault: Error, CustomStringConvertible {
        var message: String
        var description: String { message }
    }

    private struct Options {
        var destination: String?
        var netsim: String?
        var packages: [String] = []
        var copies = false
        var isHelp = false
    }

    static let usage = """
        usage: ncs-setup --dest DIR [--netsim-dir DIR] [--package PACKAGE]... [--ned-package PACKAGE]... [--use-copy]
          --dest         the run directory to make or to complete
          --netsim-dir   a simulated network: its packages are linked, its devices loaded at the first start
          --package      a package directory, archive, or the name of one of the installation; --ned-package is the same
          --use-copy     packages are copied, not linked
        """

    @Sendable static func run(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        do {
            let options = try parse(arguments)
            if options.isHelp {
                print(usage)
                return 0
            }
            try setUp(options, environment)
            return 0
        } catch {
            ToolPrograms.complain("ncs-setup: \((error as? Fault)?.message ?? "\(error)")")
            return 1
        }
    }

    private static func parse(_ arguments: [String]) throws -> Options {
        var options = Options()
        var rest = arguments[...]
        func value(_ option: String) throws -> String {
            guard let value = rest.popFirst() else { throw Fault(message: "\(option) needs a value\n\(usage)") }
            return value
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--dest": options.destination = try value(argument)
            case "--netsim-dir": options.netsim = try value(argument)
            case "--package", "--ned-package": options.packages.append(try value(argument))
            case "--use-copy": options.copies = true
            case "--force-generic", "--generate-ssh-keys", "--no-netsim", "--eclipse-setup": break
            case "--help", "-h": options.isHelp = true
            default: throw Fault(message: "unknown option \(argument)\n\(usage)")
            }
        }
        return options
    }

    /// Makes a directory one in which the daemon runs.
    static func layOut(_ directory: String, _ environment: [String: String]) throws {
        try setUp(Options(destination: directory), environment)
    }

    private static func setUp(_ options: Options, _ environment: [String: String]) throws {
        guard let destination = options.destination else { throw Fault(message: "--dest is missing\n\(usage)") }
        guard let installation = environment["NCS_DIR"], !installation.isEmpty else {
            throw Fault(message: "NCS_DIR is not set; source ncsrc of the installation first")
        }
        // Before anything is made.
        for package in options.packages { _ = try find(package, installation) }
        for name in ["", "/logs", "/ncs-cdb", "/packages", "/scripts", "/state", "/trust"] {
            try DurableFiles.makeDirectory(destination + name)
        }
        try copy(installation + "/etc/ncs/ncs.conf", to: destination + "/ncs.conf")
        let initial = installation + "/var/ncs/cdb"
        for file in ((try? FileManager.default.contentsOfDirectory(atPath: initial)) ?? []).sorted() {
            try copy(initial + "/" + file, to: destination + "/ncs-cdb/" + file)
        }
        try DurableFiles.write(destination + "/README.ncs", Array(readme.utf8))
        var packages = options.packages
        if let netsim = options.netsim { packages += try setUpNetsim(netsim, destination, environment) }
        for package in packages { try add(package, to: destination, copies: options.copies, installation) }
    }

    /// What is there stays: a run directory may be set up again.
    private static func copy(_ source: String, to target: String) throws {
        guard !DurableFiles.exists(target) else { return }
        try DurableFiles.write(target, try DurableFiles.read(source))
    }

    /// The devices of a network as initial data; the packages that the network uses.
    private static func setUpNetsim(
        _ netsim: String, _ destination: String, _ environment: [String: String]
    ) throws -> [String] {
        let (xml, packages) = try NetsimProgram.initialData(netsim, environment)
        try DurableFiles.write(destination + "/ncs-cdb/netsim_devices_init.xml", xml)
        return packages
    }

    private static func add(_ package: String, to destination: String, copies: Bool, _ installation: String) throws {
        let source = try find(package, installation)
        let target = destination + "/packages/" + (source as NSString).lastPathComponent
        if copies {
            guard !DurableFiles.exists(target) else { return }
            try FileManager.default.copyItem(atPath: source, toPath: target)
        } else {
            try DurableFiles.link(target, to: source)
        }
    }

    private static func find(_ package: String, _ installation: String) throws -> String {
        let candidates = [package, installation + "/packages/neds/" + package]
        guard let found = candidates.first(where: DurableFiles.exists) else {
            throw Fault(
                message: "\(package): no such package; it is neither a path nor one of \(installation)/packages/neds")
        }
        return URL(fileURLWithPath: found).standardized.path
    }

    private static let readme = """
        A run directory of OpenNED.

        ncs.conf    settings           packages/  packages that are loaded
        ncs-cdb/    the database       state/     packages in use, the store
        logs/       logs and traces    scripts/   commands of your own
        trust/      certificates that package signatures must lead to

        Start here with: ncs      Stop with: ncs --stop      Command line: ncs_cli -C -u admin
        """
}
