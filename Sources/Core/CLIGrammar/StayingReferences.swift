import ConfigTree
import Synchronization
import YANG

/// References that stay while what they name goes and comes again: an entry that is removed and given anew, or one of
/// several with a name that gives way to another with it. In between they would lead nowhere.
struct StayingReferences {
    /// Two commands, in the order in which a reference is never without its target.
    typealias Handover = DiffOrder.Pair

    private struct Name: Hashable {
        var node: SchemaNode
        var value: String
    }

    /// References, or the entries that are one, to be taken away and given again.
    private(set) var toBeOpened: [InstancePath] = []
    private(set) var handovers: [Handover] = []

    /// - Parameter units: the commands from one tree to the other, not in order yet.
    init(_ units: [DiffUnit], _ grammar: CLIGrammar, from: DataTree, to: DataTree) {
        var going: [Name: [(unit: Int, path: InstancePath)]] = [:]
        var coming: [Name: [(unit: Int, path: InstancePath)]] = [:]
        for (index, unit) in units.enumerated() {
            for touch in unit.touches {
                guard let node = touch.schema, node.isKey, touch.scope == 0 else { continue }
                if touch.kind == .deleted, let value = touch.oldValue {
                    going[Name(node: node, value: value), default: []].append((index, touch.path))
                } else if touch.kind == .created, let value = touch.newValue {
                    coming[Name(node: node, value: value), default: []].append((index, touch.path))
                }
            }
        }
        for (name, gone) in going {
            guard let back = coming[name], gone.contains(where: { $0.unit != back[0].unit }) else { continue }
            let staying = grammar.references.to(name.node).flatMap { node in
                Self.instances(of: node, with: name.value, in: from).filter { Self.isThere($0, name.value, to) }
            }
            guard !staying.isEmpty else { continue }
            let paths = Set(back.map(\.path))
            if gone.contains(where: { paths.contains($0.path) }) {
                toBeOpened += staying.map { Self.removable($0, grammar) }
            } else {
                for (new, old) in back.flatMap({ new in gone.map { (new.unit, $0.unit) } }) {
                    let cause = "after another \(name.node.name) \(name.value) is there, for what refers to it"
                    handovers.append(Handover(first: new, second: old, cause: cause))
                }
            }
        }
        handovers.sort { ($0.first, $0.second) < ($1.first, $1.second) }
        toBeOpened.sort { $0.description < $1.description }
    }

    /// What can be taken away by itself: an entry if its key is the reference, or if all of it is one line.
    private static func removable(_ reference: InstancePath, _ grammar: CLIGrammar) -> InstancePath {
        guard let leaf = reference.last?.node, let holder = reference.parent.last?.node, holder.kind == .list else {
            return reference
        }
        return leaf.isKey || grammar.node(holder).isOneLine ? reference.parent : reference
    }

    private static func isThere(_ path: InstancePath, _ value: String, _ tree: DataTree) -> Bool {
        guard let node = path.last?.node else { return false }
        return node.kind == .leafList ? tree.instance(path) != nil : tree.instance(path)?.value == value
    }

    /// Where a leaf or leaf-list has that value.
    private static func instances(of leaf: SchemaNode, with value: String, in tree: DataTree) -> [InstancePath] {
        var way: [SchemaNode] = []
        var here: SchemaNode? = leaf
        while let node = here, node.kind != .root {
            way.append(node)
            here = node.dataParent
        }
        var found: [InstancePath] = []
        func visit(_ row: Row, _ rest: ArraySlice<SchemaNode>, _ path: InstancePath) {
            guard let node = rest.last else { return }
            switch node.kind {
            case .leaf: if row.value(in: node.slot) == value { found.append(path.appending(node)) }
            case .leafList:
                if row.leafListValues(node.slot)?.contains(value) == true {
                    found.append(path.appending(node, keys: [value]))
                }
            case .container:
                if let inner = row.child(in: node.slot) { visit(inner, rest.dropLast(), path.appending(node)) }
            case .list:
                guard let entries = row.entries(in: node.slot) else { return }
                for entry in entries.rows {
                    visit(entry, rest.dropLast(), path.appending(node, keys: entries.keys(of: entry)))
                }
            default: return
            }
        }
        visit(tree.root, way[...], InstancePath())
        return found
    }
}

/// Which leaves of a model refer to which: worked out when first asked for.
final class ReferenceTable: Sendable {
    private let schema: Schema
    private let byTarget = Mutex<[SchemaNode: [SchemaNode]]?>(nil)

    init(_ schema: Schema) { self.schema = schema }

    /// The leaves and leaf-lists that refer to a node, as far as commands are ordered by them.
    func to(_ target: SchemaNode) -> [SchemaNode] {
        byTarget.withLock { known in
            let table = known ?? make()
            known = table
            return table[target] ?? []
        }
    }

    private func make() -> [SchemaNode: [SchemaNode]] {
        var table: [SchemaNode: [SchemaNode]] = [:]
        for index in 0..<Int32(schema.nodeCount) {
            let node = schema[NodeID(index)]
            guard node.isTerminal, node.isConfig, let type = node.type,
                node.annotation("cli-suppress-leafref-in-diff") == nil
            else { continue }
            for target in Set(DiffOrder.targets(type)) { table[schema[target], default: []].append(node) }
        }
        return table
    }
}
