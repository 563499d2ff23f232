import Basics
import ControlProtocol
import Foundation

/// `ncs_load`: prints the configuration, or loads documents (manual page ncs_load.1).
enum LoadClient {
    @Sendable static func run(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        do {
            let options = try LoadClientOptions(arguments)
            if options.isHelp {
                print(LoadClientOptions.usage)
                return 0
            }
            var hello = Hello(purpose: .control, user: options.user, groups: options.groups)
            hello.context = options.context
            let connection = try ControlClient.open(ControlClient.socketPath(environment: environment), hello: hello)
            let documents = try options.isLoading ? options.documents() : []
            let reply = try ControlClient.perform(
                options.command(documents.map(\.name)), documents: documents.map(\.content), on: connection
            ) { bytes in
                FileHandle.standardOutput.write(Data(bytes))
            }
            if !reply.text.isEmpty { ToolPrograms.complain(reply.isDone ? reply.text : "ncs_load: \(reply.text)") }
            return reply.isDone ? 0 : 1
        } catch {
            let reason = (error as? ControlError)?.message ?? (error as? LoadClientOptions.Fault)?.message ?? "\(error)"
            ToolPrograms.complain("ncs_load: \(reason)")
            return 1
        }
    }
}

/// The options of `ncs_load` that have an effect in this release; others are refused by name.
struct LoadClientOptions {
    private(set) var isLoading = false
    private(set) var user: String?
    private(set) var groups: [String]?
    private(set) var context = "system"
    private(set) var isHelp = false
    private var arguments: [String: String] = [:]
    private var files: [String] = []

    struct Fault: Error {
        var message: String
    }

    static let usage = """
        usage: ncs_load [-F x|p|o|c] [-W] [-p PATH] [-o]            print the configuration
               ncs_load -l [-m | -r] [-F x|p|o|c] [-n] [-x] [FILE...]   load files, or standard input
          -l  load     -m  merge     -r  replace what is in the file     -F  format: XML, pretty XML, JSON, C-style
          -n  no networking     -x  lax     -W  with defaults     -o  with operational data     -u USER  -g GROUPS
        """

    init(_ words: [String]) throws(Fault) {
        var rest = words[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word.count > 1 else {
                files.append(word)
                continue
            }
            var letters = word.dropFirst()
            while let letter = letters.popFirst() {
                let takesValue = "uFpgcP".contains(letter)
                let value: String? = takesValue ? (letters.isEmpty ? rest.popFirst() : String(letters)) : nil
                if takesValue, value == nil { throw Fault(message: "-\(letter) needs a value") }
                try set(letter, value ?? "")
                if takesValue { break }
            }
        }
        if isLoading { arguments["path"] = nil }
    }

    private mutating func set(_ letter: Character, _ value: String) throws(Fault) {
        switch letter {
        case "l": isLoading = true
        case "m": arguments["mode"] = "merge"
        case "r": arguments["mode"] = "replace"
        case "F": arguments["format"] = value
        case "n": arguments["no-networking"] = ""
        case "x": arguments["lax"] = ""
        case "W": arguments["defaults"] = ""
        case "o": arguments["operational"] = ""
        case "p": arguments["path"] = value
        case "u": user = value
        case "g": groups = value.split(separator: ",").map(String.init)
        case "c": context = value
        case "h": isHelp = true
        case "j", "H", "d", "t", "U": break
        default: throw Fault(message: "-\(letter) is not part of this release\n\(Self.usage)")
        }
    }

    /// The files to load; standard input without any.
    func documents() throws -> [(name: String, content: [UInt8])] {
        if files.isEmpty {
            return [("standard input", Array(FileHandle.standardInput.readDataToEndOfFile()))]
        }
        return try files.map { ($0, try DurableFiles.read($0)) }
    }

    func command(_ names: [String]) -> ControlCommand {
        ControlCommand(isLoading ? "load" : "save", arguments, documents: names)
    }
}
