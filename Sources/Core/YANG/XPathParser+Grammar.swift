/// The grammar of XPath 1.0 by recursive descent, over tokens whose prefixes are known.
///
/// Invariant: the tree's depth stays within a few times `depthLimit`, so that whoever recurses over it needs little
/// stack. Long chains of `or`, `and` and `|` become balanced trees; other chains are limited in length.
struct XPathGrammar {
    static let depthLimit = 48
    static let chainLimit = 64

    private let tokens: [XPathToken]
    private let modules: [String: String]
    private let defaultModule: String?
    private var position = 0
    private var depth = 0

    init(tokens: [XPathToken], modules: [String: String], defaultModule: String?) {
        self.tokens = tokens
        self.modules = modules
        self.defaultModule = defaultModule
    }

    mutating func parse() throws(XPathSyntaxError) -> XPathExpression {
        let result = try expression()
        guard next == .end else { throw error("the expression goes on after its end") }
        return result
    }

    private var next: XPathToken.Kind { tokens[position].kind }
    private func peek(_ distance: Int) -> XPathToken.Kind { tokens[min(position + distance, tokens.count - 1)].kind }
    private func error(_ message: String) -> XPathSyntaxError {
        XPathSyntaxError(offset: tokens[position].offset, message: message)
    }

    private mutating func accept(_ symbol: String) -> Bool {
        guard next == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(XPathSyntaxError) {
        guard accept(symbol) else { throw error("“\(symbol)” is expected") }
    }

    private mutating func accept(operators: [String]) -> String? {
        guard case .operator(let sign) = next, operators.contains(sign) else { return nil }
        position += 1
        return sign
    }

    // MARK: Operators

    private mutating func expression() throws(XPathSyntaxError) -> XPathExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw error("parentheses and predicates may be nested \(Self.depthLimit) deep")
        }
        var operands = [try conjunction()]
        while accept(operators: ["or"]) != nil { operands.append(try conjunction()) }
        return Self.balanced(operands[...]) { .or($0, $1) }
    }

    private mutating func conjunction() throws(XPathSyntaxError) -> XPathExpression {
        var operands = [try equality()]
        while accept(operators: ["and"]) != nil { operands.append(try equality()) }
        return Self.balanced(operands[...]) { .and($0, $1) }
    }

    private static func balanced(
        _ operands: ArraySlice<XPathExpression>, _ join: (XPathExpression, XPathExpression) -> XPathExpression
    ) -> XPathExpression {
        if operands.count == 1 { return operands[operands.startIndex] }
        let middle = operands.startIndex + operands.count / 2
        return join(balanced(operands[..<middle], join), balanced(operands[middle...], join))
    }

    private mutating func equality() throws(XPathSyntaxError) -> XPathExpression {
        var left = try relation()
        var count = 0
        while let sign = accept(operators: ["=", "!="]) {
            left = .comparison(sign == "=" ? .equal : .notEqual, left, try relation())
            try checkChain(&count)
        }
        return left
    }

    private mutating func relation() throws(XPathSyntaxError) -> XPathExpression {
        var left = try sum()
        var count = 0
        while let sign = accept(operators: ["<", "<=", ">", ">="]) {
            left = .comparison(XPathExpression.Comparison(rawValue: sign) ?? .less, left, try sum())
            try checkChain(&count)
        }
        return left
    }

    private mutating func sum() throws(XPathSyntaxError) -> XPathExpression {
        var left = try product()
        var count = 0
        while let sign = accept(operators: ["+", "-"]) {
            left = .arithmetic(sign == "+" ? .add : .subtract, left, try product())
            try checkChain(&count)
        }
        return left
    }

    private mutating func product() throws(XPathSyntaxError) -> XPathExpression {
        var left = try negation()
        var count = 0
        while let sign = accept(operators: ["*", "div", "mod"]) {
            left = .arithmetic(XPathExpression.Arithmetic(rawValue: sign) ?? .multiply, left, try negation())
            try checkChain(&count)
        }
        return left
    }

    private func checkChain(_ count: inout Int) throws(XPathSyntaxError) {
        count += 1
        guard count <= Self.chainLimit else {
            throw error("more than \(Self.chainLimit) operators of one rank in a row; use parentheses")
        }
    }

    private mutating func negation() throws(XPathSyntaxError) -> XPathExpression {
        var count = 0
        while accept(operators: ["-"]) != nil { try checkChain(&count) }
        let start = position
        var operands = [try pathExpression()]
        while accept(operators: ["|"]) != nil { operands.append(try pathExpression()) }
        if operands.count > 1, !operands.allSatisfy(\.isNodeSet) { throw notNodes("“|” joins paths", start) }
        var result = Self.balanced(operands[...]) { .union($0, $1) }
        // An even number of signs still turns the operand into a number.
        for _ in 0..<(count == 0 ? 0 : 2 - count % 2) { result = .negate(result) }
        return result
    }

    // MARK: Paths

    private mutating func pathExpression() throws(XPathSyntaxError) -> XPathExpression {
        guard startsFilter else { return try locationPath() }
        let start = position
        let primary = try primary()
        let predicates = try predicates()
        if !primary.isNodeSet, !predicates.isEmpty || next == .symbol("/") || next == .symbol("//") {
            throw notNodes("a predicate or a step follows a path", start)
        }
        var steps: [XPathExpression.Step] = []
        if accept("/") {
            steps = try relativePath()
        } else if accept("//") {
            steps = [Self.anyDescendant] + (try relativePath())
        } else if predicates.isEmpty {
            return primary
        }
        return .path(start: .expression(primary, predicates: predicates), steps: steps)
    }

    private func notNodes(_ rule: String, _ start: Int) -> XPathSyntaxError {
        XPathSyntaxError(offset: tokens[start].offset, message: "\(rule), not a string, number or boolean")
    }

    private var startsFilter: Bool {
        switch next {
        case .literal, .number, .symbol("("): true
        case .name(_, let local):
            peek(1) == .symbol("(") && !["comment", "text", "processing-instruction", "node"].contains(local)
        default: false
        }
    }

    private static let anyDescendant = XPathExpression.Step(axis: .descendantOrSelf, test: .anyNode)

    private mutating func locationPath() throws(XPathSyntaxError) -> XPathExpression {
        if accept("//") { return .path(start: .root, steps: [Self.anyDescendant] + (try relativePath())) }
        guard accept("/") else { return .path(start: .context, steps: try relativePath()) }
        return .path(start: .root, steps: startsStep ? try relativePath() : [])
    }

    private var startsStep: Bool {
        switch next {
        case .name, .symbol("."), .symbol(".."), .symbol("@"), .symbol("*"): true
        default: false
        }
    }

    private mutating func relativePath() throws(XPathSyntaxError) -> [XPathExpression.Step] {
        var steps = [try step()]
        while true {
            if accept("/") {
                steps.append(try step())
            } else if accept("//") {
                steps.append(Self.anyDescendant)
                steps.append(try step())
            } else {
                return steps
            }
        }
    }

    private mutating func step() throws(XPathSyntaxError) -> XPathExpression.Step {
        if accept(".") { return XPathExpression.Step(axis: .`self`, test: .anyNode) }
        if accept("..") { return XPathExpression.Step(axis: .parent, test: .anyNode) }
        let axis = try axis()
        let test = try nodeTest()
        return XPathExpression.Step(axis: axis, test: test, predicates: try predicates())
    }

    private mutating func axis() throws(XPathSyntaxError) -> XPathExpression.Axis {
        if accept("@") { return .attribute }
        guard case .name(nil, let name) = next, peek(1) == .symbol("::") else { return .child }
        guard let axis = XPathExpression.Axis(rawValue: name) else { throw error("“\(name)” is no axis of XPath") }
        position += 2
        return axis
    }

    private mutating func nodeTest() throws(XPathSyntaxError) -> XPathExpression.NodeTest {
        if accept("*") { return .anyName(module: nil) }
        guard case .name(let prefix, let local) = next else {
            throw error(next == .end ? "the expression ends where a name is expected" : "a name is expected")
        }
        if prefix == nil, peek(1) == .symbol("(") { return try nodeType(local) }
        position += 1
        let module = prefix.flatMap { modules[$0] }
        return local == "*" ? .anyName(module: module) : .name(module: module ?? defaultModule, name: local)
    }

    private mutating func nodeType(_ name: String) throws(XPathSyntaxError) -> XPathExpression.NodeTest {
        let test: XPathExpression.NodeTest
        var argument: String?
        if name == "processing-instruction", case .literal(let target) = peek(2) { argument = target }
        switch name {
        case "node": test = .anyNode
        case "text": test = .text
        case "comment": test = .comment
        case "processing-instruction": test = .processingInstruction(argument)
        default: throw error("“\(name)()” can not stand in a path")
        }
        position += argument == nil ? 2 : 3
        try expect(")")
        return test
    }

    private mutating func predicates() throws(XPathSyntaxError) -> [XPathExpression] {
        var predicates: [XPathExpression] = []
        while accept("[") {
            predicates.append(try expression())
            try expect("]")
        }
        return predicates
    }

    // MARK: Primaries

    private mutating func primary() throws(XPathSyntaxError) -> XPathExpression {
        switch next {
        case .literal(let value):
            position += 1
            return literal(value)
        case .number(let value):
            position += 1
            return .number(value)
        case .symbol("("):
            position += 1
            let inner = try expression()
            try expect(")")
            return inner
        case .name(let prefix, let local):
            guard prefix == nil else { throw error("functions have no prefix") }
            return try call(local)
        default: throw error("an expression is expected")
        }
    }

    private func literal(_ value: String) -> XPathExpression {
        if value.hasPrefix("/") {
            let canonical = InstanceIdentifier.canonical(value, modules: modules, defaultModule: defaultModule)
            return canonical.map { .qualifiedName(value, identity: $0) } ?? .literal(value)
        }
        guard let (prefix, name) = XPathQualifiedName.split(value), let module = modules[prefix] else {
            return .literal(value)
        }
        return .qualifiedName(value, identity: "\(module):\(name)")
    }

    private mutating func call(_ name: String) throws(XPathSyntaxError) -> XPathExpression {
        guard let function = XPathFunction(rawValue: name) else { throw error("“\(name)” is no function of XPath") }
        let start = position
        position += 2
        var arguments: [XPathExpression] = []
        if !accept(")") {
            repeat { arguments.append(try expression()) } while accept(",")
            try expect(")")
        }
        guard function.arity.contains(arguments.count) else {
            throw XPathSyntaxError(
                offset: tokens[start].offset,
                message: "\(name)() takes \(function.arityText), not \(arguments.count)")
        }
        if function.takesNodes, let first = arguments.first, !first.isNodeSet {
            throw notNodes("\(name)() takes a path", start + 2)
        }
        switch (function, arguments.last) {
        case (.derivedFrom, let identity?), (.derivedFromOrSelf, let identity?):
            arguments[1] = try self.identity(identity, start)
        case (.reMatch, .literal(let pattern)?), (.reMatch, .qualifiedName(let pattern, _)?):
            do {
                _ = try PatternCache.matcher(pattern)
            } catch {
                throw XPathSyntaxError(offset: tokens[start].offset, message: error.message)
            }
        default: break
        }
        return .call(name, arguments)
    }

    /// An identity's name without a prefix is one of the module that wrote the expression.
    private func identity(_ argument: XPathExpression, _ start: Int) throws(XPathSyntaxError) -> XPathExpression {
        guard case .literal(let name) = argument, let module = defaultModule else { return argument }
        if XPathQualifiedName.isIdentifier(name[...]) { return .qualifiedName(name, identity: "\(module):\(name)") }
        let reason =
            XPathQualifiedName.split(name).map { "unknown prefix “\($0.prefix)”" } ?? "“\(name)” names no identity"
        throw XPathSyntaxError(offset: tokens[start].offset, message: reason)
    }
}
