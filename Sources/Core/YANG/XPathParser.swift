/// Why a text is no XPath expression: the place (a byte offset in the text) and a sentence.
package struct XPathSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    package var offset: Int
    package var message: String

    package var description: String { "\(message) (at byte \(offset + 1) of the expression)" }
}

/// Reads XPath 1.0 with the functions of YANG 1.1.
package enum XPathParser {
    /// Parses any expression: the argument of `must` and `when`.
    ///
    /// Prefixes become modules: those of names, and those of literals that read `prefix:name`
    /// (`XPathExpression.qualifiedName`). A name without a prefix gets `defaultModule`.
    package static func parse(
        _ text: String, moduleForPrefix: (String) -> String?, defaultModule: String?
    ) throws(XPathSyntaxError) -> XPathExpression {
        let tokens = try XPathLexer.tokens(of: text)
        var modules: [String: String] = [:]
        for token in tokens {
            switch token.kind {
            case .name(let prefix?, _):
                guard let module = moduleForPrefix(prefix) else {
                    throw XPathSyntaxError(
                        offset: token.offset,
                        message: "unknown prefix “\(prefix)”; import the module that it stands for")
                }
                modules[prefix] = module
            case .literal(let value):
                for prefix in prefixes(in: value) { modules[prefix] = moduleForPrefix(prefix) }
            default: break
            }
        }
        var grammar = XPathGrammar(tokens: tokens, modules: modules, defaultModule: defaultModule)
        return try grammar.parse()
    }

    /// The prefixes of a literal that may be an identity or an instance-identifier.
    private static func prefixes(in literal: String) -> [String] {
        if let (prefix, _) = XPathQualifiedName.split(literal) { return [prefix] }
        guard literal.hasPrefix("/"), let tokens = try? XPathLexer.tokens(of: literal) else { return [] }
        return tokens.compactMap { if case .name(let prefix, _) = $0.kind { prefix } else { nil } }
    }

    /// Parses an expression that names nodes: the argument of a leafref's `path`, `deref()` and `current()` included.
    package static func parsePath(
        _ text: String, moduleForPrefix: (String) -> String?, defaultModule: String?
    ) throws(XPathSyntaxError) -> XPathExpression {
        let expression = try parse(text, moduleForPrefix: moduleForPrefix, defaultModule: defaultModule)
        guard case .path = expression else {
            throw XPathSyntaxError(offset: 0, message: "a path is expected, such as “/system/user/name” or “../name”")
        }
        return expression
    }
}

/// Names with one colon.
enum XPathQualifiedName {
    /// The halves of `prefix:name`; nil for a text of another form.
    static func split(_ text: String) -> (prefix: String, name: String)? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let prefix = text[..<colon]
        let name = text[text.utf8.index(after: colon)...]
        guard isIdentifier(prefix), isIdentifier(name) else { return nil }
        return (String(prefix), String(name))
    }

    /// RFC 7950 section 6.2.
    static func isIdentifier(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || $0 == 0x2E }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == UInt8(ascii: "_")
    }
}
