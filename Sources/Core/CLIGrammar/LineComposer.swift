import ConfigTree
import YANG

/// Puts together the words of one line: leaves, keys, all that a container has on one line.
struct LineComposer {
    let grammar: CLIGrammar
    var withDefaults = false

    private var writer: CLIValueWriter { grammar.writer }

    /// Name and value of a leaf.
    func leafWords(_ node: CLINode, _ value: String, width: Int = 0) -> [UInt8] {
        if node.value.isEmpty { return node.word }
        if node.has(.booleanNo), (value == "true") != node.has(.reversed) { return node.word }
        let text = valueText(node, value)
        if node.has(.dropNodeName) { return text }
        let canJoin = node.has(.displayJoined) || grammar.dialect.joinsKeys
        if node.has(.joinValue), canJoin, text.first != CLIText.quote { return node.word + text }
        let gap = max(1, width - node.word.count + 1)
        return node.word + Array(repeating: CLIText.space, count: gap) + text
    }

    func valueText(_ node: CLINode, _ value: String) -> [UInt8] {
        let plain = writer.plain(value, of: node, in: grammar.model.schema)
        if node.has(.suppressQuotes) { return Array(plain.utf8) }
        if node.has(.multiValue) || node.has(.multiWordKey) { return writer.rest(plain) }
        return writer.word(plain)
    }

    /// The line (or lines) of a leaf-list.
    func leafListLines(_ node: CLINode, _ values: [String], width: Int = 0) -> [[UInt8]] {
        let gap = [UInt8](repeating: CLIText.space, count: max(1, width - node.word.count + 1))
        let name = node.has(.dropNodeName) ? [] : node.word + gap
        let plain = values.map { writer.plain($0, of: node, in: grammar.model.schema) }
        if node.has(.rangeList) { return [name + Array(CLIRanges.text(plain).utf8)] }
        if node.has(.listSyntax) {
            let isMultiWord =
                node.schema.annotation("cli-list-syntax")?.substatement("cli-multi-word") != nil
            return plain.map { name + (isMultiWord ? writer.rest($0) : writer.word($0, inList: true)) }
        }
        let words = plain.map { writer.word($0, inList: true) }
        let joined = Array(words.joined(separator: [CLIText.space]))
        if node.has(.flatList) { return [name + joined] }
        return [name + Array("[ ".utf8) + joined + Array(" ]".utf8)]
    }

    /// The name of a list with the keys of an entry and the leaves that stand before them.
    func entryWords(_ node: CLINode, _ row: Row) -> [UInt8] {
        let children = node.children
        if let format = node.keyFormat {
            let values = children.keys.map { row.value(in: $0.slot) ?? "" }
            return join(node, format.format(values))
        }
        var words: [[UInt8]] = []
        for item in children.header {
            if item.kind == .leafList {
                guard let entries = row.entries(in: item.slot) else { continue }
                words += leafListLines(item, entries.rows.map { $0.value(at: 0) })
                continue
            }
            guard let value = row.value(in: item.slot) else { continue }
            if !item.schema.isKey {
                words.append(leafWords(item, value))
            } else if item.value.isEmpty {
                words.append(item.word)
            } else {
                if item.has(.exposeKeyName) { words.append(item.word) }
                words.append(valueText(item, value))
            }
        }
        return join(node, Array(words.joined(separator: [CLIText.space])))
    }

    private func join(_ node: CLINode, _ keys: [UInt8]) -> [UInt8] {
        if node.has(.dropNodeName) { return keys }
        let isJoined = node.has(.joinKey) && (node.has(.displayJoined) || grammar.dialect.joinsKeys)
        return isJoined && keys.first != CLIText.quote ? node.word + keys : node.word + [CLIText.space] + keys
    }

    // MARK: One line

    /// Appends what can stand on the line of `node`, each word followed by a space; returns the slots that cannot.
    /// For a deletion, leaves are without their values where the model says so.
    /// A presence container that is all there is on the line goes by its name: without its content it would stay.
    func append(
        _ node: CLINode, _ row: Row?, _ slots: [Int], to line: inout [UInt8], isDeletion: Bool = false,
        isAlone: Bool = true
    ) -> [Int] {
        var rest: [Int] = []
        let inline = slots.filter { canInline(node.child($0), row) }
        let last = inline.last
        let isAlone = isAlone && slots.count == 1
        for slot in slots {
            let child = node.child(slot)
            guard inline.contains(slot), child.kind != .container || canLeave(child) || slot == last else {
                rest.append(slot)
                continue
            }
            appendChild(child, row, to: &line, isDeletion: isDeletion, isAlone: isAlone)
        }
        return rest
    }

    private func canLeave(_ node: CLINode) -> Bool { node.has([.flatten, .dropNodeName]) }

    private func appendChild(
        _ node: CLINode, _ row: Row?, to line: inout [UInt8], isDeletion: Bool, isAlone: Bool
    ) {
        switch node.kind {
        case .leaf:
            guard let value = row?.value(in: node.slot) ?? defaultShown(node) else { return }
            if node.has(.trimDefault), value == node.schema.defaults.first { return }
            if isDeletion, node.has(.noValueOnDelete) {
                if !node.has(.dropNodeName) { line += node.word + [CLIText.space] }
            } else {
                line += leafWords(node, value) + [CLIText.space]
            }
        case .leafList:
            guard let entries = row?.entries(in: node.slot) else { return }
            for words in leafListLines(node, entries.rows.map { $0.value(at: 0) }) { line += words + [CLIText.space] }
        default:
            guard let inner = row?.child(in: node.slot) else { return }
            if !node.has(.dropNodeName) { line += node.word + [CLIText.space] }
            if isDeletion, isAlone, node.isPresence, !node.has(.dropNodeName) { return }
            _ = append(node, inner, inner.storedSlots, to: &line, isDeletion: isDeletion, isAlone: isAlone)
        }
    }

    private func defaultShown(_ node: CLINode) -> String? {
        withDefaults || node.has(.showWithDefault) ? node.schema.defaults.first : nil
    }

    /// Whether all of a child fits on a line with others.
    private func canInline(_ node: CLINode, _ row: Row?) -> Bool {
        switch node.kind {
        case .leaf:
            guard node.has(.booleanNo), let value = row?.value(in: node.slot) else { return true }
            return (value == "true") != node.has(.reversed)
        case .leafList: return !node.has(.listSyntax)
        case .container:
            guard !node.isMode, let inner = row?.child(in: node.slot) else { return false }
            let slots = inner.storedSlots
            guard slots.allSatisfy({ canInline(node.child($0), inner) }) else { return false }
            let containers = slots.filter { node.child($0).kind == .container }
            return containers.allSatisfy { canLeave(node.child($0)) || $0 == slots.last }
        default: return false
        }
    }
}

/// Which parts of a tree to show: paths as a trie.
final class Selection {
    private(set) var isWhole = false
    private var steps: [Int: [[String]: Selection]] = [:]

    init(_ paths: [InstancePath]) {
        for path in paths { insert(path.steps[...]) }
    }

    private func insert(_ path: ArraySlice<InstancePath.Step>) {
        guard let step = path.first else {
            isWhole = true
            return
        }
        let next = steps[step.node.slot]?[step.keys] ?? Selection([])
        steps[step.node.slot, default: [:]][step.keys] = next
        next.insert(path.dropFirst())
    }

    func admits(_ slot: Int) -> Bool { isWhole || steps[slot] != nil }

    /// What is selected below a container; nil for all of it.
    func below(_ slot: Int, _ keys: [String]) -> Selection? {
        guard let next = steps[slot]?[keys], !next.isWhole else { return nil }
        return next
    }

    /// What is selected of a list entry; nil for nothing.
    func entry(_ slot: Int, _ keys: [String]) -> Selection? {
        steps[slot]?[keys] ?? steps[slot]?[[]]
    }
}
