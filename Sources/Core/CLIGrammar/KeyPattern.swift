/// Keys named together: `*`, `ce*`, `ce0..3`, `ce0..1,3`, `ce0,pe1`, `1-4,7`, `Firewall/1-2/*`.
///
/// Each part between slashes stands for a part of the key; a pattern without slashes is about the whole key. A number
/// without a word before it goes with the word of the item before it.
package struct KeyPattern {
    private enum Item {
        case exact(Substring)
        case range(stem: Substring, ClosedRange<Int>)
        case wildcard([Substring])
    }

    private let text: String
    private let parts: [[Item]]
    /// Whether the text may mean several keys, or another one than itself.
    package let isPattern: Bool

    package init(_ text: String) {
        self.text = text
        parts = text.split(separator: "/", omittingEmptySubsequences: false).map(Self.items)
        isPattern = text.contains("*") || text.contains("..") || text.contains(",")
    }

    private static func items(_ part: Substring) -> [Item] {
        var stem: Substring = ""
        return part.split(separator: ",", omittingEmptySubsequences: false).map { item in
            if item.contains("*") { return .wildcard(item.split(separator: "*", omittingEmptySubsequences: false)) }
            if let (own, range) = range(item) {
                if !own.isEmpty { stem = own }
                return .range(stem: stem, range)
            }
            let digits = digits(item)
            if digits.count < item.count { stem = item.dropLast(digits.count) }
            return .exact(digits.count == item.count ? stem + digits : item)
        }
    }

    private static func digits(_ text: Substring) -> Substring {
        text.suffix(text.reversed().prefix { $0.isASCII && $0.isNumber }.count)
    }

    private static func range(_ item: Substring) -> (stem: Substring, range: ClosedRange<Int>)? {
        for separator in ["..", "-"] {
            guard let place = item.firstRange(of: separator) else { continue }
            let digits = digits(item[..<place.lowerBound])
            guard let low = Int(digits), let high = Int(item[place.upperBound...]), low <= high else { return nil }
            return (item[..<digits.startIndex], low...high)
        }
        return nil
    }

    package func matches(_ key: String) -> Bool {
        if key == text { return true }
        if parts.count == 1 { return Self.matches(parts[0], key[...]) }
        let pieces = key.split(separator: "/", omittingEmptySubsequences: false)
        return pieces.count == parts.count && zip(parts, pieces).allSatisfy(Self.matches)
    }

    private static func matches(_ items: [Item], _ key: Substring) -> Bool { items.contains { matches($0, key) } }

    private static func matches(_ item: Item, _ key: Substring) -> Bool {
        switch item {
        case .exact(let text): return key == text
        case .range(let stem, let range):
            guard key.hasPrefix(stem), let number = Int(key.dropFirst(stem.count)) else { return false }
            return range.contains(number)
        case .wildcard(let pieces):
            guard let first = pieces.first, key.hasPrefix(first) else { return false }
            var rest = key.dropFirst(first.count)
            for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
                guard let found = rest.firstRange(of: piece) else { return false }
                rest = rest[found.upperBound...]
            }
            return rest.hasSuffix(pieces.last ?? "")
        }
    }

    /// The numbers themselves, of a pattern that is nothing but numbers, and not too many.
    var numbers: [String]? {
        guard parts.count == 1 else { return nil }
        var result: [String] = []
        for item in parts[0] {
            switch item {
            case .exact(let text):
                guard Int(text) != nil, result.count < CLIRanges.most else { return nil }
                result.append(String(text))
            case .range(let stem, let range):
                let room = CLIRanges.most - result.count
                guard stem.isEmpty, let numbers = CLIRanges.numbers(range.lowerBound, range.upperBound, room) else {
                    return nil
                }
                result += numbers
            case .wildcard: return nil
            }
        }
        return result
    }
}
