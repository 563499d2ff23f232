/// The prefixes of names in an expression that is kept as text (`yang:xpath1.0` of RFC 6991).
///
/// The canonical form has module names, as JSON and YANG's own identifiers have; XML has prefixes that are declared
/// where the value stands.
package enum XPathNames {
    /// The expression with the prefix of each name replaced by what `rename` gives for it; nil leaves it.
    package static func renamed(_ expression: String, _ rename: (String) -> String?) -> String {
        let bytes = Array(expression.utf8)
        guard bytes.contains(UInt8(ascii: ":")) else { return expression }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                let end = bytes[(index + 1)...].firstIndex(of: byte) ?? bytes.count - 1
                result += bytes[index...end]
                index = end + 1
            } else if isNameStart(byte) {
                var end = index
                while end < bytes.count, isName(bytes[end]) { end += 1 }
                let name = bytes[index..<end]
                // `child::a` names an axis, `p:a` and `p:*` a prefix.
                let isPrefix =
                    end + 1 < bytes.count && bytes[end] == UInt8(ascii: ":")
                    && (isNameStart(bytes[end + 1]) || bytes[end + 1] == UInt8(ascii: "*"))
                let other = isPrefix ? rename(String(decoding: name, as: UTF8.self)) : nil
                result += other.map { Array($0.utf8) } ?? Array(name)
                index = end
                if isPrefix {
                    result.append(UInt8(ascii: ":"))
                    index += 1
                    while index < bytes.count, isName(bytes[index]) {
                        result.append(bytes[index])
                        index += 1
                    }
                }
            } else {
                result.append(byte)
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private static func isName(_ byte: UInt8) -> Bool {
        isNameStart(byte) || (byte >= 0x30 && byte <= 0x39) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}

extension ResolvedType {
    /// Whether values are XPath expressions, in which prefixes matter.
    package var isExpression: Bool { base == .string && wellKnownForm == .expression }
}
