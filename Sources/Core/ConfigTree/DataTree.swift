package import YANG

/// A whole tree of instance data: an immutable value, cheap to pass and to keep as a snapshot.
///
/// An edit gives a new tree that shares every row it did not touch, so a diff of two versions costs what differs.
package struct DataTree: Sendable {
    package let model: DataModel
    package let root: Row

    package init(model: DataModel, root: Row) {
        self.model = model
        self.root = root
    }

    /// The tree without any data.
    package init(_ model: DataModel) { self.init(model: model, root: .empty(model.schema.root.id)) }

    package init(_ draft: RowDraft, model: DataModel) { self.init(model: model, root: draft.freeze(in: model)) }

    package var isEmpty: Bool { root.isEmpty }
    package var rootInstance: Instance { Instance(root: self) }

    /// The instance at `path`, if it is stored (or is a non-presence container or leaf default in use: see `Instance`).
    package func instance(_ path: InstancePath) -> Instance? { rootInstance.descendant(path.steps[...]) }

    /// The canonical value at a path to a leaf, stored or by default.
    package func value(_ path: InstancePath) -> String? {
        guard let last = path.steps.last else { return nil }
        return rootInstance.descendant(path.steps.dropLast())?.value(last.node)
    }
}

/// A path to an instance: schema nodes with the key values of list entries, over mount points if need be.
package struct InstancePath: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        package var node: SchemaNode
        /// Canonical key values of a list entry, or the value of a leaf-list entry; empty for the list as a whole.
        package var keys: [String]

        package init(_ node: SchemaNode, keys: [String] = []) {
            self.node = node
            self.keys = keys
        }
    }

    package var steps: [Step]

    package init(_ steps: [Step] = []) { self.steps = steps }

    package var last: Step? { steps.last }
    package var parent: InstancePath { InstancePath(Array(steps.dropLast())) }

    package func appending(_ node: SchemaNode, keys: [String] = []) -> InstancePath {
        InstancePath(steps + [Step(node, keys: keys)])
    }

    package func hasPrefix(_ prefix: InstancePath) -> Bool { steps.starts(with: prefix.steps) }
}

extension InstancePath: CustomStringConvertible {
    /// The self-contained form that change sets keep: `/tailf-ncs:devices/device[name='ce0']/config/ios:hostname`,
    /// module names at the top and wherever the module changes.
    package var description: String {
        var text = ""
        var module: String?
        for step in steps {
            text += "/"
            let here = step.node.moduleName
            if here != module { text += here + ":" }
            module = step.node.kind == .mountPoint ? nil : here
            text += step.node.name
            guard !step.keys.isEmpty else { continue }
            if step.node.kind == .leafList {
                text += "[.=\(Self.quoted(step.keys[0]))]"
            } else {
                for (key, value) in zip(step.node.keys, step.keys) { text += "[\(key.name)=\(Self.quoted(value))]" }
            }
        }
        return text.isEmpty ? "/" : text
    }

    /// The form that operators see in messages: `/ncs:devices/device{ce0}/config/ios:hostname`, module prefixes.
    package var keypath: String {
        var text = ""
        var module: String?
        for step in steps {
            text += "/"
            let here = step.node.module
            if here.name != module { text += here.prefix + ":" }
            module = step.node.kind == .mountPoint ? nil : here.name
            text += step.node.name
            if !step.keys.isEmpty { text += "{" + step.keys.map(Self.keyText).joined(separator: " ") + "}" }
        }
        return text.isEmpty ? "/" : text
    }

    /// The form of the CLI: `devices device ce0 config hostname`.
    package var words: String {
        steps.flatMap { [$0.node.name] + $0.keys.map(Self.keyText) }.joined(separator: " ")
    }

    static func keyText(_ key: String) -> String {
        let isPlain = key.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "}") }
        return isPlain && !key.isEmpty ? key : "\"" + doubled(UInt8(ascii: "\""), in: key) + "\""
    }

    /// An XPath literal, doubled quotes where both kinds occur (an escape of ours; XPath 1.0 has none).
    private static func quoted(_ value: String) -> String {
        let apostrophe = UInt8(ascii: "'")
        if !value.utf8.contains(apostrophe) { return "'\(value)'" }
        if !value.utf8.contains(UInt8(ascii: "\"")) { return "\"\(value)\"" }
        return "'" + doubled(apostrophe, in: value) + "'"
    }

    private static func doubled(_ quote: UInt8, in text: String) -> String {
        String(decoding: text.utf8.flatMap { $0 == quote ? [$0, $0] : [$0] }, as: UTF8.self)
    }
}

/// Why a path cannot be followed or an edit cannot be made.
package struct PathError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable { case syntax, unknownNode, wrongKeys, noModel, notEditable }

    package var code: Code
    package var description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package static func == (a: PathError, b: PathError) -> Bool { a.code == b.code }
    package func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
