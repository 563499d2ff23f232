import Synchronization
import YANG

/// Remembers per schema below which nodes secrets can be, so that walks skip the rest.
final class SecretNodeCache: Sendable {
    static let shared = SecretNodeCache()

    private struct Entry: Sendable {
        weak var schema: Schema?
        var nodes: Set<NodeID>
    }

    private let entries = Mutex<[ObjectIdentifier: Entry]>([:])

    /// The nodes that have a leaf of a secret type, or a mount point, at or below them.
    func nodes(_ schema: Schema) -> Set<NodeID> {
        entries.withLock { entries in
            if let entry = entries[ObjectIdentifier(schema)], entry.schema === schema { return entry.nodes }
            entries = entries.filter { $0.value.schema != nil }
            var nodes: Set<NodeID> = []
            for index in 0..<Int32(schema.nodeCount) {
                let node = schema[NodeID(index)]
                guard node.type?.hasSecret == true || node.kind == .mountPoint else { continue }
                var here: SchemaNode? = node
                while let current = here, nodes.insert(current.id).inserted { here = current.dataParent }
            }
            entries[ObjectIdentifier(schema)] = Entry(schema: schema, nodes: nodes)
            return nodes
        }
    }
}

extension ResolvedType {
    /// Whether a value can be a secret: of such a type, or of a union with one.
    var hasSecret: Bool { secret != nil || members.contains(where: \.hasSecret) }
}
