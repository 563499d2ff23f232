import Basics
import ConfigTree
import YANG

/// Prints rows as configuration text, line by line into a buffer.
///
/// A line is the words since the mode began (`prefix`, each followed by a space) and what a leaf adds. Headers of modes
/// wait in `pending` until something is printed inside, where only a selection is shown.
struct ConfigurationWriter {
    let options: RenderOptions
    var out: [UInt8] = []
    private var prefix: [UInt8] = []
    private var depth: Int
    private var pending: [(depth: Int, text: [UInt8])] = []
    /// Where `out` goes when much has gathered; nowhere without.
    private var output: ByteOutput?
    private var fault: (any Error)?

    init(options: RenderOptions, output: ByteOutput? = nil) {
        self.options = options
        self.output = output
        depth = options.depth
    }

    private static let pieceSize = 1 << 16

    /// Hands on what has gathered. What the sink throws is thrown by `finish`; nothing more goes to it.
    private mutating func drain() {
        guard output != nil else { return }
        defer { out.removeAll(keepingCapacity: true) }
        guard fault == nil else { return }
        do {
            output?.append(out)
            try output?.flush()
        } catch {
            fault = error
        }
    }

    mutating func finish() throws {
        drain()
        if let fault { throw fault }
    }

    // MARK: Lines

    private mutating func emit(_ text: [UInt8], _ dialect: CLIDialect) {
        for header in pending { put(header.text, header.depth, dialect) }
        pending.removeAll(keepingCapacity: true)
        put(text, depth, dialect)
    }

    private mutating func put(_ text: [UInt8], _ depth: Int, _ dialect: CLIDialect) {
        out.append(contentsOf: repeatElement(CLIText.space, count: depth * dialect.indentation))
        out += text
        out.append(10)
        if out.count >= Self.pieceSize { drain() }
    }

    /// `prefix` without its last space.
    private var prefixLine: [UInt8] { Array(prefix.dropLast()) }

    /// A mode: its header, what `body` prints, its closing.
    private mutating func mode(
        _ node: CLINode, header: [UInt8], _ grammar: CLIGrammar, isSelected: Bool,
        _ body: (inout ConfigurationWriter) -> Void
    ) {
        let dialect = grammar.dialect
        let outer = prefix
        prefix = []
        if isSelected { emit(header, dialect) } else { pending.append((depth, header)) }
        let waiting = pending.count
        depth += 1
        body(&self)
        depth -= 1
        prefix = outer
        if waiting > 0, pending.count == waiting {
            pending.removeLast()
            return
        }
        if let closing = node.closing(dialect, depth: depth), !options.operational || node.schema.isConfig {
            put(closing, depth, dialect)
        }
    }

    /// The header of a mode, below a comment with the tags of its node.
    private func tagged(_ header: [UInt8], _ row: Row?, _ dialect: CLIDialect) -> [UInt8] {
        guard options.withTags, let comment = TagText.comment(row?.metadata) else { return header }
        return comment + [10] + [UInt8](repeating: CLIText.space, count: depth * dialect.indentation) + header
    }

    private mutating func tags(_ row: Row?, _ slot: Int? = nil, of name: [UInt8] = [], _ dialect: CLIDialect) {
        guard options.withTags, let comment = TagText.comment(row?.metadata, of: slot, name) else { return }
        emit(comment, dialect)
    }

    // MARK: Nodes

    /// What is directly in a mode.
    mutating func content(_ node: CLINode, _ row: Row?, _ grammar: CLIGrammar, _ selection: Selection?) {
        let slots = slots(node, row).filter { !isHidden(node, $0) }
        let width = grammar.dialect.alignsValues ? width(node, slots, row, selection) : 0
        for slot in slots { child(node.child(slot), row, grammar, selection, width: width) }
    }

    /// Whether a child of a mode is part of the line that enters it.
    private func isHidden(_ node: CLINode, _ slot: Int) -> Bool {
        guard node.isMode || node.kind == .list else { return false }
        let child = node.child(slot)
        return child.has(.hideInSubmode) || (node.kind == .list && child.isHeader)
    }

    /// The slots to be shown, in order.
    private func slots(_ node: CLINode, _ row: Row?) -> [Int] {
        let children = node.children
        if let order = children.displayOrder { return order }
        if options.withDefaults || options.commentsDefaults { return Array(children.nodes.indices) }
        var slots = row?.storedSlots ?? []
        if !children.shownWhenAbsent.isEmpty {
            slots = Set(slots).union(children.shownWhenAbsent).sorted()
        }
        return slots
    }

    private func width(_ node: CLINode, _ slots: [Int], _ row: Row?, _ selection: Selection?) -> Int {
        var width = 0
        for slot in slots {
            let child = node.child(slot)
            guard child.schema.isTerminal, selection?.admits(slot) ?? true, !child.has(.dropNodeName) else { continue }
            guard isShown(child),
                row.map({ $0.hasValue(in: slot) || $0.kid(in: slot) != nil }) == true
                    || (options.withDefaults && !child.schema.defaults.isEmpty)
            else { continue }
            if !child.value.isEmpty { width = max(width, child.word.count) }
        }
        return width
    }

    private func isShown(_ node: CLINode) -> Bool {
        node.schema.isConfig != options.operational || node.has(.showConfig)
            || (options.operational && node.schema.isKey)
    }

    private mutating func child(
        _ node: CLINode, _ row: Row?, _ grammar: CLIGrammar, _ selection: Selection?, width: Int = 0
    ) {
        if let selection, !selection.admits(node.slot) { return }
        if node.has(.hidden), !options.withHidden { return }
        switch node.kind {
        case .leaf, .anydata, .anyxml:
            if isShown(node) {
                tags(row, node.slot, grammar.dialect)
                leaf(node, row, grammar, width)
            }
        case .leafList:
            if isShown(node) { leafList(node, row, grammar, width) }
        case .container:
            guard node.schema.isConfig || options.operational || node.has(.showConfig) else { return }
            container(node, row?.child(in: node.slot), grammar, selection?.below(node.slot, []))
        case .list:
            guard node.schema.isConfig || options.operational || node.has(.showConfig) else { return }
            list(node, row, grammar, selection)
        case .mountPoint:
            guard let tree = row?.mounted(in: node.slot) else { return }
            mount(node, tree, grammar, selection?.below(node.slot, []))
        default: break
        }
    }

    private mutating func mount(_ node: CLINode, _ tree: DataTree, _ grammar: CLIGrammar, _ selection: Selection?) {
        let inner = grammar.grammar(of: tree.model)
        let header = prefix + node.word
        mode(node, header: header, grammar, isSelected: selection == nil) { writer in
            writer.content(inner.root, tree.root, inner, selection)
        }
    }

    private mutating func container(
        _ node: CLINode, _ row: Row?, _ grammar: CLIGrammar, _ selection: Selection?
    ) {
        let isThere = row != nil
        if node.schema.isPresence, !isThere {
            if node.has(.showNo), selection == nil { emit(Array("no ".utf8) + prefix + node.word, grammar.dialect) }
            return
        }
        if node.isMode {
            guard isThere || options.withDefaults else { return }
            let header = tagged(header(node, row, prefix + node.word, grammar), row, grammar.dialect)
            mode(node, header: header, grammar, isSelected: selection == nil) { writer in
                writer.content(node, row, grammar, selection)
            }
            return
        }
        let length = prefix.count
        if !node.has(.dropNodeName) { prefix += node.word + [CLIText.space] }
        tags(row, of: prefixLine, grammar.dialect)
        let isBare = row?.isEmpty ?? true
        if node.schema.isPresence, isBare || (node.has(.displaySeparated) && !node.isOneLine), !prefix.isEmpty {
            if selection == nil { emit(prefixLine, grammar.dialect) }
        }
        inner(node, row, grammar, selection)
        prefix.removeLast(prefix.count - length)
    }

    /// What is in a container or entry that is no mode: on one line, or each on its own after the same words.
    private mutating func inner(_ node: CLINode, _ row: Row?, _ grammar: CLIGrammar, _ selection: Selection?) {
        let slots = slots(node, row).filter { !isHidden(node, $0) }
        guard node.isOneLine, selection == nil else {
            for slot in slots { child(node.child(slot), row, grammar, selection) }
            return
        }
        var line = prefix
        let rest = LineComposer(grammar: grammar, withDefaults: options.withDefaults).append(
            node, row, slots, to: &line)
        if line.count > prefix.count { emit(Array(line.dropLast()), grammar.dialect) }
        for slot in rest { child(node.child(slot), row, grammar, selection) }
    }

    private func header(_ node: CLINode, _ row: Row?, _ start: [UInt8], _ grammar: CLIGrammar) -> [UInt8] {
        let hidden = slots(node, row).filter { node.child($0).has(.hideInSubmode) }
        guard !hidden.isEmpty else { return start }
        var line = start + [CLIText.space]
        _ = LineComposer(grammar: grammar, withDefaults: options.withDefaults).append(node, row, hidden, to: &line)
        return Array(line.dropLast())
    }

    private mutating func list(_ node: CLINode, _ row: Row?, _ grammar: CLIGrammar, _ selection: Selection?) {
        guard let entries = row?.entries(in: node.slot) else { return }
        let composer = LineComposer(grammar: grammar, withDefaults: options.withDefaults)
        var ranged: [String] = []
        for row in entries.rows {
            let keys = entries.keys(of: row)
            var inner = selection
            if let selection {
                guard let below = selection.entry(node.slot, keys) else { continue }
                inner = below.isWhole ? nil : below
            }
            if node.has(.rangeList), row.leafCount == 1, row.kids.isEmpty, keys.count == 1 {
                ranged.append(keys[0])
                continue
            }
            entry(node, row, grammar, inner, composer)
        }
        if !ranged.isEmpty {
            let name = node.has(.dropNodeName) ? [] : node.word + [CLIText.space]
            emit(prefix + name + Array(CLIRanges.text(ranged).utf8), grammar.dialect)
        }
    }

    private mutating func entry(
        _ node: CLINode, _ row: Row, _ grammar: CLIGrammar, _ selection: Selection?, _ composer: LineComposer
    ) {
        let isOperationalMode = options.operational && !node.schema.isConfig
        let start = prefix + composer.entryWords(node, row)
        if node.isMode || isOperationalMode {
            let header = tagged(header(node, row, start, grammar), row, grammar.dialect)
            mode(node, header: header, grammar, isSelected: selection == nil) { writer in
                writer.content(node, row, grammar, selection)
            }
            return
        }
        let length = prefix.count
        tags(row, nil, grammar.dialect)
        prefix = start + [CLIText.space]
        let before = out.count
        inner(node, row, grammar, selection)
        if out.count == before, selection == nil { emit(prefixLine, grammar.dialect) }
        prefix.removeLast(prefix.count - length)
    }

    // MARK: Leaves

    private mutating func leaf(_ node: CLINode, _ row: Row?, _ grammar: CLIGrammar, _ width: Int) {
        var value = row?.value(in: node.slot)
        if value == nil, options.withDefaults || node.has(.showWithDefault) { value = node.schema.defaults.first }
        guard let value else {
            if options.commentsDefaults, let value = node.schema.defaults.first {
                let composer = LineComposer(grammar: grammar, withDefaults: false)
                let comment = Array("! ".utf8) + prefix + composer.leafWords(node, value, width: width)
                return emit(comment, grammar.dialect)
            }
            if node.has(.showNo) { emit(Array("no ".utf8) + prefix + node.word, grammar.dialect) }
            return
        }
        if node.has(.trimDefault), value == node.schema.defaults.first { return }
        let composer = LineComposer(grammar: grammar, withDefaults: options.withDefaults)
        if grammar.dialect.hasBanners, prefix.elementsEqual(Banner.prefix) {
            emit(prefix + node.word + [CLIText.space] + Banner.text(value), grammar.dialect)
            return
        }
        let isNegative = node.has(.booleanNo) && (value == "true") == node.has(.reversed)
        let words = isNegative ? node.word : composer.leafWords(node, value, width: width)
        emit((isNegative ? Array("no ".utf8) : []) + prefix + words, grammar.dialect)
    }

    private mutating func leafList(_ node: CLINode, _ row: Row?, _ grammar: CLIGrammar, _ width: Int) {
        var values = row?.entries(in: node.slot)?.rows.map { $0.value(at: 0) } ?? []
        if values.isEmpty, options.withDefaults { values = node.schema.defaults }
        guard !values.isEmpty else { return }
        let composer = LineComposer(grammar: grammar, withDefaults: options.withDefaults)
        for words in composer.leafListLines(node, values, width: width) {
            emit(prefix + words, grammar.dialect)
        }
    }
}

extension Row {
    /// The slots with something in them, ascending.
    var storedSlots: [Int] {
        var slots: [Int] = []
        let kids = kids
        slots.reserveCapacity(leafCount + kids.count)
        var next = 0
        for position in 0..<leafCount {
            let slot = leafSlot(at: position)
            while next < kids.count, Int(kids[next].slot) < slot {
                slots.append(Int(kids[next].slot))
                next += 1
            }
            slots.append(slot)
        }
        while next < kids.count {
            slots.append(Int(kids[next].slot))
            next += 1
        }
        return slots
    }
}

extension CLINode {
    /// The line that ends this mode, at `depth` modes inside others.
    func closing(_ dialect: CLIDialect, depth: Int) -> [UInt8]? {
        if let exitCommand { return exitCommand }
        if has(.explicitExit) { return Array("exit".utf8) }
        if dialect.closing.isEmpty || (dialect.closesOutermostOnly && depth > 0) { return nil }
        return Array(dialect.closing.utf8)
    }
}

/// The text of `banner` commands: between delimiters, over several lines.
enum Banner {
    static let word = Array("banner".utf8)
    static let prefix = word + [CLIText.space]

    /// The text between delimiters that do not occur in it.
    static func text(_ value: String) -> [UInt8] {
        let text = Array(value.utf8)
        let usual = Array("^C".utf8)
        let isFree = !value.contains("^C")
        let delimiter = isFree ? usual : "#~@%&|".utf8.first { !text.contains($0) }.map { [$0] } ?? usual
        return delimiter + text + delimiter
    }
}
