import Basics
import CLIGrammar
import ControlProtocol

/// Why a command did nothing, or stopped: lines for the operator.
struct CommandFault: Error {
    var text: String
    /// For a fault in what was typed: the column (in characters) to be marked below the line.
    var column: Int?

    init(_ text: String, column: Int? = nil) {
        self.text = text
        self.column = column
    }

    static func syntax(_ reason: String, at column: Int) -> CommandFault {
        CommandFault("syntax error: \(reason)", column: column)
    }

    static func error(_ reason: String) -> CommandFault { CommandFault("Error: \(reason)") }

    init(_ error: ControlError) {
        self.init("Error: \(error.message)" + Self.details(error))
    }

    /// A refused commit.
    static func aborted(_ error: ControlError) -> CommandFault {
        CommandFault("Aborted: \(error.message)" + Self.details(error))
    }

    /// The findings that the message does not tell already, each on a line.
    private static func details(_ error: ControlError) -> String {
        let rest = error.diagnostics.filter { !error.message.contains($0.summary) }
        return rest.map { "\n  " + $0.description }.joined()
    }
}

/// What a command wants next.
enum CommandResult {
    case done
    /// The session ends with an exit status.
    case leave(Int32)
}
