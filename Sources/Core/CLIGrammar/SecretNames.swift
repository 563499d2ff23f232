/// Words by which secrets are set, to find them in lines that the grammar cannot read.
package struct SecretNames {
    /// Parts of such words in the models of all vendors.
    private static let stems = ["passw", "passphrase", "secret", "community", "credential", "token", "md5"]
    private static let usual = ["password", "passphrase", "secret", "community", "pre-shared-key", "key"]
    private let names: [[UInt8]]

    package init(_ names: Set<String> = []) {
        self.names = names.union(Self.usual).sorted().map { Array($0.lowercased().utf8) }
    }

    /// Whether a word is one of the names, begins one, or is one mistyped: two letters more, fewer or other.
    package func resemble(_ word: String) -> Bool {
        let text = word.lowercased()
        if Self.stems.contains(where: { text.contains($0) }) { return true }
        if text.split(whereSeparator: { $0 == "-" || $0 == "_" }).contains("key") { return true }
        let bytes = Array(text.utf8)
        guard bytes.count >= 3, bytes.count < 64 else { return false }
        return names.contains { name in
            name.starts(with: bytes) || (min(name.count, bytes.count) > 4 && Self.isNear(name, bytes))
        }
    }

    /// What in a command in the words of a device may be a secret: all that follows a word that resembles the name of
    /// one, and passwords in addresses. For traces, which show the command: better a word too few than one too many.
    package func words(in command: String) -> [String] {
        let words = command.split(whereSeparator: { $0.isWhitespace || $0 == "\"" }).map(String.init)
        let start = words.firstIndex(where: resemble).map { $0 + 1 } ?? words.count
        return words[start...] + Self.addressPasswords(in: command).map { String($0) }
    }

    /// The passwords in addresses: `ftp://joe:PASSWORD@host/file`.
    package static func addressPasswords(in text: String) -> [Substring] {
        var found: [Substring] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "://") {
            let authority = rest[start.upperBound...].prefix { !$0.isWhitespace && $0 != "/" && $0 != "\"" }
            rest = rest[start.upperBound...]
            guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
                continue
            }
            found.append(authority[authority.index(after: colon)..<at])
        }
        return found
    }

    /// Whether two words are at most two edits apart.
    private static func isNear(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        guard abs(one.count - other.count) <= 2 else { return false }
        var row = Array(0...other.count)
        for (index, byte) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, otherByte) in other.enumerated() {
                let next = min(row[column + 1] + 1, row[column] + 1, diagonal + (byte == otherByte ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = next
            }
        }
        return row[other.count] <= 2
    }
}
