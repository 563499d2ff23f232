import ConfigTree
import YANG

/// What was read of the words that name a list entry.
private struct EntryHeader {
    var keys: [String] = []
    var leaves: [(CLINode, String)] = []
}

extension LineParser {
    /// Reads the keys of a list (with the leaves that stand before them) and goes on in the entry.
    mutating func list(_ list: CLINode, _ frame: Int, _ index: Int, _ glued: ArraySlice<UInt8>?) -> Bool {
        if index >= count, glued == nil, isNo, collector == nil {
            operations.append(.list(frame: frame, list))
            if content(frame, index) { return true }
            operations.removeLast()
            return false
        }
        let children = list.children
        if let format = list.keyFormat, glued != nil || index < count {
            let word = glued ?? line.text(index)
            guard let texts = format.values(in: Array(word), count: children.keys.count) else {
                return fail(index, .badValue(CLINode.invalid(CLIText.string(word))))
            }
            var header = EntryHeader()
            for (key, text) in zip(children.keys, texts) {
                guard let value = canonical(Array(text.utf8)[...], of: key, frame, index) else { return false }
                header.keys.append(value)
            }
            return enter(list, frame, header, index + 1)
        }
        if opensRanges(list), index < count, let values = CLIRanges.integers(line.text(index)), values.count > 1 {
            return entries(list, values, frame, index)
        }
        return header(list, frame, 0, index, EntryHeader(), glued)
    }

    private mutating func header(
        _ list: CLINode, _ frame: Int, _ item: Int, _ index: Int, _ read: EntryHeader, _ glued: ArraySlice<UInt8>?
    ) -> Bool {
        let items = list.children.header
        guard item < items.count else { return enter(list, frame, read, index) }
        let node = items[item]
        guard node.schema.isKey else { return prefixLeaf(list, frame, item, index, read, glued) }
        if let glued {
            guard let value = canonical(glued, of: node, frame, index) else { return false }
            var read = read
            read.keys.append(value)
            return header(list, frame, item + 1, index + 1, read, nil)
        }
        var index = index
        if node.has(.exposeKeyName), !node.value.isEmpty {
            guard index < count else { return missingKey(node, list, frame, read.keys, isName: true) }
            guard node.matches(line.text(index)) || isAbbreviation(line.text(index), node) else {
                return fail(index, .unknown)
            }
            index += 1
        }
        guard index < count else { return missingKey(node, list, frame, read.keys, isName: false) }
        if node.has(.multiWordKey) { return words(list, frame, item, index, read) }
        let text = line.text(index)
        if isInteractive, isRange(text, node) {
            if range == nil {
                range = RangeRequest(token: index, list: list, key: read.keys.count, parent: frame, frames: frames)
            }
            return fail(index, .badValue(CLINode.invalid(CLIText.string(text))))
        }
        guard let value = canonical(text, of: node, frame, index) else { return false }
        var read = read
        read.keys.append(value)
        return header(list, frame, item + 1, index + 1, read, nil)
    }

    private func isAbbreviation(_ text: ArraySlice<UInt8>, _ node: CLINode) -> Bool {
        isInteractive && node.word.starts(with: text)
    }

    private mutating func missingKey(
        _ key: CLINode, _ list: CLINode, _ frame: Int, _ keys: [String], isName: Bool
    ) -> Bool {
        if let collector {
            collector.key(key, of: list, keys: keys, isName: isName, self, frame)
            return false
        }
        return fail(count, .incomplete)
    }

    /// A leaf that stands before a key: with its name or by value alone, or left out.
    private mutating func prefixLeaf(
        _ list: CLINode, _ frame: Int, _ item: Int, _ index: Int, _ read: EntryHeader, _ glued: ArraySlice<UInt8>?
    ) -> Bool {
        let node = list.children.header[item]
        if glued == nil, index < count, node.kind == .leaf {
            var index = index
            let isNamed = node.matches(line.text(index))
            if !node.has(.dropNodeName) || node.value.isEmpty, isNamed { index += 1 }
            if isNamed || node.has(.dropNodeName) {
                var read = read
                if node.value.isEmpty {
                    read.leaves.append((node, ""))
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
        let key = list.children.header[item]
        for length in stride(from: min(key.maxWords ?? .max, count - index), through: 1, by: -1) {
            let text = rest(index, index + length - 1, frame)
            guard let value = canonical(text[...], of: key, frame, index) else { continue }
            var read = read
            read.keys.append(value)
            if header(list, frame, item + 1, index + length, read, nil) { return true }
        }
        return false
    }

    private mutating func enter(_ list: CLINode, _ frame: Int, _ header: EntryHeader, _ index: Int) -> Bool {
        let (frameCount, operationCount) = (frames.count, operations.count)
        let entry = pushEntry(list, parent: frame, keys: header.keys)
        for (leaf, value) in header.leaves {
            operations.append(.leaf(frame: entry, leaf, value, isHeader: true))
        }
        if index >= count, operations.count > operationCount + 1, collector == nil {
            // The entry was named last, whatever stands before its keys.
            if let first = operations[operationCount...].first {
                operations.append(first)
            }
        }
        frames[entry].mark = operations.count
        if next(list, entry, index) { return true }
        frames.removeSubrange(frameCount...)
        operations.removeSubrange(operationCount...)
        return false
    }

    /// Several entries at once (`cli-range-list-syntax`), at the end of a line.
    private mutating func entries(_ list: CLINode, _ texts: [String], _ frame: Int, _ index: Int) -> Bool {
        guard let key = list.children.keys.first else { return false }
        let (frameCount, operationCount) = (frames.count, operations.count)
        for text in texts {
            guard let value = canonical(Array(text.utf8)[...], of: key, frame, index) else { return false }
            _ = pushEntry(list, parent: frame, keys: [value])
        }
        if index + 1 == count { return true }
        frames.removeSubrange(frameCount...)
        operations.removeSubrange(operationCount...)
        return fail(index + 1, .unknown)
    }

    /// Whether a device may name several entries of a list in one line.
    private func opensRanges(_ list: CLINode) -> Bool {
        if list.has(.rangeList) { return true }
        let keys = list.children.keys
        return !isInteractive && keys.count == 1 && keys[0].has(.allowRange)
    }

    /// Whether a text names several keys: `*`, or a range where the key allows one.
    private func isRange(_ text: ArraySlice<UInt8>, _ key: CLINode) -> Bool {
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
