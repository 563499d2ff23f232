package import YANG

extension [DiffNode] {
    /// The same difference with what comes or goes when a container without presence does: its content, node by node.
    ///
    /// Such a container is nothing by itself; that the last node in it was deleted says nothing about nodes that others
    /// create there. Containers of more than `limit` nodes stay as they are.
    package func dissolvingContainers(limit: Int = 64) -> [DiffNode] {
        map { diff in
            var diff = diff
            if diff.change == .deleted || diff.change == .created, diff.node.isNonPresenceContainer,
                let content = diff.content(limit)
            {
                diff.change = .inside
                diff.children = content.dissolvingContainers(limit: limit)
            } else if !diff.children.isEmpty {
                diff.children = diff.children.dissolvingContainers(limit: limit)
            }
            return diff
        }
    }
}

extension DiffNode {
    /// What is directly in this container that came or went, as differences; nil if it is more than `limit`.
    fileprivate func content(_ limit: Int) -> [DiffNode]? {
        guard let row = change == .deleted ? old : new else { return nil }
        var result: [DiffNode] = []
        for child in node.dataChildren {
            if let value = row.value(in: child.slot) {
                result.append(part(child, value: value))
            } else if let inner = row.child(in: child.slot) {
                result.append(part(child, row: inner))
            } else if let entries = row.entries(in: child.slot) {
                guard entries.count + result.count <= limit, !entries.isUserOrdered else { return nil }
                for entry in entries.rows {
                    let keys = entries.keys(of: entry)
                    let value = child.kind == .leafList ? keys.first : nil
                    result.append(part(child, keys: keys, row: entry, value: value))
                }
            } else if row.kid(in: child.slot) != nil {
                return nil
            }
        }
        return result.count <= limit ? result : nil
    }

    private func part(_ child: SchemaNode, keys: [String] = [], row: Row? = nil, value: String? = nil) -> DiffNode {
        let isGone = change == .deleted
        return DiffNode(
            node: child, keys: keys, change: change, old: isGone ? row : nil, new: isGone ? nil : row,
            oldValue: isGone ? value : nil, newValue: isGone ? nil : value, after: nil, oldModel: oldModel,
            newModel: newModel, children: [])
    }
}

extension Row {
    /// The name of the case of which a node is stored here.
    package func chosenCase(of choice: SchemaNode) -> String? {
        choice.children.first { isAnyStored(in: $0) }?.name
    }

    /// Whether the node, or of a case or choice one in it, is stored here.
    func isAnyStored(in node: SchemaNode) -> Bool {
        if node.kind == .case || node.kind == .choice { return node.children.contains { isAnyStored(in: $0) } }
        return hasValue(in: node.slot) || kid(in: node.slot) != nil
    }
}

extension [DiffNode] {
    /// Makes for the new side the indexes that validation has asked for of the old one. A tree that came of an edit
    /// without being validated lacks them, and whoever validates the next one would have to go through whole lists.
    ///
    /// `old` and `new` are the rows around these differences. Costs what differs.
    package func takeIndexes(from old: Row, to new: Row) {
        var last: SchemaNode?
        for diff in self {
            if diff.node.kind == .list, diff.node != last,
                let before = old.entries(in: diff.node.slot), let after = new.entries(in: diff.node.slot)
            {
                after.takeIndexes(from: before)
            }
            last = diff.node
            if diff.change == .inside || diff.change == .moved, let before = diff.old, let after = diff.new {
                diff.children.takeIndexes(from: before, to: after)
            }
        }
    }
}
