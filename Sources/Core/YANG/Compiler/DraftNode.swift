/// Bounds on what one run may make of its texts, so that no module can exhaust memory or the stack.
enum CompileLimits {
    static let nodes = 2_000_000
    /// Data nodes directly below one: a row keeps the slot of each in two bytes.
    static let children = 65_535
    /// Depth of the schema tree.
    static let depth = 200
    /// Length of a chain of typedefs, identities, features or of groupings that use each other.
    static let chain = 200
}

/// A node of the schema tree while uses, augments, annotations and deviations still change it.
final class DraftNode {
    let statement: Statement
    let kind: NodeKind
    let name: String
    /// The module whose namespace the node has.
    unowned(unsafe) let module: LoadedModule
    /// What is visible where the node is written.
    let scope: Scope
    unowned(unsafe) var parent: DraftNode?
    var children: [DraftNode] = []
    /// The statements that say what the node is like: its own, as refine, annotation and deviation left them.
    var properties: [Statement]
    /// The `when` of each `uses` and `augment` that brought the node.
    var outerWhens: [Statement] = []
    /// The `if-feature` of each `uses` and `augment` that brought the node.
    var outerFeatures: [Statement] = []
    /// The text in which the node, or the `uses` that brought it, is written.
    var home: SourceText?
    /// The extension statements of each `uses` that brought the node, and of its grouping, the innermost first.
    var originExtensions: [Statement] = []
    /// Whether the node is the container of a structure, outside the data tree (`SchemaStructure`).
    var isStructure = false
    var depth = 0
    /// Its number in the finished schema.
    var id = NodeID(-1)
    /// The older revisions of its module that have the node, and whether the newest does not (`RevisionMerger`).
    var olderRevisions: [String] = []
    var isOnlyInOlder = false
    private var childrenByName: [String: [DraftNode]]?

    init(statement: Statement, kind: NodeKind, name: String, module: LoadedModule, scope: Scope) {
        self.statement = statement
        self.kind = kind
        self.name = name
        self.module = module
        self.scope = scope
        properties = statement.substatements
    }

    func append(_ child: DraftNode) {
        child.parent = self
        child.depth = depth + 1
        children.append(child)
        childrenByName?[child.name, default: []].append(child)
    }

    func removeFromParent() {
        parent?.children.removeAll { $0 === self }
        parent?.childrenByName = nil
    }

    /// The child of that name in `module`; where only the name fits and is the only such, that one.
    func child(named name: String, module: LoadedModule?) -> DraftNode? {
        let candidates = namedChildren(name)
        if let module, let exact = candidates.first(where: { $0.module === module }) { return exact }
        if let module, let same = candidates.first(where: { $0.module.name == module.name }) { return same }
        return module == nil && candidates.count == 1 ? candidates[0] : nil
    }

    func namedChildren(_ name: String) -> [DraftNode] {
        if children.count < 12 { return children.filter { $0.name == name } }
        if childrenByName == nil { childrenByName = Dictionary(grouping: children, by: \.name) }
        return childrenByName?[name] ?? []
    }

    /// The container of the structure that the node is part of, or itself is.
    var structure: DraftNode? {
        var node: DraftNode? = self
        while let current = node, !current.isStructure { node = current.parent }
        return node
    }

    /// The choices and cases among the children.
    var transparentChildren: [DraftNode] { children.filter { $0.kind == .choice || $0.kind == .case } }

    func first(_ keyword: Keyword) -> Statement? { properties.first { $0.keyword == keyword } }
}
