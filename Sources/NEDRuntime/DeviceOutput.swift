import YANG

/// What a device wrote, as it would stand on a terminal: backspaces and carriage returns overwrite, escape sequences do
/// not show, and each line ends with a line feed.
///
/// Invariants: `lineStart` is behind the last line feed; the cursor lies between `lineStart` and the end. The state of
/// an unfinished escape sequence survives from one piece of output to the next, and is bounded.
struct DeviceOutput {
    private(set) var bytes: [UInt8] = []
    /// Where the last, unfinished line begins.
    private(set) var lineStart = 0
    private var cursor = 0
    /// The cursor went back in the last line: blanks at its end may be what is left of an erased question.
    private var isOverwritten = false
    private var escape = Escape.none

    private enum Escape {
        case none, introduced
        /// `ESC [`: the parameters so far.
        case control([UInt8])
        /// `ESC ]`: how much of the text has been passed over.
        case text(Int)
    }

    private static let escapeLimit = 64
    private static let textLimit = 1_024
    private static let longestWord = 512
    private static let quoted = 2_048

    mutating func append(_ received: [UInt8]) {
        received.withUnsafeBufferPointer { received in
            var index = 0
            while index < received.count {
                if case .none = escape {
                    let length = cursor == bytes.count ? Self.plainLength(received[index...]) : 0
                    if length > 0 {
                        bytes.append(contentsOf: received[index..<(index + length)])
                        cursor += length
                        index += length
                        continue
                    }
                    show(received[index])
                } else {
                    pass(received[index])
                }
                index += 1
            }
        }
    }

    /// How many bytes at the start only follow what shows already.
    private static func plainLength(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        (bytes.firstIndex { $0 < 0x20 || $0 == 0x7F } ?? bytes.endIndex) - bytes.startIndex
    }

    private mutating func show(_ byte: UInt8) {
        switch byte {
        case 0x0A: endLine()
        case 0x0D:
            trim()
            cursor = lineStart
        case 0x08 where cursor > lineStart:
            cursor -= 1
            isOverwritten = true
        case 0x08: break
        case 0x1B: escape = .introduced
        case 0x00, 0x07, 0x7F: break
        default:
            if cursor < bytes.count {
                bytes[cursor] = byte
                isOverwritten = true
            } else {
                bytes.append(byte)
            }
            cursor += 1
        }
    }

    /// A byte of an escape sequence (ECMA-48).
    private mutating func pass(_ byte: UInt8) {
        switch escape {
        case .none: break
        case .introduced:
            switch byte {
            case UInt8(ascii: "["): escape = .control([])
            case UInt8(ascii: "]"): escape = .text(0)
            case 0x20...0x2F: break
            default: escape = .none
            }
        case .control(let parameters):
            if (0x40...0x7E).contains(byte) {
                escape = .none
                control(byte, parameters)
            } else if (0x20...0x3F).contains(byte), parameters.count < Self.escapeLimit {
                escape = .control(parameters + [byte])
            } else {
                escape = .none
                show(byte)
            }
        case .text(let count):
            let isEnd = byte == 0x07 || byte == 0x0A || count >= Self.textLimit
            escape = byte == 0x1B ? .introduced : isEnd ? .none : .text(count + 1)
            if byte == 0x0A { show(byte) }
        }
    }

    private mutating func control(_ final: UInt8, _ parameters: [UInt8]) {
        let number = Int(String(decoding: parameters, as: UTF8.self))
        switch final {
        case UInt8(ascii: "D"): cursor = max(lineStart, cursor - min(max(1, number ?? 1), 4_096))
        case UInt8(ascii: "K"):
            if number == 2 { eraseLine() } else if number ?? 0 == 0 { bytes.removeSubrange(cursor...) }
        default: break
        }
    }

    /// Ends the last line.
    mutating func endLine() {
        trim()
        if isOverwritten {
            while bytes.count > lineStart, bytes.last == 0x20 { bytes.removeLast() }
        }
        bytes.append(0x0A)
        lineStart = bytes.count
        cursor = lineStart
        isOverwritten = false
    }

    /// Takes the last line away: a question about paging that was answered.
    mutating func eraseLine() {
        bytes.removeSubrange(lineStart...)
        cursor = lineStart
        isOverwritten = false
    }

    /// Removes blanks behind the cursor.
    private mutating func trim() {
        if isOverwritten, cursor > lineStart, cursor < bytes.count, bytes[cursor...].allSatisfy({ $0 == 0x20 }) {
            bytes.removeSubrange(cursor...)
        }
    }

    mutating func removeAll() { self = DeviceOutput() }

    /// Hands over what stands before `end`. The last words stay, also those before, as errors quote them.
    mutating func take(before end: Int) -> [UInt8] {
        let kept = max(0, end - Self.quoted)
        var taken = Array(bytes[kept...])
        swap(&taken, &bytes)
        lineStart -= kept
        cursor -= kept
        taken.removeLast(taken.count - end)
        return taken
    }

    /// The last, unfinished line as it shows; nil if it is empty or longer than a prompt can be.
    func lastLine(limit: Int) -> String? {
        var end = bytes.count
        if isOverwritten, bytes[cursor...].allSatisfy({ $0 == 0x20 }) { end = cursor }
        guard end > lineStart, end - lineStart <= limit else { return nil }
        return String(decoding: bytes[lineStart..<end], as: UTF8.self)
    }

    /// Whether the last line before `end` in which there is more than blanks fits a pattern.
    func isLastWord(before end: Int, _ pattern: PatternMatcher) -> Bool {
        let lines = bytes[..<end].suffix(Self.longestWord).split(separator: 0x0A)
        guard let last = lines.last(where: { $0.contains { $0 != 0x20 } }) else { return false }
        return pattern.matches(String(decoding: last, as: UTF8.self))
    }

    /// The ends of the last lines that are not blank, the latest last, for error messages.
    var lastWords: [String] {
        let lines = bytes.suffix(Self.quoted).split(separator: 0x0A).filter { line in line.contains { $0 > 0x20 } }
        return lines.suffix(3).map { String(decoding: $0.suffix(200), as: UTF8.self).withoutControlCharacters }
    }
}

extension String {
    /// Without what moves a cursor or changes colours where the text is printed; line feeds stay.
    var withoutControlCharacters: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { $0 == "\n" || !Self.isControl($0) }))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
}
