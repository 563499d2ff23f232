package import Basics
import Synchronization

/// A compiled module set: one immutable image (`SchemaImage`), shared by all devices of a driver.
///
/// Invariants:
/// - Node 0 is the root; a node's children lie in the table of children in schema order, and so do its *data children*
///   (children with choice and case nodes dissolved), whose position is the node's `slot`.
/// - Names are unique among the data children of a node, by module and name.
/// - Everything is resolved: groupings are expanded, augments and deviations applied, types bound.
package final class Schema: Sendable {
    package let modules: [SchemaModule]
    let image: SchemaImage
    private let moduleByName: [String: Int]
    private let moduleByNamespace: [String: Int]
    private let nodeNames = AtomicLazyReference<Box<ContiguousArray<String>>>()
    private let types: LazyTable<ResolvedType>
    private let extras: LazyTable<NodeExtra>
    private let identityTable = AtomicLazyReference<Box<IdentityTable>>()
    private let findings = AtomicLazyReference<Box<[Diagnostic]>>()
    private let otherDefinitions = AtomicLazyReference<Box<SchemaDefinitions>>()
    let secretBearing = AtomicLazyReference<Box<Set<NodeID>>>()

    /// The schema that an image holds. What is not flat in it is decoded when it is first asked for.
    init(image: SchemaImage) {
        self.image = image
        modules = image.list(.modules) { decoder throws(ImageFault) in try decoder.module() }
        moduleByName = Dictionary(
            modules.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        moduleByNamespace = Dictionary(
            modules.enumerated().map { ($1.namespace, $0) }, uniquingKeysWith: { first, _ in first })
        types = LazyTable(count: image.types.count)
        extras = LazyTable(count: image.extras.count)
    }

    convenience init(
        modules: [SchemaModule], records: ContiguousArray<NodeRecord>, childTable: ContiguousArray<NodeID>,
        types: ContiguousArray<ResolvedType>, identities: IdentityTable, diagnostics: [Diagnostic],
        definitions: SchemaDefinitions = SchemaDefinitions()
    ) {
        self.init(
            image: SchemaImageWriter.image(
                modules: modules, records: records, childTable: childTable, types: types, identities: identities,
                diagnostics: diagnostics, definitions: definitions))
    }

    package var root: SchemaNode { SchemaNode(schema: self, id: NodeID(0)) }
    package var nodeCount: Int { image.nodeCount }
    /// The size of the image, in memory and as a file.
    package var byteCount: Int { image.bytes.count }

    package subscript(_ id: NodeID) -> SchemaNode { SchemaNode(schema: self, id: id) }

    package func module(named name: String) -> SchemaModule? { moduleByName[name].map { modules[$0] } }
    package func module(namespace: String) -> SchemaModule? { moduleByNamespace[namespace].map { modules[$0] } }

    func moduleIndex(named name: String) -> Int? { moduleByName[name] }

    package var identities: IdentityTable {
        if let known = identityTable.load() { return known.value }
        var decoder = image.decoder(image.section(.identities))
        return identityTable.storeIfNil(Box((try? decoder.identities()) ?? IdentityTable())).value
    }

    /// What `vendor` policy gave up to load the set, and warnings; errors never come with a schema.
    package var diagnostics: [Diagnostic] {
        if let known = findings.load() { return known.value }
        let list = image.list(.diagnostics) { decoder throws(ImageFault) in try decoder.diagnostic() }
        return findings.storeIfNil(Box(list)).value
    }

    /// Structures, metadata annotations, and extension statements that stand on no node.
    package var definitions: SchemaDefinitions {
        if let known = otherDefinitions.load() { return known.value }
        var decoder = image.decoder(image.section(.definitions))
        return otherDefinitions.storeIfNil(Box((try? decoder.definitions()) ?? SchemaDefinitions())).value
    }

    // MARK: Parts of nodes

    func slot(of name: String, module: Int32, under parent: NodeID) -> Int? {
        image.child(of: parent.index, module: module, name: name).map { Int(image.nodes[Int($0)].slot) }
    }

    /// The name of that number; all distinct names are decoded at the first.
    func name(_ number: UInt32) -> String {
        if let known = nodeNames.load() { return known.value[Int(number)] }
        let pool = image.names
        let all = ContiguousArray((0..<pool.count).map { pool.text($0) })
        return nodeNames.storeIfNil(Box(all)).value[Int(number)]
    }

    func type(_ number: Int32) -> ResolvedType {
        types.value(at: Int(number)) {
            var decoder = image.decoder(image.types.bytes(Int(number)))
            return (try? decoder.type()) ?? ResolvedType(base: .string)
        }
    }

    func extra(_ number: Int32) -> NodeExtra {
        if number < 0 { return .none }
        return extras.value(at: Int(number)) {
            var decoder = image.decoder(image.extras.bytes(Int(number)))
            return (try? decoder.extra()) ?? .none
        }
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

/// One node as the compiler makes it, before it is laid out in an image (`FlatNode`). Everybody else reads through
/// `SchemaNode`.
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
    /// The submodules that it includes, in order of inclusion.
    package var submodules: [Submodule] = []
    /// The extension statements directly in the module and its submodules, those that define something excepted
    /// (`Schema.definitions`).
    package var extensions: [ExtensionInstance]

    package struct Submodule: Hashable, Sendable {
        package var name: String
        package var revision: String?

        package init(name: String, revision: String? = nil) {
            self.name = name
            self.revision = revision
        }
    }

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

    private var flat: FlatNode {
        precondition(id.index >= 0 && Int(id.index) < schema.image.nodeCount)
        return schema.image.nodes[Int(id.index)]
    }

    private func has(_ flag: UInt8) -> Bool { flat.flags & flag != 0 }
    private var extra: NodeExtra { schema.extra(flat.extra) }

    package var kind: NodeKind { NodeKind(rawValue: flat.kind) ?? .root }
    package var name: String { schema.name(flat.name) }
    package var module: SchemaModule { schema.modules[Int(flat.module)] }
    /// Position of `module` in the schema's modules.
    package var moduleIndex: Int32 { flat.module }
    /// The name and the namespace of `module`, at a fraction of its cost.
    package var moduleName: String { schema.modules[Int(flat.module)].name }
    package var namespace: String { schema.modules[Int(flat.module)].namespace }
    package var modulePrefix: String { schema.modules[Int(flat.module)].prefix }
    /// Position among the data children of `dataParent`; -1 for choice, case and root.
    package var slot: Int { Int(flat.slot) }
    package var isConfig: Bool { has(FlatNode.Flag.config) }
    package var isMandatory: Bool { has(FlatNode.Flag.mandatory) }
    package var isPresence: Bool { has(FlatNode.Flag.presence) }
    package var isUserOrdered: Bool { has(FlatNode.Flag.userOrdered) }
    package var isKey: Bool { has(FlatNode.Flag.key) }
    package var status: NodeStatus { NodeStatus(rawValue: flat.status) ?? .current }
    package var minElements: Int { Int(extra.minElements) }
    /// `Int(UInt32.max)` means unbounded.
    package var maxElements: Int { Int(extra.maxElements) }
    package var type: ResolvedType? { flat.type < 0 ? nil : schema.type(flat.type) }
    /// Canonical default values of a leaf or leaf-list; the name of a choice's default case.
    package var defaults: [String] { extra.defaults }
    package var musts: [Constraint] { extra.musts }
    package var whens: [Constraint] { extra.whens }
    package var units: String? { extra.units }
    package var describingText: String? {
        has(FlatNode.Flag.described) ? schema.image.texts.text(Int(flat.description)) : nil
    }
    package var place: SourcePlace {
        let node = flat
        return SourcePlace(
            file: schema.image.texts.text(Int(node.file)), line: Int(node.line), column: Int(node.column))
    }
    package var extensions: [ExtensionInstance] { extra.extensions }

    /// The first instance of extension `name`, whichever of the `tailf` modules defines it.
    package func annotation(_ name: String) -> ExtensionInstance? { extra.extensions.first { $0.name == name } }

    /// The parent in the schema tree, choice and case included; nil for the root.
    package var parent: SchemaNode? { id.index == 0 ? nil : schema[NodeID(flat.parent)] }
    /// The nearest ancestor that is no choice or case; nil for the root.
    package var dataParent: SchemaNode? { id.index == 0 ? nil : schema[NodeID(flat.dataParent)] }
    /// Children in schema order, choice and case included.
    package var children: SchemaNodes { nodes(flat.childStart, flat.childCount) }
    /// Children in schema order with choice and case dissolved; the position is the child's `slot`.
    /// Actions and notifications are among them; `input` and `output` are data children of their rpc or action.
    package var dataChildren: SchemaNodes { nodes(flat.dataStart, flat.dataCount) }

    private func nodes(_ start: UInt32, _ count: UInt32) -> SchemaNodes {
        SchemaNodes(schema: schema, start: Int(start), endIndex: Int(count))
    }

    package var dataChildCount: Int { Int(flat.dataCount) }
    package func dataChild(at slot: Int) -> SchemaNode {
        let node = flat
        precondition(slot >= 0 && slot < Int(node.dataCount))
        return schema[NodeID(schema.image.children[Int(node.dataStart) + slot])]
    }

    /// The data child of that name in module `module` (a module name); without a module, in this node's own module,
    /// else the only child of that name, else the first.
    package func dataChild(named name: String, module: String? = nil) -> SchemaNode? {
        if let module {
            guard let index = schema.moduleIndex(named: module) else { return nil }
            return schema.slot(of: name, module: Int32(index), under: id).map(dataChild(at:))
        }
        if let slot = schema.slot(of: name, module: flat.module, under: id) { return dataChild(at: slot) }
        return dataChildren.first { $0.name == name }
    }

    /// The data child of that name whose module has `namespace` (a URI).
    package func dataChild(named name: String, namespace: String) -> SchemaNode? {
        schema.module(namespace: namespace).flatMap { dataChild(named: name, module: $0.name) }
    }

    package var keys: [SchemaNode] { extra.keys.map(neighbour) }
    package var uniques: [[SchemaNode]] { extra.uniques.map { $0.map(neighbour) } }

    private func neighbour(_ distance: Int32) -> SchemaNode { schema[NodeID(id.index &+ distance)] }

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
            steps.append(qualified ? "\(current.moduleName):\(current.name)" : current.name)
            node = above
        }
        return "/" + steps.reversed().joined(separator: "/")
    }
}
