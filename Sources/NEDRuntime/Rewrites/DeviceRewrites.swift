package import ConfigTree
import YANG

/// What a device makes of what it is told: values that it shows otherwise than they were sent, lines that it adds of its
/// own or does not show. Remembered per device, and taken back from what is read of it.
///
/// Invariants: an item counts only while the device still shows what it showed when the item was learnt, so that a change
/// by somebody else is never hidden. Items are in the order in which they are applied; paths are self-contained text,
/// and one that the model no longer knows is passed over. Values are plain text: whoever keeps this encrypts it.
package struct DeviceRewrites: Hashable, Sendable {
    enum Item: Hashable, Sendable {
        /// An entry of a list or leaf-list that the device shows with other keys. Items after it know it by those sent.
        case renamed(path: String, sent: [String])
        /// A leaf that the device shows with another value.
        case value(path: String, shown: String, sent: String)
        /// A node that the device added; for a leaf with its value.
        case added(path: String, value: String?)
        /// A node that was sent and that the device does not show; perhaps it shows that of `instead`.
        case dropped(path: String, value: String?, instead: String?)
        /// The entries of a list in the user's order stand otherwise: keys, after all other items were applied.
        case order(path: String, shown: [[String]], sent: [[String]])
    }

    private(set) var items: [Item]

    package init() { items = [] }

    init(_ items: [Item]) { self.items = items }

    package var isEmpty: Bool { items.isEmpty }
    package var count: Int { items.count }

    // MARK: Applying

    /// The tree as it was sent, as far as what the device shows is known to come from that.
    package func applied(to shown: DataTree) -> DataTree {
        guard !isEmpty else { return shown }
        var tree = shown
        for item in items {
            // What cannot be applied leaves the tree as the device shows it.
            if let changed = try? Self.apply(item, to: tree, of: shown) { tree = changed }
        }
        return tree
    }

    private static func apply(_ item: Item, to tree: DataTree, of shown: DataTree) throws(PathError) -> DataTree? {
        switch item {
        case .renamed(let path, let sent): return try renamed(tree, try tree.path(path), sent)
        case .value(let path, let value, let sent):
            let place = try tree.path(path)
            guard tree.stored(place)?.value == value else { return nil }
            return try tree.applying(.set(sent), at: place)
        case .added(let path, let value):
            let place = try tree.path(path)
            guard let instance = tree.stored(place), instance.value == value || place.last?.node.kind == .leafList,
                instance.hasNoContent
            else { return nil }
            return try tree.applying(.delete, at: place)
        case .dropped(let path, let value, let instead):
            let place = try tree.path(path)
            if let instead, shown.stored(try tree.path(instead)) == nil { return nil }
            guard tree.stored(place) == nil, tree.hasHolder(of: place) else { return nil }
            return try tree.applying(value.map { .set($0) } ?? .create, at: place)
        case .order(let path, let present, let sent):
            return try ordered(tree, try tree.path(path), present, sent)
        }
    }

    private static func renamed(
        _ tree: DataTree, _ path: InstancePath, _ sent: [String]
    ) throws(PathError) -> DataTree? {
        guard let list = path.last?.node, let entry = tree.stored(path) else { return nil }
        let place = path.parent.appending(list, keys: sent)
        guard tree.stored(place) == nil else { return nil }
        var result = try tree.applying(list.isUserOrdered ? .place(.after(entry.keys)) : .create, at: place)
        if !list.isTerminal { try result.copy(entry, to: place) }
        try result.apply(.delete, at: path)
        return result
    }

    private static func ordered(
        _ tree: DataTree, _ path: InstancePath, _ present: [[String]], _ sent: [[String]]
    ) throws(PathError) -> DataTree? {
        guard let list = path.last?.node, tree.keys(of: list, in: path.parent) == present else { return nil }
        var tree = tree
        for keys in sent { try tree.apply(.place(.last), at: path.parent.appending(list, keys: keys)) }
        return tree
    }
}

extension DataTree {
    /// Makes all that is below an instance, but its keys, below another path.
    fileprivate mutating func copy(_ instance: Instance, to path: InstancePath) throws(PathError) {
        for child in instance.children() where !child.node.isKey {
            let place = path.appending(child.node, keys: child.keys)
            let isOrdered = child.node.isUserOrdered && !child.keys.isEmpty
            if let value = child.value, child.node.kind != .leafList {
                try apply(.set(value), at: place)
            } else if !child.node.isNonPresenceContainer {
                try apply(isOrdered ? .place(.last) : .create, at: place)
            }
            if !child.node.isTerminal { try copy(child, to: place) }
        }
    }

    /// What is stored at a path; no default stands in.
    func stored(_ path: InstancePath) -> Instance? {
        guard let found = instance(path), !found.isDefault else { return nil }
        return found.node.isNonPresenceContainer && found.row == nil ? nil : found
    }

    /// Whether the list entry or presence container that holds a path is there.
    func hasHolder(of path: InstancePath) -> Bool {
        var holder = path.parent
        while let last = holder.last, last.node.isNonPresenceContainer { holder = holder.parent }
        return holder.steps.isEmpty || stored(holder) != nil
    }

    /// The keys of the entries of a list, or the values of a leaf-list, in their order.
    func keys(of list: SchemaNode, in parent: InstancePath) -> [[String]] {
        guard let holder = instance(parent) else { return [] }
        return holder.entries(list).map(\.keys)
    }
}

extension Instance {
    /// Nothing is below it but its own keys.
    fileprivate var hasNoContent: Bool { node.isTerminal || children().allSatisfy { $0.node.isKey } }
}
