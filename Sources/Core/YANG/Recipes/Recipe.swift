package import Basics

/// A patch to a vendor's module, applied before it is compiled: what it changes, and which fault it heals.
///
/// A recipe is applied whole or not at all. It has either substitutions in the text, for faults of syntax, or changes of
/// statements; the former come first, whatever the order in the file.
package struct Recipe: Sendable {
    enum Operation: Sendable {
        case add([Statement], to: StatementPath)
        case remove(StatementPath)
        case replace(StatementPath, by: [Statement])
        case substitute(TextSubstitution)
    }

    struct Step: Sendable {
        var operation: Operation
        var place: SourcePlace
    }

    package var name: String
    /// The module or submodule that it is for.
    package var module: String
    /// The revisions that it is for; any if there are none.
    package var revisions: [String]
    /// The fault that it heals, in words for people.
    package var fault: String
    package var reference: String?
    package var place: SourcePlace
    var steps: [Step]

    var isTextual: Bool {
        if case .substitute? = steps.first?.operation { true } else { false }
    }
}

/// Replaces a text wherever it occurs in a module, or in those lines that a pattern matches.
struct TextSubstitution: Sendable {
    var old: [UInt8]
    var new: [UInt8]
    /// Only in lines that match as a whole.
    var lines: PatternMatcher?
    /// How often the text must occur.
    var count: Int?

    /// The text after the substitution, and how often it was made. Nil where the result would be too large.
    func apply(to text: [UInt8]) -> (text: [UInt8], count: Int)? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var count = 0
        var start = text.startIndex
        while start < text.endIndex {
            var end = text.endIndex
            if let lines {
                end = text[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? text.endIndex
                guard Self.matches(lines, text[start..<end]) else {
                    result += text[start..<end]
                    start = end
                    continue
                }
            }
            count += replace(in: text[start..<end], &result)
            guard result.count <= StatementParser.maximumSize else { return nil }
            start = end
        }
        return (result, count)
    }

    private static func matches(_ pattern: PatternMatcher, _ line: ArraySlice<UInt8>) -> Bool {
        var line = line
        while let last = line.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { line.removeLast() }
        return line.withUnsafeBufferPointer { pattern.matches($0) }
    }

    private func replace(in text: ArraySlice<UInt8>, _ result: inout [UInt8]) -> Int {
        var count = 0
        var position = text.startIndex
        while position < text.endIndex {
            if text[position] == old[0], text[position...].starts(with: old) {
                result += new
                position += old.count
                count += 1
                if result.count > StatementParser.maximumSize { break }
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return count
    }
}
