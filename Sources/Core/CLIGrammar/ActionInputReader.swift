import ConfigTree
import YANG

/// An action that a line leads to.
struct ActionRequest {
    /// The frame of the node that has it.
    var frame: Int
    var node: CLINode
    /// The first word of its parameters.
    var token: Int
}

/// Reads the parameters of an action: `name value`, containers and list entries with or without braces around their
/// content, in any order.
struct ActionInputReader {
    private let line: CLILine
    private let grammar: CLIGrammar
    private let inputNode: CLINode?
    private let draft: RowDraft
    private var cursor: Int
    /// Words that stand for secrets; empty where such a value is lacking.
    private(set) var secretWords: [Range<Int>] = []

    init(_ parser: borrowing LineParser, _ action: ActionRequest) {
        line = parser.line
        grammar = parser.frames[action.frame].grammar
        inputNode = action.node.children.nodes.first { $0.kind == .input }
        draft = RowDraft(inputNode?.schema ?? action.node.schema)
        cursor = action.token
    }

    var input: Row { draft.freeze(in: grammar.model) }

    /// Reads all; nil or the fault.
    mutating func read() -> CLIFault? {
        do throws(CLIFault) {
            guard let inputNode else {
                if cursor < line.tokens.count { throw fault("unknown argument: \(word)") }
                return nil
            }
            try content(of: inputNode, draft)
            if cursor < line.tokens.count { throw fault("unknown argument: \(word)") }
            return nil
        } catch {
            return error
        }
    }

    private var word: String { cursor < line.tokens.count ? CLIText.string(line.text(cursor)) : "" }
    private func isWord(_ text: String) -> Bool {
        cursor < line.tokens.count && word == text && !line.tokens[cursor].isQuoted
    }
    private func fault(_ message: String) -> CLIFault { CLIFault(column: line.column(cursor), message: message) }

    /// Reads children of `node` as long as there are any.
    private mutating func content(of node: CLINode, _ draft: RowDraft) throws(CLIFault) {
        while cursor < line.tokens.count, let child = try child(of: node) {
            cursor += 1
            switch child.kind {
            case .leaf: draft.set(try value(of: child), for: child.schema)
            case .leafList: for value in try values(of: child) { draft.add(value, to: child.schema) }
            case .container: try inside(child, draft.container(child.schema))
            case .list:
                var keys: [String] = []
                let isBraced = isWord("{")
                if isBraced { return try bracedEntry(child, draft, node) }
                for key in child.children.keys { keys.append(try value(of: key, afterName: false)) }
                try inside(
                    child,
                    keys.isEmpty ? draft.appendEntry(of: child.schema) : draft.entry(of: child.schema, keys: keys))
            default: throw fault("unknown argument: \(word)")
            }
        }
    }

    /// An entry with its keys among the leaves in braces: `variable { name X value 'y' }`.
    private mutating func bracedEntry(_ list: CLINode, _ draft: RowDraft, _ parent: CLINode) throws(CLIFault) {
        cursor += 1
        let scratch = RowDraft(list.schema)
        try content(of: list, scratch)
        guard isWord("}") else { throw fault("} expected") }
        cursor += 1
        let keys = list.children.keys.map { scratch.value(of: $0.schema) ?? "" }
        let entry = keys.isEmpty ? draft.appendEntry(of: list.schema) : draft.entry(of: list.schema, keys: keys)
        for leaf in list.children.nodes where leaf.kind == .leaf {
            if let value = scratch.value(of: leaf.schema) { entry.set(value, for: leaf.schema) }
        }
        try content(of: parent, draft)
    }

    private mutating func inside(_ node: CLINode, _ draft: RowDraft) throws(CLIFault) {
        guard isWord("{") else { return try content(of: node, draft) }
        cursor += 1
        try content(of: node, draft)
        guard isWord("}") else { throw fault("} expected") }
        cursor += 1
    }

    private func child(of node: CLINode) throws(CLIFault) -> CLINode? {
        if isWord("}") { return nil }
        let text = line.text(cursor)
        let nodes = node.children.nodes
        if let exact = nodes.first(where: { $0.matches(text) }) { return exact }
        let abbreviated = nodes.filter { $0.word.starts(with: text) }
        if abbreviated.count > 1 { throw fault("ambiguous: \(word)") }
        return abbreviated.first
    }

    private mutating func value(of leaf: CLINode, afterName: Bool = true) throws(CLIFault) -> String {
        if leaf.value.isEmpty, afterName { return "" }
        if leaf.isSecret { secretWords.append(cursor..<min(cursor + 1, line.tokens.count)) }
        guard cursor < line.tokens.count else { throw fault("incomplete command") }
        do {
            let value = try leaf.canonical(line.text(cursor), in: grammar.valueContext)
            cursor += 1
            return value
        } catch {
            throw fault(error.message)
        }
    }

    private mutating func values(of leafList: CLINode) throws(CLIFault) -> [String] {
        guard isWord("[") else { return [try value(of: leafList)] }
        cursor += 1
        var values: [String] = []
        while !isWord("]") {
            guard cursor < line.tokens.count else { throw fault("] expected") }
            values.append(try value(of: leafList))
        }
        cursor += 1
        return values
    }
}
