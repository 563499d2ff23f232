import Synchronization

extension Schema {
    /// The nodes that have a leaf of a secret type, or a mount point, at or below them: walks for secrets skip the rest.
    ///
    /// Kept with the schema, not in a table of weak references: one of those makes every use of the schema slower.
    package var secretNodes: Set<NodeID> {
        if let known = secretBearing.load() { return known.value }
        var nodes: Set<NodeID> = []
        for index in 0..<Int32(nodeCount) {
            let node = self[NodeID(index)]
            guard node.type?.hasSecret == true || node.kind == .mountPoint else { continue }
            var here: SchemaNode? = node
            while let current = here, nodes.insert(current.id).inserted { here = current.dataParent }
        }
        return secretBearing.storeIfNil(Box(nodes)).value
    }
}

extension ResolvedType {
    /// Whether a value can be a secret: of such a type, or of a union with one.
    package var hasSecret: Bool { secret != nil || members.contains(where: \.hasSecret) }
}
