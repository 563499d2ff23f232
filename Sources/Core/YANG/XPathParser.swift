/// Why a text is no XPath expression: the place (a byte offset in the text) and a sentence.
package struct XPathSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    package var offset: Int
    package var message: String

    package var description: String { "\(message) (at byte \(offset + 1) of the expression)" }
}

/// Reads XPath 1.0 with the functions of YANG 1.1.
package enum XPathParser {
    /// Parses any expression: the argument of `must` and `when`.
    package static func parse(
        _ text: String, moduleForPrefix: (String) -> String?, defaultModule: String?
    ) throws(XPathSyntaxError) -> XPathExpression {
        .literal(text)
    }

    /// Parses an expression that names nodes: the argument of a leafref's `path`, `deref()` and `current()` included.
    package static func parsePath(
        _ text: String, moduleForPrefix: (String) -> String?, defaultModule: String?
    ) throws(XPathSyntaxError) -> XPathExpression {
        try parse(text, moduleForPrefix: moduleForPrefix, defaultModule: defaultModule)
    }
}
