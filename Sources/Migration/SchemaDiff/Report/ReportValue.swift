import Basics

/// A report as a tree, from which XML and JSON are written: members in order, and lists as repeated members.
indirect enum ReportValue {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([ReportValue])
    case object([(name: String, value: ReportValue)])

    /// An object without the members that are nil.
    static func members(_ members: KeyValuePairs<String, ReportValue?>) -> ReportValue {
        .object(members.compactMap { name, value in value.map { (name, $0) } })
    }
}

extension ReportValue {
    /// As JSON, two spaces for each level.
    func json(indent: String = "") -> String {
        let inner = indent + "  "
        switch self {
        case .text(let text): return JSONText.quoted(text)
        case .number(let number): return "\(number)"
        case .flag(let flag): return "\(flag)"
        case .list(let values):
            if values.isEmpty { return "[]" }
            return "[\n" + values.map { inner + $0.json(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { inner + JSONText.quoted($0.name) + ": " + $0.value.json(indent: inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        }
    }

    /// As XML, each list as repeated elements.
    func xml(_ name: String, namespace: String? = nil, indent: String = "") -> String {
        let start = name + (namespace.map { " xmlns=\"\(MarkupText.escaped($0))\"" } ?? "")
        switch self {
        case .text(let text): return "\(indent)<\(start)>\(MarkupText.escaped(text))</\(name)>\n"
        case .number(let number): return "\(indent)<\(start)>\(number)</\(name)>\n"
        case .flag(let flag): return "\(indent)<\(start)>\(flag)</\(name)>\n"
        case .list(let values): return values.map { $0.xml(name, namespace: namespace, indent: indent) }.joined()
        case .object(let members):
            let content = members.map { $0.value.xml($0.name, indent: indent + "  ") }.joined()
            return content.isEmpty ? "\(indent)<\(start)/>\n" : "\(indent)<\(start)>\n\(content)\(indent)</\(name)>\n"
        }
    }
}

/// Text inside XML and HTML.
enum MarkupText {
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\t", "\n": result.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
