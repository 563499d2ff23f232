import YANG

/// What follows a `|`: which lines of the output are shown.
struct OutputFilter {
    private enum Kind { case include, exclude, begin, section, count }

    private let kind: Kind
    private let matcher: PatternMatcher?

    /// Reads `include PATTERN` and the like, abbreviated or not; nil if it is none.
    init?(_ text: Substring) {
        let words = text.split(separator: " ", maxSplits: 1)
        guard let word = words.first else { return nil }
        let names: [(String, Kind)] = [
            ("include", .include), ("exclude", .exclude), ("begin", .begin), ("section", .section), ("count", .count),
        ]
        guard let kind = names.first(where: { $0.0.hasPrefix(word) })?.1 else { return nil }
        self.kind = kind
        guard words.count > 1 else {
            guard kind == .count else { return nil }
            matcher = nil
            return
        }
        matcher = Self.matcher(String(words[1]))
        if matcher == nil { return nil }
    }

    /// A pattern that may match anywhere in a line, `^` and `$` being its ends.
    private static func matcher(_ pattern: String) -> PatternMatcher? {
        var pattern = pattern
        while pattern.last == " " { pattern.removeLast() }
        let isAnchored = pattern.hasPrefix("^")
        if isAnchored { pattern.removeFirst() }
        let isEnd = pattern.hasSuffix("$")
        if isEnd { pattern.removeLast() }
        let whole = (isAnchored ? "" : ".*") + "(\(pattern))" + (isEnd ? "" : ".*")
        return try? PatternMatcher(whole, acceptingExtraEscapes: true)
    }

    func apply(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let matches = { (line: Substring) in matcher?.matches(String(line)) ?? !line.isEmpty }
        switch kind {
        case .include: return join(lines.filter(matches))
        case .exclude: return join(lines.filter { !matches($0) })
        case .begin: return join(Array(lines.drop { !matches($0) }))
        case .count: return "Number of lines which match regexp = \(lines.count(where: matches))\n"
        case .section: return join(sections(lines, matches))
        }
    }

    /// Lines that match, with everything indented below them.
    private func sections(_ lines: [Substring], _ matches: (Substring) -> Bool) -> [Substring] {
        var depth: Int?
        return lines.filter { line in
            let indent = line.prefix { $0 == " " }.count
            if let current = depth, indent > current { return true }
            depth = matches(line) ? indent : nil
            return depth != nil
        }
    }

    private func join(_ lines: [Substring]) -> String {
        lines.isEmpty ? "" : lines.joined(separator: "\n") + (lines.last == "" ? "" : "\n")
    }
}
