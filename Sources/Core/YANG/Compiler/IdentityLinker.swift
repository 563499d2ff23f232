/// Makes the table of identities: which derives from which, over all modules of a run.
struct IdentityLinker {
    let names: NameResolver
    let features: FeatureEvaluator
    let log: FaultLog

    func link(_ modules: [LoadedModule]) -> IdentityTable {
        var bases: [String: [String]] = [:]
        var statements: [String: Statement] = [:]
        var abstract: Set<String> = []
        for module in modules {
            let identities = module.identities.sorted { $0.key < $1.key }
            for (name, statement) in identities where features.allows(statement) {
                let identity = "\(module.name):\(name)"
                let own = statement.all(.base).compactMap { names.identity($0.text, at: $0) }
                bases[identity, default: []] += own
                statements[identity] = statement
                if statement.substatements.contains(where: { names.isTailf($0, "abstract") }) {
                    abstract.insert(identity)
                }
            }
        }
        var ancestors: [String: Set<String>] = [:]
        for identity in bases.keys.sorted() {
            ancestors[identity] = closure(of: identity, bases: bases)
            if ancestors[identity]?.contains(identity) == true, let statement = statements[identity] {
                log.report(
                    .identityCycle, "identity '\(identity)' is derived from itself", remedy: "break the cycle",
                    statement.place)
            }
        }
        return IdentityTable(ancestors: ancestors, abstract: abstract)
    }

    private func closure(of identity: String, bases: [String: [String]]) -> Set<String> {
        var result: Set<String> = []
        var waiting = bases[identity] ?? []
        while let next = waiting.popLast() {
            if result.insert(next).inserted { waiting += bases[next] ?? [] }
        }
        return result
    }
}
