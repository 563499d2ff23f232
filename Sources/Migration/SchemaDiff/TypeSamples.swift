import Foundation
import YANG

/// Values that tell types apart: ends of ranges and lengths, all names, the shortest text.
enum TypeSamples {
    private static let limit = 300

    static func values(of type: ResolvedType, _ schema: Schema) -> [String] {
        switch type.base {
        case .enumeration: return type.enums.map(\.name)
        case .bits: return type.bits.map(\.name) + [""]
        case .boolean: return ["true", "false"]
        case .empty: return [""]
        case .identityref: return schema.identities.values(of: type.identityBases)
        case .union: return type.members.flatMap { values(of: $0, schema) }
        case .leafref: return type.leafrefTarget.flatMap { schema[$0].type }.map { values(of: $0, schema) } ?? []
        case .string: return texts(of: type)
        case .binary: return lengths(of: type).compactMap { octets($0) }
        case .instanceIdentifier: return []
        default:
            return type.ranges.flatMap { [$0.lowerBound, $0.upperBound] }.map {
                number($0, digits: type.fractionDigits)
            }
        }
    }

    private static func texts(of type: ResolvedType) -> [String] {
        if type.patterns.isEmpty { return lengths(of: type).map { String(repeating: "~", count: $0) } }
        return TextLanguage(type).shortest.map { [$0] } ?? []
    }

    private static func lengths(of type: ResolvedType) -> [Int] {
        let ends = type.lengths.flatMap { [$0.lowerBound, $0.upperBound] }
        return (type.lengths.isEmpty ? [0, 1, limit] : ends).filter { $0 <= limit }
    }

    /// A value of `binary` of that length.
    static func octets(_ count: Int) -> String? {
        count <= limit ? Data(repeating: 0, count: count).base64EncodedString() : nil
    }

    /// `-0.05` of -5 with two digits.
    static func number(_ value: Int128, digits: Int) -> String {
        guard digits > 0 else { return "\(value)" }
        let text = "\(value.magnitude)"
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        return (value < 0 ? "-" : "") + padded.dropLast(digits) + "." + padded.suffix(digits)
    }
}

/// Types in a line, for people.
enum TypeText {
    static func text(of type: ResolvedType, _ schema: Schema) -> String {
        let name = type.typedefs.first.map { "\($0) (\(type.base.rawValue))" } ?? type.base.rawValue
        let details = details(of: type, schema)
        return details.isEmpty ? name : "\(name) { \(details) }"
    }

    private static func details(of type: ResolvedType, _ schema: Schema) -> String {
        var parts: [String] = []
        switch type.base {
        case .enumeration: parts += members(type.enums)
        case .bits: parts += members(type.bits)
        case .union: parts.append(type.members.map { text(of: $0, schema) }.joined(separator: " | "))
        case .leafref: parts.append(type.leafrefTarget.map { schema[$0].prefixedPath } ?? type.leafrefSource ?? "")
        case .identityref: parts += type.identityBases.map { "base \($0)" }
        case .string, .binary:
            if !type.lengths.isEmpty {
                parts.append("length \(ranges(type.lengths.map { (Int128($0.lowerBound), Int128($0.upperBound)) }, 0))")
            }
            parts += type.patterns.map { "pattern \($0.isInverted ? "not " : "")'\($0.source)'" }
        case .boolean, .empty, .instanceIdentifier: break
        default: parts.append(ranges(type.ranges.map { ($0.lowerBound, $0.upperBound) }, type.fractionDigits))
        }
        if !type.requireInstance { parts.append("require-instance false") }
        return parts.joined(separator: ", ")
    }

    private static func members(_ members: [EnumMember]) -> [String] {
        members.count <= 12
            ? members.map { "\($0.name) \($0.value)" }
            : members.prefix(10).map { "\($0.name) \($0.value)" } + ["... (\(members.count) in all)"]
    }

    private static func ranges(_ ranges: [(Int128, Int128)], _ digits: Int) -> String {
        ranges.map { low, high in
            let (first, last) = (TypeSamples.number(low, digits: digits), TypeSamples.number(high, digits: digits))
            return low == high ? first : high >= Int128(Int.max) && digits == 0 ? "\(first)..max" : "\(first)..\(last)"
        }.joined(separator: " | ")
    }
}
