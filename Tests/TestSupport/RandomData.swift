package import ConfigTree
package import YANG

/// Random edits of data of any model: few places and few values, so that they meet, and literals of the model's own
/// expressions among the values.
package struct RandomData {
    package let model: DataModel
    package var random: SeededGenerator
    /// The leaves, lists and presence containers that edits choose from.
    private var places: [SchemaNode] = []
    private var keyPool: [NodeID: [[String]]] = [:]
    private var valuePool: [NodeID: [String]] = [:]
    private let literals: [String]

    private static let texts = [
        "a", "b", "1", "2", "10", "eth0", "p1", "default", "DEFAULT", "10.0.0.1", "10.0.0.2", "10.0.0.0/24",
        "2001:db8::1", "2001:db8::/32", "65000", "1:1", "65000:1", "00:11:22:33:44:55", "0/0/0", "true",
        "2026-01-01T00:00:00Z", "12345678-1234-1234-1234-123456789abc", "YQ==", "0.0.0.0", "x.y", "1..4",
    ]

    /// `breadth` schema nodes are chosen from `nodes`, with those near them that constraints read.
    package init(_ model: DataModel, seed: UInt64, breadth: Int = 80) {
        self.model = model
        random = SeededGenerator(seed: seed)
        var found: Set<String> = []
        var all: [SchemaNode] = []
        for index in 0..<Int32(model.schema.nodeCount) {
            let node = model.schema[NodeID(index)]
            for constraint in node.musts + node.whens { found.formUnion(Self.literals(in: constraint.source)) }
            if node.isConfig, Self.isEditable(node), !Self.isInOperation(node) { all.append(node) }
        }
        literals = found.sorted()
        choose(breadth, of: all)
    }

    private static func literals(in source: String) -> [String] {
        source.split(separator: "'", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    private static func isEditable(_ node: SchemaNode) -> Bool {
        switch node.kind {
        case .leaf: !node.isKey
        case .list, .leafList: true
        default: node.isPresence
        }
    }

    private static func isInOperation(_ node: SchemaNode) -> Bool {
        var above: SchemaNode? = node
        while let current = above {
            switch current.kind {
            case .rpc, .action, .notification, .mountPoint: return true
            default: above = current.dataParent
            }
        }
        return false
    }

    private mutating func choose(_ breadth: Int, of all: [SchemaNode]) {
        let bound = all.filter { Self.isTight($0) || $0.parent?.kind == .case || $0.parent?.kind == .choice }
        let tight = all.filter(Self.isTight)
        var chosen: Set<NodeID> = []
        while chosen.count < breadth, chosen.count < all.count {
            let favoured = [tight, tight, bound, all].randomElement(using: &random) ?? all
            guard let pick = favoured.randomElement(using: &random) ?? all.randomElement(using: &random) else { break }
            take(pick, &chosen)
            // What its constraints read.
            for expression in Self.expressions(of: pick) {
                let reads = XPathDependencies(of: expression, at: pick).nodes.map { model.schema[$0] }
                for node in reads where node.isConfig && Self.isEditable(node) { take(node, &chosen) }
            }
        }
        places = chosen.sorted { $0.index < $1.index }.map { model.schema[$0] }
    }

    private func take(_ node: SchemaNode, _ chosen: inout Set<NodeID>) {
        if Self.isEditable(node), !Self.isInOperation(node) { chosen.insert(node.id) }
    }

    /// Whether anything but a type constrains the node.
    private static func isTight(_ node: SchemaNode) -> Bool {
        !node.musts.isEmpty || !node.whens.isEmpty || node.isMandatory || node.minElements > 0
            || node.maxElements < 100 || !node.uniques.isEmpty || node.type?.leafref != nil
            || node.type?.base == .instanceIdentifier
    }

    private static func expressions(of node: SchemaNode) -> [XPathExpression] {
        (node.musts + node.whens).map(\.expression) + [node.type?.leafref].compactMap { $0 }
    }

    // MARK: Edits

    package mutating func edit(_ tree: DataTree) throws -> DataTree {
        if random.chance(1, of: 7), let path = stored(in: tree) {
            // Keys go with their entry.
            return try tree.applying(.delete, at: path.last?.node.isKey == true ? path.parent : path)
        }
        guard let node = places.randomElement(using: &random) else { return tree }
        return try put(node, in: tree, path(to: node, in: tree))
    }

    private mutating func put(_ node: SchemaNode, in tree: DataTree, _ path: InstancePath) throws -> DataTree {
        switch node.kind {
        case .leaf:
            guard let value = value(of: node, in: tree, at: path) else { return tree }
            return try tree.applying(.set(value), at: path)
        case .list, .leafList:
            guard path.last?.keys.isEmpty == false else { return tree }
            let isPlaced = node.isUserOrdered && random.chance(1, of: 2)
            return try tree.applying(isPlaced ? .place(random.chance(1, of: 2) ? .first : .last) : .create, at: path)
        default: return try tree.applying(.create, at: path)
        }
    }

    /// A path to `node`, through entries that are there as often as through new ones.
    private mutating func path(to node: SchemaNode, in tree: DataTree) -> InstancePath {
        var way: [SchemaNode] = []
        var next: SchemaNode? = node
        while let current = next, current.kind != .root {
            way.append(current)
            next = current.dataParent
        }
        var path = InstancePath()
        var here: Instance? = tree.rootInstance
        for step in way.reversed() {
            guard step.kind == .list || step.kind == .leafList else {
                path = path.appending(step)
                here = here?.child(step)
                continue
            }
            var keys: [String]?
            if random.chance(2, of: 3), let entries = here?.entries(step) {
                keys = Array(entries).randomElement(using: &random)?.keys
            }
            let chosen = keys ?? newKeys(step, tree, path)
            path = path.appending(step, keys: chosen)
            here = here?.entry(step, chosen)
        }
        return path
    }

    package mutating func newEntry(_ list: SchemaNode, _ parent: InstancePath, in tree: DataTree) -> InstancePath {
        parent.appending(list, keys: newKeys(list, tree, parent))
    }

    private mutating func newKeys(_ list: SchemaNode, _ tree: DataTree, _ path: InstancePath) -> [String] {
        let entry = path.appending(list)
        let leaves = list.kind == .leafList ? [list] : list.keys
        let keys = leaves.map { key in value(of: key, in: tree, at: entry.appending(key)) ?? "" }
        return keys
    }

    // MARK: Values

    package mutating func value(of leaf: SchemaNode, in tree: DataTree, at path: InstancePath) -> String? {
        guard let type = leaf.type else { return nil }
        if random.chance(3, of: 4), let target = target(type, path, tree) { return target }
        let pool = valuePool[leaf.id] ?? makePool(leaf, type)
        valuePool[leaf.id] = pool
        return pool.randomElement(using: &random)
    }

    /// A value of something that the leaf may refer to.
    private mutating func target(_ type: ResolvedType, _ path: InstancePath, _ tree: DataTree) -> String? {
        if type.base == .union {
            return type.members.randomElement(using: &random).flatMap { target($0, path, tree) }
        }
        if type.base == .instanceIdentifier { return stored(in: tree)?.description }
        guard let expression = type.leafref else { return nil }
        // Where the path starts need not be there; what it names from the nearest ancestor that is will do.
        var made = tree
        if let leaf = path.last?.node, leaf.kind == .leaf, !leaf.isKey {
            made = (try? tree.applying(.set(""), at: path)) ?? tree
        }
        guard let context = made.instance(path) else { return nil }
        let nodes = (try? XPathEvaluator<DataNode>().nodes(expression, at: DataNode(context))) ?? []
        return nodes.map(\.stringValue).filter { !$0.isEmpty }.randomElement(using: &random)
    }

    private func makePool(_ leaf: SchemaNode, _ type: ResolvedType) -> [String] {
        let context = ValueContext(schema: model.schema, defaultModule: leaf.module.name)
        var found: [String] = []
        for text in leaf.defaults + candidates(type) where found.count < 6 {
            if let value = try? type.canonical(text, in: context), !found.contains(value) { found.append(value) }
        }
        return found
    }

    private func candidates(_ type: ResolvedType) -> [String] {
        switch type.base {
        case .boolean: ["true", "false"]
        case .empty: [""]
        case .enumeration: Array(type.enums.map(\.name).filter(literals.contains) + type.enums.map(\.name).prefix(4))
        case .bits: type.bits.prefix(3).map(\.name)
        case .identityref:
            model.schema.identities.values(of: type.identityBases).filter { value in
                literals.contains { value.hasSuffix(String($0.split(separator: ":").last ?? "?")) }
            } + model.schema.identities.values(of: type.identityBases).prefix(4)
        case .union: type.members.flatMap { candidates($0).prefix(2) }
        case .leafref: type.leafrefTarget.flatMap { model.schema[$0].type }.map(candidates) ?? []
        case .string, .binary, .instanceIdentifier: literals + Self.texts
        default:
            literals.filter { Int($0) != nil } + ["1", "2", "5", "10"]
                + type.ranges.prefix(2).flatMap { ["\($0.lowerBound)", "\($0.upperBound)"] }
        }
    }

    // MARK: What is there

    /// The path of something stored, at any depth.
    private mutating func stored(in tree: DataTree) -> InstancePath? {
        var here = tree.rootInstance
        while let next = here.children().randomElement(using: &random) {
            here = next
            if random.chance(1, of: 6) { break }
        }
        return here.parent == nil ? nil : here.path
    }
}

extension RandomNumberGenerator {
    package mutating func chance(_ part: Int, of whole: Int) -> Bool { Int.random(in: 0..<whole, using: &self) < part }
}
