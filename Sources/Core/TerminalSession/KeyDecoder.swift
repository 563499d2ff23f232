/// What a user does at a keyboard.
package enum Key: Hashable, Sendable {
    case text(String)
    case enter, tab, help
    case backspace, delete
    case left, right, wordLeft, wordRight, home, end
    case up, down
    case killToEnd, killToStart, killWord, killWordForward, yank, transpose
    case clearScreen, interrupt, endOfInput, searchBack
    case none
}

/// Turns bytes into keys; keeps the beginning of an escape sequence or of a UTF-8 character until the rest comes.
package struct KeyDecoder: Sendable {
    private var pending: [UInt8] = []

    package init() {}

    package mutating func keys(_ bytes: [UInt8]) -> [Key] {
        pending += bytes
        var keys: [Key] = []
        while let key = next() { keys.append(key) }
        return keys
    }

    private mutating func next() -> Key? {
        guard let first = pending.first else { return nil }
        if first == 0x1B { return escape() }
        if first < 0x20 || first == 0x7F {
            pending.removeFirst()
            // A carriage return followed by a line feed is one key.
            if first == 0x0D, pending.first == 0x0A { pending.removeFirst() }
            return Self.control(first)
        }
        if first == UInt8(ascii: "?") {
            pending.removeFirst()
            return .help
        }
        return text()
    }

    /// As many whole characters as are there, up to the next key that is none.
    private mutating func text() -> Key? {
        var end = 0
        while end < pending.count, pending[end] >= 0x20, pending[end] != 0x7F, pending[end] != UInt8(ascii: "?") {
            let length = Self.length(pending[end])
            guard end + length <= pending.count else { break }
            end += length
        }
        guard end > 0 else {
            // An unfinished character; more than four bytes of it are no character at all.
            if pending.count < 4 { return nil }
            pending.removeFirst()
            return Key.none
        }
        defer { pending.removeFirst(end) }
        return .text(String(decoding: pending[..<end], as: UTF8.self))
    }

    private static func length(_ lead: UInt8) -> Int {
        switch lead {
        case 0xC0...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF7: 4
        default: 1
        }
    }

    private static func control(_ byte: UInt8) -> Key {
        switch byte {
        case 0x0D, 0x0A: .enter
        case 0x09: .tab
        case 0x08, 0x7F: .backspace
        case 0x01: .home
        case 0x02: .left
        case 0x03: .interrupt
        case 0x04: .endOfInput
        case 0x05: .end
        case 0x06: .right
        case 0x0B: .killToEnd
        case 0x0C: .clearScreen
        case 0x0E: .down
        case 0x10: .up
        case 0x12: .searchBack
        case 0x14: .transpose
        case 0x15, 0x18: .killToStart
        case 0x17: .killWord
        case 0x19: .yank
        default: .none
        }
    }

    private mutating func escape() -> Key? {
        guard pending.count >= 2 else { return nil }
        let second = pending[1]
        guard second == UInt8(ascii: "[") || second == UInt8(ascii: "O") else {
            pending.removeFirst(2)
            switch second {
            case UInt8(ascii: "b"): return .wordLeft
            case UInt8(ascii: "f"): return .wordRight
            case UInt8(ascii: "d"): return .killWordForward
            case 0x7F, 0x08: return .killWord
            default: return Key.none
            }
        }
        guard let final = pending.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else {
            if pending.count > 32 { pending = [] }
            return nil
        }
        let parameters = String(decoding: pending[2..<final], as: UTF8.self)
        let last = pending[final]
        pending.removeFirst(final + 1)
        return Self.sequence(last, parameters)
    }

    private static func sequence(_ final: UInt8, _ parameters: String) -> Key {
        let isModified = parameters.hasSuffix(";5") || parameters.hasSuffix(";3")
        switch (final, parameters) {
        case (UInt8(ascii: "A"), _): return .up
        case (UInt8(ascii: "B"), _): return .down
        case (UInt8(ascii: "C"), _): return isModified ? .wordRight : .right
        case (UInt8(ascii: "D"), _): return isModified ? .wordLeft : .left
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"): return .home
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"): return .end
        case (UInt8(ascii: "~"), "3"): return .delete
        default: return .none
        }
    }
}
