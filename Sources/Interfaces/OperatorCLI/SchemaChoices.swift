import CLIGrammar
import ConfigTree
import YANG

/// What can follow on a path of operational mode: names, keys, and the parameters of actions.
struct SchemaChoices {
    enum Purpose { case show, action }

    let tree: DataTree
    let purpose: Purpose

    /// The last word is half typed or empty.
    func choices(_ words: [TypedWord]) -> [Choice] {
        var here: Instance? = tree.rootInstance
        var schema = tree.model.schema.root
        var rest = words[...]
        while rest.count > 1, let word = rest.popFirst() {
            let found = names(word.text, in: here?.childSchema ?? schema)
            guard let node = found.first, found.count == 1 || node.name == word.text else { return [] }
            if node.kind == .action || node.kind == .rpc { return parameters(node, rest) }
            if node.kind == .mountPoint, node.name == "rpc", purpose == .action {
                return operations(here?.child(node)?.childSchema?.schema, rest)
            }
            if node.kind == .list {
                let (entry, answer) = keys(node, here, &rest)
                if let answer { return answer }
                here = entry
            } else {
                here = here?.child(node)
            }
            schema = node
        }
        return children(here?.childSchema ?? schema)
    }

    /// `rpc-NAME`, `NAME`, and its parameters.
    private func operations(_ schema: Schema?, _ words: ArraySlice<TypedWord>) -> [Choice] {
        guard let schema, let first = words.first else { return [] }
        guard words.count > 1 else {
            return DeviceOperationWords.rpcs(schema, DeviceOperationWords.rpcPrefix, "").map {
                Choice(DeviceOperationWords.rpcPrefix + $0.name, Completer.info($0))
            }
        }
        let found = DeviceOperationWords.rpcs(schema, DeviceOperationWords.rpcPrefix, first.text)
        guard found.count == 1, let rpc = found.first else { return [] }
        return words.count == 2
            ? [Choice(rpc.name, Completer.info(rpc))] : parameters(rpc, words.dropFirst(2))
    }

    private func names(_ word: String, in schema: SchemaNode) -> [SchemaNode] {
        let visible = schema.dataChildren.filter(isVisible)
        let exact = visible.filter { $0.name == word }
        return exact.isEmpty ? visible.filter { $0.name.hasPrefix(word) } : exact
    }

    private func isVisible(_ node: SchemaNode) -> Bool {
        switch purpose {
        case .show: OperationalPath.isShown(node) && hasState(node, depth: 0)
        // Operations of a device are below its `rpc`.
        case .action:
            OperationalPath.hasAction(node, depth: 0) && (node.kind != .rpc || node.schema === tree.model.schema)
        }
    }

    /// Whether there can be something to show at or below a node.
    private func hasState(_ node: SchemaNode, depth: Int) -> Bool {
        switch node.kind {
        case .action: return OperationalPath.isShown(node)
        case .rpc, .notification: return false
        case .container, .list:
            if !node.isConfig { return true }
            return depth < 8 && node.dataChildren.contains { !$0.isKey && hasState($0, depth: depth + 1) }
        default: return !node.isConfig
        }
    }

    private func children(_ schema: SchemaNode) -> [Choice] {
        schema.dataChildren.filter { isVisible($0) && !$0.isKey }.map { Choice($0.name, Completer.info($0)) }
            .sorted { $0.text < $1.text }
    }

    /// Reads the keys of an entry; the choices, if the word at the cursor is one of them.
    private func keys(
        _ list: SchemaNode, _ here: Instance?, _ rest: inout ArraySlice<TypedWord>
    ) -> (Instance?, [Choice]?) {
        var entries = here.map { Array($0.entries(list)) } ?? []
        for index in list.keys.indices {
            guard rest.count > 1, let word = rest.first else {
                var seen: Set<String> = []
                let known = entries.map { $0.keys[index] }.filter { seen.insert($0).inserted }
                let below = purpose == .show ? children(list) : []
                return (nil, known.prefix(1_000).map { Choice($0) } + below)
            }
            if !KeyPattern(word.text).isPattern {
                let found = entries.filter { $0.keys[index] == word.text }
                if found.isEmpty { return (nil, nil) }
                entries = found
            }
            rest.removeFirst()
        }
        return (entries.first, nil)
    }

    /// The parameters of an action that have not been given, or the values of the one before the cursor.
    private func parameters(_ action: SchemaNode, _ words: ArraySlice<TypedWord>) -> [Choice] {
        guard let input = action.dataChild(named: "input") else { return [] }
        let leaves = Array(input.dataChildren)
        if let last = words.dropLast().last, let leaf = leaves.first(where: { $0.name == last.text }),
            leaf.isTerminal, leaf.type?.base != .empty
        {
            let values = leaf.type?.enums.map { Choice($0.name) } ?? []
            if leaf.type?.base == .boolean { return [Choice("false"), Choice("true")] }
            return values.isEmpty ? [Choice("<\(leaf.type?.base.rawValue ?? "value")>", isValue: true)] : values
        }
        let given = Set(words.dropLast().map(\.text))
        return leaves.filter { !given.contains($0.name) }.map { Choice($0.name, Completer.info($0)) }
    }
}
