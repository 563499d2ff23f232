package import ConfigTree
import YANG

/// Turns a difference of two trees into J-style commands: `delete` of a level first, then `set` in the order of the
/// schema, `insert` for what stands elsewhere, `activate` and `deactivate`.
///
/// Only what the model knows is deleted: a container that comes and goes with its content is emptied, never deleted,
/// for the device may have more in it.
struct StatementDiff {
    /// The commands will be sorted: then entries come before what refers to them.
    let isSorted: Bool
    private(set) var builder = DiffBuilder()

    init(isSorted: Bool) { self.isSorted = isSorted }

    private static let set = Array("set ".utf8)
    private static let delete = Array("delete ".utf8)

    // MARK: Differences

    /// All that differs between two rows.
    mutating func level(_ diffs: [DiffNode], of parent: CLINode, _ old: Row?, _ new: Row?, _ context: DiffContext) {
        for diff in diffs where diff.change == .deleted && diff.node.isConfig {
            deleted(diff, parent.child(diff.node.slot), context)
        }
        var index = 0
        while index < diffs.count {
            let diff = diffs[index]
            var group = [diff]
            index += 1
            while index < diffs.count, diffs[index].node == diff.node {
                group.append(diffs[index])
                index += 1
            }
            guard diff.node.isConfig else { continue }
            let node = parent.child(diff.node.slot)
            switch node.kind {
            case .leaf, .anydata, .anyxml: leaf(diff, node, context)
            case .leafList:
                leafList(
                    node, old?.leafListValues(node.slot) ?? [], new?.leafListValues(node.slot) ?? [],
                    context.inside(node))
            case .container: container(diff, node, context)
            case .list: entries(group, node, old?.entries(in: node.slot), new?.entries(in: node.slot), context)
            default: break
            }
        }
    }

    private mutating func deleted(_ diff: DiffNode, _ node: CLINode, _ outer: DiffContext) {
        switch node.kind {
        case .leaf, .anydata, .anyxml: unset(node, diff.oldValue ?? "", outer.inside(node))
        case .container: remove(node, diff.old, outer.inside(node))
        case .list: remove(node, diff.old, keys: diff.keys, outer.inside(node, keys: diff.keys))
        default: break
        }
    }

    private mutating func container(_ diff: DiffNode, _ node: CLINode, _ outer: DiffContext) {
        guard diff.change != .deleted else { return }
        let context = outer.inside(node)
        if diff.change == .created { return create(node, diff.new, context) }
        level(diff.children, of: node, diff.old, diff.new, Self.inner(node, context))
        activity(diff.metadata, StatementWords(grammar: context.grammar).header(node), context)
    }

    private static func inner(_ node: CLINode, keys: [String] = [], _ context: DiffContext) -> DiffContext {
        context.after(StatementWords(grammar: context.grammar).header(node, keys: keys))
    }

    // MARK: Leaves

    private mutating func leaf(_ diff: DiffNode, _ node: CLINode, _ outer: DiffContext) {
        let context = outer.inside(node)
        guard diff.change != .deleted, let value = diff.newValue else { return }
        if diff.oldValue != diff.newValue {
            if diff.change == .modified, node.has(.removeBeforeChange), let old = diff.oldValue {
                unset(node, old, context, cause: "removed before it changes: \(context.path.words)")
            }
            set(node, value, context, old: diff.oldValue)
        }
        activity(diff.metadata, node.word, context)
    }

    private mutating func set(_ node: CLINode, _ value: String, _ context: DiffContext, old: String? = nil) {
        let touch = builder.touch(old == nil ? .created : .modified, context, old: old, new: value)
        let words = StatementWords(grammar: context.grammar).leaf(node, value)
        builder.add(
            Self.set + context.prefix + words, [touch], context,
            cause: "\(old == nil ? "set" : "changed") \(context.path.words)",
            removal: old.map { Self.delete + context.prefix + deletionWords(node, $0, context) })
    }

    private mutating func unset(_ node: CLINode, _ value: String, _ context: DiffContext, cause: String? = nil) {
        builder.add(
            Self.delete + context.prefix + deletionWords(node, value, context),
            [builder.touch(.deleted, context, old: value)], context,
            cause: cause ?? "deleted \(context.path.words)", isDeletion: true)
    }

    private func deletionWords(_ node: CLINode, _ value: String, _ context: DiffContext) -> [UInt8] {
        node.has(.dropNodeName) ? StatementWords(grammar: context.grammar).leaf(node, value) : node.word
    }

    // MARK: Leaf-lists

    private mutating func leafList(_ node: CLINode, _ old: [String], _ new: [String], _ context: DiffContext) {
        guard old != new else { return }
        let kept = Set(old).intersection(new)
        let gone = old.filter { !kept.contains($0) }
        let words = StatementWords(grammar: context.grammar)
        func touches(_ kind: DiffTouch.Kind, _ values: [String]) -> [DiffTouch] {
            values.map { value in
                builder.touch(
                    kind, context, old: kind == .deleted ? value : nil, new: kind == .created ? value : nil)
            }
        }
        if kept.isEmpty, !gone.isEmpty, !node.has(.dropNodeName) {
            builder.add(
                Self.delete + context.prefix + node.word, touches(.deleted, gone), context,
                cause: "deleted \(context.path.words)", isDeletion: true)
        } else {
            for value in gone {
                builder.add(
                    Self.delete + context.prefix + words.leafList(node, [value]), touches(.deleted, [value]), context,
                    cause: "deleted \(context.path.words)", isDeletion: true)
            }
        }
        var first: Int?
        for value in new where !kept.contains(value) {
            var here = context
            here.opener = first
            builder.add(
                Self.set + context.prefix + words.leafList(node, [value]), touches(.created, [value]), here,
                cause: "set \(context.path.words)")
            first = builder.units.count - 1
        }
        guard node.schema.isUserOrdered else { return }
        let held = old.filter(kept.contains) + new.filter { !kept.contains($0) }
        place(held.map { [$0] }, new.map { [$0] }, node, context, first) { words.value(node, $0[0]) }
    }

    // MARK: Lists

    private mutating func entries(
        _ diffs: [DiffNode], _ node: CLINode, _ old: Entries?, _ new: Entries?, _ outer: DiffContext
    ) {
        var created: [[String]] = []
        var last: Int?
        for diff in diffs where diff.change != .deleted {
            let context = outer.inside(node, keys: diff.keys)
            guard diff.change == .created else {
                level(diff.children, of: node, diff.old, diff.new, Self.inner(node, keys: diff.keys, context))
                activity(
                    diff.metadata, StatementWords(grammar: context.grammar).header(node, keys: diff.keys), context)
                continue
            }
            let start = builder.units.count
            create(node, diff.new, keys: diff.keys, context)
            created.append(diff.keys)
            guard node.schema.isUserOrdered else { continue }
            if let last { builder.units[start].opener = last }
            last = start
        }
        guard node.schema.isUserOrdered, let new, diffs.contains(where: { $0.change != .inside }) else { return }
        let wanted = new.rows.map { new.keys(of: $0) }
        let isWanted = Set(wanted)
        let isNew = Set(created)
        let stayed = (old?.rows.map { old?.keys(of: $0) ?? [] } ?? []).filter { isWanted.contains($0) }
        let words = StatementWords(grammar: outer.grammar)
        let held = stayed + wanted.filter { isNew.contains($0) }
        place(held, wanted, node, outer, last) { words.header(node, keys: $0) }
    }

    /// `insert` for the fewest entries that bring `held` into the order `wanted`.
    private mutating func place(
        _ held: [[String]], _ wanted: [[String]], _ node: CLINode, _ outer: DiffContext, _ opener: Int?,
        _ words: ([String]) -> [UInt8]
    ) {
        guard held != wanted else { return }
        var rank: [[String]: Int] = [:]
        for (index, keys) in wanted.enumerated() { rank[keys] = index }
        let staying = Set(Self.longestRise(held.compactMap { rank[$0] }))
        var previous = opener
        var front = held[0]
        for (index, keys) in wanted.enumerated() where !staying.contains(index) {
            // What is moved to the front becomes the front.
            let place =
                index == 0 ? Array(" before ".utf8) + words(front) : Array(" after ".utf8) + words(wanted[index - 1])
            if index == 0 { front = keys }
            let isValue = node.kind == .leafList
            let name = isValue && !node.has(.dropNodeName) ? node.word + [CLIText.space] : []
            var context = isValue ? outer : outer.inside(node, keys: keys)
            context.opener = previous
            builder.add(
                Array("insert ".utf8) + outer.prefix + name + words(keys) + place,
                isValue ? [] : [builder.touch(.modified, context)], context, cause: "moved \(context.path.words)")
            previous = builder.units.count - 1
        }
    }

    /// The values of the longest rising subsequence.
    static func longestRise(_ values: [Int]) -> [Int] {
        var tails: [Int] = []
        var before = [Int](repeating: -1, count: values.count)
        for (index, value) in values.enumerated() {
            var low = 0
            var high = tails.count
            while low < high {
                let middle = (low + high) / 2
                if values[tails[middle]] < value { low = middle + 1 } else { high = middle }
            }
            if low > 0 { before[index] = tails[low - 1] }
            if low == tails.count { tails.append(index) } else { tails[low] = index }
        }
        var result: [Int] = []
        var here = tails.last ?? -1
        while here >= 0 {
            result.append(values[here])
            here = before[here]
        }
        return result.reversed()
    }

    // MARK: Created

    /// The commands that make a container or entry with all that is in it. The first of them brings it into being.
    private mutating func create(_ node: CLINode, _ row: Row?, keys: [String] = [], _ context: DiffContext) {
        guard let row else { return }
        let start = builder.units.count
        let words = StatementWords(grammar: context.grammar).header(node, keys: keys)
        let inner = context.after(words)
        for slot in row.statementSlots(node) { content(node.child(slot), row, inner) }
        let isThing = node.kind == .list || node.schema.isPresence
        var own = isThing ? [builder.touch(.created, context)] : []
        for key in node.children.keys where node.kind == .list {
            own += builder.all(key, row, .created, context)
        }
        let isAlone = isSorted && node.schema.isUserOrdered && refersToItself(node.schema, from: start)
        if builder.units.count == start || isAlone {
            guard isThing else { return }
            builder.insert(Self.set + inner.prefix.dropLast(), at: start, context)
        }
        builder.units[start].touches += own
        if isThing { builder.units[start].cause = "created \(context.path.words)" }
        for index in builder.units.indices.dropFirst(start + 1) where builder.units[index].opener == nil {
            builder.units[index].opener = start
        }
        guard NodeActivity.isInactive(row.metadata) else { return }
        var here = context
        here.opener = start
        activity(true, words, here)
    }

    /// Whether a command from `start` on refers to an entry of the list itself. Then the entry comes by a command of its
    /// own: entries come in their order, and the reference may be to a later one.
    private func refersToItself(_ list: SchemaNode, from start: Int) -> Bool {
        builder.units[start...].contains { unit in
            unit.touches.contains { touch in
                guard let leaf = touch.schema, leaf.isTerminal, let type = leaf.type else { return false }
                return DiffOrder.targets(type).contains { target in
                    var above = leaf.schema[target].dataParent
                    while let node = above, node != list { above = node.dataParent }
                    return above != nil
                }
            }
        }
    }

    private mutating func content(_ child: CLINode, _ row: Row, _ outer: DiffContext) {
        let context = outer.inside(child)
        switch child.kind {
        case .leaf, .anydata, .anyxml:
            guard let value = row.value(in: child.slot) else { return }
            set(child, value, context)
            if NodeActivity.isInactive(row.metadata, slot: child.slot) { activity(true, child.word, context) }
        case .leafList: leafList(child, [], row.leafListValues(child.slot) ?? [], context)
        case .container: create(child, row.child(in: child.slot), context)
        case .list:
            guard let entries = row.entries(in: child.slot) else { return }
            var last: Int?
            for entry in entries.rows {
                let keys = entries.keys(of: entry)
                let start = builder.units.count
                create(child, entry, keys: keys, outer.inside(child, keys: keys))
                guard child.schema.isUserOrdered else { continue }
                if let last { builder.units[start].opener = last }
                last = start
            }
        default: break
        }
    }

    // MARK: Deleted

    private mutating func remove(_ node: CLINode, _ row: Row?, keys: [String] = [], _ context: DiffContext) {
        guard let row else { return }
        let words = StatementWords(grammar: context.grammar).header(node, keys: keys)
        guard node.schema.isNonPresenceContainer || words.isEmpty else {
            return builder.add(
                Self.delete + context.prefix + words, builder.removed(node, row, context), context,
                cause: "deleted \(context.path.words)", isDeletion: true)
        }
        let inner = context.after(words)
        for slot in row.statementSlots(node) {
            let child = node.child(slot)
            let here = inner.inside(child)
            switch child.kind {
            case .leaf, .anydata, .anyxml: unset(child, row.value(in: slot) ?? "", here)
            case .leafList: leafList(child, row.leafListValues(slot) ?? [], [], here)
            case .container: remove(child, row.child(in: slot), here)
            case .list:
                guard let entries = row.entries(in: slot) else { continue }
                for entry in entries.rows {
                    let keys = entries.keys(of: entry)
                    remove(child, entry, keys: keys, inner.inside(child, keys: keys))
                }
            default: break
            }
        }
    }

    // MARK: Activity

    private mutating func activity(_ changes: [MetadataChange], _ words: [UInt8], _ context: DiffContext) {
        guard let change = changes.first(where: { $0.name == NodeActivity.name }) else { return }
        activity(change.new == NodeActivity.inactive, words, context)
    }

    private mutating func activity(_ isInactive: Bool, _ words: [UInt8], _ context: DiffContext) {
        let verb = isInactive ? "deactivate" : "activate"
        let line = Array("\(verb) ".utf8) + context.prefix + words
        builder.add(
            line.last == CLIText.space ? Array(line.dropLast()) : line, [], context,
            cause: "\(verb)d \(context.path.words)")
    }
}

extension CLIGrammar {
    func statementCommands(from: DataTree, to: DataTree, isSorted: Bool = true) -> [DiffUnit] {
        var diff = StatementDiff(isSorted: isSorted)
        let difference = from.diff(to: to, includingMetadata: true)
        diff.level(difference, of: root, from.root, to.root, DiffContext(grammar: self))
        return diff.builder.units
    }

    /// A tree as `set` commands, in the order of the schema; nil in a dialect that has none.
    package func setCommands(_ tree: DataTree) -> String? {
        guard hasStatements else { return nil }
        return statementCommands(from: DataTree(tree.model), to: tree, isSorted: false).map {
            CLIText.string($0.line ?? []) + "\n"
        }
        .joined()
    }
}
