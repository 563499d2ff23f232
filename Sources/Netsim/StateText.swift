import ConfigTree
import YANG

/// `show WORDS` of a device's own nodes: what is stored there, configuration and state data, a leaf a line.
///
/// Words name nodes of the model, abbreviated where that is clear, and list entries by their keys.
struct StateText {
    let tree: DataTree

    /// What the words name; nil if that is nothing of the model.
    ///
    /// - Returns: The text, or the number of the word that fits nowhere.
    func text(_ words: [Substring]) -> Result<String, Mismatch> {
        var places: [(path: [String], instance: Instance)] = [([], tree.rootInstance)]
        var schema = tree.model.schema.root
        var index = 0
        while index < words.count {
            guard let node = Self.child(of: schema, named: words[index]) else {
                return .failure(Mismatch(index: index))
            }
            schema = node
            index += 1
            if node.kind == .list {
                let keys = words[index...].prefix(node.keys.count).map(String.init)
                index += keys.count
                places = places.flatMap { place in
                    place.instance.entries(node).filter { $0.keys.starts(with: keys) }
                        .map { (place.path + [node.name] + $0.keys, $0) }
                }
            } else if node.isTerminal {
                guard index == words.count else { return .failure(Mismatch(index: index)) }
                let lines = places.flatMap { place in Self.values(place.instance, node).map { (place.path, $0) } }
                return .success(lines.map { ($0 + [node.name, $1]).joined(separator: " ") + "\n" }.joined())
            } else {
                places = places.compactMap { place in
                    place.instance.child(node).map { (place.path + [node.name], $0) }
                }
            }
        }
        return .success(places.map { Self.block($0.path, $0.instance) }.joined())
    }

    struct Mismatch: Error {
        var index: Int
    }

    /// The node of that name, or the only one whose name begins so.
    private static func child(of schema: SchemaNode, named word: Substring) -> SchemaNode? {
        let children = schema.dataChildren
        if let exact = children.first(where: { $0.name == word }) { return exact }
        let fitting = children.filter { $0.name.hasPrefix(word) }
        return fitting.count == 1 ? fitting[0] : nil
    }

    private static func values(_ parent: Instance, _ leaf: SchemaNode) -> [String] {
        leaf.kind == .leafList ? parent.values(leaf) : parent.value(leaf).map { [$0] } ?? []
    }

    /// A heading with the way to it, and below it, indented, its leaves; then the entries inside, each with its heading.
    private static func block(_ path: [String], _ instance: Instance) -> String {
        var lines = ""
        var inner = ""
        let indent = path.isEmpty ? "" : " "
        collect(instance, []) { words in
            lines += indent + words.joined(separator: " ") + "\n"
        } entry: { words, entry in
            inner += block(path + words, entry)
        }
        let heading = path.isEmpty || lines.isEmpty ? "" : path.joined(separator: " ") + "\n"
        return heading + lines + inner
    }

    private static func collect(
        _ instance: Instance, _ prefix: [String], line: ([String]) -> Void, entry: ([String], Instance) -> Void
    ) {
        for child in instance.children() {
            let words = prefix + [child.node.name]
            switch child.node.kind {
            case .leaf where child.node.isKey: continue
            case .leaf, .leafList: line(words + [child.value ?? ""])
            case .list: entry(words + child.keys, child)
            default: collect(child, words, line: line, entry: entry)
            }
        }
    }
}
