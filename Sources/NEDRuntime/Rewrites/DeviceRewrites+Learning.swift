package import ConfigTree
import YANG

extension DeviceRewrites {
    /// All that a device shows otherwise than it was sent, at a moment when it is known to hold what was sent.
    package static func learnt(sent: DataTree, shown: DataTree) -> DeviceRewrites {
        var renamed = DeviceRewrites()
        for _ in 0..<depthOfRenaming {
            let found = RewriteLearner.renamed(renamed.applied(to: shown).diff(to: sent), InstancePath())
            if found.isEmpty { break }
            renamed = DeviceRewrites(renamed.items + found)
        }
        var learner = RewriteLearner()
        learner.collect(renamed.applied(to: shown).diff(to: sent).dissolvingContainers(), InstancePath())
        let parts = DeviceRewrites(renamed.items + learner.added + learner.values + learner.dropped)
        // Only what is in both has an order to compare.
        let same = parts.applied(to: shown)
        return DeviceRewrites(parts.items + RewriteLearner.orders(same.diff(to: sent), same, sent, InstancePath()))
    }
}

extension DeviceRewrites {
    /// Lists within lists whose keys a device rewrites.
    private static let depthOfRenaming = 4
}

/// Turns the difference between what a device shows and what it was sent into items.
private struct RewriteLearner {
    /// Inner nodes come before the outer ones that they leave empty.
    var added: [DeviceRewrites.Item] = []
    var values: [DeviceRewrites.Item] = []
    /// Outer nodes come before what they hold.
    var dropped: [DeviceRewrites.Item] = []

    mutating func collect(_ siblings: [DiffNode], _ parent: InstancePath) {
        for diff in siblings {
            let path = parent.appending(diff.node, keys: diff.keys)
            switch diff.change {
            case .modified:
                guard let shown = diff.oldValue, let sent = diff.newValue else { continue }
                values.append(.value(path: path.description, shown: shown, sent: sent))
            case .inside, .moved: collect(diff.children, path)
            case .deleted: add(diff, path)
            case .created: drop(diff, path, instead: counterpart(of: diff, in: siblings, parent))
            }
        }
    }

    private mutating func add(_ diff: DiffNode, _ path: InstancePath) {
        guard let row = diff.old, !diff.node.isTerminal else {
            return added.append(.added(path: path.description, value: diff.oldValue))
        }
        add(Instance(detached: diff.node, row: row, model: diff.oldModel), path)
    }

    private mutating func add(_ instance: Instance, _ path: InstancePath) {
        for child in instance.children() where !child.node.isKey {
            let childPath = path.appending(child.node, keys: child.keys)
            if child.node.isTerminal || child.row == nil {
                added.append(.added(path: childPath.description, value: child.value))
            } else {
                add(child, childPath)
            }
        }
        if !instance.node.isNonPresenceContainer { added.append(.added(path: path.description, value: nil)) }
    }

    private mutating func drop(_ diff: DiffNode, _ path: InstancePath, instead: String?) {
        guard let row = diff.new, !diff.node.isTerminal else {
            let value = diff.node.kind == .leafList ? nil : diff.newValue
            return dropped.append(.dropped(path: path.description, value: value, instead: instead))
        }
        drop(Instance(detached: diff.node, row: row, model: diff.newModel), path, instead: instead)
    }

    private mutating func drop(_ instance: Instance, _ path: InstancePath, instead: String? = nil) {
        if !instance.node.isNonPresenceContainer {
            dropped.append(.dropped(path: path.description, value: nil, instead: instead))
        }
        for child in instance.children() where !child.node.isKey {
            let childPath = path.appending(child.node, keys: child.keys)
            if child.node.isTerminal || child.row == nil {
                let value = child.node.kind == .leafList ? nil : child.value
                dropped.append(.dropped(path: childPath.description, value: value, instead: nil))
            } else {
                drop(child, childPath)
            }
        }
    }

    /// What the device shows in place of a node: the other case of a choice.
    private func counterpart(of diff: DiffNode, in siblings: [DiffNode], _ parent: InstancePath) -> String? {
        let rival = siblings.first { $0.change == .deleted && $0.node.isRival(of: diff.node) }
        return rival.map { parent.appending($0.node, keys: $0.keys).description }
    }

    // MARK: Keys

    /// Entries that the device shows with other keys: such as differ in case and punctuation alone, and the one that is
    /// too much where one is missing.
    static func renamed(_ siblings: [DiffNode], _ parent: InstancePath) -> [DeviceRewrites.Item] {
        var items: [DeviceRewrites.Item] = []
        let lists = Set(siblings.map(\.node)).filter { $0.kind == .list || $0.kind == .leafList }
        for list in lists.sorted(by: { $0.slot < $1.slot }) {
            var shown = siblings.filter { $0.node == list && $0.change == .deleted }.map(\.keys)
            let sent = siblings.filter { $0.node == list && $0.change == .created }.map(\.keys)
            let isOneForOne = shown.count == 1 && sent.count == 1
            for keys in sent {
                let index = shown.firstIndex { isOneForOne || folded($0) == folded(keys) }
                guard let index else { continue }
                let path = parent.appending(list, keys: shown.remove(at: index))
                items.append(.renamed(path: path.description, sent: keys))
            }
        }
        for diff in siblings where diff.change == .inside || diff.change == .moved {
            items += renamed(diff.children, parent.appending(diff.node, keys: diff.keys))
        }
        return items
    }

    private static func folded(_ keys: [String]) -> [String] {
        keys.map { $0.lowercased().filter { $0.isLetter || $0.isNumber } }
    }

    // MARK: Order

    static func orders(
        _ siblings: [DiffNode], _ shown: DataTree, _ sent: DataTree, _ parent: InstancePath
    ) -> [DeviceRewrites.Item] {
        var items: [DeviceRewrites.Item] = []
        var lists: Set<SchemaNode> = []
        for diff in siblings {
            if diff.change == .moved, lists.insert(diff.node).inserted {
                let present = shown.keys(of: diff.node, in: parent)
                let wanted = sent.keys(of: diff.node, in: parent)
                if Set(present) == Set(wanted) {
                    let path = parent.appending(diff.node).description
                    items.append(.order(path: path, shown: present, sent: wanted))
                }
            }
            let path = parent.appending(diff.node, keys: diff.keys)
            items += orders(diff.children, shown, sent, path)
        }
        return items
    }
}

extension SchemaNode {
    /// Whether the two belong to different cases of one choice.
    fileprivate func isRival(of other: SchemaNode) -> Bool {
        func cases(_ node: SchemaNode) -> [SchemaNode: SchemaNode] {
            var found: [SchemaNode: SchemaNode] = [:]
            var inner = node
            while let outer = inner.parent, outer.kind == .choice || outer.kind == .case {
                if outer.kind == .choice { found[outer] = inner }
                inner = outer
            }
            return found
        }
        let mine = cases(self)
        return cases(other).contains { choice, branch in mine[choice].map { $0 != branch } ?? false }
    }
}
