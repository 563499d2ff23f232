/// A parsed XPath 1.0 expression with the YANG functions (RFC 7950 section 10), names resolved to modules.
///
/// In YANG a name without a prefix belongs to the module of the context node's definition; `NameTest` keeps the
/// module's name, so that evaluation needs no prefix map.
package indirect enum XPathExpression: Hashable, Sendable {
    case or(XPathExpression, XPathExpression)
    case and(XPathExpression, XPathExpression)
    case comparison(Comparison, XPathExpression, XPathExpression)
    case arithmetic(Arithmetic, XPathExpression, XPathExpression)
    case negate(XPathExpression)
    case union(XPathExpression, XPathExpression)
    case literal(String)
    /// A literal that reads `prefix:name` with a prefix of the module, or as an instance-identifier: compared with an
    /// identityref (instance-identifier) it stands for the canonical value, `identity`, otherwise for its text.
    case qualifiedName(String, identity: String)
    case number(Double)
    case call(String, [XPathExpression])
    /// A location path: from the root, from the context node, or from a node set that an expression gives
    /// (filtered by predicates first).
    case path(start: PathStart, steps: [Step])

    package enum Comparison: String, Sendable {
        case equal = "=", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
    }
    package enum Arithmetic: String, Sendable {
        case add = "+", subtract = "-", multiply = "*", divide = "div", modulo = "mod"
    }

    package indirect enum PathStart: Hashable, Sendable {
        case root
        case context
        case expression(XPathExpression, predicates: [XPathExpression])
    }

    package enum Axis: String, Sendable {
        case child, parent, `self`, descendant, ancestor, attribute, namespace, following, preceding
        case descendantOrSelf = "descendant-or-self"
        case ancestorOrSelf = "ancestor-or-self"
        case followingSibling = "following-sibling"
        case precedingSibling = "preceding-sibling"
    }

    package enum NodeTest: Hashable, Sendable {
        /// A name in a module; nil where the expression has no prefix and no module is implied.
        case name(module: String?, name: String)
        case anyName(module: String?)
        case anyNode
        case text
        case comment
        case processingInstruction(String?)
    }

    package struct Step: Hashable, Sendable {
        package var axis: Axis
        package var test: NodeTest
        package var predicates: [XPathExpression]

        package init(axis: Axis, test: NodeTest, predicates: [XPathExpression] = []) {
            self.axis = axis
            self.test = test
            self.predicates = predicates
        }
    }
}
