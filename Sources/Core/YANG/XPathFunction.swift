/// The functions of XPath 1.0 (section 4), of YANG 1.1 (RFC 7950 section 10) and those that NSO adds.
package enum XPathFunction: String, Sendable, CaseIterable {
    case last, position, count, id, name, string, concat, contains, substring, translate, boolean, not, lang, number
    case sum, floor, ceiling, round
    case `true`, `false`
    case localName = "local-name"
    case namespaceURI = "namespace-uri"
    case startsWith = "starts-with"
    case substringBefore = "substring-before"
    case substringAfter = "substring-after"
    case stringLength = "string-length"
    case normalizeSpace = "normalize-space"

    case current, deref
    case reMatch = "re-match"
    case derivedFrom = "derived-from"
    case derivedFromOrSelf = "derived-from-or-self"
    case enumValue = "enum-value"
    case bitIsSet = "bit-is-set"

    case min, max, avg, band, bor, bxor, bnot, compare
    case stringCompare = "string-compare"
    case sortBy = "sort-by"

    /// How many arguments the function takes.
    package var arity: ClosedRange<Int> {
        switch self {
        case .last, .position, .true, .false, .current: 0...0
        case .name, .localName, .namespaceURI, .string, .stringLength, .normalizeSpace, .number: 0...1
        case .count, .id, .boolean, .not, .lang, .sum, .floor, .ceiling, .round, .deref, .enumValue, .min, .max, .avg,
            .bnot:
            1...1
        case .startsWith, .contains, .substringBefore, .substringAfter, .reMatch, .derivedFrom, .derivedFromOrSelf,
            .bitIsSet, .band, .bor, .bxor, .compare, .stringCompare, .sortBy:
            2...2
        case .substring: 2...3
        case .translate: 3...3
        case .concat: 2...1000
        }
    }

    var arityText: String {
        if arity.upperBound == 1000 { return "at least \(arity.lowerBound) arguments" }
        if arity.count > 1 { return "\(arity.lowerBound) to \(arity.upperBound) arguments" }
        return arity.lowerBound == 1 ? "one argument" : "\(arity.lowerBound) arguments"
    }

    /// Whether the value is a node set.
    var givesNodes: Bool {
        switch self {
        case .current, .deref, .id, .sortBy: true
        default: false
        }
    }

    /// Whether the first argument must be a node set.
    var takesNodes: Bool {
        switch self {
        case .count, .sum, .name, .localName, .namespaceURI, .deref, .enumValue, .bitIsSet, .derivedFrom,
            .derivedFromOrSelf, .min, .max, .avg, .sortBy:
            true
        default: false
        }
    }
}
