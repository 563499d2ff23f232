package import CLIGrammar
package import ConfigTree
package import ControlProtocol
import Synchronization
package import TerminalSession

/// An operator at a terminal (or a script in place of one): the C-style command line from banner to exit status.
///
/// `run` works on the thread that calls it until the session ends; `handle` may be called from any thread.
package final class OperatorSession: Sendable {
    package typealias GrammarFactory = @Sendable (DataModel) -> CLIGrammar

    let session: any ControlSession
    let makeGrammar: GrammarFactory
    let terminal: any Terminal
    let description: TerminalDescription
    let files: any ClientFiles
    /// The name in the prompt: `admin@ncs#`.
    let hostName: String
    /// Seconds since some moment, for what measures how long it took.
    let clock: @Sendable () -> Double
    let screen: TerminalScreen
    private let hasEnded = Mutex(false)

    /// Exit statuses of `ncs_cli`.
    enum ExitStatus {
        static let normal: Int32 = 0
        static let interrupted: Int32 = 6
        static let closed: Int32 = 7
        static let stoppedOnError: Int32 = 8
    }

    package init(
        session: any ControlSession, grammar: @escaping GrammarFactory, terminal: any Terminal,
        description: TerminalDescription, files: any ClientFiles, hostName: String = "ncs",
        clock: @escaping @Sendable () -> Double = OperatorSession.processTime
    ) {
        self.session = session
        makeGrammar = grammar
        self.terminal = terminal
        self.description = description
        self.files = files
        self.hostName = hostName
        self.clock = clock
        screen = TerminalScreen(terminal)
    }

    /// Seconds on the monotonic clock.
    package static let processTime: @Sendable () -> Double = {
        let elapsed = ContinuousClock.now - start
        let parts = elapsed.components
        return Double(parts.seconds) + Double(parts.attoseconds) * 1e-18
    }

    private static let start = ContinuousClock.now

    /// Reads and carries out commands until the session ends. Returns the exit status of the client.
    package func run() -> Int32 {
        let shell = OperatorShell(self)
        return shell.run()
    }

    var isEnding: Bool { hasEnded.withLock { $0 } }

    /// Tells the user what happens elsewhere. From any thread.
    package func handle(_ event: SessionEvent) {
        switch event {
        case .broadcast(let text):
            let isFirst = text.hasPrefix(">>> System upgrade is starting")
            screen.interject((isFirst ? "\n" : "") + text + "\n")
        case .alarm(let type, let text):
            // A script gets the output of its commands and nothing else.
            if terminal.isInteractive { screen.interject("*** ALARM \(type): \(text)\n") }
        case .closing(let reason):
            hasEnded.withLock { $0 = true }
            screen.interject(reason + "\n")
        }
    }
}
