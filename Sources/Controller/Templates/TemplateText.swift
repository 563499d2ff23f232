/// A value as a template has it: text, with XPath expressions in braces. `\{` and `\}` stand for the braces themselves.
struct TemplateText: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case text(String)
        case expression(String)
    }

    let parts: [Part]

    /// Why a text is no value of a template.
    struct Fault: Error, Hashable, Sendable {
        let message: String
    }

    init(_ value: String) throws(Fault) {
        guard value.utf8.contains(UInt8(ascii: "{")) || value.utf8.contains(UInt8(ascii: "}")) else {
            parts = [.text(value)]
            return
        }
        var scanner = Scanner(rest: value[...])
        parts = try scanner.parts()
    }

    /// The whole text, if there is no expression in it.
    var plain: String? {
        switch parts.first {
        case nil: ""
        case .text(let text)? where parts.count == 1: text
        default: nil
        }
    }

    private struct Scanner {
        var rest: Substring

        mutating func parts() throws(Fault) -> [Part] {
            var parts: [Part] = []
            var text = ""
            while let next = rest.popFirst() {
                switch next {
                case "\\" where rest.first == "{" || rest.first == "}": text.append(rest.removeFirst())
                case "{":
                    if !text.isEmpty { parts.append(.text(text)) }
                    text = ""
                    parts.append(.expression(try expression()))
                default: text.append(next)
                }
            }
            if !text.isEmpty { parts.append(.text(text)) }
            return parts
        }

        /// Up to the closing brace that stands in no literal.
        private mutating func expression() throws(Fault) -> String {
            var text = ""
            var quote: Character?
            while let next = rest.popFirst() {
                if next == quote {
                    quote = nil
                } else if quote == nil, next == "'" || next == "\"" {
                    quote = next
                } else if quote == nil, next == "}" {
                    return text
                }
                text.append(next)
            }
            throw Fault(message: "a brace is opened and not closed; write \\{ for the brace itself")
        }
    }
}
