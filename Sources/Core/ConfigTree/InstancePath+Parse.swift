import YANG

extension DataTree {
    /// The path that a text names, in any of our forms: `[key='value']` or `{value ...}` for keys, module names or
    /// prefixes or neither where it is plain. Key values must be canonical.
    package func path(_ text: String) throws(PathError) -> InstancePath {
        var scanner = PathScanner(text)
        var path = InstancePath()
        var model = model
        var row: Row? = root
        var parent = model.schema.root
        while let word = try scanner.nextStep() {
            if parent.kind == .mountPoint, let inner = mountedModel(row, parent) {
                if case .mount(let tree)? = row?.kid(in: parent.slot) { row = tree.root } else { row = nil }
                model = inner
                parent = model.schema.root
            }
            guard let node = Self.child(of: parent, word.module, word.name) else {
                throw PathError(.unknownNode, "\(text): \(parent.path) has no child \(word.name)")
            }
            let keys = try keys(word, of: node, in: text)
            path.steps.append(InstancePath.Step(node, keys: keys))
            row = Self.next(row, node, keys)
            parent = node
        }
        return path
    }

    /// What lies below a mount point of `row`: the tree that is there, or the model that would be.
    private func mountedModel(_ row: Row?, _ point: SchemaNode) -> DataModel? {
        guard let row else { return nil }
        if case .mount(let tree)? = row.kid(in: point.slot) { return tree.model }
        return model.mounted(row, point)
    }

    /// The row below `node`; at a mount point the row that holds it stays.
    private static func next(_ row: Row?, _ node: SchemaNode, _ keys: [String]) -> Row? {
        switch row?.kid(in: node.slot) {
        case .row(let child)?: child
        case .entries(let entries)?: entries.entry(keys)
        case .mount?: row
        case nil: node.kind == .mountPoint ? row : nil
        }
    }

    private static func child(of parent: SchemaNode, _ qualifier: String?, _ name: String) -> SchemaNode? {
        guard let qualifier else { return parent.dataChild(named: name) }
        if let node = parent.dataChild(named: name, module: qualifier) { return node }
        return parent.dataChildren.first { $0.name == name && $0.module.prefix == qualifier }
    }

    private func keys(
        _ word: PathScanner.Word, of node: SchemaNode, in text: String
    ) throws(PathError) -> [String] {
        if word.namedKeys.isEmpty, word.keys.isEmpty { return [] }
        let names = node.kind == .leafList ? ["."] : node.keys.map(\.name)
        let values = word.namedKeys.isEmpty ? word.keys : names.compactMap { word.namedKeys[$0] }
        guard values.count == names.count else {
            throw PathError(.wrongKeys, "\(text): \(node.path) has the keys \(names.joined(separator: ", "))")
        }
        return values
    }
}

/// Splits the text of a path into its steps.
struct PathScanner {
    struct Word {
        var module: String?
        var name: String
        var keys: [String] = []
        var namedKeys: [String: String] = [:]
    }

    private var rest: Substring
    private let whole: String

    init(_ text: String) {
        whole = text
        rest = text[...]
    }

    mutating func nextStep() throws(PathError) -> Word? {
        if rest.first == "/" { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        var name = take { $0 != "/" && $0 != "[" && $0 != "{" && $0 != ":" }
        var module: String?
        if rest.first == ":" {
            rest.removeFirst()
            module = name
            name = take { $0 != "/" && $0 != "[" && $0 != "{" }
        }
        guard !name.isEmpty else { throw fault("a name is missing") }
        var word = Word(module: module, name: name)
        if rest.first == "{" { word.keys = try bracedKeys() }
        while rest.first == "[" {
            let (key, value) = try predicate()
            word.namedKeys[key] = value
        }
        guard rest.isEmpty || rest.first == "/" else { throw fault("/ expected before \(rest)") }
        return word
    }

    private func fault(_ reason: String) -> PathError { PathError(.syntax, "\(whole): \(reason)") }

    private mutating func take(_ while: (Character) -> Bool) -> String {
        let word = rest.prefix(while: `while`)
        rest = rest[word.endIndex...]
        return String(word)
    }

    private mutating func bracedKeys() throws(PathError) -> [String] {
        rest.removeFirst()
        var keys: [String] = []
        while let next = rest.first, next != "}" {
            if next == " " {
                rest.removeFirst()
            } else {
                keys.append(next == "\"" ? try literal() : take { $0 != " " && $0 != "}" })
            }
        }
        guard rest.first == "}" else { throw fault("} is missing") }
        rest.removeFirst()
        return keys
    }

    private mutating func predicate() throws(PathError) -> (String, String) {
        rest.removeFirst()
        var name = take { $0 != "=" && $0 != "]" }
        if let colon = name.firstIndex(of: ":") { name = String(name[name.index(after: colon)...]) }
        guard rest.first == "=" else { throw fault("= is missing after [\(name)") }
        rest.removeFirst()
        let value = try literal()
        guard rest.first == "]" else { throw fault("] is missing after \(value)") }
        rest.removeFirst()
        return (name.trimmingPrefix(" ").description, value)
    }

    private mutating func literal() throws(PathError) -> String {
        guard let quote = rest.first, quote == "'" || quote == "\"" else { throw fault("a quoted value is missing") }
        rest.removeFirst()
        var value = ""
        while true {
            value += take { $0 != quote }
            guard !rest.isEmpty else { throw fault("\(quote) is missing at the end of a value") }
            rest.removeFirst()
            guard rest.first == quote else { return value }
            value.append(quote)
            rest.removeFirst()
        }
    }
}
