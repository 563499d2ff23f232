import Basics

/// Follows the paths of `must` and `when` over the schema tree: a step that names no node can never be true
/// (RFC 7950 section 6.4.1), and is most likely misspelt.
///
/// Conservative: where the nodes cannot be told (descendants of anydata, `deref()` of a union, a mount point), the
/// rest of the path is not judged.
struct ConstraintRules {
    let assembler: SchemaAssembler
    /// More nodes than these at one step are not followed.
    private static let breadthLimit = 200

    func checkAll() {
        var reads: [(node: NodeID, constraint: Constraint, read: [NodeID])] = []
        for index in assembler.records.indices {
            let record = assembler.records[index]
            guard !record.musts.isEmpty || !record.whens.isEmpty else { continue }
            for constraint in record.musts { _ = check(constraint, "must", at: record) }
            for constraint in record.whens {
                reads.append((record.id, constraint, check(constraint, "when", at: record)))
            }
        }
        ConditionRules(assembler: assembler, reads: reads).checkAll()
    }

    /// Checks the paths, and gives the nodes on them.
    private func check(_ constraint: Constraint, _ name: String, at record: NodeRecord) -> [NodeID] {
        var context = constraint.contextIsParent ? record.parent : record.id
        while [.choice, .case].contains(assembler[context].kind) { context = assembler[context].parent }
        var walk = ConstraintWalk(assembler: assembler, current: context, breadthLimit: Self.breadthLimit)
        _ = walk.nodes(of: constraint.expression, from: [context])
        for fault in walk.missing {
            assembler.log.report(
                .xpathNode, "\(name) \"\(constraint.source)\" of '\(record.name)' names no node: \(fault)",
                remedy: "correct the path, or add the module that defines the node", constraint.place,
                node: record.id)
        }
        guard record.isConfig, let state = walk.state else { return walk.read }
        assembler.log.report(
            .xpathConfig,
            "\(name) \"\(constraint.source)\" of '\(record.name)' reads '\(state)', which is no configuration",
            remedy: "a constraint on configuration sees configuration only", constraint.place, node: record.id)
        return walk.read
    }
}

private struct ConstraintWalk {
    let assembler: SchemaAssembler
    let current: NodeID
    let breadthLimit: Int
    var missing: [String] = []
    /// Every node that a path leads to by name.
    var read: [NodeID] = []
    /// The first node on any path that is no configuration.
    var state: String?
    private var depth = 0

    init(assembler: SchemaAssembler, current: NodeID, breadthLimit: Int) {
        self.assembler = assembler
        self.current = current
        self.breadthLimit = breadthLimit
    }

    /// The nodes of a node set; nil if they cannot be told, or the value is none.
    mutating func nodes(of expression: XPathExpression, from context: [NodeID]?) -> [NodeID]? {
        depth += 1
        defer { depth -= 1 }
        guard depth < 64 else { return nil }
        switch expression {
        case .or(let left, let right), .and(let left, let right), .comparison(_, let left, let right),
            .arithmetic(_, let left, let right):
            _ = nodes(of: left, from: context)
            _ = nodes(of: right, from: context)
            return nil
        case .union(let left, let right):
            guard let first = nodes(of: left, from: context), let second = nodes(of: right, from: context) else {
                return nil
            }
            return first + second
        case .negate(let operand):
            _ = nodes(of: operand, from: context)
            return nil
        case .literal, .qualifiedName, .number: return nil
        case .call(let name, let arguments): return call(name, arguments, context)
        case .path(let start, let steps): return path(start, steps, context)
        }
    }

    private mutating func call(
        _ name: String, _ arguments: [XPathExpression], _ context: [NodeID]?
    ) -> [NodeID]? {
        let sets = arguments.map { nodes(of: $0, from: context) }
        switch name {
        case "current": return [current]
        case "deref":
            guard let set = sets.first, let leafs = set else { return nil }
            let targets = leafs.compactMap { leaf -> NodeID? in
                let type = assembler[leaf].type
                return type < 0 ? nil : assembler.resolvedTypes[Int(type)].leafrefTarget
            }
            return targets.count == leafs.count && !targets.isEmpty ? targets : nil
        default: return nil
        }
    }

    private mutating func path(
        _ start: XPathExpression.PathStart, _ steps: [XPathExpression.Step], _ context: [NodeID]?
    ) -> [NodeID]? {
        var set: [NodeID]?
        var steps = steps[...]
        switch start {
        case .root:
            set = [NodeID(0)]
            if case .name(_, let name)? = steps.first?.test,
                let structure = assembler.drafts[Int(current.index)].structure, structure.name == name
            {
                set = [structure.id]
                steps.removeFirst()
            }
        case .context: set = context
        case .expression(let expression, let predicates):
            set = nodes(of: expression, from: context)
            for predicate in predicates { _ = nodes(of: predicate, from: set) }
        }
        for step in steps {
            set = take(step, from: set)
            for predicate in step.predicates { _ = nodes(of: predicate, from: set) }
        }
        return set
    }

    private mutating func take(_ step: XPathExpression.Step, from set: [NodeID]?) -> [NodeID]? {
        guard let set, set.count <= breadthLimit else { return nil }
        switch (step.axis, step.test) {
        case (.self, .anyNode): return set
        case (.parent, .anyNode): return parents(of: set)
        case (.child, .text): return nil
        case (.child, .anyName), (.child, .anyNode):
            if set.contains(where: isOpaque) { return nil }
            return set.flatMap { assembler.records[Int($0.index)].dataChildren.map { assembler.childTable[Int($0)] } }
        case (.child, .name(let module, let name)): return children(named: name, module: module, of: set)
        default: return nil
        }
    }

    private mutating func parents(of set: [NodeID]) -> [NodeID] {
        var result: [NodeID] = []
        for id in set {
            if id.index == 0 {
                if !missing.contains("'..' leads above the root") { missing.append("'..' leads above the root") }
                continue
            }
            let kind = assembler[id].kind
            let from = kind == .input || kind == .output ? assembler[id].dataParent : id
            let parent = assembler[from].dataParent
            if !result.contains(parent) { result.append(parent) }
        }
        return result
    }

    private func isOpaque(_ id: NodeID) -> Bool {
        [.anydata, .anyxml, .mountPoint].contains(assembler[id].kind)
    }

    private mutating func children(named name: String, module: String?, of set: [NodeID]) -> [NodeID]? {
        guard !set.isEmpty else { return nil }
        var found: [NodeID] = []
        for id in set {
            if isOpaque(id) { return nil }
            for part in parts(of: id) {
                if let child = assembler.drafts[Int(part.index)].dataChild(named: name, module: module) {
                    found.append(child.id)
                }
            }
        }
        if found.isEmpty {
            let first = set[0]
            let above = first.index == 0 ? "the root" : "'\(assembler[first].name)'"
            let fault = "\(above) has no '\(module.map { "\($0):" } ?? "")\(name)'"
            if !missing.contains(fault) { missing.append(fault) }
            return nil
        }
        read += found
        if state == nil, let node = found.first(where: { !assembler[$0].isConfig }), !isOperation(node) {
            state = assembler[node].name
        }
        return found
    }

    private func isOperation(_ id: NodeID) -> Bool {
        [.rpc, .action, .input, .output, .notification].contains(assembler[id].kind)
    }

    /// An operation and its input and output are one node of the accessible tree.
    private func parts(of id: NodeID) -> [NodeID] {
        guard [.rpc, .action].contains(assembler[id].kind) else { return [id] }
        return assembler.drafts[Int(id.index)].children.map(\.id)
    }
}
