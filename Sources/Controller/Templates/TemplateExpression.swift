import ConfigTree
import YANG

/// The names and variables that the expressions of a template may use.
struct TemplateScope: Sendable {
    /// The text that a variable stands for in an expression: a literal, a number or an expression in parentheses.
    var variables: [String: String] = [:]
    let moduleForPrefix: @Sendable (String) -> String?

    /// - Parameter schemas: those whose modules may be named, by prefix or by name, the first that knows it.
    init(_ schemas: [Schema]) {
        moduleForPrefix = { prefix in
            for schema in schemas {
                if let module = schema.modules.first(where: { $0.prefix == prefix || $0.name == prefix }) {
                    return module.name
                }
            }
            return nil
        }
    }

    /// What an expression gives at `node`. Throws a sentence that names the expression.
    func value(_ text: String, at node: DataNode) throws(TemplateText.Fault) -> XPathValue<DataNode> {
        let bound = try binding(text)
        let expression: XPathExpression
        do throws(XPathSyntaxError) {
            expression = try XPathParser.parse(bound, moduleForPrefix: moduleForPrefix, defaultModule: nil)
        } catch {
            throw TemplateText.Fault(message: "“\(text)” is no XPath expression: \(error.message)")
        }
        do throws(XPathError) {
            return try XPathEvaluator<DataNode>(workLimit: XPathWorkLimit.user).evaluate(expression, at: node)
        } catch {
            throw TemplateText.Fault(message: error.message)
        }
    }

    /// The expression with what its variables stand for in their place; `$` in a literal is text.
    private func binding(_ text: String) throws(TemplateText.Fault) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = ""
        var quote: Character?
        var rest = text[...]
        while let next = rest.popFirst() {
            if next == quote {
                quote = nil
            } else if quote == nil, next == "'" || next == "\"" {
                quote = next
            } else if quote == nil, next == "$" {
                let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" || $0 == "." })
                rest.removeFirst(name.count)
                guard let value = variables[name] else {
                    let remedy = "give it with variable { name \(name) value \"'...'\" }"
                    throw TemplateText.Fault(message: "variable $\(name) has no value; \(remedy)")
                }
                result += value
                continue
            }
            result.append(next)
        }
        return result
    }

    /// Binds a variable to the value of an expression at `node`.
    mutating func bind(_ name: String, to text: String, at node: DataNode) throws(TemplateText.Fault) {
        switch try valueOfVariable(text, at: node) {
        case .nodeSet: variables[name] = "(\(try binding(text)))"
        case .string(let value): variables[name] = Self.literal(value)
        case .number(let number):
            let text = number.isFinite ? XPathValue<DataNode>.number(number).string : try binding(text)
            variables[name] = "(\(text))"
        case .boolean(let flag): variables[name] = flag ? "true()" : "false()"
        }
    }

    private func valueOfVariable(
        _ text: String, at node: DataNode
    ) throws(TemplateText.Fault) -> XPathValue<DataNode> {
        let remedy = "text stands in quotes: value \"'\(text)'\""
        let value: XPathValue<DataNode>
        do throws(TemplateText.Fault) { value = try self.value(text, at: node) } catch {
            throw TemplateText.Fault(message: "\(error.message); \(remedy)")
        }
        // A bare word is a path, and mostly one that was meant as text.
        if case .nodeSet(let nodes) = value, nodes.isEmpty, !text.contains(where: { "/.[(|*".contains($0) }),
            node.schemaNode?.dataChild(named: text.split(separator: ":").last.map(String.init) ?? text) == nil
        {
            throw TemplateText.Fault(message: "“\(text)” names no node of a device; \(remedy)")
        }
        return value
    }

    /// A text as XPath writes it.
    static func literal(_ text: String) -> String {
        if !text.contains("'") { return "'\(text)'" }
        if !text.contains("\"") { return "\"\(text)\"" }
        let parts = text.split(separator: "'", omittingEmptySubsequences: false).map { "'\($0)'" }
        return "concat(\(parts.joined(separator: ", \"'\", ")))"
    }
}
