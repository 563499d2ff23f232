/// Judges values of a type by their bytes, without making a text of them: what decoders of large documents ask first.
///
/// It never errs; where a judgement would need more than a look, it is `unclear` and `ResolvedType.canonical` decides.
package final class ValueCheck: Sendable {
    package enum Verdict: Sendable {
        /// The bytes are a value in its canonical form.
        case canonical
        case refused, unclear
    }

    private enum Rule: Sendable {
        case anyText, boolean, empty, unclear
        case integer([ClosedRange<Int64>])
        case text(lengths: [ClosedRange<Int>], patterns: [TypePattern], form: ResolvedType.WellKnownForm?)
        /// A few names, which are looked through faster than one is hashed; many.
        case names([[UInt8]])
        case nameSet(Set<String>)
        case union([ValueCheck])
    }

    private let rule: Rule

    /// `leafrefType` gives the type of a leafref's target.
    package convenience init(_ type: ResolvedType, leafrefType: (NodeID) -> ResolvedType?) {
        self.init(type, leafrefType, depth: 0)
    }

    private init(_ type: ResolvedType, _ leafrefType: (NodeID) -> ResolvedType?, depth: Int) {
        var type = type
        var depth = depth
        while type.base == .leafref, let target = type.leafrefTarget.flatMap(leafrefType), depth < 32 {
            type = target
            depth += 1
        }
        rule = depth < 32 ? Self.rule(type, leafrefType, depth) : .unclear
    }

    private static func rule(
        _ type: ResolvedType, _ leafrefType: (NodeID) -> ResolvedType?, _ depth: Int
    ) -> Rule {
        if type.secret != nil { return .anyText }
        switch type.base {
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64:
            return .integer(
                type.allowedRanges.compactMap { range in
                    guard range.upperBound >= Int128(Int64.min), range.lowerBound <= Int128(Int64.max) else {
                        return nil
                    }
                    return Int64(clamping: range.lowerBound)...Int64(clamping: range.upperBound)
                })
        case .boolean: return .boolean
        case .empty: return .empty
        case .string:
            let form = type.wellKnownForm
            return form == .expression
                ? .unclear : .text(lengths: type.lengths, patterns: type.patterns, form: form)
        case .enumeration where type.enums.count <= 16: return .names(type.enums.map { Array($0.name.utf8) })
        case .enumeration: return .nameSet(Set(type.enums.map(\.name)))
        case .leafref: return type.leafrefTarget.flatMap(leafrefType) == nil ? .anyText : .unclear
        case .union: return .union(type.members.map { ValueCheck($0, leafrefType, depth: depth + 1) })
        case .binary, .bits, .decimal64, .identityref, .instanceIdentifier: return .unclear
        }
    }

    package func verdict(_ bytes: UnsafeRawBufferPointer) -> Verdict {
        switch rule {
        case .anyText: return .canonical
        case .unclear: return .unclear
        case .boolean: return Self.isBoolean(bytes) ? .canonical : .refused
        case .empty: return bytes.isEmpty ? .canonical : .refused
        case .integer(let ranges): return Self.integer(bytes, ranges)
        case .names(let names):
            return names.contains { $0.count == bytes.count && $0.elementsEqual(bytes) } ? .canonical : .refused
        case .nameSet(let names):
            return names.contains(String(decoding: bytes, as: UTF8.self)) ? .canonical : .refused
        case .text(let lengths, let patterns, let form): return Self.text(bytes, lengths, patterns, form)
        case .union(let members):
            for member in members {
                let verdict = member.verdict(bytes)
                if verdict != .refused { return verdict }
            }
            return .refused
        }
    }

    private static func isBoolean(_ bytes: UnsafeRawBufferPointer) -> Bool {
        func stands(_ word: StaticString) -> Bool {
            bytes.count == word.utf8CodeUnitCount
                && bytes.elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        }
        return stands("true") || stands("false")
    }

    private static func integer(_ bytes: UnsafeRawBufferPointer, _ ranges: [ClosedRange<Int64>]) -> Verdict {
        let isNegative = bytes.first == UInt8(ascii: "-")
        let start = isNegative ? 1 : 0
        let count = bytes.count - start
        guard count > 0, count <= 18 else { return .unclear }
        var value: Int64 = 0
        for index in start..<bytes.count {
            let digit = bytes[index] &- 0x30
            // Hexadecimal, white space, a sign: not canonical, or no number.
            guard digit <= 9 else { return .unclear }
            value = value * 10 + Int64(digit)
        }
        if bytes[start] == 0x30, count > 1 || isNegative { return .unclear }
        if isNegative { value = -value }
        for range in ranges where range.contains(value) { return .canonical }
        return .refused
    }

    private static func text(
        _ bytes: UnsafeRawBufferPointer, _ lengths: [ClosedRange<Int>], _ patterns: [TypePattern],
        _ form: ResolvedType.WellKnownForm?
    ) -> Verdict {
        if ResolvedType.mayBeIllegal(bytes) { return .unclear }
        if !lengths.isEmpty {
            var length = 0
            for byte in bytes where byte & 0xC0 != 0x80 { length += 1 }
            guard lengths.contains(where: { $0.contains(length) }) else { return .refused }
        }
        for index in patterns.indices {
            let text = bytes.assumingMemoryBound(to: UInt8.self)
            if patterns[index].matcher.matches(text) == patterns[index].isInverted { return .refused }
        }
        switch form {
        case nil: return .canonical
        case .lowercase: return bytes.allSatisfy { $0 < 0x80 && ($0 < 0x41 || $0 > 0x5A) } ? .canonical : .unclear
        case .addressAndLength: return plainIPv4(bytes) == nil ? .unclear : .canonical
        case .address: return plainIPv4(bytes).map { $0.masked == $0 } ?? false ? .canonical : .unclear
        case .expression: return .unclear
        }
    }

    /// An IPv4 address with or without a prefix length, if no number in it begins with a needless zero.
    private static func plainIPv4(_ bytes: UnsafeRawBufferPointer) -> NetworkAddress? {
        var isDigitBefore = false
        for (index, byte) in bytes.enumerated() {
            let isDigit = byte &- 0x30 <= 9
            guard isDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/") else { return nil }
            let isZeroFirst = byte == 0x30 && !isDigitBefore
            if isZeroFirst, index + 1 < bytes.count, bytes[index + 1] &- 0x30 <= 9 { return nil }
            isDigitBefore = isDigit
        }
        return NetworkAddress(bytes.assumingMemoryBound(to: UInt8.self))
    }
}
