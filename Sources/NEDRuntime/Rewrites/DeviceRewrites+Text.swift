package import Basics

extension DeviceRewrites {
    /// One array of texts an item: `["renamed", PATH, KEYS SENT…]`, `["value", PATH, SHOWN, SENT]`, `["added", PATH, VALUE?]`,
    /// `["dropped", PATH, INSTEAD, VALUE?]`, `["order", PATH, KEY-COUNT, KEYS SHOWN…, KEYS SENT…]`.
    package var json: JSONValue { .array(items.map { .array($0.words.map { .string($0) }) }) }

    /// Reads what `json` wrote; nil if it is something else.
    package init?(json: JSONValue) {
        guard let lines = json.array else { return nil }
        var items: [Item] = []
        for line in lines {
            guard let item = Item((line.array ?? []).compactMap(\.string)) else { return nil }
            items.append(item)
        }
        self.init(items)
    }
}

extension DeviceRewrites.Item {
    fileprivate var words: [String] {
        switch self {
        case .renamed(let path, let sent): ["renamed", path] + sent
        case .value(let path, let shown, let sent): ["value", path, shown, sent]
        case .added(let path, let value): ["added", path] + (value.map { [$0] } ?? [])
        case .dropped(let path, let value, let instead): ["dropped", path, instead ?? ""] + (value.map { [$0] } ?? [])
        case .order(let path, let shown, let sent):
            ["order", path, "\(shown.first?.count ?? 0)"] + shown.flatMap { $0 } + sent.flatMap { $0 }
        }
    }

    fileprivate init?(_ words: [String]) {
        let rest = Array(words.dropFirst(2))
        guard words.count >= 2 else { return nil }
        switch (words[0], rest.count) {
        case ("renamed", 1...): self = .renamed(path: words[1], sent: rest)
        case ("value", 2): self = .value(path: words[1], shown: rest[0], sent: rest[1])
        case ("added", 0...1): self = .added(path: words[1], value: rest.first)
        case ("dropped", 1...2):
            self = .dropped(path: words[1], value: rest.dropFirst().first, instead: rest[0].isEmpty ? nil : rest[0])
        case ("order", 1...):
            let keys = Array(rest.dropFirst())
            guard let size = Int(rest[0]), size > 0, keys.count % (2 * size) == 0 else { return nil }
            let entries = stride(from: 0, to: keys.count, by: size).map { Array(keys[$0..<$0 + size]) }
            let half = entries.count / 2
            self = .order(path: words[1], shown: Array(entries[..<half]), sent: Array(entries[half...]))
        default: return nil
        }
    }
}
