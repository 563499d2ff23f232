/// Values of type instance-identifier (RFC 7950 section 9.13).
///
/// The canonical form has the module's name at the first node and wherever it changes, as in JSON (RFC 7951 section
/// 6.11), none at keys, and values in single quotes where they contain none. Where the schema is known, values are in the
/// canonical form of their types, so that two texts for one instance are one value.
package enum InstanceIdentifier {
    /// The path that `text`, in canonical form, denotes.
    package static func expression(_ text: String) -> XPathExpression? {
        try? XPathParser.parsePath(text, moduleForPrefix: { $0 }, defaultModule: nil)
    }

    /// Nil if `text` is no instance-identifier.
    static func canonical(_ text: String, in context: ValueContext) -> String? {
        guard let tokens = try? XPathLexer.tokens(of: text), tokens.count > 2 else { return nil }
        var reader = Reader(tokens: tokens, context: context)
        return reader.read()
    }

    /// The same of a literal in an expression, whose prefixes are known; nil if one of them is not.
    static func canonical(_ text: String, modules: [String: String], defaultModule: String?) -> String? {
        guard let tokens = try? XPathLexer.tokens(of: text), tokens.count > 2 else { return nil }
        for token in tokens {
            if case .name(let prefix?, _) = token.kind, modules[prefix] == nil { return nil }
        }
        let context = ValueContext(moduleForPrefix: { modules[$0] }, defaultModule: defaultModule)
        var reader = Reader(tokens: tokens, context: context)
        return reader.read()
    }

    private struct Reader {
        let tokens: [XPathToken]
        let context: ValueContext
        var position = 0
        var result = ""
        var module: String?
        /// The node that the path has come to; nil if no schema is known, or the schema knows no such node.
        private var node: SchemaNode?

        init(tokens: [XPathToken], context: ValueContext) {
            self.tokens = tokens
            self.context = context
            node = context.schema?.root
        }

        mutating func read() -> String? {
            module = nil
            repeat {
                guard accept("/"), let name = name() else { return nil }
                result += "/" + name
                while accept("[") {
                    guard let predicate = predicate(), accept("]") else { return nil }
                    result += "[\(predicate)]"
                }
            } while tokens[position].kind != .end
            return result
        }

        private mutating func accept(_ symbol: String) -> Bool {
            guard tokens[position].kind == .symbol(symbol) else { return false }
            position += 1
            return true
        }

        private func module(of prefix: String) -> String { context.moduleForPrefix(prefix) ?? prefix }

        private mutating func name() -> String? {
            guard case .name(let prefix, let local) = tokens[position].kind, local != "*" else { return nil }
            position += 1
            let own = prefix.map { self.module(of: $0) } ?? module ?? context.defaultModule
            defer { module = own }
            node = node?.dataChild(named: local, module: own)
            return own == module ? local : own.map { "\($0):\(local)" } ?? local
        }

        private mutating func predicate() -> String? {
            if case .number(let index) = tokens[position].kind, index >= 1, index == index.rounded() {
                position += 1
                return XPathNumber.text(index)
            }
            let left: String
            let type: ResolvedType?
            if accept(".") {
                left = "."
                type = node?.type
            } else {
                guard case .name(let prefix, let local) = tokens[position].kind, local != "*" else { return nil }
                position += 1
                let own = prefix.map { self.module(of: $0) }
                left = own == nil || own == module ? local : "\(own ?? ""):\(local)"
                type = node?.dataChild(named: local, module: own ?? module)?.type
            }
            guard tokens[position].kind == .operator("="), case .literal(let text) = tokens[position + 1].kind else {
                return nil
            }
            position += 2
            let value = type.flatMap { try? $0.canonical(text, in: context) } ?? text
            return "\(left)=\(value.contains("'") ? "\"\(value)\"" : "'\(value)'")"
        }
    }
}
