import Basics
import YANG

/// Brings a tree up to date with change sets as the log has them, many at once.
///
/// Single edits of a persistent tree are cheap, but a start may replay a million of them: once many have come, what they
/// touch is kept as drafts and only made a tree again at the end. The result is the same.
package struct TreeReplay {
    private var tree: DataTree
    private var draft: DraftEditor?
    private var edits = 0

    /// From so many edits on drafts are worth their making.
    private static let manyAtOnce = 256
    private static let manyInAll = 2_000

    package init(_ tree: DataTree) { self.tree = tree }

    /// Takes the JSON text of a change set (`ChangeSet.json`).
    ///
    /// Throws `PathError` if a path has no place in the models, or what parsing the text throws.
    package mutating func apply(json: ArraySlice<UInt8>) throws {
        let isMany = json.count > 80 * Self.manyAtOnce
        guard isMany || draft != nil || edits >= Self.manyInAll else { return try applySlowly(json) }
        var rest = json
        try json.withUnsafeBytes { buffer in
            var scanner = ChangeScanner(buffer)
            while let item = scanner.next() {
                if draft == nil { draft = DraftEditor(tree) }
                guard try draft?.apply(item) == true else { break }
                rest = json.dropFirst(scanner.consumed)
                if scanner.isAtEnd { rest = [] }
            }
        }
        guard !rest.isEmpty else { return }
        // What a draft cannot do, such as putting entries in places: one by one from here.
        try settle()
        try applySlowly(rest.startIndex == json.startIndex ? json : [UInt8(ascii: "[")] + rest)
    }

    package mutating func apply(_ changes: ChangeSet) throws {
        try settle()
        tree = try tree.applying(changes)
        edits += changes.items.count
    }

    private mutating func applySlowly(_ json: ArraySlice<UInt8>) throws {
        try apply(try ChangeSet(json: Array(json)))
    }

    private mutating func settle() throws {
        guard let editor = draft else { return }
        draft = nil
        tree = editor.finished()
    }

    package mutating func finish() throws -> DataTree {
        try settle()
        return tree
    }
}

extension ChangeSet {
    /// Reads what `json` wrote.
    package init(json: [UInt8]) throws {
        let value = try JSONValue.parse(json, file: "the log")
        try self.init(words: (value.array ?? []).map { ($0.array ?? []).compactMap(\.string) })
    }
}

/// Splits the text of a change set into its items without making anything of them.
struct ChangeScanner {
    struct Item {
        var verb: UnsafeRawBufferPointer
        var path: UnsafeRawBufferPointer
        var value: UnsafeRawBufferPointer?
    }

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    /// The bytes up to behind the latest item and its comma.
    private(set) var consumed = 0
    private(set) var isAtEnd = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func skipSpace() {
        while offset < bytes.count, bytes[offset] == 0x20 || bytes[offset] == 0x0A { offset += 1 }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    /// The next item; nil at the end, and at one that has more than plain texts.
    mutating func next() -> Item? {
        if consumed == 0, !accept("[") { return nil }
        guard accept("["), let verb = word(), accept(","), let path = word() else { return nil }
        var value: UnsafeRawBufferPointer?
        if accept(",") {
            guard let text = word() else { return nil }
            value = text
        }
        guard accept("]") else { return nil }
        if accept("]") {
            isAtEnd = true
        } else if !accept(",") {
            return nil
        }
        consumed = offset
        return Item(verb: verb, path: path, value: value)
    }

    /// A string without escapes.
    private mutating func word() -> UnsafeRawBufferPointer? {
        guard accept("\"") else { return nil }
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\\") { return nil }
            if byte == UInt8(ascii: "\"") {
                defer { offset += 1 }
                return UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
            }
            offset += 1
        }
        return nil
    }
}

/// A tree of which what is edited is kept as drafts.
private final class DraftEditor {
    private struct Level {
        /// How much of the path leads here.
        var end: Int
        var draft: RowDraft
        var node: SchemaNode
        var model: DataModel
    }

    private let model: DataModel
    private let root: RowDraft
    /// The way to the latest edit, below the root.
    private var way: [Level] = []
    private var path: [UInt8] = []

    init(_ tree: DataTree) {
        model = tree.model
        root = RowDraft(tree.model.schema.root, continuing: tree.root)
    }

    func finished() -> DataTree { DataTree(root, model: model) }

    /// Carries out an edit; false if it has to be done otherwise.
    func apply(_ item: ChangeScanner.Item) throws -> Bool {
        let isSet = item.verb.elementsEqual("set".utf8)
        let isDelete = !isSet && item.verb.elementsEqual("delete".utf8)
        guard isSet || isDelete || item.verb.elementsEqual("create".utf8) else { return false }
        guard isSet == (item.value != nil) else { return false }
        keepCommonWay(item.path)
        guard var step = StepScanner(item.path, from: way.last?.end ?? 0) else { return false }
        while true {
            guard let (word, end) = step.next() else { return false }
            let level = way.last ?? Level(end: 0, draft: root, node: model.schema.root, model: model)
            guard let node = Self.child(word, level.node) else { return false }
            if end == item.path.count {
                let done = try finish(item, isDelete, word, node, level)
                if isDelete { way = [] } else { path = Array(item.path) }
                return done
            }
            guard let next = try enter(word, node, level, end, isDelete) else { return isDelete }
            way.append(next)
        }
    }

    private static func child(_ word: StepScanner.Word, _ parent: SchemaNode) -> SchemaNode? {
        parent.dataChild(named: word.name, module: word.module)
    }

    /// Leaves what the path does not go through.
    private func keepCommonWay(_ new: UnsafeRawBufferPointer) {
        let limit = min(path.count, new.count)
        var common = 0
        path.withUnsafeBytes { old in while common < limit, old[common] == new[common] { common += 1 } }
        while let last = way.last, last.end > common || last.end >= new.count || new[last.end] != UInt8(ascii: "/") {
            way.removeLast()
        }
    }

    /// One step down; nil if there is nothing to delete below.
    private func enter(
        _ word: StepScanner.Word, _ node: SchemaNode, _ level: Level, _ end: Int, _ isDelete: Bool
    ) throws -> Level? {
        switch node.kind {
        case .list:
            guard let keys = word.keys(of: node) else { throw PathError(.wrongKeys, "\(node.path): keys are missing") }
            let entry =
                isDelete ? level.draft.existingEntry(of: node, keys: keys) : level.draft.entry(of: node, keys: keys)
            return entry.map { Level(end: end, draft: $0, node: node, model: level.model) }
        case .container:
            let inner = isDelete ? level.draft.existingContainer(node) : level.draft.container(node)
            return inner.map { Level(end: end, draft: $0, node: node, model: level.model) }
        case .mountPoint:
            if let (inner, draft) = level.draft.existingMount(node) {
                return Level(end: end, draft: draft, node: inner.schema.root, model: inner)
            }
            if isDelete { return nil }
            // Which model lies here is told by the leaves beside it, which come first.
            guard let inner = level.model.mounted(level.draft.freeze(in: level.model), node) else {
                throw PathError(.noModel, "\(node.path): no driver is loaded for what is mounted here")
            }
            return Level(end: end, draft: level.draft.mount(node, model: inner), node: inner.schema.root, model: inner)
        default: throw PathError(.notEditable, "\(node.path) has no children")
        }
    }

    private func finish(
        _ item: ChangeScanner.Item, _ isDelete: Bool, _ word: StepScanner.Word, _ node: SchemaNode, _ level: Level
    ) throws -> Bool {
        let draft = level.draft
        if isDelete {
            if let keys = word.keys(of: node) {
                draft.removeEntry(of: node, keys: keys)
            } else {
                draft.remove(node)
            }
            return true
        }
        switch node.kind {
        case .leaf, .anydata, .anyxml:
            guard let value = item.value, !node.isKey, word.predicates.isEmpty else { return false }
            draft.set(value, in: node.slot)
        case .list:
            guard item.value == nil, let keys = word.keys(of: node) else { return false }
            _ = draft.entry(of: node, keys: keys)
        case .leafList:
            guard item.value == nil, let keys = word.keys(of: node) else { return false }
            draft.add(keys[0], to: node)
        case .container where node.isPresence && item.value == nil: _ = draft.container(node)
        default: return false
        }
        return true
    }
}
