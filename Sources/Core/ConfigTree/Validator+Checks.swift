import Basics
import YANG

/// The checks of instances.
extension Validator {
    /// Checks a whole tree from its root, or from the mount point that it is mounted at.
    func visitRoot(_ root: Instance, _ run: inout ValidationRun) {
        checkStructure(root, touching: nil, &run)
        visitChildren(of: root, model.schema.root, &run)
    }

    /// Checks an instance, whose parent is in use, and everything below.
    func visit(_ instance: Instance, _ run: inout ValidationRun) {
        let node = instance.node
        guard !run.isFull, instance.isStored ? plan.visits(node) : plan.visitsImplicit(node) else { return }
        guard checkConditions(instance, &run) else { return }
        if node.kind == .mountPoint {
            guard let tree = instance.mountedTree else { return }
            validator(for: tree.model).visitRoot(instance, &run)
            return
        }
        checkOwn(instance, &run)
        guard !node.isTerminal else { return }
        checkStructure(instance, touching: nil, &run)
        visitChildren(of: instance, node, &run)
    }

    private func visitChildren(of parent: Instance, _ schema: SchemaNode, _ run: inout ValidationRun) {
        for child in schema.dataChildren where child.isConfig && plan.visits(child) {
            visitOccurrences(of: child, below: parent, &run)
        }
    }

    /// Checks the instances of `child`, stored or implicit.
    func visitOccurrences(of child: SchemaNode, below parent: Instance, _ run: inout ValidationRun) {
        for instance in parent.occurrences(of: child) where instance.isStored || isChosen(child, below: parent) {
            visit(instance, &run)
        }
    }

    /// Whether the choices around `child` let a node that is not stored be in use.
    func isChosen(_ child: SchemaNode, below parent: Instance) -> Bool {
        child.choices.allSatisfy { choice, name in
            (parent.chosenCase(of: choice) ?? choice.defaults.first) == name
        }
    }

    // MARK: One instance

    /// Whether every `when` of the instance holds. One that does not is reported if the instance is stored.
    func checkConditions(_ instance: Instance, _ run: inout ValidationRun) -> Bool {
        for condition in plan.conditions[instance.node.id] ?? [] {
            let context = condition.isAtParent ? instance.parent ?? instance : instance
            guard isTrue(condition.constraint, at: context, &run) else {
                if instance.isStored { run.reportUntrue(instance, condition.constraint) }
                return false
            }
        }
        return true
    }

    /// Whether the conditions of a child that may be absent hold.
    func isWanted(_ child: SchemaNode, below parent: Instance, _ run: inout ValidationRun) -> Bool {
        guard let conditions = plan.conditions[child.id] else { return true }
        let stand = Instance(absent: child, below: parent)
        return conditions.allSatisfy { isTrue($0.constraint, at: $0.isAtParent ? parent : stand, &run) }
    }

    /// The `must`s and references of an instance in use.
    func checkOwn(_ instance: Instance, _ run: inout ValidationRun) {
        if run.whensOnly { return }
        for must in instance.node.musts where !isTrue(must, at: instance, &run) {
            run.report(.untrueMust(instance, must))
        }
        if plan.references.contains(instance.node.id) { checkReference(instance, &run) }
    }

    /// An expression that can not be evaluated counts as true, with a warning: a slip in a vendor's module must not
    /// make every commit fail.
    private func isTrue(_ constraint: Constraint, at instance: Instance, _ run: inout ValidationRun) -> Bool {
        do {
            return try XPathEvaluator<DataNode>().isTrue(constraint.expression, at: DataNode(instance))
        } catch {
            run.report(.unevaluated(instance, constraint, error))
            return true
        }
    }

    private func checkReference(_ instance: Instance, _ run: inout ValidationRun) {
        guard let value = instance.value, let type = instance.node.type else { return }
        let members = type.base == .union ? type.members : [type]
        for member in members where accepts(member, value, at: instance, &run) { return }
        run.report(.illegalReference(instance))
    }

    /// Whether `value` is one of a type, and what it refers to is there.
    private func accepts(
        _ type: ResolvedType, _ value: String, at instance: Instance, _ run: inout ValidationRun
    ) -> Bool {
        // A value that the type, or the type of its target, refuses is for another member of the union.
        guard let canonical = try? type.canonical(value, in: values), canonical == value else { return false }
        if !type.requireInstance { return true }
        let evaluator = XPathEvaluator<DataNode>()
        if let path = type.leafref {
            if let targets = targetValues(type, path, instance, &run) { return targets.contains(value) }
            return (try? evaluator.contains(path, value: value, at: DataNode(instance))) ?? true
        }
        guard type.base == .instanceIdentifier else { return true }
        guard let path = InstanceIdentifier.expression(value) else { return false }
        return ((try? evaluator.nodes(path, at: DataNode(instance))) ?? []).contains { $0.instance.isInUse }
    }

    /// The values of all targets of a leafref that would have to search them one by one: gathered once for all leafrefs
    /// with the same targets. Nil where a key finds the target, or predicates choose among them.
    private func targetValues(
        _ type: ResolvedType, _ path: XPathExpression, _ instance: Instance, _ run: inout ValidationRun
    ) -> Set<String>? {
        guard let target = type.leafrefTarget, !(model.schema[target].isKey && isOnlyKey(target)),
            let (top, steps) = path.descent(from: instance)
        else { return nil }
        let key = ValidationRun.Targets(target: target, top: top)
        if let known = run.targetValues[key] { return known }
        let way = XPathExpression.path(start: .context, steps: steps)
        guard case .nodeSet(let nodes)? = try? XPathEvaluator(workLimit: .max).evaluate(way, at: DataNode(top)) else {
            return nil
        }
        let values = Set(nodes.map(\.stringValue))
        run.targetValues[key] = values
        return values
    }

    private func isOnlyKey(_ key: NodeID) -> Bool { model.schema[key].dataParent?.keys.count == 1 }
}

extension XPathExpression {
    /// The instance that a path without predicates climbs to, and the steps down from there; nil for other paths.
    fileprivate func descent(from instance: Instance) -> (top: Instance, steps: [Step])? {
        guard case .path(let start, let steps) = self, steps.allSatisfy(\.predicates.isEmpty) else { return nil }
        var top = instance
        var rest = steps[...]
        switch start {
        case .root: top = instance.treeRoot
        case .context, .expression(.call("current", _), predicates: []):
            while let step = rest.first, step.axis == .parent, let parent = top.parent {
                top = parent
                rest = rest.dropFirst()
            }
        case .expression: return nil
        }
        return rest.allSatisfy { $0.axis == .child } ? (top, Array(rest)) : nil
    }
}

extension Instance {
    /// Whether an instance-identifier may refer to this: data, or a default.
    fileprivate var isInUse: Bool { value != nil || row != nil || node.kind == .root }
}
