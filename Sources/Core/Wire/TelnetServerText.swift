/// What a Telnet server hears and says: text and options apart (RFC 854).
///
/// The server announces that it echoes and that nobody waits for a go-ahead, so that a client sends each key, and asks for
/// the terminal's size. Everything else that a client offers or asks for is refused, each option once. The return key comes
/// as CR LF, CR NUL or CR and is CR here.
package struct TelnetServerText: Sendable {
    /// What a session begins with.
    package static let greeting: [UInt8] = [
        Code.command, Code.will, Option.echo, Code.command, Code.will, Option.goAhead, Code.command, Code.do,
        Option.windowSize,
    ]

    private var scanner = TelnetScanner()
    private var wasReturn = false
    private var answered: Set<[UInt8]> = []
    /// The terminal's size, once the client has told it.
    package private(set) var rows: Int?

    package init() {}

    /// Text as it goes out.
    package static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(Code.command) else { return bytes }
        return bytes.flatMap { $0 == Code.command ? [$0, $0] : [$0] }
    }

    /// Takes what came: the keys in it, and what is to be answered.
    package mutating func take(_ bytes: [UInt8]) -> (keys: [UInt8], reply: [UInt8]) {
        var keys: [UInt8] = []
        var reply: [UInt8] = []
        for byte in bytes {
            switch scanner.take(byte) {
            case .data(let byte):
                if !(wasReturn && (byte == 0 || byte == 0x0A)) { keys.append(byte) }
                wasReturn = byte == 0x0D
            case .option(let verb, let option): reply += answer(verb, option)
            case .inner(let content): note(content)
            case nil: break
            }
        }
        return (keys, reply)
    }

    private mutating func answer(_ verb: UInt8, _ option: UInt8) -> [UInt8] {
        guard answered.insert([verb, option]).inserted else { return [] }
        switch (verb, option) {
        case (Code.do, Option.echo), (Code.do, Option.goAhead), (Code.will, Option.windowSize): return []
        case (Code.will, Option.goAhead): return [Code.command, Code.do, option]
        case (Code.will, _): return [Code.command, Code.dont, option]
        case (Code.do, _): return [Code.command, Code.wont, option]
        default: return []
        }
    }

    /// The window's size: columns and rows (RFC 1073).
    private mutating func note(_ content: [UInt8]) {
        guard content.count == 5, content[0] == Option.windowSize else { return }
        rows = Int(content[3]) << 8 | Int(content[4])
    }
}

private typealias Code = TelnetCode
private typealias Option = TelnetOption
