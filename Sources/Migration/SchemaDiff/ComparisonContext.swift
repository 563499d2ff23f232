import Basics
import YANG

/// The two models of a comparison, with what is known of them and by which rules they are judged.
struct ComparisonContext {
    let old: Schema
    let new: Schema
    let rules: ComparisonRules
    /// Nil where there are only images: then features of single nodes are not compared, and places are those of nodes.
    let oldSources: SchemaSources?
    let newSources: SchemaSources?

    var hasSources: Bool { oldSources != nil && newSources != nil }

    // MARK: Places

    func oldPlace(_ node: SchemaNode, _ keyword: Keyword? = nil, _ argument: String? = nil) -> SourcePlace {
        Self.place(node, oldSources, keyword, argument)
    }

    func newPlace(_ node: SchemaNode, _ keyword: Keyword? = nil, _ argument: String? = nil) -> SourcePlace {
        Self.place(node, newSources, keyword, argument)
    }

    /// Of a property that the node has, else of the node.
    private static func place(
        _ node: SchemaNode, _ sources: SchemaSources?, _ keyword: Keyword?, _ argument: String?
    ) -> SourcePlace {
        guard let keyword, let known = sources?.node(node) else { return node.place }
        return known.property(keyword, argument)?.place ?? node.place
    }

    /// Where a node would stand that is only in the other model: its parent, if that is of the same module, else the
    /// module.
    func placeOfMissing(_ node: SchemaNode, under parent: SchemaNode, _ sources: SchemaSources?) -> SourcePlace? {
        if parent.kind != .root, parent.moduleName == node.moduleName { return parent.place }
        return sources?.module(named: node.moduleName)?.statement.place
            ?? (parent.kind == .root ? nil : parent.place)
    }
}

/// What is said about a change, before it is known of which node.
struct ChangeText {
    var info: String
    var verdict: Compatibility
    var changeClass: ChangeClass
    var statement: String
    var before: String?
    var after: String?

    init(
        _ info: String, _ verdict: Compatibility, _ changeClass: ChangeClass, _ statement: String,
        _ before: String? = nil, _ after: String? = nil
    ) {
        (self.info, self.verdict, self.changeClass) = (info, verdict, changeClass)
        (self.statement, self.before, self.after) = (statement, before, after)
    }
}
