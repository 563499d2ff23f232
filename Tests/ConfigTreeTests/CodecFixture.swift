import Basics
import ConfigTree

@testable import YANG

/// A node of a schema written by hand.
struct TestNode {
    var kind: NodeKind
    var name: String
    var type: ResolvedType?
    var keys: [String] = []
    var isConfig = true
    var isPresence = false
    var isUserOrdered = false
    var defaults: [String] = []
    var children: [TestNode] = []

    static func leaf(_ name: String, _ type: ResolvedType = .init(base: .string), default: String? = nil) -> TestNode {
        TestNode(kind: .leaf, name: name, type: type, defaults: `default`.map { [$0] } ?? [])
    }
    static func state(_ name: String) -> TestNode {
        TestNode(kind: .leaf, name: name, type: ResolvedType(base: .string), isConfig: false)
    }
    static func leafList(_ name: String, userOrdered: Bool = false) -> TestNode {
        TestNode(kind: .leafList, name: name, type: ResolvedType(base: .string), isUserOrdered: userOrdered)
    }
    static func container(_ name: String, presence: Bool = false, _ children: [TestNode]) -> TestNode {
        TestNode(kind: .container, name: name, isPresence: presence, children: children)
    }
    static func list(_ name: String, _ keys: [String], userOrdered: Bool = false, _ children: [TestNode]) -> TestNode {
        TestNode(kind: .list, name: name, keys: keys, isUserOrdered: userOrdered, children: children)
    }
}

/// Lays nodes of one module out as a schema image.
struct TestSchema {
    private var records: ContiguousArray<NodeRecord> = []
    private var types: ContiguousArray<ResolvedType> = []

    static func make(_ modules: [SchemaModule], _ top: [TestNode], identities: IdentityTable = .init()) -> Schema {
        var builder = TestSchema()
        _ = builder.add(TestNode(kind: .root, name: "", children: top), parent: 0, dataParent: 0, isConfig: true)
        var table: ContiguousArray<NodeID> = []
        for index in builder.records.indices {
            let record = builder.records[index]
            let children = builder.records.indices.filter {
                $0 != 0 && builder.records[$0].parent == record.id
            }
            let data = builder.records.indices.filter {
                let kind = builder.records[$0].kind
                return $0 != 0 && builder.records[$0].dataParent == record.id && kind != .choice && kind != .case
            }
            let start = Int32(table.count)
            table += children.map { NodeID(Int32($0)) }
            builder.records[index].children = start..<Int32(table.count)
            guard record.kind != .choice, record.kind != .case else { continue }
            let dataStart = Int32(table.count)
            table += data.map { NodeID(Int32($0)) }
            builder.records[index].dataChildren = dataStart..<Int32(table.count)
            for (slot, child) in data.enumerated() { builder.records[child].slot = Int32(slot) }
        }
        return Schema(
            modules: modules, records: builder.records, childTable: table, types: builder.types,
            identities: identities, diagnostics: [])
    }

    private mutating func add(_ node: TestNode, parent: Int32, dataParent: Int32, isConfig: Bool) -> NodeID {
        let id = NodeID(Int32(records.count))
        var record = NodeRecord(
            id: id, parent: NodeID(parent), dataParent: NodeID(dataParent), kind: node.kind, name: node.name,
            module: 0, place: .init(file: "test.yang"))
        record.isConfig = isConfig && node.isConfig
        record.isPresence = node.isPresence
        record.isUserOrdered = node.isUserOrdered
        record.defaults = node.defaults
        if let type = node.type {
            record.type = Int32(types.count)
            types.append(type)
        }
        records.append(record)
        let isData = node.kind != .choice && node.kind != .case
        for child in node.children {
            let added = add(
                child, parent: id.index, dataParent: isData ? id.index : dataParent, isConfig: record.isConfig)
            if node.keys.contains(child.name) { records[Int(added.index)].isKey = true }
        }
        records[Int(id.index)].keys = node.keys.map { key in
            records.first { $0.parent == id && $0.name == key }!.id
        }
        return id
    }
}

/// Devices over a mounted device model, as a controller has them.
struct CodecFixture {
    static let deviceModel: DataModel = {
        let module = SchemaModule(name: "ios", namespace: "urn:ios", prefix: "ios")
        var mtu = ResolvedType(base: .uint16)
        mtu.ranges = [64...9000]
        return DataModel(
            TestSchema.make(
                [module],
                [
                    .leaf("hostname"),
                    .list(
                        "interface", ["name"],
                        [.leaf("name"), .leaf("description"), .leaf("mtu", mtu, default: "1500"), .state("counter")]),
                    .list("acl", ["seq"], userOrdered: true, [.leaf("seq", .init(base: .uint32)), .leaf("action")]),
                ]))
    }()

    static let model: DataModel = {
        let modules = [
            SchemaModule(name: "tailf-ncs", namespace: "http://tail-f.com/ns/ncs", prefix: "ncs"),
            SchemaModule(name: "ios-id", namespace: "http://tail-f.com/ns/ned-id/ios", prefix: "id"),
        ]
        let identities = IdentityTable(ancestors: ["tailf-ncs:ned": [], "ios-id:ios": ["tailf-ncs:ned"]])
        var nedID = ResolvedType(base: .identityref)
        nedID.identityBases = ["tailf-ncs:ned"]
        var state = ResolvedType(base: .enumeration)
        state.enums = [EnumMember(name: "locked", value: 0), EnumMember(name: "unlocked", value: 1)]
        var port = ResolvedType(base: .uint16)
        port.ranges = [0...65535]
        let device: [TestNode] = [
            .leaf("address"), .leaf("name"), .leaf("port", port, default: "22"),
            .container("device-type", [.container("cli", [.leaf("ned-id", nedID)])]),
            .container("state", [.leaf("admin-state", state), .state("oper-state")]),
            TestNode(kind: .mountPoint, name: "config"),
            TestNode(
                kind: .choice, name: "auth",
                children: [
                    TestNode(kind: .case, name: "group", children: [.leaf("authgroup")]),
                    TestNode(kind: .case, name: "remote", children: [.leaf("remote-name")]),
                ]),
            .leafList("tag"), .leafList("order", userOrdered: true), .container("trace", presence: true, []),
            .leaf("serial", .init(base: .uint64)), .leaf("flag", .init(base: .empty)),
            .leaf("up", .init(base: .boolean)), .leaf("peer", .init(base: .instanceIdentifier)),
            TestNode(kind: .anydata, name: "extra"),
        ]
        let schema = TestSchema.make(
            modules,
            [
                .container(
                    "devices",
                    [
                        .list("device", ["name"], device),
                        .list(
                            "pair", ["b", "a"], userOrdered: true,
                            [
                                .leaf("a"), .leaf("b"),
                                .container("inner", [.list("sub", ["k"], [.leaf("v"), .leaf("k")])]),
                            ]),
                    ])
            ], identities: identities)
        let inner = deviceModel
        return DataModel(schema) { row, point in
            guard let list = point.dataParent, let type = list.dataChild(named: "device-type"),
                let cli = type.dataChild(named: "cli"), let leaf = cli.dataChild(named: "ned-id")
            else { return nil }
            return row.child(in: type.slot)?.child(in: cli.slot)?.value(in: leaf.slot) == "ios-id:ios" ? inner : nil
        }
    }()
}
