import YANG

/// What became of a leaf's type.
struct TypeComparison {
    private enum Difference {
        case none, base, widened, narrowed, stack, expression
    }

    private let difference: Difference
    private let isLeafList: Bool

    init(from old: ResolvedType, to new: ResolvedType, isLeafList: Bool, _ oldSchema: Schema, _ newSchema: Schema) {
        let found = Self.difference(old, new, oldSchema, newSchema)
        self.isLeafList = isLeafList
        // The incumbent does not look into the types of leaf-lists: with any typedef changed, "the stack" has.
        let isStack = isLeafList && !old.typedefs.isEmpty && found != .none && found != .base
        difference = isStack ? .stack : found
    }

    /// The incumbent's wording, or one in its style; nil if nothing changed.
    var info: String? {
        switch difference {
        case .none: nil
        case .base: "leaf/leaf-list type has changed"
        case .stack: "\(isLeafList ? "leaf-list" : "leaf") type stack has changed"
        case .widened: "leaf/leaf-list type has been widened"
        case .narrowed: "leaf/leaf-list type has been narrowed"
        case .expression: "leaf/leaf-list type restriction has changed"
        }
    }

    var compatibility: Compatibility {
        switch difference {
        case .none, .widened: .compatible
        case .base, .narrowed, .stack: .incompatible
        case .expression: .unknown
        }
    }

    private static func difference(
        _ old: ResolvedType, _ new: ResolvedType, _ oldSchema: Schema, _ newSchema: Schema
    ) -> Difference {
        guard old.base == new.base else { return .base }
        switch old.base {
        case .enumeration, .bits: return members(old.enums + old.bits, new.enums + new.bits)
        case .union: return union(old, new, oldSchema, newSchema)
        case .leafref:
            guard old.leafrefSource == new.leafrefSource else { return .expression }
            let instances = instances(old, new)
            return instances == .none ? stack(old, new) : instances
        case .identityref:
            let before = Set(oldSchema.identities.values(of: old.identityBases))
            let after = Set(newSchema.identities.values(of: new.identityBases))
            return sets(before, after)
        default: return restrictions(old, new)
        }
    }

    private static func members(_ old: [EnumMember], _ new: [EnumMember]) -> Difference {
        let before = Dictionary(old.map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
        let after = Dictionary(new.map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
        if before.contains(where: { name, value in after[name].map { $0 != value } ?? true }) { return .narrowed }
        return after.count > before.count ? .widened : .none
    }

    private static func sets(_ before: Set<String>, _ after: Set<String>) -> Difference {
        if before == after { return .none }
        return after.isSuperset(of: before) ? .widened : .narrowed
    }

    private static func union(
        _ old: ResolvedType, _ new: ResolvedType, _ oldSchema: Schema, _ newSchema: Schema
    ) -> Difference {
        guard old.members.count <= new.members.count else { return .base }
        for (a, b) in zip(old.members, new.members) {
            let inner = difference(a, b, oldSchema, newSchema)
            if case .none = inner { continue }
            return inner
        }
        return new.members.count > old.members.count ? .widened : .none
    }

    private static func restrictions(_ old: ResolvedType, _ new: ResolvedType) -> Difference {
        if old.fractionDigits != new.fractionDigits { return .base }
        let before = old.patterns.map { "\($0.isInverted)\($0.source)" }
        let after = new.patterns.map { "\($0.isInverted)\($0.source)" }
        let patterns: Difference =
            before == after
            ? .none
            : after.allSatisfy(before.contains)
                ? .widened : before.allSatisfy(after.contains) ? .narrowed : .expression
        let all = [bounds(old.ranges, new.ranges), bounds(old.lengths, new.lengths), patterns, instances(old, new)]
        for worst in [Difference.narrowed, .expression, .widened] where all.contains(worst) { return worst }
        return stack(old, new)
    }

    /// Whether what is referred to must exist (`require-instance`).
    private static func instances(_ old: ResolvedType, _ new: ResolvedType) -> Difference {
        old.requireInstance == new.requireInstance ? .none : new.requireInstance ? .narrowed : .widened
    }

    /// The same values under other names: the incumbent reports it where a typedef was put in or taken out.
    private static func stack(_ old: ResolvedType, _ new: ResolvedType) -> Difference {
        old.typedefs.map(localName) == new.typedefs.map(localName) ? .none : .stack
    }

    private static func localName(_ name: String) -> Substring { name.split(separator: ":").last ?? "" }

    private static func bounds<Bound: FixedWidthInteger>(
        _ old: [ClosedRange<Bound>], _ new: [ClosedRange<Bound>]
    ) -> Difference {
        let (old, new) = (joined(old), joined(new))
        if old == new { return .none }
        if new.isEmpty { return .widened }
        if old.isEmpty { return .narrowed }
        let isCovered = old.allSatisfy { inner in
            new.contains { $0.lowerBound <= inner.lowerBound && $0.upperBound >= inner.upperBound }
        }
        return isCovered ? .widened : .narrowed
    }

    /// The same values in as few ranges as can be: `1..5 | 6..9` is `1..9`.
    private static func joined<Bound: FixedWidthInteger>(_ ranges: [ClosedRange<Bound>]) -> [ClosedRange<Bound>] {
        var result: [ClosedRange<Bound>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1 {
                result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }
}
