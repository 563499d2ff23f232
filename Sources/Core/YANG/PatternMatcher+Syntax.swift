/// The syntax tree of an XSD regular expression (XML Schema Part 2, appendix F).
indirect enum PatternSyntax {
    case empty
    case set(ScalarSet)
    case sequence([PatternSyntax])
    case alternatives([PatternSyntax])
    /// Without a maximum: unbounded.
    case repetition(PatternSyntax, minimum: Int, maximum: Int?)
}

/// Reads the text of a pattern into its syntax tree.
///
/// `^` and `$` are ordinary characters: a YANG pattern is always anchored (RFC 7950 section 9.4.5).
struct PatternParser {
    /// Deeper nesting of groups and subtractions is refused: the parser and the compiler recurse.
    static let depthLimit = 100
    /// Longer patterns, in Unicode scalars, are refused.
    static let lengthLimit = 65_536
    /// Counts above this one are refused when they are read; the size of the program limits them further.
    static let countLimit = 1_000_000

    private let text: [Unicode.Scalar]
    private let acceptsExtraEscapes: Bool
    private var position = 0
    private var depth = 0

    init(_ pattern: String, acceptingExtraEscapes: Bool) throws(PatternSyntaxError) {
        text = Array(pattern.unicodeScalars)
        acceptsExtraEscapes = acceptingExtraEscapes
        guard text.count <= Self.lengthLimit else {
            throw PatternSyntaxError(offset: 0, message: "a pattern may have \(Self.lengthLimit) characters")
        }
    }

    mutating func parse() throws(PatternSyntaxError) -> PatternSyntax {
        let syntax = try alternatives()
        guard position == text.count else { throw error("unmatched “)”") }
        return syntax
    }

    private var next: Unicode.Scalar? { position < text.count ? text[position] : nil }

    private func peek(_ distance: Int) -> Unicode.Scalar? {
        position + distance < text.count ? text[position + distance] : nil
    }

    private func error(_ message: String) -> PatternSyntaxError {
        PatternSyntaxError(offset: position, message: message)
    }

    private mutating func descend() throws(PatternSyntaxError) {
        depth += 1
        guard depth <= Self.depthLimit else {
            throw error("groups may be nested \(Self.depthLimit) deep")
        }
    }

    // MARK: Branches and pieces

    private mutating func alternatives() throws(PatternSyntaxError) -> PatternSyntax {
        try descend()
        defer { depth -= 1 }
        var branches = [try branch()]
        while next == "|" {
            position += 1
            branches.append(try branch())
        }
        return branches.count == 1 ? branches[0] : Self.joined(branches)
    }

    /// One character of several sets is one of their union.
    private static func joined(_ branches: [PatternSyntax]) -> PatternSyntax {
        var ranges: [ClosedRange<UInt32>] = []
        for branch in branches {
            guard case .set(let set) = branch else { return .alternatives(branches) }
            ranges += set.ranges
        }
        return .set(ScalarSet(ranges))
    }

    private mutating func branch() throws(PatternSyntaxError) -> PatternSyntax {
        var pieces: [PatternSyntax] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let atom = try atom()
            pieces.append(try quantified(atom))
        }
        return switch pieces.count {
        case 0: .empty
        case 1: pieces[0]
        default: .sequence(pieces)
        }
    }

    private mutating func atom() throws(PatternSyntaxError) -> PatternSyntax {
        guard let scalar = next else { return .empty }
        switch scalar {
        case "(":
            position += 1
            let group = try alternatives()
            guard next == ")" else { throw error("a group lacks its “)”") }
            position += 1
            return group
        case "[": return .set(try characterClass())
        case ".":
            position += 1
            return .set(.dot)
        case "\\": return .set(try escape().set)
        case "?", "*", "+": throw error("“\(scalar)” has nothing to repeat")
        case "]": throw error("“]” without “[”; write “\\]” for the character")
        default:
            position += 1
            return .set(ScalarSet(scalar))
        }
    }

    private mutating func quantified(_ atom: PatternSyntax) throws(PatternSyntaxError) -> PatternSyntax {
        switch next {
        case "?":
            position += 1
            return .repetition(atom, minimum: 0, maximum: 1)
        case "*":
            position += 1
            return .repetition(atom, minimum: 0, maximum: nil)
        case "+":
            position += 1
            return .repetition(atom, minimum: 1, maximum: nil)
        case "{":
            position += 1
            return try counted(atom)
        default: return atom
        }
    }

    private mutating func counted(_ atom: PatternSyntax) throws(PatternSyntaxError) -> PatternSyntax {
        let minimum = try count()
        var maximum: Int? = minimum
        if next == "," {
            position += 1
            maximum = next == "}" ? nil : try count()
        }
        guard next == "}" else { throw error("a quantifier reads {n}, {n,} or {n,m}") }
        position += 1
        if let maximum, maximum < minimum { throw error("a quantifier's maximum is below its minimum") }
        return minimum == 1 && maximum == 1 ? atom : .repetition(atom, minimum: minimum, maximum: maximum)
    }

    private mutating func count() throws(PatternSyntaxError) -> Int {
        var value = 0
        let start = position
        while let scalar = next, ("0"..."9").contains(scalar) {
            value = value * 10 + Int(scalar.value - 48)
            guard value <= Self.countLimit else { throw error("a quantifier counts to \(Self.countLimit) at most") }
            position += 1
        }
        guard position > start else { throw error("a quantifier reads {n}, {n,} or {n,m}") }
        return value
    }

    // MARK: Classes

    private mutating func characterClass() throws(PatternSyntaxError) -> ScalarSet {
        try descend()
        defer { depth -= 1 }
        position += 1
        let isNegated = next == "^"
        if isNegated { position += 1 }
        var ranges: [ClosedRange<UInt32>] = []
        var isEmpty = true
        var subtracted: ScalarSet?
        while next != "]" {
            guard let scalar = next else { throw error("a character class lacks its “]”") }
            if scalar == "-", peek(1) == "[", !isEmpty {
                position += 1
                subtracted = try characterClass()
                guard next == "]" else { throw error("“]” must follow the class that is subtracted") }
                break
            }
            ranges += try classMember()
            isEmpty = false
        }
        if isEmpty { throw error("a character class needs a member") }
        position += 1
        var set = ScalarSet(ranges)
        if isNegated { set = set.inverted }
        if let subtracted { set = set.subtracting(subtracted) }
        return set
    }

    private mutating func classMember() throws(PatternSyntaxError) -> [ClosedRange<UInt32>] {
        guard let low = try classCharacter() else { return try escape().set.ranges }
        guard next == "-", let after = peek(1), after != "]", after != "[" else {
            return [low.value...low.value]
        }
        position += 1
        guard let high = try classCharacter() else { throw error("a range ends in a character, not in a class") }
        guard low <= high else { throw error("a range must not run backwards") }
        return [low.value...high.value]
    }

    /// One character of a class; nil, with nothing consumed, where an escape for many characters stands.
    private mutating func classCharacter() throws(PatternSyntaxError) -> Unicode.Scalar? {
        guard let scalar = next else { throw error("a character class lacks its “]”") }
        if scalar == "[" { throw error("“[” within a class is written “\\[”") }
        guard scalar == "\\" else {
            position += 1
            return scalar
        }
        let start = position
        let escaped = try escape()
        if escaped.single == nil { position = start }
        return escaped.single
    }

    // MARK: Escapes

    private mutating func escape() throws(PatternSyntaxError) -> (set: ScalarSet, single: Unicode.Scalar?) {
        guard let scalar = peek(1) else { throw error("“\\” at the end escapes nothing; write “\\\\”") }
        if scalar == "p" || scalar == "P" {
            let set = try property()
            return (scalar == "P" ? set.inverted : set, nil)
        }
        if let set = ScalarSet.multiCharacterEscape(scalar) {
            position += 2
            return (set, nil)
        }
        guard let single = Self.singleEscape(scalar, acceptsExtra: acceptsExtraEscapes) else {
            throw error("“\\\(scalar)” is no escape of XML Schema")
        }
        position += 2
        return (ScalarSet(single), single)
    }

    private static func singleEscape(_ scalar: Unicode.Scalar, acceptsExtra: Bool) -> Unicode.Scalar? {
        switch scalar {
        case "n": "\n"
        case "r": "\r"
        case "t": "\t"
        case "\\", "|", ".", "?", "*", "+", "(", ")", "{", "}", "-", "[", "]", "^": scalar
        default: acceptsExtra && scalar.isASCII && scalar.value > 32 && !isAlphanumeric(scalar) ? scalar : nil
        }
    }

    private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
    }

    /// `\p{Lu}`, `\p{L}`, `\p{IsBasicLatin}`.
    private mutating func property() throws(PatternSyntaxError) -> ScalarSet {
        guard peek(2) == "{", let end = text[position...].firstIndex(of: "}") else {
            throw error("a property reads \\p{NAME}")
        }
        var name = String.UnicodeScalarView()
        name.append(contentsOf: text[position + 3..<end])
        guard let set = ScalarSet.property(String(name)) else {
            throw error("“\(String(name))” is no Unicode category or block")
        }
        position = end + 1
        return set
    }
}
