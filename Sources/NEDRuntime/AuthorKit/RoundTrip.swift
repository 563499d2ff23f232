package import CLIGrammar
package import ConfigTree

/// A configuration text read, printed and read again: what an author of a driver wants to know of it.
package struct RoundTrip: Sendable {
    package var tree: DataTree
    /// The text as the grammar prints it.
    package var text: String
    /// Lines that the model does not know.
    package var skipped: [SkippedLine]
    /// Lines with content, volatile ones left out.
    package var lineCount: Int
    /// What differs between the first reading and the second; empty if all came back.
    package var difference: [DiffNode]
    /// Lines of the rendering that the second reading skipped: always a fault.
    package var lost: [SkippedLine]
    /// Lines that were taken over and that the rendering has word for word.
    package var givenBack: Int

    package var isIdentity: Bool { difference.isEmpty && lost.isEmpty }

    /// - Parameter isVolatile: lines that are no configuration.
    /// - Throws: what `grammar.parse` throws in strict mode.
    package init(
        _ bytes: [UInt8], _ grammar: CLIGrammar, mode: ParseMode = .turbo, isVolatile: (String) -> Bool = { _ in false }
    ) throws(CLIFault) {
        let lines = Self.lines(bytes)
        let kept = lines.map { isVolatile($0) ? "" : $0 }
        let first = try grammar.parse(Array((kept.joined(separator: "\n") + "\n").utf8), options: ParseOptions(mode))
        tree = first.tree
        skipped = first.skipped
        // The text of a banner is lines too, which the reader takes with the first of them.
        let content = kept.map { Self.trimmed($0[...]) }.count { !$0.isEmpty && $0.first != "!" && $0.first != "#" }
        lineCount = grammar.dialect.hasBanners ? max(first.lineCount, content) : first.lineCount
        text = Self.printed(first.tree, grammar, like: kept)
        let second = try grammar.parse(Array(text.utf8))
        lost = second.skipped
        difference = first.tree.diff(to: second.tree)
        var printed: [Substring: Int] = [:]
        for line in text.split(separator: "\n") { printed[Self.trimmed(line), default: 0] += 1 }
        let unknown = Set(skipped.map(\.number))
        givenBack = 0
        for (index, line) in kept.enumerated() where !unknown.contains(index + 1) {
            let words = Self.trimmed(line[...])
            guard !words.isEmpty, words.first != "!", words != "}", let count = printed[words], count > 0 else {
                continue
            }
            printed[words] = count - 1
            givenBack += 1
        }
    }

    /// In the form of the lines that were read: statements, or `set` commands.
    private static func printed(_ tree: DataTree, _ grammar: CLIGrammar, like lines: [String]) -> String {
        let first = lines.first { !$0.isEmpty && $0.first != "#" } ?? ""
        guard first.hasPrefix("set "), let commands = grammar.setCommands(tree) else { return grammar.render(tree) }
        return commands
    }

    private static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: 10, omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
        }
    }

    /// What Junos-like devices write behind a secret.
    private static let secretMark = "## SECRET-DATA"

    private static func trimmed(_ line: Substring) -> Substring {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" }
        var line = line.drop(while: isBlank)
        if line.hasSuffix(secretMark) { line.removeLast(secretMark.count) }
        while let last = line.last, isBlank(last) { line.removeLast() }
        return line
    }
}
