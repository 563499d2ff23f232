/// A command line with the position of the command word: what a command reads its parameters from.
struct Invocation {
    let line: TypedLine
    /// Index of the command word; parameters follow.
    var position = 0

    init(_ line: TypedLine, position: Int = 0) {
        self.line = line
        self.position = position
    }

    var name: TypedWord { line.words[position] }
    /// The words after the command word.
    var parameters: ArraySlice<TypedWord> { line.words[min(position + 1, line.words.count)...] }
    /// The invocation of what follows the command word.
    var inner: Invocation { Invocation(line, position: position + 1) }
    var isEmpty: Bool { position >= line.words.count }
    /// The command from its first word on, as typed.
    var text: String { line.rest(from: position) }
    var column: Int { isEmpty ? line.endColumn : name.column }

    /// The only parameter, if there is one at all.
    func optionalParameter() throws -> TypedWord? {
        if parameters.count > 1 {
            throw CommandFault.syntax("too many parameters", at: parameters[parameters.startIndex + 1].column)
        }
        return parameters.first
    }

    func parameter() throws -> TypedWord {
        guard let word = try optionalParameter() else { throw incomplete }
        return word
    }

    func noParameters() throws {
        if let extra = parameters.first { throw CommandFault.syntax("too many parameters", at: extra.column) }
    }

    var incomplete: CommandFault { CommandFault.syntax("incomplete command", at: line.endColumn) }
}

extension TypedLine {
    /// The column after the last character of the command.
    var endColumn: Int { command.reversed().drop { $0 == " " }.count }
}

/// A word of a command that can be abbreviated.
struct Keyword {
    let name: String
    let help: String

    /// The keyword that a word stands for: itself, or the only one that it begins.
    static func find(_ word: TypedWord, among keywords: [Keyword]) throws -> String {
        if let exact = keywords.first(where: { $0.name == word.text }) { return exact.name }
        let found = keywords.filter { $0.name.hasPrefix(word.text) }
        guard found.count <= 1 else {
            let names = found.map(\.name).joined(separator: ", ")
            throw CommandFault.syntax("ambiguous: \(names)", at: word.column)
        }
        guard let only = found.first else { throw CommandFault.syntax("unknown argument", at: word.column) }
        return only.name
    }
}
