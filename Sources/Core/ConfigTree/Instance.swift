package import YANG

/// A data node in a tree with the way back to the root: what readers, XPath and printers walk on.
///
/// Made while walking, and immutable. Non-presence containers count as present wherever their parent is, whether stored
/// or not (RFC 7950 section 7.5.1); leaf defaults are values in use where their parent is present and no rival case of
/// their choice is (sections 7.6.1, 7.9.3). Neither is there where its `when` is false; `child` alone gives such a
/// container all the same, for those who look below it.
package final class Instance: Sendable {
    package let node: SchemaNode
    package let parent: Instance?
    /// The model of the tree that this instance is in: another one below a mount point.
    package let model: DataModel
    private let content: Content
    /// Whether this container, which is not stored, is known to count as there.
    private let isInUse: Bool

    private enum Content {
        /// Root, container, list entry: the row, or nil for a non-presence container that is not stored.
        case row(Row?)
        /// A mount point: the root row of what is mounted.
        case mounted(DataTree?)
        case value(String, isDefault: Bool)
    }

    private init(
        _ node: SchemaNode, _ parent: Instance?, _ model: DataModel, _ content: Content, isInUse: Bool = false
    ) {
        self.node = node
        self.parent = parent
        self.model = model
        self.content = content
        self.isInUse = isInUse
    }

    package convenience init(root tree: DataTree) {
        self.init(tree.model.schema.root, nil, tree.model, .row(tree.root))
    }

    /// An instance without the way back: for walking a subtree taken by itself, such as a created or deleted one.
    /// At a mount point, `row` is the root row of the mounted tree and `model` its model.
    package convenience init(detached node: SchemaNode, row: Row, model: DataModel) {
        let content: Content =
            switch node.kind {
            case .mountPoint: .mounted(DataTree(model: model, root: row))
            case .leafList: .value(row.value(at: 0), isDefault: false)
            default: .row(row)
            }
        self.init(node, nil, model, content)
    }

    /// A stand-in for a child that is not there: the context node of its `when` (RFC 7950 section 7.21.5).
    convenience init(absent child: SchemaNode, below parent: Instance) {
        let content: Content = child.isTerminal ? .value("", isDefault: true) : .row(nil)
        self.init(child, parent, parent.innerModel, content)
    }

    /// The stored row of a root, container or list entry, or the root row of what is mounted here.
    package var row: Row? {
        switch content {
        case .row(let row): row
        case .mounted(let tree): tree?.root
        case .value: nil
        }
    }

    /// The canonical value of a leaf or leaf-list entry.
    package var value: String? { if case .value(let value, _) = content { value } else { nil } }
    package var isDefault: Bool { if case .value(_, let isDefault) = content { isDefault } else { false } }
    package var mountedTree: DataTree? { if case .mounted(let tree) = content { tree } else { nil } }

    /// The canonical keys of a list entry, or the value of a leaf-list entry.
    package var keys: [String] {
        switch node.kind {
        case .list: row.map { row in node.keys.map { row.value(in: $0.slot) ?? "" } } ?? []
        case .leafList: value.map { [$0] } ?? []
        default: []
        }
    }

    package var path: InstancePath {
        var steps: [InstancePath.Step] = []
        var here = self
        while let parent = here.parent {
            steps.append(InstancePath.Step(here.node, keys: here.keys))
            here = parent
        }
        return InstancePath(steps.reversed())
    }

    /// The schema node whose data children can stand below: the root of the inner schema at a mount point.
    package var childSchema: SchemaNode? {
        guard node.kind == .mountPoint else { return node }
        if let tree = mountedTree { return tree.model.schema.root }
        return parent?.row.flatMap { model.mounted($0, node) }?.schema.root
    }

    private var innerModel: DataModel {
        guard node.kind == .mountPoint else { return model }
        if let tree = mountedTree { return tree.model }
        return parent?.row.flatMap { model.mounted($0, node) } ?? model
    }

    // MARK: Down

    /// The container, presence container if stored, mount point or leaf (stored) `child`.
    package func child(_ child: SchemaNode) -> Instance? {
        let inner = innerModel
        switch child.kind {
        case .leaf, .anydata, .anyxml:
            guard let value = row?.value(in: child.slot) else { return nil }
            return Instance(child, self, inner, .value(value, isDefault: false))
        case .container, .input, .output, .rpc, .action, .notification:
            let row = row?.child(in: child.slot)
            return row == nil && child.isPresence ? nil : Instance(child, self, inner, .row(row))
        case .mountPoint: return Instance(child, self, inner, .mounted(row?.mounted(in: child.slot)))
        case .list, .leafList, .root, .choice, .case: return nil
        }
    }

    package func child(_ name: String, module: String? = nil) -> Instance? {
        childSchema?.dataChild(named: name, module: module).flatMap { child($0) }
    }

    /// The entry of a list (or leaf-list) with those canonical keys.
    package func entry(_ list: SchemaNode, _ keys: [String]) -> Instance? {
        row?.entries(in: list.slot)?.entry(keys).map { instance(of: list, $0) }
    }

    /// The entries of a list or leaf-list, in the order that a reader sees.
    package func entries(_ list: SchemaNode) -> InstanceEntries {
        InstanceEntries(list: list, parent: self, rows: (row?.entries(in: list.slot)).map { Array($0.rows) } ?? [])
    }

    package func entries(_ name: String) -> [Instance] {
        childSchema?.dataChild(named: name).map { Array(entries($0)) } ?? []
    }

    /// The entry of `list` that `row`, which is in this instance, holds.
    func instance(of list: SchemaNode, _ row: Row) -> Instance {
        let content: Content = list.kind == .leafList ? .value(row.value(at: 0), isDefault: false) : .row(row)
        return Instance(list, self, innerModel, content)
    }

    /// The value in use of a leaf: stored, or its default where the default is in use.
    package func value(_ leaf: SchemaNode) -> String? {
        if let value = row?.value(in: leaf.slot) { return value }
        return defaultInUse(leaf)
    }

    package func value(_ name: String) -> String? { childSchema?.dataChild(named: name).flatMap { value($0) } }

    /// The stored values of a leaf-list, or its defaults in use.
    package func values(_ leafList: SchemaNode) -> [String] {
        if let entries = row?.entries(in: leafList.slot) { return entries.rows.map { $0.value(at: 0) } }
        return defaultsInUse(leafList)
    }

    private func defaultInUse(_ leaf: SchemaNode) -> String? { defaultsInUse(leaf).first }

    private func defaultsInUse(_ node: SchemaNode) -> [String] {
        let defaults = node.defaults
        return defaults.isEmpty || !mayHaveDefaults(node) ? [] : defaults
    }

    /// Whether defaults of the child `node`, or below it, are in use. Containers without presence do not count: what
    /// decides is the case that their nearest real ancestor is in (RFC 7950 section 7.6.1).
    private func mayHaveDefaults(_ child: SchemaNode) -> Bool {
        guard isDefaultCase(child), ConditionalDefaults.allow(child, below: self) else { return false }
        guard node.isNonPresenceContainer, row == nil, !isInUse, let parent else { return true }
        return parent.mayHaveDefaults(node)
    }

    /// The child container, if it is stored or counts as there.
    func containerInUse(_ container: SchemaNode) -> Instance? {
        guard let inner = child(container), inner.row == nil, container.isNonPresenceContainer else {
            return child(container)
        }
        guard mayHaveDefaults(container) else { return nil }
        return Instance(container, self, inner.model, .row(nil), isInUse: true)
    }

    /// Whether a node that is absent may have its default: each choice above it has this case chosen, or nothing
    /// chosen and this case as its default.
    private func isDefaultCase(_ leaf: SchemaNode) -> Bool {
        var below = leaf
        while let above = below.parent, above.kind == .case || above.kind == .choice {
            if above.kind == .choice {
                let mine = below.name
                guard let chosen = chosenCase(of: above) ?? above.defaults.first, chosen == mine else { return false }
            }
            below = above
        }
        return true
    }

    /// The name of the case of which a node is stored here.
    package func chosenCase(of choice: SchemaNode) -> String? {
        choice.children.first { isAnyStored(in: $0) }?.name
    }

    private func isAnyStored(in node: SchemaNode) -> Bool {
        row?.isAnyStored(in: node) ?? false
    }

    /// Everything stored directly below, in schema order: leaves, entries one by one, containers, the mount point.
    /// With `defaults`, also leaf defaults in use and non-presence containers that are not stored.
    package func children(withDefaults defaults: Bool = false) -> [Instance] {
        guard let schema = childSchema else { return [] }
        var result: [Instance] = []
        for node in schema.dataChildren {
            switch node.kind {
            case .leaf:
                if let leaf = child(node) {
                    result.append(leaf)
                } else if defaults, let value = defaultInUse(node) {
                    result.append(Instance(node, self, innerModel, .value(value, isDefault: true)))
                }
            case .list: result += entries(node)
            case .leafList:
                if row?.entries(in: node.slot) == nil, defaults {
                    result += defaultsInUse(node).map { Instance(node, self, innerModel, .value($0, isDefault: true)) }
                } else {
                    result += entries(node)
                }
            case .container where defaults: if let inner = containerInUse(node) { result.append(inner) }
            case .mountPoint where defaults: if let inner = child(node) { result.append(inner) }
            default: if let inner = child(node), inner.row != nil || inner.value != nil { result.append(inner) }
            }
        }
        return result
    }

    /// Follows steps down from here. Ends at nil where something is absent; a leaf not stored gives its default in use.
    package func descendant(_ steps: ArraySlice<InstancePath.Step>) -> Instance? {
        guard let step = steps.first else { return self }
        let next: Instance?
        switch step.node.kind {
        case .list, .leafList: next = step.keys.isEmpty ? nil : entry(step.node, step.keys)
        case .leaf:
            next =
                child(step.node)
                ?? defaultInUse(step.node).map { Instance(step.node, self, innerModel, .value($0, isDefault: true)) }
        default: next = child(step.node)
        }
        return next?.descendant(steps.dropFirst())
    }

    package var root: Instance {
        var here = self
        while let parent = here.parent { here = parent }
        return here
    }

    /// The root of the mounted tree that this instance is in (the mount point), or the root of all.
    package var treeRoot: Instance {
        var here = self
        while here.node.kind != .mountPoint, let parent = here.parent { here = parent }
        return here
    }
}

extension Instance: Hashable {
    package static func == (a: Instance, b: Instance) -> Bool {
        if a === b { return true }
        guard a.node == b.node else { return false }
        switch (a.content, b.content) {
        case (.value(let x, _), .value(let y, _)) where x != y: return false
        case (.row(let x), .row(let y)) where !(x === y): return false
        default: return a.parent == b.parent
        }
    }

    /// What has no row of its own is told apart by the row around it: leaves of many entries have the same value.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(node.id)
        if let row { return hasher.combine(row.identity) }
        hasher.combine(value)
        hasher.combine(parent?.row?.identity)
    }
}

/// The entries of a list or leaf-list in an instance, made one after the other.
package struct InstanceEntries: Sequence, IteratorProtocol {
    let list: SchemaNode
    let parent: Instance
    let rows: [Row]
    private var position = 0

    init(list: SchemaNode, parent: Instance, rows: [Row]) {
        self.list = list
        self.parent = parent
        self.rows = rows
    }

    package var underestimatedCount: Int { rows.count - position }

    package mutating func next() -> Instance? {
        guard position < rows.count else { return nil }
        defer { position += 1 }
        return parent.instance(of: list, rows[position])
    }
}
