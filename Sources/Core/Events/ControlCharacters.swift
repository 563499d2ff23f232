/// Makes text from outside harmless for terminals and log files.
package enum ControlCharacters {
    /// The text with control characters, and those that turn the direction of writing, shown as `\x1b` or `\u202e`.
    ///
    /// - Parameter keepingLines: whether line feeds and tabs stay; a carriage return before a line feed goes away.
    package static func neutralised(_ text: String, keepingLines: Bool = false) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var result = ""
        result.reserveCapacity(text.utf8.count + 8)
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        while let scalar = next {
            next = scalars.next()
            if keepingLines {
                if scalar == "\r", next == "\n" { continue }
                if scalar == "\n" || scalar == "\t" {
                    result.unicodeScalars.append(scalar)
                    continue
                }
            }
            if isHarmful(scalar) {
                result += escape(scalar)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            let digits = String(scalar.value, radix: 16)
            let width = scalar.value < 0x100 ? 2 : 4
            let padded = String(repeating: "0", count: max(0, width - digits.count)) + digits
            return (width == 2 ? "\\x" : "\\u") + padded
        }
    }
}
