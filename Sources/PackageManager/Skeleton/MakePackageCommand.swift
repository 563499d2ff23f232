import Basics
import Foundation

/// The program `ncs-make-package`: writes the files that a new package begins with (manual page ncs-make-package.1). Exit
/// status 0 done, 1 refused, 2 wrong usage.
package enum MakePackageCommand {
    package static let usage = """
        usage: ncs-make-package (--cli-ned-skeleton | --netconf-ned DIR) [OPTION]... NAME
          --cli-ned-skeleton       a driver of a device with a command line: model, dialogue, simulated device, tests
          --netconf-ned DIR        a driver of a NETCONF device, of the modules in DIR (ncs-ned fetch gets them)
          --dest DIR               where the package is written; by default ./NAME
          --build                  builds the package then
          --package-version V      its version (1.0)
          --vendor TEXT            who makes the device
          --no-netsim              without a simulated device
          --no-test                without tests
          --no-fail-on-warnings    the build goes on in spite of warnings of the compiler
          --verbose                says what is written
        Accepted, without effect here: --no-java --no-python --no-template --java-package NAME
        --confd-netsim-db-mode MODE --yanger-sanitize

        """

    /// Skeletons of the field that are not made here, and what to do instead.
    private static let absent = [
        "--generic-ned-skeleton": "this version has no drivers that are programs of their own",
        "--snmp-ned": "this version has no SNMP drivers",
        "--lsa-netconf-ned": "this version manages no other controllers",
        "--service-skeleton": "this version has no services",
        "--nano-service-skeleton": "this version has no services",
        "--data-provider-skeleton": "this version runs no code of packages",
        "--erlang-skeleton": "this version runs no code of packages",
    ]

    private struct Options {
        var name: String?
        var destination: String?
        var version: String?
        var vendor = "Example vendor"
        var isDriver = false
        /// Where the modules of a NETCONF device are.
        var modules: String?
        var isBuilt = false
        var isVerbose = false
        var isHelp = false
        var hasNetsim = true
        var hasTest = true
        var failsOnWarnings = true
    }

    private struct UsageError: Error {
        var message: String
    }

    /// Runs the program. `arguments` are those behind its name.
    package static func run(arguments: [String], context: PackageCommand.Context) -> Int32 {
        do {
            let options = try parse(arguments)
            if options.isHelp {
                context.output(usage)
            } else {
                try make(options, context)
            }
            return 0
        } catch let error as UsageError {
            context.errors("ncs-make-package: \(error.message)\n\(usage)")
            return 2
        } catch {
            context.errors("ncs-make-package: \(error)\n")
            return 1
        }
    }

    private static func parse(_ arguments: [String]) throws -> Options {
        var options = Options()
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            func value() throws -> String {
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
                    throw UsageError(message: "\(parts[0]) needs a value")
                }
                return value
            }
            if let remedy = absent[parts.first ?? ""] {
                throw PackageError(.buildFailed, parts[0], "this version makes no such package", remedy: remedy)
            }
            switch parts.first {
            case "--cli-ned-skeleton": options.isDriver = true
            case "--netconf-ned": options.modules = try value()
            case "--confd-netsim-db-mode": _ = try value()
            case "--yanger-sanitize": break
            case "--dest": options.destination = try value()
            case "--package-version": options.version = try value()
            case "--vendor": options.vendor = try value()
            case "--java-package": _ = try value()
            case "--build": options.isBuilt = true
            case "--verbose": options.isVerbose = true
            case "--no-netsim": options.hasNetsim = false
            case "--no-test": options.hasTest = false
            case "--no-fail-on-warnings": options.failsOnWarnings = false
            case "--no-java", "--no-python", "--no-template": break
            case "-h", "--help": options.isHelp = true
            default:
                guard !argument.hasPrefix("-"), !argument.isEmpty else {
                    throw UsageError(message: "'\(argument.visible(limit: 60))' is no option")
                }
                guard options.name == nil else { throw UsageError(message: "one name is expected, not two") }
                options.name = argument
            }
        }
        return options
    }

    private static func make(_ options: Options, _ context: PackageCommand.Context) throws {
        guard let name = options.name else { throw UsageError(message: "the name of the package is missing") }
        guard options.isDriver != (options.modules != nil) else {
            throw UsageError(message: "say which package is to be made: --cli-ned-skeleton or --netconf-ned DIR")
        }
        // acme-cli-1.0 is what the build will make of acme and 1.0.
        let named = name.wholeMatch(of: /(.+)-(?:cli|nc)-([0-9]+\.[0-9]+)/)
        var skeleton = PackageSkeleton(
            name: named.map { String($0.1) } ?? name,
            version: options.version ?? named.map { String($0.2) } ?? "1.0", vendor: options.vendor)
        if options.modules != nil { skeleton.kind = "nc" }
        (skeleton.hasNetsim, skeleton.hasTest) = (options.hasNetsim, options.hasTest)
        skeleton.failsOnWarnings = options.failsOnWarnings
        guard skeleton.name.wholeMatch(of: /[A-Za-z][A-Za-z0-9]*([-_][A-Za-z][A-Za-z0-9]*)*/) != nil,
            skeleton.name.utf8.count <= 64
        else {
            throw UsageError(
                message: "'\(name.visible(limit: 60))' is no name: letters and digits, '-' and '_', the first a letter")
        }
        guard Version(skeleton.version).isWellFormed, skeleton.version.wholeMatch(of: /[0-9]+\.[0-9]+.*/) != nil else {
            throw UsageError(
                message:
                    "'\(skeleton.version.visible(limit: 60))' is no version: it begins with two numbers, such as 1.0")
        }
        if let named, !skeleton.version.hasPrefix(named.2) {
            throw UsageError(message: "a package \(name) cannot have the version \(skeleton.version)")
        }
        let directory = options.destination ?? name
        let files = try options.modules.map { try skeleton.netconfDriver($0) } ?? skeleton.commandLineDriver
        try skeleton.write(files, to: directory)
        if options.isVerbose { for file in files { context.output("Wrote \(directory)/\(file.path)\n") } }
        guard options.isBuilt else { return }
        try PackageBuilder(environment: context.environment, compile: nil) { line in
            if options.isVerbose { context.output(line + "\n") }
        }.make(in: directory + "/src")
    }
}
