import YANG

/// What became of a leaf's type: which values it allows, how they are written, and what the incumbent says of it.
struct TypeComparison {
    enum Difference {
        case none, base, widened, narrowed, stack
        /// Enums or bits of the same names have other numbers.
        case renumbered
        /// A leafref leads to another leaf.
        case target
        /// An identityref has other bases, with the same values in these models.
        case moreBases, fewerBases
        /// Neither is provably the wider one.
        case unclear
    }

    /// What was found of two types.
    struct Finding {
        var difference = Difference.none
        /// The statement that makes the difference.
        var statement = "type"
        /// A value of the old type that is none of the new one.
        var witness: String?
        /// Of a union the position of the member that makes the difference.
        var member: Int?

        init(_ difference: Difference = .none, _ statement: String = "type", witness: String? = nil) {
            (self.difference, self.statement, self.witness) = (difference, statement, witness)
        }
    }

    let text: ChangeText?
    let witness: String?
    let member: Int?

    init(
        from before: ResolvedType, to after: ResolvedType, isLeafList: Bool, old: Schema, new: Schema,
        rules: ComparisonRules
    ) {
        let comparer = TypeComparer(old: old, new: new)
        let found = comparer.compare(before, after)
        member = found.member
        witness = found.witness.flatMap { comparer.isRefused($0, by: after) ? $0 : nil }
        guard found.difference != .none else {
            text = nil
            return
        }
        // The incumbent does not look into the types of leaf-lists: with any typedef changed, "the stack" has.
        let isStack = isLeafList && !before.typedefs.isEmpty && found.difference != .base
        let difference = isStack ? .stack : found.difference
        let keepsValues = [.none, .stack, .widened, .fewerBases].contains(found.difference)
        let verdict =
            difference == .stack && keepsValues && rules == .ietfVersioning
            ? .compatible : Self.verdict(difference)
        var changeClass = Self.changeClass(found.difference)
        // Whatever the statement says, the values go on if the new type takes them as they are written.
        if changeClass == .validity, verdict == .incompatible, witness == nil, found.difference != .target {
            changeClass = found.statement == "require-instance" ? .validity : .encoding
        }
        text = ChangeText(
            Self.info(difference, isLeafList: isLeafList), verdict, changeClass, found.statement,
            TypeText.text(of: before, old), TypeText.text(of: after, new))
    }

    private static func info(_ difference: Difference, isLeafList: Bool) -> String {
        switch difference {
        case .none: ""
        case .base: "leaf/leaf-list type has changed"
        case .stack: "\(isLeafList ? "leaf-list" : "leaf") type stack has changed"
        case .widened: "leaf/leaf-list type has been widened"
        case .narrowed: "leaf/leaf-list type has been narrowed"
        case .renumbered: "leaf/leaf-list type has been renumbered"
        case .target: "leafref target has changed"
        case .moreBases, .fewerBases: "identityref base has changed"
        case .unclear: "leaf/leaf-list type restriction has changed"
        }
    }

    static func verdict(_ difference: Difference) -> Compatibility {
        switch difference {
        case .none, .widened, .fewerBases: .compatible
        case .base, .narrowed, .stack, .renumbered, .target, .moreBases: .incompatible
        case .unclear: .unknown
        }
    }

    private static func changeClass(_ difference: Difference) -> ChangeClass {
        switch difference {
        case .none, .stack: .lifeCycle
        case .base, .widened, .narrowed, .unclear, .target: .validity
        case .renumbered: .encoding
        case .moreBases, .fewerBases: .meaning
        }
    }
}

/// Compares types of two schemas.
struct TypeComparer {
    let old: Schema
    let new: Schema

    func compare(_ a: ResolvedType, _ b: ResolvedType) -> TypeComparison.Finding {
        guard a.base == b.base, a.secret == b.secret else { return changedBase(a, b) }
        switch a.base {
        case .enumeration: return members(a, b, a.enums, b.enums, "enum")
        case .bits: return members(a, b, a.bits, b.bits, "bit")
        case .union: return UnionComparison(self).compare(a, b)
        case .leafref: return references(a, b)
        case .identityref: return identities(a, b)
        case .string, .binary: return texts(a, b)
        case .instanceIdentifier: return instances(a, b) ?? stack(a, b)
        case .decimal64 where a.fractionDigits != b.fractionDigits:
            return .init(.base, "fraction-digits", witness: refused(of: a, by: b))
        default: return numbers(a, b)
        }
    }

    private func changedBase(_ a: ResolvedType, _ b: ResolvedType) -> TypeComparison.Finding {
        .init(.base, witness: refused(of: a, by: b))
    }

    /// A value that `b` refuses, of the telling ones of `a`.
    func refused(of a: ResolvedType, by b: ResolvedType) -> String? {
        TypeSamples.values(of: a, old).first { isRefused($0, by: b) }
    }

    /// Whether a value of the old model, as it is written, is none of a type of the new one.
    func isRefused(_ value: String, by type: ResolvedType) -> Bool {
        // Plain text is taken by a secret, and sealed.
        if type.secret != nil { return false }
        return (try? type.canonical(value, in: ValueContext(schema: new))) == nil
    }

    // MARK: Kinds of types

    private func members(
        _ a: ResolvedType, _ b: ResolvedType, _ before: [EnumMember], _ after: [EnumMember], _ statement: String
    ) -> TypeComparison.Finding {
        let now = Dictionary(after.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        if let gone = before.first(where: { now[$0.name] == nil }) {
            return .init(.narrowed, statement, witness: gone.name)
        }
        if before.contains(where: { now[$0.name] != $0.value }) { return .init(.renumbered, statement) }
        return after.count > before.count ? .init(.widened, statement) : stack(a, b)
    }

    private func numbers(_ a: ResolvedType, _ b: ResolvedType) -> TypeComparison.Finding {
        let (before, after) = (Bounds.joined(a.ranges), Bounds.joined(b.ranges))
        if before == after { return stack(a, b) }
        if let value = Bounds.first(of: before, notIn: after) {
            return .init(.narrowed, "range", witness: TypeSamples.number(value, digits: a.fractionDigits))
        }
        return .init(.widened, "range")
    }

    private func texts(_ a: ResolvedType, _ b: ResolvedType) -> TypeComparison.Finding {
        let isSame =
            Bounds.joined(a.lengths) == Bounds.joined(b.lengths)
            && a.patterns.map { "\($0.isInverted)\($0.source)" } == b.patterns.map { "\($0.isInverted)\($0.source)" }
        if isSame { return stack(a, b) }
        let statement = Bounds.joined(a.lengths) == Bounds.joined(b.lengths) ? "pattern" : "length"
        let (before, after) = (TextLanguage(a), TextLanguage(b))
        switch before.inclusion(in: after) {
        case .excluded(let text):
            return .init(
                .narrowed, statement, witness: a.base == .binary ? TypeSamples.octets(text.count) : text)
        case .undecided:
            if a.patterns.isEmpty, Bounds.first(of: Bounds.joined(a.lengths), notIn: Bounds.joined(b.lengths)) != nil,
                !b.lengths.isEmpty
            {
                return .init(.narrowed, statement, witness: refused(of: a, by: b))
            }
            if let value = refused(of: a, by: b) { return .init(.narrowed, statement, witness: value) }
            return .init(.unclear, statement)
        case .included:
            return after.inclusion(in: before) == .included ? stack(a, b) : .init(.widened, statement)
        }
    }

    private func identities(_ a: ResolvedType, _ b: ResolvedType) -> TypeComparison.Finding {
        let before = old.identities.values(of: a.identityBases)
        let after = Set(new.identities.values(of: b.identityBases))
        if let gone = before.first(where: { !after.contains($0) }) {
            return .init(.narrowed, "base", witness: gone)
        }
        let (bases, newBases) = (Set(a.identityBases), Set(b.identityBases))
        // Identities of other modules may derive from the one and not from the other.
        if !newBases.isSubset(of: bases), bases != newBases { return .init(.moreBases, "base") }
        if after.count > before.count { return .init(.widened, "base") }
        return bases == newBases ? stack(a, b) : .init(.fewerBases, "base")
    }

    private func references(_ a: ResolvedType, _ b: ResolvedType) -> TypeComparison.Finding {
        if let target = a.leafrefTarget, let other = b.leafrefTarget {
            if old[target].path != new[other].path { return .init(.target, "path") }
            let arePlain = [a.leafref, b.leafref].allSatisfy { $0.map { !Self.hasPredicates($0) } ?? true }
            if a.leafref != b.leafref, !arePlain { return .init(.unclear, "path") }
        } else if a.leafref != b.leafref {
            return .init(.target, "path")
        }
        return instances(a, b) ?? stack(a, b)
    }

    private static func hasPredicates(_ expression: XPathExpression) -> Bool {
        guard case .path(_, let steps) = expression else { return true }
        return steps.contains { !$0.predicates.isEmpty }
    }

    /// Whether what is referred to must exist.
    private func instances(_ a: ResolvedType, _ b: ResolvedType) -> TypeComparison.Finding? {
        if a.requireInstance == b.requireInstance { return nil }
        return .init(b.requireInstance ? .narrowed : .widened, "require-instance")
    }

    /// The same values under other names: the incumbent reports it where a typedef was put in or taken out.
    func stack(_ a: ResolvedType, _ b: ResolvedType) -> TypeComparison.Finding {
        func names(_ type: ResolvedType) -> [Substring] { type.typedefs.map { $0.split(separator: ":").last ?? "" } }
        return .init(names(a) == names(b) ? .none : .stack)
    }
}

/// Ranges and lengths.
enum Bounds {
    /// The same values in as few ranges as can be: `1..5 | 6..9` is `1..9`.
    static func joined<Bound: FixedWidthInteger>(_ ranges: [ClosedRange<Bound>]) -> [ClosedRange<Bound>] {
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

    /// The first value that is in some of the joined ranges and in none of the others.
    static func first<Bound: FixedWidthInteger>(
        of ranges: [ClosedRange<Bound>], notIn others: [ClosedRange<Bound>]
    ) -> Bound? {
        for range in ranges {
            guard let cover = others.first(where: { $0.contains(range.lowerBound) }) else { return range.lowerBound }
            if cover.upperBound < range.upperBound { return cover.upperBound + 1 }
        }
        return nil
    }
}

extension TextLanguage {
    /// Of a binary the letters stand for octets.
    init(_ type: ResolvedType) {
        self.init(patterns: type.base == .string ? type.patterns : [], lengths: type.lengths)
    }
}
