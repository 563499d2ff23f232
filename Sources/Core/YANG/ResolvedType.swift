/// The built-in types of RFC 7950 section 9.
package enum BuiltInType: String, Sendable {
    case binary, bits, boolean, decimal64, empty, enumeration, identityref
    case instanceIdentifier = "instance-identifier"
    case int8, int16, int32, int64, leafref, string, uint8, uint16, uint32, uint64, union
}

/// A type with all its restrictions collected over its chain of typedefs.
///
/// Canonical values are `String`s in the canonical form of RFC 7950 (an identityref as `module:identity`, bits in
/// position order, a union's value as its first matching member has it, an empty as "").
package struct ResolvedType: Sendable {
    package var base: BuiltInType
    /// The chain of typedef names from the one written at the node down to the built-in type, module-qualified
    /// (`ietf-inet-types:ipv4-address`); empty for a built-in type used directly.
    package var typedefs: [String]
    /// Allowed ranges of an integer or decimal64 (scaled by 10^fractionDigits), each step of the chain intersected.
    package var ranges: [ClosedRange<Int128>]
    /// Allowed lengths of a string (characters) or binary (octets).
    package var lengths: [ClosedRange<Int>]
    package var patterns: [TypePattern]
    package var fractionDigits: Int
    package var enums: [EnumMember]
    package var bits: [EnumMember]
    /// Bases of an identityref, as `module:identity`.
    package var identityBases: [String]
    /// The path of a leafref, and whether an instance must exist.
    package var leafref: XPathExpression?
    package var leafrefSource: String?
    package var requireInstance: Bool
    /// The node that a leafref refers to, and the type at the end of the chain.
    package var leafrefTarget: NodeID?
    package var members: [ResolvedType]
    /// The kind of secret, if the chain of typedefs passes through one of the encrypted or hashed types.
    package var secret: SecretKind?

    package init(base: BuiltInType) {
        self.base = base
        typedefs = []
        ranges = []
        lengths = []
        patterns = []
        fractionDigits = 0
        enums = []
        bits = []
        identityBases = []
        requireInstance = true
        members = []
    }
}

/// Types whose values are encrypted or hashed when they become canonical (`tailf-common`, `iana-crypt-hash`).
package enum SecretKind: String, Sendable {
    /// Accepted because models have it; what is stored is as strong as the others.
    case des3CBC = "des3-cbc-encrypted-string"
    case aesCFB128 = "aes-cfb-128-encrypted-string"
    case aes256CFB128 = "aes-256-cfb-128-encrypted-string"
    case md5Digest = "md5-digest-string"
    case sha256Digest = "sha-256-digest-string"
    case sha512Digest = "sha-512-digest-string"
    case cryptHash = "crypt-hash"
}

package struct EnumMember: Hashable, Sendable {
    package var name: String
    /// The value of an enum, the position of a bit.
    package var value: Int64
    package var status: NodeStatus

    package init(name: String, value: Int64, status: NodeStatus = .current) {
        self.name = name
        self.value = value
        self.status = status
    }
}

/// A `pattern` statement, compiled.
package struct TypePattern: Sendable {
    package var source: String
    package var isInverted: Bool
    package var errorMessage: String?
    package var errorAppTag: String?
    package var matcher: PatternMatcher

    package init(
        source: String, isInverted: Bool, errorMessage: String?, errorAppTag: String?, matcher: PatternMatcher
    ) {
        self.source = source
        self.isInverted = isInverted
        self.errorMessage = errorMessage
        self.errorAppTag = errorAppTag
        self.matcher = matcher
    }
}

/// All identities of a schema and which derive from which.
package struct IdentityTable: Sendable {
    /// `module:identity` → every base that it derives from, directly or not (itself not included).
    package var ancestors: [String: Set<String>]
    /// `module:identity` of those that no value may use (`tailf:abstract`).
    package var abstract: Set<String>

    package init(ancestors: [String: Set<String>] = [:], abstract: Set<String> = []) {
        self.ancestors = ancestors
        self.abstract = abstract
    }

    package func isDerived(_ identity: String, from base: String) -> Bool {
        ancestors[identity]?.contains(base) ?? false
    }

    /// Every concrete identity derived from all of `bases`, sorted.
    package func values(of bases: [String]) -> [String] {
        ancestors.filter { entry in
            !abstract.contains(entry.key) && bases.allSatisfy { entry.value.contains($0) }
        }.keys.sorted()
    }
}
