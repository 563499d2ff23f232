import Foundation
import Synchronization
import YANG

/// What the annotations make of one schema node: how it is written, typed, shown and deleted.
///
/// A handle: nodes lie in memory that their grammar holds and frees, so that a reader of long texts, which looks at some
/// for each word, counts no references to them. Nobody keeps one longer than the grammar.
struct CLINode: Hashable, @unchecked Sendable {
    private let facts: UnsafeMutablePointer<CLINodeFacts>

    /// A new node, to be freed by whoever makes it.
    init(_ schema: SchemaNode, word: String, dialect: CLIDialect, inherited: CLITraits) {
        facts = .allocate(capacity: 1)
        facts.initialize(to: CLINodeFacts(schema, word: word, dialect: dialect, inherited: inherited))
    }

    /// Gives back the node and all below it.
    func free() {
        if let table = facts.pointee.table.load(ordering: .acquiring) { CLIChildren(table).free() }
        facts.deinitialize(count: 1)
        facts.deallocate()
    }

    var schema: SchemaNode { facts.pointee.schema }
    @inline(__always) var kind: NodeKind { facts.pointee.kind }
    @inline(__always) var slot: Int { facts.pointee.slot }
    /// The word on the line: the name, `tailf:alt-name`, with the module's prefix where siblings share a name.
    var word: [UInt8] { facts.pointee.word }
    /// The same word, in the memory of the node.
    @inline(__always) var letters: CLIBytes { facts.pointee.letters }
    @inline(__always) var traits: CLITraits { facts.pointee.traits }
    var modeName: String? { facts.pointee.modeName }
    var exitCommand: [UInt8]? { facts.pointee.exitCommand }
    @inline(__always) var hasExitCommand: Bool { facts.pointee.exitCommand != nil }
    var keyFormat: KeyFormat? { facts.pointee.keyFormat }
    @inline(__always) var hasKeyFormat: Bool { facts.pointee.keyFormat != nil }
    /// The key (from 1) before which a `cli-prefix-key` leaf stands.
    var beforeKey: Int { facts.pointee.beforeKey }
    /// The most words of a multi-word value or key; nil for no limit.
    var maxWords: Int? { facts.pointee.maxWords }
    var disallowed: PatternMatcher? { facts.pointee.disallowed }
    var value: CLIValueKind { facts.pointee.value }
    var orderTag: String? { facts.pointee.orderTag }
    /// Whether values must not be shown.
    @inline(__always) var isSecret: Bool { facts.pointee.isSecret }
    /// A leaf that has no value.
    @inline(__always) var isEmptyLeaf: Bool { facts.pointee.isEmptyLeaf }
    @inline(__always) var isConfig: Bool { facts.pointee.isConfig }
    @inline(__always) var isKey: Bool { facts.pointee.isKey }
    @inline(__always) var isPresence: Bool { facts.pointee.isPresence }

    var name: String { String(decoding: word, as: UTF8.self) }
    @inline(__always) func has(_ trait: CLITraits) -> Bool { !traits.isDisjoint(with: trait) }
    @inline(__always) var isMode: Bool { has(.mode) }
    /// All leaves on one line. A sequence can be read back on one line alone.
    var isOneLine: Bool { !isMode && has([.compact, .sequence]) }
    /// Keys, and leaves before keys: part of the line that names a list entry.
    @inline(__always) var isHeader: Bool { isKey || has(.prefixKey) }

    /// Made when first asked for, so that a model of a million nodes costs what its lines touch.
    var children: CLIChildren {
        @inline(__always) get {
            if let made = facts.pointee.table.load(ordering: .acquiring) { return CLIChildren(made) }
            return makeChildren()
        }
    }

    /// Held while a table is made, which may need others: threads that read their first texts at the same time would
    /// each make all of them.
    private static let making = NSRecursiveLock()

    @inline(never)
    private func makeChildren() -> CLIChildren {
        Self.making.lock()
        defer { Self.making.unlock() }
        if let made = facts.pointee.table.load(ordering: .acquiring) { return CLIChildren(made) }
        let new = CLIChildren(of: self, dialect: facts.pointee.dialect)
        let outcome = facts.pointee.table.compareExchange(
            expected: nil, desired: new.table, ordering: .acquiringAndReleasing)
        guard !outcome.exchanged, let made = outcome.original else { return new }
        new.free()
        return CLIChildren(made)
    }

    func child(_ slot: Int) -> CLINode { children.nodes[slot] }

    /// What the bytes of a text, which is ASCII, tell of it as a value of this leaf.
    @inline(__always) func verdict(_ text: CLIBytes) -> ValueCheck.Verdict {
        if facts.pointee.takesAnyText { return .canonical }
        guard let check = facts.pointee.check else { return .unclear }
        return check._withUnsafeGuaranteedRef { $0.verdict(text.raw) }
    }

    /// What children take over from above.
    var bequest: CLITraits {
        var result = traits.intersection([.caseInsensitive, .explicitExit])
        if kind == .container, has(.resetContainer) { result.insert(.resetContainer) }
        if kind == .list, has(.removeBeforeChange) { result.insert(.removeBeforeChange) }
        return result
    }
}

/// What is known of a node. Immutable, but for the table of its children, which comes once.
private struct CLINodeFacts: ~Copyable {
    let schema: SchemaNode
    let kind: NodeKind
    let slot: Int
    let word: [UInt8]
    let letters: CLIBytes
    private let memory: TextMemory
    let traits: CLITraits
    let modeName: String?
    let exitCommand: [UInt8]?
    let keyFormat: KeyFormat?
    let beforeKey: Int
    let maxWords: Int?
    let disallowed: PatternMatcher?
    let value: CLIValueKind
    /// Held by `value`.
    let check: Unmanaged<ValueCheck>?
    let takesAnyText: Bool
    let orderTag: String?
    let isSecret: Bool
    let isEmptyLeaf: Bool
    let isConfig: Bool
    let isKey: Bool
    let isPresence: Bool
    let dialect: CLIDialect
    let table = Atomic<UnsafeMutablePointer<CLIChildren.Table>?>(nil)

    init(_ schema: SchemaNode, word: String, dialect: CLIDialect, inherited: CLITraits) {
        self.schema = schema
        self.dialect = dialect
        kind = schema.kind
        slot = schema.slot
        self.word = Array(word.utf8)
        memory = TextMemory(self.word)
        letters = memory.text
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
        isEmptyLeaf = value.isEmpty
        check = disallowed == nil ? value.check.map { Unmanaged.passUnretained($0) } : nil
        takesAnyText = disallowed == nil && value.isText
        isConfig = schema.isConfig
        isKey = schema.isKey
        isPresence = schema.isPresence
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
    func values(in word: CLIBytes, count: Int) -> [String]? {
        var values = [String?](repeating: nil, count: count)
        var rest = word
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

    private func firstEnd(_ rest: CLIBytes, _ literal: [UInt8]) -> Int? {
        guard !literal.isEmpty else { return nil }
        return rest.indices.first { rest[$0...].starts(with: literal) }
    }

    private func lastEnd(_ rest: CLIBytes, _ literal: [UInt8]) -> Int? {
        rest.suffix(literal.count).elementsEqual(literal) ? rest.endIndex - literal.count : nil
    }
}
