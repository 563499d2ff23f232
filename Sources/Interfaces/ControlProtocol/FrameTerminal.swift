import Foundation
import Synchronization
import TerminalSession

/// The terminal and the files of a client at the other end of a local connection.
///
/// One thread (`pump`) reads the connection and sorts what comes; the session's thread reads input and asks for files.
package final class FrameTerminal: Terminal {
    private struct State {
        var input: [UInt8] = []
        var hasEnded = false
        var isInterrupted = false
        var columns: Int
        var rows: Int
        var file: FileAnswer?
        var fileContent: [UInt8] = []
        var isFileTooLarge = false
        /// The session waits for a file: what the client sends must be read on, whatever is typed ahead.
        var awaitsFile = false
        /// Nobody answers any more.
        var isGone = false
    }

    private enum FileAnswer {
        case content([UInt8])
        case fault(String)
    }

    private let connection: FrameConnection
    private let state: Mutex<State>
    private let changed = DispatchSemaphore(value: 0)
    private let fileAnswered = DispatchSemaphore(value: 0)
    private let roomMade = DispatchSemaphore(value: 0)
    package let isInteractive: Bool

    private static let fileLimit = 1 << 30
    /// Input that the session has not asked for yet; with more than that, the client has to wait.
    private static let inputLimit = 16 << 20

    package init(_ connection: FrameConnection, _ description: TerminalDescription) {
        self.connection = connection
        isInteractive = description.isTerminal
        state = Mutex(State(columns: description.columns, rows: description.rows))
    }

    package var columns: Int { state.withLock(\.columns) }
    package var rows: Int { state.withLock(\.rows) }

    package func write(_ bytes: [UInt8]) { connection.send(Frame(.output, bytes)) }

    package func read() -> [UInt8]? {
        while true {
            let answer: [UInt8]?? = state.withLock { state in
                if state.isInterrupted {
                    state.isInterrupted = false
                    return .some([])
                }
                if !state.input.isEmpty {
                    defer { state.input = [] }
                    return .some(state.input)
                }
                return state.hasEnded ? .some(nil) : nil
            }
            if let answer {
                roomMade.signal()
                return answer
            }
            changed.wait()
        }
    }

    package func takeInterrupt() -> Bool {
        state.withLock { state in
            defer { state.isInterrupted = false }
            return state.isInterrupted
        }
    }

    /// Ends the session's input from outside: the daemon stops.
    package func end() {
        state.withLock { ($0.hasEnded, $0.isGone) = (true, true) }
        changed.signal()
        roomMade.signal()
        answerFile(.fault("the session has ended"))
    }

    /// Reads the connection until it ends. For a thread of its own.
    package func pump() {
        while let frame = try? connection.receive() {
            take(frame)
            while isFull { roomMade.wait() }
        }
        end()
    }

    private var isFull: Bool {
        state.withLock { $0.input.count > Self.inputLimit && !$0.awaitsFile && !$0.hasEnded }
    }

    private func take(_ frame: Frame) {
        switch frame.kind {
        case .input: state.withLock { $0.input += frame.payload }
        case .inputEnd: state.withLock { $0.hasEnded = true }
        case .interrupt: state.withLock { $0.isInterrupted = true }
        case .resize where frame.payload.count == 4:
            let numbers = frame.payload.map(Int.init)
            state.withLock { state in
                state.columns = max(1, numbers[0] << 8 | numbers[1])
                state.rows = max(1, numbers[2] << 8 | numbers[3])
            }
        case .fileData:
            state.withLock { state in
                if state.fileContent.count + frame.payload.count <= Self.fileLimit {
                    state.fileContent += frame.payload
                } else {
                    state.isFileTooLarge = true
                }
            }
            return
        case .fileEnd: return answerFile(receivedFile())
        case .fileFault: return answerFile(.fault(frame.text))
        default: return
        }
        changed.signal()
    }

    private func receivedFile() -> FileAnswer {
        state.withLock { state in
            defer { (state.fileContent, state.isFileTooLarge) = ([], false) }
            guard state.isFileTooLarge else { return .content(state.fileContent) }
            return .fault("the file is larger than \(Self.fileLimit >> 20) MiB")
        }
    }

    private func answerFile(_ answer: FileAnswer) {
        state.withLock { $0.file = answer }
        fileAnswered.signal()
    }

    // MARK: Files of the client

    package func readFile(_ path: String) throws(ControlError) -> [UInt8] {
        awaitFile()
        connection.send(Frame(.fileRead, path.utf8))
        return try fileAnswer()
    }

    package func writeFile(_ path: String, _ bytes: [UInt8], append: Bool) throws(ControlError) {
        awaitFile()
        connection.send(Frame(append ? .fileAppend : .fileWrite, path.utf8))
        connection.send(Frame(.fileData, bytes))
        connection.send(Frame(.fileEnd))
        _ = try fileAnswer()
    }

    private func awaitFile() {
        state.withLock { $0.awaitsFile = true }
        roomMade.signal()
    }

    private func fileAnswer() throws(ControlError) -> [UInt8] {
        if !state.withLock(\.isGone) { fileAnswered.wait() }
        let answer = state.withLock { state in
            defer { (state.file, state.awaitsFile) = (nil, false) }
            return state.file
        }
        switch answer {
        case .content(let bytes)?: return bytes
        case .fault(let reason)?: throw ControlError(.notFound, reason)
        case nil: throw ControlError(.connection, "the session has ended")
        }
    }

    /// Tells the client that the session is over.
    package func finish(exitStatus: Int32) { connection.send(Frame(.exit, [UInt8(truncatingIfNeeded: exitStatus)])) }
}
