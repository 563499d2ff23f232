package import Basics
package import YANG

/// Writes instance data as JSON (RFC 7951): `{ "data": { ... } }` indented by two spaces, as `display json` does, to a
/// sink piece by piece.
package struct JSONDataEncoder {
    private var writer: JSONWriter
    private let walk: TreeWalk
    private let options: EncodeOptions
    /// How JSON writes the values of nodes that have one way: asked once.
    private var plainForms: [SchemaNode: ValueForm] = [:]

    /// Without a sink the bytes gather in memory.
    package init(_ options: EncodeOptions = EncodeOptions(), sink: ByteOutput.Sink? = nil) {
        self.options = options
        walk = TreeWalk(options: options)
        writer = JSONWriter(pretty: options.isPretty, sink: sink)
    }

    /// The document of a whole tree.
    package static func bytes(_ tree: DataTree, _ options: EncodeOptions = EncodeOptions()) -> [UInt8] {
        var encoder = JSONDataEncoder(options)
        // Nothing throws without a sink.
        try? encoder.encode(tree)
        return encoder.writer.output.bytes
    }

    /// Writes a whole document: everything, or what is at and below `path` with the parents and keys around it.
    package mutating func encode(_ tree: DataTree, at path: InstancePath = InstancePath()) throws {
        try writer.startObject()
        if options.isWrapped {
            writer.key("data")
            try writer.startObject()
        }
        try content(tree.model.schema.root, tree.root, tree.model, nil, path.steps[...])
        if options.isWrapped { try writer.endObject() }
        try writer.endObject()
        try writer.finish()
    }

    /// Members of an object; `module` is that of the node around it.
    private mutating func content(
        _ node: SchemaNode, _ row: Row, _ model: DataModel, _ module: String?, _ steps: ArraySlice<InstancePath.Step>
    ) throws {
        let step = steps.first
        if let own = row.metadata?.items(of: nil), options.includesMetadata { try metadata(own, member: "@", node) }
        for item in walk.items(node, row, model) where step == nil || item.node == step?.node {
            let child = item.node
            let name = child.module.name
            writer.key(name == module ? child.name : "\(name):\(child.name)")
            try self.item(item, model, name, step, steps.dropFirst())
            try metadata(of: item, row, name == module ? "@\(child.name)" : "@\(name):\(child.name)")
        }
    }

    // MARK: Metadata

    /// The member that speaks of the leaf or leaf-list before it (RFC 7952 section 5.2).
    private mutating func metadata(of item: WalkItem, _ row: Row, _ member: String) throws {
        switch item {
        case .leaf(let node, _, let isDefault):
            let isTagged = isDefault && options.defaults == .allTagged
            let items = options.includesMetadata ? row.metadata?.items(of: node.slot) ?? [] : []
            try metadata(items + (isTagged ? [Self.defaultTag] : []), member: member, node)
        case .opaque(let node, _) where options.includesMetadata:
            try metadata(row.metadata?.items(of: node.slot) ?? [], member: member, node)
        case .leafList(let node, let values, let isDefault):
            let entries = options.includesMetadata ? row.entries(in: node.slot) : nil
            let isTagged = isDefault && options.defaults == .allTagged
            let lists = values.map { value in
                (entries?.entry([value])?.metadata?.items ?? []) + (isTagged ? [Self.defaultTag] : [])
            }
            guard lists.contains(where: { !$0.isEmpty }) else { return }
            writer.key(member)
            try writer.startArray()
            for items in lists {
                if items.isEmpty { try writer.null() } else { try metadataObject(items, node) }
            }
            try writer.endArray()
        default: break
        }
    }

    private static let defaultTag = RowMetadata.Item(name: "\(TreeDecoder.defaultsModule):default", value: "true")

    private mutating func metadata(_ items: [RowMetadata.Item], member: String, _ node: SchemaNode) throws {
        guard !items.isEmpty else { return }
        writer.key(member)
        try metadataObject(items, node)
    }

    private mutating func metadataObject(_ items: [RowMetadata.Item], _ node: SchemaNode) throws {
        try writer.startObject()
        for item in items {
            writer.key(item.name)
            let parts = item.name.split(separator: ":", maxSplits: 1).map(String.init)
            let type = parts.count == 2 ? node.schema.metadataAnnotation(named: parts[1], module: parts[0])?.type : nil
            if item == Self.defaultTag {
                try writer.bool(true)
            } else {
                try scalar(item.value, type, node.schema)
            }
        }
        try writer.endObject()
    }

    private mutating func item(
        _ item: WalkItem, _ model: DataModel, _ module: String, _ step: InstancePath.Step?,
        _ rest: ArraySlice<InstancePath.Step>
    ) throws {
        switch item {
        case .leaf(let node, let value, _): try scalar(value, node)
        case .leafList(let node, let values, _):
            try writer.startArray(inline: true)
            for value in values where step == nil || step!.keys.isEmpty || step!.keys[0] == value {
                try scalar(value, node)
            }
            try writer.endArray()
        case .container(let node, let row):
            try writer.startObject()
            try content(node, row, model, module, rest)
            try writer.endObject()
        case .mount(_, let tree):
            try writer.startObject()
            try content(tree.model.schema.root, tree.root, tree.model, module, rest)
            try writer.endObject()
        case .list(let node, let entries):
            try list(node, entries, model, module, step?.keys ?? [], rest)
        case .opaque(let node, let text): try opaque(text, node)
        }
    }

    private mutating func list(
        _ node: SchemaNode, _ entries: Entries, _ model: DataModel, _ module: String, _ keys: [String],
        _ rest: ArraySlice<InstancePath.Step>
    ) throws {
        try writer.startArray()
        if keys.isEmpty {
            for row in entries.rows { try entry(node, row, model, module, rest) }
        } else if let row = entries.entry(keys) {
            try entry(node, row, model, module, rest)
        }
        try writer.endArray()
    }

    private mutating func entry(
        _ node: SchemaNode, _ row: Row, _ model: DataModel, _ module: String, _ rest: ArraySlice<InstancePath.Step>
    ) throws {
        try writer.startObject()
        if let next = rest.first, !next.node.isKey {
            for key in node.keys {
                writer.key(key.name)
                try scalar(row.value(in: key.slot) ?? "", key)
            }
        }
        try content(node, row, model, module, rest)
        try writer.endObject()
    }

    /// A canonical value in the form of RFC 7951 section 6.
    private mutating func scalar(_ value: String, _ node: SchemaNode) throws {
        switch plainForms[node] {
        case .text?: return try writer.string(value)
        case .number?: return try writer.number(value)
        case .bool?: return try writer.bool(value == "true")
        case .null?, nil: break
        }
        let type = node.type
        let forms = type?.jsonForms { node.schema[$0].type } ?? [.text]
        if forms.count == 1, let form = forms.first { plainForms[node] = form }
        try scalar(value, type, node.schema)
    }

    private mutating func scalar(_ value: String, _ type: ResolvedType?, _ schema: Schema) throws {
        guard let type else { return try writer.string(value) }
        switch type.actual(for: value, in: schema).base {
        case .int8, .int16, .int32, .uint8, .uint16, .uint32: try writer.number(value)
        case .boolean: try writer.bool(value == "true")
        case .empty:
            try writer.startArray(inline: true)
            try writer.null()
            try writer.endArray()
        default: try writer.string(value)
        }
    }

    /// The content of an anydata node, which is kept as XML (the rule: `OpaqueWriter`).
    private mutating func opaque(_ text: String, _ node: SchemaNode) throws {
        let document = Array("<a>\(text)</a>".utf8)
        guard let element = try? XMLElement.parse(document, file: "") else { return try writer.string(text) }
        // An anydata without content is still an object (RFC 7951 section 5.5).
        if element.children.isEmpty, element.text.isEmpty, node.kind == .anydata {
            try writer.startObject()
            return try writer.endObject()
        }
        try JSONDataEncoder.value(of: element, in: "", node.schema).write(to: &writer)
    }

    private static func value(of element: XMLElement, in namespace: String, _ schema: Schema) -> JSONValue {
        guard !element.children.isEmpty else { return .string(element.text) }
        var object = JSONObject()
        for child in element.children {
            let module = child.namespace == namespace ? nil : schema.module(namespace: child.namespace)?.name
            let name = module.map { "\($0):\(child.name)" } ?? child.name
            let value = value(of: child, in: child.namespace, schema)
            switch object[name] {
            case nil: object[name] = value
            case .array(let earlier)?: object[name] = .array(earlier + [value])
            case let earlier?: object[name] = .array([earlier, value])
            }
        }
        return .object(object)
    }

    /// The content of one row as a document of its own: an object with one member, or with the members of the row.
    package static func bytes(
        contentOf node: SchemaNode, _ row: Row, _ model: DataModel, member: String? = nil,
        options: EncodeOptions = EncodeOptions(content: .all)
    ) -> [UInt8] {
        var encoder = JSONDataEncoder(options)
        // Nothing throws without a sink.
        try? encoder.writer.startObject()
        if let member {
            encoder.writer.key(member)
            try? encoder.writer.startObject()
        }
        let module = node.kind == .root ? nil : node.module.name
        try? encoder.content(node, row, model, member == nil ? nil : module, [])
        if member != nil { try? encoder.writer.endObject() }
        try? encoder.writer.endObject()
        try? encoder.writer.finish()
        return encoder.writer.output.bytes
    }
}
