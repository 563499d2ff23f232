import Foundation

/// How the canonical values of a type are ordered in lists `ordered-by system`.
///
/// Every case is a total order in which only equal bytes are equal.
package enum ValueOrder: Hashable, Sendable {
    /// By their UTF-8 bytes.
    case bytes
    /// Numbers by value, before whatever is no number.
    case numbers
    /// IPv4 before IPv6, each by value, then by prefix length; before whatever is no address.
    case addresses
    /// Numbers, addresses, the rest: the order of a union.
    case mixed
    /// By the value of each name.
    case enumeration([String: Int64])

    /// Negative, zero or positive, as `a` comes before, is equal to, or comes after `b`.
    package func compareUTF8(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
        let result =
            switch self {
            case .bytes: 0
            case .numbers: Self.compareNumbers(a, b)
            case .addresses: Self.compareAddresses(a, b)
            case .mixed:
                switch Self.compareNumbers(a, b) {
                case 0: Self.compareAddresses(a, b)
                case let order: order
                }
            case .enumeration(let values): Self.compareNames(a, b, values)
            }
        return result != 0 ? result : Self.compareBytes(a, b)
    }

    private static func compareBytes(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
        let shared = min(a.count, b.count)
        if shared > 0, let left = a.baseAddress, let right = b.baseAddress {
            let result = memcmp(left, right, shared)
            if result != 0 { return Int(result) }
        }
        return a.count - b.count
    }

    private static func compareNames(
        _ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>, _ values: [String: Int64]
    ) -> Int {
        let first = values[String(decoding: a, as: UTF8.self)] ?? .max
        let second = values[String(decoding: b, as: UTF8.self)] ?? .max
        return first == second ? 0 : first < second ? -1 : 1
    }

    // MARK: Numbers

    /// Compares canonical numbers as texts: sign, count of digits before the point, digits.
    private static func compareNumbers(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
        guard let first = wholeDigits(a) else { return wholeDigits(b) == nil ? 0 : 1 }
        guard let second = wholeDigits(b) else { return -1 }
        let isNegative = a[0] == UInt8(ascii: "-")
        guard isNegative == (b[0] == UInt8(ascii: "-")) else { return isNegative ? -1 : 1 }
        let sign = isNegative ? -1 : 1
        if first != second { return sign * (first - second) }
        let start = isNegative ? 1 : 0
        let digits = UnsafeBufferPointer(rebasing: a[start...])
        return sign * compareBytes(digits, UnsafeBufferPointer(rebasing: b[start...]))
    }

    /// The count of digits before the point; nil for a text that is no canonical number.
    private static func wholeDigits(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        var index = text.first == UInt8(ascii: "-") ? 1 : 0
        let start = index
        while index < text.count, text[index] &- 0x30 <= 9 { index += 1 }
        let count = index - start
        guard count > 0, count == 1 || text[start] != 0x30 else { return nil }
        if index == text.count { return count }
        guard text[index] == UInt8(ascii: "."), index + 1 < text.count else { return nil }
        return text[(index + 1)...].allSatisfy { $0 &- 0x30 <= 9 } ? count : nil
    }

    // MARK: Addresses

    private static func compareAddresses(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
        guard let first = NetworkAddress(a) else { return NetworkAddress(b) == nil ? 0 : 1 }
        guard let second = NetworkAddress(b) else { return -1 }
        if first.isIPv6 != second.isIPv6 { return first.isIPv6 ? 1 : -1 }
        if first.value != second.value { return first.value < second.value ? -1 : 1 }
        return (first.prefixLength ?? -1) - (second.prefixLength ?? -1)
    }
}

extension ResolvedType {
    /// The order of this type's canonical values: made once for a key, kept by whoever compares often.
    ///
    /// A leafref has the order of its target, which `leafrefType` gives: `{ schema[$0].type }`.
    package func order(leafrefType: (NodeID) -> ResolvedType? = { _ in nil }) -> ValueOrder {
        order(leafrefType, depth: 0)
    }

    private func order(_ leafrefType: (NodeID) -> ResolvedType?, depth: Int) -> ValueOrder {
        switch base {
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64, .decimal64: return .numbers
        case .enumeration:
            return .enumeration(Dictionary(enums.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }))
        case .leafref:
            guard depth < 32, let target = leafrefTarget.flatMap(leafrefType) else { return .bytes }
            return target.order(leafrefType, depth: depth + 1)
        case .string: return isAddress ? .addresses : .bytes
        case .union:
            guard depth < 32 else { return .bytes }
            var hasNumbers = false
            var hasAddresses = false
            for member in members {
                switch member.order(leafrefType, depth: depth + 1) {
                case .numbers: hasNumbers = true
                case .addresses: hasAddresses = true
                case .mixed: (hasNumbers, hasAddresses) = (true, true)
                case .bytes, .enumeration: break
                }
            }
            if hasNumbers { return hasAddresses ? .mixed : .numbers }
            return hasAddresses ? .addresses : .bytes
        case .binary, .bits, .boolean, .empty, .identityref, .instanceIdentifier: return .bytes
        }
    }

    private static let addressTypes: Set<String> = [
        "ipv4-address", "ipv6-address", "ipv4-address-no-zone", "ipv6-address-no-zone", "ipv4-prefix", "ipv6-prefix",
        "ipv4-address-and-prefix-length", "ipv6-address-and-prefix-length",
    ]

    /// Whether one of the usual types for addresses is in the chain, whichever module defines it.
    private var isAddress: Bool {
        typedefs.contains { typedef in
            typedef.utf8.lastIndex(of: UInt8(ascii: ":")).map {
                Self.addressTypes.contains(String(typedef[typedef.utf8.index(after: $0)...]))
            } ?? false
        }
    }

    /// Negative, zero or positive, as canonical value `a` comes before, is equal to, or comes after `b`.
    package func compare(_ a: String, _ b: String) -> Int {
        var (a, b) = (a, b)
        let order = order()
        return a.withUTF8 { first in b.withUTF8 { second in order.compareUTF8(first, second) } }
    }
}
