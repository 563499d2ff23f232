/// Strings and binaries: RFC 7950 sections 9.4 and 9.8.
extension ResolvedType {
    func canonicalString(_ text: String) throws(ValueError) -> String {
        if let scalar = Self.illegalScalar(in: text) {
            throw ValueError(
                invalid: text,
                "expected a text without the character U+\(String(scalar.value, radix: 16, uppercase: true))")
        }
        if !lengths.isEmpty {
            let length = text.unicodeScalars.count
            guard lengths.contains(where: { $0.contains(length) }) else {
                throw ValueError(invalid: text, "expected \(lengthText) characters, not \(length)")
            }
        }
        for pattern in patterns where pattern.matcher.matches(text) == pattern.isInverted {
            let detail =
                pattern.isInverted
                ? "expected a text that does not match \(pattern.source)"
                : "expected a text that matches \(pattern.source)"
            if let message = pattern.errorMessage {
                throw ValueError(message: message, detail: detail, appTag: pattern.errorAppTag)
            }
            throw ValueError(invalid: text, detail, appTag: pattern.errorAppTag)
        }
        return wellKnownForm(of: text)
    }

    /// Whether a string may have this text (RFC 7950 section 14, `yang-char`): not controls but tab and ends of lines,
    /// nor what Unicode keeps free for ever. XML could not say most of them.
    package static func isLegalText(_ text: String) -> Bool { illegalScalar(in: text) == nil }

    private static func illegalScalar(in text: String) -> Unicode.Scalar? {
        var text = text
        let isSuspect = text.withUTF8 { bytes in
            bytes.contains { $0 < 0x20 && $0 != 9 && $0 != 10 && $0 != 13 || $0 == 0xEF || $0 >= 0xF0 }
        }
        guard isSuspect else { return nil }
        return text.unicodeScalars.first { scalar in
            switch scalar.value {
            case 9, 10, 13: false
            case 0..<0x20, 0xFDD0...0xFDEF: true
            default: scalar.value & 0xFFFE == 0xFFFE
            }
        }
    }

    private var lengthText: String {
        lengths.map { range in
            if range.lowerBound == range.upperBound { return "\(range.lowerBound)" }
            return range.upperBound >= Int(UInt32.max)
                ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        }.joined(separator: " or ")
    }

    /// The canonical forms that RFC 6991 and `tailf-common` give to some of their types.
    private func wellKnownForm(of text: String) -> String {
        for typedef in typedefs {
            switch typedef {
            case "ietf-inet-types:ipv6-address", "ietf-inet-types:ipv6-address-no-zone", "ietf-inet-types:ipv4-prefix",
                "ietf-inet-types:ipv6-prefix":
                return NetworkAddress(text).map { $0.masked.description } ?? text
            case "tailf-common:ipv6-address-and-prefix-length", "tailf-common:ipv4-address-and-prefix-length":
                return NetworkAddress(text)?.description ?? text
            case "ietf-yang-types:mac-address", "ietf-yang-types:phys-address", "ietf-yang-types:hex-string",
                "ietf-yang-types:uuid", "tailf-common:hex-list", "tailf-common:octet-list":
                return text.lowercased()
            default: continue
            }
        }
        return text
    }

    /// Base64 without white space and with its padding (RFC 4648 section 4).
    func canonicalBinary(_ text: String) throws(ValueError) -> String {
        var symbols: [UInt8] = []
        var padding = 0
        for byte in text.utf8 where !XMLSpace.contains(byte) {
            if byte == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, Self.base64Value(byte) != nil else {
                throw ValueError(invalid: text, "expected base64")
            }
            symbols.append(byte)
        }
        guard symbols.count % 4 != 1, padding == (4 - symbols.count % 4) % 4 else {
            throw ValueError(invalid: text, "expected base64 in groups of four characters")
        }
        let octets = symbols.count * 3 / 4
        guard lengths.isEmpty || lengths.contains(where: { $0.contains(octets) }) else {
            throw ValueError(invalid: text, "expected \(lengthText) octets, not \(octets)")
        }
        // The bits of the last symbol beyond the last octet are zero in the canonical form.
        if padding > 0, let last = symbols.last, let value = Self.base64Value(last) {
            symbols[symbols.count - 1] = Self.base64Symbols[Int(value & (padding == 2 ? 0x30 : 0x3C))]
        }
        return String(decoding: symbols, as: UTF8.self) + String(repeating: "=", count: padding)
    }

    private static let base64Symbols = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func base64Value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x41...0x5A: byte - 0x41
        case 0x61...0x7A: byte - 0x61 + 26
        case 0x30...0x39: byte - 0x30 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
