import ConfigTree
import YANG

/// Instance data as plain dictionaries: slow, and simple enough to be right.
struct NaiveData {
    private var values: [InstancePath: String] = [:]
    private var present: Set<InstancePath> = []
    /// The keys of the entries of each list, in the order in which a reader sees them.
    private var entries: [InstancePath: [[String]]] = [:]

    /// The top-level cases of `TreeModels.every`, and those of the inner choice.
    private static let rivals: [String: [String]] = [
        "x1": ["y1", "y2", "i1", "i2"], "xc": ["y1", "y2", "i1", "i2"], "y1": ["x1", "xc"], "y2": ["x1", "xc"],
        "i1": ["x1", "xc", "i2"], "i2": ["x1", "xc", "i1"],
    ]

    mutating func apply(_ edit: Edit, at path: InstancePath) {
        if edit == .delete { return remove(path) }
        if edit == .create, path.last!.node.isNonPresenceContainer { return }
        for count in 1...path.steps.count {
            let prefix = InstancePath(Array(path.steps[..<count]))
            let step = path.steps[count - 1]
            if !step.keys.isEmpty { enter(prefix) }
            let isMade = count < path.steps.count || edit == .create
            if step.node.isPresence, isMade { present.insert(prefix) }
            for rival in Self.rivals[step.node.name] ?? [] {
                if let node = step.node.dataParent?.dataChild(named: rival) { remove(prefix.parent.appending(node)) }
            }
        }
        switch edit {
        case .set(let value): values[path] = value
        case .create where path.last?.node.kind == .leaf: values[path] = ""
        case .place(let place): move(path, place)
        case .create, .delete, .annotate, .fill: break
        }
    }

    private func list(_ path: InstancePath) -> InstancePath { path.parent.appending(path.steps.last!.node) }

    private mutating func enter(_ path: InstancePath) {
        guard present.insert(path).inserted, let step = path.last else { return }
        entries[list(path), default: []].append(step.keys)
        for (key, value) in zip(step.node.keys, step.keys) { values[path.appending(key)] = value }
        guard !step.node.isUserOrdered else { return }
        entries[list(path)]!.sort { a, b in
            for (x, y) in zip(a, b) where x != y {
                if let m = Int(x), let n = Int(y) { return m < n }
                return Array(x.utf8).lexicographicallyPrecedes(Array(y.utf8))
            }
            return false
        }
    }

    private mutating func move(_ path: InstancePath, _ place: Entries.Place) {
        let keys = path.last!.keys
        var all = entries[list(path)]!
        if place == .before(keys) || place == .after(keys) { return }
        all.removeAll { $0 == keys }
        switch place {
        case .first: all.insert(keys, at: 0)
        case .last: all.append(keys)
        case .before(let other): all.insert(keys, at: all.firstIndex(of: other) ?? all.count)
        case .after(let other): all.insert(keys, at: all.firstIndex(of: other).map { $0 + 1 } ?? all.count)
        }
        entries[list(path)] = all
    }

    private mutating func remove(_ path: InstancePath) {
        func isBelow(_ other: InstancePath) -> Bool {
            other.steps.count >= path.steps.count
                && zip(path.steps, other.steps).allSatisfy {
                    $0.node == $1.node && ($0.keys.isEmpty || $0.keys == $1.keys)
                }
        }
        values = values.filter { !isBelow($0.key) }
        present = present.filter { !isBelow($0) }
        entries = entries.filter { !isBelow($0.key) }
        if let step = path.last, !step.keys.isEmpty { entries[list(path)]?.removeAll { $0 == step.keys } }
    }

    func keys(_ list: InstancePath) -> [[String]] { entries[list] ?? [] }

    /// As `DataTree.lines`.
    func lines(_ schema: Schema) -> [String] { lines(InstancePath(), schema.root) }

    private func lines(_ path: InstancePath, _ node: SchemaNode) -> [String] {
        node.dataChildren.flatMap { child -> [String] in
            let path = path.appending(child)
            switch child.kind {
            case .leaf: return values[path].map { ["\(path) \($0)"] } ?? []
            case .list, .leafList:
                return keys(path).flatMap { keys in
                    let entry = path.parent.appending(child, keys: keys)
                    return [entry.description] + (child.kind == .list ? lines(entry, child) : [])
                }
            default: return (present.contains(path) ? [path.description] : []) + lines(path, child)
            }
        }
    }
}
