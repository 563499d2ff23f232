import YANG

/// One elementary change of a tree.
package enum Edit: Hashable, Sendable {
    /// Sets a leaf (or anydata) to a canonical value.
    case set(String)
    /// Makes a presence container, a list entry or a leaf-list entry, if it is not there.
    case create
    /// Removes what is at the path and below; of a list or leaf-list without keys, all entries.
    case delete
    /// Puts an entry of a user-ordered list or leaf-list in its place, making it if it is not there.
    case place(Entries.Place)
    /// Says metadata of a node that is there, by its qualified name; nil takes it back.
    case annotate(String, String?)
    /// Puts a tree in place of what is at a mount point.
    case fill(MountedImage)

    /// Whether it goes for everything below its path.
    package var isWhole: Bool {
        switch self {
        case .delete, .fill: true
        default: false
        }
    }
}

/// An elementary change at its path.
package struct PathEdit: Hashable, Sendable {
    package var edit: Edit
    package var path: InstancePath

    package init(_ edit: Edit, _ path: InstancePath) {
        self.edit = edit
        self.path = path
    }
}

extension DataTree {
    /// The tree after one edit. Missing parents are made; parents that become empty non-presence containers vanish;
    /// nodes of other cases of a choice go when one of a case is made (RFC 7950 section 7.9).
    package func applying(_ edit: Edit, at path: InstancePath) throws(PathError) -> DataTree {
        guard !path.steps.isEmpty else {
            guard edit == .delete else { throw PathError(.notEditable, "the root cannot be set") }
            return DataTree(model)
        }
        let editor = TreeEditor(path: path, edit: edit)
        return DataTree(model: model, root: try editor.edit(root, 0, model))
    }

    package mutating func apply(_ edit: Edit, at path: InstancePath) throws(PathError) {
        self = try applying(edit, at: path)
    }
}

/// Copies the path of rows from the root down to where the edit happens.
private struct TreeEditor {
    let path: InstancePath
    let edit: Edit

    private func fault(_ reason: String) -> PathError { PathError(.notEditable, "\(path): \(reason)") }

    /// `row` with the edit done at and below step `index`, which is a child of it.
    func edit(_ row: Row, _ index: Int, _ model: DataModel) throws(PathError) -> Row {
        let step = path.steps[index]
        let node = step.node
        let isLast = index == path.steps.count - 1
        if isLast, case .annotate(let name, let value) = edit { return try annotate(row, step, name, value) }
        let edited: Row
        switch node.kind {
        case .leaf, .anydata, .anyxml:
            guard isLast else { throw fault("\(node.name) has no children") }
            try checkKey(row, node)
            edited = try editLeaf(row, node)
        case .leafList:
            guard isLast else { throw fault("\(node.name) has no children") }
            edited = try editLeafList(row, step, model)
        case .list:
            edited = try editList(row, step, index, model)
        case .mountPoint:
            edited = try editMount(row, node, index, model)
        case .container, .input, .output, .rpc, .action, .notification:
            edited = try editContainer(row, node, index, model)
        case .root, .choice, .case:
            throw fault("\(node.name) is no data node")
        }
        // Only what is there chooses a case: not a delete below, nor a container without presence "made" empty.
        return edit == .delete || !edited.hasContent(in: node.slot)
            ? edited : edited.droppingRivals(of: node, in: model)
    }

    private func annotate(
        _ row: Row, _ step: InstancePath.Step, _ name: String, _ value: String?
    ) throws(PathError) -> Row {
        let slot = step.node.slot
        func annotated(_ row: Row, _ leaf: Int?) -> Row {
            let old = row.metadata
            let new =
                old.map { $0.setting(value, name, of: leaf) }
                ?? value.flatMap { RowMetadata([.init(slot: leaf, name: name, value: $0)]) }
            return old == new ? row : row.annotated(new)
        }
        if row.hasValue(in: slot) { return annotated(row, slot) }
        switch row.kid(in: slot) {
        case .row(let child)?: return row.replacing(.row(annotated(child, nil)), in: slot)
        case .entries(let entries)? where !step.keys.isEmpty:
            guard let entry = entries.entry(step.keys) else { break }
            return row.replacing(.entries(entries.upserting(annotated(entry, nil))), in: slot)
        default: break
        }
        if value == nil { return row }
        throw fault("what is not there cannot be annotated")
    }

    private func editLeaf(_ row: Row, _ node: SchemaNode) throws(PathError) -> Row {
        switch edit {
        case .set(let value): return row.setting(value, in: node.slot)
        case .delete: return row.hasValue(in: node.slot) ? row.setting(nil, in: node.slot) : row
        case .create where node.type?.base == .empty: return row.setting("", in: node.slot)
        case .create, .place, .annotate, .fill: throw fault("a leaf needs a value")
        }
    }

    /// A key leaf comes and goes with its entry.
    private func checkKey(_ row: Row, _ node: SchemaNode) throws(PathError) {
        guard node.isKey, let key = row.value(in: node.slot), edit != .set(key) else { return }
        throw fault("\(node.name) is a key: delete the entry and make another one")
    }

    private func checkCount(_ step: InstancePath.Step, _ names: [String]) throws(PathError) {
        guard step.keys.count == names.count else {
            throw PathError(
                .wrongKeys, "\(path): \(step.node.path) needs a value for each of \(names.joined(separator: ", "))")
        }
    }

    private func editLeafList(_ row: Row, _ step: InstancePath.Step, _ model: DataModel) throws(PathError) -> Row {
        let node = step.node
        guard let value = step.keys.first else {
            guard edit == .delete else { throw fault("a leaf-list entry needs a value") }
            return row.replacing(nil, in: node.slot)
        }
        try checkCount(step, ["."])
        let entry = Row.leafListEntry(node.id, value: value, order: EntryOrder.label(0))
        return try editEntries(row, step, model, fresh: entry)
    }

    private func editList(
        _ row: Row, _ step: InstancePath.Step, _ index: Int, _ model: DataModel
    ) throws(PathError) -> Row {
        let node = step.node
        guard !step.keys.isEmpty else {
            guard edit == .delete, index == path.steps.count - 1 else { throw fault("a list entry needs its keys") }
            return row.replacing(nil, in: node.slot)
        }
        try checkCount(step, node.keys.map(\.name))
        var fresh = Row.empty(node.id).placed(at: EntryOrder.label(0))
        for (key, value) in zip(node.keys, step.keys) { fresh = fresh.setting(value, in: key.slot) }
        guard index < path.steps.count - 1 else { return try editEntries(row, step, model, fresh: fresh) }
        let entries = row.entries(in: node.slot)
        let old = entries?.entry(step.keys)
        if old == nil, edit == .delete { return row }
        let entry = try edit(old ?? fresh, index + 1, model)
        if entry === old { return row }
        let changed = entries?.upserting(entry) ?? Entries(list: node, order: model.order(of: node), rows: [entry])
        return row.replacing(.entries(changed), in: node.slot)
    }

    /// The edit of an entry as a whole.
    private func editEntries(
        _ row: Row, _ step: InstancePath.Step, _ model: DataModel, fresh: Row
    ) throws(PathError) -> Row {
        let slot = step.node.slot
        if case .set = edit { throw fault("an entry has no value of its own") }
        guard let entries = row.entries(in: slot) else {
            if edit == .delete { return row }
            let only = Entries(list: step.node, order: model.order(of: step.node), rows: [fresh])
            return row.replacing(.entries(only), in: slot)
        }
        let old = entries.entry(step.keys)
        switch edit {
        case .set, .create: return old == nil ? row.replacing(.entries(entries.upserting(fresh)), in: slot) : row
        case .place(let place): return row.replacing(.entries(entries.putting(old ?? fresh, at: place)), in: slot)
        case .delete:
            guard old != nil else { return row }
            return row.replacing(entries.removing(step.keys).map(Kid.entries), in: slot)
        case .annotate: return row
        case .fill: throw fault("an entry is no mount point")
        }
    }

    private func editContainer(
        _ row: Row, _ node: SchemaNode, _ index: Int, _ model: DataModel
    ) throws(PathError) -> Row {
        var old: Row?
        if case .row(let child)? = row.kid(in: node.slot) { old = child }
        if index == path.steps.count - 1 {
            switch edit {
            case .delete: return old == nil ? row : row.replacing(nil, in: node.slot)
            case .create:
                guard old == nil, node.isPresence else { return row }
                return row.replacing(.row(.empty(node.id)), in: node.slot)
            case .set, .place, .annotate, .fill: throw fault("a container has no value")
            }
        }
        if old == nil, edit == .delete { return row }
        let changed = try edit(old ?? .empty(node.id), index + 1, model)
        if changed === old { return row }
        let vanishes = changed.isEmpty && node.isNonPresenceContainer
        return row.replacing(vanishes ? nil : .row(changed), in: node.slot)
    }

    private func editMount(
        _ row: Row, _ node: SchemaNode, _ index: Int, _ model: DataModel
    ) throws(PathError) -> Row {
        var old: DataTree?
        if case .mount(let tree)? = row.kid(in: node.slot) { old = tree }
        func mounted() throws(PathError) -> DataModel {
            if let inner = old?.model ?? model.mounted(row, node) { return inner }
            throw PathError(.noModel, "\(path.parent): no driver is loaded for what is mounted here")
        }
        if index == path.steps.count - 1 {
            switch edit {
            case .delete: return old == nil ? row : row.replacing(nil, in: node.slot)
            case .fill(let image):
                let tree = try image.tree(mounted())
                return row.replacing(tree.isEmpty ? nil : .mount(tree), in: node.slot)
            default: return row
            }
        }
        if old == nil, edit == .delete { return row }
        let tree = if let old { old } else { DataTree(try mounted()) }
        let changed = try edit(tree.root, index + 1, tree.model)
        if changed === old?.root { return row }
        let mount = Kid.mount(DataTree(model: tree.model, root: changed))
        return row.replacing(changed.isEmpty ? nil : mount, in: node.slot)
    }
}

extension Row {
    package func entries(in slot: Int) -> Entries? {
        if case .entries(let entries)? = kid(in: slot) { entries } else { nil }
    }

    package func child(in slot: Int) -> Row? {
        if case .row(let row)? = kid(in: slot) { row } else { nil }
    }

    package func mounted(in slot: Int) -> DataTree? {
        if case .mount(let tree)? = kid(in: slot) { tree } else { nil }
    }

    func hasContent(in slot: Int) -> Bool { hasValue(in: slot) || kid(in: slot) != nil }

    /// Without the nodes of the other cases of the choices in which `node` stands.
    func droppingRivals(of node: SchemaNode, in model: DataModel) -> Row {
        var row = self
        for slot in model.rivals(of: node) {
            if row.hasValue(in: slot) {
                row = row.setting(nil, in: slot)
            } else if row.kid(in: slot) != nil {
                row = row.replacing(nil, in: slot)
            }
        }
        return row
    }
}

extension DataTree {
    /// The tree with what is mounted at a mount point replaced as a whole; nil or an empty tree takes it away. The entry
    /// that holds the mount point must be there.
    package func replacingMount(at path: InstancePath, with tree: DataTree?) throws(PathError) -> DataTree {
        DataTree(model: model, root: try Self.replaceMount(root, path.steps[...], tree, path))
    }

    /// The tree with the content of an operation or notification in its place: what expressions in it see. The data node
    /// that it belongs to must be there.
    func placing(_ content: Row, at path: InstancePath) throws(PathError) -> DataTree {
        DataTree(model: model, root: try Self.place(content, root, path.steps[...], path))
    }

    private static func place(
        _ content: Row, _ row: Row, _ steps: ArraySlice<InstancePath.Step>, _ path: InstancePath
    ) throws(PathError) -> Row {
        guard let step = steps.first else { return content }
        let (node, rest) = (step.node, steps.dropFirst())
        let old = row.kid(in: node.slot)
        let missing = PathError(.unknownNode, "\(path): \(node.name) is not there")
        switch node.kind {
        case .list:
            guard let entries = old?.entries, let entry = entries.entry(step.keys) else { throw missing }
            return row.replacing(.entries(entries.upserting(try place(content, entry, rest, path))), in: node.slot)
        case .mountPoint:
            guard let tree = old?.tree else { throw missing }
            let root = try place(content, tree.root, rest, path)
            return row.replacing(.mount(DataTree(model: tree.model, root: root)), in: node.slot)
        case .container where node.isPresence && old == nil: throw missing
        default:
            return row.replacing(.row(try place(content, old?.row ?? .empty(node.id), rest, path)), in: node.slot)
        }
    }

    private static func replaceMount(
        _ row: Row, _ steps: ArraySlice<InstancePath.Step>, _ tree: DataTree?, _ path: InstancePath
    ) throws(PathError) -> Row {
        guard let step = steps.first else { throw PathError(.notEditable, "\(path) is no mount point") }
        let slot = step.node.slot
        let rest = steps.dropFirst()
        switch step.node.kind {
        case .mountPoint:
            guard rest.isEmpty else { throw PathError(.notEditable, "\(path) goes on below a mount point") }
            return row.replacing(tree.flatMap { $0.isEmpty ? nil : Kid.mount($0) }, in: slot)
        case .list:
            guard let entries = row.entries(in: slot), let entry = entries.entry(step.keys) else {
                throw PathError(.unknownNode, "\(path): there is no entry \(step.keys.joined(separator: " "))")
            }
            return row.replacing(.entries(entries.upserting(try replaceMount(entry, rest, tree, path))), in: slot)
        default:
            guard let child = row.child(in: slot) else { throw PathError(.unknownNode, "\(path) is not there") }
            return row.replacing(.row(try replaceMount(child, rest, tree, path)), in: slot)
        }
    }
}
