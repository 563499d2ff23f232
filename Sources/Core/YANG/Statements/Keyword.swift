/// The statements of YANG (RFC 7950 section 7); `unknown` stands for extension statements, which bear a prefix.
///
/// A case is named as its statement is, in camel case: `leafList` is `leaf-list`.
package enum Keyword: UInt8, CaseIterable, Sendable {
    case unknown
    case action, anydata, anyxml, argument, augment, base, belongsTo, bit, `case`, choice, config, contact, container
    case `default`, description, deviate, deviation, `enum`, errorAppTag, errorMessage, `extension`, feature
    case fractionDigits, grouping, identity, ifFeature, `import`, include, input, key, leaf, leafList, length, list
    case mandatory, maxElements, minElements, modifier, module, must, namespace, notification, orderedBy, organization
    case output, path, pattern, position, prefix, presence, range, reference, refine, requireInstance, revision
    case revisionDate, rpc, status, submodule, type, typedef, unique, units, uses, value, when, yangVersion
    case yinElement

    /// The keyword as written in YANG text.
    package var text: String { Self.texts[Int(rawValue)] }

    static let byText = Dictionary(
        uniqueKeysWithValues: allCases.dropFirst().map { ($0.text, $0) })

    private static let texts: [String] = allCases.map { keyword in
        var text = ""
        for character in String(describing: keyword) {
            if character.isUppercase { text += "-" }
            text += character.lowercased()
        }
        return text
    }

    /// Whether the statement adds to the schema tree where it stands.
    var definesNode: Bool { Self.definingNodes.contains(self) }

    private static let definingNodes: KeywordSet = [
        .container, .list, .leaf, .leafList, .choice, .case, .anydata, .anyxml, .uses, .action, .notification, .rpc,
        .input, .output,
    ]
}

/// A set of keywords, one bit each.
struct KeywordSet: Sendable, ExpressibleByArrayLiteral {
    private(set) var bits: UInt128 = 0

    init(arrayLiteral keywords: Keyword...) {
        for keyword in keywords { insert(keyword) }
    }

    mutating func insert(_ keyword: Keyword) { bits |= 1 << UInt128(keyword.rawValue) }
    func contains(_ keyword: Keyword) -> Bool { bits & (1 << UInt128(keyword.rawValue)) != 0 }
    func union(_ other: KeywordSet) -> KeywordSet {
        var result = self
        result.bits |= other.bits
        return result
    }
    func subtracting(_ other: KeywordSet) -> [Keyword] {
        Keyword.allCases.filter { contains($0) && !other.contains($0) }
    }
}
