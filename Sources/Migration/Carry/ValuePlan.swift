import YANG

/// How the values of one leaf become values of another.
enum ValuePlan: Sendable {
    /// Every value of the old type is one of the new, in the same canonical form.
    case same
    /// Each value is looked at; one that the check finds canonical in the new type stays as it is. Without a check, as
    /// for secrets, the conversion decides.
    case checked(ValueCheck?, ValueConversion)

    init(_ leaf: SchemaNode, _ target: SchemaNode) {
        guard let old = leaf.type, let new = target.type else {
            self = .same
            return
        }
        let conversion = ValueConversion(old, new, ValueContext(schema: target.schema))
        if Self.isSame(old, new, leaf.schema, target.schema, depth: 0) {
            self = .same
        } else {
            let check = conversion.isSecret ? nil : ValueCheck(new) { target.schema[$0].type }
            self = .checked(check, conversion)
        }
    }

    /// Whether that is provable from the types alone.
    private static func isSame(
        _ old: ResolvedType, _ new: ResolvedType, _ oldSchema: Schema, _ newSchema: Schema, depth: Int
    ) -> Bool {
        guard depth < 32 else { return false }
        if old.secret != nil || new.secret != nil { return old.secret == new.secret }
        guard old.base == new.base else { return false }
        switch old.base {
        case .boolean, .empty: return true
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64:
            return covers(new.allowedRanges, old.allowedRanges)
        case .decimal64:
            return old.fractionDigits == new.fractionDigits && covers(new.allowedRanges, old.allowedRanges)
        case .string: return hasSameForm(old, new) && fits(old, new)
        case .binary: return fits(old, new)
        case .enumeration: return Set(new.enums.map(\.name)).isSuperset(of: old.enums.map(\.name))
        case .bits: return new.bits.map(\.name).starts(with: old.bits.map(\.name))
        case .identityref:
            return Set(newSchema.identities.values(of: new.identityBases))
                .isSuperset(of: oldSchema.identities.values(of: old.identityBases))
        case .leafref:
            guard let before = old.leafrefTarget, let after = new.leafrefTarget else { return false }
            guard let a = oldSchema[before].type, let b = newSchema[after].type else { return false }
            return isSame(a, b, oldSchema, newSchema, depth: depth + 1)
        case .union:
            return old.members.count == new.members.count
                && zip(old.members, new.members).allSatisfy {
                    isSame($0, $1, oldSchema, newSchema, depth: depth + 1)
                        && isSame($1, $0, newSchema, oldSchema, depth: depth + 1)
                }
        case .instanceIdentifier: return false
        }
    }

    /// Addresses and other texts with a canonical form of their own go by the names of their typedefs.
    private static func hasSameForm(_ old: ResolvedType, _ new: ResolvedType) -> Bool {
        old.typedefs == new.typedefs
    }

    private static func fits(_ old: ResolvedType, _ new: ResolvedType) -> Bool {
        let known = Set(old.patterns.map { "\($0.isInverted)\($0.source)" })
        guard new.patterns.allSatisfy({ known.contains("\($0.isInverted)\($0.source)") }) else { return false }
        return new.lengths.isEmpty || (!old.lengths.isEmpty && covers(new.lengths, old.lengths))
    }

    private static func covers<Bound>(_ outer: [ClosedRange<Bound>], _ inner: [ClosedRange<Bound>]) -> Bool {
        inner.allSatisfy { range in
            outer.contains { $0.lowerBound <= range.lowerBound && $0.upperBound >= range.upperBound }
        }
    }
}

/// One value made a value of another type, where that needs no decision.
struct ValueConversion: Sendable {
    enum Outcome {
        case value(String)
        /// The new type says the same by the absence of the leaf.
        case absent
        case lost(String)
    }

    private let old: ResolvedType
    private let new: ResolvedType
    private let context: ValueContext

    init(_ old: ResolvedType, _ new: ResolvedType, _ context: ValueContext) {
        self.old = old
        self.new = new
        self.context = context
    }

    /// Whether values must not be shown.
    var isSecret: Bool { old.secret != nil || new.secret != nil }

    /// The value in the new type's canonical form. A secret stays in the form in which it is stored; plain text that
    /// becomes a secret is handed on as it is, for whoever seals secrets.
    func convert(_ value: String) -> Outcome {
        if let secret = old.secret, secret != new.secret {
            return .lost(
                new.secret == nil
                    ? "a secret has no place in a type that is none"
                    : "a secret of this kind has no place in the new type")
        }
        if new.secret != nil { return .value(value) }
        do throws(ValueError) { return .value(try new.canonical(value, in: context)) } catch {
            return other(value) ?? .lost("a value does not fit the new type: \(error.message)")
        }
    }

    /// What says the same in another form.
    private func other(_ value: String) -> Outcome? {
        switch (old.base, new.base) {
        case (.empty, .boolean): return .value("true")
        case (.boolean, .empty): return value == "true" ? .value("") : .absent
        case (.identityref, _):
            // The name alone: an enum, or an identity that has moved to another module.
            guard let name = value.split(separator: ":").last else { return nil }
            return (try? new.canonical(String(name), in: context)).map { .value($0) }
        case (.decimal64, _):
            // A whole number.
            guard value.hasSuffix(".0") else { return nil }
            return (try? new.canonical(String(value.dropLast(2)), in: context)).map { .value($0) }
        default: return nil
        }
    }
}
