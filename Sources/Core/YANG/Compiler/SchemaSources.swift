package import Basics

/// What the texts of a compiler run say and their schema does not keep: where each property of a node is written, which
/// features nodes hang on, and the definitions of the modules. For comparing two versions of a model.
package struct SchemaSources: Sendable {
    /// A node of the tree, or of a grouping.
    package struct Node: Sendable {
        package var statement: Statement
        /// The statements that say what the node is like, as refine, annotation and deviation left them; those that
        /// define nodes are among them.
        package var properties: [Statement]
        /// Its `if-feature`s, with those of each `uses` and `augment` that brought it.
        package var features: [Condition]

        /// The first property of that kind, and with that argument if one is given.
        package func property(_ keyword: Keyword, _ argument: String? = nil) -> Statement? {
            properties.first { $0.keyword == keyword && (argument == nil || $0.argument == argument) }
        }
    }

    /// An `if-feature`, with the names of modules for prefixes.
    package struct Condition: Hashable, Sendable {
        package var expression: String
        package var place: SourcePlace

        package static func == (a: Condition, b: Condition) -> Bool { a.expression == b.expression }
        package func hash(into hasher: inout Hasher) { hasher.combine(expression) }
    }

    /// Nodes by number.
    private let nodes: ContiguousArray<Node>
    /// All modules of the run, imported ones too.
    package let modules: [DefinedModule]

    init(_ draft: ModuleDraft) {
        let reader = SourceReader(draft)
        nodes = reader.nodes()
        modules = draft.modules.map { reader.definitions(of: $0) }
    }

    /// Nil if the schema is of another run.
    package func node(_ node: SchemaNode) -> Node? {
        let index = Int(node.id.index)
        return index < nodes.count ? nodes[index] : nil
    }

    package func module(named name: String) -> DefinedModule? { modules.first { $0.name == name } }
}

/// The definitions of a module, its submodules included, in the order of their text.
package struct DefinedModule: Sendable {
    package var name: String
    package var statement: Statement
    package var digest: String
    package var isImplemented: Bool
    package var features: [Definition] = []
    package var identities: [Definition] = []
    package var extensions: [Definition] = []
    package var typedefs: [Definition] = []
    package var groupings: [DefinedNode] = []
}

/// A feature, identity, extension or typedef.
package struct Definition: Sendable {
    package var node: SchemaSources.Node
    package var name: String { node.statement.text }
    /// `module:identity` of the bases of an identity.
    package var bases: [String] = []
    /// The type of a typedef, all typedefs below it included.
    package var type: ResolvedType?
}

/// A grouping or a node in one; what it uses is expanded.
package struct DefinedNode: Sendable {
    package var name: String
    package var module: String
    package var kind: NodeKind
    package var node: SchemaSources.Node
    /// Whether the node is written in the grouping, not brought by a `uses`.
    package var isOwn: Bool
    package var type: ResolvedType?
    package var children: [DefinedNode]
}

/// Reads sources off the draft of a schema tree.
private struct SourceReader {
    let draft: ModuleDraft
    private var names: NameResolver { draft.builder.names }

    init(_ draft: ModuleDraft) { self.draft = draft }

    /// In the order in which the assembler numbers them: a node before its children, structures behind the tree.
    func nodes() -> ContiguousArray<SchemaSources.Node> {
        var result: ContiguousArray<SchemaSources.Node> = []
        result.reserveCapacity(draft.builder.nodeCount + 1)
        func add(_ draft: DraftNode) {
            result.append(node(draft))
            for child in draft.children { add(child) }
        }
        add(draft.root)
        for structure in draft.builder.structures { add(structure) }
        return result
    }

    private func node(_ draft: DraftNode) -> SchemaSources.Node {
        let features = draft.properties.filter { $0.keyword == .ifFeature } + draft.outerFeatures
        return SchemaSources.Node(
            statement: draft.statement, properties: draft.properties, features: features.map(condition))
    }

    private func node(_ statement: Statement) -> SchemaSources.Node {
        SchemaSources.Node(
            statement: statement, properties: statement.substatements,
            features: statement.all(.ifFeature).map(condition))
    }

    private func condition(_ statement: Statement) -> SchemaSources.Condition {
        let own = names.text(of: statement).module?.name ?? ""
        let words = statement.text.replacingParentheses.split(whereSeparator: \.isWhitespace).map { word in
            if ["and", "or", "not", "(", ")"].contains(word) { return String(word) }
            let (prefix, name) = Identifier.split(String(word))
            let module = prefix.flatMap { names.text(of: statement).moduleNames[$0] } ?? own
            return "\(module):\(name)"
        }
        return SchemaSources.Condition(expression: words.joined(separator: " "), place: statement.place)
    }

    // MARK: Definitions

    func definitions(of module: LoadedModule) -> DefinedModule {
        var result = DefinedModule(
            name: module.name, statement: module.main.statement, digest: module.summary.digest,
            isImplemented: module.isImplemented)
        for text in module.texts {
            for statement in text.statement.substatements {
                switch statement.keyword {
                case .feature: result.features.append(Definition(node: node(statement)))
                case .extension: result.extensions.append(Definition(node: node(statement)))
                case .identity:
                    let bases = statement.all(.base).compactMap { names.identity($0.text, at: $0) }
                    result.identities.append(Definition(node: node(statement), bases: bases))
                case .typedef:
                    let type = statement.first(.type).map { draft.types.resolve($0, scope: module.scope).type }
                    result.typedefs.append(Definition(node: node(statement), type: type))
                case .grouping: result.groupings.append(grouping(statement, module))
                default: break
                }
            }
        }
        return result
    }

    private func grouping(_ statement: Statement, _ module: LoadedModule) -> DefinedNode {
        var own: Set<ObjectIdentifier> = []
        func collect(_ statement: Statement) {
            own.insert(ObjectIdentifier(statement))
            statement.substatements.forEach(collect)
        }
        collect(statement)
        let aside = draft.builder.expandAside(statement, scope: module.scope, module: module, isOnlyShown: true)
        return defined(aside, own)
    }

    private func defined(_ draft: DraftNode, _ own: Set<ObjectIdentifier>) -> DefinedNode {
        let type = draft.first(.type).map { statement in
            let isOwn = statement.source === draft.statement.source
            let scope = isOwn ? draft.scope : names.text(of: statement).module?.scope ?? draft.scope
            return self.draft.types.resolve(statement, scope: scope).type
        }
        // The case of a shorthand has no statement in the text.
        let isOwn = own.contains(ObjectIdentifier(draft.statement)) || draft.kind == .case
        return DefinedNode(
            name: draft.name, module: draft.module.name, kind: draft.kind, node: node(draft), isOwn: isOwn, type: type,
            children: draft.children.map { defined($0, own) })
    }
}

extension String {
    fileprivate var replacingParentheses: String {
        contains("(") || contains(")")
            ? reduce(into: "") { $0 += $1 == "(" ? " ( " : $1 == ")" ? " ) " : String($1) } : self
    }
}

extension SchemaCompiler {
    /// As `compile`, with what is needed to compare the sources; nil if there was nothing to read them off.
    package func compileKeepingSources(_ sources: [Source]) -> (outcome: Outcome, sources: SchemaSources?) {
        var kept: SchemaSources?
        let outcome = compile(sources) { kept = SchemaSources($0) }
        return (outcome, kept)
    }
}
