import Basics

/// Writes types, constraints and the rest that is not flat as bytes; texts go to a pool. `ImageDecoder` reads it.
struct ImageEncoder {
    var bytes: ContiguousArray<UInt8> = []
    var texts = BytePool()

    init() { _ = texts.intern("") }

    // MARK: Numbers and texts

    mutating func put(_ value: some FixedWidthInteger & UnsignedInteger) {
        var rest = UInt128(value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Small numbers of either sign in few bytes.
    mutating func put(signed value: Int128) { put(UInt128(bitPattern: value << 1 ^ value >> 127)) }

    mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }
    mutating func put(_ text: String) { put(texts.intern(text)) }

    mutating func put(_ text: String?) {
        if let text { put(texts.intern(text) + 1) } else { put(UInt32(0)) }
    }

    mutating func put<Element>(_ list: some Collection<Element>, _ element: (inout ImageEncoder, Element) -> Void) {
        put(UInt(list.count))
        for item in list { element(&self, item) }
    }

    mutating func put(_ place: SourcePlace) {
        put(place.file)
        put(UInt(clamping: place.line))
        put(UInt(clamping: place.column))
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
        put(type.leafref.map { [$0] } ?? []) { $0.put($1) }
        put(type.leafrefSource)
        put(type.requireInstance)
        put(signed: Int128(type.leafrefTarget?.index ?? -1))
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
        put(extra.extensions) { $0.put($1) }
        put(extra.units)
    }

    private mutating func put(_ constraint: Constraint) {
        put(constraint.expression)
        put(constraint.source)
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
