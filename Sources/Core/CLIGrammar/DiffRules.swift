import ConfigTree
import YANG

/// An ordering annotation (`cli-diff-*`) of a node, resolved.
struct DiffRule {
    enum Side { case before, after }

    var name: String
    /// Kinds of change of the node itself, and of the target, that it is about.
    var own: Set<DiffTouch.Kind>
    var target: Set<DiffTouch.Kind>
    var side: Side
    var targetPath: [SchemaNode]
    /// Keys of target entries that must be equal to a key on the way to the node: by list, key name, and the steps up
    /// from the node to the leaf with the value.
    var joins: [Join]
    /// How many steps from the root a relative path leaves alone: instances that differ there have nothing to do with
    /// each other.
    var shared: Int

    struct Join {
        var list: SchemaNode
        var key: String
        var up: Int
        var leaf: String?
    }

    private static let all: Set<DiffTouch.Kind> = [.created, .modified, .deleted]

    /// The rules that a node's annotations make.
    static func rules(of node: SchemaNode) -> [DiffRule] {
        node.extensions.flatMap { statement -> [DiffRule] in
            guard statement.name.hasPrefix("cli-diff-"), let path = statement.argument,
                let target = TargetPath(path, from: node)
            else { return [] }
            if statement.name == "cli-diff-dependency" { return dependency(statement, target) }
            let words = statement.name.split(separator: "-").dropFirst(2)
            guard let side = words.last.flatMap({ $0 == "before" ? Side.before : $0 == "after" ? .after : nil }) else {
                return []
            }
            let own: Set<DiffTouch.Kind> =
                switch words.first {
                case "create": [.created]
                case "delete": [.deleted]
                case "modify": [.modified]
                case "set": [.created, .modified]
                default: all
                }
            return [DiffRule(statement.name, own, targetKinds(statement), side, target)]
        }
    }

    private init(
        _ name: String, _ own: Set<DiffTouch.Kind>, _ target: Set<DiffTouch.Kind>, _ side: Side, _ path: TargetPath
    ) {
        self.name = name
        self.own = own
        self.target = target
        self.side = side
        targetPath = path.nodes
        joins = path.joins
        shared = path.shared
    }

    private static func targetKinds(_ statement: ExtensionInstance) -> Set<DiffTouch.Kind> {
        var kinds: Set<DiffTouch.Kind> = []
        if statement.substatement("cli-when-target-set") != nil { kinds.formUnion([.created, .modified]) }
        if statement.substatement("cli-when-target-create") != nil { kinds.insert(.created) }
        if statement.substatement("cli-when-target-modify") != nil { kinds.insert(.modified) }
        if statement.substatement("cli-when-target-delete") != nil { kinds.insert(.deleted) }
        return kinds.isEmpty ? all : kinds
    }

    /// A node that depends on another goes before it is gone, and comes after it is there.
    private static func dependency(_ statement: ExtensionInstance, _ path: TargetPath) -> [DiffRule] {
        let name = statement.name
        if statement.substatement("cli-trigger-on-all") != nil {
            return [DiffRule(name, all, all, .after, path)]
        }
        var rules = [
            DiffRule(name, [.deleted], [.deleted], .before, path),
            DiffRule(name, [.created, .modified], [.created, .modified], .after, path),
        ]
        if statement.substatement("cli-trigger-on-set") != nil {
            rules.append(DiffRule(name, [.deleted], [.created, .modified], .before, path))
        } else {
            rules.append(DiffRule(name, [.modified], [.deleted], .before, path))
        }
        return rules
    }

    /// Whether the two instances, which are of the right nodes, belong together.
    func joins(_ own: InstancePath, _ target: InstancePath) -> Bool {
        guard own.steps.prefix(shared) == target.steps.prefix(shared) else { return false }
        return joins.allSatisfy { join in
            guard let step = target.steps.first(where: { $0.node == join.list }),
                let index = join.list.keys.firstIndex(where: { $0.name == join.key }), index < step.keys.count,
                let value = Self.value(join, own)
            else { return true }
            return step.keys[index] == value
        }
    }

    private static func value(_ join: Join, _ own: InstancePath) -> String? {
        var steps = own.steps
        var leaf = join.leaf
        for _ in 0..<join.up {
            if leaf == nil { leaf = steps.last?.node.name }
            if steps.isEmpty { return nil }
            steps.removeLast()
        }
        if leaf == nil {
            leaf = steps.last?.node.name
            steps = steps.dropLast()
        }
        guard let holder = steps.last, let name = leaf else { return nil }
        guard let index = holder.node.keys.firstIndex(where: { $0.name == name }), index < holder.keys.count else {
            return nil
        }
        return holder.keys[index]
    }
}

/// The schema path that the argument of an ordering annotation names, with the key conditions that can be followed.
struct TargetPath {
    var nodes: [SchemaNode] = []
    var joins: [DiffRule.Join] = []
    var shared = 0

    /// Nil if it names no node.
    init?(_ text: String, from node: SchemaNode) {
        var here: SchemaNode? = node
        var rest = text[...]
        shared = Self.depth(node)
        if rest.first == "/" {
            here = node.schema.root
            shared = 0
            rest.removeFirst()
        }
        for step in Self.steps(rest) {
            guard let current = here else { return nil }
            let (name, predicates) = Self.split(step)
            switch name {
            case ".", "": continue
            case "..":
                here = current.dataParent
                shared = min(shared, Self.depth(here))
            default:
                let plain = name.split(separator: ":").last.map(String.init) ?? name
                let module = name.contains(":") ? name.split(separator: ":").first.map(String.init) : nil
                here =
                    current.dataChildren.first { child in
                        child.name == plain
                            && (module == nil || child.module.prefix == module || child.module.name == module)
                    } ?? current.dataChild(named: plain)
                guard let child = here else { return nil }
                for predicate in predicates { join(predicate, child) }
            }
        }
        guard let target = here, target.kind != .root else { return nil }
        var path: [SchemaNode] = []
        var up: SchemaNode? = target
        while let node = up, node.kind != .root {
            path.append(node)
            up = node.dataParent
        }
        nodes = path.reversed()
    }

    private static func depth(_ node: SchemaNode?) -> Int {
        var (count, here) = (0, node)
        while let node = here, node.kind != .root { (count, here) = (count + 1, node.dataParent) }
        return count
    }

    /// `key=current()/../x` or `key=current()`.
    private mutating func join(_ predicate: Substring, _ list: SchemaNode) {
        let parts = predicate.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, list.kind == .list else { return }
        let key = parts[0].filter { $0 != " " }.split(separator: ":").last.map(String.init) ?? ""
        var value = parts[1].filter { $0 != " " }[...]
        guard value.hasPrefix("current()") else { return }
        value = value.dropFirst("current()".count)
        var up = 0
        var leaf: String?
        for word in value.split(separator: "/") {
            if word == ".." { up += 1 } else { leaf = word.split(separator: ":").last.map(String.init) }
        }
        joins.append(DiffRule.Join(list: list, key: key, up: up, leaf: leaf))
    }

    /// Splits at slashes outside brackets.
    private static func steps(_ text: Substring) -> [Substring] {
        var steps: [Substring] = []
        var depth = 0
        var start = text.startIndex
        for index in text.indices {
            switch text[index] {
            case "[": depth += 1
            case "]": depth -= 1
            case "/" where depth == 0:
                steps.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        return steps + [text[start...]]
    }

    private static func split(_ step: Substring) -> (String, [Substring]) {
        let name = step.prefix { $0 != "[" }.filter { $0 != " " }
        let rest = step.dropFirst(step.prefix { $0 != "[" }.count)
        let predicates = rest.split(separator: "]").map { $0.drop { $0 == "[" || $0 == " " } }
        return (String(name), predicates)
    }
}
