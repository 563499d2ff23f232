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

/// Where in the other side's commands the reading stands.
enum TelnetPosition {
    case data, command
    case option(UInt8)
    case inner([UInt8])
    case innerCommand([UInt8])
}
