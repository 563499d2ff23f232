import YANG

/// What there is to check over one schema, found once.
///
/// Invariants:
/// - `visits` holds every data node at or below which something is to be checked in an instance.
/// - `dependents` names, for each node that a constraint reads, the constraint and how far up the reading goes: a
///   change elsewhere can not alter the constraint's outcome.
struct ValidationPlan: Sendable {
    /// A `must`, `when` or reference of one data node.
    struct Site: Sendable {
        enum Kind: Sendable { case must, when, reference }

        var kind: Kind
        var node: SchemaNode
        /// Whether new nodes alone can break it: not those that ask only whether something is there.
        var mindsCreation: Bool
    }

    struct Dependent: Hashable, Sendable {
        var site: Int
        var anchor: NodeID
    }

    /// A `when` with its context: the node itself, or its data parent.
    struct Condition: Sendable {
        var constraint: Constraint
        var isAtParent: Bool
    }

    private(set) var conditions: [NodeID: [Condition]] = [:]
    private(set) var rules: [NodeID: [StructureRule]] = [:]
    private(set) var references: Set<NodeID> = []
    private(set) var sites: [Site] = []
    private(set) var dependents: [NodeID: [Dependent]] = [:]
    /// Sites that may read anything.
    private(set) var unbounded: [Int] = []
    /// The lists whose `unique` a change at a node can touch.
    private(set) var uniqueLists: [NodeID: Set<NodeID>] = [:]
    private var visits: [Bool] = []
    private var implicitVisits: [Bool] = []

    init(_ schema: Schema) {
        let count = schema.nodeCount
        visits = [Bool](repeating: false, count: count)
        implicitVisits = visits
        collect(schema.root)
    }

    /// Whether an instance of `node`, or anything below one, is to be checked.
    func visits(_ node: SchemaNode) -> Bool { visits[Int(node.id.index)] }

    /// The same of a node that is not stored: a non-presence container, a default in use.
    func visitsImplicit(_ node: SchemaNode) -> Bool { implicitVisits[Int(node.id.index)] }

    // MARK: Making

    /// Collects over data nodes in configuration; deep schemas are no problem: their depth is that of the YANG source.
    private mutating func collect(_ node: SchemaNode) {
        var own = node.kind == .mountPoint
        if node.kind != .root { own = collectOwn(node) || own }
        let found = node.isTerminal ? [] : StructureRule.rules(of: node)
        if !found.isEmpty {
            rules[node.id] = found
            own = true
            for rule in found { collectUnique(rule) }
        }
        var below = false
        var implicitBelow = false
        for child in node.dataChildren where child.isConfig && Self.isData(child) {
            collect(child)
            below = below || visits(child)
            implicitBelow = implicitBelow || visitsImplicit(child)
        }
        visits[Int(node.id.index)] = own || below
        let canBeImplicit = node.isNonPresenceContainer || (node.isTerminal && !node.defaults.isEmpty)
        implicitVisits[Int(node.id.index)] = canBeImplicit && (own || implicitBelow)
    }

    private static func isData(_ node: SchemaNode) -> Bool {
        switch node.kind {
        case .container, .list, .leaf, .leafList, .anydata, .anyxml, .mountPoint: true
        default: false
        }
    }

    private mutating func collectOwn(_ node: SchemaNode) -> Bool {
        let conditions = Self.conditions(of: node)
        if !conditions.isEmpty { self.conditions[node.id] = conditions }
        for condition in conditions {
            let context = condition.isAtParent ? node.dataParent ?? node : node
            add(Site(kind: .when, node: node, mindsCreation: true), condition.constraint.expression, context)
        }
        for must in node.musts {
            add(Site(kind: .must, node: node, mindsCreation: true), must.expression, node)
        }
        let hasReference = collectReference(node)
        return !conditions.isEmpty || !node.musts.isEmpty || hasReference
    }

    /// Its own conditions, and those of the choices and cases that it stands in.
    private static func conditions(of node: SchemaNode) -> [Condition] {
        var found = node.whens.map { Condition(constraint: $0, isAtParent: $0.contextIsParent) }
        var above = node.parent
        while let outer = above, outer.kind == .choice || outer.kind == .case {
            found += outer.whens.map { Condition(constraint: $0, isAtParent: true) }
            above = outer.parent
        }
        return found
    }

    private mutating func collectReference(_ node: SchemaNode) -> Bool {
        guard node.isTerminal, node.annotation("non-strict-leafref") == nil, let type = node.type else { return false }
        let members = type.base == .union ? type.members : [type]
        let found = members.filter {
            $0.requireInstance && ($0.leafref != nil || $0.base == .instanceIdentifier)
        }
        if found.isEmpty { return false }
        references.insert(node.id)
        for member in found {
            if let path = member.leafref {
                add(Site(kind: .reference, node: node, mindsCreation: !path.isMonotone), path, node)
            } else {
                unbounded.append(sites.count)
                sites.append(Site(kind: .reference, node: node, mindsCreation: false))
            }
        }
        return true
    }

    private mutating func add(_ site: Site, _ expression: XPathExpression, _ context: SchemaNode) {
        let number = sites.count
        sites.append(site)
        let found = XPathDependencies(of: expression, at: context)
        if found.isAny { unbounded.append(number) }
        for read in found.reads {
            dependents[read.node, default: []].append(Dependent(site: number, anchor: read.anchor))
        }
    }

    private mutating func collectUnique(_ rule: StructureRule) {
        guard case .unique(let list, let paths) = rule.kind else { return }
        for node in paths.joined() { uniqueLists[node.id, default: []].insert(list.id) }
    }
}

extension XPathExpression {
    /// Whether more data can only give more nodes: a path with predicates that compare for equality.
    var isMonotone: Bool {
        switch self {
        case .path(let start, let steps):
            if case .expression(let inner, let predicates) = start {
                guard inner.isMonotone, predicates.allSatisfy(\.isMonotone) else { return false }
            }
            return steps.allSatisfy { $0.predicates.allSatisfy(\.isMonotone) }
        case .comparison(.equal, let left, let right), .and(let left, let right), .or(let left, let right),
            .union(let left, let right):
            return left.isMonotone && right.isMonotone
        case .literal, .qualifiedName, .call("current", _): return true
        case .call("deref", let arguments): return arguments.allSatisfy(\.isMonotone)
        default: return false
        }
    }
}
