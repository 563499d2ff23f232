import Basics
import YANG

/// Validation of a change: walks the difference, checks what is new, and finds the constraints elsewhere that read what
/// changed.
extension Validator {
    func check(_ difference: [DiffNode], root: Instance, _ run: inout ValidationRun) {
        var changes = ChangeWalk(validator: self, root: root)
        changes.walk(difference, below: root, isInUse: true, &run)
        changes.checkTriggered(&run)
    }
}

/// One walk over a difference, with the constraints that it triggers.
private struct ChangeWalk {
    let validator: Validator
    let root: Instance
    /// For each constraint the highest instances under which it is to be checked again.
    private var triggered: [Int: Set<Instance>] = [:]

    private var plan: ValidationPlan { validator.plan }

    init(validator: Validator, root: Instance) {
        self.validator = validator
        self.root = root
    }

    /// `parent` is in the new tree; `isInUse` is false below a node whose condition is false.
    mutating func walk(
        _ difference: [DiffNode], below parent: Instance, isInUse: Bool, _ run: inout ValidationRun
    ) {
        var touched: Set<Int> = []
        for change in difference where change.node.isConfig {
            let node = change.node
            switch change.change {
            case .inside: inside(change, parent, isInUse, &run)
            case .moved:
                mark(node, parent, isNew: false, isSubtree: false)
                inside(change, parent, isInUse, &run)
            case .modified:
                mark(node, parent, isNew: false, isSubtree: false)
                touched.insert(node.slot)
                if isInUse { recheck(node, parent, &run) }
            case .created:
                // What takes the place of a default is no mere addition.
                mark(node, parent, isNew: node.defaults.isEmpty, isSubtree: true)
                touched.insert(node.slot)
                guard let made = instance(change, parent) else { continue }
                if node.kind == .list { enter(made, parent) }
                if isInUse { validator.visit(made, &run) }
            case .deleted:
                mark(node, parent, isNew: false, isSubtree: true)
                touched.insert(node.slot)
                // What takes the place of the deleted: a default, the demands of a non-presence container.
                if isInUse { recheck(node, parent, &run) }
            }
        }
        for slot in touched { choose(slot, parent, isInUse, &run) }
        if isInUse, !touched.isEmpty { validator.checkStructure(parent, touching: touched, &run) }
    }

    private func instance(_ change: DiffNode, _ parent: Instance) -> Instance? {
        switch change.node.kind {
        case .list, .leafList: change.new.map { parent.instance(of: change.node, $0) }
        default: parent.child(change.node)
        }
    }

    private mutating func inside(
        _ change: DiffNode, _ parent: Instance, _ isInUse: Bool, _ run: inout ValidationRun
    ) {
        guard let here = instance(change, parent) else { return }
        if change.node.kind == .mountPoint {
            mark(change.node, parent, isNew: false, isSubtree: false)
            guard isInUse, validator.checkConditions(here, &run), let tree = here.mountedTree else { return }
            validator.validator(for: tree.model).check(change.children, root: here, &run)
            return
        }
        let isHere = isInUse && validator.checkConditions(here, &run)
        walk(change.children, below: here, isInUse: isHere, &run)
    }

    /// Checks what is now at a leaf, leaf-list or non-presence container; entries have been checked one by one.
    private func recheck(_ node: SchemaNode, _ parent: Instance, _ run: inout ValidationRun) {
        guard node.kind != .list else { return }
        if node.kind == .leafList, parent.row?.entries(in: node.slot) != nil { return }
        validator.visitOccurrences(of: node, below: parent, &run)
    }

    /// A node of a choice that comes or goes lets defaults of other nodes of the choice go or come.
    private mutating func choose(_ slot: Int, _ parent: Instance, _ isInUse: Bool, _ run: inout ValidationRun) {
        guard let schema = parent.childSchema else { return }
        guard let outermost = schema.dataChild(at: slot).choices.last?.choice else { return }
        for node in plan.dissolved(outermost) where node.isConfig && node.slot != slot {
            if !node.defaults.isEmpty || node.isNonPresenceContainer {
                mark(node, parent, isNew: false, isSubtree: true)
            }
            if isInUse, plan.visitsImplicit(node) { validator.visitOccurrences(of: node, below: parent, &run) }
        }
    }

    // MARK: Triggers

    /// Remembers the constraints that read `node`, or for a subtree anything at or below it.
    private mutating func mark(_ node: SchemaNode, _ parent: Instance, isNew: Bool, isSubtree: Bool) {
        for dependent in plan.unbounded where !isNew || dependent.mindsCreation {
            triggered[dependent.site, default: []].insert(root)
        }
        for dependent in readers(of: node, isSubtree: isSubtree) where !isNew || dependent.mindsCreation {
            guard let anchor = ancestor(dependent.anchor, of: parent) else { continue }
            let site = plan.sites[dependent.site]
            switch site.kind {
            case .reference(let targets?) where !dependent.isIndirect && targets.isIndexed:
                lost[dependent.site, default: []].insert(anchor)
            case .unique where anchor.node == site.node:
                entered[dependent.site, default: [:]][anchor.parent ?? root, default: []].insert(anchor)
            default: triggered[dependent.site, default: []].insert(anchor)
            }
        }
    }

    /// References whose targets may have gone, with the top of both.
    private var lost: [Int: Set<Instance>] = [:]
    /// Entries that are to be compared with the others of their list, by the list's parent.
    private var entered: [Int: [Instance: Set<Instance>]] = [:]

    private mutating func enter(_ entry: Instance, _ parent: Instance) {
        for site in plan.uniques[entry.node.id] ?? [] {
            entered[site, default: [:]][parent, default: []].insert(entry)
        }
    }

    private func readers(of node: SchemaNode, isSubtree: Bool) -> [ValidationPlan.Dependent] {
        isSubtree && !node.isTerminal ? validator.readers(below: node) : plan.dependents[node.id] ?? []
    }

    /// The instance of `anchor` at or above `parent`. Constraints anchored lower concern only what was created, which
    /// is checked as a whole, or what is gone.
    private func ancestor(_ anchor: NodeID, of parent: Instance) -> Instance? {
        var here: Instance? = parent
        while let current = here {
            // The root of a mounted tree is its mount point.
            if current == root { return anchor == validator.model.schema.root.id ? current : nil }
            if current.node.id == anchor { return current }
            here = current.parent
        }
        return nil
    }

    mutating func checkTriggered(_ run: inout ValidationRun) {
        checkLost(&run)
        for (number, anchors) in triggered.sorted(by: { $0.key < $1.key }) {
            let site = plan.sites[number]
            for anchor in anchors where isInUse(anchor, &run) {
                if run.isFull { return }
                // Nearly anything may concern an instance-identifier: mostly there is none.
                if case .identifier(let values?) = site.kind, anchor == root,
                    values.index(below: root, before: run.before?.counterpart(of: root)).isEmpty
                {
                    continue
                }
                check(site, under: anchor, &run)
            }
        }
        for (number, lists) in entered {
            guard case .unique(let unique) = plan.sites[number].kind else { continue }
            for (parent, entries) in lists where isInUse(parent, &run) {
                validator.check(unique, of: entries, below: parent, &run)
            }
        }
    }

    /// Of references without predicates: only if a value that was among the targets is missed by one that refers are
    /// they gone through.
    private mutating func checkLost(_ run: inout ValidationRun) {
        if run.whensOnly { return }
        var changes: [ValidationRun.Targets: ValueChanges] = [:]
        for (number, tops) in lost {
            guard case .reference(let targets?) = plan.sites[number].kind, let path = targets.targetIndex,
                let referrers = targets.referrerIndex, let target = targets.way.last
            else { continue }
            for top in tops {
                guard let old = run.before?.counterpart(of: top) else {
                    triggered[number, default: []].insert(top)
                    continue
                }
                let key = ValidationRun.Targets(target: target.id, top: top)
                let change = changes[key] ?? path.changes(from: old, to: top)
                changes[key] = change
                let values = change.lost
                if values.isEmpty { continue }
                for value in values {
                    ReadCollector.current?.add(.claim, top.claimPath + [ClaimStep.value(path, value)])
                }
                let index = referrers.index(below: top, before: old)
                if values.contains(where: { index.count(of: $0) > 0 }) {
                    triggered[number, default: []].insert(top)
                }
            }
        }
    }

    private func isInUse(_ instance: Instance, _ run: inout ValidationRun) -> Bool {
        var here: Instance? = instance
        while let current = here, current != root {
            guard current.isStored || current.parent.map({ validator.isChosen(current.node, below: $0) }) ?? true,
                validator.checkConditions(current, &run)
            else { return false }
            here = current.parent
        }
        return true
    }

    /// Checks a constraint wherever its node occurs at or below `anchor`.
    private func check(_ site: ValidationPlan.Site, under anchor: Instance, _ run: inout ValidationRun) {
        if case .when = site.kind {
            // What a condition decides is the parent's matter too: a node that is wanted now may be missing.
            guard let parent = site.node.dataParent else { return }
            let top = anchor.node == site.node ? anchor.parent ?? anchor : anchor
            for instance in occurrences(of: parent, under: top, &run) {
                for child in instance.occurrences(of: site.node) {
                    if child.isStored {
                        guard validator.checkConditions(child, &run), !wasInUse(child, run) else { continue }
                        validator.visit(child, &run)
                    } else if validator.isChosen(child.node, below: instance) {
                        validator.visit(child, &run)
                    }
                }
                validator.checkStructure(instance, touching: [site.node.slot], &run)
            }
            return
        }
        if case .unique(let unique) = site.kind {
            guard let parent = site.node.dataParent else { return }
            for instance in occurrences(of: parent, under: anchor, &run) {
                validator.check(unique, below: instance, &run)
            }
            return
        }
        for instance in occurrences(of: site.node, under: anchor, &run) { validator.checkOwn(instance, &run) }
    }

    /// Whether a stored node had its conditions fulfilled before the change. If not, nothing in it has been checked yet.
    private func wasInUse(_ child: Instance, _ run: ValidationRun) -> Bool {
        guard let old = run.before?.counterpart(of: child) else { return true }
        var run = ValidationRun(limit: 0)
        return validator.checkConditions(old, &run)
    }

    /// The instances of `node` in use at or below `anchor`, which is in use.
    private func occurrences(
        of node: SchemaNode, under anchor: Instance, _ run: inout ValidationRun
    ) -> [Instance] {
        var way: [SchemaNode] = []
        var next: SchemaNode? = node
        let top = anchor == root ? validator.model.schema.root : anchor.node
        while let current = next, current != top {
            way.append(current)
            next = current.dataParent
        }
        guard next != nil else { return [] }
        var found = [anchor]
        for step in way.reversed() {
            var below: [Instance] = []
            for instance in found {
                for child in instance.occurrences(of: step)
                where (child.isStored || validator.isChosen(step, below: instance))
                    && validator.checkConditions(child, &run)
                {
                    below.append(child)
                }
            }
            found = below
        }
        return found
    }
}
