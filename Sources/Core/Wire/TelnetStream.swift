internal import Synchronization

/// The network virtual terminal of a Telnet server over a byte stream: options are answered, not passed on (RFC 854).
///
/// We let the server echo and go ahead at will, tell the terminal's type and size when asked, and refuse everything
/// else. Each option is answered once, so that two sides that answer each other cannot go on for ever. A line feed that
/// is written goes out as CR LF.
package final class TelnetStream: ByteStream {
    private let stream: any ByteStream
    private let state: Mutex<State>

    fileprivate struct State {
        var scanner = TelnetScanner()
        var wasReturn = false
        var answered: Set<[UInt8]> = []
        var size: [UInt8]
    }

    /// For what is answered: a reader may not want to wait at all.
    private static let replyTimeout = Duration.seconds(5)

    package init(_ stream: any ByteStream, columns: UInt16 = 80, rows: UInt16 = 24) {
        self.stream = stream
        let size = [columns, rows].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        state = Mutex(State(size: size))
    }

    package var peer: String { stream.peer }

    /// Bytes of the server that are text; what it negotiates is answered on the way.
    package func read(deadline: Deadline) throws(WireError) -> [UInt8]? {
        while true {
            guard let bytes = try stream.read(deadline: deadline) else { return nil }
            let (text, reply) = state.withLock { $0.take(bytes) }
            if !reply.isEmpty { try stream.write(reply, deadline: .after(Self.replyTimeout)) }
            if !text.isEmpty { return text }
        }
    }

    package func write(_ bytes: [UInt8], deadline: Deadline) throws(WireError) {
        var escaped: [UInt8] = []
        for byte in bytes {
            switch byte {
            case 0x0A: escaped += [0x0D, 0x0A]
            case Code.command: escaped += [Code.command, Code.command]
            default: escaped.append(byte)
            }
        }
        try stream.write(escaped, deadline: deadline)
    }

    package func close() { stream.close() }
    package func abort() { stream.abort() }
}

extension TelnetStream.State {
    fileprivate mutating func take(_ bytes: [UInt8]) -> (text: [UInt8], reply: [UInt8]) {
        var text: [UInt8] = []
        var reply: [UInt8] = []
        for byte in bytes {
            switch scanner.take(byte) {
            case .data(let byte):
                // CR NUL is a return without a line feed.
                if byte != 0 || !wasReturn { text.append(byte) }
                wasReturn = byte == 0x0D
            case .option(let verb, let option): reply += answer(verb, option)
            case .inner(let content): reply += answer(inner: content)
            case nil: break
            }
        }
        return (text, reply)
    }

    private mutating func answer(_ verb: UInt8, _ option: UInt8) -> [UInt8] {
        guard verb == Code.will || verb == Code.do, answered.insert([verb, option]).inserted else { return [] }
        if verb == Code.will {
            let isWanted = option == Option.echo || option == Option.goAhead
            return [Code.command, isWanted ? Code.do : Code.dont, option]
        }
        switch option {
        case Option.windowSize:
            let escaped = size.flatMap { $0 == Code.command ? [$0, $0] : [$0] }
            return [Code.command, Code.will, option, Code.command, Code.begin, option] + escaped
                + [Code.command, Code.end]
        case Option.terminalType, Option.goAhead: return [Code.command, Code.will, option]
        default: return [Code.command, Code.wont, option]
        }
    }

    /// The server asks for the type of the terminal (RFC 1091).
    private func answer(inner content: [UInt8]) -> [UInt8] {
        guard content.starts(with: [Option.terminalType, 1]) else { return [] }
        let head = [Code.command, Code.begin, Option.terminalType, 0]
        return head + Array("vt100".utf8) + [Code.command, Code.end]
    }
}

private typealias Code = TelnetCode
private typealias Option = TelnetOption
