package import Basics
package import YANG

/// Writes instance data as JSON (RFC 7951): `{ "data": { ... } }` indented by two spaces, as `display json` does, to a
/// sink piece by piece.
package struct JSONDataEncoder {
    private var writer: JSONWriter
    private let walk: TreeWalk
    private let options: EncodeOptions
    private var infos = EncodeInfoTable()

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
        if steps.isEmpty {
            let info = infos.info(node)
            if options.isPlain(row, in: info) { return try content(info, row, model, isMember: module != nil) }
        }
        let step = steps.first
        if let own = row.metadata?.items(of: nil), options.includesMetadata { try metadata(own, member: "@", node) }
        for item in walk.items(node, row, model) where step == nil || item.node == step?.node {
            let child = item.node
            let name = child.moduleName
            writer.key(name == module ? child.name : "\(name):\(child.name)")
            try self.item(item, model, name, step, steps.dropFirst())
            try metadata(of: item, row, name == module ? "@\(child.name)" : "@\(name):\(child.name)")
        }
    }

    /// As above, for a row without metadata; `isMember` says whether there is a node of its module around it.
    ///
    /// Leaves and other children both ascend by slot: one merge of the two.
    private mutating func content(_ info: EncodeInfo, _ row: Row, _ model: DataModel, isMember: Bool) throws {
        let leafCount = row.leafCount
        var position = 0
        for kid in row.kids {
            while position < leafCount, row.leafSlot(at: position) < Int(kid.slot) {
                try leaf(info.child(row.leafSlot(at: position)), row, position, isMember)
                position += 1
            }
            let child = info.child(Int(kid.slot))
            guard options.admits(child) else { continue }
            key(child, isMember)
            switch kid.kid {
            case .row(let inner):
                try writer.startObject()
                try nested(child, inner, model)
                try writer.endObject()
            case .entries(let entries) where child.kind == .leafList:
                try writer.startArray(inline: true)
                for entry in entries.rows { try value(child, entry, 0) }
                try writer.endArray()
                if options.includesMetadata {
                    let item = WalkItem.leafList(child.node, entries.rows.map { $0.value(at: 0) }, isDefault: false)
                    try metadata(of: item, row, memberOfMetadata(child, isMember))
                }
            case .entries(let entries):
                try writer.startArray()
                for entry in entries.rows {
                    try writer.startObject()
                    try nested(child, entry, model)
                    try writer.endObject()
                }
                try writer.endArray()
            case .mount(let tree): try item(.mount(child.node, tree), model, child.node.moduleName, nil, [])
            }
        }
        while position < leafCount {
            try leaf(info.child(row.leafSlot(at: position)), row, position, isMember)
            position += 1
        }
    }

    private mutating func nested(_ info: EncodeInfo, _ row: Row, _ model: DataModel) throws {
        if options.isPlain(row, in: info) { return try content(info, row, model, isMember: true) }
        try content(info.node, row, model, info.node.moduleName, [])
    }

    private mutating func key(_ info: EncodeInfo, _ isMember: Bool) {
        if isMember, !info.isForeign { return writer.key(quoted: info.member) }
        writer.key("\(info.node.moduleName):\(info.node.name)")
    }

    private func memberOfMetadata(_ info: EncodeInfo, _ isMember: Bool) -> String {
        isMember && !info.isForeign ? "@\(info.node.name)" : "@\(info.node.moduleName):\(info.node.name)"
    }

    private mutating func leaf(_ info: EncodeInfo, _ row: Row, _ position: Int, _ isMember: Bool) throws {
        guard options.admits(info) else { return }
        key(info, isMember)
        if info.kind == .leaf { try value(info, row, position) } else { try opaque(row.value(at: position), info.node) }
    }

    private mutating func value(_ info: EncodeInfo, _ row: Row, _ position: Int) throws {
        switch info.form {
        case .text?: try row.withValue(at: position) { bytes throws in try writer.string(bytes) }
        case .number?, .bool?: try row.withValue(at: position) { bytes throws in try writer.literal(bytes) }
        case .null?, nil: try scalar(row.value(at: position), info.node.type, info.node.schema)
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
        try scalar(value, node.type, node.schema)
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
