package import YANG

/// One child of a node as the encoders see it: values, and rows with the model they are in.
enum WalkItem {
    case leaf(SchemaNode, String, isDefault: Bool)
    case leafList(SchemaNode, [String], isDefault: Bool)
    case container(SchemaNode, Row)
    case list(SchemaNode, Entries)
    case mount(SchemaNode, DataTree)
    case opaque(SchemaNode, String)

    var node: SchemaNode {
        switch self {
        case .leaf(let node, _, _), .leafList(let node, _, _), .container(let node, _), .list(let node, _),
            .mount(let node, _), .opaque(let node, _):
            node
        }
    }
}

/// The stored children of a row in schema order, keys of an entry first, narrowed by the options.
struct TreeWalk {
    let options: EncodeOptions

    func items(_ node: SchemaNode, _ row: Row, _ model: DataModel) -> [WalkItem] {
        var items =
            options.defaults == .all || options.defaults == .allTagged
            ? itemsWithDefaults(node, row, model) : storedItems(node, row)
        if options.content == .config { items.removeAll { !$0.node.isConfig } }
        if options.omitsHidden { items.removeAll { $0.node.annotation("hidden") != nil } }
        if options.defaults == .trim {
            items.removeAll { item in
                switch item {
                case .leaf(let leaf, let value, _): !leaf.isKey && leaf.defaults.first == value
                case .leafList(let list, let values, _): list.defaults == values
                default: false
                }
            }
        }
        guard node.kind == .list else { return items }
        let keys = node.keys
        guard keys.enumerated().contains(where: { $0 < items.count && items[$0].node != $1 }) else { return items }
        let first = keys.compactMap { key in items.first { $0.node == key } }
        return first + items.filter { item in !keys.contains(item.node) }
    }

    /// Leaves and other children both ascend by slot: one merge of the two.
    private func storedItems(_ node: SchemaNode, _ row: Row) -> [WalkItem] {
        var items: [WalkItem] = []
        let kids = row.kids
        items.reserveCapacity(row.leafCount + kids.count)
        var position = 0
        for kid in kids {
            while position < row.leafCount, row.leafSlot(at: position) < Int(kid.slot) {
                items.append(leaf(node, row, position))
                position += 1
            }
            let child = node.dataChild(at: Int(kid.slot))
            switch kid.kid {
            case .row(let inner): items.append(.container(child, inner))
            case .mount(let tree): items.append(.mount(child, tree))
            case .entries(let entries) where child.kind == .leafList:
                items.append(.leafList(child, entries.rows.map { $0.value(at: 0) }, isDefault: false))
            case .entries(let entries): items.append(.list(child, entries))
            }
        }
        while position < row.leafCount {
            items.append(leaf(node, row, position))
            position += 1
        }
        return items
    }

    private func leaf(_ node: SchemaNode, _ row: Row, _ position: Int) -> WalkItem {
        let child = node.dataChild(at: row.leafSlot(at: position))
        let value = row.value(at: position)
        return child.kind == .leaf ? .leaf(child, value, isDefault: false) : .opaque(child, value)
    }

    /// Which defaults are in use is for `Instance` to say.
    private func itemsWithDefaults(_ node: SchemaNode, _ row: Row, _ model: DataModel) -> [WalkItem] {
        let instance =
            node.kind == .root
            ? Instance(root: DataTree(model: model, root: row)) : Instance(detached: node, row: row, model: model)
        var items: [WalkItem] = []
        var last: SchemaNode?
        for child in instance.children(withDefaults: true) {
            defer { last = child.node }
            switch child.node.kind {
            case .leaf: items.append(.leaf(child.node, child.value ?? "", isDefault: child.isDefault))
            case .leafList:
                if last == child.node, case .leafList(_, let values, let isDefault)? = items.last {
                    items[items.count - 1] = .leafList(child.node, values + [child.value ?? ""], isDefault: isDefault)
                } else {
                    items.append(.leafList(child.node, [child.value ?? ""], isDefault: child.isDefault))
                }
            case .list:
                if last != child.node, let entries = row.entries(in: child.node.slot) {
                    items.append(.list(child.node, entries))
                }
            case .mountPoint: if let tree = child.mountedTree { items.append(.mount(child.node, tree)) }
            case .anydata, .anyxml: items.append(.opaque(child.node, child.value ?? ""))
            default:
                let inner = child.row ?? .empty(child.node.id)
                // A container that holds no default either says nothing.
                if child.row == nil, itemsWithDefaults(child.node, inner, model).isEmpty { continue }
                items.append(.container(child.node, inner))
            }
        }
        return items
    }
}

extension ResolvedType {
    /// The type that a canonical value has: of a union the first member that it is a value of, of a leafref that of
    /// its target.
    package func actual(for value: String, in schema: Schema) -> ResolvedType {
        var type = self
        for _ in 0..<32 {
            if type.base == .leafref, let target = type.leafrefTarget, let next = schema[target].type {
                type = next
            } else if type.base == .union {
                let context = ValueContext(schema: schema)
                let member = type.members.first { (try? $0.canonical(value, in: context)) == value }
                guard let member else { return type }
                type = member
            } else {
                return type
            }
        }
        return type
    }
}
