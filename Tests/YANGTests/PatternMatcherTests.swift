import Foundation
import Synchronization
import Testing

@testable import YANG

private func threadNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

private func matches(_ pattern: String, _ text: String) throws -> Bool { try PatternMatcher(pattern).matches(text) }

@Test(arguments: [
    ("abc", "abc", true), ("abc", "xabc", false), ("abc", "abcx", false), ("", "", true), ("", "a", false),
    ("a|b|", "", true), ("a|bc", "bc", true), ("a|bc", "abc", false), ("a?b*c+", "c", true), ("a?b*c+", "abbcc", true),
    ("a?b*c+", "ab", false), ("a{3}", "aaa", true), ("a{3}", "aa", false), ("a{2,}", "aaaa", true),
    ("a{2,}", "a", false), ("a{1,3}", "aaaa", false), ("a{0,0}", "", true), ("(ab){2,3}", "ababab", true),
    ("(ab){2,3}", "abab", true), ("(ab){2,3}", "ababa", false), (".", "\n", false), (".", "\r", false),
    (".", "é", true), (".", "😀", true), ("..", "😀", false), ("^a$", "a", false), ("^a$", "^a$", true),
    ("[^a]", "b", true), ("[^a]", "a", false), ("[a-c-[b]]", "b", false), ("[a-c-[b]]", "c", true),
    ("[a-z-[aeiou-[e]]]", "e", true), ("[a-z-[aeiou-[e]]]", "a", false), ("[^a-z-[0]]", "0", false),
    ("[^a-z-[0]]", "1", true), ("[-a]", "-", true), ("[a-]", "-", true), ("[a\\-z]", "b", false),
    ("[a\\-z]", "-", true), ("[\\]\\[]", "]", true), ("[.]", "x", false), ("[a^]", "^", true), ("\\.", ".", true),
    ("\\.", "x", false), ("\\d+", "0129", true), ("\\d+", "٣", true), ("\\D", "5", false), ("\\s", "\t", true),
    ("\\S", " ", false), ("\\w+", "aé5", true), ("\\w", "-", false), ("\\w", "$", true), ("\\W", "-", true),
    ("\\i\\c*", "_a-b.c", true), ("\\i\\c*", "-a", false), ("\\C", "-", false), ("\\I", "1", true),
    ("\\p{Lu}", "É", true), ("\\p{Lu}", "é", false), ("\\P{Lu}", "é", true), ("\\p{L}", "字", true),
    ("\\p{Nd}+", "42", true), ("\\p{IsBasicLatin}+", "abc~", true), ("\\p{IsBasicLatin}", "é", false),
    ("\\p{IsGreek}", "λ", true), ("[\\p{L}\\p{N}]+", "aλ4", true), ("[^\\d]", "x", true), ("[\\d-[5]]", "5", false),
    ("(a*)*", "aaaa", true), ("(a*)+b", "b", true), ("(|a)+", "aa", true), ("((a|b)(c|d)){2}", "acbd", true),
    ("(ab?){0,2}", "aab", true), ("(ab?){0,2}", "abba", false), ("x*", "", true), ("\\n", "\n", true),
    ("\\\\", "\\", true),
])
func patternsMeanWhatXMLSchemaSays(pattern: String, text: String, expected: Bool) throws {
    #expect(try matches(pattern, text) == expected, "\(pattern) on \(text.debugDescription)")
}

@Test(arguments: [
    "(", ")", "a)", "[", "[]", "[a", "a{", "a{1", "a{x}", "a{2,1}", "a{,3}", "*", "a**b{", "+a", "a|*", "\\", "\\q",
    "\\p{Xx}", "\\p{IsNowhere}", "\\p", "[b-a]", "[a-\\d]", "[[a]]", "a{99999999}", "a]", "(a{1000}){1000}",
    "((((a{50}){50}){50}){50}){50}", String(repeating: "(", count: 5000), "\\/",
])
func whatIsNoPatternIsRefusedWithItsPlace(pattern: String) {
    #expect(throws: PatternSyntaxError.self) { try PatternMatcher(pattern) }
}

@Test func aPatternThatCompiledBeforeIsCompiledAtItsFirstMatch() throws {
    let matcher = PatternMatcher(compiledBefore: "a+b")
    #expect(matcher.matches("aab"))
    #expect(!matcher.matches("ab "))
    #expect(!PatternMatcher(compiledBefore: "(").matches("("))
}

@Test(arguments: [
    (".*a.{4000}", true), (".*a.{0,4000}c", false), ("(.*a){200}.{0,5000}", true), ("[ab]{0,150000}", true),
    (".*(ab){0,2000}", true), (".*a(b|a|c){4000}", true), ("(a?b?){2000}.*", true), ("(.*a.{300}){8}", false),
])
func largeCountsAreFastAndRight(pattern: String, isMatch: Bool) throws {
    var random = SplitMix(state: 7)
    var text = String((0..<50_000).map { _ in Bool.random(using: &random) ? "a" : "b" })
    if pattern.contains("{4000}") { text += "a" + String(repeating: "b", count: 4_000) }
    let matcher = try PatternMatcher(pattern)
    let start = threadNanoseconds()
    let found = matcher.matches(text)
    let seconds = (threadNanoseconds() - start) / 1_000_000_000
    if !pattern.contains("{300}") { #expect(found == isMatch, "\(pattern)") }
    // Of CPU, so that what else runs on the machine does not count.
    #expect(seconds < 30, "\(pattern) took \(seconds) s of CPU")
}

/// The bits of a set and the remembered sets must agree: a chain of 70 is above what is taken one by one.
@Test func countsOverWordsAgreeWithCountedTexts() throws {
    for (low, high) in [(0, 70), (63, 64), (64, 64), (60, 130), (127, 129), (1, 200)] {
        let matcher = try PatternMatcher(".*x[ab]{\(low),\(high)}y")
        for count in [0, 1, 59, 60, 62, 63, 64, 65, 69, 70, 71, 126, 127, 128, 129, 130, 131, 199, 200, 201] {
            // Enough before it that the machine gives up remembering.
            let noise = String(repeating: "xabbaxaab", count: 300)
            let body = (0..<count).map { $0 % 3 == 0 ? "a" : "b" }.joined()
            #expect(
                matcher.matches(noise + "zx" + body + "y") == (low...high).contains(count), "\(low) \(high) \(count)")
        }
    }
}

@Test func extraEscapesAreTakenOnDemandOnly() throws {
    #expect(try PatternMatcher("a\\/b\\_", acceptingExtraEscapes: true).matches("a/b_"))
    #expect(throws: PatternSyntaxError.self) { try PatternMatcher("\\y", acceptingExtraEscapes: true) }
}

@Test(arguments: ["(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*a){20}b", "(a*)*b", "a*a*a*a*a*a*a*a*b", "(x+x+)+y|a*c"])
func noPatternIsSlowOnLongTexts(pattern: String) throws {
    let matcher = try PatternMatcher(pattern)
    let text = String(repeating: "a", count: 100_000)
    let clock = ContinuousClock()
    let time = clock.measure { #expect(!matcher.matches(text)) }
    #expect(time < .seconds(5), "\(pattern) took \(time)")
}

@Test func patternsThatDistinguishManyStatesStayBounded() throws {
    // Its deterministic machine has 2^400 states: the cache must be thrown away and matching go on.
    let matcher = try PatternMatcher("(a|b)*a(a|b){400}")
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20 {
        let letters = (0..<3_000).map { _ in Bool.random(using: &random) ? "a" : "b" }
        let text = letters.joined()
        #expect(matcher.matches(text) == (letters[letters.count - 401] == "a"))
    }
}

private let ipv4 =
    "(([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])\\.){3}([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
    + "(%[\\p{N}\\p{L}]+)?"
private let ipv6 =
    "((:|[0-9a-fA-F]{0,4}):)([0-9a-fA-F]{0,4}:){0,5}((([0-9a-fA-F]{0,4}:)?(:|[0-9a-fA-F]{0,4}))|"
    + "(((25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])))(%[\\p{N}\\p{L}]+)?"
private let domain =
    "((([a-zA-Z0-9_]([a-zA-Z0-9\\-_]){0,61})?[a-zA-Z0-9]\\.)*([a-zA-Z0-9_]([a-zA-Z0-9\\-_]){0,61})?[a-zA-Z0-9]\\.?)|\\."

@Test(arguments: [
    (ipv4, "192.168.0.1", true), (ipv4, "192.168.0.256", false), (ipv4, "01.2.3.4", false), (ipv4, "1.2.3", false),
    (ipv4, "1.2.3.4%eth0", true), (ipv4, "1.2.3.4%", false), (ipv6, "2001:db8::1", true), (ipv6, "::", true),
    (ipv6, "::ffff:1.2.3.4", true), (ipv6, "12345::", false), (ipv6, "fe80::1%eth0", true), (ipv6, "1.2.3.4", false),
    (domain, "www.example.com", true), (domain, "www.example.com.", true), (domain, ".", true), (domain, "-a", false),
    (domain, "a..b", false), (domain, String(repeating: "a", count: 64) + ".com", false),
    (domain, String(repeating: "a", count: 63) + ".com", true),
])
func internetAddressPatternsWork(pattern: String, text: String, expected: Bool) throws {
    #expect(try matches(pattern, text) == expected, "\(text)")
}

@Test func randomPatternsAgreeWithADirectReading() throws {
    var seed = SplitMix(state: 42)
    for _ in 0..<2_000 {
        let pattern = randomPattern(&seed, depth: 3)
        let matcher = try PatternMatcher(pattern.text)
        for _ in 0..<8 {
            let text = (0..<Int.random(in: 0...6, using: &seed)).map { _ in "ab".randomElement(using: &seed) ?? "a" }
            let expected = pattern.ends(text, 0).contains(text.count)
            #expect(matcher.matches(String(text)) == expected, "\(pattern.text) on \(String(text))")
        }
    }
}

/// What is said of two languages holds for all texts of up to four letters, and for the text that is shown.
@Test func inclusionAgreesWithAllShortTexts() throws {
    var texts = [""]
    for _ in 0..<4 { texts = [""] + texts.flatMap { text in ["a", "b", "c"].map { text + $0 } } }
    var seed = SplitMix(state: 7)
    var counts: [Bool: Int] = [:]
    func language() throws -> TextLanguage {
        let patterns = try (0..<Int.random(in: 0...2, using: &seed)).map { _ in
            let text = randomPattern(&seed, depth: 2).text
            return TypePattern(
                source: text, isInverted: Int.random(in: 0...3, using: &seed) == 0, errorMessage: nil,
                errorAppTag: nil, matcher: try PatternMatcher(text))
        }
        let low = Int.random(in: 0...2, using: &seed)
        return TextLanguage(patterns: patterns, lengths: Bool.random(using: &seed) ? [low...(low + 3)] : [])
    }
    func isMember(_ text: String, _ language: TextLanguage) -> Bool {
        language.patterns.allSatisfy { $0.matcher.matches(text) != $0.isInverted }
            && (language.lengths.isEmpty || language.lengths.contains { $0.contains(text.count) })
    }
    for _ in 0..<150 {
        let (first, second) = (try language(), try language())
        switch first.inclusion(in: second) {
        case .included:
            counts[true, default: 0] += 1
            let lost = texts.first { isMember($0, first) && !isMember($0, second) }
            #expect(lost == nil, "\(first) in \(second)")
        case .excluded(let text):
            counts[false, default: 0] += 1
            #expect(isMember(text, first) && !isMember(text, second), "'\(text)' of \(first) in \(second)")
        case .undecided: Issue.record("undecided: \(first) in \(second)")
        }
    }
    #expect(counts.values.allSatisfy { $0 > 15 } && counts.count == 2, "\(counts)")
}

/// A pattern with the sets of places where it can end: what the engine must agree with.
private struct Oracle {
    var text: String
    var ends: @Sendable ([Character], Int) -> Set<Int>
}

private func randomPattern(_ seed: inout SplitMix, depth: Int) -> Oracle {
    switch depth == 0 ? 0 : Int.random(in: 0...4, using: &seed) {
    case 1:
        let (left, right) = (randomPattern(&seed, depth: depth - 1), randomPattern(&seed, depth: depth - 1))
        return Oracle(text: "(\(left.text)|\(right.text))") { left.ends($0, $1).union(right.ends($0, $1)) }
    case 2, 3:
        let (left, right) = (randomPattern(&seed, depth: depth - 1), randomPattern(&seed, depth: depth - 1))
        return Oracle(text: left.text + right.text) { text, start in
            Set(left.ends(text, start).flatMap { right.ends(text, $0) })
        }
    case 4:
        let body = randomPattern(&seed, depth: depth - 1)
        let (low, high) = (Int.random(in: 0...2, using: &seed), Int.random(in: 2...3, using: &seed))
        return Oracle(text: "(\(body.text)){\(low),\(high)}") { text, start in
            var now: Set<Int> = [start]
            var all: Set<Int> = low == 0 ? [start] : []
            for round in 1...high {
                now = Set(now.flatMap { body.ends(text, $0) })
                if round >= low { all.formUnion(now) }
            }
            return all
        }
    default:
        let letter: Character = Bool.random(using: &seed) ? "a" : "b"
        return Oracle(text: String(letter)) { text, start in
            start < text.count && text[start] == letter ? [start + 1] : []
        }
    }
}

/// A small generator with a seed, so that failures can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

@Test(arguments: [
    ("", ["", "a"]), ("abc", ["abc", "xabc", "ab"]), ("a?b*c+", ["c", "abbcc", "", "d"]),
    ("(a|%)b", ["ab", "%b", "b"]),
    ("[^a]*", ["", "b", "é", "a"]), ("é+", ["é", "e"]), ("x{0,3}%y", ["%y", "xxx%y", "xxxy"]),
    (".*\\[confirm\\] ?", ["Sure? [confirm]", "Sure? (confirm)"]), ("\\p{Lu}.", ["Éa", "éa"]),
    ("[*.]?[a-z0-9: ]*%[A-Z]+-[0-7].*", ["*mar 1: %SYS-5-X", "interface 0/1", "%A-1"]),
])
func screenPassesWhatMatches(pattern: String, texts: [String]) throws {
    let matcher = try PatternMatcher(pattern)
    let screen = PatternScreen(matcher)
    for var text in texts where matcher.matches(text) {
        #expect(text.withUTF8 { screen.mayMatch($0) }, "\(pattern) on \(text)")
    }
    #expect(texts.map { PatternList([matcher]).contains(matchOf: $0) } == texts.map { matcher.matches($0) })
}

@Test func screenKeepsMostLinesFromTheMachine() throws {
    func passes(_ pattern: String, _ text: String) throws -> Bool {
        var text = text
        let screen = PatternScreen(try PatternMatcher(pattern))
        return text.withUTF8 { screen.mayMatch($0) }
    }
    #expect(try !passes("Building configuration.*", "interface GigabitEthernet0/1"))
    #expect(try !passes("([A-Za-z0-9/]{1,32}:)?%[A-Z]+-[0-7]-[A-Z_]+: .*", "interface GigabitEthernet0/1"))
    #expect(try !passes("a+", ""))
    #expect(try passes("a*", ""))
}

@Test func patternIsMatchedByManyThreadsAtOnce() throws {
    let matcher = PatternMatcher(compiledBefore: "([0-9]{1,3}\\.){3}[0-9]{1,3}")
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
        for number in 0..<500 {
            let isRight = matcher.matches("10.0.\(thread).\(number % 256)") && !matcher.matches("10.0.\(number)")
            if !isRight { wrong.withLock { $0 += 1 } }
        }
    }
    #expect(wrong.withLock { $0 } == 0)
}
