import ConfigTree
import YANG

/// The words of J-style statements: names, keys, values.
struct StatementWords {
    let grammar: CLIGrammar

    /// The name of a container or list, and the keys of an entry.
    func header(_ node: CLINode, keys: [String] = []) -> [UInt8] {
        var words: [[UInt8]] = node.has(.dropNodeName) ? [] : [node.word]
        for (key, value) in zip(node.children.keys, keys) {
            if key.has(.exposeKeyName) { words.append(key.word) }
            words.append(self.value(key, value))
        }
        return Array(words.joined(separator: [CLIText.space]))
    }

    func value(_ node: CLINode, _ value: String) -> [UInt8] {
        grammar.writer.word(grammar.writer.plain(value, of: node, in: grammar.model.schema))
    }

    /// Name and value of a leaf.
    func leaf(_ node: CLINode, _ value: String) -> [UInt8] {
        if node.value.isEmpty { return node.word }
        let text = self.value(node, value)
        return node.has(.dropNodeName) ? text : node.word + [CLIText.space] + text
    }

    /// Name and values of a leaf-list: in brackets, if there are several.
    func leafList(_ node: CLINode, _ values: [String]) -> [UInt8] {
        let words = values.map { value(node, $0) }
        let text = Array(words.joined(separator: [CLIText.space]))
        let list = values.count == 1 ? text : Array("[ ".utf8) + text + Array(" ]".utf8)
        return node.has(.dropNodeName) ? list : node.word + [CLIText.space] + list
    }

    /// A path to a container, entry, leaf or value of a leaf-list.
    func words(_ path: InstancePath) -> [UInt8] {
        var node = grammar.root
        var words: [[UInt8]] = []
        for step in path.steps {
            node = node.child(step.node.slot)
            let isValue = node.kind == .leafList && !step.keys.isEmpty
            let word = isValue ? leafList(node, step.keys) : header(node, keys: step.keys)
            if !word.isEmpty { words.append(word) }
        }
        return Array(words.joined(separator: [CLIText.space]))
    }
}

/// What stands in a node: children in the order of the schema, without the keys of an entry.
extension Row {
    func statementSlots(_ node: CLINode) -> [Int] {
        storedSlots.filter { slot in
            let child = node.child(slot)
            return child.schema.isConfig && !(node.kind == .list && child.schema.isKey)
        }
    }
}
