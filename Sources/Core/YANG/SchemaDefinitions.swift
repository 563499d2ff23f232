package import Basics

/// What a module set defines beside its data tree: structures, metadata annotations, and extension statements that
/// stand on no node.
package struct SchemaDefinitions: Sendable {
    /// In the order of the modules.
    package var structures: [SchemaStructure]
    package var metadataAnnotations: [MetadataAnnotation]
    /// By a node that a `uses` brought directly: the extension statements in the `uses` and in its grouping, the
    /// innermost first. They say something about all nodes that came together, so they are not the nodes' own.
    package var originExtensions: [NodeID: [ExtensionInstance]]
    /// What `vendor` policy gave up at each node, a sentence each.
    package var degradations: [NodeID: [String]]

    package init(
        structures: [SchemaStructure] = [], metadataAnnotations: [MetadataAnnotation] = [],
        originExtensions: [NodeID: [ExtensionInstance]] = [:], degradations: [NodeID: [String]] = [:]
    ) {
        self.structures = structures
        self.metadataAnnotations = metadataAnnotations
        self.originExtensions = originExtensions
        self.degradations = degradations
    }
}

/// A tree that is no part of any datastore: `sx:structure` (RFC 8791) or `rc:yang-data` (RFC 8040 section 8).
///
/// Its node is a container, `config false` with all below it, whose parent is the schema's root without being one of
/// the root's children. A structure is encoded as that container; of `yang-data`, whose name is never encoded, what
/// lies in the container.
package struct SchemaStructure: Hashable, Sendable {
    package enum Kind: UInt8, Sendable { case structure, yangData }

    package var kind: Kind
    package var name: String
    /// The name of the module that defines it.
    package var module: String
    package var root: NodeID

    package init(kind: Kind, name: String, module: String, root: NodeID) {
        self.kind = kind
        self.name = name
        self.module = module
        self.root = root
    }
}

/// An `md:annotation` (RFC 7952): metadata that instances of any node may bear.
package struct MetadataAnnotation: Sendable {
    package var name: String
    /// The name of the module that defines it.
    package var module: String
    package var type: ResolvedType
    package var units: String?
    package var status: NodeStatus
    package var description: String?
    package var place: SourcePlace

    package init(
        name: String, module: String, type: ResolvedType, units: String? = nil, status: NodeStatus = .current,
        description: String? = nil, place: SourcePlace
    ) {
        self.name = name
        self.module = module
        self.type = type
        self.units = units
        self.status = status
        self.description = description
        self.place = place
    }
}

extension Schema {
    package var structures: [SchemaStructure] { definitions.structures }
    package var metadataAnnotations: [MetadataAnnotation] { definitions.metadataAnnotations }

    /// The container of a structure, whose children are its content.
    package func structure(named name: String, module: String) -> SchemaNode? {
        definitions.structures.first { $0.name == name && $0.module == module }.map { self[$0.root] }
    }

    package func metadataAnnotation(named name: String, module: String) -> MetadataAnnotation? {
        definitions.metadataAnnotations.first { $0.name == name && $0.module == module }
    }

    /// The annotation of that name whose module has `namespace` (a URI).
    package func metadataAnnotation(named name: String, namespace: String) -> MetadataAnnotation? {
        module(namespace: namespace).flatMap { metadataAnnotation(named: name, module: $0.name) }
    }
}

extension SchemaNode {
    /// The label of the mount point that the container or list is (RFC 8528 section 3.1).
    package var mountLabel: String? {
        extensions.first { $0.name == "mount-point" && $0.module == "ietf-yang-schema-mount" }?.argument
    }

    /// The extension statements of the `uses` that brought the node and of its grouping, the innermost first.
    package var originExtensions: [ExtensionInstance] { schema.definitions.originExtensions[id] ?? [] }

    /// What `vendor` policy gave up at this node to load the set, a sentence each.
    package var degradations: [String] { schema.definitions.degradations[id] ?? [] }

    /// The structure that the node is the container of.
    package var structure: SchemaStructure? { schema.structures.first { $0.root == id } }
}
