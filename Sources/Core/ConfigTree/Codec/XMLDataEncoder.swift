package import Basics
package import YANG

/// Writes instance data as XML (RFC 7950): indented by two spaces inside `config`, as `ncs_load` and `display xml` do,
/// to a sink piece by piece.
package struct XMLDataEncoder {
    var writer: XMLWriter
    let walk: TreeWalk
    let options: EncodeOptions
    var infos = EncodeInfoTable()

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

    /// Writes what is stored in one row into a document that somebody else began: the content of a container or entry,
    /// the input or output of an operation, a notification, a structure.
    package static func write(
        contentOf node: SchemaNode, _ row: Row, _ model: DataModel, to writer: inout XMLWriter,
        skippingKeys: Bool = false, options: EncodeOptions = EncodeOptions()
    ) throws {
        var encoder = XMLDataEncoder(options)
        swap(&encoder.writer, &writer)
        defer { swap(&encoder.writer, &writer) }
        for item in encoder.walk.items(node, row, model) where !skippingKeys || !item.node.isKey {
            try encoder.item(item, row, model)
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
                try start(child, inner)
                try encode(child, inner, model, rest)
                try writer.end()
            case .mount(let child, let tree):
                try start(child, tree.root)
                try encode(tree.model.schema.root, tree.root, tree.model, rest)
                try writer.end()
            case .list(let list, let entries) where !step.keys.isEmpty:
                guard let entry = entries.entry(step.keys) else { return }
                try start(list, entry)
                if let next = rest.first, !next.node.isKey {
                    for (key, value) in zip(list.keys, step.keys) { try leaf(key, value) }
                }
                try encode(list, entry, model, rest)
                try writer.end()
            case .leafList(let list, let values, let isDefault) where !step.keys.isEmpty:
                for value in values where value == step.keys[0] { try leafListEntry(list, value, row, isDefault) }
            default: try self.item(item, row, model)
            }
        }
    }

    // MARK: Content

    private mutating func content(_ node: SchemaNode, _ row: Row, _ model: DataModel) throws {
        try content(infos.info(node), row, model)
    }

    /// Leaves and other children both ascend by slot: one merge of the two.
    mutating func content(_ info: EncodeInfo, _ row: Row, _ model: DataModel) throws {
        guard options.isPlain(row, in: info) else {
            for item in walk.items(info.node, row, model) { try self.item(item, row, model) }
            return
        }
        let leafCount = row.leafCount
        var position = 0
        for kid in row.kids {
            while position < leafCount, row.leafSlot(at: position) < Int(kid.slot) {
                try leaf(info.child(row.leafSlot(at: position)), row, position)
                position += 1
            }
            let child = info.child(Int(kid.slot))
            if options.admits(child) { try plain(kid.kid, child, row, model) }
        }
        while position < leafCount {
            try leaf(info.child(row.leafSlot(at: position)), row, position)
            position += 1
        }
    }

    /// The leaf at a position of a row without metadata.
    mutating func leaf(_ info: EncodeInfo, _ row: Row, _ position: Int) throws {
        guard options.admits(info) else { return }
        if info.hasPlainText, !info.isForeign {
            return try row.withValue(at: position) { bytes throws in try writer.leaf(info.tag, text: bytes) }
        }
        if info.kind == .leaf { return try leaf(info.node, row.value(at: position)) }
        try opaque(info.node, row.value(at: position), row)
    }

    private mutating func plain(_ kid: Kid, _ info: EncodeInfo, _ parent: Row, _ model: DataModel) throws {
        switch kid {
        case .row(let row):
            try start(info, row)
            try content(info, row, model)
            try writer.end()
        case .mount(let tree): try item(.mount(info.node, tree), parent, model)
        case .entries(let entries) where info.kind == .leafList:
            if info.hasPlainText, !info.isForeign, !options.includesMetadata {
                for row in entries.rows {
                    try row.withValue(at: 0) { bytes throws in try writer.leaf(info.tag, text: bytes) }
                }
            } else {
                for row in entries.rows { try leafListEntry(info.node, row.value(at: 0), parent, false) }
            }
        case .entries(let entries):
            for row in entries.rows {
                try start(info, row)
                try content(info, row, model)
                try writer.end()
            }
        }
    }

    mutating func start(_ info: EncodeInfo, _ row: Row) throws {
        if !info.isForeign, !options.includesMetadata || row.metadata == nil { return try writer.start(info.tag) }
        try start(info.node, row)
    }

    mutating func item(_ item: WalkItem, _ parent: Row, _ model: DataModel) throws {
        switch item {
        case .leaf(let node, let value, let isDefault):
            try leaf(node, value, isDefault: isDefault, metadata(parent, of: node.slot))
        case .leafList(let node, let values, let isDefault):
            for value in values { try leafListEntry(node, value, parent, isDefault) }
        case .container(let node, let row):
            try start(node, row)
            try content(node, row, model)
            try writer.end()
        case .list(let node, let entries):
            for row in entries.rows {
                try start(node, row)
                try content(node, row, model)
                try writer.end()
            }
        case .mount(let node, let tree):
            try start(node, tree.root)
            try content(tree.model.schema.root, tree.root, tree.model)
            try writer.end()
        case .opaque(let node, let text): try opaque(node, text, parent)
        }
    }

    private mutating func opaque(_ node: SchemaNode, _ text: String, _ parent: Row) throws {
        let (prefixes, attributes) = XMLMetadata.attributes(metadata(parent, of: node.slot), node.schema)
        try writer.start(node.name, namespace: node.namespace, prefixes: prefixes, attributes: attributes)
        writer.raw(text)
        try writer.end()
    }

    private func metadata(_ row: Row?, of slot: Int? = nil) -> [RowMetadata.Item] {
        options.includesMetadata ? row?.metadata?.items(of: slot) ?? [] : []
    }

    mutating func start(_ node: SchemaNode, _ row: Row) throws {
        let items = metadata(row)
        guard !items.isEmpty else { return try writer.start(node.name, namespace: node.namespace) }
        let (prefixes, attributes) = XMLMetadata.attributes(items, node.schema)
        try writer.start(node.name, namespace: node.namespace, prefixes: prefixes, attributes: attributes)
    }

    mutating func leafListEntry(
        _ node: SchemaNode, _ value: String, _ parent: Row, _ isDefault: Bool
    ) throws {
        let row = options.includesMetadata ? parent.entries(in: node.slot)?.entry([value]) : nil
        try leaf(node, value, isDefault: isDefault, metadata(row))
    }

    private mutating func leaf(
        _ node: SchemaNode, _ value: String, isDefault: Bool = false, _ metadata: [RowMetadata.Item] = []
    ) throws {
        var (text, prefixes) = XMLValue.text(value, of: node)
        var attributes: [(name: String, value: String)] = []
        if !metadata.isEmpty {
            let more = XMLMetadata.attributes(metadata, node.schema)
            prefixes += more.prefixes.filter { new in !prefixes.contains { $0.prefix == new.prefix } }
            attributes = more.attributes
        }
        if isDefault, options.defaults == .allTagged {
            prefixes.append(("wd", Namespace.withDefaults))
            attributes.append(("wd:default", "true"))
        }
        try writer.leaf(
            node.name, namespace: node.namespace, prefixes: prefixes, attributes: attributes, text: text)
    }
}

/// Metadata as attributes of XML: prefixed and declared, those of NSO's documents bare.
enum XMLMetadata {
    static func attributes(
        _ items: [RowMetadata.Item], _ schema: Schema
    ) -> (prefixes: XMLValue.Prefixes, attributes: [(name: String, value: String)]) {
        var prefixes: XMLValue.Prefixes = []
        var attributes: [(name: String, value: String)] = []
        for item in items {
            let parts = item.name.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            if let module = schema.module(named: parts[0]) {
                if !prefixes.contains(where: { $0.prefix == module.prefix }) {
                    prefixes.append((module.prefix, module.namespace))
                }
                attributes.append(("\(module.prefix):\(parts[1])", item.value))
            } else if parts[0] == TreeDecoder.wellKnownModule {
                attributes.append((parts[1], item.value))
            }
        }
        return (prefixes, attributes)
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
        case .string where type.isExpression: return expression(value, schema)
        case .leafref, .union:
            switch type.actual(for: value, in: schema).base {
            case .identityref: return identity(value, schema)
            case .instanceIdentifier: return path(value, schema)
            default: return (value, [])
            }
        default: return (value, [])
        }
    }

    private static func expression(_ value: String, _ schema: Schema) -> (String, Prefixes) {
        var prefixes: Prefixes = []
        let text = XPathNames.renamed(value) { name in
            guard let module = schema.module(named: name) else { return nil }
            if !prefixes.contains(where: { $0.prefix == module.prefix }) {
                prefixes.append((module.prefix, module.namespace))
            }
            return module.prefix
        }
        return (text, prefixes)
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
