package import Basics
import YANG

/// Writes instance data as JSON (RFC 7951): `{ "data": { ... } }` indented by two spaces, as `display json` does, to a
/// sink piece by piece.
package struct JSONDataEncoder {
    private var writer: JSONWriter
    private let walk: TreeWalk
    private let options: EncodeOptions

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
        for item in walk.items(node, row, model) where step == nil || item.node == step?.node {
            let child = item.node
            let name = child.module.name
            writer.key(name == module ? child.name : "\(name):\(child.name)")
            try self.item(item, model, name, step, steps.dropFirst())
        }
    }

    private mutating func item(
        _ item: WalkItem, _ model: DataModel, _ module: String, _ step: InstancePath.Step?,
        _ rest: ArraySlice<InstancePath.Step>
    ) throws {
        switch item {
        case .leaf(let node, let value): try scalar(value, node)
        case .leafList(let node, let values):
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
        case .opaque(_, let text): try opaque(text)
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
        guard let type = node.type else { return try writer.string(value) }
        switch type.actual(for: value, in: node.schema).base {
        case .int8, .int16, .int32, .uint8, .uint16, .uint32: try writer.number(value)
        case .boolean: try writer.bool(value == "true")
        case .empty:
            try writer.startArray(inline: true)
            try writer.null()
            try writer.endArray()
        default: try writer.string(value)
        }
    }

    /// The content of an anydata node, which is kept as XML: elements as members, repeated ones as arrays.
    private mutating func opaque(_ text: String) throws {
        let document = Array("<a>\(text)</a>".utf8)
        guard let element = try? XMLElement.parse(document, file: "") else { return try writer.string(text) }
        try JSONDataEncoder.value(of: element).write(to: &writer)
    }

    private static func value(of element: XMLElement) -> JSONValue {
        guard !element.children.isEmpty else { return .string(element.text) }
        var object = JSONObject()
        for child in element.children {
            let value = value(of: child)
            switch object[child.name] {
            case nil: object[child.name] = value
            case .array(let earlier)?: object[child.name] = .array(earlier + [value])
            case let earlier?: object[child.name] = .array([earlier, value])
            }
        }
        return .object(object)
    }
}
