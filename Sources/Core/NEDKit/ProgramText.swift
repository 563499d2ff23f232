/// Texts of programs reach terminals and logs.
package enum ProgramText {
    /// The first `limit` scalars on one line, with control characters, and those that turn the direction of writing,
    /// shown as `\u{1b}`.
    package static func harmless(_ text: String, limit: Int = 2_000) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar.value {
            case 10, 9: result += " "
            case 0..<32, 0x7F...0x9F, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
