import ConfigTree
import YANG

/// Where the words that name a list entry have been kept so far.
private struct EntryHeader {
    /// The first of its keys among the values of the line; the others follow.
    let firstKey: Int
    /// Leaves that stand before the keys: few have any.
    var leaves: [(CLINode, CLIBytes)] = []
}

extension LineParser {
    /// Reads the keys of a list (with the leaves that stand before them) and goes on in the entry.
    mutating func list(_ list: CLINode, _ frame: Int, _ index: Int, _ glued: CLIBytes?) -> Bool {
        if index >= count, glued == nil, isNo, collector == nil {
            operations.append(.list(frame: frame, list))
            if content(frame, index) { return true }
            operations.removeLast()
            return false
        }
        let header = EntryHeader(firstKey: values.count)
        if list.hasKeyFormat, glued != nil || index < count {
            return formatted(list, frame, index, glued ?? line.text(index), header)
        }
        if opensRanges(list), index < count, let values = CLIRanges.integers(line.text(index)), values.count > 1 {
            return entries(list, values, frame, index)
        }
        return self.header(list, frame, 0, index, header, glued)
    }

    /// The keys in one word (`cli-key-format`).
    private mutating func formatted(
        _ list: CLINode, _ frame: Int, _ index: Int, _ word: CLIBytes, _ header: EntryHeader
    ) -> Bool {
        let keys = list.children.keys
        guard let texts = list.keyFormat?.values(in: word, count: keys.count) else {
            return fail(index, .badWord(word))
        }
        for (key, text) in zip(keys, texts) {
            guard let value = canonical(line.memory.keep(text.utf8), of: key, frame, index) else { return false }
            values.append(value)
        }
        return enter(list, frame, header, index + 1)
    }

    private mutating func header(
        _ list: CLINode, _ frame: Int, _ item: Int, _ index: Int, _ read: EntryHeader, _ glued: CLIBytes?
    ) -> Bool {
        let items = list.children.header
        guard item < items.count else { return enter(list, frame, read, index) }
        let node = items[item]
        guard node.isKey else { return prefixLeaf(list, frame, item, index, read, glued) }
        if let glued {
            guard let value = canonical(glued, of: node, frame, index) else { return false }
            return key(value, list, frame, item, index + 1, read)
        }
        var index = index
        if node.has(.exposeKeyName), !node.isEmptyLeaf {
            guard index < count else { return missingKey(node, list, frame, read, isName: true) }
            guard node.matches(line.text(index)) || isAbbreviation(line.text(index), node) else {
                return fail(index, .unknown)
            }
            index += 1
        }
        guard index < count else { return missingKey(node, list, frame, read, isName: false) }
        if node.has(.multiWordKey) { return words(list, frame, item, index, read) }
        let text = line.text(index)
        if isInteractive, isRange(text, node) {
            if range == nil {
                range = RangeRequest(
                    token: index, list: list, key: values.count - read.firstKey, parent: frame, frames: frames,
                    keys: values)
            }
            return fail(index, .badWord(text))
        }
        guard let value = canonical(text, of: node, frame, index) else { return false }
        return key(value, list, frame, item, index + 1, read)
    }

    /// Goes on after a key; takes it back if that leads nowhere.
    private mutating func key(
        _ value: CLIBytes, _ list: CLINode, _ frame: Int, _ item: Int, _ index: Int, _ read: EntryHeader
    ) -> Bool {
        values.append(value)
        if header(list, frame, item + 1, index, read, nil) { return true }
        values.removeLast()
        return false
    }

    private func isAbbreviation(_ text: CLIBytes, _ node: CLINode) -> Bool {
        isInteractive && node.letters.starts(with: text)
    }

    private mutating func missingKey(
        _ key: CLINode, _ list: CLINode, _ frame: Int, _ read: EntryHeader, isName: Bool
    ) -> Bool {
        if let collector {
            let keys = values[read.firstKey...].map(CLIText.string)
            collector.key(key, of: list, keys: keys, isName: isName, self, frame)
            return false
        }
        return fail(count, .incomplete)
    }

    /// A leaf that stands before a key: with its name or by value alone, or left out.
    private mutating func prefixLeaf(
        _ list: CLINode, _ frame: Int, _ item: Int, _ index: Int, _ read: EntryHeader, _ glued: CLIBytes?
    ) -> Bool {
        let node = list.children.header[item]
        if glued == nil, index < count, node.kind == .leaf {
            var index = index
            let isNamed = node.matches(line.text(index))
            if !node.has(.dropNodeName) || node.isEmptyLeaf, isNamed { index += 1 }
            if isNamed || node.has(.dropNodeName) {
                var read = read
                if node.isEmptyLeaf {
                    read.leaves.append((node, .none))
                    if isNamed, header(list, frame, item + 1, index, read, nil) { return true }
                } else if index < count, let value = canonical(line.text(index), of: node, frame, index) {
                    read.leaves.append((node, value))
                    if header(list, frame, item + 1, index + 1, read, nil) { return true }
                }
            }
        }
        if index >= count, let collector { collector.leaf(node, self, frame) }
        return header(list, frame, item + 1, index, read, glued)
    }

    /// A key of several words: as many as fit, the most first.
    private mutating func words(
        _ list: CLINode, _ frame: Int, _ item: Int, _ index: Int, _ read: EntryHeader
    ) -> Bool {
        let node = list.children.header[item]
        for length in stride(from: min(node.maxWords ?? .max, count - index), through: 1, by: -1) {
            let text = rest(index, index + length - 1, frame)
            guard let value = canonical(text, of: node, frame, index) else { continue }
            if key(value, list, frame, item, index + length, read) { return true }
        }
        return false
    }

    private mutating func enter(_ list: CLINode, _ frame: Int, _ header: EntryHeader, _ index: Int) -> Bool {
        let state = state
        let entry = push(list, parent: frame, keys: header.firstKey..<values.count)
        for (leaf, value) in header.leaves {
            operations.append(.leaf(frame: entry, leaf, value, isHeader: true))
        }
        // The entry was named last, whatever stands before its keys.
        if index >= count, !header.leaves.isEmpty, collector == nil { operations.append(.node(frame: entry)) }
        frames[entry].mark = operations.count
        if next(list, entry, index) { return true }
        goBack(to: state)
        return false
    }

    /// Several entries at once (`cli-range-list-syntax`), at the end of a line.
    private mutating func entries(_ list: CLINode, _ texts: [String], _ frame: Int, _ index: Int) -> Bool {
        guard let key = list.children.keys.first else { return false }
        let state = state
        for text in texts {
            guard let value = canonical(line.memory.keep(text.utf8), of: key, frame, index) else { return false }
            values.append(value)
            _ = push(list, parent: frame, keys: values.count - 1..<values.count)
        }
        if index + 1 == count { return true }
        goBack(to: state)
        return fail(index + 1, .unknown)
    }

    /// Whether a device may name several entries of a list in one line.
    private func opensRanges(_ list: CLINode) -> Bool {
        if list.has(.rangeList) { return true }
        let keys = list.children.keys
        return !isInteractive && keys.count == 1 && keys[0].has(.allowRange)
    }

    /// Whether a text names several keys: `*`, or a range where the key allows one.
    private func isRange(_ text: CLIBytes, _ key: CLINode) -> Bool {
        guard !key.has(.suppressRange) else { return false }
        if text.elementsEqual([UInt8(ascii: "*")]) { return true }
        let string = CLIText.string(text)
        if key.has(.allowRange) { return string.contains("..") || string.contains(",") || string.contains("*") }
        guard case .typed(let typed) = key.value else { return false }
        switch typed.type.base {
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64:
            return string.dropFirst().contains { $0 == "," || $0 == "." || $0 == "-" }
        default: return false
        }
    }
}
