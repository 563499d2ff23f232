/// Why a text is no value of a type.
package struct ValueError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the operator reads: `"70000" is not a valid value`, or the module's own `error-message`.
    package var message: String
    /// What is allowed: `expected an integer in 1..65535`. May be empty.
    package var detail: String
    package var appTag: String?

    package init(message: String, detail: String = "", appTag: String? = nil) {
        self.message = message
        self.detail = detail
        self.appTag = appTag
    }

    init(invalid text: String, _ detail: String, appTag: String? = nil) {
        let shown = text.count > 200 ? "\(text.prefix(200))..." : text
        self.init(message: "\"\(shown)\" is not a valid value", detail: detail, appTag: appTag)
    }

    package var description: String { detail.isEmpty ? message : "\(message); \(detail)" }
}

/// How JSON writes a value (RFC 7951 section 6).
package enum ValueForm: Sendable { case text, number, bool, null }

/// What the meaning of a value's text depends on besides its type.
package struct ValueContext: Sendable {
    package var identities: IdentityTable
    /// The module that a prefix in the text stands for: the XML namespaces in scope, the prefixes of the YANG module
    /// that a default value stands in. A name that it does not know is tried as the name of a module.
    package var moduleForPrefix: @Sendable (String) -> String?
    /// The module of names without prefix: that of the leaf in XML and JSON. If it has no such identity, the only
    /// identity of that name is taken.
    package var defaultModule: String?
    /// The type of a node: the next one in a leafref's chain.
    package var leafrefType: @Sendable (NodeID) -> ResolvedType?
    /// How JSON wrote the value: of a union only members that are written so are asked (RFC 7951 section 6.10).
    package var form: ValueForm?
    /// The schema over which instance-identifiers lead; nil while it is being made.
    var schema: Schema?

    package init(
        identities: IdentityTable = IdentityTable(),
        moduleForPrefix: @escaping @Sendable (String) -> String? = { _ in nil },
        defaultModule: String? = nil,
        leafrefType: @escaping @Sendable (NodeID) -> ResolvedType? = { _ in nil }
    ) {
        self.identities = identities
        self.moduleForPrefix = moduleForPrefix
        self.defaultModule = defaultModule
        self.leafrefType = leafrefType
    }

    /// Over a finished schema: its identities and leafref targets; prefixes are module names.
    package init(schema: Schema, defaultModule: String? = nil) {
        self.init(
            identities: schema.identities, defaultModule: defaultModule, leafrefType: { schema[$0].type })
        self.schema = schema
    }
}

extension ResolvedType {
    /// The canonical form of `text` as a value of this type (RFC 7950 section 9).
    ///
    /// A secret's text is returned as it is: what encrypts it also checks it.
    package func canonical(_ text: String, in context: ValueContext) throws(ValueError) -> String {
        try canonical(text, in: context, depth: 0)
    }

    /// Leafrefs may chain and unions may nest; a circle, which a linker refuses, ends at `depth` 32.
    func canonical(_ text: String, in context: ValueContext, depth: Int) throws(ValueError) -> String {
        if secret != nil { return text }
        guard depth < 32 else { throw ValueError(invalid: text, "its type refers to itself") }
        switch base {
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: return try canonicalInteger(text)
        case .decimal64: return try canonicalDecimal(text)
        case .string: return try canonicalString(text, in: context)
        case .boolean:
            guard text == "true" || text == "false" else { throw ValueError(invalid: text, "expected true or false") }
            return text
        case .enumeration:
            guard enums.contains(where: { $0.name == text }) else {
                throw ValueError(invalid: text, "expected one of \(Self.listing(enums.map(\.name)))")
            }
            return text
        case .bits: return try canonicalBits(text)
        case .binary: return try canonicalBinary(text)
        case .empty:
            guard text.isEmpty else { throw ValueError(invalid: text, "expected no value") }
            return text
        case .identityref: return try canonicalIdentity(text, in: context)
        case .instanceIdentifier:
            guard let canonical = InstanceIdentifier.canonical(text, in: context) else {
                throw ValueError(invalid: text, "expected an instance path such as /module:list[key='value']/leaf")
            }
            return canonical
        case .leafref:
            // Without a known target any text may do; the validator finds what it refers to.
            guard let target = leafrefTarget.flatMap(context.leafrefType) else { return text }
            return try target.canonical(text, in: context, depth: depth + 1)
        case .union: return try canonicalMember(text, in: context, depth: depth)
        }
    }

    private func canonicalMember(
        _ text: String, in context: ValueContext, depth: Int
    ) throws(ValueError) -> String {
        var details: [String] = []
        for member in members {
            if let form = context.form, !member.jsonForms(context.leafrefType).contains(form) { continue }
            do {
                return try member.canonical(text, in: context, depth: depth + 1)
            } catch {
                if !error.detail.isEmpty, !details.contains(error.detail) { details.append(error.detail) }
            }
        }
        throw ValueError(invalid: text, details.joined(separator: ", or "))
    }

    /// The ways in which JSON writes the values of this type: one, unless it is a union.
    package func jsonForms(_ leafrefType: (NodeID) -> ResolvedType?) -> Set<ValueForm> {
        jsonForms(leafrefType, depth: 0)
    }

    private func jsonForms(_ leafrefType: (NodeID) -> ResolvedType?, depth: Int) -> Set<ValueForm> {
        switch base {
        case .int8, .int16, .int32, .uint8, .uint16, .uint32: return [.number]
        case .boolean: return [.bool]
        case .empty: return [.null]
        case .union where depth < 32:
            return members.reduce(into: []) { $0.formUnion($1.jsonForms(leafrefType, depth: depth + 1)) }
        case .leafref where depth < 32:
            guard let target = leafrefTarget.flatMap(leafrefType) else { return [.text, .number, .bool, .null] }
            return target.jsonForms(leafrefType, depth: depth + 1)
        default: return [.text]
        }
    }

    // MARK: Names

    private func canonicalBits(_ text: String) throws(ValueError) -> String {
        var wanted: Set<String> = []
        for name in text.utf8.split(whereSeparator: XMLSpace.contains).map({ String(decoding: $0, as: UTF8.self) }) {
            guard bits.contains(where: { $0.name == name }), wanted.insert(name).inserted else {
                throw ValueError(invalid: text, "expected some of \(Self.listing(bits.map(\.name))), each once")
            }
        }
        return bits.filter { wanted.contains($0.name) }.sorted { $0.value < $1.value }.map(\.name)
            .joined(separator: " ")
    }

    private func canonicalIdentity(_ text: String, in context: ValueContext) throws(ValueError) -> String {
        for candidate in Self.identityCandidates(text, in: context)
        where context.identities.ancestors[candidate] != nil && !context.identities.abstract.contains(candidate)
            && identityBases.allSatisfy({ context.identities.isDerived(candidate, from: $0) })
        {
            return candidate
        }
        throw ValueError(invalid: text, "expected one of \(Self.listing(context.identities.values(of: identityBases)))")
    }

    /// The identities that `text` can mean, likeliest first.
    private static func identityCandidates(_ text: String, in context: ValueContext) -> [String] {
        if let (prefix, name) = XPathQualifiedName.split(text) {
            return [context.moduleForPrefix(prefix).map { "\($0):\(name)" }, text].compactMap { $0 }
        }
        var candidates = context.defaultModule.map { ["\($0):\(text)"] } ?? []
        if let first = candidates.first, context.identities.ancestors[first] != nil { return candidates }
        let suffix = ":" + text
        candidates += context.identities.ancestors.keys.filter { $0.hasSuffix(suffix) }.sorted()
        return candidates
    }

    /// Names for an error message: not more than can be read.
    static func listing(_ names: [String]) -> String {
        names.count <= 20 ? names.joined(separator: ", ") : names.prefix(20).joined(separator: ", ") + ", ..."
    }
}

/// White space of XML.
enum XMLSpace {
    static func contains(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    /// `text` without white space at its ends.
    static func trimmed(_ text: String) -> Substring {
        let bytes = text.utf8
        guard let start = bytes.firstIndex(where: { !contains($0) }),
            let end = bytes.lastIndex(where: { !contains($0) })
        else { return "" }
        return text[start...end]
    }
}

extension SchemaNode {
    /// The type of the node's values: for a leafref that of the node at the end of the chain.
    package var valueType: ResolvedType? {
        var type = type
        for _ in 0..<32 {
            guard let current = type, current.base == .leafref, let target = current.leafrefTarget else { break }
            type = schema[target].type
        }
        return type
    }
}

extension ResolvedType {
    /// The value of an enum that this type, or a member of this union, has by that name.
    func enumValue(_ name: String) -> Int64? {
        if let member = enums.first(where: { $0.name == name }) { return member.value }
        for member in members {
            if let value = member.enumValue(name) { return value }
        }
        return nil
    }
}
