import Synchronization
package import YANG

/// A schema made ready to hold data: orders of list entries, and which model lies below a mount point.
///
/// One per schema image, shared by all trees over it; two trees compare by identity only under the same model.
package final class DataModel: Sendable {
    package let schema: Schema
    /// The model of the tree mounted in an entry of a list (`devices/device`), from the entry's own leaves.
    /// The first argument is the row that holds the mount point.
    package let mounted: @Sendable (Row, SchemaNode) -> DataModel?
    private let orders: [NodeID: EntryOrder]
    /// For each node inside a choice: the slots of the data nodes in the other cases.
    private let rivalSlots: [NodeID: [Int]]
    /// Checks of values, made when a document first has one.
    private let checks = Mutex<[NodeID: ValueCheck]>([:])
    private let templates = AtomicLazyReference<DataModel>()

    package init(_ schema: Schema, mounted: @escaping @Sendable (Row, SchemaNode) -> DataModel? = { _, _ in nil }) {
        self.schema = schema
        self.mounted = mounted
        var orders: [NodeID: EntryOrder] = [:]
        for index in 0..<Int32(schema.nodeCount) {
            let node = schema[NodeID(index)]
            if node.kind == .list || node.kind == .leafList { orders[node.id] = EntryOrder(node) }
        }
        self.orders = orders
        rivalSlots = Self.findRivals(schema)
    }

    /// The model of the templates for devices of this one (`Schema.forTemplates`), made when it is first asked for and
    /// kept as long as this one.
    package var forTemplates: DataModel { templates.load() ?? templates.storeIfNil(DataModel(schema.forTemplates())) }
    /// The same if anybody has asked for it.
    package var knownForTemplates: DataModel? { templates.load() }

    /// The check of the values of a leaf or leaf-list.
    func check(of node: SchemaNode) -> ValueCheck? {
        if let known = checks.withLock({ $0[node.id] }) { return known }
        guard let type = node.type else { return nil }
        let check = ValueCheck(type) { schema[$0].type }
        return checks.withLock { table in
            if let known = table[node.id] { return known }
            table[node.id] = check
            return check
        }
    }

    /// The slots of the data nodes in the other cases of the choices that `node` stands in.
    package func rivals(of node: SchemaNode) -> [Int] { rivalSlots[node.id] ?? [] }

    private static func findRivals(_ schema: Schema) -> [NodeID: [Int]] {
        var found: [NodeID: [Int]] = [:]
        for index in 0..<Int32(schema.nodeCount) {
            let choice = schema[NodeID(index)]
            guard choice.kind == .choice else { continue }
            let cases = choice.children.map { dataNodes(in: $0) }
            for (number, mine) in cases.enumerated() {
                let others = cases.enumerated().filter { $0.offset != number }.flatMap { $0.element.map(\.slot) }
                for node in mine { found[node.id, default: []] += others }
            }
        }
        return found
    }

    /// The data nodes that a case (or a shorthand case) stands for, through inner choices.
    private static func dataNodes(in node: SchemaNode) -> [SchemaNode] {
        node.kind == .case || node.kind == .choice ? node.children.flatMap(dataNodes) : [node]
    }

    func order(of list: SchemaNode) -> EntryOrder { orders[list.id] ?? EntryOrder(list) }
}

/// How the entries of a list or leaf-list are sorted: by the types of their keys (RFC 7950 section 7.7.7 leaves the
/// order of `system` to us), or by a label where the user orders them.
final class EntryOrder: Sendable {
    let isUserOrdered: Bool
    /// A list without keys, which only operational data has: found by place alone.
    let isKeyless: Bool
    private let keys: [(slot: Int, order: ValueOrder)]

    init(_ list: SchemaNode) {
        let keyLeaves = list.kind == .leafList ? [(0, list.type)] : list.keys.map { ($0.slot, $0.type) }
        let schema = list.schema
        keys = keyLeaves.map { ($0, $1?.order(leafrefType: { schema[$0].type }) ?? .bytes) }
        isKeyless = keyLeaves.isEmpty
        isUserOrdered = list.isUserOrdered || isKeyless
    }

    var keySlots: [Int] { keys.map(\.slot) }

    /// Order of two entries by key: negative, zero or positive.
    func compare(_ a: Row, _ b: Row) -> Int {
        for key in keys {
            let result =
                a.withValue(in: key.slot) { left in
                    b.withValue(in: key.slot) { right in key.order.compareUTF8(left, right) } ?? 1
                } ?? -1
            if result != 0 { return result }
        }
        return 0
    }

    func compare(_ row: Row, _ values: [String]) -> Int {
        for (key, value) in zip(keys, values) {
            var value = value
            let result =
                row.withValue(in: key.slot) { left in
                    value.withUTF8 { right in key.order.compareUTF8(left, right) }
                } ?? -1
            if result != 0 { return result }
        }
        return 0
    }

    /// Labels of a fresh user-ordered list: far enough apart that entries can be put between for long, and from the
    /// ends that any number can be put there.
    static func label(_ index: Int) -> UInt64 { (1 << 62) + UInt64(index) << 32 }
}
