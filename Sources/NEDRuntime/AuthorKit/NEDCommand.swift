package import CLIGrammar
import ConfigTree
import YANG

/// `ncs-ned`: a driver author's tools, which need no daemon and no device.
///
/// Exit status: 0 if all is well; 1 if a text cannot be read, or does not come back from its rendering; 2 if the
/// command line is not understood.
package struct NEDCommand {
    /// A driver as the tools need it: its model's grammar and, if the package has one, its description.
    package struct Subject {
        package var grammar: CLIGrammar
        package var description: DriverDescription?
        /// What transforms configurations before they are parsed.
        package var hook: TextHook?
        package var sentHook: TextHook?
        /// The package's own test configurations, `test/*.cfg`.
        package var samples: [String]

        package init(
            grammar: CLIGrammar, description: DriverDescription?, hook: TextHook? = nil, sentHook: TextHook? = nil,
            samples: [String] = []
        ) {
            self.samples = samples
            self.grammar = grammar
            self.description = description
            self.hook = hook
            self.sentHook = sentHook
        }

        func isVolatile(_ line: String) -> Bool {
            description?.volatileLines.contains(matchOf: line) ?? false
        }
    }

    /// What the program brings: how packages and files are found, and where output goes.
    package struct Services {
        /// A package by directory or name, and the dialect to take if it does not say itself.
        package var subject: (String, String?) throws -> Subject
        package var read: (String) throws -> [UInt8]
        /// Takes a line without its end.
        package var output: (String) -> Void
        package var errors: (String) -> Void
        package var write: (String, [UInt8]) throws -> Void = { _, _ in }
        /// Makes a directory, unless it is there.
        package var makeDirectory: (String) throws -> Void = { _ in }
        /// Starts a simulated device of a package, which listens on a port of 127.0.0.1 as admin with the password admin.
        package var simulate: (String) throws -> SimulatedDevice = { _ in
            throw Fault(message: "there is no simulator here; give --recording FILE or --device ADDRESS")
        }
        package var waitForEndOfInput: () -> Void = {}
        package var environment: [String: String] = [:]

        package init(
            subject: @escaping (String, String?) throws -> Subject, read: @escaping (String) throws -> [UInt8],
            output: @escaping (String) -> Void, errors: @escaping (String) -> Void
        ) {
            self.subject = subject
            self.read = read
            self.output = output
            self.errors = errors
        }
    }

    /// A device that somebody started for us.
    package struct SimulatedDevice {
        package var port: UInt16
        package var end: () -> Void

        package init(port: UInt16, end: @escaping () -> Void) {
            self.port = port
            self.end = end
        }
    }

    struct Fault: Error {
        var message: String
        var status: Int32 = 1
    }

    static let usage = """
        usage: ncs-ned parse PACKAGE FILE [--format xml|json|cli|set] [--mode strict|robust|turbo]
               ncs-ned render PACKAGE DATA
               ncs-ned diff PACKAGE A B [--explain] [--reverse]
               ncs-ned check PACKAGE FILE...
               ncs-ned record PACKAGE ADDRESS RECORDING [--command LINE]
               ncs-ned replay RECORDING [--port N]
               ncs-ned modules ADDRESS
               ncs-ned fetch ADDRESS DIR [MODULE...]
               ncs-ned conform PACKAGE [--recording FILE | --device ADDRESS [--write]]
        options for all: [--dialect ios|xr|nx|c|junos]   for a package without driver/driver.yaml
          PACKAGE   the directory of a driver package, or the name of one of the installation
          FILE      a configuration as the device shows it
          DATA      a configuration as data, in XML or JSON
          parse     the text as data (set: as commands of a Junos-like device); lines that the model does not know are listed on standard error
          render    the data as the device's text
          diff      the commands that lead from text A to text B; --explain says what each is there for, --reverse
                    gives those that lead back
          check     what of the files the model knows, and whether it comes back from its rendering
          record    logs in to a device, shows its configuration, and writes what passed, secrets masked
          replay    plays a recorded device behind SSH on this host
          modules   lists the modules of a NETCONF device
          fetch     writes the modules of a NETCONF device, or those named, with what they import, into DIR
          conform   runs the driver against a simulated, recorded or real device, a line for each check
        of record, modules, fetch and conform --device: [--port N] [--user NAME] [--protocol ssh|telnet]; the passwords are in the
        environment: NED_PASSWORD (else admin), NED_SECONDARY_PASSWORD
        """

    let services: Services
    private var words: [String] = []
    private(set) var options: [String: String] = [:]

    private init(services: Services) { self.services = services }

    package static func run(arguments: [String], services: Services) -> Int32 {
        var command = NEDCommand(services: services)
        do {
            try command.parse(arguments)
            return try command.run()
        } catch let fault as Fault {
            services.errors("ncs-ned: " + fault.message)
            return fault.status
        } catch {
            services.errors("ncs-ned: \(error)")
            return 1
        }
    }

    private static let optionsWithValue = [
        "--format": ["xml", "json", "cli", "set"], "--mode": ["strict", "robust", "turbo"],
        "--dialect": ["ios", "xr", "nx", "c", "junos"], "--protocol": ["ssh", "telnet"],
    ]
    private static let optionsWithText: Set = ["--port", "--user", "--command", "--recording", "--device"]
    private static let flags = ["--explain", "--reverse", "--write", "--help", "-h"]

    private mutating func parse(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if let values = Self.optionsWithValue[word] {
                guard let value = rest.popFirst(), values.contains(value) else {
                    throw Fault(message: "\(word) needs one of \(values.joined(separator: ", "))", status: 2)
                }
                options[word] = value
            } else if Self.optionsWithText.contains(word) {
                guard let value = rest.popFirst() else { throw Fault(message: "\(word) needs a value", status: 2) }
                options[word] = value
            } else if Self.flags.contains(word) {
                options[word] = ""
            } else if word.hasPrefix("-"), word != "-" {
                throw Fault(message: "\(word): there is no such option\n\(Self.usage)", status: 2)
            } else {
                words.append(word)
            }
        }
    }

    private func run() throws -> Int32 {
        if options["--help"] != nil || options["-h"] != nil {
            services.output(Self.usage)
            return 0
        }
        guard let verb = words.first else { throw Fault(message: Self.usage, status: 2) }
        let operands = Array(words.dropFirst())
        switch (verb, operands.count) {
        case ("parse", 2): return try parse(operands[0], operands[1])
        case ("render", 2): return try render(operands[0], operands[1])
        case ("diff", 3): return try diff(operands[0], operands[1], operands[2])
        case ("record", 3): return try record(operands[0], operands[1], operands[2])
        case ("replay", 1): return try replay(operands[0])
        case ("conform", 1): return try conform(operands[0])
        case ("modules", 1): return try modules(operands[0])
        case ("fetch", 2...): return try fetch(operands[0], operands[1], Array(operands.dropFirst(2)))
        case ("check", 2...): return try check(operands[0], Array(operands.dropFirst()))
        default: throw Fault(message: Self.misuse(verb), status: 2)
        }
    }

    /// How a command is used, or which there are.
    private static func misuse(_ verb: String) -> String {
        let lines: [Substring] = usage.split(separator: "\n" as Character)
        let forms: [(verb: String, text: String)] = lines.compactMap { line in
            guard let start = line.firstRange(of: "ncs-ned ")?.lowerBound else { return nil }
            let text = String(line[start...])
            return (String(text.dropFirst("ncs-ned ".count).prefix { $0 != " " }), text)
        }
        if let own = forms.first(where: { $0.verb == verb }) { return "usage: \(own.text)" }
        let verbs = forms.map(\.verb).joined(separator: ", ")
        return "there is no command \(verb): it is one of \(verbs); see ncs-ned --help"
    }

    // MARK: Parse and render

    private func parse(_ package: String, _ file: String) throws -> Int32 {
        let subject = try services.subject(package, options["--dialect"])
        let mode = options["--mode"].flatMap { ParseMode(rawValue: $0) } ?? .turbo
        let parsed = try read(file, subject, mode)
        for line in parsed.skipped { services.errors(Self.report(line, file)) }
        switch options["--format"] ?? "xml" {
        case "json": put(JSONDataEncoder.bytes(parsed.tree))
        case "cli": put(Array(subject.grammar.render(parsed.tree).utf8))
        case "set":
            guard let commands = subject.grammar.setCommands(parsed.tree) else {
                throw Fault(message: "--format set: \(package) has no set commands; use cli", status: 2)
            }
            put(Array(commands.utf8))
        default: put(XMLDataEncoder.bytes(parsed.tree))
        }
        return 0
    }

    private func render(_ package: String, _ file: String) throws -> Int32 {
        let subject = try services.subject(package, options["--dialect"])
        put(Array(subject.grammar.render(try data(file, subject)).utf8))
        return 0
    }

    private func data(_ file: String, _ subject: Subject) throws -> DataTree {
        let bytes = try services.read(file)
        let isJSON = bytes.first { !($0 == 32 || $0 == 9 || $0 == 10 || $0 == 13) } == UInt8(ascii: "{")
        let model = subject.grammar.model
        let decoded =
            isJSON
            ? JSONDataDecoder.tree(bytes, file: file, model: model)
            : XMLDataDecoder.tree(bytes, file: file, model: model)
        return try decoded.get()
    }

    func read(_ file: String, _ subject: Subject, _ mode: ParseMode = .turbo) throws -> ParsedConfiguration {
        let text = String(decoding: try services.read(file), as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let kept = lines.map { subject.isVolatile($0.last == "\r" ? String($0.dropLast()) : String($0)) ? "" : $0 }
        var joined = kept.joined(separator: "\n") + "\n"
        if let hook = subject.hook { joined = try hook.transform(joined, at: .received, device: file) }
        do throws(CLIFault) {
            return try subject.grammar.parse(Array(joined.utf8), options: ParseOptions(mode))
        } catch {
            let lines = joined.split(separator: "\n", omittingEmptySubsequences: false)
            let line =
                lines.indices.contains(error.line - 1)
                ? ": " + lines[error.line - 1].drop { $0 == " " || $0 == "\t" } : ""
            throw Fault(message: "\(file):\(error.line):\(error.column + 1)\(line): \(error.message)")
        }
    }

    // MARK: Diff

    private func diff(_ package: String, _ a: String, _ b: String) throws -> Int32 {
        let subject = try services.subject(package, options["--dialect"])
        let from = try read(a, subject)
        let to = try read(b, subject)
        for (file, parsed) in [(a, from), (b, to)] where !parsed.skipped.isEmpty {
            services.errors("\(file): \(parsed.skipped.count) lines are not in the model and are left out")
        }
        let isReverse = options["--reverse"] != nil
        var commands = subject.grammar.commands(
            from: isReverse ? to.tree : from.tree, to: isReverse ? from.tree : to.tree)
        if let hook = subject.sentHook { commands = try hook.outgoing(commands, device: isReverse ? b : a) }
        let lines = commands.map { String(repeating: " ", count: $0.depth) + $0.text }
        guard options["--explain"] != nil else {
            lines.forEach(services.output)
            return 0
        }
        let width = min(60, lines.map { $0.split(separator: "\n")[0].count }.max() ?? 0)
        for (line, command) in zip(lines, commands) {
            let gap = String(repeating: " ", count: max(0, width - line.count) + 2)
            services.output("\(line)\(gap)! \(command.cause)")
        }
        return 0
    }

    // MARK: Output

    private func put(_ bytes: [UInt8]) {
        var text = String(decoding: bytes, as: UTF8.self)
        if text.hasSuffix("\n") { text.removeLast() }
        if !text.isEmpty { services.output(text) }
    }

    static func report(_ line: SkippedLine, _ file: String) -> String {
        let place = line.mode.last.map { " (in \($0))" } ?? ""
        return "\(file):\(line.number): \(line.text)\(place): \(line.reason)"
    }
}
