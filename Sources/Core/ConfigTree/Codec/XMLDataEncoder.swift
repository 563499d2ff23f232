package import Basics
import YANG

/// Writes instance data as XML (RFC 7950): indented by two spaces inside `config`, as `ncs_load` and `display xml` do,
/// to a sink piece by piece.
package struct XMLDataEncoder {
    private var writer: XMLWriter
    private let walk: TreeWalk
    private let options: EncodeOptions

    /// Without a sink the bytes gather in memory.
    package init(_ options: EncodeOptions = EncodeOptions(), sink: ByteOutput.Sink? = nil) {
        self.options = options
        walk = TreeWalk(options: options)
        writer = XMLWriter(pretty: options.isPretty, sink: sink)
    }

    /// The document of a whole tree.
    package static func bytes(_ tree: DataTree, _ options: EncodeOptions = EncodeOptions()) -> [UInt8] {
        var encoder = XMLDataEncoder(options)
        // Nothing throws without a sink.
        try? encoder.encode(tree)
        return encoder.writer.output.bytes
    }

    /// Writes a whole document: everything, or what is at and below `path` with the parents and keys around it.
    package mutating func encode(_ tree: DataTree, at path: InstancePath = InstancePath()) throws {
        if options.isWrapped { try writer.start("config", namespace: Namespace.config) }
        try encode(tree.model.schema.root, tree.root, tree.model, path.steps[...])
        try writer.finish()
    }

    /// Writes the children of the tree's root into a document that somebody else began.
    package static func write(
        _ tree: DataTree, to writer: inout XMLWriter, _ options: EncodeOptions = EncodeOptions()
    ) throws {
        var encoder = XMLDataEncoder(options)
        swap(&encoder.writer, &writer)
        defer { swap(&encoder.writer, &writer) }
        try encoder.content(tree.model.schema.root, tree.root, tree.model)
    }

    /// Writes what is stored in one row into a document that somebody else began.
    static func write(
        contentOf node: SchemaNode, _ row: Row, _ model: DataModel, to writer: inout XMLWriter,
        skippingKeys: Bool = false
    ) throws {
        var encoder = XMLDataEncoder()
        swap(&encoder.writer, &writer)
        defer { swap(&encoder.writer, &writer) }
        for item in encoder.walk.items(node, row, model) where !skippingKeys || !item.node.isKey {
            try encoder.item(item, model)
        }
    }

    // MARK: Along a path

    private mutating func encode(
        _ node: SchemaNode, _ row: Row, _ model: DataModel, _ steps: ArraySlice<InstancePath.Step>
    ) throws {
        guard let step = steps.first else { return try content(node, row, model) }
        let rest = steps.dropFirst()
        for item in walk.items(node, row, model) where item.node == step.node {
            switch item {
            case .container(let child, let inner):
                try start(child)
                try encode(child, inner, model, rest)
                try writer.end()
            case .mount(let child, let tree):
                try start(child)
                try encode(tree.model.schema.root, tree.root, tree.model, rest)
                try writer.end()
            case .list(let list, let entries) where !step.keys.isEmpty:
                guard let entry = entries.entry(step.keys) else { return }
                try start(list)
                if let next = rest.first, !next.node.isKey {
                    for (key, value) in zip(list.keys, step.keys) { try leaf(key, value, model) }
                }
                try encode(list, entry, model, rest)
                try writer.end()
            case .leafList(let list, let values) where !step.keys.isEmpty:
                for value in values where value == step.keys[0] { try leaf(list, value, model) }
            default: try self.item(item, model)
            }
        }
    }

    // MARK: Content

    private mutating func content(_ node: SchemaNode, _ row: Row, _ model: DataModel) throws {
        for item in walk.items(node, row, model) { try self.item(item, model) }
    }

    private mutating func item(_ item: WalkItem, _ model: DataModel) throws {
        switch item {
        case .leaf(let node, let value): try leaf(node, value, model)
        case .leafList(let node, let values): for value in values { try leaf(node, value, model) }
        case .container(let node, let row):
            try start(node)
            try content(node, row, model)
            try writer.end()
        case .list(let node, let entries):
            for row in entries.rows {
                try start(node)
                try content(node, row, model)
                try writer.end()
            }
        case .mount(let node, let tree):
            try start(node)
            try content(tree.model.schema.root, tree.root, tree.model)
            try writer.end()
        case .opaque(let node, let text):
            try start(node)
            writer.raw(text)
            try writer.end()
        }
    }

    private mutating func start(_ node: SchemaNode) throws {
        try writer.start(node.name, namespace: node.module.namespace)
    }

    private mutating func leaf(_ node: SchemaNode, _ value: String, _ model: DataModel) throws {
        let (text, prefixes) = XMLValue.text(value, of: node)
        try writer.leaf(node.name, namespace: node.module.namespace, prefixes: prefixes, text: text)
    }
}

/// Canonical values as XML writes them: names of identities and paths with prefixes that are declared there.
enum XMLValue {
    typealias Prefixes = [(prefix: String, uri: String)]

    static func text(_ value: String, of node: SchemaNode) -> (String, Prefixes) {
        guard let type = node.type, value.utf8.contains(UInt8(ascii: ":")) else { return (value, []) }
        let schema = node.schema
        switch type.base {
        case .identityref: return identity(value, schema)
        case .instanceIdentifier: return path(value, schema)
        case .leafref, .union:
            switch type.actual(for: value, in: schema).base {
            case .identityref: return identity(value, schema)
            case .instanceIdentifier: return path(value, schema)
            default: return (value, [])
            }
        default: return (value, [])
        }
    }

    private static func identity(_ value: String, _ schema: Schema) -> (String, Prefixes) {
        let parts = value.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let module = schema.module(named: String(parts[0])) else { return (value, []) }
        return ("\(module.prefix):\(parts[1])", [(module.prefix, module.namespace)])
    }

    /// `/module:a/b[k='v']` with a prefix at each name: XML has no default for them (RFC 7950 section 9.13.2). A module
    /// that the schema does not know, such as one of a mounted schema, keeps its name as its prefix.
    private static func path(_ value: String, _ schema: Schema) -> (String, Prefixes) {
        var text = ""
        var prefixes: Prefixes = []
        var current: Substring?
        func qualified(_ name: Substring, inKey: Bool) -> String {
            let parts = name.split(separator: ":", maxSplits: 1)
            guard let own = parts.count == 2 ? parts[0] : current, name != "." else { return String(name) }
            if !inKey { current = own }
            guard let module = schema.module(named: String(own)) else { return "\(own):\(parts[parts.count - 1])" }
            var prefix = module.prefix
            if let other = prefixes.first(where: { $0.prefix == prefix }), other.uri != module.namespace {
                prefix = module.name
            }
            if !prefixes.contains(where: { $0.prefix == prefix }) { prefixes.append((prefix, module.namespace)) }
            return "\(prefix):\(parts[parts.count - 1])"
        }
        var rest = value[...]
        while let sign = rest.first {
            switch sign {
            case "/", "[":
                rest.removeFirst()
                let name = rest.prefix { !"/[]=".contains($0) }
                rest = rest[name.endIndex...]
                let isPosition = name.allSatisfy(\.isNumber)
                text += String(sign) + (isPosition ? String(name) : qualified(name, inKey: sign == "["))
            case "'", "\"":
                let literal = rest.dropFirst().prefix { $0 != sign }
                text += "\(sign)\(literal)\(sign)"
                rest = rest[literal.endIndex...].dropFirst()
            default:
                text.append(sign)
                rest.removeFirst()
            }
        }
        return (text, prefixes)
    }
}
