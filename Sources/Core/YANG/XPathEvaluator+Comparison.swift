/// Comparisons (XPath 1.0 section 3.4): of a node set they ask whether some node fulfils them.
extension XPathRun {
    mutating func compare(
        _ comparison: XPathExpression.Comparison, _ left: XPathExpression, _ right: XPathExpression, _ focus: Focus
    ) throws(XPathError) -> Bool {
        let first = try value(left, focus)
        let second = try value(right, focus)
        switch (first, second) {
        case (.nodeSet(let nodes), .nodeSet(let others)): return try compare(comparison, nodes, others)
        case (.nodeSet(let nodes), _): return try compare(comparison, nodes, second, literal: right)
        case (_, .nodeSet(let nodes)): return try compare(comparison.mirrored, nodes, first, literal: left)
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

    private mutating func compare(
        _ comparison: XPathExpression.Comparison, _ nodes: [Node], _ other: Value, literal: XPathExpression
    ) throws(XPathError) -> Bool {
        try spend(nodes.count)
        switch other {
        case .boolean: return Self.compare(comparison, .boolean(!nodes.isEmpty), other)
        case .number(let number): return try numbers(of: nodes).contains { comparison.holds($0, number) }
        case .string(let text):
            guard comparison == .equal || comparison == .notEqual else {
                let number = XPathNumber.parse(text.utf8)
                return try numbers(of: nodes).contains { comparison.holds($0, number) }
            }
            for node in nodes where try denotes(literal, text, node) == (comparison == .equal) { return true }
            return false
        case .nodeSet(let others): return try compare(comparison, nodes, others)
        }
    }

    private mutating func compare(
        _ comparison: XPathExpression.Comparison, _ nodes: [Node], _ others: [Node]
    ) throws(XPathError) -> Bool {
        guard !nodes.isEmpty, !others.isEmpty else { return false }
        try spend(nodes.count + others.count)
        let (mine, theirs) = (try texts(of: nodes), try texts(of: others))
        switch comparison {
        case .equal:
            if mine.count == 1, theirs.count == 1 { return mine[0] == theirs[0] }
            return !Set(mine).isDisjoint(with: theirs)
        case .notEqual: return mine.contains { $0 != mine[0] } || theirs.contains { $0 != mine[0] }
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            let left = mine.map { XPathNumber.parse($0.utf8) }.filter { !$0.isNaN }
            let right = theirs.map { XPathNumber.parse($0.utf8) }.filter { !$0.isNaN }
            guard let low = left.min(), let high = left.max(), let otherLow = right.min(), let otherHigh = right.max()
            else { return false }
            return comparison.holds(low, otherHigh) || comparison.holds(high, otherLow)
        }
    }

    /// Whether the value of `node` is what `literal` writes. An identity may be written with the prefix of the module
    /// that wrote the expression, or without; the canonical value has the name of the identity's module. The same holds
    /// for the names in an instance-identifier.
    private mutating func denotes(
        _ literal: XPathExpression, _ text: String, _ node: Node
    ) throws(XPathError) -> Bool {
        let value = try self.text(of: node)
        if value == text { return true }
        switch literal {
        case .qualifiedName(_, let identity):
            return value == identity && node.schemaNode?.mayHold(.identityref, .instanceIdentifier) == true
        case .literal:
            guard value.utf8.count > text.utf8.count + 1, value.hasSuffix(text),
                value.utf8.dropLast(text.utf8.count).last == UInt8(ascii: ":")
            else { return false }
            return node.schemaNode?.mayHold(.identityref) == true
        default: return false
        }
    }
}

extension SchemaNode {
    /// Whether values may be of one of these types, by a leafref or in a union too.
    func mayHold(_ bases: BuiltInType...) -> Bool {
        guard let type = valueType else { return false }
        return bases.contains { type.mayHold($0, in: schema) }
    }
}

extension ResolvedType {
    fileprivate func mayHold(_ wanted: BuiltInType, in schema: Schema, depth: Int = 0) -> Bool {
        if base == wanted { return true }
        guard depth < 32 else { return true }
        if base == .leafref {
            return leafrefTarget.flatMap { schema[$0].type }?.mayHold(wanted, in: schema, depth: depth + 1) ?? false
        }
        return members.contains { $0.mayHold(wanted, in: schema, depth: depth + 1) }
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
