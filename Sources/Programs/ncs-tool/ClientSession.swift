import Basics
import ControlProtocol
import Foundation

/// Forwards bytes, size and interrupts of the local terminal to a session, and carries out what it asks of files.
final class ClientSession: Sendable {
    private let connection: FrameConnection
    private let isTerminal: Bool

    init(_ connection: FrameConnection, isTerminal: Bool) {
        self.connection = connection
        self.isTerminal = isTerminal
    }

    /// The daemon closed the connection without ending the session.
    private static let daemonGone: Int32 = 7

    /// Runs until the session ends; its exit status. 7 if the connection broke, which is said on standard error.
    func run() -> Int32 {
        let saved = isTerminal ? RawMode.enter() : nil
        let status = converse(saved)
        if let saved { RawMode.leave(saved) }
        if status == nil {
            ToolPrograms.complain("ncs_cli: the daemon closed the connection; the session has ended")
        }
        return status ?? Self.daemonGone
    }

    /// Carries out what the session asks for; its exit status, nil if the connection broke.
    private func converse(_ saved: termios?) -> Int32? {
        let sources = watchSignals(saved)
        defer { withExtendedLifetime(sources) {} }
        let reader = Thread { self.forwardInput() }
        reader.start()
        var writing: (path: String, append: Bool, content: [UInt8])?
        while let frame = try? connection.receive() {
            switch frame.kind {
            case .output where !write(frame.payload, to: 1): return Self.outputGone
            case .output: break
            case .errorOutput: write(frame.payload, to: 2)
            case .exit: return Int32(frame.payload.first ?? 0)
            case .fileRead: sendFile(frame.text)
            case .fileWrite: writing = (frame.text, false, [])
            case .fileAppend: writing = (frame.text, true, [])
            case .fileData: writing?.content += frame.payload
            case .fileEnd:
                if let file = writing { store(file.path, file.content, append: file.append) }
                writing = nil
            default: break
            }
        }
        return nil
    }

    /// Nobody reads the output: as for a program that SIGPIPE ends.
    private static let outputGone: Int32 = 128 + SIGPIPE

    /// False if nobody reads what is written.
    @discardableResult
    private func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                usleep(1_000)
                continue
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func forwardInput() {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(0, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            let bytes = Array(chunk[0..<count])
            // In raw mode the interrupt key is a byte like any other; ahead of everything typed before it, it interrupts.
            if isTerminal, bytes.contains(0x03) { connection.send(Frame(.interrupt)) }
            guard connection.send(Frame(.input, bytes.filter { !(isTerminal && $0 == 0x03) })) else { return }
        }
        connection.send(Frame(.inputEnd))
    }

    /// Forwards the terminal's size. A client that is told to end gives the terminal back as it was first.
    private func watchSignals(_ saved: termios?) -> [any DispatchSourceSignal] {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGWINCH, SIG_IGN)
        let ends = (saved == nil ? [] : [SIGTERM, SIGHUP]).map { number in
            signal(number, SIG_IGN)
            let end = DispatchSource.makeSignalSource(signal: number, queue: .global())
            end.setEventHandler {
                if let saved { RawMode.leave(saved) }
                exit(128 + number)
            }
            end.activate()
            return end
        }
        let resize = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: .global())
        resize.setEventHandler { [connection] in
            var size = winsize()
            guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0 else { return }
            let numbers = [size.ws_col, size.ws_row].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
            connection.send(Frame(.resize, numbers))
        }
        resize.activate()
        return ends + [resize]
    }

    // MARK: Files

    private func sendFile(_ path: String) {
        do {
            connection.send(Frame(.fileData, try DurableFiles.read(path)))
            connection.send(Frame(.fileEnd))
        } catch {
            connection.send(Frame(.fileFault, "\(error)".utf8))
        }
    }

    private func store(_ path: String, _ content: [UInt8], append: Bool) {
        do {
            let old = append && DurableFiles.exists(path) ? try DurableFiles.read(path) : []
            try DurableFiles.write(path, old + content)
            connection.send(Frame(.fileEnd))
        } catch {
            connection.send(Frame(.fileFault, "\(error)".utf8))
        }
    }
}

/// A terminal that hands over every key as it is pressed.
enum RawMode {
    static func enter() -> termios? {
        var saved = termios()
        guard tcgetattr(0, &saved) == 0 else { return nil }
        var raw = saved
        cfmakeraw(&raw)
        tcsetattr(0, TCSANOW, &raw)
        return saved
    }

    static func leave(_ saved: termios) {
        var saved = saved
        tcsetattr(0, TCSANOW, &saved)
    }
}
