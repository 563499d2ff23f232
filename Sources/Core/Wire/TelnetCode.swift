/// What both ends of Telnet say to each other beside the text (RFC 854).
enum TelnetCode {
    static let end: UInt8 = 240
    static let begin: UInt8 = 250
    static let will: UInt8 = 251
    static let wont: UInt8 = 252
    static let `do`: UInt8 = 253
    static let dont: UInt8 = 254
    static let command: UInt8 = 255
}

/// The options that we know (RFC 857, 858, 1073, 1091).
enum TelnetOption {
    static let echo: UInt8 = 1
    static let goAhead: UInt8 = 3
    static let terminalType: UInt8 = 24
    static let windowSize: UInt8 = 31
}

/// Takes the commands of the other side out of what it sends, byte by byte.
struct TelnetScanner: Sendable {
    enum Piece {
        case data(UInt8)
        /// `will`, `wont`, `do` or `dont`, and the option.
        case option(verb: UInt8, UInt8)
        /// What stands between `begin` and `end`, cut after `innerLimit` bytes.
        case inner([UInt8])
    }

    private enum Position {
        case data, command
        case option(UInt8)
        case inner([UInt8])
        case innerCommand([UInt8])
    }

    static let innerLimit = 256
    private var position = Position.data

    /// What a byte completes, if anything.
    mutating func take(_ byte: UInt8) -> Piece? {
        switch position {
        case .data:
            guard byte == TelnetCode.command else { return .data(byte) }
            position = .command
        case .command:
            position = .data
            switch byte {
            case TelnetCode.command: return .data(byte)
            case TelnetCode.will...TelnetCode.dont: position = .option(byte)
            case TelnetCode.begin: position = .inner([])
            default: break
            }
        case .option(let verb):
            position = .data
            return .option(verb: verb, byte)
        case .inner(let content):
            if byte == TelnetCode.command {
                position = .innerCommand(content)
            } else if content.count < Self.innerLimit {
                position = .inner(content + [byte])
            }
        case .innerCommand(let content):
            if byte == TelnetCode.end {
                position = .data
                return .inner(content)
            }
            position = .inner(content.count < Self.innerLimit ? content + [byte] : content)
        }
        return nil
    }
}
