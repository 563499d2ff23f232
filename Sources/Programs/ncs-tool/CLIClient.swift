import ControlProtocol
import Foundation

/// `ncs_cli`: puts a terminal and its files at the disposal of a session in the daemon (manual page ncs_cli.1).
enum CLIClient {
    @Sendable static func run(_ arguments: [String], _ environment: [String: String]) -> Int32 {
        let options: CLIClientOptions
        do {
            options = try CLIClientOptions(arguments, environment)
        } catch {
            ToolPrograms.complain(error.message)
            return 5
        }
        if options.isHelp {
            print(CLIClientOptions.usage)
            return 0
        }
        do {
            let connection = try ControlClient.open(options.socketPath, hello: options.hello)
            return ClientSession(connection, isTerminal: options.isTerminal).run()
        } catch {
            let reason = (error as? ControlError)?.message ?? "\(error)"
            ToolPrograms.complain("Failed to connect to server: \(reason)")
            return (error as? ControlError)?.code == .connection ? 4 : 1
        }
    }
}

/// The options of `ncs_cli`.
struct CLIClientOptions {
    private(set) var user: String?
    private(set) var groups: [String]?
    private(set) var echoes = false
    private(set) var isSilent = false
    private(set) var stopsOnError = false
    private(set) var style = "C"
    private(set) var directory = FileManager.default.currentDirectoryPath
    private(set) var from: String?
    private(set) var isHelp = false
    let socketPathDefault: String
    private var socketPathOption: String?
    private var host: String?

    struct Fault: Error {
        var message: String
    }

    static let usage = """
        usage: ncs_cli [-C | -J] [-u USER] [-g GROUPS] [-n | -N] [-s] [-S SOCKET] [-i ADDRESS] [-c DIR]
          -u  the user to act as      -g  groups, separated by commas
          -C  Cisco style (default)   -J  Juniper style
          -n  show prompts and commands though input is no terminal
          -N  show output only        -s  stop at the first error, exit status 8
        """

    var socketPath: String { socketPathOption ?? socketPathDefault }
    var isTerminal: Bool { isatty(0) == 1 && !isSilent && !echoes || isatty(0) == 1 && echoes }

    init(_ arguments: [String], _ environment: [String: String]) throws(Fault) {
        socketPathDefault = ControlClient.socketPath(environment: environment)
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument.hasPrefix("--") {
                try long(argument, &rest)
            } else if argument.hasPrefix("-"), argument.count > 1 {
                try short(argument.dropFirst(), &rest)
            } else {
                throw Fault(message: "ncs_cli: unexpected argument \(argument)\n\(Self.usage)")
            }
        }
        if style == "J" { throw Fault(message: "ncs_cli: the Juniper style is not part of this release; use -C") }
    }

    private mutating func long(_ argument: String, _ rest: inout ArraySlice<String>) throws(Fault) {
        switch argument {
        case "--interactive": echoes = true
        case "--noninteractive": isSilent = true
        case "--stop-on-error": stopsOnError = true
        case "--help": isHelp = true
        case "--noaaa": break
        case "--user": user = try value(argument, &rest)
        case "--groups": groups = try value(argument, &rest).split(separator: ",").map(String.init)
        case "--cwd": directory = try value(argument, &rest)
        case "--ip": from = try value(argument, &rest)
        case "--host", "--address", "--port", "--proto", "--escape", "--uid", "--gid", "--gids", "--opaque":
            _ = try value(argument, &rest)
        default: throw Fault(message: "ncs_cli: unknown option \(argument)\n\(Self.usage)")
        }
    }

    /// Short options may be written together: `-nsCu admin`.
    private mutating func short(_ letters: Substring, _ rest: inout ArraySlice<String>) throws(Fault) {
        var letters = letters
        while let letter = letters.popFirst() {
            switch letter {
            case "C": style = "C"
            case "J": style = "J"
            case "n": echoes = true
            case "N": isSilent = true
            case "s": stopsOnError = true
            case "a": break
            case "h": isHelp = true
            case "v": break
            case "u", "g", "c", "i", "S", "P", "A", "H", "p", "E", "U", "G", "D", "O":
                let text = letters.isEmpty ? try value("-\(letter)", &rest) : String(letters)
                set(letter, text)
                return
            default: throw Fault(message: "ncs_cli: unknown option -\(letter)\n\(Self.usage)")
            }
        }
    }

    private mutating func set(_ letter: Character, _ text: String) {
        switch letter {
        case "u": user = text
        case "g": groups = text.split(separator: ",").map(String.init)
        case "c": directory = text
        case "i": from = text
        case "S": socketPathOption = text
        case "P": socketPathOption = ControlClient.defaultPath(port: text)
        default: break
        }
    }

    private func value(_ option: String, _ rest: inout ArraySlice<String>) throws(Fault) -> String {
        guard let value = rest.popFirst() else { throw Fault(message: "ncs_cli: \(option) needs a value") }
        return value
    }

    var hello: Hello {
        var hello = Hello(purpose: .terminal, user: user, groups: groups)
        hello.from = from
        var size = winsize()
        _ = ioctl(1, UInt(TIOCGWINSZ), &size)
        var terminal = TerminalDescription(
            isTerminal: isTerminal, workingDirectory: directory, hostName: ProcessInfo.processInfo.hostName)
        terminal.echoesCommands = echoes
        terminal.stopsOnError = stopsOnError
        terminal.style = style
        terminal.columns = size.ws_col > 0 ? Int(size.ws_col) : 80
        terminal.rows = size.ws_row > 0 ? Int(size.ws_row) : 24
        hello.terminal = terminal
        return hello
    }
}
