import Basics
import YANG

/// A change of data that needs no schema to be read: elementary edits in an order that can be replayed, with
/// self-contained paths (module names) and canonical values. What the log keeps.
package struct ChangeSet: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        package var edit: Edit
        /// The `description` form of `InstancePath`.
        package var path: String

        package init(_ edit: Edit, _ path: String) {
            self.edit = edit
            self.path = path
        }
    }

    /// Which mounted trees may be told as a whole (`Edit.fill`) where leaf by leaf they would be very long. Laid over a
    /// tree in which something else has changed there, a whole goes over that.
    package enum Packing: Hashable, Sendable {
        case none
        /// Those that were not there before.
        case new
        case all
    }

    package var items: [Item]
    private var packing = Packing.none
    /// While a diff is being taken in: where there are so many items that no more are wanted.
    private var stop = Int.max

    /// What is mounted is told as a whole once it takes more items than this.
    package static let mountLimit = 20_000

    package init(_ items: [Item] = []) { self.items = items }

    package var isEmpty: Bool { items.isEmpty }

    /// The edits that turn the old side of a diff into the new one.
    package init(_ diff: [DiffNode], below path: InstancePath = InstancePath(), packing: Packing = .none) {
        items = []
        self.packing = packing
        append(diff, path)
        self.packing = .none
    }

    /// The changes below one node. Which model lies below a mount point is told by the leaves beside it: so the old
    /// tree goes before they change, the new one comes after.
    private mutating func append(_ siblings: [DiffNode], _ path: InstancePath) {
        func isGoing(_ node: DiffNode) -> Bool { node.node.kind == .mountPoint && node.change == .deleted }
        func isComing(_ node: DiffNode) -> Bool { node.node.kind == .mountPoint && node.change != .deleted }
        for node in siblings where isGoing(node) { append(node, path) }
        for node in siblings where node.node.kind != .mountPoint { append(node, path) }
        for node in siblings where isComing(node) { append(node, path) }
    }

    /// At a mount point: item by item, or, once there are too many of these, all that is there now.
    private mutating func appendMount(_ path: InstancePath, _ tree: DataTree, _ body: (inout ChangeSet) -> Void) {
        let start = items.count
        stop = start + Self.mountLimit
        body(&self)
        if items.count >= stop {
            items.removeSubrange(start...)
            items.append(Item(.fill(MountedImage(tree)), path.description))
        }
        stop = .max
    }

    private mutating func append(_ diff: DiffNode, _ parent: InstancePath) {
        guard items.count < stop else { return }
        let isPacked = packing == .all && diff.change == .inside || packing != .none && diff.change == .created
        guard isPacked, diff.node.kind == .mountPoint, stop == .max, let row = diff.new else {
            return appendItems(diff, parent)
        }
        appendMount(parent.appending(diff.node), DataTree(model: diff.newModel, root: row)) { changes in
            changes.appendItems(diff, parent)
        }
    }

    private mutating func appendItems(_ diff: DiffNode, _ parent: InstancePath) {
        let path = parent.appending(diff.node, keys: diff.keys)
        switch diff.change {
        case .deleted: items.append(Item(.delete, path.description))
        case .modified:
            items.append(Item(.set(diff.newValue ?? ""), path.description))
            appendMetadata(diff.metadata, path)
        case .inside, .moved:
            if diff.change == .moved { items.append(Item(.place(Self.place(diff.after)), path.description)) }
            append(diff.children, path)
            appendMetadata(diff.metadata, path)
        case .created:
            if let after = diff.after { items.append(Item(.place(Self.place(after)), path.description)) }
            if let row = diff.new, diff.node.kind != .leafList {
                let inner = Instance(detached: diff.node, row: row, model: diff.newModel)
                appendContent(inner, path, isAnnounced: diff.after != nil)
            } else if let value = diff.newValue {
                if diff.node.kind == .leafList {
                    if diff.after == nil { items.append(Item(.create, path.description)) }
                } else {
                    items.append(Item(.set(value), path.description))
                }
                appendMetadata(diff.metadata, path)
            }
        }
    }

    private mutating func appendMetadata(_ changes: [MetadataChange], _ path: InstancePath) {
        for change in changes { items.append(Item(.annotate(change.name, change.new), path.description)) }
    }

    /// The metadata in the row of a new instance: its own, that of its leaves and of the entries of its leaf-lists.
    private mutating func appendMetadata(of row: Row, _ schema: SchemaNode, _ path: InstancePath) {
        for item in row.metadata?.items ?? [] {
            let target = item.slot.map { path.appending(schema.dataChild(at: $0)) } ?? path
            items.append(Item(.annotate(item.name, item.value), target.description))
        }
        for kid in row.kids {
            let list = schema.dataChild(at: Int(kid.slot))
            guard list.kind == .leafList, let entries = kid.kid.entries else { continue }
            for entry in entries.rows {
                for item in entry.metadata?.items ?? [] {
                    let target = path.appending(list, keys: [entry.value(at: 0)])
                    items.append(Item(.annotate(item.name, item.value), target.description))
                }
            }
        }
    }

    private static func place(_ after: [String]?) -> Entries.Place {
        guard let after, !after.isEmpty else { return .first }
        return .after(after)
    }

    /// Everything in a new instance.
    private mutating func appendContent(_ instance: Instance, _ path: InstancePath, isAnnounced: Bool = false) {
        guard items.count < stop else { return }
        if !isAnnounced, instance.node.kind == .list || instance.node.isPresence {
            items.append(Item(.create, path.description))
        }
        let children = instance.children()
        for child in children.filter({ $0.node.kind != .mountPoint })
            + children.filter({ $0.node.kind == .mountPoint })
        {
            let childPath = path.appending(child.node, keys: child.keys)
            switch child.node.kind {
            case .leaf, .anydata, .anyxml:
                if !child.node.isKey { items.append(Item(.set(child.value ?? ""), childPath.description)) }
            case .leafList: items.append(Item(.create, childPath.description))
            case .mountPoint where packing != .none && stop == .max:
                if let tree = child.mountedTree {
                    appendMount(childPath, tree) { $0.appendContent(child, childPath) }
                }
            default: appendContent(child, childPath)
            }
        }
        if let row = instance.row, let schema = instance.childSchema { appendMetadata(of: row, schema, path) }
    }
}

extension DataTree {
    /// The tree after a change set. A path that the schema no longer knows is an error naming it.
    package func applying(_ changes: ChangeSet) throws(PathError) -> DataTree {
        var tree = self
        for item in changes.items { tree = try tree.applying(item.edit, at: tree.path(item.path)) }
        return tree
    }
}

// MARK: - As text

extension ChangeSet {
    /// One JSON array a change: `["set","/m:a/b","v"]`, `["create","/m:l[k='1']"]`, `["delete",…]`,
    /// `["annotate",…,"name","value"]`, `["first",…]`, `["last",…]`, `["before",…,"key"…]`, `["after",…,"key"…]`,
    /// `["fill",…,"chunk in base64"…]`; the whole is an array of these.
    package var json: String { String(decoding: jsonBytes, as: UTF8.self) }

    /// The same as UTF-8, written without anything between.
    package var jsonBytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    /// Adds `json` to bytes that somebody else made.
    package func write(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        for (index, item) in items.enumerated() {
            if index > 0 { bytes += [UInt8(ascii: ","), UInt8(ascii: "\n")] }
            var writer = JSONWriter()
            // Nothing throws without a sink.
            try? writer.startArray()
            for word in item.words { try? writer.string(word) }
            guard case .fill(let image) = item.edit else {
                try? writer.endArray()
                bytes += writer.output.bytes
                continue
            }
            bytes.reserveCapacity(bytes.count + writer.output.bytes.count + image.textSize + 3)
            bytes += writer.output.bytes
            for word in image.words {
                bytes += [UInt8(ascii: ","), UInt8(ascii: "\"")]
                bytes += word.utf8
                bytes.append(UInt8(ascii: "\""))
            }
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Reads what `json` wrote, from already parsed arrays of strings.
    package init(words: [[String]]) throws(PathError) {
        items = []
        for line in words {
            guard let item = Item(words: line) else {
                throw PathError(.syntax, "\(line.prefix(2).joined(separator: " ")): no change of a known kind")
            }
            items.append(item)
        }
    }
}

extension ChangeSet.Item {
    /// Of an image only the beginning: the rest is large.
    var words: [String] {
        switch edit {
        case .set(let value): ["set", path, value]
        case .create: ["create", path]
        case .delete: ["delete", path]
        case .place(.first): ["first", path]
        case .place(.last): ["last", path]
        case .place(.before(let keys)): ["before", path] + keys
        case .place(.after(let keys)): ["after", path] + keys
        case .annotate(let name, let value): ["annotate", path, name] + (value.map { [$0] } ?? [])
        case .fill: ["fill", path]
        }
    }

    init?(words: [String]) {
        guard words.count >= 2 else { return nil }
        let rest = Array(words[2...])
        switch (words[0], rest.count) {
        case ("set", 1): self.init(.set(rest[0]), words[1])
        case ("create", 0): self.init(.create, words[1])
        case ("delete", 0): self.init(.delete, words[1])
        case ("first", 0): self.init(.place(.first), words[1])
        case ("last", 0): self.init(.place(.last), words[1])
        case ("before", 1...): self.init(.place(.before(rest)), words[1])
        case ("annotate", 1...2): self.init(.annotate(rest[0], rest.count == 2 ? rest[1] : nil), words[1])
        case ("after", 1...): self.init(.place(.after(rest)), words[1])
        case ("fill", 1...):
            guard let image = MountedImage(words: rest[...]) else { return nil }
            self.init(.fill(image), words[1])
        default: return nil
        }
    }
}
