/// Why a program of a package could not do what it was asked: a code, a sentence that names it, and what it said last.
package struct ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The file is not there, not executable or not within the package, or the system refused to start it.
        case cannotStart
        /// It did not begin with the line of the protocol, or with that of another version.
        case handshake
        /// It wrote what is no message of the protocol.
        case garbage
        /// It ended, by itself or by a signal, before it answered.
        case ended
        /// It did not answer in time.
        case timeout
        /// It wrote more than it may.
        case tooMuch
        /// It answered with an error: it does not want what it was asked.
        case refused
    }

    package var code: Code
    package var package: String
    package var program: String
    package var message: String
    /// The last lines of its standard error, control characters shown.
    package var lastLines: [String]

    package init(
        _ code: Code, _ program: ProgramDescription, _ message: String, lastLines: [String] = []
    ) {
        self.code = code
        package = program.package
        self.program = program.name
        self.message = message
        self.lastLines = lastLines
    }

    /// What somebody who has asked for something is told.
    package var description: String {
        let said = lastLines.isEmpty ? "" : "; it said: " + lastLines.joined(separator: " | ")
        return "program \(program) of package \(package) \(message)\(said)"
    }
}
