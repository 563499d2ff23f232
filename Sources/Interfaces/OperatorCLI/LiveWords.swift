import CLIGrammar
import ConfigTree
import YANG

/// Words of a path into what a device has, read by its model alone: nobody knows yet which entries there are.
enum LiveWords {
    /// The steps that words mean. Keys that are left out, and patterns, stand for all entries.
    static func steps(_ words: ArraySlice<TypedWord>, in root: SchemaNode) throws -> [InstancePath.Step] {
        var steps: [InstancePath.Step] = []
        var schema = root
        var rest = words
        while let word = rest.popFirst() {
            schema = try node(word, among: OperationalPath.names(word.text, in: schema))
            var step = InstancePath.Step(schema)
            if schema.kind == .list { step.keys = try keys(of: schema, &rest) }
            steps.append(step)
            // What matches a pattern is sought in the answer.
            if schema.kind == .leafList { break }
        }
        return steps
    }

    static func node(_ word: TypedWord, among found: [SchemaNode]) throws -> SchemaNode {
        guard let node = found.first else { throw CommandFault.syntax("element does not exist", at: word.column) }
        guard found.count == 1 || node.name == word.text else {
            throw CommandFault.syntax("ambiguous argument", at: word.column)
        }
        return node
    }

    private static func keys(of list: SchemaNode, _ rest: inout ArraySlice<TypedWord>) throws -> [String] {
        var keys: [String] = []
        var isOpen = false
        for key in list.keys {
            guard let word = rest.first, word.isQuoted || list.dataChild(named: word.text) == nil else { break }
            rest.removeFirst()
            if !word.isQuoted, KeyPattern(word.text).isPattern { isOpen = true }
            if !isOpen { keys.append(try value(word, of: key)) }
        }
        return keys
    }

    /// The canonical value that a word is for a leaf.
    static func value(_ word: TypedWord, of leaf: SchemaNode) throws -> String {
        do {
            return try leaf.type?.canonical(word.text, in: ValueContext(schema: leaf.schema)) ?? word.text
        } catch {
            throw CommandFault.syntax(error.message, at: word.column)
        }
    }
}

/// Operations that devices have themselves: `rpc rpc-NAME NAME PARAMETERS`, and actions below `live-status`.
struct DeviceOperationWords {
    let grammar: CLIGrammar
    let line: TypedLine

    /// What the words behind a mount point call at each of its instances; nil if they lead to no operation.
    func calls(at points: [Instance], _ words: ArraySlice<TypedWord>) throws -> [ActionCall]? {
        var calls: [ActionCall] = []
        for point in points {
            guard let model = point.parent?.row.flatMap({ point.model.mounted($0, point.node) }) else { continue }
            let isRPC = point.node.name == "rpc"
            let (steps, rest) = try isRPC ? rpc(words, model.schema) : action(words, model.schema)
            guard let operation = steps.last?.node else { return nil }
            let path = InstancePath(point.path.steps + steps.dropLast())
            let input = try input(of: operation, rest, DataTree(model))
            calls.append(ActionCall(path: path, action: operation, input: input))
        }
        return calls.isEmpty ? nil : calls
    }

    private var incomplete: CommandFault { CommandFault.syntax("incomplete command", at: line.endColumn) }

    private func rpc(
        _ words: ArraySlice<TypedWord>, _ schema: Schema
    ) throws -> ([InstancePath.Step], ArraySlice<TypedWord>) {
        guard let first = words.first else { throw incomplete }
        let found = Self.rpcs(schema, Self.rpcPrefix, first.text)
        guard let node = found.first else { throw CommandFault.syntax("unknown element", at: first.column) }
        let isExact = Self.rpcPrefix + node.name == first.text
        guard found.count == 1 || isExact else { throw CommandFault.syntax("ambiguous argument", at: first.column) }
        guard let second = words.dropFirst().first else { throw incomplete }
        guard node.name.hasPrefix(second.text) else { throw CommandFault.syntax("unknown element", at: second.column) }
        return ([InstancePath.Step(node)], words.dropFirst(2))
    }

    static let rpcPrefix = "rpc-"

    /// The operations of which the name behind `prefix` begins so; the one that is called so alone, if there is one.
    static func rpcs(_ schema: Schema, _ prefix: String, _ word: String) -> [SchemaNode] {
        let all = schema.root.dataChildren.filter { $0.kind == .rpc && (prefix + $0.name).hasPrefix(word) }
        return all.first { prefix + $0.name == word }.map { [$0] } ?? all
    }

    private func action(
        _ words: ArraySlice<TypedWord>, _ schema: Schema
    ) throws -> ([InstancePath.Step], ArraySlice<TypedWord>) {
        var node = schema.root
        var steps: [InstancePath.Step] = []
        var rest = words
        while let word = rest.popFirst() {
            let among = node.dataChildren.filter { $0.kind != .rpc && OperationalPath.hasAction($0, depth: 0) }
            let exact = among.filter { $0.name == word.text }
            node = try LiveWords.node(
                word, among: exact.isEmpty ? among.filter { $0.name.hasPrefix(word.text) } : exact)
            var step = InstancePath.Step(node)
            if node.kind == .list {
                for key in node.keys {
                    guard let value = rest.popFirst() else { throw incomplete }
                    step.keys.append(try LiveWords.value(value, of: key))
                }
            }
            steps.append(step)
            if node.kind == .action { return (steps, rest) }
        }
        throw incomplete
    }

    private func input(of operation: SchemaNode, _ rest: ArraySlice<TypedWord>, _ tree: DataTree) throws -> Row {
        let text = rest.isEmpty ? "" : line.rest(from: rest.startIndex)
        do {
            return try grammar.input(of: operation, text, tree: tree)
        } catch {
            throw CommandFault.syntax(error.message, at: (rest.first?.column ?? line.endColumn) + error.column)
        }
    }
}
