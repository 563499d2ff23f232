import Basics
import Foundation

/// The program that packages' `start.sh` and people know as `confd_load`: loads configuration and state data into a
/// running device, or prints what it holds.
///
/// The device is that of `CONFD_IPC_PORT`, of `NAME`, or of the directory in which it is called.
package enum ConfdLoadProgram {
    private struct Options {
        var loads = false
        var isMerge = false
        /// Only state data.
        var isState = false
        /// State data too: printed, and passed over when loading.
        var withState = false
        var path = ""
        var files: [String] = []
        var showsHelp = false
    }

    private static let usage = """
        confd_load [-o | -O] [-p KEYPATH] [FILE]                 prints the configuration, or writes it to FILE
        confd_load -l [-m] [-o] [FILE ...]                       loads it: instead of what is there, or (-m) over it
        confd_load -l -O | -C [-m] [FILE ...]                    loads state data

        -o: state data too (-l: may be in the file, and are passed over)   -O, -C: only state data   -F x | p: XML
        """

    package static func run(
        arguments: [String], environment: [String: String], workingDirectory: String,
        input: () -> [UInt8] = { Array(FileHandle.standardInput.readDataToEndOfFile()) }, output: (String) -> Void,
        errors: (String) -> Void
    ) -> Int32 {
        do throws(NetsimError) {
            let options = try options(arguments)
            if options.showsHelp {
                output(usage)
                return 0
            }
            let (network, device) = try ConfdProgram.find(environment, workingDirectory)
            let client = NetworkClient(paths: network.paths, launch: { _ in })
            if !options.loads { return try save(options, device, client, workingDirectory, output) }
            var isMerge = options.isMerge
            for file in options.files.isEmpty ? ["-"] : options.files {
                try load(file, options, isMerge, device, client, workingDirectory, input)
                isMerge = true
            }
            return 0
        } catch {
            errors("confd_load: \(error)")
            return 1
        }
    }

    private static func load(
        _ file: String, _ options: Options, _ isMerge: Bool, _ device: NetworkDevice, _ client: NetworkClient,
        _ directory: String, _ input: () -> [UInt8]
    ) throws(NetsimError) {
        var path = PlainFiles.absolute(file, in: directory)
        if file == "-" {
            path = temporary(device)
            do {
                try PlainFiles.write(path, input(), mode: 0o600)
            } catch {
                throw NetsimError(.system, "", "\(error)")
            }
        }
        defer { if file == "-" { unlink(path) } }
        let part: DataPart = options.isState ? .state : options.withState ? .all : .configuration
        try ask(.load(device: device.name, file: path, isMerge: isMerge, part: part), device, client)
    }

    private static func save(
        _ options: Options, _ device: NetworkDevice, _ client: NetworkClient, _ directory: String,
        _ output: (String) -> Void
    ) throws(NetsimError) -> Int32 {
        let part: DataPart = options.isState ? .state : options.withState ? .all : .configuration
        let given = options.files.first.map { PlainFiles.absolute($0, in: directory) }
        let path = given ?? temporary(device)
        defer { if given == nil { unlink(path) } }
        try ask(.save(device: device.name, file: path, path: options.path, part: part), device, client)
        guard given == nil else { return 0 }
        do {
            let text = String(decoding: try DurableFiles.read(path, limit: 1 << 30), as: UTF8.self)
            output(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        } catch {
            throw NetsimError(.system, "", "\(error)")
        }
        return 0
    }

    private static func temporary(_ device: NetworkDevice) -> String {
        "\(device.files.database)/.confd_load-\(getpid())-\(UUID().uuidString)"
    }

    private static func ask(
        _ request: ControlRequest, _ device: NetworkDevice, _ client: NetworkClient
    ) throws(NetsimError) {
        let reply = try client.ask(request)?[device.name]
        guard let reply, reply.state != .notRunning else {
            throw NetsimError(.notRunning, device.name, "the device is not running", remedy: "start it first")
        }
        guard reply.state == .loaded else { throw NetsimError(.configurationUnusable, "", reply.text) }
    }

    // MARK: Options

    private static let valued: Set<Character> = ["F", "p", "f", "u", "g", "c"]
    /// What sets up the incumbent's session and means nothing here.
    private static let ignored = Set("dteHUiaWSbMrNDxT")

    private static func options(_ arguments: [String]) throws(NetsimError) -> Options {
        var options = Options()
        var words = arguments[...]
        while let word = words.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                options.files.append(word)
                continue
            }
            if word == "--help" || word == "-h" || word == "-?" { options.showsHelp = true }
            var letters = word.dropFirst()
            while let letter = letters.popFirst() {
                if valued.contains(letter) {
                    let value = letters.isEmpty ? words.popFirst() : String(letters)
                    letters = ""
                    try set(letter, value ?? "", &options)
                    continue
                }
                switch letter {
                case "l": options.loads = true
                case "m", "r": options.isMerge = true
                case "o": options.withState = true
                case "O", "C": options.isState = true
                case "h", "?", "-": break
                default:
                    guard ignored.contains(letter) || options.showsHelp else {
                        throw NetsimError(.usage, "", "unknown option -\(letter)", remedy: "see confd_load --help")
                    }
                }
                if word.hasPrefix("--") { break }
            }
        }
        return options
    }

    private static func set(_ letter: Character, _ value: String, _ options: inout Options) throws(NetsimError) {
        switch letter {
        case "p": options.path = value
        case "f": options.files.append(value)
        case "F":
            guard ["x", "p"].contains(value) else {
                throw NetsimError(
                    .usage, "", "the format \(value) is not known here", remedy: "use XML: -F x or -F p")
            }
        default: break
        }
    }
}
