/// XPath expressions: a tag, then the parts.
extension ImageEncoder {
    enum ExpressionTag: UInt8 {
        case or, and, comparison, arithmetic, negate, union, literal, qualifiedName, number, call
        case rootPath, contextPath, expressionPath
    }

    enum TestTag: UInt8 {
        case name, anyName, anyNode, text, comment, processingInstruction
    }

    mutating func put(_ expression: XPathExpression) {
        switch expression {
        case .or(let a, let b): put(.or, a, b)
        case .and(let a, let b): put(.and, a, b)
        case .union(let a, let b): put(.union, a, b)
        case .negate(let operand): put(.negate, operand)
        case .comparison(let comparison, let a, let b):
            put(.comparison, a, b)
            put(comparison.rawValue)
        case .arithmetic(let operation, let a, let b):
            put(.arithmetic, a, b)
            put(operation.rawValue)
        case .literal(let text):
            put(.literal)
            put(text)
        case .qualifiedName(let text, let identity):
            put(.qualifiedName)
            put(text)
            put(identity)
        case .number(let value):
            put(.number)
            put(value.bitPattern)
        case .call(let name, let arguments):
            put(.call)
            put(name)
            put(arguments) { $0.put($1) }
        case .path(let start, let steps): putPath(start, steps)
        }
    }

    private mutating func put(_ tag: ExpressionTag, _ operands: XPathExpression...) {
        put(byte: tag.rawValue)
        for operand in operands { put(operand) }
    }

    private mutating func putPath(_ start: XPathExpression.PathStart, _ steps: [XPathExpression.Step]) {
        switch start {
        case .root: put(.rootPath)
        case .context: put(.contextPath)
        case .expression(let expression, let predicates):
            put(.expressionPath, expression)
            put(predicates) { $0.put($1) }
        }
        put(steps) {
            $0.put($1.axis.rawValue)
            $0.put($1.test)
            $0.put($1.predicates) { $0.put($1) }
        }
    }

    private mutating func put(_ test: XPathExpression.NodeTest) {
        switch test {
        case .name(let module, let name):
            put(byte: TestTag.name.rawValue)
            put(module)
            put(name)
        case .anyName(let module):
            put(byte: TestTag.anyName.rawValue)
            put(module)
        case .anyNode: put(byte: TestTag.anyNode.rawValue)
        case .text: put(byte: TestTag.text.rawValue)
        case .comment: put(byte: TestTag.comment.rawValue)
        case .processingInstruction(let target):
            put(byte: TestTag.processingInstruction.rawValue)
            put(target)
        }
    }
}
