import ConfigTree
import YANG

/// Turns a difference of two trees into commands, in the order of the schema, deletions of a level first.
struct DiffBuilder {
    var units: [DiffUnit] = []
    private var scopes = 0
    /// The tree whose tags are shown in comments; nil shows none.
    private let tagged: DataTree?
    private var shown: Set<InstancePath> = []

    init(tagged: DataTree? = nil) { self.tagged = tagged }

    // MARK: Units

    mutating func add(
        _ line: [UInt8]?, _ touches: [DiffTouch], _ context: DiffContext, cause: String, comment: [UInt8]? = nil,
        isDeletion: Bool = false, removal: [UInt8]? = nil
    ) {
        let comment = comment ?? (isDeletion ? nil : tags(context))
        units.append(
            DiffUnit(
                modes: context.modes, line: line, comment: comment, touches: touches, cause: cause,
                opener: context.opener, isDeletion: isDeletion, removal: removal))
    }

    /// The tags of the node at hand, or of a container around it that has no line of its own: once each.
    private mutating func tags(_ context: DiffContext) -> [UInt8]? {
        guard let tagged else { return nil }
        let inner = (context.modes.last?.path.steps.count ?? 0)..<max(context.path.steps.count, 1)
        for length in inner.isEmpty ? [context.path.steps.count] : Array(inner).map({ $0 + 1 }) {
            let path = InstancePath(Array(context.path.steps.prefix(length)))
            guard let last = path.last, !shown.contains(path) else { continue }
            let isLeaf = last.node.isTerminal
            let metadata = tagged.instance(isLeaf ? path.parent : path)?.row?.metadata
            let words = path.steps.suffix(from: context.modes.last?.path.steps.count ?? 0).map(\.node.name)
            let name = last.node.isNonPresenceContainer ? Array(words.joined(separator: " ").utf8) : []
            guard let comment = TagText.comment(metadata, of: isLeaf ? last.node.slot : nil, name) else { continue }
            shown.insert(path)
            return comment
        }
        return nil
    }

    /// Puts a unit without touches before those that were added from `index` on.
    mutating func insert(_ line: [UInt8], at index: Int, _ context: DiffContext) {
        for later in units.indices where later >= index {
            if let opener = units[later].opener, opener >= index { units[later].opener = opener + 1 }
        }
        units.insert(
            DiffUnit(modes: context.modes, line: line, touches: [], cause: "", opener: context.opener), at: index)
    }

    func touch(
        _ kind: DiffTouch.Kind, _ context: DiffContext, old: String? = nil, new: String? = nil
    ) -> DiffTouch {
        DiffTouch(kind: kind, path: context.path, oldValue: old, newValue: new, scope: context.scope)
    }

    static let no = Array("no ".utf8)

    /// `no` and the words of a line, at its beginning or right before its last part.
    static func negated(_ prefix: [UInt8], _ words: [UInt8], embedded: Bool = false) -> [UInt8] {
        let line = embedded ? prefix + no + words : no + prefix + words
        return line.last == CLIText.space ? Array(line.dropLast()) : line
    }

    // MARK: Differences

    /// All that differs between two rows of a mode, or of what has its lines one by one.
    mutating func level(_ diffs: [DiffNode], of parent: CLINode, _ old: Row?, _ new: Row?, _ context: DiffContext) {
        for diff in diffs where diff.change == .deleted && diff.node.isConfig { one(diff, of: parent, context) }
        var index = 0
        var leafList: Int?
        while index < diffs.count {
            let diff = diffs[index]
            index += 1
            guard diff.node.isConfig else { continue }
            let node = parent.child(diff.node.slot)
            if node.kind == .leafList {
                if leafList != node.slot, parent.kind != .list || !node.isHeader {
                    let (before, after) = (old?.leafListValues(node.slot), new?.leafListValues(node.slot))
                    self.leafList(node, before, after, context.inside(node))
                }
                leafList = node.slot
                continue
            }
            guard diff.change != .deleted else { continue }
            if node.kind == .list, node.schema.isUserOrdered {
                var group = [diff]
                while index < diffs.count, diffs[index].node == diff.node {
                    group.append(diffs[index])
                    index += 1
                }
                ordered(group, node, old?.entries(in: node.slot), new?.entries(in: node.slot), context)
            } else {
                one(diff, of: parent, context)
            }
        }
    }

    /// The commands for one difference, unless leaf-lists and headers are seen to elsewhere.
    private mutating func one(_ diff: DiffNode, of parent: CLINode, _ context: DiffContext) {
        let node = parent.child(diff.node.slot)
        switch node.kind {
        case .leaf, .anydata, .anyxml: leaf(diff, node, context)
        case .leafList: break
        case .container: container(diff, node, context)
        case .mountPoint: mount(diff, node, context)
        case .list: entry(diff, node, context)
        default: break
        }
    }

    private mutating func container(_ diff: DiffNode, _ node: CLINode, _ outer: DiffContext) {
        let context = outer.inside(node)
        switch diff.change {
        case .created: create(node, diff.new, context)
        case .deleted: remove(node, diff.old, context)
        default:
            if node.isMode {
                mode(diff, node, words: node.word, context)
            } else {
                if let tags = MetadataChange.tags(diff.metadata, \.new) {
                    let name = context.prefix + (node.has(.dropNodeName) ? [] : node.word)
                    shown.insert(context.path)
                    add(TagText.comment(tags, name), [], context, cause: "tags of \(context.path.words)")
                }
                let inner = context.after(node.has(.dropNodeName) ? [] : node.word)
                lines(diff, node, inner)
            }
        }
    }

    /// What differs in a node that is no mode: its one line, or line by line.
    private mutating func lines(_ diff: DiffNode, _ node: CLINode, _ context: DiffContext) {
        let count = units.count
        if node.isOneLine {
            oneLine(diff, node, context)
        } else {
            level(diff.children, of: node, diff.old, diff.new, context)
        }
        // What goes with the last of what it must have, and is wanted empty, is said once more.
        guard node.needsContent, !node.has(.dropNodeName), diff.new?.isBare(node.schema) == true,
            units.count > count, units.last?.isDeletion == true
        else { return }
        add(Array(context.prefix.dropLast()), [], context, cause: "keeps \(context.path.words)")
    }

    /// What differs in a submode that stays.
    private mutating func mode(_ diff: DiffNode, _ node: CLINode, words: [UInt8], _ context: DiffContext) {
        if let tags = MetadataChange.tags(diff.metadata, \.new) {
            let header = fullHeader(node, diff.new, words, context)
            add(
                nil, [touch(.modified, context)], context.entering(node, header: header),
                cause: "tags of \(context.path.words)", comment: TagText.comment(tags))
            shown.insert(context.path)
        }
        let inHeader = diff.children.filter { child in
            let leaf = node.child(child.node.slot)
            return leaf.has(.hideInSubmode) || (node.kind == .list && leaf.isHeader)
        }
        if !inHeader.isEmpty, header(diff, node, inHeader, words, context) { return }
        let inside = diff.children.filter { child in !inHeader.contains { $0.node == child.node } }
        guard !inside.isEmpty else { return }
        let header = fullHeader(node, diff.new, words, context)
        level(inside, of: node, diff.old, diff.new, context.entering(node, header: header))
    }

    /// Changes of what is part of the line that enters the mode. True if the mode was made anew.
    private mutating func header(
        _ diff: DiffNode, _ node: CLINode, _ changes: [DiffNode], _ words: [UInt8], _ context: DiffContext
    ) -> Bool {
        let mustGo = changes.contains { change in
            let leaf = node.child(change.node.slot)
            if change.change == .deleted, leaf.has(.prefixKey) || leaf.has(.dropNodeName) { return true }
            if change.change == .inside, Self.loses(change, node) { return true }
            return leaf.has(.removeBeforeChange) || (node.has(.removeBeforeChange) && change.change != .created)
        }
        if mustGo {
            add(
                Self.negated(context.prefix, words), removed(node, diff.old, context), context,
                cause: "\(context.path.words): its header changes", isDeletion: true)
            create(node, diff.new, context)
            return true
        }
        for change in changes where change.change == .deleted {
            let leaf = node.child(change.node.slot)
            let value = change.oldValue.map { context.composer.leafWords(leaf, $0) } ?? leaf.word
            add(
                Self.negated(context.prefix, words + [CLIText.space] + value),
                [touch(.deleted, context.inside(leaf), old: change.oldValue)], context,
                cause: "deleted \(context.inside(leaf).path.words)", isDeletion: true)
        }
        let touches = changes.filter { $0.change != .deleted }.map { change in
            touch(
                change.change == .created ? .created : .modified, context.inside(node.child(change.node.slot)),
                old: change.oldValue, new: change.newValue)
        }
        guard !touches.isEmpty else { return false }
        let inner = context.entering(node, header: fullHeader(node, diff.new, words, context))
        add(nil, touches, inner, cause: "changed \(context.path.words)")
        return false
    }

    /// The words that enter a mode, with the leaves hidden in it.
    func fullHeader(_ node: CLINode, _ row: Row?, _ words: [UInt8], _ context: DiffContext) -> [UInt8] {
        let hidden = (row?.storedSlots ?? []).filter { node.child($0).has(.hideInSubmode) }
        guard !hidden.isEmpty else { return words }
        var line = words + [CLIText.space]
        _ = context.composer.append(node, row, hidden, to: &line)
        return Array(line.dropLast())
    }

    private mutating func mount(_ diff: DiffNode, _ node: CLINode, _ outer: DiffContext) {
        let context = outer.inside(node)
        if diff.change == .deleted {
            return add(
                Self.negated(context.prefix, node.word), [touch(.deleted, context)], context,
                cause: "deleted \(context.path.words)", isDeletion: true)
        }
        let inner = mounted(node, diff.newModel, context)
        if diff.change == .created {
            contents(inner.grammar.root, diff.new, inner)
        } else {
            level(diff.children, of: inner.grammar.root, diff.old, diff.new, inner)
        }
    }

    mutating func mounted(_ node: CLINode, _ model: DataModel, _ context: DiffContext) -> DiffContext {
        var inner = context.entering(node, header: node.word)
        scopes += 1
        inner.scope = scopes
        inner.grammar = context.grammar.grammar(of: model)
        return inner
    }

    mutating func entry(_ diff: DiffNode, _ node: CLINode, _ outer: DiffContext, comment: [UInt8]? = nil) {
        let context = outer.inside(node, keys: diff.keys)
        switch diff.change {
        case .created: create(node, diff.new, context, comment: comment)
        case .deleted: remove(node, diff.old, context)
        default:
            guard let new = diff.new, let old = diff.old else { return }
            let words = context.composer.entryWords(node, new)
            if node.isMode {
                if diff.change == .moved {
                    add(
                        nil, [touch(.modified, context)],
                        context.entering(node, header: fullHeader(node, new, words, context)),
                        cause: "moved \(context.path.words)", comment: comment)
                }
                return mode(diff, node, words: words, context)
            }
            if diff.change == .moved {
                add(
                    context.prefix + words, [touch(.modified, context)], context, cause: "moved \(context.path.words)",
                    comment: comment)
            }
            if diff.children.contains(where: { node.child($0.node.slot).isHeader }) {
                return replaceLine(node, old, new, context)
            }
            lines(diff, node, context.after(words))
        }
    }

    /// An entry on lines of its own of which a leaf before the keys changed.
    private mutating func replaceLine(_ node: CLINode, _ old: Row, _ new: Row, _ context: DiffContext) {
        remove(node, old, context, whole: true)
        create(node, new, context)
    }
}

extension Row {
    func leafListValues(_ slot: Int) -> [String]? { entries(in: slot)?.rows.map { $0.value(at: 0) } }
}
