package import Basics

/// A compiled module set: one immutable image, flat arrays of nodes, shared by all devices of a driver.
///
/// Invariants:
/// - Node 0 is the root; a node's children lie in `childTable` in schema order, and so do its *data children*
///   (children with choice and case nodes dissolved), whose position is the node's `slot`.
/// - Names are unique among the data children of a node, by module and name.
/// - Everything is resolved: groupings are expanded, augments and deviations applied, types bound.
package final class Schema: Sendable {
    package let modules: [SchemaModule]
    let records: ContiguousArray<NodeRecord>
    let childTable: ContiguousArray<NodeID>
    let types: ContiguousArray<ResolvedType>
    package let identities: IdentityTable
    /// What `vendor` policy gave up to load the set, and warnings; errors never come with a schema.
    package let diagnostics: [Diagnostic]
    /// Structures, metadata annotations, and extension statements that stand on no node.
    package let definitions: SchemaDefinitions
    private let slotByName: [SlotKey: Int32]
    private let moduleByName: [String: Int]
    private let moduleByNamespace: [String: Int]

    struct SlotKey: Hashable {
        var parent: NodeID
        var module: Int32
        var name: String
    }

    init(
        modules: [SchemaModule], records: ContiguousArray<NodeRecord>, childTable: ContiguousArray<NodeID>,
        types: ContiguousArray<ResolvedType>, identities: IdentityTable, diagnostics: [Diagnostic],
        definitions: SchemaDefinitions = SchemaDefinitions()
    ) {
        self.modules = modules
        self.records = records
        self.childTable = childTable
        self.types = types
        self.identities = identities
        self.diagnostics = diagnostics
        self.definitions = definitions
        moduleByName = Dictionary(
            modules.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        moduleByNamespace = Dictionary(
            modules.enumerated().map { ($1.namespace, $0) }, uniquingKeysWith: { first, _ in first })
        var slots = [SlotKey: Int32](minimumCapacity: records.count)
        for record in records {
            for slot in record.dataChildren {
                let child = childTable[Int(slot)]
                let childRecord = records[Int(child.index)]
                slots[SlotKey(parent: record.id, module: childRecord.module, name: childRecord.name)] =
                    Int32(slot - record.dataChildren.lowerBound)
            }
        }
        slotByName = slots
    }

    package var root: SchemaNode { SchemaNode(schema: self, id: NodeID(0)) }
    package var nodeCount: Int { records.count }

    package subscript(_ id: NodeID) -> SchemaNode { SchemaNode(schema: self, id: id) }

    package func module(named name: String) -> SchemaModule? { moduleByName[name].map { modules[$0] } }
    package func module(namespace: String) -> SchemaModule? { moduleByNamespace[namespace].map { modules[$0] } }

    func moduleIndex(named name: String) -> Int? { moduleByName[name] }

    func slot(of name: String, module: Int32, under parent: NodeID) -> Int? {
        slotByName[SlotKey(parent: parent, module: module, name: name)].map(Int.init)
    }
}

/// The number of a node in its schema.
package struct NodeID: Hashable, Sendable {
    package let index: Int32
    package init(_ index: Int32) { self.index = index }
}

/// What the kinds of YANG statements that define nodes become.
package enum NodeKind: UInt8, Sendable {
    case root, container, list, leaf, leafList, choice, `case`, anydata, anyxml
    case rpc, action, input, output, notification
    /// A container under which another schema's data is mounted (`tailf-ncs` devices: `config`; RFC 8528).
    case mountPoint
}

package enum NodeStatus: UInt8, Sendable { case current, deprecated, obsolete }

/// One node as stored. Only the compiler makes these; everybody else reads through `SchemaNode`.
struct NodeRecord: Sendable {
    var id: NodeID
    var parent: NodeID
    var dataParent: NodeID
    var kind: NodeKind
    var name: String
    /// Index in `Schema.modules` of the module whose namespace the node has.
    var module: Int32
    /// Position among the data children of the data parent; -1 for choice and case.
    var slot: Int32 = -1
    var isConfig = true
    var isMandatory = false
    var isPresence = false
    var isUserOrdered = false
    var isKey = false
    var status = NodeStatus.current
    var minElements: UInt32 = 0
    var maxElements: UInt32 = .max
    /// Index in `Schema.types`; -1 without.
    var type: Int32 = -1
    var children: Range<Int32> = 0..<0
    var dataChildren: Range<Int32> = 0..<0
    var keys: [NodeID] = []
    var uniques: [[NodeID]] = []
    /// Canonical default values (of a leaf or leaf-list), or the name of a choice's default case.
    var defaults: [String] = []
    var musts: [Constraint] = []
    var whens: [Constraint] = []
    var extensions: [ExtensionInstance] = []
    var units: String?
    var description: String?
    var place: SourcePlace
}

/// A module or submodule set as the schema knows it.
package struct SchemaModule: Hashable, Sendable {
    package var name: String
    package var namespace: String
    package var prefix: String
    package var revision: String?
    package var features: [String]
    /// All features that the module defines, supported or not.
    package var definedFeatures: Set<String> = []
    /// SHA-256 of the source text, in hexadecimal, over the module and its submodules in order of inclusion.
    package var digest: String
    /// Whether the module's own data nodes are part of the schema, or it only lends types and groupings.
    package var isImplemented: Bool
    /// Modules that this one imports, with the revision asked for.
    package var imports: [String]
    /// The extension statements directly in the module and its submodules, those that define something excepted
    /// (`Schema.definitions`).
    package var extensions: [ExtensionInstance]

    package init(
        name: String, namespace: String, prefix: String, revision: String? = nil, features: [String] = [],
        digest: String = "", isImplemented: Bool = true, imports: [String] = [], extensions: [ExtensionInstance] = []
    ) {
        self.name = name
        self.namespace = namespace
        self.prefix = prefix
        self.revision = revision
        self.features = features
        self.digest = digest
        self.isImplemented = isImplemented
        self.imports = imports
        self.extensions = extensions
    }
}

/// An instance of an extension statement (RFC 7950 section 6.3.1), with the extension statements inside it.
package struct ExtensionInstance: Hashable, Sendable {
    /// The module that defines the extension, such as `tailf-common`.
    package var module: String
    /// The keyword without prefix, such as `cli-sequence-commands`.
    package var name: String
    package var argument: String?
    package var substatements: [ExtensionInstance]
    package var place: SourcePlace

    package init(
        module: String, name: String, argument: String?, substatements: [ExtensionInstance], place: SourcePlace
    ) {
        self.module = module
        self.name = name
        self.argument = argument
        self.substatements = substatements
        self.place = place
    }

    package func substatement(_ name: String) -> ExtensionInstance? { substatements.first { $0.name == name } }
}

/// A `must` or `when`: the expression with the prefixes of the module that wrote it.
package struct Constraint: Sendable {
    package var expression: XPathExpression
    /// The text as written.
    package var source: String
    package var errorMessage: String?
    package var errorAppTag: String?
    /// For a `when` that came with `uses` or `augment`: its context node is the data parent (RFC 7950, 7.21.5).
    package var contextIsParent: Bool
    package var place: SourcePlace

    package init(
        expression: XPathExpression, source: String, errorMessage: String? = nil, errorAppTag: String? = nil,
        contextIsParent: Bool = false, place: SourcePlace
    ) {
        self.expression = expression
        self.source = source
        self.errorMessage = errorMessage
        self.errorAppTag = errorAppTag
        self.contextIsParent = contextIsParent
        self.place = place
    }
}

/// One node of a schema, as everybody reads it: a reference into the image.
package struct SchemaNode: Hashable, Sendable {
    package let schema: Schema
    package let id: NodeID

    package init(schema: Schema, id: NodeID) {
        self.schema = schema
        self.id = id
    }

    package static func == (a: SchemaNode, b: SchemaNode) -> Bool { a.id == b.id && a.schema === b.schema }
    package func hash(into hasher: inout Hasher) { hasher.combine(id) }

    private var record: NodeRecord {
        _read { yield schema.records[Int(id.index)] }
    }

    package var kind: NodeKind { record.kind }
    package var name: String { record.name }
    package var module: SchemaModule { schema.modules[Int(record.module)] }
    var moduleIndex: Int32 { record.module }
    /// Position among the data children of `dataParent`; -1 for choice, case and root.
    package var slot: Int { Int(record.slot) }
    package var isConfig: Bool { record.isConfig }
    package var isMandatory: Bool { record.isMandatory }
    package var isPresence: Bool { record.isPresence }
    package var isUserOrdered: Bool { record.isUserOrdered }
    package var isKey: Bool { record.isKey }
    package var status: NodeStatus { record.status }
    package var minElements: Int { Int(record.minElements) }
    /// `Int(UInt32.max)` means unbounded.
    package var maxElements: Int { Int(record.maxElements) }
    package var type: ResolvedType? { record.type < 0 ? nil : schema.types[Int(record.type)] }
    /// Canonical default values of a leaf or leaf-list; the name of a choice's default case.
    package var defaults: [String] { record.defaults }
    package var musts: [Constraint] { record.musts }
    package var whens: [Constraint] { record.whens }
    package var units: String? { record.units }
    package var describingText: String? { record.description }
    package var place: SourcePlace { record.place }
    package var extensions: [ExtensionInstance] { record.extensions }

    /// The first instance of extension `name`, whichever of the `tailf` modules defines it.
    package func annotation(_ name: String) -> ExtensionInstance? { record.extensions.first { $0.name == name } }

    /// The parent in the schema tree, choice and case included; nil for the root.
    package var parent: SchemaNode? { id.index == 0 ? nil : schema[record.parent] }
    /// The nearest ancestor that is no choice or case; nil for the root.
    package var dataParent: SchemaNode? { id.index == 0 ? nil : schema[record.dataParent] }
    /// Children in schema order, choice and case included.
    package var children: some RandomAccessCollection<SchemaNode> { nodes(record.children) }
    /// Children in schema order with choice and case dissolved; the position is the child's `slot`.
    /// Actions and notifications are among them; `input` and `output` are data children of their rpc or action.
    package var dataChildren: some RandomAccessCollection<SchemaNode> { nodes(record.dataChildren) }

    private func nodes(_ range: Range<Int32>) -> some RandomAccessCollection<SchemaNode> {
        let schema = schema
        return range.lazy.map { schema[schema.childTable[Int($0)]] }
    }

    package var dataChildCount: Int { record.dataChildren.count }
    package func dataChild(at slot: Int) -> SchemaNode {
        schema[schema.childTable[Int(record.dataChildren.lowerBound) + slot]]
    }

    /// The data child of that name in module `module` (a module name); without a module, in this node's own module,
    /// else the only child of that name, else the first.
    package func dataChild(named name: String, module: String? = nil) -> SchemaNode? {
        if let module {
            guard let index = schema.moduleIndex(named: module) else { return nil }
            return schema.slot(of: name, module: Int32(index), under: id).map(dataChild(at:))
        }
        if let slot = schema.slot(of: name, module: record.module, under: id) { return dataChild(at: slot) }
        return dataChildren.first { $0.name == name }
    }

    /// The data child of that name whose module has `namespace` (a URI).
    package func dataChild(named name: String, namespace: String) -> SchemaNode? {
        schema.module(namespace: namespace).flatMap { dataChild(named: name, module: $0.name) }
    }

    package var keys: [SchemaNode] { record.keys.map { schema[$0] } }
    package var uniques: [[SchemaNode]] { record.uniques.map { $0.map { schema[$0] } } }

    /// Leaf or leaf-list: has values.
    package var isTerminal: Bool { kind == .leaf || kind == .leafList }
    /// A container without presence: exists by its content alone.
    package var isNonPresenceContainer: Bool { kind == .container && !isPresence }

    /// `/module:a/b/other:c`: the data path, module names where the module changes.
    package var path: String {
        var steps: [String] = []
        var node: SchemaNode? = self
        while let current = node, current.kind != .root {
            let above = current.dataParent
            let qualified = above == nil || above!.kind == .root || above!.moduleIndex != current.moduleIndex
            steps.append(qualified ? "\(current.module.name):\(current.name)" : current.name)
            node = above
        }
        return "/" + steps.reversed().joined(separator: "/")
    }
}
