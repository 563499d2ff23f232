/// Comparisons (XPath 1.0 section 3.4): of a node set they ask whether some node fulfils them.
extension XPathRun {
    mutating func compare(
        _ comparison: XPathExpression.Comparison, _ left: XPathExpression, _ right: XPathExpression, _ focus: Focus
    ) throws(XPathError) -> Bool {
        let first = try value(left, focus)
        let second = try value(right, focus)
        switch (first, second) {
        case (.nodeSet(let nodes), .nodeSet(let others)):
            try spend(nodes.count + others.count)
            return Self.compare(comparison, nodes, others)
        case (.nodeSet(let nodes), _):
            try spend(nodes.count)
            return Self.compare(comparison, nodes, second, literal: right)
        case (_, .nodeSet(let nodes)):
            try spend(nodes.count)
            return Self.compare(comparison.mirrored, nodes, first, literal: left)
        default: return Self.compare(comparison, first, second)
        }
    }

    private static func compare(_ comparison: XPathExpression.Comparison, _ left: Value, _ right: Value) -> Bool {
        guard comparison == .equal || comparison == .notEqual else {
            return comparison.holds(left.number, right.number)
        }
        let areEqual =
            switch (left, right) {
            case (.boolean, _), (_, .boolean): left.boolean == right.boolean
            case (.number, _), (_, .number): left.number == right.number
            default: left.string == right.string
            }
        return areEqual == (comparison == .equal)
    }

    private static func compare(
        _ comparison: XPathExpression.Comparison, _ nodes: [Node], _ other: Value, literal: XPathExpression
    ) -> Bool {
        switch other {
        case .boolean: return compare(comparison, .boolean(!nodes.isEmpty), other)
        case .number(let number):
            return nodes.contains { comparison.holds(XPathNumber.parse($0.stringValue.utf8), number) }
        case .string(let text):
            switch comparison {
            case .equal: return nodes.contains { denotes(literal, text, $0) }
            case .notEqual: return nodes.contains { !denotes(literal, text, $0) }
            default:
                let number = XPathNumber.parse(text.utf8)
                return nodes.contains { comparison.holds(XPathNumber.parse($0.stringValue.utf8), number) }
            }
        case .nodeSet(let others): return compare(comparison, nodes, others)
        }
    }

    private static func compare(
        _ comparison: XPathExpression.Comparison, _ nodes: [Node], _ others: [Node]
    ) -> Bool {
        guard !nodes.isEmpty, !others.isEmpty else { return false }
        switch comparison {
        case .equal:
            if nodes.count == 1, others.count == 1 { return nodes[0].stringValue == others[0].stringValue }
            return !Set(nodes.map(\.stringValue)).isDisjoint(with: others.map(\.stringValue))
        case .notEqual:
            let all = Set((nodes + others).map(\.stringValue))
            return all.count > 1
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            let left = nodes.map { XPathNumber.parse($0.stringValue.utf8) }.filter { !$0.isNaN }
            let right = others.map { XPathNumber.parse($0.stringValue.utf8) }.filter { !$0.isNaN }
            guard let low = left.min(), let high = left.max(), let otherLow = right.min(), let otherHigh = right.max()
            else { return false }
            return comparison.holds(low, otherHigh) || comparison.holds(high, otherLow)
        }
    }

    /// Whether the value of `node` is what `literal` writes. An identity may be written with the prefix of the module
    /// that wrote the expression, or without; the canonical value has the name of the identity's module.
    private static func denotes(_ literal: XPathExpression, _ text: String, _ node: Node) -> Bool {
        let value = node.stringValue
        if value == text { return true }
        switch literal {
        case .qualifiedName(_, let identity): return value == identity
        case .literal:
            guard value.utf8.count > text.utf8.count + 1, value.hasSuffix(text),
                value.utf8.dropLast(text.utf8.count).last == UInt8(ascii: ":")
            else { return false }
            return node.schemaNode?.type?.base == .identityref
        default: return false
        }
    }
}

extension XPathExpression.Comparison {
    /// The comparison with its operands exchanged.
    var mirrored: Self {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }

    func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }
}
