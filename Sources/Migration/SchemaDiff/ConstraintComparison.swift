import YANG

/// Two lists of constraints that all must hold: which of them is provably the weaker one.
///
/// Expressions are compared as they are resolved, so that prefixes and abbreviations make no difference. What is proved
/// is by form alone: conjuncts that came or went, alternatives that came or went.
struct ConstraintComparison {
    let added: [Constraint]
    let removed: [Constraint]
    private let before: [Constraint]
    private let after: [Constraint]

    init(_ before: [Constraint], _ after: [Constraint]) {
        added = after.filter { constraint in !before.contains { Self.isSame($0, constraint) } }
        removed = before.filter { constraint in !after.contains { Self.isSame($0, constraint) } }
        (self.before, self.after) = (before, after)
    }

    private static func isSame(_ a: Constraint, _ b: Constraint) -> Bool {
        a.contextIsParent == b.contextIsParent && a.expression == b.expression
    }

    struct Said {
        var text: ChangeText
        var old: Constraint?
        var new: Constraint?
    }

    /// What is said: of each constraint that came, else of each that went.
    func texts(_ keyword: String) -> [Said] {
        if added.isEmpty && removed.isEmpty { return [] }
        let isWeaker = Self.implies(before, after)
        let isStronger = Self.implies(after, before)
        if isWeaker && isStronger { return [] }
        let verb: String =
            switch (added.isEmpty, removed.isEmpty) {
            case (_, true): "been added"
            case (true, _): "been removed"
            default: isWeaker ? "been relaxed" : isStronger ? "been tightened" : "changed"
            }
        let verdict: Compatibility = isWeaker ? .compatible : isStronger ? .incompatible : .unknown
        func text(_ old: String?, _ new: String?) -> ChangeText {
            ChangeText("\(keyword) expression has \(verb)", verdict, .validity, keyword, old, new)
        }
        if added.isEmpty { return removed.map { Said(text: text($0.source, nil), old: $0, new: nil) } }
        return added.map { Said(text: text(Self.text(removed), $0.source), old: removed.first, new: $0) }
    }

    private static func text(_ constraints: [Constraint]) -> String? {
        constraints.isEmpty ? nil : constraints.map(\.source).joined(separator: " and ")
    }

    /// Whether each conjunct of `b` follows from one of `a` with the same context.
    private static func implies(_ a: [Constraint], _ b: [Constraint]) -> Bool {
        b.allSatisfy { conclusion in
            let premises = a.filter { $0.contextIsParent == conclusion.contextIsParent }
                .flatMap { conjuncts(of: $0.expression) }
            return conjuncts(of: conclusion.expression).allSatisfy { conjunct in
                isTrue(conjunct) || premises.contains { implies($0, conjunct) }
            }
        }
    }

    private static func conjuncts(of expression: XPathExpression) -> [XPathExpression] {
        if case .and(let a, let b) = expression { return conjuncts(of: a) + conjuncts(of: b) }
        return [expression]
    }

    private static func isTrue(_ expression: XPathExpression) -> Bool { expression == .call("true", []) }

    /// Whether `b` holds wherever `a` does, by their form.
    private static func implies(_ a: XPathExpression, _ b: XPathExpression) -> Bool {
        if a == b || isTrue(b) { return true }
        switch (a, b) {
        case (.or(let left, let right), _): return implies(left, b) && implies(right, b)
        case (_, .and(let left, let right)): return implies(a, left) && implies(a, right)
        case (_, .or(let left, let right)): return implies(a, left) || implies(a, right)
        case (.and(let left, let right), _): return implies(left, b) || implies(right, b)
        case (.call("not", let inner), .call("not", let other)):
            return inner.count == 1 && other.count == 1 && implies(other[0], inner[0])
        default: return false
        }
    }
}
