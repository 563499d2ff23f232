internal import YANG

/// A node name with its module.
package struct OutlineName: Hashable, Sendable {
    package var module: String
    package var name: String
}

/// A tree without its models: what an image or the change sets of the log say by themselves. For programs that work on
/// the files alone; it takes several times the memory of a `DataTree`.
package final class OutlineTree {
    package let root = OutlineRow()
    /// By module name, as far as an image told them.
    package var namespaces: [String: String] = [:]

    package init() {}

    /// Carries out the edits. Throws `PathError` if a path cannot be followed.
    package func apply(_ changes: ChangeSet) throws(PathError) {
        for item in changes.items {
            guard let words = StepScanner.words(of: item.path) else {
                throw PathError(.syntax, "\(item.path): this is no path of the log")
            }
            try apply(item.edit, words)
        }
    }

    private func apply(_ edit: Edit, _ words: [StepScanner.Word]) throws(PathError) {
        var row = root
        var module = ""
        for word in words.dropLast() {
            module = word.module ?? module
            let name = OutlineName(module: module, name: word.name)
            let next =
                word.predicates.isEmpty
                ? row.inner(name, isMade: edit != .delete)
                : row.list(name, isMade: edit != .delete)?.entry(word.predicates, module, isMade: edit != .delete)
            guard let next else { return }
            row = next
        }
        guard let last = words.last else { return }
        let name = OutlineName(module: last.module ?? module, name: last.name)
        if case .fill(let image) = edit {
            let tree = try image.outline()
            namespaces.merge(tree.namespaces) { known, _ in known }
            return row.put(.inner(tree.root), name)
        }
        row.apply(edit, name, last.predicates)
    }
}

/// The content of a container, a list entry or the root.
package final class OutlineRow {
    package enum Kid {
        case inner(OutlineRow)
        case list(OutlineEntries)
    }

    package private(set) var leaves: [OutlineName: String] = [:]
    package private(set) var kids: [OutlineName: Kid] = [:]
    /// A container that is there by itself.
    package internal(set) var isPresence = false
    /// Of itself (nil) and of its leaves.
    package internal(set) var metadata: [(leaf: OutlineName?, name: String, value: String)] = []
    /// The value of a leaf-list's entry.
    package internal(set) var value: String?
    private var order: [OutlineName: Int] = [:]
    private var next = 0

    /// In the order in which they came.
    package var leafNames: [OutlineName] { leaves.keys.sorted { order[$0, default: 0] < order[$1, default: 0] } }
    package var kidNames: [OutlineName] { kids.keys.sorted { order[$0, default: 0] < order[$1, default: 0] } }

    var isStored: Bool {
        isPresence || !leaves.isEmpty
            || kids.values.contains { kid in
                switch kid {
                case .inner(let row): row.isStored
                case .list(let entries): !entries.isEmpty
                }
            }
    }

    func set(_ value: String, _ name: OutlineName) {
        note(name)
        leaves[name] = value
    }

    func put(_ kid: Kid, _ name: OutlineName) {
        note(name)
        kids[name] = kid
    }

    private func note(_ name: OutlineName) {
        if order[name] != nil { return }
        order[name] = next
        next += 1
    }

    func inner(_ name: OutlineName, isMade: Bool) -> OutlineRow? {
        if case .inner(let row)? = kids[name] { return row }
        guard isMade else { return nil }
        let row = OutlineRow()
        put(.inner(row), name)
        return row
    }

    func list(_ name: OutlineName, isMade: Bool) -> OutlineEntries? {
        if case .list(let entries)? = kids[name] { return entries }
        guard isMade else { return nil }
        let entries = OutlineEntries()
        put(.list(entries), name)
        return entries
    }

    fileprivate func apply(_ edit: Edit, _ name: OutlineName, _ predicates: [(name: String, value: String)]) {
        switch edit {
        case .set(let value): set(value, name)
        case .delete: delete(name, predicates)
        case .create:
            if predicates.isEmpty {
                inner(name, isMade: true)?.isPresence = true
            } else {
                _ = list(name, isMade: true)?.entry(predicates, name.module, isMade: true)
            }
        case .place(let place): list(name, isMade: true)?.put(predicates, name.module, at: place)
        case .annotate(let annotation, let value): annotate(annotation, value, name, predicates)
        case .fill: break
        }
    }

    private func delete(_ name: OutlineName, _ predicates: [(name: String, value: String)]) {
        if predicates.isEmpty {
            leaves[name] = nil
            kids[name] = nil
            metadata.removeAll { $0.leaf == name }
        } else if let entries = list(name, isMade: false) {
            entries.remove(predicates.map(\.value))
            if entries.isEmpty { kids[name] = nil }
        }
    }

    private func annotate(
        _ annotation: String, _ value: String?, _ name: OutlineName, _ predicates: [(name: String, value: String)]
    ) {
        let isLeaf = predicates.isEmpty && leaves[name] != nil
        let bearer =
            isLeaf
            ? self
            : predicates.isEmpty
                ? inner(name, isMade: false)
                : list(name, isMade: false)?.entry(predicates, name.module, isMade: false)
        guard let bearer else { return }
        let leaf = isLeaf ? name : nil
        bearer.metadata.removeAll { $0.leaf == leaf && $0.name == annotation }
        if let value { bearer.metadata.append((leaf, annotation, value)) }
    }
}

/// The entries of a list or leaf-list, in the order in which they came or were put.
package final class OutlineEntries {
    /// Empty for a leaf-list.
    package internal(set) var keyNames: [String] = []
    package internal(set) var isLeafList = false
    package internal(set) var isUserOrdered = false
    private var rows: [[String]: (row: OutlineRow, mark: Int)] = [:]
    private var order: [(keys: [String], mark: Int)] = []
    private var next = 0

    package var isEmpty: Bool { rows.isEmpty }
    package var count: Int { rows.count }

    /// Keys and content.
    package var entries: [(keys: [String], row: OutlineRow)] {
        order.compactMap { place in
            guard let found = rows[place.keys], found.mark == place.mark else { return nil }
            return (place.keys, found.row)
        }
    }

    func append(_ keys: [String], _ row: OutlineRow) {
        next += 1
        rows[keys] = (row, next)
        order.append((keys, next))
    }

    func entry(_ predicates: [(name: String, value: String)], _ module: String, isMade: Bool) -> OutlineRow? {
        let keys = predicates.map(\.value)
        if let found = rows[keys] { return found.row }
        guard isMade else { return nil }
        let row = OutlineRow()
        if predicates.count == 1, predicates[0].name == "." {
            isLeafList = true
            row.value = predicates[0].value
        } else {
            keyNames = predicates.map(\.name)
            for key in predicates { row.set(key.value, OutlineName(module: module, name: key.name)) }
        }
        append(keys, row)
        return row
    }

    func remove(_ keys: [String]) { rows[keys] = nil }

    func put(_ predicates: [(name: String, value: String)], _ module: String, at place: Entries.Place) {
        isUserOrdered = true
        let keys = predicates.map(\.value)
        guard let row = entry(predicates, module, isMade: true), let found = rows[keys] else { return }
        order.removeAll { $0.keys == keys && $0.mark == found.mark || rows[$0.keys]?.mark != $0.mark }
        next += 1
        rows[keys] = (row, next)
        let index: Int
        switch place {
        case .first: index = 0
        case .last: index = order.count
        case .before(let anchor): index = order.firstIndex { $0.keys == anchor } ?? order.count
        case .after(let anchor): index = order.firstIndex { $0.keys == anchor }.map { $0 + 1 } ?? order.count
        }
        order.insert((keys, next), at: index)
    }
}
