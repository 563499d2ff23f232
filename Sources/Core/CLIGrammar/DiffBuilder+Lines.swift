import ConfigTree
import YANG

extension DiffBuilder {
    /// A node of which all leaves are on one line, with something changed in it: the line anew, and `no` for what the
    /// new line does not take away by itself.
    mutating func oneLine(_ diff: DiffNode, _ node: CLINode, _ context: DiffContext) {
        guard let old = diff.old, let new = diff.new else { return }
        var oldLine = context.prefix
        var newLine = context.prefix
        let oldRest = context.composer.append(node, old, Self.own(node, old), to: &oldLine)
        let newRest = context.composer.append(node, new, Self.own(node, new), to: &newLine)
        let apart = Set(oldRest).union(newRest)
        let inline = diff.children.filter { !apart.contains($0.node.slot) }
        if oldLine != newLine {
            replace(node, old, new, inline, oldLine, newLine, context, isAlone: apart.isEmpty)
        }
        let others = diff.children.filter { apart.contains($0.node.slot) }
        level(others, of: node, old, new, context)
    }

    private static func own(_ node: CLINode, _ row: Row) -> [Int] {
        row.storedSlots.filter { !(node.kind == .list && node.child($0).isHeader) }
    }

    private mutating func replace(
        _ node: CLINode, _ old: Row, _ new: Row, _ inline: [DiffNode], _ oldLine: [UInt8], _ newLine: [UInt8],
        _ context: DiffContext, isAlone: Bool
    ) {
        let gone = inline.filter { $0.change == .deleted }
        let hadLine = oldLine.count > context.prefix.count
        let hasLine = newLine.count > context.prefix.count
        let touches = touches(node, inline, old, new, context)
        let cause = "changed \(context.path.words)"
        let mustGo =
            node.has(.removeBeforeChange)
            || inline.contains { $0.change == .modified && node.child($0.node.slot).has(.removeBeforeChange) }
        let resets = isCovered(inline, node, new)
        let nested = inline.contains { $0.change == .inside && Self.loses($0, node) }
        let isUnnamed = gone.contains {
            node.child($0.node.slot).has(.dropNodeName) || !node.child($0.node.slot).schema.isTerminal
                || isValue(node.child($0.node.slot).word, in: node, old)
                || !isUnderstood($0, in: node, context)
        }
        let mustGoWhole = hadLine && (mustGo || !hasLine || ((isUnnamed || nested) && !resets))
        if mustGoWhole, node.kind == .list, isAlone {
            return renew(node, old, new, hasLine ? newLine : context.prefix, context, cause: cause)
        }
        if mustGoWhole {
            var line = context.prefix
            _ = context.composer.append(node, old, Self.own(node, old), to: &line, isDeletion: true)
            add(
                Self.negated([], line), touches.filter { $0.kind == .deleted || mustGo }, context,
                cause: mustGo ? "removed before it changes: \(context.path.words)" : cause, isDeletion: true)
        } else if !resets {
            for diff in gone {
                let child = node.child(diff.node.slot)
                if child.kind == .leafList { continue }
                unset(child, diff.oldValue ?? "", context.inside(child))
            }
            for diff in gone where node.child(diff.node.slot).kind == .leafList {
                let child = node.child(diff.node.slot)
                leafList(child, [diff.oldValue ?? ""], nil, context.inside(child))
            }
        }
        guard hasLine else { return }
        let onlyLoses = inline.allSatisfy { $0.change == .deleted } && !resets && !mustGo && !isUnnamed
        if !onlyLoses {
            add(Array(newLine.dropLast()), touches.filter { $0.kind != .deleted || resets }, context, cause: cause)
        }
    }

    /// Whether a word could be taken for the value of a leaf without a name on the same line.
    private func isValue(_ word: [UInt8], in node: CLINode, _ row: Row) -> Bool {
        row.storedSlots.contains { slot in
            let leaf = node.child(slot)
            return leaf.kind == .leaf && leaf.has(.dropNodeName) && !leaf.isHeader
                && row.value(in: slot).map { Array($0.utf8) } == word
        }
    }

    /// Whether `no` and the words of a leaf alone are read as being about that leaf: not, if a value without a name that is
    /// due before it takes the word, or if another leaf of that name comes first.
    private func isUnderstood(_ gone: DiffNode, in node: CLINode, _ context: DiffContext) -> Bool {
        let leaf = node.child(gone.node.slot)
        guard leaf.kind == .leaf, !leaf.has(.booleanNo), !context.prefix.isEmpty else { return true }
        let words = deletionWords(leaf, gone.oldValue ?? "", context)
        let text = Self.negated(context.prefix, words, embedded: leaf.has(.embedNo))
        let line = CLILine(text[...], dialect: context.grammar.dialect)
        let base = LineFrame(node: context.mode, grammar: context.grammar, parent: -1)
        var parser = LineParser(line, base: base) { _, _, _ in nil }
        guard parser.parse(), parser.isNo, case .leaf(let frame, leaf, _, _)? = parser.operations.last else {
            return false
        }
        let others = parser.operations.dropLast().contains { if case .node = $0 { false } else { true } }
        return parser.frames[frame].node == node && !others
    }

    /// An entry that is one line goes by its keys, and comes anew.
    private mutating func renew(
        _ node: CLINode, _ old: Row, _ new: Row, _ line: [UInt8], _ context: DiffContext, cause: String
    ) {
        var gone = context.prefix
        if sharesItsName(node, context) {
            _ = context.composer.append(node, old, Self.own(node, old), to: &gone, isDeletion: true)
        }
        add(
            Self.negated([], gone), removed(node, old, context), context,
            cause: "removed before it changes: \(context.path.words)", isDeletion: true)
        let touches = new.storedSlots.flatMap { all(node.child($0), new, .created, context) }
        add(Array(line.dropLast()), [touch(.created, context)] + touches, context, cause: cause)
    }

    /// Whether the new line takes away by itself all that it does not say.
    private func isCovered(_ diffs: [DiffNode], _ node: CLINode, _ new: Row) -> Bool {
        diffs.allSatisfy { diff in
            switch diff.change {
            // Values that stay are given by the new line: it does not take away the others.
            case .deleted where node.child(diff.node.slot).kind == .leafList && new.kid(in: diff.node.slot) != nil:
                node.child(diff.node.slot).has(.replaceAll)
            case .deleted: resets(diff.node.slot, node, new)
            case .inside: diff.new.map { isCovered(diff.children, node.child(diff.node.slot), $0) } ?? false
            default: true
            }
        }
    }

    /// Whether giving the sequence of a node anew takes away the child in `slot`.
    private func resets(_ slot: Int, _ node: CLINode, _ new: Row) -> Bool {
        guard node.has(.sequence), node.has([.resetSiblings, .resetAllSiblings]) else { return false }
        let sequence = node.children.nodes.filter { !$0.isHeader && $0.schema.isConfig }
        guard let first = sequence.first, new.hasValue(in: first.slot) || new.kid(in: first.slot) != nil else {
            return false
        }
        let end = sequence.first { $0.has(.breakSequence) }?.slot ?? .max
        return node.has(.resetAllSiblings) || slot < end
    }

    /// Whether something inside an inlined container is gone.
    static func loses(_ diff: DiffNode, _ parent: CLINode) -> Bool {
        let node = parent.child(diff.node.slot)
        return diff.children.contains { $0.change == .deleted || ($0.change == .inside && loses($0, node)) }
    }

    private func touches(
        _ node: CLINode, _ diffs: [DiffNode], _ old: Row, _ new: Row, _ context: DiffContext
    ) -> [DiffTouch] {
        diffs.flatMap { diff -> [DiffTouch] in
            let child = node.child(diff.node.slot)
            switch diff.change {
            case .created:
                return child.kind == .leafList
                    ? [touch(.created, context.inside(child), new: diff.newValue)] : all(child, new, .created, context)
            case .deleted:
                return child.kind == .leafList
                    ? [touch(.deleted, context.inside(child), old: diff.oldValue)] : all(child, old, .deleted, context)
            case .modified:
                return [touch(.modified, context.inside(child), old: diff.oldValue, new: diff.newValue)]
            default:
                guard let before = diff.old, let after = diff.new else { return [] }
                return touches(child, diff.children, before, after, context.inside(child))
            }
        }
    }

    // MARK: Lists in the user's order

    /// Entries of a list that the user orders: created, changed or moved (deleted ones are gone already).
    mutating func ordered(
        _ diffs: [DiffNode], _ node: CLINode, _ old: Entries?, _ new: Entries?, _ context: DiffContext
    ) {
        let dialect = context.grammar.dialect
        let isLong = node.has(.longOrderDiffs) || (!dialect.hasOrderComments && !node.has(.orderComments))
        let isPlaced = diffs.contains { $0.change == .moved || $0.change == .created }
        let renewed = renewed(diffs, node, context)
        guard isPlaced || !renewed.isEmpty else {
            for diff in diffs { entry(diff, node, context) }
            return
        }
        if isLong { return reorder(diffs, node, old, new, renewed, context) }
        for diff in diffs {
            if renewed.contains(diff.keys), let row = diff.new, let before = new?.keys(before: diff.keys) {
                let inner = context.inside(node, keys: diff.keys)
                remove(node, diff.old, inner, whole: true)
                create(node, row, inner, comment: placing(before, context))
                continue
            }
            var comment: [UInt8]?
            if let after = diff.after, diff.change == .moved || diff.change == .created {
                comment = placing(after, context)
            }
            entry(diff, node, context, comment: comment)
        }
    }

    private func placing(_ keys: [String], _ context: DiffContext) -> [UInt8] {
        keys.isEmpty ? Array("# first".utf8) : Array("# after ".utf8) + keyWords(keys, context)
    }

    /// The entries that stay, but change in such a way that they are taken away and given again: they would come back
    /// at the end.
    private func renewed(_ diffs: [DiffNode], _ node: CLINode, _ outer: DiffContext) -> Set<[String]> {
        Set(
            diffs.filter { diff in
                guard diff.change != .created, let old = diff.old else { return false }
                let context = outer.inside(node, keys: diff.keys)
                var trial = DiffBuilder()
                trial.entry(diff, node, outer)
                let isRemoved = trial.units.contains { unit in
                    unit.touches.contains { $0.kind == .deleted && $0.path == context.path }
                }
                guard !isRemoved, !node.isMode, node.has(.deleteWhenEmpty) else { return isRemoved }
                let gone = Set(diff.children.filter { $0.change == .deleted }.map(\.node.slot))
                return Self.own(node, old).allSatisfy(gone.contains)
            }.map(\.keys))
    }

    private func keyWords(_ keys: [String], _ context: DiffContext) -> [UInt8] {
        Array(keys.map { context.grammar.writer.word($0) }.joined(separator: [CLIText.space]))
    }

    /// The longest beginning of the new order that stands in the same order already stays; what follows it is removed
    /// and given again. Where entries can only be added at the end, no other way takes fewer commands.
    private mutating func reorder(
        _ diffs: [DiffNode], _ node: CLINode, _ old: Entries?, _ new: Entries?, _ renewed: Set<[String]>,
        _ context: DiffContext
    ) {
        guard let new else { return }
        var byKeys: [[String]: DiffNode] = [:]
        for diff in diffs { byKeys[diff.keys] = diff }
        let entries = new.rows.map { (keys: new.keys(of: $0), row: $0) }
        func isNew(_ keys: [String]) -> Bool { byKeys[keys]?.change == .created }
        let firstRenewed = entries.firstIndex { renewed.contains($0.keys) } ?? .max
        let start = node.has(.resetFullOrder) ? 0 : min(Self.stayingCount(entries.map(\.keys), old), firstRenewed)
        let tail = entries[start...]
        for entry in entries[..<start] {
            guard var diff = byKeys[entry.keys] else { continue }
            if diff.change == .moved { diff.change = .inside }
            self.entry(diff, node, context)
        }
        if !tail.allSatisfy({ isNew($0.keys) }) {
            for entry in tail where !isNew(entry.keys) {
                remove(node, old?.entry(entry.keys), context.inside(node, keys: entry.keys))
            }
        }
        for entry in tail { create(node, entry.row, context.inside(node, keys: entry.keys)) }
    }

    /// How many of the first entries of `new` stand in that order in `old`.
    private static func stayingCount(_ new: [[String]], _ old: Entries?) -> Int {
        guard let old else { return 0 }
        var positions: [[String]: Int] = [:]
        for (index, row) in old.rows.enumerated() { positions[old.keys(of: row)] = index }
        var last = -1
        for (count, keys) in new.enumerated() {
            guard let position = positions[keys], position > last else { return count }
            last = position
        }
        return new.count
    }
}

extension Entries {
    /// The keys of the entry before the one with those; empty for the first, nil if there is none with those.
    fileprivate func keys(before wanted: [String]) -> [String]? {
        var before: [String] = []
        for row in rows {
            let here = keys(of: row)
            if here == wanted { return before }
            before = here
        }
        return nil
    }
}
