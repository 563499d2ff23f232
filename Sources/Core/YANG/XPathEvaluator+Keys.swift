/// Lists by key: `list[key = value]` looks one entry up instead of trying them all.
extension XPathRun {
    /// The result of a step whose leading predicates give every key of a list; nil where the step is another.
    mutating func keyed(_ step: XPathExpression.Step, from node: Node) throws(XPathError) -> [Node]? {
        guard step.axis == .child, !step.predicates.isEmpty, case .name(let module, let name) = step.test,
            let list = node.schemaNode?.dataChild(named: name, module: module), list.kind == .list
        else { return nil }
        let keys = list.keys
        guard !keys.isEmpty else { return nil }
        var wanted: [String: XPathExpression] = [:]
        var used = 0
        for predicate in step.predicates {
            guard let equalities = Self.equalities(predicate, list) else { break }
            for (key, value) in equalities where wanted[key] == nil { wanted[key] = value }
            used += 1
            if wanted.count >= keys.count { break }
        }
        var values: [String] = []
        for key in keys {
            guard let expression = wanted[key.name], let value = try keyValue(expression, key, node) else { return nil }
            values.append(value)
        }
        guard wanted.count == keys.count, Self.haveDistinctKeys(step.predicates[..<used], list) else {
            return nil
        }
        try spend(1)
        guard let entry = node.entry(of: list, keys: values) else { return [] }
        // The entry is found by the order of values; the comparison is one of texts: 01 is not 1.
        for (key, value) in zip(keys, values)
        where entry.children(named: key.name, module: key.module.name).first?.ownValue != value { return [] }
        var found = [entry]
        for predicate in step.predicates[used...] {
            found = try filter(found, predicate)
        }
        return found
    }

    /// `a = x and b = y` as pairs of key name and value; nil for another form, or a value that depends on the entry.
    private static func equalities(
        _ predicate: XPathExpression, _ list: SchemaNode
    ) -> [(String, XPathExpression)]? {
        switch predicate {
        case .and(let left, let right):
            guard let first = equalities(left, list), let second = equalities(right, list) else { return nil }
            return first + second
        case .comparison(.equal, let left, let right):
            if let name = keyName(left, list), isFixed(right) { return [(name, right)] }
            if let name = keyName(right, list), isFixed(left) { return [(name, left)] }
            return nil
        default: return nil
        }
    }

    /// Two tests of the same key must both be made.
    private static func haveDistinctKeys(_ predicates: ArraySlice<XPathExpression>, _ list: SchemaNode) -> Bool {
        predicates.reduce(0) { $0 + (equalities($1, list)?.count ?? 0) } == list.keys.count
    }

    private static func keyName(_ expression: XPathExpression, _ list: SchemaNode) -> String? {
        guard case .path(.context, let steps) = expression, steps.count == 1, steps[0].axis == .child,
            steps[0].predicates.isEmpty, case .name(let module, let name) = steps[0].test
        else { return nil }
        return list.keys.contains { $0.name == name && (module == nil || $0.module.name == module) } ? name : nil
    }

    private static func isFixed(_ expression: XPathExpression) -> Bool {
        switch expression {
        case .literal, .qualifiedName, .number: true
        case .path(.root, _), .path(.expression(.call("current", _), _), _): true
        case .call("current", _): true
        default: false
        }
    }

    /// The text that the key must have; nil if a fixed expression does not say it alone: it has not exactly one value, or
    /// which of the readings of a literal holds depends on the entry.
    private mutating func keyValue(
        _ expression: XPathExpression, _ key: SchemaNode, _ node: Node
    ) throws(XPathError) -> String? {
        switch expression {
        case .literal(let text): return key.mayHold(.identityref) ? nil : text
        case .qualifiedName(let text, let identity):
            guard key.mayHold(.identityref, .instanceIdentifier) else { return text }
            return key.valueType?.base == .union ? nil : identity
        case .number(let number):
            guard key.valueType?.base.isInteger == true, number == number.rounded(), abs(number) < 0x1p53 else {
                return nil
            }
            return XPathNumber.text(number)
        default:
            let found = try nodes(expression, XPathFocus(node: node))
            return found.count == 1 ? try text(of: found[0]) : nil
        }
    }

    /// Whether `path` names a node with `value`. If the path ends in a list and one of its keys, the value becomes a
    /// predicate of the list, so that `keyed` can do its work.
    mutating func contains(
        _ path: XPathExpression, value: String, _ focus: Focus
    ) throws(XPathError) -> Bool {
        if case .path(let start, var steps) = path, steps.count >= 2, let last = steps.last, last.axis == .child,
            last.predicates.isEmpty, steps[steps.count - 2].axis == .child, case .name = last.test
        {
            let test = XPathExpression.path(start: .context, steps: [last])
            steps[steps.count - 2].predicates.append(.comparison(.equal, test, .literal(value)))
            return try !nodes(.path(start: start, steps: steps), focus).isEmpty
        }
        for node in try nodes(path, focus) where try text(of: node) == value { return true }
        return false
    }
}

extension BuiltInType {
    /// Whether a number has one canonical form among the values.
    fileprivate var isInteger: Bool {
        switch self {
        case .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
        default: false
        }
    }
}
