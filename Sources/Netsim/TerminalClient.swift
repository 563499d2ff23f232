import Basics
import Foundation
import Wire

extension NetsimCommand {
    /// Logs in to a device over its own SSH port; input that is no terminal is a script.
    func openTerminal(_ selection: Selection) throws(NetsimError) -> Int32 {
        let device = selection.devices[0]
        do throws(WireError) {
            let known = HostKey.publicKey(device.files)
            let options = SSHSessionOptions(
                address: SocketAddress(host: device.address, port: device.ports.cli), user: "admin",
                hostKeyPolicy: known.map { .rejectUnknown([$0]) } ?? .acceptAny)
            let session = try SSHSession(options)
            defer { session.close() }
            try session.connect()
            try session.authenticate([.password("admin")])
            let isTerminal = isatty(0) == 1 && isatty(1) == 1
            let channel = try session.openShell(terminal: isTerminal ? TerminalClient.terminal : nil)
            TerminalClient(channel).run(isTerminal: isTerminal)
            return 0
        } catch {
            throw NetsimError(.notRunning, device.name, error.description)
        }
    }
}

/// Connects this process's terminal, or standard input and output, to a channel.
private struct TerminalClient {
    let channel: SSHClientChannel

    init(_ channel: SSHClientChannel) { self.channel = channel }

    static var terminal: SSHTerminal {
        var size = winsize()
        _ = ioctl(1, UInt(TIOCGWINSZ), &size)
        let type = ProcessInfo.processInfo.environment["TERM"] ?? "vt100"
        return SSHTerminal(type: type, columns: max(20, Int(size.ws_col)), rows: max(2, Int(size.ws_row)))
    }

    func run(isTerminal: Bool) {
        var before = termios()
        if isTerminal {
            tcgetattr(0, &before)
            var raw = before
            cfmakeraw(&raw)
            tcsetattr(0, TCSANOW, &raw)
        }
        defer { if isTerminal { tcsetattr(0, TCSANOW, &before) } }
        let channel = channel
        Thread.detachNewThread { Self.forwardInput(to: channel, isTerminal: isTerminal) }
        while let bytes = try? channel.read(deadline: .never) {
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes { write(1, $0.baseAddress! + offset, $0.count - offset) }
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return }
                offset += count
            }
        }
    }

    private static func forwardInput(to channel: SSHClientChannel, isTerminal: Bool) {
        var size = isTerminal ? terminal : nil
        var chunk = [UInt8](repeating: 0, count: 1 << 15)
        while true {
            let count = read(0, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            if isTerminal, terminal != size {
                size = terminal
                try? channel.changeWindow(columns: terminal.columns, rows: terminal.rows)
            }
            guard (try? channel.write(Array(chunk[..<count]), deadline: .after(.seconds(60)))) != nil else { return }
        }
        try? channel.sendEndOfInput()
    }
}
