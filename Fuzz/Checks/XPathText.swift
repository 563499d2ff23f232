import ConfigTree
import YANG

/// Writes an expression so that parsing it again gives the same; names of modules stand as prefixes.
enum XPathText {
    static func text(of expression: XPathExpression) -> String {
        switch expression {
        case .or(let left, let right): "\(operand(left)) or \(operand(right))"
        case .and(let left, let right): "\(operand(left)) and \(operand(right))"
        case .comparison(let sign, let left, let right): "\(operand(left)) \(sign.rawValue) \(operand(right))"
        case .arithmetic(let sign, let left, let right): "\(operand(left)) \(sign.rawValue) \(operand(right))"
        case .negate(let inner): "-\(operand(inner))"
        case .union(let left, let right): "\(operand(left)) | \(operand(right))"
        case .literal(let value), .qualifiedName(let value, _): value.contains("'") ? "\"\(value)\"" : "'\(value)'"
        case .number(let value): number(value)
        case .call(let name, let arguments): "\(name)(\(arguments.map(text(of:)).joined(separator: ", ")))"
        case .path(let start, let steps): path(start, steps)
        }
    }

    private static func operand(_ expression: XPathExpression) -> String {
        switch expression {
        case .literal, .qualifiedName, .number, .call: return text(of: expression)
        case .path(let start, let steps):
            if start == .root, steps.isEmpty { return "(/)" }
            return text(of: expression)
        default: return "(\(text(of: expression)))"
        }
    }

    private static func number(_ value: Double) -> String {
        value.isInfinite ? String(repeating: "9", count: 400) : XPathValue<DataNode>.number(value).string
    }

    private static func path(_ start: XPathExpression.PathStart, _ steps: [XPathExpression.Step]) -> String {
        let rest = steps.map(step).joined(separator: "/")
        switch start {
        case .root: return "/" + rest
        case .context: return rest
        case .expression(let inner, let predicates):
            let bare =
                switch inner {
                case .literal, .qualifiedName, .number, .call: text(of: inner)
                default: "(\(text(of: inner)))"
                }
            return bare + brackets(predicates) + (steps.isEmpty ? "" : "/" + rest)
        }
    }

    private static func step(_ step: XPathExpression.Step) -> String {
        let test: String =
            switch step.test {
            case .anyNode: "node()"
            case .text: "text()"
            case .comment: "comment()"
            case .processingInstruction(let name): "processing-instruction(\(name.map(literal) ?? ""))"
            case .anyName(let module): module.map { "\($0):*" } ?? "*"
            case .name(let module, let name): module.map { "\($0):\(name)" } ?? name
            }
        return "\(step.axis.rawValue)::\(test)" + brackets(step.predicates)
    }

    private static func literal(_ value: String) -> String { value.contains("'") ? "\"\(value)\"" : "'\(value)'" }

    private static func brackets(_ predicates: [XPathExpression]) -> String {
        predicates.map { "[\(text(of: $0))]" }.joined()
    }
}
