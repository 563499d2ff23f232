import CLIGrammar
import ConfigTree
import YANG

/// Actions of list entries that are no configuration, such as `packages package X redeploy`: the grammar of
/// configuration does not lead to them.
enum StateAction {
    /// What the words mean; nil if they lead to no such action.
    static func calls(_ invocation: Invocation, in tree: DataTree, _ grammar: CLIGrammar) throws -> [ActionCall]? {
        let words = invocation.line.words[invocation.position...]
        var here = [tree.rootInstance]
        var isState = false
        var rest = words
        while let word = rest.popFirst() {
            // A mount point where nothing is mounted may have actions of its own.
            guard let first = here.first, let node = name(word.text, in: first.childSchema ?? first.node) else {
                return nil
            }
            if node.kind == .action {
                guard isState else { return nil }
                let input = try input(of: node, rest, tree.model, end: invocation.line.endColumn)
                return here.map { ActionCall(path: $0.path, action: node, input: input) }
            }
            isState = isState || !node.isConfig
            guard node.kind == .list else {
                here = here.compactMap { $0.child(node) }
                if node.kind == .mountPoint, here.contains(where: { $0.childSchema != nil }) {
                    return try DeviceOperationWords(grammar: grammar, line: invocation.line).calls(at: here, rest)
                }
                continue
            }
            here = here.flatMap { Array($0.entries(node)) }
            for index in node.keys.indices {
                guard let key = rest.popFirst() else { return nil }
                let pattern = KeyPattern(key.text)
                let isPattern = !key.isQuoted && pattern.isPattern
                here = here.filter { $0.keys[index] == key.text || isPattern && pattern.matches($0.keys[index]) }
                if here.isEmpty, !node.isConfig { throw CommandFault.syntax("element does not exist", at: key.column) }
            }
        }
        return nil
    }

    private static func name(_ word: String, in schema: SchemaNode) -> SchemaNode? {
        let all = schema.dataChildren.filter { OperationalPath.hasAction($0, depth: 0) }
        if let exact = all.first(where: { $0.name == word }) { return exact }
        let found = all.filter { $0.name.hasPrefix(word) }
        return found.count == 1 ? found[0] : nil
    }

    private static func isFree(_ leaf: SchemaNode) -> Bool {
        leaf.kind == .leaf && leaf.annotation("cli-drop-node-name") != nil && leaf.annotation("cli-multi-value") != nil
    }

    /// Leaves of the input, each with its value behind its name.
    private static func input(
        of action: SchemaNode, _ words: ArraySlice<TypedWord>, _ model: DataModel, end: Int
    ) throws -> Row {
        let node = action.dataChild(named: "input") ?? action
        let draft = RowDraft(node)
        let context = ValueContext(schema: model.schema)
        var rest = words
        while let word = rest.popFirst() {
            guard let leaf = node.dataChildren.first(where: { $0.name == word.text && $0.isTerminal }) else {
                // One parameter without a name takes all that is left.
                if let free = node.dataChildren.first(where: isFree) {
                    draft.set(([word] + rest).map(\.text).joined(separator: " "), for: free)
                    break
                }
                throw CommandFault.syntax("unknown argument", at: word.column)
            }
            var value = ""
            if let type = leaf.type, type.base != .empty {
                guard let text = rest.popFirst() else { throw CommandFault.syntax("incomplete command", at: end) }
                do {
                    value = try type.canonical(text.text, in: context)
                } catch {
                    throw CommandFault.syntax(error.message, at: text.column)
                }
            }
            if leaf.kind == .leafList { draft.add(value, to: leaf) } else { draft.set(value, for: leaf) }
        }
        return draft.freeze(in: model)
    }
}
