import Basics
package import ConfigTree
import YANG

/// What a router with strict manners accepts, command by command: no reference to what is not there, no deletion of what
/// is in use, no change of what must be removed first, no order other than the model's annotations ask for.
///
/// Written from the model alone and apart from the engine that makes commands, so that both do not share a mistake. It
/// judges each command by what it did, and remembers what the commands before it did.
package struct StrictOrder: Sendable {
    enum Deed: Hashable { case create, modify, delete }

    struct Event {
        var deed: Deed
        var path: InstancePath
    }

    private let rules: StrictRules
    private var events: [SchemaNode: [Event]] = [:]
    /// References that may lead nowhere, as `StrictRules.danglingReferences` names them.
    private let tolerated: Set<String>

    /// - Parameter tolerated: references that hang in the air whatever the order, as those of the wanted configuration
    ///   itself; see `StrictRules.danglingReferences`.
    package init(_ rules: StrictRules, tolerating tolerated: Set<String> = []) {
        self.rules = rules
        self.tolerated = tolerated
    }

    /// Why the router refuses the command that would lead from `old` to `new`; nil if it takes it.
    package mutating func refusal(from old: DataTree, to new: DataTree) -> String? {
        let difference = old.diff(to: new)
        for found in rules.validator.violations(in: new, changedFrom: old, difference: difference) {
            guard let name = StrictRules.name(found, new), !tolerated.contains(name) else { continue }
            return "reference to what is not there: \(found.summary)"
        }
        var fresh: [Event] = []
        if let refusal = collect(difference, InstancePath(), &fresh) { return refusal }
        for event in fresh {
            if let refusal = judge(event) { return refusal }
        }
        for event in fresh {
            if let node = event.path.last?.node { events[node, default: []].append(event) }
        }
        return nil
    }

    // MARK: What a command did

    private func collect(_ nodes: [DiffNode], _ parent: InstancePath, _ events: inout [Event]) -> String? {
        for node in nodes where node.node.isConfig {
            let path = parent.appending(node.node, keys: node.keys)
            switch node.change {
            case .created: collect(node.node, node.new, path, .create, &events)
            case .deleted: collect(node.node, node.old, path, .delete, &events)
            case .modified:
                if Self.mustBeRemovedFirst(node.node) {
                    return "\(path) must be removed before it is given another value"
                }
                events.append(Event(deed: .modify, path: path))
            default:
                if node.change == .moved { events.append(Event(deed: .modify, path: path)) }
                if let refusal = collect(node.children, path, &events) { return refusal }
            }
        }
        return nil
    }

    private func collect(
        _ node: SchemaNode, _ row: Row?, _ path: InstancePath, _ deed: Deed, _ events: inout [Event]
    ) {
        events.append(Event(deed: deed, path: path))
        guard let row else { return }
        for child in node.dataChildren where child.isConfig {
            let inner = path.appending(child)
            if row.hasValue(in: child.slot) {
                events.append(Event(deed: deed, path: inner))
            } else if let kid = row.child(in: child.slot) {
                collect(child, kid, inner, deed, &events)
            } else if let entries = row.entries(in: child.slot) {
                for entry in entries.rows {
                    collect(child, entry, path.appending(child, keys: entries.keys(of: entry)), deed, &events)
                }
            }
        }
    }

    private static func mustBeRemovedFirst(_ node: SchemaNode) -> Bool {
        if node.annotation("cli-remove-before-change") != nil { return true }
        return node.isTerminal && node.dataParent?.kind == .list
            && node.dataParent?.annotation("cli-remove-before-change") != nil
    }

    // MARK: What the annotations ask for

    private func judge(_ event: Event) -> String? {
        guard let node = event.path.last?.node else { return nil }
        for demand in rules.demands.byOwner[node] ?? [] where demand.comesFirst && demand.own.contains(event.deed) {
            for earlier in events[demand.target] ?? [] where demand.other.contains(earlier.deed) {
                guard demand.binds(event.path, earlier.path) else { continue }
                return "\(event.path) comes too late: \(demand.name) asks for it before \(earlier.path)"
            }
        }
        for demand in rules.demands.byTarget[node] ?? [] where !demand.comesFirst && demand.other.contains(event.deed) {
            for earlier in events[demand.owner] ?? [] where demand.own.contains(earlier.deed) {
                guard demand.binds(earlier.path, event.path) else { continue }
                return "\(earlier.path) came too early: \(demand.name) asks for it after \(event.path)"
            }
        }
        return nil
    }
}

/// What strict routers of a model share: made once, for it goes through the whole model.
package struct StrictRules: Sendable {
    let validator: Validator
    let demands: OrderDemands

    package init(_ model: DataModel) {
        validator = Validator(model)
        demands = OrderDemands(model.schema)
    }

    /// What the references of a configuration name that is not there: the leaf's place in the model, and the value.
    package func danglingReferences(_ tree: DataTree) -> Set<String> {
        Set(validator.violations(in: tree, limit: .max).compactMap { Self.name($0, tree) })
    }

    static func name(_ diagnostic: Diagnostic, _ tree: DataTree) -> String? {
        guard diagnostic.appTag == "instance-required", let path = diagnostic.path,
            let instance = (try? tree.path(path)).flatMap({ tree.instance($0) })
        else { return nil }
        return "\(instance.node.path) \(instance.value ?? "")"
    }
}

/// The ordering annotations of a model, as demands on the order of events.
struct OrderDemands: Sendable {
    struct Demand: Sendable {
        var name: String
        var owner: SchemaNode
        var target: SchemaNode
        /// What happens to the owner, and to the target.
        var own: Set<StrictOrder.Deed>
        var other: Set<StrictOrder.Deed>
        /// Whether the owner's event comes before the target's, not after.
        var comesFirst: Bool
        /// Keys of lists on the way to the target that equal a key on the way to the owner.
        var pairs: [(list: SchemaNode, key: Int, ownerList: SchemaNode, ownerKey: Int)]

        /// How many of the first steps to both are the same: those above where a relative path turns.
        var shared: Int

        /// Whether an instance of the owner and one of the target belong together.
        func binds(_ owner: InstancePath, _ target: InstancePath) -> Bool {
            guard owner.steps.prefix(shared).elementsEqual(target.steps.prefix(shared)) else { return false }
            return pairs.allSatisfy { pair in
                guard let there = target.steps.first(where: { $0.node == pair.list }),
                    let here = owner.steps.first(where: { $0.node == pair.ownerList })
                else { return true }
                return there.keys[pair.key] == here.keys[pair.ownerKey]
            }
        }
    }

    private(set) var byOwner: [SchemaNode: [Demand]] = [:]
    private(set) var byTarget: [SchemaNode: [Demand]] = [:]

    init(_ schema: Schema) {
        for index in 0..<Int32(schema.nodeCount) {
            let node = schema[NodeID(index)]
            for statement in node.extensions where statement.name.hasPrefix("cli-diff-") {
                for demand in Self.demands(statement, node) {
                    byOwner[node, default: []].append(demand)
                    byTarget[demand.target, default: []].append(demand)
                }
            }
        }
    }

    private static func demands(_ statement: ExtensionInstance, _ node: SchemaNode) -> [Demand] {
        var pairs: [(list: SchemaNode, key: Int, ownerList: SchemaNode, ownerKey: Int)] = []
        var shared = 0
        guard let target = follow(statement.argument ?? "", node, &pairs, &shared) else { return [] }
        let any: Set<StrictOrder.Deed> = [.create, .modify, .delete]
        func demand(_ own: Set<StrictOrder.Deed>, _ other: Set<StrictOrder.Deed>, first: Bool) -> Demand {
            Demand(
                name: statement.name, owner: node, target: target, own: own, other: other, comesFirst: first,
                pairs: pairs, shared: shared)
        }
        func has(_ name: String) -> Bool { statement.substatement(name) != nil }
        if statement.name == "cli-diff-dependency" {
            if has("cli-trigger-on-all") { return [demand(any, any, first: false)] }
            var result = [
                demand([.delete], [.delete], first: true),
                demand([.create, .modify], [.create, .modify], first: false),
            ]
            if has("cli-trigger-on-set") { result.append(demand([.delete], [.create, .modify], first: true)) }
            return result
        }
        let words = statement.name.dropFirst("cli-diff-".count).split(separator: "-")
        let own: Set<StrictOrder.Deed> =
            switch words.first {
            case "create": [.create]
            case "delete": [.delete]
            case "modify": [.modify]
            case "set": [.create, .modify]
            default: any
            }
        var other: Set<StrictOrder.Deed> = []
        if has("cli-when-target-create") || has("cli-when-target-set") { other.insert(.create) }
        if has("cli-when-target-modify") || has("cli-when-target-set") { other.insert(.modify) }
        if has("cli-when-target-delete") { other.insert(.delete) }
        return [demand(own, other.isEmpty ? any : other, first: words.last == "before")]
    }

    private static func depth(_ node: SchemaNode?) -> Int {
        guard let node, node.kind != .root else { return 0 }
        return 1 + depth(node.dataParent)
    }

    /// The node that a path of names leads to from `node`.
    private static func follow(
        _ path: String, _ node: SchemaNode,
        _ pairs: inout [(list: SchemaNode, key: Int, ownerList: SchemaNode, ownerKey: Int)], _ shared: inout Int
    ) -> SchemaNode? {
        var here: SchemaNode? = path.hasPrefix("/") ? node.schema.root : node
        shared = depth(here)
        var name = ""
        var condition = ""
        var isInside = false
        func plain(_ text: some StringProtocol) -> String {
            String(text.split(separator: ":").last ?? "").filter { $0 != " " }
        }
        func step() {
            defer { (name, condition) = ("", "") }
            switch plain(name) {
            case "", ".": return
            case "..":
                here = here?.dataParent
                shared = min(shared, depth(here))
            case let word:
                here = here?.dataChildren.first { $0.name == word }
                let sides = condition.split(separator: "=")
                guard let list = here, sides.count == 2,
                    let key = list.keys.firstIndex(where: { $0.name == plain(sides[0]) })
                else { return }
                var owner: SchemaNode? = node
                for word in sides[1].split(separator: "/") {
                    let word = plain(word)
                    if word == ".." {
                        owner = owner?.dataParent
                    } else if word != "current()" {
                        owner = owner?.dataChildren.first { $0.name == word }
                    }
                }
                guard let leaf = owner, let ownerList = leaf.dataParent,
                    let ownerKey = ownerList.keys.firstIndex(of: leaf)
                else { return }
                pairs.append((list, key, ownerList, ownerKey))
            }
        }
        for character in path {
            switch character {
            case "[": isInside = true
            case "]": isInside = false
            case "/" where !isInside: step()
            default: if isInside { condition.append(character) } else { name.append(character) }
            }
        }
        step()
        return here?.kind == .root ? nil : here
    }
}
