/// Why a `pattern` is none: the place in the pattern (a count of Unicode scalars) and a sentence.
package struct PatternSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    package var offset: Int
    package var message: String

    package var description: String { "\(message) (at character \(offset + 1) of the pattern)" }
}

/// A compiled `pattern`.
package final class PatternMatcher: Sendable {
    package let source: String

    package init(_ pattern: String) throws(PatternSyntaxError) { source = pattern }

    package func matches(_ text: String) -> Bool { true }
}
