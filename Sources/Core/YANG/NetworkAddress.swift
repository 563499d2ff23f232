/// An IPv4 or IPv6 address with what may follow it: a prefix length, a zone.
struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 octets as one number.
    var value: UInt128
    var isIPv6: Bool
    var prefixLength: Int?
    var zone: String?

    private init(value: UInt128, isIPv6: Bool, prefixLength: Int?, zone: String?) {
        self.value = value
        self.isIPv6 = isIPv6
        self.prefixLength = prefixLength
        self.zone = zone
    }

    init?(_ text: String) {
        var text = text
        guard let address = text.withUTF8({ NetworkAddress($0) }) else { return nil }
        self = address
    }

    /// Reads `10.0.0.1`, `2001:DB8::1`, either with `/LENGTH` or `%ZONE`.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        let end = text.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") } ?? text.count
        let address = text[..<end]
        if address.contains(UInt8(ascii: ":")) {
            guard let number = Self.sixteenOctets(address) else { return nil }
            (value, isIPv6) = (number, true)
        } else {
            guard let number = Self.fourOctets(address) else { return nil }
            (value, isIPv6) = (UInt128(number), false)
        }
        if end == text.count { return }
        let rest = text[(end + 1)...]
        if text[end] == UInt8(ascii: "%") {
            zone = String(decoding: rest, as: UTF8.self)
        } else {
            guard let length = Self.decimal(rest, limit: isIPv6 ? 128 : 32) else { return nil }
            prefixLength = length
        }
    }

    private static func decimal(_ digits: Slice<UnsafeBufferPointer<UInt8>>, limit: Int) -> Int? {
        guard !digits.isEmpty, digits.count <= 3 else { return nil }
        var value = 0
        for byte in digits {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value <= limit ? value : nil
    }

    private static func fourOctets(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> UInt32? {
        var value: UInt32 = 0
        var start = text.startIndex
        for index in 0..<4 {
            let end = text[start...].firstIndex(of: UInt8(ascii: ".")) ?? text.endIndex
            guard (index == 3) == (end == text.endIndex), let octet = decimal(text[start..<end], limit: 255) else {
                return nil
            }
            value = value << 8 | UInt32(octet)
            start = min(end + 1, text.endIndex)
        }
        return value
    }

    private static func sixteenOctets(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> UInt128? {
        var groups: [UInt16] = []
        var gap: Int?
        var index = text.startIndex
        if text.starts(with: [0x3A, 0x3A]) {
            gap = 0
            index += 2
        }
        while index < text.endIndex {
            let end = text[index...].firstIndex(of: 0x3A) ?? text.endIndex
            if end == text.endIndex, text[index...].contains(UInt8(ascii: ".")) {
                guard let last = fourOctets(text[index...]) else { return nil }
                groups += [UInt16(last >> 16), UInt16(truncatingIfNeeded: last)]
                break
            }
            guard let group = hexadecimal(text[index..<end]) else { return nil }
            groups.append(group)
            if end == text.endIndex { break }
            index = end + 1
            if index == text.endIndex { return nil }
            if text[index] == 0x3A {
                guard gap == nil else { return nil }
                gap = groups.count
                index += 1
            }
        }
        guard gap == nil ? groups.count == 8 : groups.count < 8 else { return nil }
        if let gap { groups.insert(contentsOf: [UInt16](repeating: 0, count: 8 - groups.count), at: gap) }
        return groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    private static func hexadecimal(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt16? {
        guard !digits.isEmpty, digits.count <= 4 else { return nil }
        var value: UInt16 = 0
        for byte in digits {
            guard let digit = ResolvedType.hexadecimalDigit(byte) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    /// With the bits beyond the prefix length cleared.
    var masked: NetworkAddress {
        guard let prefixLength else { return self }
        let width = isIPv6 ? 128 : 32
        let kept = prefixLength == 0 ? 0 : (value >> UInt128(width - prefixLength)) << UInt128(width - prefixLength)
        return NetworkAddress(value: kept, isIPv6: isIPv6, prefixLength: prefixLength, zone: zone)
    }

    /// Dotted, or in the form of RFC 5952.
    var description: String {
        let address = isIPv6 ? ipv6Text : Self.dotted(UInt32(truncatingIfNeeded: value))
        return address + (prefixLength.map { "/\($0)" } ?? "") + (zone.map { "%\($0)" } ?? "")
    }

    private static func dotted(_ value: UInt32) -> String {
        "\(value >> 24).\(value >> 16 & 0xFF).\(value >> 8 & 0xFF).\(value & 0xFF)"
    }

    private var ipv6Text: String {
        if value >> 32 == 0xFFFF { return "::ffff:" + Self.dotted(UInt32(truncatingIfNeeded: value)) }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: value >> UInt128(112 - 16 * $0)) }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > best.count { best = start..<end }
            start = end + 1
        }
        let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        if best.count < 2 { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }
}
