/// The line being edited: text, cursor and what was killed last. No effects.
package struct LineBuffer: Hashable, Sendable {
    package private(set) var characters: [Character] = []
    package private(set) var cursor = 0
    /// Something was left out because the line would have become too long.
    package private(set) var isOverfull = false
    private var killed: [Character] = []

    /// A line longer than this is not a command.
    package static let limit = 65_536

    package init(_ text: String = "") {
        characters = Array(text)
        cursor = characters.count
    }

    package var text: String { String(characters) }
    package var textBeforeCursor: String { String(characters[..<cursor]) }

    package mutating func replace(with text: String) {
        characters = Array(text)
        cursor = characters.count
        isOverfull = false
    }

    package mutating func insert(_ text: String) {
        let new = Array(text)
        guard characters.count + new.count <= Self.limit else {
            isOverfull = true
            return
        }
        characters.insert(contentsOf: new, at: cursor)
        cursor += new.count
    }

    /// Applies an editing key; false if the key edits nothing.
    package mutating func apply(_ key: Key) -> Bool {
        switch key {
        case .text(let text): insert(text)
        case .backspace: remove(max(0, cursor - 1)..<cursor, keeps: false)
        case .delete: remove(cursor..<min(characters.count, cursor + 1), keeps: false)
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(characters.count, cursor + 1)
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .wordLeft: cursor = wordStart
        case .wordRight: cursor = wordEnd
        case .killToEnd: remove(cursor..<characters.count, keeps: true)
        case .killToStart: remove(0..<cursor, keeps: true)
        case .killWord: remove(wordStart..<cursor, keeps: true)
        case .killWordForward: remove(cursor..<wordEnd, keeps: true)
        case .yank: insert(String(killed))
        case .transpose: transpose()
        default: return false
        }
        return true
    }

    private mutating func remove(_ range: Range<Int>, keeps: Bool) {
        if keeps, !range.isEmpty { killed = Array(characters[range]) }
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private mutating func transpose() {
        guard cursor > 0, characters.count > 1 else { return }
        let right = min(cursor, characters.count - 1)
        characters.swapAt(right - 1, right)
        cursor = right + 1
    }

    private var wordStart: Int {
        var index = cursor
        while index > 0, characters[index - 1] == " " { index -= 1 }
        while index > 0, characters[index - 1] != " " { index -= 1 }
        return index
    }

    private var wordEnd: Int {
        var index = cursor
        while index < characters.count, characters[index] == " " { index += 1 }
        while index < characters.count, characters[index] != " " { index += 1 }
        return index
    }
}
