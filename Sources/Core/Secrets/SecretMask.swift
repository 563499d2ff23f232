internal import Synchronization

/// Replaces known secrets by asterisks in texts that go to traces, logs and error messages.
///
/// Finds a secret as it is, as XML and as JSON write it, and each long line of one that has several. A secret of fewer
/// than four bytes is replaced only where it stands alone: `a` must not blot out every word.
package final class SecretMask: Sendable {
    private struct Patterns: Sendable {
        /// By first byte, longest first.
        var byFirst: [UInt8: [[UInt8]]] = [:]
        /// The secrets of which all forms are there.
        var secrets: Set<String> = []

        mutating func insert(_ pattern: [UInt8]) {
            guard let first = pattern.first, byFirst[first]?.contains(pattern) != true else { return }
            byFirst[first, default: []].append(pattern)
            byFirst[first]?.sort { $0.count > $1.count }
        }
    }

    private static let shortLength = 4
    private static let longLine = 16
    private static let replacement = Array(MaskedSecret.mask.utf8)

    private let patterns = Mutex(Patterns())

    package init(_ secrets: [MaskedSecret] = []) {
        for secret in secrets { add(secret) }
    }

    package func add(_ secret: MaskedSecret) {
        if secret.withPlainText({ plain in patterns.withLock { $0.secrets.contains(plain) } }) { return }
        let forms = secret.withPlainText { plain in
            [plain, Self.escaped(plain, Self.xml), Self.escaped(plain, Self.json)]
                + plain.split(whereSeparator: \.isNewline).map(String.init).filter { $0.utf8.count >= Self.longLine }
        }
        // In one step: who finds the secret known relies on all its forms.
        secret.withPlainText { plain in
            patterns.withLock { patterns in
                for form in forms { patterns.insert(Array(form.utf8)) }
                patterns.secrets.insert(plain)
            }
        }
    }

    package func mask(_ text: String) -> String {
        String(decoding: mask(Array(text.utf8)), as: UTF8.self)
    }

    package func mask(_ text: [UInt8]) -> [UInt8] {
        let byFirst = patterns.withLock { $0.byFirst }
        guard !byFirst.isEmpty else { return text }
        var result = [UInt8]()
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if let length = Self.match(byFirst[text[index]], text, index) {
                result += Self.replacement
                index += length
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    private static func match(_ candidates: [[UInt8]]?, _ text: [UInt8], _ index: Int) -> Int? {
        guard let candidates else { return nil }
        return candidates.first { pattern in
            guard text.count - index >= pattern.count, text[index..<index + pattern.count].elementsEqual(pattern)
            else { return false }
            guard pattern.count < shortLength else { return true }
            let isAtStart = index == 0 || !isWordByte(text[index - 1])
            let end = index + pattern.count
            return isAtStart && (end == text.count || !isWordByte(text[end]))
        }?.count
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95 || byte == 45
            || byte >= 128
    }

    private static let xml: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;"]
    private static let json: [Character: String] = ["\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"]

    private static func escaped(_ text: String, _ table: [Character: String]) -> String {
        text.reduce(into: "") { $0 += table[$1] ?? String($1) }
    }
}
