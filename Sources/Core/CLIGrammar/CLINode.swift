import Synchronization
import YANG

/// What the annotations make of one schema node: how it is written, typed, shown and deleted.
///
/// Immutable. The table of its children is made when first asked for, so that a model of a million nodes costs what
/// its lines touch.
final class CLINode: Sendable {
    let schema: SchemaNode
    let kind: NodeKind
    let slot: Int
    /// The word on the line: the name, `tailf:alt-name`, with the module's prefix where siblings share a name.
    let word: [UInt8]
    let traits: CLITraits
    let modeName: String?
    let exitCommand: [UInt8]?
    let keyFormat: KeyFormat?
    /// The key (from 1) before which a `cli-prefix-key` leaf stands.
    let beforeKey: Int
    /// The most words of a multi-word value or key; nil for no limit.
    let maxWords: Int?
    let disallowed: PatternMatcher?
    let value: CLIValueKind
    let orderTag: String?
    /// Whether values must not be shown.
    let isSecret: Bool
    private let dialect: CLIDialect
    /// Counted once, when it is put there; given back with the node.
    private let table = Atomic<Unmanaged<CLIChildren>?>(nil)

    init(_ schema: SchemaNode, word: String, dialect: CLIDialect, inherited: CLITraits) {
        self.schema = schema
        self.dialect = dialect
        kind = schema.kind
        slot = schema.slot
        self.word = Array(word.utf8)
        let reader = AnnotationReader(schema, dialect: dialect, inherited: inherited)
        traits = reader.traits
        modeName = reader.argument("cli-mode-name")
        exitCommand = reader.argument("cli-exit-command").map { Array($0.utf8) }
        keyFormat = dialect.style == .j ? nil : reader.argument("cli-key-format").flatMap(KeyFormat.init)
        beforeKey = reader.number("cli-before-key", in: "cli-prefix-key") ?? 1
        maxWords =
            reader.number("cli-max-words", in: "cli-multi-value")
            ?? reader.number("cli-max-words", in: "cli-multi-word-key")
        disallowed = reader.argument("cli-disallow-value").flatMap { try? PatternMatcher($0) }
        value = CLIValueKind(schema)
        orderTag = reader.argument("cli-show-order-tag")
        isSecret = schema.isTerminal && schema.isSecret
    }

    var name: String { String(decoding: word, as: UTF8.self) }
    @inline(__always) func has(_ trait: CLITraits) -> Bool { !traits.isDisjoint(with: trait) }
    var isMode: Bool { has(.mode) }
    /// All leaves on one line. A sequence can be read back on one line alone.
    var isOneLine: Bool { !isMode && has([.compact, .sequence]) }
    /// Keys, and leaves before keys: part of the line that names a list entry.
    var isHeader: Bool { schema.isKey || has(.prefixKey) }

    var children: CLIChildren {
        @inline(__always) get {
            if let made = table.load(ordering: .acquiring) { return made._withUnsafeGuaranteedRef { $0 } }
            return makeChildren()
        }
    }

    @inline(never)
    private func makeChildren() -> CLIChildren {
        let new = Unmanaged.passRetained(CLIChildren(self, dialect: dialect))
        let outcome = table.compareExchange(expected: nil, desired: new, ordering: .acquiringAndReleasing)
        guard !outcome.exchanged, let made = outcome.original else { return new.takeUnretainedValue() }
        new.release()
        return made.takeUnretainedValue()
    }

    deinit { table.load(ordering: .acquiring)?.release() }

    func child(_ slot: Int) -> CLINode { children.nodes[slot] }

    /// What children take over from above.
    var bequest: CLITraits {
        var result = traits.intersection([.caseInsensitive, .explicitExit])
        if kind == .container, has(.resetContainer) { result.insert(.resetContainer) }
        if kind == .list, has(.removeBeforeChange) { result.insert(.removeBeforeChange) }
        return result
    }
}

/// Reads the extension statements of a node.
private struct AnnotationReader {
    let statements: [ExtensionInstance]
    var traits: CLITraits

    init(_ schema: SchemaNode, dialect: CLIDialect, inherited: CLITraits) {
        statements = schema.extensions
        traits = inherited
        // What a list bequeaths is about the values in its entries.
        if !schema.isTerminal { traits.remove(.removeBeforeChange) }
        for statement in statements {
            if let trait = CLITraits.byStatement[statement.name] { traits.insert(trait) }
            for inner in statement.substatements {
                if let trait = CLITraits.bySubstatement[inner.name] { traits.insert(trait) }
            }
            if statement.name == "cli-case-sensitive" { traits.remove(.caseInsensitive) }
        }
        let isBoolean = schema.kind == .leaf && schema.type?.base == .boolean
        if isBoolean, dialect.showsBooleansAsNo { traits.insert(.booleanNo) }
        if !isBoolean { traits.remove(.booleanNo) }
        if dialect.style == .j { statement(schema) }
        switch schema.kind {
        case _ where dialect.style == .j: break
        case .list where schema.isConfig:
            if schema.annotation("cli-suppress-mode") == nil, !has(.rangeList) { traits.insert(.mode) }
        case .container where schema.annotation("cli-add-mode") != nil: traits.insert(.mode)
        case .mountPoint, .root: traits.insert(.mode)
        default: break
        }
    }

    /// In J-style all containers and entries have braces, but for those that lend their words to what is in them.
    private mutating func statement(_ schema: SchemaNode) {
        traits.formIntersection(.inStatements)
        if traits.contains(.noKeyword) { traits.insert(.dropNodeName) }
        guard schema.kind == .list || schema.kind == .container || schema.kind == .root else { return }
        traits.insert(.mode)
        if schema.annotation("cli-suppress-mode") != nil { traits.insert(.sharedWords) }
    }

    private func has(_ trait: CLITraits) -> Bool { traits.contains(trait) }

    func argument(_ name: String) -> String? { statements.first { $0.name == name }?.argument }

    func number(_ name: String, in statement: String) -> Int? {
        statements.first { $0.name == statement }?.substatement(name)?.argument.flatMap { Int($0) }
    }
}

/// `cli-key-format`: the keys of an entry as one word, such as `$(1)/$(2)`.
struct KeyFormat: Sendable {
    /// The text before each key, and after the last.
    private let literals: [[UInt8]]
    /// Which key (from 0) stands after each literal but the last.
    private let keys: [Int]

    init?(_ template: String) {
        var literals: [[UInt8]] = []
        var keys: [Int] = []
        var literal: [UInt8] = []
        var rest = Array(template.utf8)[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: "$"), rest.dropFirst().first == UInt8(ascii: "("),
                let end = rest.firstIndex(of: UInt8(ascii: ")")),
                let number = Int(String(decoding: rest[(rest.startIndex + 2)..<end], as: UTF8.self)), number > 0
            {
                literals.append(literal)
                keys.append(number - 1)
                literal = []
                rest = rest[(end + 1)...]
            } else {
                literal.append(byte)
                rest.removeFirst()
            }
        }
        guard !keys.isEmpty else { return nil }
        self.literals = literals + [literal]
        self.keys = keys
    }

    func format(_ values: [String]) -> [UInt8] {
        var result: [UInt8] = []
        for (literal, key) in zip(literals, keys) {
            result += literal
            if key < values.count { result += values[key].utf8 }
        }
        return result + literals[keys.count]
    }

    /// The key values in a word of this form, in the order of the keys.
    func values(in word: [UInt8], count: Int) -> [String]? {
        var values = [String?](repeating: nil, count: count)
        var rest = word[...]
        guard rest.starts(with: literals[0]) else { return nil }
        rest = rest.dropFirst(literals[0].count)
        for (index, key) in keys.enumerated() {
            let after = literals[index + 1]
            let isLast = index == keys.count - 1
            guard let end = isLast ? lastEnd(rest, after) : firstEnd(rest, after), key < count else { return nil }
            values[key] = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + after.count)...]
        }
        let found = values.compactMap { $0 }
        return found.count == count ? found : nil
    }

    private func firstEnd(_ rest: ArraySlice<UInt8>, _ literal: [UInt8]) -> Int? {
        guard !literal.isEmpty else { return nil }
        return rest.indices.first { rest[$0...].starts(with: literal) }
    }

    private func lastEnd(_ rest: ArraySlice<UInt8>, _ literal: [UInt8]) -> Int? {
        rest.suffix(literal.count).elementsEqual(literal) ? rest.endIndex - literal.count : nil
    }
}
