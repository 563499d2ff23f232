import ControlProtocol
import Synchronization
import TerminalSession

@testable import OperatorCLI

extension FakeFiles: ClientFiles {
    func read(_ path: String) throws -> [UInt8] {
        guard let bytes = contents.withLock({ $0[path] }) else { throw Missing() }
        return bytes
    }

    func write(_ path: String, _ bytes: [UInt8], append: Bool) throws {
        contents.withLock { $0[path] = (append ? $0[path] ?? [] : []) + bytes }
    }
}

/// Input prepared in pieces, output gathered.
final class FakeTerminal: Terminal {
    private struct State {
        var input: [[UInt8]]
        var output: [UInt8] = []
        var isInterrupted = false
    }

    private let state: Mutex<State>
    let isInteractive: Bool
    let columns: Int
    let rows: Int

    init(_ input: [String], isInteractive: Bool = false, columns: Int = 80, rows: Int = 24) {
        state = Mutex(State(input: input.map { Array($0.utf8) }))
        self.isInteractive = isInteractive
        self.columns = columns
        self.rows = rows
    }

    func read() -> [UInt8]? { state.withLock { $0.input.isEmpty ? nil : $0.input.removeFirst() } }
    func write(_ bytes: [UInt8]) { state.withLock { $0.output += bytes } }
    func interrupt() { state.withLock { $0.isInterrupted = true } }

    func takeInterrupt() -> Bool {
        state.withLock { state in
            defer { state.isInterrupted = false }
            return state.isInterrupted
        }
    }

    var text: String { String(decoding: state.withLock { $0.output }, as: UTF8.self) }
}

extension TerminalDescription {
    static func script(echoes: Bool = false, stops: Bool = false) -> TerminalDescription {
        var description = TerminalDescription(isTerminal: false, workingDirectory: "/home/admin", hostName: "lab-host")
        description.echoesCommands = echoes
        description.stopsOnError = stops
        return description
    }

    static var terminal: TerminalDescription {
        TerminalDescription(isTerminal: true, workingDirectory: "/home/admin", hostName: "lab-host")
    }
}
