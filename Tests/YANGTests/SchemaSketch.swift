import Basics

@testable import YANG

/// A schema drawn by hand, for tests of what works over schemas without reading YANG.
struct Sketch {
    var kind: NodeKind
    var name: String
    var children: [Sketch] = []
    var type: ResolvedType?
    var keys: [String] = []
    var uniques: [[String]] = []
    var musts: [String] = []
    var whens: [String] = []
    var defaults: [String] = []
    var isMandatory = false
    var isPresence = false
    var isUserOrdered = false
    var minElements: UInt32 = 0
    var maxElements: UInt32 = .max

    static func leaf(
        _ name: String, _ type: ResolvedType = ResolvedType(base: .string), _ edit: (inout Sketch) -> Void = { _ in }
    ) -> Sketch {
        var sketch = Sketch(kind: .leaf, name: name, type: type)
        edit(&sketch)
        return sketch
    }

    static func node(
        _ kind: NodeKind, _ name: String, _ children: [Sketch], _ edit: (inout Sketch) -> Void = { _ in }
    ) -> Sketch {
        var sketch = Sketch(kind: kind, name: name, children: children)
        edit(&sketch)
        return sketch
    }

    static func list(
        _ name: String, key: String, _ children: [Sketch], _ edit: (inout Sketch) -> Void = { _ in }
    ) -> Sketch {
        var sketch = Sketch(kind: .list, name: name, children: children)
        sketch.keys = key.split(separator: " ").map(String.init)
        edit(&sketch)
        return sketch
    }

    static func leafref(_ path: String, requireInstance: Bool = true) -> ResolvedType {
        var type = ResolvedType(base: .leafref)
        type.leafrefSource = path
        type.requireInstance = requireInstance
        return type
    }
}

/// Lays a sketch out as the compiler would.
struct SketchBuilder {
    private var records = ContiguousArray<NodeRecord>()
    private var table = ContiguousArray<NodeID>()
    private var types = ContiguousArray<ResolvedType>()
    private var sketches: [Sketch] = []

    static let place = SourcePlace(file: "sketch.yang")

    static func schema(_ children: [Sketch], identities: IdentityTable = IdentityTable()) throws -> Schema {
        var builder = SketchBuilder()
        builder.add(Sketch(kind: .root, name: "", children: children), parent: NodeID(0), dataParent: NodeID(0))
        builder.layChildren(0)
        for index in builder.records.indices { builder.bind(index) }
        try builder.bindExpressions()
        return Schema(
            modules: [SchemaModule(name: "m", namespace: "urn:m", prefix: "p")], records: builder.records,
            childTable: builder.table, types: builder.types, identities: identities, diagnostics: [])
    }

    private mutating func add(_ sketch: Sketch, parent: NodeID, dataParent: NodeID) {
        var record = NodeRecord(
            id: NodeID(Int32(records.count)), parent: parent, dataParent: dataParent, kind: sketch.kind,
            name: sketch.name, module: 0, place: Self.place)
        record.isMandatory = sketch.isMandatory
        record.isPresence = sketch.isPresence
        record.isUserOrdered = sketch.isUserOrdered
        record.minElements = sketch.minElements
        record.maxElements = sketch.maxElements
        record.defaults = sketch.defaults
        if let type = sketch.type {
            record.type = Int32(types.count)
            types.append(type)
        }
        records.append(record)
        sketches.append(sketch)
    }

    private mutating func layChildren(_ index: Int) {
        let record = records[index]
        let dataParent = record.kind == .choice || record.kind == .case ? record.dataParent : record.id
        var ids: [NodeID] = []
        for child in sketches[index].children {
            ids.append(NodeID(Int32(records.count)))
            add(child, parent: record.id, dataParent: dataParent)
            layChildren(Int(ids[ids.count - 1].index))
        }
        records[index].children = append(ids)
        guard record.kind != .choice, record.kind != .case else { return }
        let data = ids.flatMap { dissolved($0) }
        records[index].dataChildren = append(data)
        for (slot, id) in data.enumerated() { records[Int(id.index)].slot = Int32(slot) }
    }

    private mutating func append(_ ids: [NodeID]) -> Range<Int32> {
        let start = Int32(table.count)
        table += ids
        return start..<Int32(table.count)
    }

    private func dissolved(_ id: NodeID) -> [NodeID] {
        let record = records[Int(id.index)]
        guard record.kind == .choice || record.kind == .case else { return [id] }
        return record.children.flatMap { dissolved(table[Int($0)]) }
    }

    private func child(_ name: String, of index: Int) -> NodeID? {
        records[index].dataChildren.map { table[Int($0)] }.first { records[Int($0.index)].name == name }
    }

    private mutating func bind(_ index: Int) {
        let sketch = sketches[index]
        records[index].keys = sketch.keys.compactMap { child($0, of: index) }
        for key in records[index].keys { records[Int(key.index)].isKey = true }
        records[index].uniques = sketch.uniques.map { paths in
            paths.compactMap { path in
                path.split(separator: "/").reduce(NodeID(Int32(index))) { node, name in
                    node.flatMap { child(String(name), of: Int($0.index)) }
                }
            }
        }
    }

    static func parse(_ text: String) throws -> XPathExpression {
        try XPathParser.parse(text, moduleForPrefix: { $0 == "p" || $0 == "m" ? "m" : nil }, defaultModule: "m")
    }

    private mutating func bindExpressions() throws {
        for index in records.indices {
            let constraint = { (text: String) throws in
                Constraint(expression: try Self.parse(text), source: text, place: Self.place)
            }
            records[index].musts = try sketches[index].musts.map(constraint)
            records[index].whens = try sketches[index].whens.map(constraint)
            guard records[index].type >= 0 else { continue }
            let type = Int(records[index].type)
            guard let path = types[type].leafrefSource else { continue }
            types[type].leafref = try Self.parse(path)
            types[type].leafrefTarget = target(path, from: index)
        }
    }

    private func target(_ path: String, from index: Int) -> NodeID? {
        var node = path.hasPrefix("/") ? NodeID(0) : NodeID(Int32(index))
        var depth = 0
        var plain = ""
        for character in path {
            if character == "[" { depth += 1 }
            if depth == 0 { plain.append(character) }
            if character == "]" { depth -= 1 }
        }
        for name in plain.split(separator: "/") {
            if name == ".." {
                node = records[Int(node.index)].dataParent
            } else if let next = child(String(name), of: Int(node.index)) {
                node = next
            } else {
                return nil
            }
        }
        return node
    }
}
