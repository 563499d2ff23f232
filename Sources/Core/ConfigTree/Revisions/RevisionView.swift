package import YANG

/// What one device knows of its driver's model: the schema of the revisions that it announced.
package struct RevisionView: Sendable {
    package let schema: Schema
    /// The modules of the schema that the device has, where the schema has more.
    private let modules: Set<String>?
    private let values: ValueContext

    package init(_ schema: Schema, modules: Set<String>? = nil) {
        self.schema = schema
        self.modules = modules
        values = ValueContext(schema: schema)
    }

    /// A part of a change that the device cannot take.
    package struct Dropped: Hashable, Sendable {
        /// From the root of the device's data.
        package var path: InstancePath
        /// Why: `the device's revision of module m (2020-01-01) does not have it`.
        package var reason: String
    }

    /// A change as the device can take it.
    package struct Change: Sendable {
        package var before: DataTree
        package var after: DataTree
        package var dropped: [Dropped]
    }

    /// Leaves out of a change what the device does not know: nodes, entries and values of its announced revisions. Taking
    /// away what it does not have is left out too, and is nothing to speak of. Costs what differs.
    package func change(from before: DataTree, to after: DataTree) -> Change {
        let filter = RevisionFilter(view: self, model: after.model)
        let rows = filter.rows(before.root, after.root, after.model.schema.root, schema.root, InstancePath())
        return Change(
            before: DataTree(model: before.model, root: rows.old ?? before.root),
            after: DataTree(model: after.model, root: rows.new ?? after.root), dropped: filter.dropped)
    }

    /// The node as the device has it, below the device's form of its parent.
    func counterpart(of node: SchemaNode, under parent: SchemaNode) -> SchemaNode? {
        guard has(node.module.name), let found = parent.dataChild(named: node.name, module: node.module.name),
            found.kind == node.kind,
            found.isConfig == node.isConfig
        else { return nil }
        return found
    }

    /// Whether the device's type of a leaf has the value.
    func accepts(_ value: String, of leaf: SchemaNode, as own: SchemaNode) -> Bool {
        // A secret is stored sealed, whatever its type says of the plain text.
        guard let type = leaf.type, let ownType = own.type, type.secret == nil, ownType.secret == nil else {
            return true
        }
        return (try? ownType.canonical(value, in: values)) != nil
    }

    private func has(_ module: String) -> Bool { modules?.contains(module) ?? true }

    func absence(of node: SchemaNode) -> String {
        let name = node.module.name
        guard has(name), let module = schema.module(named: name), module.isImplemented else {
            return "the device does not have module \(name)"
        }
        return "it is not in revision \(module.revision ?? "none") of module \(name), which the device has"
    }

    func refusal(of value: String, _ node: SchemaNode) -> String {
        let revision = schema.module(named: node.module.name)?.revision ?? "none"
        return "revision \(revision) of module \(node.module.name), which the device has, does not allow \(value)"
    }
}

/// Walks both sides of a change at once, down to where they differ.
private final class RevisionFilter {
    private let view: RevisionView
    private let model: DataModel
    private(set) var dropped: [RevisionView.Dropped] = []

    init(view: RevisionView, model: DataModel) {
        self.view = view
        self.model = model
    }

    private func drop(_ path: InstancePath, _ reason: String) {
        dropped.append(RevisionView.Dropped(path: path, reason: reason))
    }

    /// Both sides of a container, an entry or the root, as the device can have them. Rows that are shared stay as they
    /// are.
    func rows(
        _ old: Row?, _ new: Row?, _ node: SchemaNode, _ own: SchemaNode, _ path: InstancePath
    ) -> (old: Row?, new: Row?) {
        if old === new { return (old, new) }
        var (left, right) = (old, new)
        for slot in Self.leafSlots(old, new) {
            let leaf = node.dataChild(at: slot)
            let (before, after) = (old?.value(in: slot), new?.value(in: slot))
            if before == after || leaf.isKey { continue }
            let values = leafValues(before, after, leaf, own, path)
            if values.old != before { left = left?.setting(values.old, in: slot) }
            if values.new != after { right = right?.setting(values.new, in: slot) }
        }
        for slot in Self.kidSlots(old, new) {
            let (before, after) = (old?.kid(in: slot), new?.kid(in: slot))
            if let before, let after, before.isSame(as: after) { continue }
            let child = node.dataChild(at: slot)
            guard let ownChild = view.counterpart(of: child, under: own) else {
                if after != nil { drop(path.appending(child), view.absence(of: child)) }
                left = left?.replacing(nil, in: slot)
                right = right?.replacing(nil, in: slot)
                continue
            }
            let kids = kids(before, after, child, ownChild, path)
            if !Self.isSame(kids.old, before) { left = left?.replacing(kids.old, in: slot) }
            if !Self.isSame(kids.new, after) { right = right?.replacing(kids.new, in: slot) }
        }
        return (left, right)
    }

    private static func leafSlots(_ old: Row?, _ new: Row?) -> [Int] {
        var slots: Set<Int> = []
        for row in [old, new].compactMap({ $0 }) {
            for position in 0..<row.leafCount { slots.insert(row.leafSlot(at: position)) }
        }
        return slots.sorted()
    }

    private static func kidSlots(_ old: Row?, _ new: Row?) -> [Int] {
        Set([old, new].compactMap { $0 }.flatMap { $0.kids.map { Int($0.slot) } }).sorted()
    }

    private static func isSame(_ a: Kid?, _ b: Kid?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return a.isSame(as: b)
    }

    private func leafValues(
        _ before: String?, _ after: String?, _ leaf: SchemaNode, _ own: SchemaNode, _ path: InstancePath
    ) -> (old: String?, new: String?) {
        guard let ownLeaf = view.counterpart(of: leaf, under: own) else {
            if after != nil { drop(path.appending(leaf), view.absence(of: leaf)) }
            return (nil, nil)
        }
        // The device cannot have a value that its type does not allow: it was left out before.
        let old = before.flatMap { view.accepts($0, of: leaf, as: ownLeaf) ? $0 : nil }
        guard let after else { return (old, nil) }
        if view.accepts(after, of: leaf, as: ownLeaf) { return (old, after) }
        drop(path.appending(leaf), view.refusal(of: after, leaf))
        return (old, old)
    }

    private func kids(
        _ before: Kid?, _ after: Kid?, _ node: SchemaNode, _ own: SchemaNode, _ path: InstancePath
    ) -> (old: Kid?, new: Kid?) {
        switch node.kind {
        case .list, .leafList:
            let entries = entries(before?.entries, after?.entries, node, own, path)
            return (entries.old.map(Kid.entries), entries.new.map(Kid.entries))
        case .container:
            let rows = rows(before?.row, after?.row, node, own, path.appending(node))
            // A container that exists by its content is gone with it.
            func kept(_ row: Row?) -> Kid? {
                row.flatMap { $0.isEmpty && !node.isPresence ? nil : Kid.row($0) }
            }
            return (kept(rows.old), kept(rows.new))
        default: return (before, after)
        }
    }

    private func entries(
        _ before: Entries?, _ after: Entries?, _ list: SchemaNode, _ own: SchemaNode, _ path: InstancePath
    ) -> (old: Entries?, new: Entries?) {
        var pairs: [(old: Row?, new: Row?)] = []
        switch (before, after) {
        case (let before?, let after?): Entries.forEachDifference(before, after) { pairs.append(($0, $1)) }
        case (let before?, nil): pairs = before.rows.map { ($0, nil) }
        case (nil, let after?): pairs = after.rows.map { (nil, $0) }
        case (nil, nil): break
        }
        var (left, right) = (before, after)
        for (old, new) in pairs {
            guard let row = new ?? old, let keys = (after ?? before)?.keys(of: row) else { continue }
            let entryPath = path.appending(list, keys: keys)
            if let refusal = refusal(of: keys, list, own) {
                if new != nil { drop(entryPath, refusal) }
                left = left?.removing(keys)
                right = right?.removing(keys)
                continue
            }
            guard list.kind == .list else { continue }
            let rows = rows(old, new, list, own, entryPath)
            if let row = rows.old, !(row === old) { left = left?.upserting(row) }
            if let row = rows.new, !(row === new) { right = right?.upserting(row) }
        }
        return (left, right)
    }

    /// Why the device cannot have an entry with those keys.
    private func refusal(of keys: [String], _ list: SchemaNode, _ own: SchemaNode) -> String? {
        let leaves = list.kind == .leafList ? [list] : list.keys
        let ownLeaves = list.kind == .leafList ? [own] : own.keys
        for ((leaf, ownLeaf), key) in zip(zip(leaves, ownLeaves), keys)
        where !view.accepts(key, of: leaf, as: ownLeaf) {
            return view.refusal(of: key, leaf)
        }
        return nil
    }
}
