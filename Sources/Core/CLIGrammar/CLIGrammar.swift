package import ConfigTree
import Synchronization
import YANG

/// A data model as a command-line grammar in one dialect: what the three users of the CLI share.
///
/// Cheap to make: what the annotations make of a node is worked out when a line first comes near it, and kept.
/// Below a mount point the grammar of the mounted model takes over; one grammar serves all devices of a model.
package final class CLIGrammar: Sendable {
    package let model: DataModel
    package let dialect: CLIDialect
    let root: CLINode
    let valueContext: ValueContext
    let writer: CLIValueWriter
    let references: ReferenceTable
    private let mounted: MountedGrammars
    private let strays = StrayNodes()

    package convenience init(model: DataModel, dialect: CLIDialect) {
        self.init(model: model, dialect: dialect, mounted: MountedGrammars())
    }

    private init(model: DataModel, dialect: CLIDialect, mounted: MountedGrammars) {
        self.model = model
        self.dialect = dialect
        self.mounted = mounted
        root = CLINode(model.schema.root, word: "", dialect: dialect, inherited: [])
        valueContext = ValueContext(schema: model.schema)
        writer = CLIValueWriter(dialect: dialect)
        references = ReferenceTable(model.schema)
    }

    deinit { root.free() }

    /// The grammar of a model that is mounted somewhere below this one's.
    func grammar(of model: DataModel) -> CLIGrammar {
        if model === self.model { return self }
        return mounted.byModel.withLock { known in
            if let grammar = known[ObjectIdentifier(model)] { return grammar }
            var inner = dialect
            // Devices with a command line of their own do not put values in columns.
            if Self.isCommandLine(model.schema) { inner.alignsValues = false }
            let grammar = CLIGrammar(model: model, dialect: inner, mounted: mounted)
            known[ObjectIdentifier(model)] = grammar
            return grammar
        }
    }

    /// Whether a model was annotated for a command line.
    private static func isCommandLine(_ schema: Schema) -> Bool {
        (0..<Int32(schema.nodeCount)).contains { index in
            schema[NodeID(index)].extensions.contains { $0.name.hasPrefix("cli-") }
        }
    }

    /// The model itself, and those mounted below it as far as they are known.
    var models: [DataModel] {
        let known = mounted.byModel.withLock { $0.values.map(\.model) }
        return [model] + known.filter { $0 !== model }
    }

    /// What the grammar knows of a data node of its schema.
    func node(_ schema: SchemaNode) -> CLINode {
        guard let parent = schema.dataParent else { return root }
        return node(parent).child(schema.slot)
    }

    /// The node that a path ends at, over mount points, and the grammar it belongs to. At a mount point the node is the
    /// mount point itself.
    func node(at path: InstancePath) -> (node: CLINode, grammar: CLIGrammar) {
        guard let last = path.steps.last else { return (root, self) }
        return node(last.node, in: path)
    }

    private func node(_ schema: SchemaNode, in path: InstancePath) -> (node: CLINode, grammar: CLIGrammar) {
        if schema.schema === model.schema { return (node(schema), self) }
        let grammar = mounted.byModel.withLock { known in
            known.values.first { $0.model.schema === schema.schema }
        }
        if let grammar { return (grammar.node(schema), grammar) }
        // Nothing was read or printed there yet: the node by itself tells enough.
        return (strays.node(schema) { CLINode(schema, word: schema.name, dialect: dialect, inherited: []) }, self)
    }
}

/// Nodes of models that no grammar has been made for.
private final class StrayNodes: Sendable {
    private let nodes = Mutex<[SchemaNode: CLINode]>([:])

    func node(_ schema: SchemaNode, _ make: () -> CLINode) -> CLINode {
        nodes.withLock { known in
            if let node = known[schema] { return node }
            let node = make()
            known[schema] = node
            return node
        }
    }

    deinit { nodes.withLock { for node in $0.values { node.free() } } }
}

/// The grammars of models that are mounted below one: they live as long as the outermost.
private final class MountedGrammars: Sendable {
    let byModel = Mutex<[ObjectIdentifier: CLIGrammar]>([:])
}
