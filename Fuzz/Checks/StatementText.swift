import YANG

/// Writes statements so that reading them again gives the same.
enum StatementText {
    static func text(of statements: [Statement]) -> String {
        var text = ""
        for statement in statements { write(statement, &text) }
        return text
    }

    private static func write(_ statement: Statement, _ text: inout String) {
        if let prefix = statement.prefix { text += prefix + ":" }
        text += statement.name
        if let argument = statement.argument { text += " " + quoted(argument) }
        if statement.substatements.isEmpty {
            text += ";"
        } else {
            text += "{"
            for inner in statement.substatements { write(inner, &text) }
            text += "}"
        }
    }

    private static func quoted(_ argument: String) -> String {
        var result = "\""
        for scalar in argument.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    static func areSame(_ a: [Statement], _ b: [Statement]) -> Bool {
        a.count == b.count
            && zip(a, b).allSatisfy { x, y in
                x.keyword == y.keyword && x.prefix == y.prefix && x.name == y.name && x.argument == y.argument
                    && areSame(x.substatements, y.substatements)
            }
    }
}
