import Basics
import ConfigTree
import YANG

/// A subtree filter (RFC 6241 section 6) that selects operational data: no configuration comes along but the keys of
/// the entries that have some.
struct StateFilter {
    /// Beyond so many elements whole subtrees are asked for: reading more costs less than asking exactly.
    private static let limit = 2_000

    private var budget = StateFilter.limit

    /// The elements of a filter for what is at and below the paths; for everything if there are none.
    static func elements(_ paths: [InstancePath], of schema: Schema) -> [XMLElement] {
        var filter = StateFilter()
        guard !paths.isEmpty else { return filter.parts(below: schema.root) }
        return paths.flatMap { filter.elements($0.steps[...], below: schema.root) }
    }

    private mutating func elements(_ steps: ArraySlice<InstancePath.Step>, below parent: SchemaNode) -> [XMLElement] {
        guard let step = steps.first else { return parts(below: parent) }
        var element = Self.element(step.node)
        let keys = zip(step.node.keys, step.keys).map { Self.element($0, value: $1) }
        let rest = steps.dropFirst()
        element.children = keys
        if rest.isEmpty ? step.node.isConfig && !step.node.isTerminal : true {
            let named = Set(keys.map(\.name))
            element.children += step.node.keys.filter { !named.contains($0.name) }.map { Self.element($0) }
            element.children += elements(rest, below: step.node)
        }
        return [element]
    }

    /// What of the children of a node is operational data, or leads to some.
    private mutating func parts(below node: SchemaNode) -> [XMLElement] {
        var found: [XMLElement] = []
        for child in node.dataChildren where Self.hasState(child) {
            budget -= 1
            var element = Self.element(child)
            if child.isConfig, budget > 0 {
                element.children = child.keys.map { Self.element($0) } + parts(below: child)
            }
            found.append(element)
        }
        return found
    }

    /// Whether a node is operational data or has some below it.
    static func hasState(_ node: SchemaNode) -> Bool {
        switch node.kind {
        case .container, .list: !node.isConfig || node.dataChildren.contains { hasState($0) }
        case .leaf, .leafList, .anydata, .anyxml: !node.isConfig
        default: false
        }
    }

    /// A value with a prefix in it declares that: the canonical form names modules, and so are the prefixes called.
    static func element(_ node: SchemaNode, value: String = "") -> XMLElement {
        var element = XMLElement(node.name, namespace: node.namespace, text: value)
        guard value.contains(":"), node.type?.base == .identityref || node.type?.base == .instanceIdentifier else {
            return element
        }
        for module in node.schema.modules where value.contains(module.name + ":") {
            element.prefixes[module.name] = module.namespace
        }
        return element
    }
}
