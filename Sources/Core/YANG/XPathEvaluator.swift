/// How many steps of work one evaluation may take: nodes visited, values computed, 64 bytes of text looked at.
package enum XPathWorkLimit {
    /// For expressions of modules: some seconds at worst.
    package static let validation = 20_000_000
    /// For expressions that users write: some tenths of a second at worst.
    package static let user = 1_000_000
}

/// Evaluates expressions over data.
///
/// Invariants: evaluation has no effects, and takes at most `workLimit` steps before it stops with an error that names
/// the expression and the limit, so that an expression from a module can not hold up a commit. No node set is larger
/// than the tree.
package struct XPathEvaluator<Node: XPathNode & Sendable>: Sendable {
    package typealias Value = XPathValue<Node>

    package var workLimit: Int

    package init(workLimit: Int = XPathWorkLimit.validation) { self.workLimit = workLimit }

    /// The value of `expression` with `node` as context node and as `current()`.
    package func evaluate(_ expression: XPathExpression, at node: Node) throws(XPathError) -> Value {
        var run = XPathRun(expression, current: node, workLimit: workLimit)
        return try run.value(expression, XPathFocus(node: node))
    }

    /// Whether the value of `expression` counts as true: what `must` and `when` ask.
    package func isTrue(_ expression: XPathExpression, at node: Node) throws(XPathError) -> Bool {
        try evaluate(expression, at: node).boolean
    }

    /// The nodes that `expression` names, in document order.
    package func nodes(_ expression: XPathExpression, at node: Node) throws(XPathError) -> [Node] {
        var run = XPathRun(expression, current: node, workLimit: workLimit)
        let nodes = try run.nodes(expression, XPathFocus(node: node))
        if case .call("sort-by", _) = expression { return nodes }
        for index in nodes.indices.dropFirst() where !nodes[index - 1].precedes(nodes[index]) {
            return nodes.sorted { $0.precedes($1) }
        }
        return nodes
    }

    /// Whether one of the nodes that `path` names has `value`: the question of a leafref, answered by key where `path`
    /// ends in the key of a list.
    package func contains(_ path: XPathExpression, value: String, at node: Node) throws(XPathError) -> Bool {
        var run = XPathRun(path, current: node, workLimit: workLimit)
        return try run.contains(path, value: value, XPathFocus(node: node))
    }
}

/// The context of an expression: node, position and size.
struct XPathFocus<Node: XPathNode & Sendable> {
    var node: Node
    var position = 1
    var size = 1
}

extension XPathValue {
    package var boolean: Bool {
        switch self {
        case .nodeSet(let nodes): !nodes.isEmpty
        case .string(let text): !text.isEmpty
        case .number(let number): !(number == 0 || number.isNaN)
        case .boolean(let flag): flag
        }
    }

    /// The value of the first node in document order, "" for none.
    package var string: String {
        switch self {
        case .nodeSet(let nodes): nodes.min { $0.precedes($1) }?.stringValue ?? ""
        case .string(let text): text
        case .number(let number): XPathNumber.text(number)
        case .boolean(let flag): flag ? "true" : "false"
        }
    }

    package var number: Double {
        switch self {
        case .nodeSet, .string: XPathNumber.parse(string.utf8)
        case .number(let number): number
        case .boolean(let flag): flag ? 1 : 0
        }
    }
}

/// One evaluation, with its count of work.
struct XPathRun<Node: XPathNode & Sendable> {
    typealias Value = XPathValue<Node>
    typealias Focus = XPathFocus<Node>

    let current: Node
    /// The root of the tree that the expression stands in. In a mounted tree nothing leads above it: for the expressions
    /// of a device's modules there is nothing but the device.
    private let top: Node
    private let isMounted: Bool
    /// The whole expression, for messages.
    private let expression: XPathExpression
    private let workLimit: Int
    private var work: Int
    /// How deep `deref()` and instance-identifiers in data have led to further expressions.
    var indirections = 0

    init(_ expression: XPathExpression, current: Node, workLimit: Int) {
        self.expression = expression
        self.current = current
        self.workLimit = workLimit
        top = current.root
        isMounted = top.parent != nil
        work = workLimit
    }

    mutating func spend(_ count: Int) throws(XPathError) {
        work -= count
        guard work >= 0 else {
            let text = expression.description
            let shown = text.utf8.count > 200 ? text.prefix(200) + "…" : text[...]
            throw XPathError(
                code: .tooMuchWork,
                message: "“\(shown)” takes more than \(workLimit) steps, the limit of one evaluation; simplify it")
        }
    }

    // MARK: Values as text and number

    /// The string-value of a node.
    mutating func text(of node: Node) throws(XPathError) -> String {
        var result = node.ownValue
        try spend(result.utf8.count >> 6)
        if node.isText || node.schemaNode?.isTerminal == true { return result }
        for next in try descendantsOrSelf(of: node).dropFirst() where !next.isText {
            try spend(next.ownValue.utf8.count >> 6)
            result += next.ownValue
        }
        return result
    }

    mutating func texts(of nodes: [Node]) throws(XPathError) -> [String] {
        var result: [String] = []
        result.reserveCapacity(nodes.count)
        for node in nodes { result.append(try text(of: node)) }
        return result
    }

    mutating func numbers(of nodes: [Node]) throws(XPathError) -> [Double] {
        try texts(of: nodes).map { XPathNumber.parse($0.utf8) }
    }

    mutating func text(_ value: Value) throws(XPathError) -> String {
        guard case .nodeSet(let nodes) = value else { return value.string }
        guard let first = Self.first(of: nodes) else { return "" }
        return try text(of: first)
    }

    mutating func number(_ value: Value) throws(XPathError) -> Double {
        guard case .nodeSet = value else { return value.number }
        return XPathNumber.parse(try text(value).utf8)
    }

    static func first(of nodes: [Node]) -> Node? {
        nodes.count == 1 ? nodes[0] : nodes.min { $0.precedes($1) }
    }

    // MARK: Expressions

    /// Evaluates another expression with its own `current()`, on this run's account.
    mutating func delegate(_ expression: XPathExpression, at node: Node) throws(XPathError) -> [Node] {
        guard indirections < 16 else {
            throw XPathError(code: .tooMuchWork, message: "leafrefs refer to each other in a circle")
        }
        var run = XPathRun(self.expression, current: node, workLimit: workLimit)
        run.work = work
        run.indirections = indirections + 1
        let nodes = try run.nodes(expression, Focus(node: node))
        work = run.work
        return nodes
    }

    mutating func value(_ expression: XPathExpression, _ focus: Focus) throws(XPathError) -> Value {
        try spend(1)
        switch expression {
        case .or(let left, let right):
            if try value(left, focus).boolean { return .boolean(true) }
            return .boolean(try value(right, focus).boolean)
        case .and(let left, let right):
            guard try value(left, focus).boolean else { return .boolean(false) }
            return .boolean(try value(right, focus).boolean)
        case .comparison(let comparison, let left, let right):
            return .boolean(try compare(comparison, left, right, focus))
        case .arithmetic(let operation, let left, let right):
            let first = try number(try value(left, focus))
            return .number(operation.apply(first, try number(try value(right, focus))))
        case .negate(let operand): return .number(-(try number(try value(operand, focus))))
        case .union(let left, let right):
            let first = try nodes(left, focus)
            return .nodeSet(Self.distinct(first + (try nodes(right, focus))))
        case .literal(let text), .qualifiedName(let text, _): return .string(text)
        case .number(let number): return .number(number)
        case .call(let name, let arguments): return try call(name, arguments, focus)
        case .path(let start, let steps): return .nodeSet(try path(start, steps, focus))
        }
    }

    mutating func nodes(_ expression: XPathExpression, _ focus: Focus) throws(XPathError) -> [Node] {
        guard case .nodeSet(let nodes) = try value(expression, focus) else {
            throw XPathError(code: .wrongOperand, message: "a path is expected where the expression has a value")
        }
        return nodes
    }

    static func distinct(_ nodes: [Node]) -> [Node] {
        if nodes.count < 2 { return nodes }
        var seen = Set<Node>(minimumCapacity: nodes.count)
        return nodes.filter { seen.insert($0).inserted }
    }

    // MARK: Paths

    private mutating func path(
        _ start: XPathExpression.PathStart, _ steps: [XPathExpression.Step], _ focus: Focus
    ) throws(XPathError) -> [Node] {
        var set: [Node]
        switch start {
        // Of `current()`: an absolute path in a predicate starts where the expression stands, whichever tree it crosses.
        case .root: set = [top]
        case .context: set = [focus.node]
        case .expression(let expression, let predicates):
            set = try nodes(expression, focus)
            var isSorted = set.count < 2
            if case .call("sort-by", _) = expression { isSorted = true }
            if !predicates.isEmpty, !isSorted { set.sort { $0.precedes($1) } }
            for predicate in predicates { set = try filter(set, predicate) }
        }
        var rest = steps[...]
        while let step = rest.popFirst() {
            if set.isEmpty { return [] }
            if step.isAnyDescendant, let next = rest.first, next.axis == .child, next.predicates.isEmpty {
                // `//name`: without predicates, which count among siblings, one step does for two.
                rest.removeFirst()
                set = try self.step(XPathExpression.Step(axis: .descendant, test: next.test), from: set)
            } else {
                set = try self.step(step, from: set)
            }
        }
        return set
    }

    private mutating func step(_ step: XPathExpression.Step, from set: [Node]) throws(XPathError) -> [Node] {
        if set.count == 1 { return try self.step(step, from: set[0]) }
        var result: [Node] = []
        switch step.axis {
        case .child, .`self`, .attribute, .namespace:
            for node in set { result += try self.step(step, from: node) }
        default:
            var seen: Set<Node> = []
            for node in set {
                for found in try self.step(step, from: node) where seen.insert(found).inserted { result.append(found) }
            }
        }
        return result
    }

    private mutating func step(_ step: XPathExpression.Step, from node: Node) throws(XPathError) -> [Node] {
        if let found = try keyed(step, from: node) { return found }
        var candidates = try candidates(step, from: node)
        for predicate in step.predicates { candidates = try filter(candidates, predicate) }
        return candidates
    }

    mutating func filter(_ nodes: [Node], _ predicate: XPathExpression) throws(XPathError) -> [Node] {
        if case .number(let position) = predicate {
            guard position >= 1, position <= Double(nodes.count), position == position.rounded() else { return [] }
            return [nodes[Int(position) - 1]]
        }
        var kept: [Node] = []
        for (index, node) in nodes.enumerated() {
            let focus = Focus(node: node, position: index + 1, size: nodes.count)
            let value = try value(predicate, focus)
            if case .number(let position) = value {
                if position == Double(index + 1) { kept.append(node) }
            } else if value.boolean {
                kept.append(node)
            }
        }
        return kept
    }

    // MARK: Axes

    /// The nodes of the step's axis that pass its test, in the order of the axis.
    private mutating func candidates(
        _ step: XPathExpression.Step, from node: Node
    ) throws(XPathError) -> [Node] {
        if step.axis == .child, case .name(let module, let name) = step.test {
            let found = node.children(named: name, module: module)
            try spend(1 + found.count)
            return found
        }
        let nodes = try axis(step.axis, from: node)
        return nodes.filter { passes($0, step.test) }
    }

    private func passes(_ node: Node, _ test: XPathExpression.NodeTest) -> Bool {
        if test != .anyNode, isTop(node) { return false }
        return switch test {
        case .anyNode: true
        case .anyName(let module): !node.name.isEmpty && (module == nil || node.module == module)
        case .name(let module, let name): node.name == name && (module == nil || node.module == module)
        case .text: node.isText
        case .comment, .processingInstruction: false
        }
    }

    private mutating func axis(_ axis: XPathExpression.Axis, from node: Node) throws(XPathError) -> [Node] {
        switch axis {
        case .child: return try childNodes(of: node)
        case .parent: return parent(of: node).map { [$0] } ?? []
        case .`self`: return [node]
        case .attribute, .namespace: return []
        case .descendant: return Array(try descendantsOrSelf(of: node).dropFirst())
        case .descendantOrSelf: return try descendantsOrSelf(of: node)
        case .ancestor: return Array(try ancestorsOrSelf(of: node).dropFirst())
        case .ancestorOrSelf: return try ancestorsOrSelf(of: node)
        case .followingSibling: return try siblings(of: node, following: true)
        case .precedingSibling: return try siblings(of: node, following: false)
        case .following, .preceding: return try beyond(node, following: axis == .following)
        }
    }

    /// Whether this is the root of a mounted tree, which from outside has a name.
    func isTop(_ node: Node) -> Bool { isMounted && node == top }

    private func parent(of node: Node) -> Node? { isTop(node) ? nil : node.parent }

    private mutating func childNodes(of node: Node) throws(XPathError) -> [Node] {
        let children = node.children
        try spend(1 + children.count)
        return children
    }

    private mutating func descendantsOrSelf(of node: Node) throws(XPathError) -> [Node] {
        var result: [Node] = []
        var pending = [node]
        while let next = pending.popLast() {
            result.append(next)
            pending += try childNodes(of: next).reversed()
        }
        return result
    }

    private mutating func ancestorsOrSelf(of node: Node) throws(XPathError) -> [Node] {
        var result = [node]
        while let parent = parent(of: result[result.count - 1]) {
            try spend(1)
            result.append(parent)
        }
        return result
    }

    private mutating func siblings(of node: Node, following: Bool) throws(XPathError) -> [Node] {
        guard let parent = parent(of: node) else { return [] }
        let all = try childNodes(of: parent)
        guard let index = all.firstIndex(of: node) else { return [] }
        return following ? Array(all[(index + 1)...]) : all[..<index].reversed()
    }

    /// All nodes after (before) `node` that are neither its descendants nor its ancestors.
    private mutating func beyond(_ node: Node, following: Bool) throws(XPathError) -> [Node] {
        var result: [Node] = []
        for anchor in try ancestorsOrSelf(of: node) {
            for sibling in try siblings(of: anchor, following: following) {
                let nodes = try descendantsOrSelf(of: sibling)
                result += following ? nodes : nodes.reversed()
            }
        }
        return result
    }
}

extension XPathExpression.Step {
    /// What `//` stands for.
    fileprivate var isAnyDescendant: Bool { axis == .descendantOrSelf && test == .anyNode && predicates.isEmpty }
}

extension XPathExpression.Arithmetic {
    func apply(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        case .modulo: left.truncatingRemainder(dividingBy: right)
        }
    }
}
