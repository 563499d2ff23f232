package import YANG

/// The differences of two schemas.
///
/// What is equal is not looked at: sub-trees have fingerprints. With sources, features of nodes and the definitions of
/// modules are compared too, and places are exact.
package struct SchemaComparison: Sendable {
    /// Of nodes, where they take effect: in the order of the old schema; what is only in the new one comes with its
    /// parent.
    package let changes: [SchemaChange]
    /// Of modules, features, identities, extensions, typedefs and groupings, once each, where they are written.
    package let definitions: [SchemaChange]
    package let rules: ComparisonRules

    package init(
        from old: Schema, to new: Schema, rules: ComparisonRules = .rfc7950, oldSources: SchemaSources? = nil,
        newSources: SchemaSources? = nil
    ) {
        self.rules = rules
        let context = ComparisonContext(
            old: old, new: new, rules: rules, oldSources: oldSources, newSources: newSources)
        guard old !== new else {
            (changes, definitions) = ([], [])
            return
        }
        var nodes = NodeComparison(context)
        nodes.compareAll()
        changes = nodes.changes
        var modules = DefinitionComparison(context)
        modules.compareAll()
        definitions = modules.changes
    }

    package var all: [SchemaChange] { definitions + changes }

    /// The worst of all verdicts.
    package var compatibility: Compatibility {
        let verdicts = Set(all.map(\.compatibility))
        return verdicts.contains(.incompatible) ? .incompatible : verdicts.contains(.unknown) ? .unknown : .compatible
    }
}
