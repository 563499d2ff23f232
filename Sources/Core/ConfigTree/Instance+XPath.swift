package import YANG

/// An instance as XPath sees it: in the accessible tree of RFC 7950 section 6.4.1, with non-presence containers and
/// with the defaults in use.
///
/// The tree mounted at a mount point has its own root: absolute paths in a device's modules do not leave it.
package struct DataNode: XPathNode, Sendable {
    package let instance: Instance
    /// Whether this is the text in the leaf `instance`.
    package let isText: Bool

    package init(_ instance: Instance) { self.init(instance, isText: false) }

    private init(_ instance: Instance, isText: Bool) {
        self.instance = instance
        self.isText = isText
    }

    /// At a mount point the root of what is mounted, since that is what has children.
    package var schemaNode: SchemaNode? { instance.childSchema ?? instance.node }
    package var name: String { isText ? "" : instance.node.name }
    package var module: String { isText || instance.node.kind == .root ? "" : instance.node.module.name }
    package var ownValue: String { instance.value ?? "" }
    package var parent: DataNode? { isText ? DataNode(instance) : instance.parent.map { DataNode($0) } }
    package var root: DataNode { DataNode(instance.treeRoot) }

    package var children: [DataNode] {
        if instance.value == nil { ReadCollector.current?.addSubtree(instance) }
        guard let value = instance.value else { return instance.children(withDefaults: true).map { DataNode($0) } }
        return isText || value.isEmpty || !instance.node.isTerminal ? [] : [DataNode(instance, isText: true)]
    }

    package func children(named name: String, module: String?) -> [DataNode] {
        guard !isText, let child = instance.childSchema?.dataChild(named: name, module: module) else { return [] }
        ReadCollector.current?.addChildren(child, of: instance)
        return instance.occurrences(of: child).map { DataNode($0) }
    }

    package func entry(of list: SchemaNode, keys: [String]) -> DataNode? {
        ReadCollector.current?.addEntry(keys, of: list, below: instance)
        return instance.entry(list, keys).map { DataNode($0) }
    }

    package func entryCount(of list: SchemaNode) -> Int {
        ReadCollector.current?.addInstances(of: list, below: instance)
        return instance.row?.entries(in: list.slot)?.count ?? 0
    }

    package func precedes(_ other: DataNode) -> Bool {
        isText != other.isText && instance == other.instance ? other.isText : instance.precedes(other.instance)
    }
}

extension Instance {
    /// The instances of data child `child`, with a default in use and a non-presence container that is not stored.
    func occurrences(of child: SchemaNode) -> [Instance] {
        switch child.kind {
        case .list: Array(entries(child))
        case .leafList:
            row?.entries(in: child.slot) == nil && !child.defaults.isEmpty
                ? children(withDefaults: true).filter { $0.node == child } : Array(entries(child))
        case .leaf: descendant([InstancePath.Step(child)]).map { [$0] } ?? []
        case .container: containerInUse(child).map { [$0] } ?? []
        case .mountPoint: self.child(child).map { [$0] } ?? []
        default: self.child(child).flatMap { $0.isStored ? [$0] : nil } ?? []
        }
    }

    /// Whether this instance comes before `other`, of the same tree, in document order; ancestors come first.
    func precedes(_ other: Instance) -> Bool {
        let mine = lineage
        let theirs = other.lineage
        for (a, b) in zip(mine, theirs) where a != b {
            guard a.node == b.node else { return a.node.slot < b.node.slot }
            guard let entries = a.parent?.row?.entries(in: a.node.slot), let first = a.row ?? entries.entry(a.keys),
                let second = b.row ?? entries.entry(b.keys)
            else { return false }
            return (entries.position(of: first) ?? 0) < (entries.position(of: second) ?? 0)
        }
        return mine.count < theirs.count
    }

    /// From the root down to this instance.
    private var lineage: [Instance] {
        var chain = [self]
        while let parent = chain[chain.count - 1].parent { chain.append(parent) }
        return chain.reversed()
    }
}
