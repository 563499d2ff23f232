/// A word as it was typed.
struct TypedWord: Hashable {
    /// The text meant: quotes and escapes resolved.
    var text: String
    /// Where the word begins in the line, in characters from 0.
    var column: Int
    var isQuoted = false
}

/// A typed line cut at its pipes, and its words.
struct TypedLine {
    /// The command as typed, without its pipes.
    var command: String
    var words: [TypedWord]
    /// The words of each pipe.
    var pipes: [[TypedWord]]
    /// Whether the line ends in a blank, so that the next word has not begun.
    var endsInBlank: Bool

    init(_ line: String) {
        var parts: [Part] = [Part(start: 0)]
        var scanner = Scanner(Array(line))
        while let item = scanner.next() {
            switch item {
            case .pipe(let column):
                parts[parts.count - 1].end = column
                parts.append(Part(start: column + 1))
            case .word(let word): parts[parts.count - 1].words.append(word)
            }
        }
        let characters = Array(line)
        command = String(characters[..<(parts[0].end ?? scanner.end)])
        words = parts[0].words
        pipes = parts.dropFirst().map(\.words)
        endsInBlank = characters.last.map { $0 == " " || $0 == "\t" || $0 == "|" } ?? true
    }

    private struct Part {
        var start: Int
        var end: Int?
        var words: [TypedWord] = []
    }

    /// The text of the command from word `index` on, as typed.
    func rest(from index: Int) -> String {
        index < words.count ? String(command.dropFirst(words[index].column)) : ""
    }
}

private struct Scanner {
    enum Item {
        case word(TypedWord)
        case pipe(Int)
    }

    private let characters: [Character]
    private var index = 0
    /// Where the line ends: at a comment, or after its last character.
    private(set) var end: Int

    init(_ characters: [Character]) {
        self.characters = characters
        end = characters.count
    }

    mutating func next() -> Item? {
        while index < characters.count, Self.isBlank(characters[index]) { index += 1 }
        guard index < characters.count else { return nil }
        let start = index
        switch characters[index] {
        case "|":
            index += 1
            return .pipe(start)
        case "!":
            end = start
            index = characters.count
            return nil
        case "\"":
            if let text = quoted() { return .word(TypedWord(text: text, column: start, isQuoted: true)) }
            return .word(plain(start))
        default: return .word(plain(start))
        }
    }

    private static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }

    private mutating func plain(_ start: Int) -> TypedWord {
        var text = ""
        while index < characters.count, !Self.isBlank(characters[index]), characters[index] != "|" {
            if characters[index] == "\\", index + 1 < characters.count { index += 1 }
            text.append(characters[index])
            index += 1
        }
        return TypedWord(text: text, column: start)
    }

    /// The text up to the closing quote; nil (and nothing read) if there is none.
    private mutating func quoted() -> String? {
        var text = ""
        var here = index + 1
        while here < characters.count {
            let character = characters[here]
            here += 1
            if character == "\"" {
                index = here
                return text
            }
            guard character == "\\", here < characters.count else {
                text.append(character)
                continue
            }
            switch characters[here] {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "\"", "\\": text.append(characters[here])
            case let other: text += "\\" + String(other)
            }
            here += 1
        }
        return nil
    }
}
