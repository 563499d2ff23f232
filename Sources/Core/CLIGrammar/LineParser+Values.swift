import ConfigTree
import YANG

extension LineParser {
    // MARK: Leaves

    /// Reads the value of a leaf, which begins at word `index`.
    mutating func leaf(_ leaf: CLINode, _ frame: Int, _ index: Int, _ glued: CLIBytes?) -> Bool {
        if leaf.isEmptyLeaf { return set(leaf, .none, frame, index) }
        if leaf.has(.booleanNo), glued == nil { return boolean(leaf, frame, index) }
        if let glued { return value(leaf, glued, frame, index) }
        guard index < count else {
            if let collector {
                collector.value(of: leaf, self, frame)
                return false
            }
            guard isNo else {
                noteSecret(leaf, index)
                return fail(index, .incomplete)
            }
            operations.append(.leaf(frame: frame, leaf, nil, isHeader: false))
            return content(frame, index)
        }
        if leaf.has(.multiValue) { return words(leaf, frame, index) }
        return value(leaf, line.text(index), frame, index)
    }

    /// A leaf of which the value is (the rest of) the word at `index`.
    private mutating func value(_ leaf: CLINode, _ text: CLIBytes, _ frame: Int, _ index: Int) -> Bool {
        guard let value = canonical(text, of: leaf, frame, index) else { return false }
        return set(leaf, value, frame, index + 1)
    }

    private mutating func set(_ leaf: CLINode, _ value: CLIBytes, _ frame: Int, _ index: Int) -> Bool {
        operations.append(.leaf(frame: frame, leaf, value, isHeader: false))
        if next(leaf, frame, index) { return true }
        operations.removeLast()
        return false
    }

    private mutating func boolean(_ leaf: CLINode, _ frame: Int, _ index: Int) -> Bool {
        let isReversed = leaf.has(.reversed)
        if !isNo, index < count {
            let text = line.text(index)
            let isValue = CLIText.areEqual(text, Self.trueText) || CLIText.areEqual(text, Self.falseText)
            if isValue, set(leaf, text, frame, index + 1) { return true }
        }
        return set(leaf, isNo == isReversed ? Self.trueText : Self.falseText, frame, index)
    }

    private static var trueText: CLIBytes { text("true") }
    private static var falseText: CLIBytes { text("false") }

    /// A text that lies in the program.
    @inline(__always) private static func text(_ literal: StaticString) -> CLIBytes {
        CLIBytes(UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// A value of several words: to the end of the line, or as many as fit.
    private mutating func words(_ leaf: CLINode, _ frame: Int, _ index: Int) -> Bool {
        let most = min(leaf.maxWords ?? .max, count - index)
        let fewest = leaf.maxWords == nil ? most : 1
        for length in stride(from: most, through: fewest, by: -1) {
            let text = rest(index, index + length - 1, frame)
            guard let value = canonical(text, of: leaf, frame, index) else { continue }
            if set(leaf, value, frame, index + length) { return true }
        }
        return false
    }

    func rest(_ first: Int, _ last: Int, _ frame: Int) -> CLIBytes {
        let text = line.raw(from: first, through: last)
        guard text.first == CLIText.quote else { return text }
        return frames[frame].grammar.writer.quotedRest(text).map { line.memory.keep($0) } ?? text
    }

    /// The canonical value, or nil with the fault noted.
    @inline(__always)
    mutating func canonical(_ text: CLIBytes, of leaf: CLINode, _ frame: Int, _ index: Int) -> CLIBytes? {
        if leaf.isSecret { noteSecret(leaf, index) }
        if CLIText.isASCII(text) {
            switch leaf.verdict(text) {
            case .canonical: return text
            case .refused: return refuse(text, leaf, frame, index)
            case .unclear: break
            }
        }
        return madeCanonical(text, leaf, frame, index)
    }

    @inline(never)
    private mutating func madeCanonical(
        _ text: CLIBytes, _ leaf: CLINode, _ frame: Int, _ index: Int
    ) -> CLIBytes? {
        guard let value = try? leaf.canonical(text, in: frames[frame].grammar.valueContext) else {
            return refuse(text, leaf, frame, index)
        }
        return value.utf8.elementsEqual(text) ? text : line.memory.keep(value.utf8)
    }

    private mutating func refuse(_ text: CLIBytes, _ leaf: CLINode, _ frame: Int, _ index: Int) -> CLIBytes? {
        _ = fail(index, .badValue(text, LineFrame(node: leaf, in: frames[frame], at: frame, keys: 0..<0)))
        return nil
    }

    /// Remembers that the word at `index` (with those after it, where a value may have several) stands for a secret.
    private mutating func noteSecret(_ node: CLINode, _ index: Int) {
        guard node.isSecret else { return }
        let isLong = node.kind == .leafList || node.has([.multiValue, .multiWordKey])
        secretWords.append(index..<(isLong ? count : min(index + 1, count)))
    }

    // MARK: Leaf-lists

    mutating func leafList(_ node: CLINode, _ frame: Int, _ index: Int) -> Bool {
        guard index < count else {
            if let collector {
                collector.value(of: node, self, frame)
                return false
            }
            guard isNo, !node.has(.suppressListNo) else { return fail(index, .incomplete) }
            return add(node, [], frame, index, at: index)
        }
        let first = line.text(index)
        if !line.tokens[index].isQuoted, first.first == UInt8(ascii: "["), let (values, end) = bracketed(index) {
            return add(node, values, frame, end, at: index)
        }
        if node.has(.rangeList), let values = CLIRanges.integers(first), values.count > 1 {
            return add(node, values.map { line.memory.keep($0.utf8) }, frame, index + 1, at: index)
        }
        if node.has(.listSyntax), node.schema.annotation("cli-list-syntax")?.substatement("cli-multi-word") != nil {
            return add(node, [rest(index, count - 1, frame)], frame, count, at: index)
        }
        guard node.has(.flatList) else { return add(node, [first], frame, index + 1, at: index) }
        let start = values.count
        for here in index..<count {
            guard let value = canonical(line.text(here), of: node, frame, here) else { break }
            values.append(value)
        }
        while values.count > start {
            if add(node, start..<values.count, frame, index + values.count - start) { return true }
            values.removeLast()
        }
        return false
    }

    /// The words between `[` and `]`, and the word after.
    private func bracketed(_ index: Int) -> ([CLIBytes], Int)? {
        var values: [CLIBytes] = []
        for here in index..<count {
            var text = line.text(here)
            let isQuoted = line.tokens[here].isQuoted
            if here == index { text = text.dropFirst() }
            let isLast = !isQuoted && text.last == UInt8(ascii: "]")
            if isLast { text = text.dropLast() }
            if !text.isEmpty || isQuoted { values.append(text) }
            if isLast { return (values, here + 1) }
        }
        return nil
    }

    /// Adds what texts, which stand from word `place` on, mean.
    private mutating func add(
        _ node: CLINode, _ texts: [CLIBytes], _ frame: Int, _ index: Int, at place: Int
    ) -> Bool {
        let start = values.count
        for (position, text) in texts.enumerated() {
            guard let value = canonical(text, of: node, frame, min(place + position, count - 1)) else {
                values.removeLast(values.count - start)
                return false
            }
            values.append(value)
        }
        if add(node, start..<values.count, frame, index) { return true }
        values.removeLast(values.count - start)
        return false
    }

    private mutating func add(_ node: CLINode, _ values: Range<Int>, _ frame: Int, _ index: Int) -> Bool {
        operations.append(.values(frame: frame, node, values))
        if next(node, frame, index) { return true }
        operations.removeLast()
        return false
    }
}

/// Numbers written as ranges: `1,3,10-20`.
enum CLIRanges {
    /// More than that in one word is a mistake, not a range.
    static let most = 65_536

    /// The numbers from one to another; nil if that runs backwards, or if they are more than `limit`.
    static func numbers(_ low: Int, _ high: Int, _ limit: Int) -> [String]? {
        let (distance, isTooFar) = high.subtractingReportingOverflow(low)
        guard !isTooFar, distance >= 0, distance < limit else { return nil }
        return (low...high).map(String.init)
    }

    static func integers(_ text: CLIBytes) -> [String]? {
        var values: [String] = []
        for part in text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let string = CLIText.string(part)
            if let dash = string.dropFirst().firstIndex(of: "-") {
                guard let low = Int(string[..<dash]), let high = Int(string[string.index(after: dash)...]),
                    let numbers = numbers(low, high, most - values.count)
                else { return nil }
                values += numbers
            } else {
                guard !string.isEmpty else { return nil }
                values.append(string)
            }
        }
        return values.isEmpty ? nil : values
    }

    /// Canonical values as ranges; what is no number stands by itself.
    static func text(_ values: [String]) -> String {
        var parts: [String] = values.filter { Int($0) == nil }
        let numbers = values.compactMap { Int($0) }.sorted()
        var index = 0
        while index < numbers.count {
            var end = index
            while end + 1 < numbers.count, numbers[end + 1] == numbers[end] + 1 { end += 1 }
            switch end - index {
            case 0: parts.append("\(numbers[index])")
            case 1: parts += ["\(numbers[index])", "\(numbers[end])"]
            default: parts.append("\(numbers[index])-\(numbers[end])")
            }
            index = end + 1
        }
        return parts.joined(separator: ",")
    }
}
