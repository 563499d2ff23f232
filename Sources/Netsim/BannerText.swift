/// A `banner` command: its text stands between two delimiters and may span lines.
struct BannerText {
    let delimiter: String
    private(set) var text: String
    private let begin: Int

    /// Nil if the command begins no banner.
    init?(_ command: String) {
        let words = command.split(separator: " ", maxSplits: 2)
        guard words.count == 3, words[0] == "banner", let first = words[2].first, first != "\"" else { return nil }
        delimiter = words[2].hasPrefix("^C") ? "^C" : String(first)
        text = command
        begin = command.distance(from: command.startIndex, to: words[2].startIndex) + delimiter.count
    }

    var isComplete: Bool { text.dropFirst(begin).contains(delimiter) }

    mutating func append(_ line: String) { text += "\n" + line }
}
