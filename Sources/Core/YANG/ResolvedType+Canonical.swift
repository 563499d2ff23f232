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

    package var description: String { detail.isEmpty ? message : "\(message); \(detail)" }
}

/// What the meaning of a value's text depends on besides its type.
package struct ValueContext: Sendable {
    package var identities: IdentityTable
    /// The module that a prefix in the text stands for: the XML namespaces in scope, the prefixes of the YANG module
    /// that a default value stands in. A name that it does not know is tried as the name of a module.
    package var moduleForPrefix: @Sendable (String) -> String?
    /// The module of names without prefix: that of the leaf in XML and JSON; nil looks for the only identity of that
    /// name.
    package var defaultModule: String?
    /// The type at the end of a leafref's chain.
    package var leafrefType: @Sendable (NodeID) -> ResolvedType?

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
    }
}

extension ResolvedType {
    /// The canonical form of `text` as a value of this type (RFC 7950 section 9).
    package func canonical(_ text: String, in context: ValueContext) throws(ValueError) -> String {
        text
    }
}
