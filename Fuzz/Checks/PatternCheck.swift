import YANG

/// Patterns: what is accepted matches in linear time, and alike in all ways of writing the same.
enum PatternCheck {
    static func fault(on bytes: [UInt8]) -> String? {
        let parts = bytes.split(separator: 0, maxSplits: 4, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let source = parts[0]
        let matcher: PatternMatcher
        do {
            matcher = try PatternMatcher(source)
        } catch {
            if error.message.isEmpty { return "a refusal without a word" }
            return (try? PatternMatcher("(\(source))")) == nil || source.utf8.contains(UInt8(ascii: ")"))
                ? nil : "it is accepted in a group"
        }
        for text in parts.dropFirst() + [""] {
            if let fault = fault(of: source, matcher, on: text) { return fault }
        }
        return nil
    }

    private static func fault(of source: String, _ matcher: PatternMatcher, on text: String) -> String? {
        let expected = matcher.matches(text)
        let long = String(repeating: text, count: text.isEmpty ? 1 : 2_000 / text.utf8.count + 1)
        let isLongIn = matcher.matches(long)
        guard matcher.matches(text) == expected, (try? PatternMatcher(source))?.matches(text) == expected else {
            return "what was matched before changes the answer on “\(text)”"
        }
        let same = ["(\(source))", "(\(source)){1}", "(\(source)|\(source))", "(\(source)){1,1}", "()(\(source))"]
        for other in same {
            if let fault = fault(of: other, expected, on: text) { return fault }
        }
        if let fault = fault(of: "(\(source))?", expected || text.isEmpty, on: text) { return fault }
        if expected, let fault = fault(of: "(\(source)){2}", true, on: text + text) { return fault }
        if expected, let fault = fault(of: "(\(source))*", true, on: text + text + text) { return fault }
        guard let loop = try? PatternMatcher("(\(source))*") else { return nil }
        if expected, !loop.matches(long) { return "repeated, it does not match the repeated text" }
        if isLongIn, !loop.matches(long) { return "repeated, it does not match what it matches once" }
        return nil
    }

    /// Groups make a pattern deeper and larger, and that may be too much.
    private static func fault(of pattern: String, _ expected: Bool, on text: String) -> String? {
        guard let matcher = try? PatternMatcher(pattern) else { return nil }
        return matcher.matches(text) == expected ? nil : "\(pattern) must give \(expected) on “\(text)”"
    }

    static let seeds = [
        "[a-z]+(-[0-9]{1,3})?\0eth-12\0eth-", "(a|b)*a(a|b){3}\0abbaabab", "(([0-9]|[1-9][0-9])\\.){3}[0-9]*\01.22.3.4",
        "\\p{Lu}\\p{IsBasicLatin}*[\\p{L}-[aeiou]]\0Xyz\0Éa", "[^a-c-[b]]|\\i\\c*\0b\0_a.b-c",
        "\\d{2,}\\s\\S\\w\\W\\D\012 x,y-",
        ".*\\n[\\t\\r\\n\\\\\\-\\]\\[^]x{0,5}y{3}\0\n^xxyyy", "((a{0,20}b?){2}|c+){1,4}\0aaabaacc\0abc",
        "a**|(|b)\0aa\0b",
        "(.{0,64}\\.)*.{1,63}\\.?\0www.example.com.",
    ]

    static let words = [
        "\\d", "\\D", "\\s", "\\S", "\\w", "\\W", "\\i", "\\I", "\\c", "\\C", "\\p{L}", "\\P{Nd}", "\\p{IsGreek}",
        "\\p{",
        "[", "]", "[^", "-[", "(", ")", "|", "*", "+", "?", "{2}", "{0,}", "{1,30}", "{1000}", "{", "}", "\\", "\\n",
        ".",
        "a-z", "\0", "^", "$", "-", "é", "😀", "a",
    ]
}
