import ConfigTree
import YANG

/// Lays what a template has for a driver over the configuration of one device of it, node by node, as the tags say.
///
/// The nodes of the template's model and of the device's have the same numbers. Faults are gathered, each with its path:
/// a tree that had any is not to be used.
struct TemplateApplier {
    private let schema: Schema
    private let scope: TemplateScope
    private let open: (String) -> String?
    /// The modules that the device says it has; nil where it does not say.
    private let modules: Set<String>?
    private(set) var tree: DataTree
    private(set) var faults: [String] = []
    /// Whether the device has a module that the template has something of.
    private(set) var hasMatch = false
    /// What was done, as `debug template` tells it.
    private(set) var steps: [String] = []

    private static let faultLimit = 20
    /// How many entries the expressions in the keys of one entry may make.
    private static let entryLimit = 100_000

    /// How `debug template` names the device; and whether anybody wants to know.
    private let place: String
    private let isTold: Bool

    /// - Parameters:
    ///   - tree: what the device has, over its own model.
    ///   - name: of the device.
    ///   - open: gives the plain text of a sealed secret.
    init(
        _ tree: DataTree, of name: String, _ scope: TemplateScope, modules: Set<String>?,
        isTold: Bool, open: @escaping (String) -> String?
    ) {
        self.tree = tree
        self.isTold = isTold
        place = "/devices/device[name='\(name)']"
        steps = ["Operation 'merge' on existing node: \(place)"]
        schema = tree.model.schema
        self.scope = scope
        self.modules = modules
        self.open = open
    }

    /// - Parameters:
    ///   - template: the root of the template's tree.
    ///   - context: where expressions are evaluated: the device.
    mutating func apply(_ template: Instance, at context: DataNode) {
        children(of: template, InstancePath(), .merge, context)
    }

    private mutating func fault(_ path: InstancePath, _ message: String) {
        if faults.count < Self.faultLimit { faults.append("\(path): \(message)") }
    }

    private mutating func edit(_ edit: Edit, _ path: InstancePath) {
        do throws(PathError) { try tree.apply(edit, at: path) } catch { fault(path, error.description) }
    }

    private func isThere(_ path: InstancePath) -> Bool { tree.instance(path).map { !$0.isDefault } ?? false }

    private mutating func children(
        of parent: Instance, _ place: InstancePath, _ inherited: TemplateTag, _ context: DataNode
    ) {
        for child in parent.children() where !child.node.isKey {
            if let modules, !modules.contains(child.node.moduleName) {
                if child.node.moduleIndex != parent.node.moduleIndex || place.steps.isEmpty {
                    steps.append(
                        "The device \(self.place) does not support namespace '\(child.node.namespace)' for node "
                            + "\"\(child.node.name)\"\nSkipping...")
                }
                continue
            }
            hasMatch = true
            let node = schema[child.node.id]
            switch node.kind {
            case .leaf, .anydata, .anyxml: leaf(child, node, parent, place, inherited, context)
            case .leafList: leafListEntry(child, node, parent, place, inherited, context)
            case .list: entries(child, node, place, TemplateTag.of(child.row) ?? inherited, context)
            default: container(child, node, place, TemplateTag.of(child.row) ?? inherited, context)
            }
        }
    }

    // MARK: Leaves

    private mutating func leaf(
        _ leaf: Instance, _ node: SchemaNode, _ parent: Instance, _ place: InstancePath, _ inherited: TemplateTag,
        _ context: DataNode
    ) {
        let tag = TemplateTag.of(parent.row, slot: node.slot) ?? inherited
        let path = place.appending(node)
        if tag == .delete { return delete(path) }
        guard admits(tag, path) else { return }
        guard node.type?.base != .empty else {
            note(tag, path)
            return edit(.set(""), path)
        }
        guard let found = values(leaf.value ?? "", leaf.node, path, context), let first = found.first else { return }
        guard let value = canonical(first.text, node, path) else { return }
        note(tag, path)
        edit(.set(value), path)
    }

    private mutating func leafListEntry(
        _ entry: Instance, _ node: SchemaNode, _ parent: Instance, _ place: InstancePath, _ inherited: TemplateTag,
        _ context: DataNode
    ) {
        let stored = parent.row?.entries(in: node.slot)?.entry(entry.keys)
        let tag = TemplateTag.of(stored) ?? inherited
        let list = place.appending(node)
        for found in values(entry.value ?? "", entry.node, list, context) ?? [] {
            guard let value = canonical(found.text, node, list) else { continue }
            let path = place.appending(node, keys: [value])
            if tag == .delete {
                delete(path)
            } else if admits(tag, path) {
                note(tag, path)
                edit(.create, path)
            }
        }
    }

    // MARK: Containers and entries

    private mutating func container(
        _ container: Instance, _ node: SchemaNode, _ place: InstancePath, _ tag: TemplateTag, _ context: DataNode
    ) {
        let path = place.appending(node)
        if tag == .delete { return delete(path) }
        if node.isPresence || tag == .create {
            guard admits(tag, path) else { return }
        }
        if tag == .replace { edit(.delete, path) }
        if node.isPresence {
            note(tag, path)
            edit(.create, path)
        }
        children(of: container, path, tag.inherited, context)
    }

    private mutating func entries(
        _ entry: Instance, _ node: SchemaNode, _ place: InstancePath, _ tag: TemplateTag, _ context: DataNode
    ) {
        for (keys, context) in keys(of: entry, node, place, context) {
            let path = place.appending(node, keys: keys)
            if tag == .delete {
                delete(path)
                continue
            }
            guard admits(tag, path) else { continue }
            note(tag, path)
            // The entry keeps its place among those that the user orders.
            if tag == .replace, let old = tree.instance(path) {
                for child in Set(old.children().map(\.node)) where !child.isKey { edit(.delete, path.appending(child)) }
            }
            edit(.create, path)
            children(of: entry, path, tag.inherited, context)
        }
    }

    /// The keys of the entries that one entry of the template stands for. An expression that names nodes stands for as
    /// many, and what is below is evaluated at each.
    private mutating func keys(
        of entry: Instance, _ node: SchemaNode, _ place: InstancePath, _ context: DataNode
    ) -> [(keys: [String], context: DataNode)] {
        var rows: [(keys: [String], context: DataNode)] = [([], context)]
        let list = place.appending(node)
        for (key, text) in zip(entry.node.keys, entry.keys) {
            var next: [(keys: [String], context: DataNode)] = []
            for row in rows {
                for found in values(text, key, list, row.context) ?? [] {
                    guard let value = canonical(found.text, schema[key.id], list) else { continue }
                    next.append((row.keys + [value], found.context ?? row.context))
                }
                guard next.count <= Self.entryLimit else {
                    fault(list, "the expressions in its keys make more than \(Self.entryLimit) entries")
                    return []
                }
            }
            rows = next
        }
        return rows
    }

    // MARK: Tags

    private mutating func delete(_ path: InstancePath) {
        note(.delete, path)
        edit(.delete, path)
    }

    /// Whether a node may be made or changed, by what is there.
    private mutating func admits(_ tag: TemplateTag, _ path: InstancePath) -> Bool {
        switch tag {
        case .nocreate: return isThere(path)
        case .create:
            let instance = tree.instance(path)
            let isStored = instance.map { $0.row != nil || ($0.value != nil && !$0.isDefault) } ?? false
            if isStored { fault(path, "the template creates it (tag create), and it is there already") }
            return !isStored
        default: return true
        }
    }

    private mutating func note(_ tag: TemplateTag, _ path: InstancePath) {
        guard isTold else { return }
        let state = isThere(path) ? "existing" : "non-existing"
        steps.append("Operation '\(tag)' on \(state) node: \(place)/config\(path.xpath)")
    }

    /// A variable is told by its value alone, any other expression with where it begins and what it gives.
    private mutating func note(_ expression: String, _ value: XPathValue<DataNode>, _ context: DataNode) {
        guard isTold else { return }
        let name = expression.drop { $0 == "$" }
        guard expression.first != "$" || !name.allSatisfy({ $0.isLetter || $0.isNumber || "_-.".contains($0) }) else {
            return steps.append("Variable \(expression) is set to \"\(value.string)\"")
        }
        steps.append(
            "Evaluating \"\(expression)\"\nContext node: \(context.instance.path.xpath)\n"
                + "Result: it evaluates to \"\(value.string)\"")
    }

    // MARK: Values

    private struct Value {
        var text: String
        /// The node whose children expressions below may name, if the value came from one.
        var context: DataNode?
    }

    /// What a value of the template stands for: one text, or those of the nodes that its only expression names. Nil after
    /// a fault.
    private mutating func values(
        _ stored: String, _ leaf: SchemaNode, _ path: InstancePath, _ context: DataNode
    ) -> [Value]? {
        let written = leaf.type?.hasSecret == true ? open(stored) ?? stored : stored
        do throws(TemplateText.Fault) {
            let text = try TemplateText(written)
            if let plain = text.plain { return [Value(text: plain)] }
            var whole = ""
            for part in text.parts {
                switch part {
                case .text(let text): whole += text
                case .expression(let expression):
                    let value = try scope.value(expression, at: context)
                    note(expression, value, context)
                    guard case .nodeSet(let nodes) = value else {
                        whole += value.string
                        continue
                    }
                    guard text.parts.count > 1 else {
                        return nodes.sorted { $0.precedes($1) }
                            .map { Value(text: $0.stringValue, context: $0.parent) }
                    }
                    whole += value.string
                }
            }
            return [Value(text: whole)]
        } catch {
            fault(path, error.message)
            return nil
        }
    }

    /// The value as the device's model has it. Nil after a fault.
    private mutating func canonical(_ text: String, _ node: SchemaNode, _ path: InstancePath) -> String? {
        guard let type = node.type else { return text }
        do throws(ValueError) {
            return try type.canonical(text, in: ValueContext(schema: schema, defaultModule: node.moduleName))
        } catch {
            let name = node.isKey ? "key \(node.name): " : ""
            fault(path, name + (type.hasSecret ? "its value is not a valid one" : error.description))
            return nil
        }
    }
}
