import YANG

/// Compares the members of unions. A value belongs to the first member that takes it, so order matters for its meaning.
struct UnionComparison {
    private let comparer: TypeComparer

    init(_ comparer: TypeComparer) { self.comparer = comparer }

    func compare(_ a: ResolvedType, _ b: ResolvedType) -> TypeComparison.Finding {
        guard a.members.count <= b.members.count else { return .init(.base, witness: comparer.refused(of: a, by: b)) }
        let pairs = zip(a.members, b.members).enumerated().map { index, pair in
            var finding = comparer.compare(pair.0, pair.1)
            finding.member = index
            return finding
        }
        if let worse = pairs.first(where: { TypeComparison.verdict($0.difference) == .incompatible && !isName($0) }) {
            var finding = worse
            // What the member refuses another may take.
            if let witness = finding.witness, !comparer.isRefused(witness, by: b) {
                finding.witness = comparer.refused(of: a, by: b)
            }
            return finding
        }
        if let unclear = pairs.first(where: { $0.difference == .unclear }) { return unclear }
        if b.members.count > a.members.count { return .init(.widened) }
        if let wider = pairs.first(where: { $0.difference == .widened || $0.difference == .fewerBases }) {
            return wider
        }
        return pairs.first { $0.difference == .stack } ?? comparer.stack(a, b)
    }

    private func isName(_ finding: TypeComparison.Finding) -> Bool { finding.difference == .stack }
}
