extension XPathExpression: CustomStringConvertible {
    /// The expression with all abbreviations written out, the names of modules as prefixes. Parsed with these prefixes it
    /// is the same expression.
    package var description: String {
        switch self {
        case .or(let left, let right): "\(left.operand) or \(right.operand)"
        case .and(let left, let right): "\(left.operand) and \(right.operand)"
        case .comparison(let sign, let left, let right): "\(left.operand) \(sign.rawValue) \(right.operand)"
        case .arithmetic(let sign, let left, let right): "\(left.operand) \(sign.rawValue) \(right.operand)"
        case .negate(let inner): "-\(inner.operand)"
        case .union(let left, let right): "\(left.operand) | \(right.operand)"
        case .literal(let value), .qualifiedName(let value, _): Self.quoted(value)
        // A number beyond all others comes of very many digits.
        case .number(let value): value.isInfinite ? String(repeating: "9", count: 400) : XPathNumber.text(value)
        case .call(let name, let arguments): "\(name)(\(arguments.map(\.description).joined(separator: ", ")))"
        case .path(let start, let steps): Self.path(start, steps)
        }
    }

    private var operand: String {
        switch self {
        case .literal, .qualifiedName, .number, .call: return description
        case .path(let start, let steps): return start == .root && steps.isEmpty ? "(/)" : description
        default: return "(\(description))"
        }
    }

    private static func quoted(_ text: String) -> String { text.contains("'") ? "\"\(text)\"" : "'\(text)'" }

    private static func path(_ start: PathStart, _ steps: [Step]) -> String {
        let rest = steps.map(step).joined(separator: "/")
        switch start {
        case .root: return "/" + rest
        case .context: return rest
        case .expression(let inner, let predicates):
            let bare =
                switch inner {
                case .literal, .qualifiedName, .number, .call: inner.description
                default: "(\(inner))"
                }
            return bare + brackets(predicates) + (steps.isEmpty ? "" : "/" + rest)
        }
    }

    private static func step(_ step: Step) -> String {
        let test: String =
            switch step.test {
            case .anyNode: "node()"
            case .text: "text()"
            case .comment: "comment()"
            case .processingInstruction(let name): "processing-instruction(\(name.map(quoted) ?? ""))"
            case .anyName(let module): module.map { "\($0):*" } ?? "*"
            case .name(let module, let name): module.map { "\($0):\(name)" } ?? name
            }
        return "\(step.axis.rawValue)::\(test)" + brackets(step.predicates)
    }

    private static func brackets(_ predicates: [XPathExpression]) -> String {
        predicates.map { "[\($0)]" }.joined()
    }
}

extension XPathExpression {
    /// Whether the value is a node set: the type of an expression of XPath 1.0 is known without data.
    var isNodeSet: Bool {
        switch self {
        case .path, .union: true
        case .call(let name, _): XPathFunction(rawValue: name)?.givesNodes ?? false
        default: false
        }
    }
}
