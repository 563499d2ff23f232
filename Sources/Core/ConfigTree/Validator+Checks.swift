import Basics
import YANG

/// The checks of instances.
extension Validator {
    /// Checks a whole tree from its root, or from the mount point that it is mounted at.
    func visitRoot(_ root: Instance, _ run: inout ValidationRun) {
        checkStructure(root, touching: nil, &run)
        visitChildren(of: root, model.schema.root, &run)
    }

    /// Checks the content of an input, output or notification.
    func visitContent(_ content: Instance, _ run: inout ValidationRun) {
        checkOwn(content, &run)
        checkStructure(content, touching: nil, &run)
        visitChildren(of: content, content.node, &run)
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
        for child in plan.visitedChildren(of: schema) {
            visitOccurrences(of: child, below: parent, &run)
        }
    }

    /// Checks the instances of `child`, stored or implicit.
    func visitOccurrences(of child: SchemaNode, below parent: Instance, _ run: inout ValidationRun) {
        if !plan.visitsImplicit(child), parent.row?.hasContent(in: child.slot) != true,
            child.kind != .mountPoint
        {
            return
        }
        for instance in parent.occurrences(of: child) where instance.isStored || isChosen(child, below: parent) {
            visit(instance, &run)
        }
    }

    /// Whether the choices around `child` let a node that is not stored be in use.
    func isChosen(_ child: SchemaNode, below parent: Instance) -> Bool {
        ReadCollector.current?.addChoices(of: child, below: parent)
        return child.choices.allSatisfy { choice, name in
            (parent.chosenCase(of: choice) ?? choice.defaults.first) == name
        }
    }

    // MARK: One instance

    /// Whether every `when` of the instance holds. One that does not is reported if the instance is stored. Of one that
    /// is not stored they have been asked already.
    func checkConditions(_ instance: Instance, _ run: inout ValidationRun) -> Bool {
        guard instance.isStored else { return true }
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
        if let references = plan.references[instance.node.id] { check(references, of: instance, &run) }
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

    private func check(_ references: [Reference], of instance: Instance, _ run: inout ValidationRun) {
        guard let value = instance.value else { return }
        for reference in references where accepts(reference, value, at: instance, &run) { return }
        run.report(.illegalReference(instance))
    }

    /// Whether `value` is one of a type, and what it refers to is there.
    private func accepts(
        _ reference: Reference, _ value: String, at instance: Instance, _ run: inout ValidationRun
    ) -> Bool {
        let type = reference.type
        // A value that the type, or the type of its target, refuses is for another member of the union.
        guard let canonical = try? type.canonical(value, in: values), canonical == value else { return false }
        if !type.requireInstance { return true }
        let evaluator = XPathEvaluator<DataNode>()
        if let path = type.leafref {
            if let targets = reference.targets, !targets.isOnlyKey, let top = instance.ancestor(targets.top) {
                return isTarget(value, targets, path, below: top, &run)
            }
            return (try? evaluator.contains(path, value: value, at: DataNode(instance))) ?? true
        }
        guard type.base == .instanceIdentifier else { return true }
        guard let path = InstanceIdentifier.expression(value) else { return false }
        return ((try? evaluator.nodes(path, at: DataNode(instance))) ?? []).contains { $0.instance.isInUse }
    }

    /// Whether one of the targets of a leafref, which would have to be searched one by one, has the value. After a change
    /// their index tells; a whole tree is gone through once for all leafrefs with the same targets.
    private func isTarget(
        _ value: String, _ targets: ReferenceTargets, _ path: XPathExpression, below top: Instance,
        _ run: inout ValidationRun
    ) -> Bool {
        guard let target = targets.way.last else { return true }
        let key = ValidationRun.Targets(target: target.id, top: top)
        if let before = run.before, let path = targets.targetIndex {
            let index = run.targetIndexes[key] ?? path.index(below: top, before: before.counterpart(of: top))
            run.targetIndexes[key] = index
            let hash = ValueHash.of(value)
            ReadCollector.current?.add(.value, top.claimPath + [ClaimStep.value(path, hash)])
            return index.count(of: hash) > 0
        }
        if let list = targets.way.first { ReadCollector.current?.addSubtree(of: list, below: top) }
        if let known = run.targetValues[key] { return known.contains(value) }
        var values: Set<String> = []
        top.forEachValue(at: targets.way[...]) { values.insert($0) }
        run.targetValues[key] = values
        return values.contains(value)
    }
}

extension Instance {
    /// Whether an instance-identifier may refer to this: data, or a default.
    fileprivate var isInUse: Bool { value != nil || row != nil || node.kind == .root }

    /// This instance or the one above it that is of `node`; the root of the tree that it is in for a schema's root.
    func ancestor(_ node: SchemaNode) -> Instance? {
        if node.kind == .root { return treeRoot }
        var here: Instance? = self
        while let current = here, current.node != node { here = current.parent }
        return here
    }

    /// The same place below this root of another version of the tree; nil if it is not there or of another model.
    func counterpart(of instance: Instance) -> Instance? {
        var chain: [Instance] = []
        var here = instance
        while let parent = here.parent {
            chain.append(here)
            here = parent
        }
        guard here.model === model else { return nil }
        var found = self
        for step in chain.reversed() {
            let next = step.keys.isEmpty ? found.child(step.node) : found.entry(step.node, step.keys)
            guard let next, next.mountedTree?.model === step.mountedTree?.model else { return nil }
            found = next
        }
        return found
    }

    /// Calls `body` with every value in use at the end of `way`.
    fileprivate func forEachValue(at way: ArraySlice<SchemaNode>, _ body: (String) -> Void) {
        guard let node = way.first else { return }
        for instance in occurrences(of: node) {
            if way.count > 1 {
                instance.forEachValue(at: way.dropFirst(), body)
            } else if let value = instance.value {
                body(value)
            }
        }
    }
}
