import Basics

/// Turns the finished draft into the flat image: numbers the nodes, reads their properties, binds their types.
///
/// Three passes: `number` makes the records in schema order, `linkLists` the keys and unique constraints, and
/// `bindReferences` (in its own file) what needs the whole tree: leafrefs, then defaults.
final class SchemaAssembler {
    let names: NameResolver
    let log: FaultLog
    let features: FeatureEvaluator
    let types: TypeResolver
    let identities: IdentityTable
    let modules: [LoadedModule]
    let root: DraftNode
    /// At least as many nodes as the tree has.
    private let nodeCount: Int
    private let structures: [DraftNode]
    var definitions = SchemaDefinitions()
    var records: ContiguousArray<NodeRecord> = []
    var drafts: [DraftNode] = []
    var childTable: ContiguousArray<NodeID> = []
    var resolvedTypes: ContiguousArray<ResolvedType> = []
    /// Leafs whose type holds leafrefs, with the statements of their paths.
    var leafrefs: [(id: NodeID, paths: [Statement])] = []
    /// Leafs and leaf-lists with default statements.
    var writtenDefaults: [(id: NodeID, statements: [Statement])] = []
    /// By node, the members of its type that hang on a feature.
    var conditionalMembers: [NodeID: Set<String>] = [:]
    /// Whether the paths of constraints must lead somewhere: not where features took nodes away.
    private let checksPaths: Bool
    private var sharedTypes: [ObjectIdentifier: Int32] = [:]
    private var expressions: [ExpressionKey: XPathExpression?] = [:]

    struct ExpressionKey: Hashable {
        var statement: ObjectIdentifier
        var module: Int32
    }

    init(builder: TreeBuilder, types: TypeResolver, identities: IdentityTable, modules: [LoadedModule]) {
        names = builder.names
        log = builder.log
        features = builder.features
        root = builder.root
        nodeCount = builder.nodeCount + 1
        structures = builder.structures
        self.types = types
        self.identities = identities
        self.modules = modules
        checksPaths = features.takesAll
    }

    /// The parts of a schema, before the last findings are in.
    struct Parts {
        var modules: [SchemaModule]
        var records: ContiguousArray<NodeRecord>
        var childTable: ContiguousArray<NodeID>
        var types: ContiguousArray<ResolvedType>
        var identities: IdentityTable
        var definitions: SchemaDefinitions

        func make(diagnostics: [Diagnostic], key: [UInt8]) -> Schema {
            Schema(
                image: SchemaImageWriter.image(
                    modules: modules, records: records, childTable: childTable, types: types, identities: identities,
                    diagnostics: diagnostics, definitions: definitions, key: key))
        }
    }

    func assemble() -> Parts {
        records.reserveCapacity(nodeCount)
        drafts.reserveCapacity(nodeCount)
        _ = number(root, parent: NodeID(0), dataParent: NodeID(0))
        for structure in structures { number(structure: structure) }
        for draft in drafts where draft.kind == .list { linkList(draft) }
        bindReferences()
        let rules = SchemaRules(assembler: self)
        for draft in drafts { rules.check(draft) }
        if checksPaths { ConstraintRules(assembler: self).checkAll() }
        definitions.degradations = log.degradations
        readMetadataAnnotations()
        let summaries = modules.map { module in
            var summary = module.summary
            summary.features = features.supported(of: module)
            summary.definedFeatures = Set(module.features.keys)
            summary.extensions = extensions(of: module)
            return summary
        }
        return Parts(
            modules: summaries, records: records, childTable: childTable, types: resolvedTypes,
            identities: identities, definitions: definitions)
    }

    // MARK: Definitions outside the data tree

    private func number(structure: DraftNode) {
        let id = number(structure, parent: NodeID(0), dataParent: NodeID(0))
        definitions.structures.append(
            SchemaStructure(
                kind: names.structureKind(of: structure.statement) ?? .structure, name: structure.name,
                module: structure.module.name, root: id))
    }

    private func readMetadataAnnotations() {
        for module in modules where module.isImplemented {
            for statement in module.texts.flatMap(\.statement.substatements)
            where names.isMetadataAnnotation(statement) && features.allows(statement) {
                GrammarCheck(log: log).checkMetadataAnnotation(statement)
                guard let type = statement.first(.type) else { continue }
                let resolution = types.resolve(type, scope: module.scope)
                if definitions.metadataAnnotations.contains(where: {
                    $0.name == statement.text && $0.module == module.name
                }) {
                    log.report(
                        .repeatedDefinition,
                        "annotation '\(statement.text)' is defined twice", remedy: "remove one", statement.place)
                    continue
                }
                definitions.metadataAnnotations.append(
                    MetadataAnnotation(
                        name: statement.text, module: module.name, type: resolution.type,
                        units: statement.argument(of: .units) ?? resolution.units,
                        status: statement.argument(of: .status).flatMap(NodeStatus.init(text:)) ?? .current,
                        description: statement.argument(of: .description), place: statement.place))
            }
        }
    }

    /// What extension statements say about a module; those that define or annotate something are read elsewhere.
    private func extensions(of module: LoadedModule) -> [ExtensionInstance] {
        let statements = module.texts.flatMap(\.statement.substatements).filter { statement in
            statement.prefix != nil && names.structureKind(of: statement) == nil
                && !names.isStructureAugment(statement) && !names.isMetadataAnnotation(statement)
                && !["annotate", "annotate-module", "action"].contains { names.isTailf(statement, $0) }
        }
        return names.instances(among: statements)
    }

    // MARK: Numbering

    private func number(_ draft: DraftNode, parent: NodeID, dataParent: NodeID) -> NodeID {
        let id = NodeID(Int32(records.count))
        draft.id = id
        drafts.append(draft)
        records.append(
            NodeRecord(
                id: id, parent: parent, dataParent: dataParent, kind: draft.kind, name: draft.name,
                module: draft.module.index, place: draft.statement.place))
        if draft.kind != .root { PropertyReader(assembler: self, draft: draft).read() }
        if let revisions = draft.revisions {
            records[Int(id.index)].extensions.append(
                ExtensionInstance(
                    module: "openned", name: SchemaNode.revisionsAnnotation, argument: revisions.joined(separator: " "),
                    substatements: [], place: draft.statement.place))
        }
        let isTransparent = draft.kind == .choice || draft.kind == .case
        var children: [NodeID] = []
        children.reserveCapacity(draft.children.count)
        for child in draft.children {
            children.append(number(child, parent: id, dataParent: isTransparent ? dataParent : id))
        }
        fillTables(id, children, isTransparent: isTransparent)
        if draft.kind == .choice { checkDefaultCase(draft) }
        return id
    }

    private func fillTables(_ id: NodeID, _ children: [NodeID], isTransparent: Bool) {
        let index = Int(id.index)
        let start = Int32(childTable.count)
        childTable.append(contentsOf: children)
        records[index].children = start..<Int32(childTable.count)
        let hasChoices = children.contains { isTransparentRecord($0) }
        if hasChoices {
            let dataStart = Int32(childTable.count)
            for child in children {
                if isTransparentRecord(child) {
                    let range = records[Int(child.index)].dataChildren
                    for position in range { childTable.append(childTable[Int(position)]) }
                } else {
                    childTable.append(child)
                }
            }
            records[index].dataChildren = dataStart..<Int32(childTable.count)
        } else {
            records[index].dataChildren = records[index].children
        }
        if !isTransparent { assignSlots(index) }
    }

    private func isTransparentRecord(_ id: NodeID) -> Bool {
        let kind = records[Int(id.index)].kind
        return kind == .choice || kind == .case
    }

    private struct ChildKey: Hashable {
        var name: String
        var module: Int32
    }

    private func assignSlots(_ index: Int) {
        let range = records[index].dataChildren
        if range.count > CompileLimits.children {
            log.error(
                "'\(records[index].name)' has \(range.count) data nodes directly below it",
                remedy: "the limit is \(CompileLimits.children): group them in containers", records[index].place)
        }
        var seen = Set<ChildKey>(minimumCapacity: range.count)
        for position in range {
            let child = Int(childTable[Int(position)].index)
            records[child].slot = position - range.lowerBound
            let key = ChildKey(name: records[child].name, module: records[child].module)
            if !seen.insert(key).inserted {
                let above = records[index].kind == .root ? "the module" : "'\(records[index].name)'"
                log.report(
                    .repeatedNode,
                    "'\(key.name)' is defined twice in \(above)",
                    remedy: "names must differ, over all cases of a choice too", records[child].place)
            }
        }
    }

    private func checkDefaultCase(_ draft: DraftNode) {
        guard let statement = draft.first(.default) else { return }
        let name = Identifier.split(statement.text).name
        if draft.children.contains(where: { $0.name == name }) {
            records[Int(draft.id.index)].defaults = [name]
        } else {
            log.report(
                .defaultCase,
                "choice '\(draft.name)' has no case '\(statement.text)' to be its default",
                remedy: "name one of its cases", statement.place, node: draft.id)
        }
    }

    // MARK: Lists

    private func linkList(_ draft: DraftNode) {
        let index = Int(draft.id.index)
        if let statement = draft.first(.key) {
            records[index].keys = keys(of: draft, statement)
        } else if records[index].isConfig {
            log.report(
                .listWithoutKey,
                "list '\(draft.name)' has no key", remedy: "add a key, or make the list 'config false'",
                draft.statement.place)
        }
        for statement in draft.properties where statement.keyword == .unique {
            if let leafs = uniqueLeafs(of: draft, statement) { records[index].uniques.append(leafs) }
        }
    }

    private func keys(of draft: DraftNode, _ statement: Statement) -> [NodeID] {
        var result: [NodeID] = []
        for word in statement.text.split(whereSeparator: \.isWhitespace) {
            let name = Identifier.split(String(word)).name
            guard let child = draft.child(named: name, module: draft.module) ?? draft.child(named: name, module: nil),
                child.kind == .leaf
            else {
                log.report(
                    .keyIsNoLeaf,
                    "key '\(name)' is no leaf of list '\(draft.name)'",
                    remedy: "name leafs that stand directly in the list", statement.place)
                continue
            }
            guard !result.contains(child.id) else {
                log.report(.repeatedKey, "key '\(name)' is named twice", remedy: "name it once", statement.place)
                continue
            }
            records[Int(child.id.index)].isKey = true
            result.append(child.id)
        }
        if result.isEmpty && statement.text.allSatisfy(\.isWhitespace) {
            log.report(
                .listWithoutKey, "the key of list '\(draft.name)' is empty", remedy: "name its leafs", statement.place)
        }
        return result
    }

    private func uniqueLeafs(of draft: DraftNode, _ statement: Statement) -> [NodeID]? {
        var result: [NodeID] = []
        for path in statement.text.split(whereSeparator: \.isWhitespace) {
            var node: DraftNode? = draft
            var isInList = false
            for step in path.split(separator: "/") {
                let (prefix, name) = Identifier.split(String(step))
                let module = prefix == nil ? draft.module : names.module(prefix, at: statement)
                node = node?.child(named: name, module: module) ?? node?.child(named: name, module: nil)
                isInList = isInList || node?.kind == .list
            }
            guard let leaf = node, leaf.kind == .leaf else {
                log.report(
                    .uniquePath,
                    "unique names '\(path)', which is no leaf of list '\(draft.name)'", remedy: "correct the path",
                    statement.place, node: draft.id)
                return nil
            }
            if isInList || result.contains(leaf.id) {
                log.report(
                    .uniquePath,
                    isInList
                        ? "unique names '\(path)', which lies in a list below '\(draft.name)'"
                        : "unique names '\(path)' twice",
                    remedy: "name leafs of the list's own entries, each once", statement.place, node: draft.id)
                return nil
            }
            result.append(leaf.id)
        }
        if let first = result.first, result.contains(where: { self[$0].isConfig != self[first].isConfig }) {
            log.report(
                .uniquePath, "unique names configuration and other leafs of '\(draft.name)'",
                remedy: "name leafs of one kind", statement.place, node: draft.id)
            return nil
        }
        return result
    }

    // MARK: Types and expressions

    /// The number of a type in the image; types without leafrefs are shared.
    func typeIndex(_ resolution: TypeResolution, of statement: Statement, for id: NodeID) -> Int32 {
        if resolution.paths.isEmpty, let known = sharedTypes[ObjectIdentifier(statement)] { return known }
        let index = Int32(resolvedTypes.count)
        resolvedTypes.append(resolution.type)
        if resolution.paths.isEmpty {
            sharedTypes[ObjectIdentifier(statement)] = index
        } else {
            leafrefs.append((id, resolution.paths))
        }
        return index
    }

    /// The expression of a `must`, `when` or `path`; names without prefix are of `module`. Nil if it is faulty.
    func expression(_ statement: Statement, module: LoadedModule) -> XPathExpression? {
        let key = ExpressionKey(statement: ObjectIdentifier(statement), module: module.index)
        if let known = expressions[key] { return known }
        let prefixes = names.text(of: statement).moduleNames
        var result: XPathExpression?
        do {
            if statement.keyword == .path {
                result = try XPathParser.parsePath(
                    statement.text, moduleForPrefix: { prefixes[$0] }, defaultModule: module.name)
            } else {
                result = try XPathParser.parse(
                    statement.text, moduleForPrefix: { prefixes[$0] }, defaultModule: module.name)
            }
        } catch {
            log.report(
                .xpathSyntax,
                "\(statement.name) \"\(statement.text)\" is no XPath expression: \(error.description)",
                remedy: "correct the expression", statement.place)
        }
        expressions[key] = .some(result)
        return result
    }

    subscript(_ id: NodeID) -> NodeRecord {
        _read { yield records[Int(id.index)] }
        _modify { yield &records[Int(id.index)] }
    }
}
