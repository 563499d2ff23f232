import Basics
import Foundation

/// The program `ncs-project`: a system and the packages that it is made of (manual page ncs-project.1). Exit status 0
/// done, 1 refused, 2 wrong usage.
package enum ProjectCommand {
    package static let usage = """
        Usage: ncs-project <command>

          COMMANDS

          create    Create a new ncs-project

          update    Update the project with any changes in the
                    project-meta-data.xml

          git       For each git package repo: execute an arbitrary git
                    command.

          export    Export a project, including init-data and configuration.

          help      Display the help text for <command>

          OPTIONS

          -h, --help                      Show this help text.

          -n, --ncs-min-version           Display the NCS version(s) needed
                                          to run this project

          --ncs-min-version-non-strict    As -n, but include the non-matching
                                          NCS version(s)

        """

    private static let helps = [
        "create": """
        usage: ncs-project create [-d|--dest DIR] NAME
               ncs-project create --from-bundle=FILE [-d|--dest DIR]
          makes the directory of a new project, DIR or ./NAME; or unpacks one that was exported, below DIR or here

        """,
        "update": """
        usage: ncs-project update [-v] [-y] [--use-bundle-packages] [--ncs-min-version[-non-strict]] [DIR]
          fetches and updates the packages that \(ProjectMetaData.fileName) names and those that they require, and
          writes \(ProjectFiles.setupName)
          -v                      says what is done
          -y                      overwrites \(ProjectFiles.setupName) without asking
          --use-bundle-packages   takes the packages as the section bundle has them
          --ncs-min-version       shows the versions of NCS that all packages run on

        """,
        "git": """
        usage: ncs-project git [-C DIR] COMMAND [ARGUMENT]...
          runs a git command in each package, of the project here or in DIR, that is a clone of a git repository

        """,
        "export": """
        usage: ncs-project export [-v] [--prefix=P] [--pkg-prefix=P] [--name=NAME] [--skip-build]
                                  [--skip-pkg-update] [--snapshot] [DIR]
          puts the packages and files of the section bundle into NAME-VERSION.tar.gz
          --prefix=P          put before the name of the file; not together with --name
          --pkg-prefix=P      put before the names of the packages, instead of ncs-\(Product.compatibleVersion)
          --name=NAME         the file is NAME.tar.gz
          --skip-build        the packages are not built before
          --skip-pkg-update   the packages as they are in packages/, whatever the bundle says
          --snapshot          a time stamp is put behind the name

        """,
    ]

    /// Runs the program. `arguments` are those behind its name.
    ///
    /// - Parameters:
    ///   - layOut: makes a directory one in which the daemon runs.
    ///   - answer: asks the user something, and gives the line typed.
    package static func run(
        arguments: [String], context: PackageCommand.Context, layOut: @escaping @Sendable (String) throws -> Void,
        answer: @escaping @Sendable (String) -> String?
    ) -> Int32 {
        do {
            try run(arguments, Call(context: context, layOut: layOut, answer: answer))
            return 0
        } catch let error as UsageFault {
            context.errors("ncs-project: \(error.message)\n\(error.usage)")
            return 2
        } catch let error as Status {
            return error.code
        } catch let error as DiagnosticsError {
            context.errors("\(error)\n")
            return 1
        } catch {
            context.errors("ncs-project: \(error)\n")
            return 1
        }
    }

    private struct Call: Sendable {
        var context: PackageCommand.Context
        var layOut: @Sendable (String) throws -> Void
        var answer: @Sendable (String) -> String?
        var isVerbose = false

        /// The variables by which git is called from git do not concern our packages.
        var environment: [String: String] {
            context.environment.filter { !["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"].contains($0.key) }
        }

        func say(_ line: String) { if isVerbose { context.output("ncs-project: \(line)\n") } }

        func sources(_ directory: String) throws -> ProjectSources {
            let root = ProjectMaker.absolute(directory)
            let (project, warnings) = try ProjectMetaData.read(from: root)
            for warning in warnings { context.errors("\(warning)\n") }
            return ProjectSources(
                project: project, root: root, git: ProjectGit(environment: environment, say: say), now: context.now,
                say: say)
        }
    }

    private struct UsageFault: Error {
        var message: String
        var usage: String
    }

    /// A program that was called has ended with it, and has said why.
    private struct Status: Error {
        var code: Int32
    }

    private static func run(_ arguments: [String], _ call: Call) throws {
        guard let command = arguments.first else { throw UsageFault(message: "a command is missing", usage: usage) }
        let rest = Array(arguments.dropFirst())
        if rest.contains("-h") || rest.contains("--help"), command != "git", let help = helps[command] {
            return call.context.output(help)
        }
        switch command {
        case "-h", "--help": call.context.output(usage)
        case "help": call.context.output(rest.first.flatMap { helps[$0] } ?? usage)
        case "-n", "--ncs-min-version", "--ncs-min-version-non-strict":
            try showReleases(rest.first ?? ".", strict: !command.hasSuffix("non-strict"), call)
        case "create": try create(rest, call)
        // The name that it had in older releases.
        case "update", "setup": try update(rest, call)
        case "git": try git(rest, call)
        case "export": try export(rest, call)
        default: throw UsageFault(message: "'\(command.visible(limit: 60))' is no command", usage: usage)
        }
    }

    /// Options that may have a value behind `=` or as the next word, and at most one other word.
    private static func parse(
        _ command: String, _ arguments: [String], values: Set<String>, flags: Set<String>
    ) throws -> (options: [String: String], word: String?) {
        var options: [String: String] = [:]
        var word: String?
        var rest = arguments[...]
        func fault(_ message: String) -> UsageFault { UsageFault(message: message, usage: helps[command] ?? usage) }
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            let name = parts.first ?? ""
            if values.contains(name) {
                guard let value = parts.count == 2 ? parts[1] : rest.popFirst(), !value.isEmpty else {
                    throw fault("\(name) needs a value")
                }
                options[name] = value
            } else if flags.contains(argument) {
                options[argument] = ""
            } else if argument.hasPrefix("-") || argument.isEmpty {
                throw fault("'\(argument.visible(limit: 60))' is no option")
            } else {
                guard word == nil else { throw fault("one name is expected, not two") }
                word = argument
            }
        }
        return (options, word)
    }

    // MARK: Commands

    private static func create(_ arguments: [String], _ call: Call) throws {
        let (options, name) = try parse(
            "create", arguments, values: ["-d", "--dest", "-u", "--ncs-bin-url", "--from-bundle"], flags: [])
        if options["-u"] ?? options["--ncs-bin-url"] != nil {
            throw PackageError(
                .buildFailed, "--ncs-bin-url", "this version installs no other release for a project",
                remedy: "install it, source its ncsrc and create the project then")
        }
        guard let installation = call.environment["NCS_DIR"], !installation.isEmpty else {
            throw PackageError(.buildFailed, "NCS_DIR", "is not set", remedy: "source ncsrc of the installation first")
        }
        let destination = options["-d"] ?? options["--dest"]
        let maker = ProjectMaker(installation: installation, layOut: call.layOut) { call.context.output($0 + "\n") }
        if let bundle = options["--from-bundle"] {
            let directory = try maker.make(fromBundle: bundle, below: destination ?? ".")
            try writeSetup(directory, .project, call, isLenient: true)
            return call.context.output("wrote project to \(ProjectMaker.absolute(directory))\n")
        }
        guard let name else { throw UsageFault(message: "the project has no name", usage: helps["create"] ?? usage) }
        let last = DurableFiles.lastComponent(name)
        guard last.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.-]*/) != nil else {
            throw UsageFault(
                message: "'\(last.visible(limit: 60))' is no name: letters, digits, '-', '_' and '.'",
                usage: helps["create"] ?? usage)
        }
        try maker.make(last, in: destination ?? name)
    }

    private static func update(_ arguments: [String], _ call: Call) throws {
        let versions: Set = ["--ncs-min-version", "--ncs-min-version-non-strict"]
        let (options, directory) = try parse(
            "update", arguments, values: [], flags: versions.union(["-v", "-y", "--use-bundle-packages"]))
        var call = call
        call.isVerbose = options["-v"] != nil
        if options["-y"] != nil { call.answer = { _ in "y" } }
        let choice: ProjectUpdater.Choice = options["--use-bundle-packages"] == nil ? .project : .bundle
        try writeSetup(directory ?? ".", choice, call)
        if let version = versions.first(where: { options[$0] != nil }) {
            try showReleases(directory ?? ".", strict: !version.hasSuffix("non-strict"), call)
        }
    }

    private static func writeSetup(
        _ directory: String, _ choice: ProjectUpdater.Choice, _ call: Call, isLenient: Bool = false
    ) throws {
        let sources = try call.sources(directory)
        let result = try ProjectUpdater(sources: sources, say: call.say, isLenient: isLenient).run(choice)
        for warning in result.warnings { call.context.errors("ncs-project: warning: \(warning)\n") }
        if !result.releases.isEmpty { call.say("runs on NCS \(list(result.releases))") }
        let clones = result.packages.map(\.directory).filter(sources.git.isClone).map(DurableFiles.lastComponent)
        let text = ProjectFiles.setup(sources.project, result.packages, clones: clones)
        let file = sources.root + "/" + ProjectFiles.setupName
        let old = try? DurableFiles.read(file, limit: 1 << 20)
        guard old != Array(text.utf8) else { return }
        if old != nil {
            let question = "The file '\(ProjectFiles.setupName)' will be overwritten, Continue (y/n)? "
            guard let answer = call.answer(question), ["y", "yes"].contains(answer.lowercased()) else {
                return call.context.output("\(ProjectFiles.setupName) is left as it is.\n")
            }
        }
        try DurableFiles.replace(file, with: Array(text.utf8))
    }

    private static func showReleases(_ directory: String, strict: Bool, _ call: Call) throws {
        let packages = try ProjectUpdater(sources: call.sources(directory), say: call.say).present()
        let releases = ProjectPackage.releases(of: packages, strict: strict)
        call.context.output((releases.isEmpty ? "any" : list(releases)) + "\n")
    }

    private static func list(_ releases: [Version]) -> String {
        releases.map(\.description).joined(separator: ", ")
    }

    private static func git(_ arguments: [String], _ call: Call) throws {
        guard !arguments.isEmpty else {
            throw UsageFault(message: "a git command is missing", usage: helps["git"] ?? usage)
        }
        var arguments = arguments
        var directory = "."
        if arguments.first == "-C", arguments.count > 2 {
            directory = arguments[1]
            arguments.removeFirst(2)
        }
        let sources = try call.sources(directory)
        let folder = sources.root + "/packages"
        var failed = false
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        for name in names where !name.hasPrefix(".") && sources.git.isClone("\(folder)/\(name)") {
            call.context.output("\n------ Package: \(name)\n")
            let outcome = try ProjectProgram.run(["git"] + arguments, in: "\(folder)/\(name)", call.environment)
            call.context.output(outcome.text)
            failed = failed || outcome.status != 0
        }
        if failed { throw Status(code: 1) }
    }

    private static func export(_ arguments: [String], _ call: Call) throws {
        let flags: Set = ["-v", "--verbose", "--skip-build", "--skip-pkg-update", "--snapshot"]
        let (given, directory) = try parse(
            "export", arguments, values: ["--prefix", "--pkg-prefix", "--name"], flags: flags)
        if given["--name"] != nil, given["--prefix"] != nil {
            throw UsageFault(message: "--prefix does not go with --name", usage: helps["export"] ?? usage)
        }
        for (option, text) in given where !text.isEmpty && text.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.-]*/) == nil {
            throw UsageFault(
                message: "\(option): letters, digits, '-', '_' and '.' are expected", usage: helps["export"] ?? usage)
        }
        var call = call
        call.isVerbose = given["-v"] ?? given["--verbose"] != nil
        var options = ProjectExporter.Options(
            name: given["--name"], prefix: given["--prefix"], packagePrefix: given["--pkg-prefix"])
        options.isBuilt = given["--skip-build"] == nil
        options.isAsInstalled = given["--skip-pkg-update"] != nil
        if given["--snapshot"] != nil { options.timestamp = timestamp(call.context.now) }
        let (say, context) = (call.say, call.context)
        let builder = PackageBuilder(environment: call.environment, compile: context.compile) { [call] in
            call.say($0)
        }
        call.context.output("Creating bundle ...\n")
        let (file, warnings) = try ProjectExporter(
            sources: call.sources(directory ?? "."), builder: builder, options: options, say: say
        ).run()
        for warning in warnings { context.errors("ncs-project: warning: \(warning)\n") }
        say("wrote \(file)")
        context.output("Creating bundle ... ok\n")
    }

    /// `20261121T170308`, in UTC.
    private static func timestamp(_ date: Date) -> String {
        String(date.formatted(.iso8601).filter { !"-:Z".contains($0) })
    }
}
