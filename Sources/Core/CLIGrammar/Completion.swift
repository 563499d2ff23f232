package import ConfigTree
import YANG

/// A word that can stand at the end of a line.
package struct Completion: Hashable, Sendable {
    package var text: String
    package var info: String
    /// A value of a type (`<unsignedInt, 1 .. 65535>`), or `<cr>`: not a word to be typed.
    package var isValue: Bool

    package init(text: String, info: String = "", isValue: Bool = false) {
        self.text = text
        self.info = info
        self.isValue = isValue
    }
}

/// Gathers what a line could go on with: the parser calls it wherever a way through the line has used all its words.
final class CompletionCollector {
    private(set) var found: [Completion] = []
    private let row: (borrowing LineParser, Int) -> Row?

    init(row: @escaping (borrowing LineParser, Int) -> Row?) { self.row = row }

    /// Something inside a node follows.
    func content(_ parser: borrowing LineParser, _ frame: Int) {
        let content = parser.frames[frame].content
        let children = content.children
        let stored = parser.isNo ? row(parser, frame) : nil
        for route in children.worded where !route.target.has(.hidden) {
            guard parser.isDue(route, frame), !parser.isNo || Self.isStored(route, in: stored) else { continue }
            if parser.isNo, route.target.has(.suppressNo) { continue }
            found.append(Completion(text: route.target.name, info: Self.info(route.target)))
        }
        for route in children.anonymous where parser.isDue(route, frame) {
            guard !parser.isNo || Self.isStored(route, in: stored) else { continue }
            if route.target.kind == .list, let key = route.target.children.keys.first, route.via.isEmpty {
                self.key(key, of: route.target, keys: [], isName: false, parser, frame)
            } else if route.target.schema.isTerminal {
                value(of: route.target, parser, frame)
            }
        }
        guard !parser.isNo else { return }
        for action in children.actions where !action.has(.hidden) {
            found.append(Completion(text: action.name, info: Self.info(action)))
        }
    }

    private static func isStored(_ route: CLIRoute, in row: Row?) -> Bool {
        var row = row
        for node in route.via { row = row?.child(in: node.slot) }
        guard let row else { return false }
        return row.hasValue(in: route.target.slot) || row.kid(in: route.target.slot) != nil
    }

    /// A value of a leaf or leaf-list follows.
    func value(of leaf: CLINode, _ parser: borrowing LineParser, _ frame: Int) {
        found += Self.values(leaf, parser.frames[frame].grammar.model.schema)
    }

    /// The name of a leaf that may stand before a key.
    func leaf(_ leaf: CLINode, _ parser: borrowing LineParser, _ frame: Int) {
        if leaf.has(.dropNodeName) { return value(of: leaf, parser, frame) }
        found.append(Completion(text: leaf.name, info: Self.info(leaf)))
    }

    /// A key follows: those of existing entries, and the type.
    func key(
        _ key: CLINode, of list: CLINode, keys: [String], isName: Bool, _ parser: borrowing LineParser, _ frame: Int
    ) {
        if isName {
            found.append(Completion(text: key.name, info: Self.info(key)))
            return
        }
        if !list.has(.noKeyCompletion), let entries = row(parser, frame)?.entries(in: list.slot) {
            let writer = parser.frames[frame].grammar.writer
            for entry in entries.rows {
                let values = entries.keys(of: entry)
                guard values.starts(with: keys), keys.count < values.count else { continue }
                let text = CLIText.string(writer.word(values[keys.count]))
                let isLast = keys.count == values.count - 1
                found.append(Completion(text: text, info: isLast ? Self.instanceInfo(list, entry) : ""))
            }
        }
        if !parser.isNo { found += Self.values(key, parser.frames[frame].grammar.model.schema) }
    }

    /// A parameter of an action follows.
    func action(_ action: CLINode, _ parser: borrowing LineParser, _ frame: Int, _ token: Int) {
        guard let input = action.children.nodes.first(where: { $0.kind == .input }) else { return }
        var here = input
        var pending: CLINode?
        for index in token..<max(token, parser.count) {
            let text = parser.line.text(index)
            if pending != nil {
                pending = nil
                continue
            }
            guard
                let node = here.children.nodes.first(where: { $0.matches(text) })
                    ?? input.children.nodes.first(where: { $0.matches(text) })
            else { continue }
            if node.kind == .container { here = node }
            if node.schema.isTerminal, !node.value.isEmpty { pending = node }
        }
        if let pending {
            found += Self.values(pending, parser.frames[frame].grammar.model.schema)
        } else {
            found += here.children.nodes.filter { !$0.has(.hidden) }
                .map { Completion(text: $0.name, info: Self.info($0)) }
        }
    }

    // MARK: Texts

    /// `tailf:info` (without what it says of the value), else the first sentence of the description.
    static func info(_ node: CLINode) -> String {
        if let text = node.schema.annotation("info")?.argument {
            return text.firstRange(of: ";;").map { String(text[$0.upperBound...]) } ?? text
        }
        let description = node.schema.describingText ?? ""
        let words = description.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.firstRange(of: ". ").map { String(words[..<$0.lowerBound]) }
            ?? (words.hasSuffix(".") ? String(words.dropLast()) : words)
    }

    private static func instanceInfo(_ list: CLINode, _ row: Row) -> String {
        let names = list.schema.annotation("cli-instance-info-leafs")?.argument ?? "description"
        return names.split(separator: " ").compactMap { name in
            list.schema.dataChild(named: String(name)).flatMap { row.value(in: $0.slot) }
        }.joined(separator: " ")
    }

    /// What can be typed for a value, or how its type is called.
    static func values(_ leaf: CLINode, _ schema: Schema) -> [Completion] {
        let text = leaf.schema.annotation("info")?.argument
        if let text, let range = text.firstRange(of: ";;") {
            return [
                Completion(
                    text: String(text[..<range.lowerBound]), info: String(text[range.upperBound...]), isValue: true)
            ]
        }
        guard let type = leaf.schema.type else { return [] }
        return values(type, schema, info: text ?? "")
    }

    private static func values(_ type: ResolvedType, _ schema: Schema, info: String) -> [Completion] {
        switch type.base {
        case .enumeration: type.enums.map { Completion(text: $0.name) }
        case .bits: type.bits.map { Completion(text: $0.name) }
        case .boolean: [Completion(text: "false"), Completion(text: "true")]
        case .empty: []
        case .identityref:
            schema.identities.values(of: type.identityBases).map { value in
                Completion(text: value.split(separator: ":").last.map(String.init) ?? value)
            }
        case .union: type.members.flatMap { values($0, schema, info: info) }
        case .leafref:
            type.leafrefTarget.flatMap { schema[$0].type }.map { values($0, schema, info: info) } ?? []
        default: [Completion(text: "<\(typeName(type))>", info: info, isValue: true)]
        }
    }

    private static func typeName(_ type: ResolvedType) -> String {
        if type.secret == .aesCFB128 || type.secret == .aes256CFB128 { return "AES encrypted string" }
        let name: String
        switch type.base {
        case .int8, .int16, .int32, .int64: name = "int"
        case .uint8, .uint16, .uint32, .uint64: name = "unsignedInt"
        case .decimal64: name = "decimal"
        case .binary: name = "base64"
        case .string:
            name = type.typedefs.first.map { $0.split(separator: ":").last.map(String.init) ?? $0 } ?? "string"
        default: name = type.base.rawValue
        }
        guard let low = type.ranges.first?.lowerBound, let high = type.ranges.last?.upperBound, type.fractionDigits == 0
        else { return name }
        return "\(name), \(low) .. \(high)"
    }
}

extension CLIGrammar {
    /// The words that can follow `line`, whose last word may be half typed; `<cr>` where it may end.
    package func completions(_ line: String, mode: CLIMode, tree: DataTree) -> [Completion] {
        var cut = CLILine(line.utf8, dialect: dialect)
        var partial: [UInt8] = []
        if let last = cut.tokens.last, last.range.upperBound == line.utf8.count {
            partial = Array(cut.text(cut.tokens.count - 1))
            cut.tokens.removeLast()
        }
        let path = enclosingMode(mode.paths[0])
        var session = LineSession(grammar: self, sink: EditSink(tree))
        var found = session.collect(cut, path)
        if partial.isEmpty, !cut.tokens.isEmpty, case .success = session.read(cut, path) {
            found.append(Completion(text: "<cr>", isValue: true))
        }
        let prefix = CLIText.string(partial)
        var seen: Set<String> = []
        return found.filter {
            ($0.isValue ? prefix.isEmpty || $0.text != "<cr>" : $0.text.hasPrefix(prefix))
                && seen.insert($0.text).inserted
        }
        .sorted { ($0.isValue ? 1 : 0, $0.text) < ($1.isValue ? 1 : 0, $1.text) }
    }
}

extension LineSession {
    fileprivate func collect(_ line: CLILine, _ path: InstancePath) -> [Completion] {
        let sink = sink
        let collector = CompletionCollector { parser, frame in sink.row(frame, of: parser, base: path) }
        guard var parser = parser(line, path) else { return [] }
        parser.collector = collector
        _ = parser.parse()
        guard let range = parser.range, collector.found.isEmpty else {
            if line.tokens.isEmpty {
                return collector.found + [Completion(text: "no", info: "Negate a command or set its defaults")]
            }
            return collector.found
        }
        let pattern = KeyPattern(CLIText.string(line.text(range.token)))
        guard let first = keys(range, parser, path).first(where: pattern.matches) else { return [] }
        var single = line
        single.tokens[range.token].resolved = line.memory.keep(first.utf8)
        return collect(single, path)
    }
}
