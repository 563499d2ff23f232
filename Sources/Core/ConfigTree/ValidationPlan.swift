import YANG

/// What there is to check over one schema, found once.
///
/// Invariants:
/// - `visits` holds every data node at or below which something is to be checked in an instance.
/// - `dependents` names, for each node that a constraint reads, the constraint and how far up the reading goes: a
///   change elsewhere can not alter the constraint's outcome.
struct ValidationPlan: Sendable {
    /// A constraint of one data node that reads others.
    struct Site: Sendable {
        enum Kind: Sendable {
            case must, when
            /// A leafref. `targets` where no key chooses among them.
            case reference(targets: ReferenceTargets?)
            /// An instance-identifier, with the values that there are; nil where they cannot be looked up.
            case identifier(values: IndexedPath?)
            /// Of the entries of a list, taken together.
            case unique(UniqueRule)
        }

        var kind: Kind
        var node: SchemaNode
    }

    struct Dependent: Hashable, Sendable {
        var site: Int
        var anchor: NodeID
        /// Whether new nodes alone can break the constraint: not one that asks only whether something is there.
        var mindsCreation: Bool
        /// Whether the node decides only about whether what the constraint reads is there.
        var isIndirect: Bool
    }

    let scope: ValidationScope
    private(set) var conditions: [NodeID: [Condition]] = [:]
    private(set) var rules: [NodeID: [StructureRule]] = [:]
    /// The leaves that refer, with what they may refer to: the leafrefs and instance-identifiers of their types.
    private(set) var references: [NodeID: [Reference]] = [:]
    private(set) var sites: [Site] = []
    private(set) var dependents: [NodeID: [Dependent]] = [:]
    /// Sites that may read anything.
    private(set) var unbounded: [Dependent] = []
    /// The sites of the `unique` statements of each list.
    private(set) var uniques: [NodeID: [Int]] = [:]
    private var visitedChildren: [NodeID: ContiguousArray<SchemaNode>] = [:]
    /// The data nodes in each choice.
    private var choices: [NodeID: [SchemaNode]] = [:]
    private var visits: [Bool] = []
    private var implicitVisits: [Bool] = []

    init(_ schema: Schema, _ scope: ValidationScope) {
        self.scope = scope
        let count = schema.nodeCount
        visits = [Bool](repeating: false, count: count)
        implicitVisits = visits
        var reads = ConditionalReads(schema)
        collect(scope.top(of: schema), &reads)
    }

    /// Whether an instance of `node`, or anything below one, is to be checked.
    func visits(_ node: SchemaNode) -> Bool { visits[Int(node.id.index)] }

    /// The same of a node that is not stored: a non-presence container, a default in use.
    func visitsImplicit(_ node: SchemaNode) -> Bool { implicitVisits[Int(node.id.index)] }

    /// The data children of a node at or below which something is to be checked.
    func visitedChildren(of node: SchemaNode) -> ContiguousArray<SchemaNode> { visitedChildren[node.id] ?? [] }

    /// The constraints that read `node` or anything below it from outside.
    func readers(below node: SchemaNode) -> [Dependent] {
        var found: Set<Dependent> = []
        var inside: Set<NodeID> = []
        var pending = [node]
        while let next = pending.popLast() {
            inside.insert(next.id)
            found.formUnion(dependents[next.id] ?? [])
            if !next.isTerminal { pending += next.dataChildren.filter(\.isConfig) }
        }
        return found.filter { !inside.contains($0.anchor) }
    }

    /// The data nodes of all cases of a choice, inner choices dissolved.
    func dissolved(_ choice: SchemaNode) -> [SchemaNode] { choices[choice.id] ?? Array(choice.dissolved) }

    // MARK: Making

    /// Collects over data nodes; deep schemas are no problem: their depth is that of the YANG source.
    private mutating func collect(_ node: SchemaNode, _ reads: inout ConditionalReads) {
        var own = node.kind == .mountPoint
        if node.kind != .root, scope.constrains(node) { own = collectOwn(node, &reads) || own }
        let found = node.isTerminal ? [] : StructureRule.rules(of: node, in: scope)
        if !found.isEmpty {
            rules[node.id] = found
            own = true
            for rule in found { collectUnique(rule, &reads) }
        }
        var below: ContiguousArray<SchemaNode> = []
        var implicitBelow = false
        for child in node.dataChildren where scope.reaches(child) {
            for (choice, _) in child.choices where choices[choice.id] == nil {
                choices[choice.id] = Array(choice.dissolved)
            }
            collect(child, &reads)
            if visits(child) { below.append(child) }
            implicitBelow = implicitBelow || visitsImplicit(child)
        }
        if !below.isEmpty { visitedChildren[node.id] = below }
        visits[Int(node.id.index)] = own || !below.isEmpty
        implicitVisits[Int(node.id.index)] = node.canBeImplicit && (own || implicitBelow)
    }

    private mutating func collectOwn(_ node: SchemaNode, _ reads: inout ConditionalReads) -> Bool {
        let conditions = node.conditions
        if !conditions.isEmpty { self.conditions[node.id] = conditions }
        for condition in conditions {
            let context = condition.isAtParent ? node.dataParent ?? node : node
            add(Site(kind: .when, node: node), condition.constraint.expression, context, &reads)
        }
        for must in node.musts { add(Site(kind: .must, node: node), must.expression, node, &reads) }
        let hasReference = collectReferences(node, &reads)
        return !conditions.isEmpty || !node.musts.isEmpty || hasReference
    }

    private mutating func collectReferences(_ node: SchemaNode, _ reads: inout ConditionalReads) -> Bool {
        guard node.isTerminal, node.annotation("non-strict-leafref") == nil, let type = node.type else { return false }
        let members = type.referenceMembers
        guard members.contains(where: \.isReference) else { return false }
        references[node.id] = members.map { Reference($0, at: node) }
        for member in references[node.id] ?? [] where member.type.isReference {
            if let path = member.type.leafref {
                let site = Site(kind: .reference(targets: member.targets), node: node)
                add(site, path, node, mindsCreation: !path.isMonotone, &reads)
            } else {
                unbounded.append(
                    Dependent(site: sites.count, anchor: NodeID(0), mindsCreation: false, isIndirect: false))
                let values = IndexedPath(way: node.schema.root.way(to: node))
                sites.append(Site(kind: .identifier(values: values), node: node))
            }
        }
        return true
    }

    private mutating func add(
        _ site: Site, _ expression: XPathExpression, _ context: SchemaNode, mindsCreation: Bool = true,
        _ reads: inout ConditionalReads
    ) {
        let found = reads.closure(of: XPathDependencies(of: expression, at: context))
        add(site, found, mindsCreation: mindsCreation)
    }

    private mutating func add(_ site: Site, _ reads: ConditionalReads.Closure, mindsCreation: Bool) {
        let number = sites.count
        sites.append(site)
        if reads.isAny {
            unbounded.append(Dependent(site: number, anchor: NodeID(0), mindsCreation: true, isIndirect: true))
        }
        for read in reads.direct {
            dependents[read.node, default: []].append(
                Dependent(site: number, anchor: read.anchor, mindsCreation: mindsCreation, isIndirect: false))
        }
        for read in reads.indirect {
            dependents[read.node, default: []].append(
                Dependent(site: number, anchor: read.anchor, mindsCreation: true, isIndirect: true))
        }
    }

    private mutating func collectUnique(_ rule: StructureRule, _ reads: inout ConditionalReads) {
        guard case .unique(let unique) = rule.kind else { return }
        let nodes = unique.ways.flatMap { way in way.map { ($0.id, unique.list.id) } }
        uniques[unique.list.id, default: []].append(sites.count)
        let closure = reads.closure(of: Set(nodes.map { XPathDependencies.Read(node: $0, anchor: $1) }))
        add(Site(kind: .unique(unique), node: unique.list), closure, mindsCreation: true)
    }
}

/// What a member of a leaf's type may refer to.
struct Reference: Sendable {
    var type: ResolvedType
    var targets: ReferenceTargets?

    init(_ type: ResolvedType, at node: SchemaNode) {
        self.type = type
        targets = ReferenceTargets(type, at: node)
    }
}

/// The targets of a leafref whose path has no predicates: all leaves at the end of a way down from an ancestor.
struct ReferenceTargets: Sendable {
    /// The ancestor of leaf and targets, or the root.
    var top: SchemaNode
    /// From the top to the targets.
    var way: [SchemaNode]
    /// Whether the target is the only key of its list, which finds it without an index.
    var isOnlyKey: Bool
    /// The targets by value; nil where there is no list on the way, or where defaults come and go.
    var targetIndex: IndexedPath?
    /// The leaves that refer, by value.
    var referrerIndex: IndexedPath?

    /// Whether both sides can be looked up by value.
    var isIndexed: Bool { targetIndex != nil && referrerIndex != nil }

    init?(_ type: ResolvedType, at node: SchemaNode) {
        guard type.isReference, let target = type.leafrefTarget.map({ node.schema[$0] }),
            let top = type.leafref?.top(from: node)
        else { return nil }
        self.top = top
        way = top.way(to: target)
        isOnlyKey = target.isKey && target.dataParent?.keys.count == 1
        targetIndex = IndexedPath(way: way)
        referrerIndex = IndexedPath(way: top.way(to: node))
    }
}

extension ResolvedType {
    /// Whether a value says that something is there.
    var isReference: Bool { requireInstance && (leafref != nil || base == .instanceIdentifier) }

    /// The members of a union, through inner unions; the type itself if it is none.
    var referenceMembers: [ResolvedType] { base == .union ? members.flatMap(\.referenceMembers) : [self] }
}

extension XPathExpression {
    /// The node that a path without predicates climbs to from `node` before it goes down; nil for other paths.
    func top(from node: SchemaNode) -> SchemaNode? {
        guard case .path(let start, let steps) = self, steps.allSatisfy(\.predicates.isEmpty) else { return nil }
        var top = node
        var rest = steps[...]
        switch start {
        case .root: top = node.schema.root
        case .context, .expression(.call("current", _), predicates: []):
            while let step = rest.first, step.axis == .parent, let parent = top.dataParent {
                top = parent
                rest = rest.dropFirst()
            }
        case .expression: return nil
        }
        return rest.allSatisfy { $0.axis == .child } ? top : nil
    }

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
