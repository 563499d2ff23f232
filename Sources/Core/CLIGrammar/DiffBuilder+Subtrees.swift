import ConfigTree
import YANG

extension DiffBuilder {
    // MARK: Created

    /// All that is in a new row, as lines of the mode or after the words of `context`.
    mutating func contents(_ node: CLINode, _ row: Row?, _ context: DiffContext) {
        guard let row else { return }
        for slot in row.storedSlots {
            let child = node.child(slot)
            guard child.schema.isConfig, !(node.kind == .list && child.isHeader),
                !(node.isMode && child.has(.hideInSubmode))
            else { continue }
            content(child, row, context)
        }
    }

    private mutating func content(_ child: CLINode, _ row: Row, _ outer: DiffContext) {
        let context = outer.inside(child)
        switch child.kind {
        case .leaf, .anydata, .anyxml:
            if let value = row.value(in: child.slot) { set(child, value, context) }
        case .leafList: leafList(child, nil, row.leafListValues(child.slot), context)
        case .container: create(child, row.child(in: child.slot), context)
        case .list:
            guard let entries = row.entries(in: child.slot) else { return }
            for entry in entries.rows { create(child, entry, outer.inside(child, keys: entries.keys(of: entry))) }
        case .mountPoint:
            guard let tree = row.mounted(in: child.slot) else { return }
            let inner = mounted(child, tree.model, context)
            contents(inner.grammar.root, tree.root, inner)
        default: break
        }
    }

    /// The commands that make a container or list entry with all that is in it.
    mutating func create(_ node: CLINode, _ row: Row?, _ context: DiffContext, comment: [UInt8]? = nil) {
        guard let row else { return }
        let words =
            node.kind == .list ? context.composer.entryWords(node, row) : node.has(.dropNodeName) ? [] : node.word
        let isThing = node.kind == .list || node.schema.isPresence
        let own = (isThing ? [touch(.created, context)] : []) + headerTouches(node, row, .created, context)
        let cause = "created \(context.path.words)"
        if node.isMode {
            let header = fullHeader(node, row, node.kind == .list ? words : node.word, context)
            var inner = context.entering(node, header: header)
            add(nil, own, inner, cause: cause, comment: comment)
            inner.opener = units.count - 1
            return contents(node, row, inner)
        }
        let inner = context.after(words)
        if node.isOneLine {
            var line = inner.prefix
            let slots = row.storedSlots.filter { !(node.kind == .list && node.child($0).isHeader) }
            let rest = inner.composer.append(node, row, slots, to: &line)
            let isBare = line.count == inner.prefix.count
            if !isBare || (isThing && rest.isEmpty) {
                let inline = slots.filter { !rest.contains($0) }
                let touches = own + inline.flatMap { all(node.child($0), row, .created, context) }
                add(Array(line.dropLast()), touches, context, cause: cause, comment: comment)
            }
            for slot in rest { content(node.child(slot), row, inner) }
            return
        }
        let count = units.count
        let isBare = row.storedSlots.allSatisfy { node.kind == .list && node.child($0).isHeader }
        if isThing, isBare || node.has(.displaySeparated), !inner.prefix.isEmpty {
            add(Array(inner.prefix.dropLast()), own, context, cause: cause, comment: comment)
        }
        contents(node, row, inner)
        if units.count > count, !isBare {
            units.withFirst(from: count) {
                $0.touches += own
                $0.comment = $0.comment ?? comment
            }
        }
    }

    // MARK: Deleted

    /// The commands that delete a container or list entry; `whole` even where its content goes line by line.
    mutating func remove(_ node: CLINode, _ row: Row?, _ context: DiffContext, whole: Bool = false) {
        guard let row else { return }
        let words =
            node.kind == .list ? context.composer.entryWords(node, row) : node.has(.dropNodeName) ? [] : node.word
        let cause = "deleted \(context.path.words)"
        let touches = removed(node, row, context)
        if node.isMode {
            if node.has(.recursiveDelete) {
                removeContents(node, row, context.entering(node, header: fullHeader(node, row, words, context)))
            }
            return add(
                Self.negated(context.prefix, words.isEmpty ? node.word : words), touches, context, cause: cause,
                isDeletion: true)
        }
        let inner = context.after(words)
        let slots = row.storedSlots.filter { !(node.kind == .list && node.child($0).isHeader) }
        let isAmbiguous = sharesItsName(node, context)
        let vanishes =
            node.schema.isNonPresenceContainer || node.has(.deleteWhenEmpty) || words.isEmpty || isAmbiguous
        // `no` of such a boolean sets it, so that the entry would stay.
        let hasBoolean = node.kind == .list && slots.contains { node.child($0).has(.booleanNo) }
        if vanishes, !slots.isEmpty, !node.has(.shortNo), !hasBoolean, isAmbiguous || !(whole && node.kind == .list) {
            guard node.isOneLine else {
                let count = units.count
                removeContents(node, row, inner)
                // The node goes with the last of these lines, whichever that will be.
                let own = [touch(.deleted, context)] + headerTouches(node, row, .deleted, context)
                for index in count..<units.count { units[index].touches += own }
                return
            }
            return removeLine(node, row, slots, inner, touches, cause)
        }
        if node.has(.recursiveDelete) { removeContents(node, row, inner) }
        guard !words.isEmpty else { return removeContents(node, row, inner) }
        add(
            Self.negated(context.prefix, words, embedded: node.has(.embedNo)), touches, context, cause: cause,
            isDeletion: true)
    }

    /// Whether `no` and the name of what has all on one line would be read as being about another thing with that name,
    /// perhaps in a container without a word, while `no` and the whole line would not.
    func sharesItsName(_ node: CLINode, _ context: DiffContext) -> Bool {
        guard node.isOneLine, node.needsContent || node.has(.deleteWhenEmpty), var parent = node.schema.dataParent
        else { return false }
        while context.grammar.node(parent).isWordlessContainer, let outer = parent.dataParent { parent = outer }
        let first = context.grammar.node(parent).children.routes(node.letters).first
        return first.map { $0.target != node } ?? false
    }

    private mutating func removeLine(
        _ node: CLINode, _ row: Row, _ slots: [Int], _ context: DiffContext, _ touches: [DiffTouch], _ cause: String
    ) {
        var line = context.prefix
        let rest = context.composer.append(node, row, slots, to: &line, isDeletion: true)
        for slot in rest { removeContent(node.child(slot), row, context) }
        guard line.count > context.prefix.count else { return }
        add(Self.negated([], line), touches, context, cause: cause, isDeletion: true)
    }

    private mutating func removeContents(_ node: CLINode, _ row: Row, _ context: DiffContext) {
        for slot in row.storedSlots.reversed() {
            let child = node.child(slot)
            if node.kind == .list, child.isHeader { continue }
            removeContent(child, row, context)
        }
    }

    private mutating func removeContent(_ child: CLINode, _ row: Row, _ outer: DiffContext) {
        guard child.schema.isConfig else { return }
        let context = outer.inside(child)
        switch child.kind {
        case .leaf, .anydata, .anyxml:
            if let value = row.value(in: child.slot) { unset(child, value, context) }
        case .leafList: leafList(child, row.leafListValues(child.slot), nil, context)
        case .container: remove(child, row.child(in: child.slot), context)
        case .list:
            guard let entries = row.entries(in: child.slot) else { return }
            for entry in entries.rows { remove(child, entry, outer.inside(child, keys: entries.keys(of: entry))) }
        default:
            add(
                Self.negated(context.prefix, child.word), [touch(.deleted, context)], context,
                cause: "deleted \(context.path.words)", isDeletion: true)
        }
    }

    // MARK: Touches

    /// What a deleted subtree takes along.
    func removed(_ node: CLINode, _ row: Row?, _ context: DiffContext) -> [DiffTouch] {
        guard let row else { return [] }
        return [touch(.deleted, context)]
            + row.storedSlots.flatMap { all(node.child($0), row, .deleted, context) }
    }

    private func headerTouches(
        _ node: CLINode, _ row: Row, _ kind: DiffTouch.Kind, _ context: DiffContext
    ) -> [DiffTouch] {
        row.storedSlots.map(node.child).filter { child in
            (node.kind == .list && child.isHeader) || (node.isMode && child.has(.hideInSubmode))
        }.flatMap { all($0, row, kind, context) }
    }

    /// Touches of a child and all below it.
    func all(_ child: CLINode, _ row: Row, _ kind: DiffTouch.Kind, _ outer: DiffContext) -> [DiffTouch] {
        let context = outer.inside(child)
        let isNew = kind == .created
        switch child.kind {
        case .leaf, .anydata, .anyxml:
            let value = row.value(in: child.slot)
            return [touch(kind, context, old: isNew ? nil : value, new: isNew ? value : nil)]
        case .leafList:
            return (row.leafListValues(child.slot) ?? []).map {
                touch(kind, context, old: isNew ? nil : $0, new: isNew ? $0 : nil)
            }
        case .container:
            guard let inner = row.child(in: child.slot) else { return [] }
            return [touch(kind, context)] + inner.storedSlots.flatMap { all(child.child($0), inner, kind, context) }
        case .list:
            guard let entries = row.entries(in: child.slot) else { return [] }
            return entries.rows.flatMap { entry -> [DiffTouch] in
                let here = outer.inside(child, keys: entries.keys(of: entry))
                return [touch(kind, here)] + entry.storedSlots.flatMap { all(child.child($0), entry, kind, here) }
            }
        default: return [touch(kind, context)]
        }
    }
}

extension [DiffUnit] {
    fileprivate mutating func withFirst(from index: Int, _ body: (inout DiffUnit) -> Void) { body(&self[index]) }
}
