import Basics

/// Writes types, constraints and the rest that is not flat as bytes; texts go to a pool. `ImageDecoder` reads it.
struct ImageEncoder {
    var bytes: ContiguousArray<UInt8> = []
    var texts = BytePool()

    /// A hash over what was put since it was set to 0: texts by their content; places, written forms of expressions and
    /// extension statements left out. Equal for equal types and properties of any two schemas.
    var fingerprint: UInt64 = 0
    /// For the sets of values of identityrefs, which count in their fingerprints.
    var identities = IdentityTable()
    private var identityHashes: [[String]: UInt64] = [:]
    private var isUnmarked = false
    private var textHashes: ContiguousArray<UInt64> = []

    init() { _ = number(of: "") }

    // MARK: Numbers and texts

    private mutating func mark(_ word: UInt64) {
        if !isUnmarked { fingerprint = ImageHash.mixed(fingerprint &+ 1 ^ word &* 0x9E37_79B1_85EB_CA87) }
    }

    /// Puts something that the fingerprint does not see.
    private mutating func unmarked(_ write: (inout ImageEncoder) -> Void) {
        let outer = isUnmarked
        isUnmarked = true
        write(&self)
        isUnmarked = outer
    }

    private mutating func number(of text: String) -> UInt32 {
        let number = texts.intern(text)
        while textHashes.count <= number { textHashes.append(ImageHash.of(texts.text(textHashes.count))) }
        return number
    }

    mutating func put(_ value: some FixedWidthInteger & UnsignedInteger) {
        mark(UInt64(truncatingIfNeeded: value))
        append(UInt128(value))
    }

    private mutating func append(_ value: UInt128) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Small numbers of either sign in few bytes.
    mutating func put(signed value: Int128) {
        mark(UInt64(truncatingIfNeeded: value))
        append(UInt128(bitPattern: value << 1 ^ value >> 127))
    }

    /// A byte as it is.
    mutating func put(byte: UInt8) {
        mark(UInt64(byte))
        bytes.append(byte)
    }

    mutating func put(_ value: Bool) { put(byte: value ? 1 : 0) }

    mutating func put(_ text: String) {
        let number = number(of: text)
        mark(textHashes[Int(number)])
        append(UInt128(number))
    }

    mutating func put(_ text: String?) {
        guard let text else { return put(UInt32(0)) }
        let number = number(of: text)
        mark(textHashes[Int(number)])
        append(UInt128(number) + 1)
    }

    mutating func put<Element>(_ list: some Collection<Element>, _ element: (inout ImageEncoder, Element) -> Void) {
        put(UInt(list.count))
        for item in list { element(&self, item) }
    }

    mutating func put(_ place: SourcePlace) {
        unmarked {
            $0.put(place.file)
            $0.put(UInt(clamping: place.line))
            $0.put(UInt(clamping: place.column))
        }
    }

    /// What an identityref allows is no part of its type, but of the set of modules.
    private mutating func markIdentities(_ bases: [String]) {
        guard !bases.isEmpty else { return }
        let hash =
            identityHashes[bases] ?? ImageHash.of(identities.values(of: bases).joined(separator: " "))
        identityHashes[bases] = hash
        mark(hash)
    }

    // MARK: Types

    mutating func put(_ type: ResolvedType) {
        put(type.base.rawValue)
        put(type.typedefs) { $0.put($1) }
        put(type.ranges) {
            $0.put(signed: $1.lowerBound)
            $0.put(signed: $1.upperBound)
        }
        put(type.lengths) {
            $0.put(UInt(clamping: $1.lowerBound))
            $0.put(UInt(clamping: $1.upperBound))
        }
        put(type.patterns) {
            $0.put($1.source)
            $0.put($1.isInverted)
            $0.put($1.matcher.acceptsExtraEscapes)
            $0.put($1.errorMessage)
            $0.put($1.errorAppTag)
        }
        put(UInt(clamping: type.fractionDigits))
        for members in [type.enums, type.bits] {
            put(members) {
                $0.put($1.name)
                $0.put(signed: Int128($1.value))
                $0.put($1.status.rawValue)
            }
        }
        put(type.identityBases) { $0.put($1) }
        markIdentities(type.identityBases)
        put(type.leafref.map { [$0] } ?? []) { $0.put($1) }
        unmarked { $0.put(type.leafrefSource) }
        put(type.requireInstance)
        unmarked { $0.put(signed: Int128(type.leafrefTarget?.index ?? -1)) }
        put(type.members) { $0.put($1) }
        put(type.secret?.rawValue)
    }

    // MARK: Rare properties of nodes

    mutating func put(_ extra: NodeExtra) {
        put(extra.minElements)
        put(UInt32.max - extra.maxElements)
        put(extra.keys) { $0.put(signed: Int128($1)) }
        put(extra.uniques) { $0.put($1) { $0.put(signed: Int128($1)) } }
        put(extra.defaults) { $0.put($1) }
        put(extra.musts) { $0.put($1) }
        put(extra.whens) { $0.put($1) }
        unmarked { $0.put(extra.extensions) { $0.put($1) } }
        put(extra.units)
    }

    private mutating func put(_ constraint: Constraint) {
        put(constraint.expression)
        unmarked { $0.put(constraint.source) }
        put(constraint.errorMessage)
        put(constraint.errorAppTag)
        put(constraint.contextIsParent)
        put(constraint.place)
    }

    private mutating func put(_ instance: ExtensionInstance) {
        put(instance.module)
        put(instance.name)
        put(instance.argument)
        put(instance.substatements) { $0.put($1) }
        put(instance.place)
    }

    // MARK: Lists

    mutating func put(_ module: SchemaModule) {
        put(module.name)
        put(module.namespace)
        put(module.prefix)
        put(module.revision)
        put(module.features) { $0.put($1) }
        put(module.digest)
        put(module.isImplemented)
        put(module.imports) { $0.put($1) }
        put(module.definedFeatures.sorted()) { $0.put($1) }
        put(module.submodules) {
            $0.put($1.name)
            $0.put($1.revision)
        }
        put(module.extensions) { $0.put($1) }
    }

    mutating func put(_ identities: IdentityTable) {
        put(identities.ancestors.sorted { $0.key < $1.key }) {
            $0.put($1.key)
            $0.put($1.value.sorted()) { $0.put($1) }
        }
        put(identities.abstract.sorted()) { $0.put($1) }
    }

    mutating func put(_ diagnostic: Diagnostic) {
        put(UInt(clamping: diagnostic.severity.rawValue))
        put(diagnostic.summary)
        put(diagnostic.remedy)
        put(diagnostic.place.map { [$0] } ?? []) { $0.put($1) }
        put(diagnostic.path)
        put(diagnostic.appTag)
        put(diagnostic.code)
    }

    mutating func put(_ definitions: SchemaDefinitions) {
        put(definitions.structures) {
            $0.put($1.kind.rawValue)
            $0.put($1.name)
            $0.put($1.module)
            $0.put(signed: Int128($1.root.index))
        }
        put(definitions.metadataAnnotations) {
            $0.put($1.name)
            $0.put($1.module)
            $0.put($1.type)
            $0.put($1.units)
            $0.put($1.status.rawValue)
            $0.put($1.description)
            $0.put($1.place)
        }
        put(definitions.originExtensions.sorted { $0.key.index < $1.key.index }) {
            $0.put(signed: Int128($1.key.index))
            $0.put($1.value) { $0.put($1) }
        }
        put(definitions.degradations.sorted { $0.key.index < $1.key.index }) {
            $0.put(signed: Int128($1.key.index))
            $0.put($1.value) { $0.put($1) }
        }
    }
}
