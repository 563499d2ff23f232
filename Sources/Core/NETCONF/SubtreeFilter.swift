import Basics
import ConfigTree
import YANG

/// Subtree filters over data (RFC 6241 section 6). Keys of the entries on the way are part of the result.
///
/// What is selected whole is taken over uncopied; an entry whose keys the filter gives is found by them.
enum SubtreeFilter {
    static func select(_ filter: [XMLElement], of tree: DataTree) -> DataTree {
        let draft = RowDraft(tree.model.schema.root)
        for element in filter { add(element, tree.rootInstance, draft) }
        return DataTree(draft, model: tree.model)
    }

    private static func isMatch(_ element: XMLElement) -> Bool {
        element.children.isEmpty && !element.trimmedText.isEmpty
    }

    /// Adds what `element` selects among the children of `here`. False if that is nothing.
    @discardableResult
    private static func add(_ element: XMLElement, _ here: Instance, _ draft: RowDraft) -> Bool {
        // Data has no attributes that could match.
        guard element.attributes.isEmpty, let schema = here.childSchema, let row = here.row else { return false }
        var found = false
        for node in schema.dataChildren where node.name == element.name {
            guard element.namespace.isEmpty || node.namespace == element.namespace else { continue }
            if element.children.isEmpty, element.trimmedText.isEmpty {
                if row.hasValue(in: node.slot) || row.kid(in: node.slot) != nil {
                    draft.adopt(node, from: row)
                    found = true
                }
            } else if !element.children.isEmpty {
                found = contain(element, node, here, draft) || found
            }
        }
        return found
    }

    private static func contain(_ element: XMLElement, _ node: SchemaNode, _ here: Instance, _ draft: RowDraft) -> Bool
    {
        switch node.kind {
        case .container:
            guard let child = here.child(node), child.row != nil else { return false }
            let isNew = draft.existingContainer(node) == nil
            let isFound = fill(element, child, draft.container(node))
            if !isFound, isNew { draft.remove(node) }
            return isFound
        case .list:
            var found = false
            for entry in entries(element, node, here) {
                let isNew = draft.existingEntry(of: node, keys: entry.keys) == nil
                if fill(element, entry, draft.entry(of: node, keys: entry.keys)) {
                    found = true
                } else if isNew {
                    draft.removeEntry(of: node, keys: entry.keys)
                }
            }
            return found
        default: return false
        }
    }

    /// The entry that the filter names by all its keys, or all entries.
    private static func entries(_ element: XMLElement, _ list: SchemaNode, _ here: Instance) -> [Instance] {
        let keys = list.keys.compactMap { key in
            element.children.first { $0.name == key.name && isMatch($0) }.flatMap { canonical($0, key) }
        }
        if !list.keys.isEmpty, keys.count == list.keys.count { return here.entry(list, keys).map { [$0] } ?? [] }
        return Array(here.entries(list))
    }

    /// A value as our trees have it. What the type does not know matches nothing.
    private static func canonical(_ element: XMLElement, _ leaf: SchemaNode) -> String? {
        let modules = element.prefixes.compactMapValues { leaf.schema.module(namespace: $0)?.name }
        let text = element.trimmedText
        guard let type = leaf.type else { return text }
        let context = ValueContext(schema: leaf.schema, defaultModule: leaf.moduleName)
        // Identities come with a prefix of the message.
        if let colon = text.firstIndex(of: ":"), let module = modules[String(text[..<colon])] {
            let local = module + text[colon...]
            if let value = try? type.canonical(local, in: context) { return value }
        }
        return try? type.canonical(text, in: context)
    }

    /// Adds the part of one instance that the filter selects in it.
    private static func fill(_ element: XMLElement, _ here: Instance, _ draft: RowDraft) -> Bool {
        let matches = element.children.filter(isMatch)
        guard let schema = here.childSchema, let row = here.row, element.attributes.isEmpty else { return false }
        var matched: [SchemaNode] = []
        for match in matches {
            let node = schema.dataChildren.first {
                $0.name == match.name && (match.namespace.isEmpty || $0.namespace == match.namespace)
            }
            guard let node, node.isTerminal, let wanted = canonical(match, node) else { return false }
            let isEqual = node.kind == .leafList ? here.values(node).contains(wanted) : here.value(node) == wanted
            guard isEqual else { return false }
            matched.append(node)
        }
        let rest = element.children.filter { !isMatch($0) }
        if rest.isEmpty {
            for node in schema.dataChildren { draft.adopt(node, from: row) }
            return true
        }
        var found = false
        for child in rest { found = add(child, here, draft) || found }
        guard found || !matches.isEmpty else { return false }
        for node in matched where !node.isKey { draft.adopt(node, from: row) }
        return true
    }
}

/// Subtree filters over elements that no schema describes: the state of the server itself.
enum ElementFilter {
    /// The part of `element` that the filter selects; nil if that is nothing.
    static func select(_ filter: [XMLElement], _ element: XMLElement) -> XMLElement? {
        var result: XMLElement?
        for one in filter
        where one.name == element.name && (one.namespace.isEmpty || one.namespace == element.namespace) {
            guard let part = part(one, element) else { continue }
            result?.children += part.children
            if result == nil { result = part }
        }
        return result
    }

    private static func part(_ filter: XMLElement, _ element: XMLElement) -> XMLElement? {
        if filter.children.isEmpty {
            return filter.trimmedText.isEmpty || filter.trimmedText == element.trimmedText ? element : nil
        }
        let matches = filter.children.filter { $0.children.isEmpty && !$0.trimmedText.isEmpty }
        for match in matches {
            let isThere = element.children.contains { $0.name == match.name && $0.trimmedText == match.trimmedText }
            guard isThere else { return nil }
        }
        guard matches.count < filter.children.count else { return element }
        var result = element
        result.children = element.children.compactMap { select(filter.children, $0) }
        return result.children.isEmpty ? nil : result
    }
}
