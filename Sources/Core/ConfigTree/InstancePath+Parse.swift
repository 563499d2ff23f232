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
        guard values.count == names.count, word.namedKeys.isEmpty || word.namedKeys.count == names.count else {
            throw PathError(.wrongKeys, "\(text): \(node.path) has the keys \(names.joined(separator: ", "))")
        }
        return values
    }
}

/// Splits the text of a path into its steps. Works on bytes: a quote is a quote, whatever combining mark follows it.
struct PathScanner {
    struct Word {
        var module: String?
        var name: String
        var keys: [String] = []
        var namedKeys: [String: String] = [:]
    }

    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard let next, next == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    mutating func nextStep() throws(PathError) -> Word? {
        _ = accept("/")
        guard next != nil else { return nil }
        var name = take(until: "/[{:")
        var module: String?
        if accept(":") {
            module = name
            name = take(until: "/[{")
        }
        guard !name.isEmpty else { throw fault("a name is missing") }
        var word = Word(module: module, name: name)
        if accept("{") { word.keys = try bracedKeys() }
        while accept("[") {
            let (key, value) = try predicate()
            guard word.namedKeys.updateValue(value, forKey: key) == nil else { throw fault("\(key) stands twice") }
        }
        guard next == nil || next == UInt8(ascii: "/") else { throw fault("/ expected before \(rest)") }
        return word
    }

    private var rest: String { String(decoding: bytes[index...].prefix(80), as: UTF8.self) }

    private func fault(_ reason: String) -> PathError {
        PathError(.syntax, "\(String(decoding: bytes, as: UTF8.self)): \(reason)")
    }

    private mutating func take(until stops: StaticString) -> String {
        let start = index
        stops.withUTF8Buffer { stops in
            while let next, !stops.contains(next) { index += 1 }
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func bracedKeys() throws(PathError) -> [String] {
        var keys: [String] = []
        while let next, next != UInt8(ascii: "}") {
            if next == UInt8(ascii: " ") {
                index += 1
            } else {
                keys.append(next == UInt8(ascii: "\"") ? try literal() : take(until: " }"))
            }
        }
        guard accept("}") else { throw fault("} is missing") }
        return keys
    }

    private mutating func predicate() throws(PathError) -> (String, String) {
        while accept(" ") {}
        var name = take(until: "=] ")
        if let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) {
            name = String(name[name.utf8.index(after: colon)...])
        }
        while accept(" ") {}
        guard accept("=") else { throw fault("= is missing after [\(name)") }
        while accept(" ") {}
        let value = try literal()
        while accept(" ") {}
        guard accept("]") else { throw fault("] is missing after \(value)") }
        return (name, value)
    }

    private mutating func literal() throws(PathError) -> String {
        guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw fault("a quoted value is missing")
        }
        index += 1
        var value: [UInt8] = []
        while let byte = next {
            index += 1
            if byte == quote {
                guard next == quote else { return String(decoding: value, as: UTF8.self) }
                index += 1
            }
            value.append(byte)
        }
        throw fault("\(Unicode.Scalar(quote)) is missing at the end of a value")
    }
}
