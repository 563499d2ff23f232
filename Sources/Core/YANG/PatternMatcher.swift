/// A compiled `pattern`.
package final class PatternMatcher: Sendable {
    package init() {}
}
