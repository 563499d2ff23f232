import Basics
import YANG

/// The checks of a parent's children taken together.
extension Validator {
    /// Checks the rules for the children of `parent`, which is in use: all, or those that look at a child in `slots`. In
    /// that case `unique` is not among them: it goes by entries.
    func checkStructure(_ parent: Instance, touching slots: Set<Int>?, _ run: inout ValidationRun) {
        if run.whensOnly { return }
        let schema = parent.childSchema ?? parent.node
        for rule in plan.rules[schema.id] ?? [] {
            if let slots, slots.isDisjoint(with: rule.slots) { continue }
            switch rule.kind {
            case .mandatory(let leaf): checkMandatory(leaf, parent, &run)
            case .mandatoryChoice(let choice): checkMandatory(choice: choice, parent, &run)
            case .exclusive(let choice): checkExclusive(choice, parent, &run)
            case .cardinality(let list): checkCardinality(list, parent, &run)
            case .unique(let unique): if slots == nil { check(unique, below: parent, &run) }
            case .keys(let keys):
                for key in keys where parent.row?.hasValue(in: key.slot) != true {
                    run.report(.notConfigured(parent.path.appending(key)))
                }
            }
        }
    }

    /// Whether a child that is missing is missed: the case that it stands in is there, its conditions hold.
    private func isMissed(_ child: SchemaNode, _ parent: Instance, _ run: inout ValidationRun) -> Bool {
        ReadCollector.current?.addChoices(of: child, below: parent)
        return child.choices.allSatisfy { parent.chosenCase(of: $0.choice) == $0.caseName }
            && isWanted(child, below: parent, &run)
    }

    private func checkMandatory(_ leaf: SchemaNode, _ parent: Instance, _ run: inout ValidationRun) {
        ReadCollector.current?.addChildren(leaf, of: parent)
        guard parent.row?.hasValue(in: leaf.slot) != true, isMissed(leaf, parent, &run) else { return }
        run.report(.notConfigured(parent.path.appending(leaf)))
    }

    private func checkMandatory(choice: SchemaNode, _ parent: Instance, _ run: inout ValidationRun) {
        ReadCollector.current?.addChoice(choice, below: parent)
        ReadCollector.current?.addChoices(of: choice, below: parent)
        guard parent.chosenCase(of: choice) == nil,
            choice.choices.allSatisfy({ parent.chosenCase(of: $0.choice) == $0.caseName })
        else { return }
        // The conditions of the choice are those of its nodes; it is missed if one of them could be there.
        for node in plan.dissolved(choice) where isWanted(node, below: parent, &run) {
            run.report(.missingChoice(choice, parent))
            return
        }
    }

    private func checkExclusive(_ choice: SchemaNode, _ parent: Instance, _ run: inout ValidationRun) {
        ReadCollector.current?.addChoice(choice, below: parent)
        guard let row = parent.row else { return }
        let stored = choice.children.filter { row.isAnyStored(in: $0) }
        if stored.count > 1 { run.report(.severalCases(choice, stored.map(\.name), parent)) }
    }

    private func checkCardinality(_ list: SchemaNode, _ parent: Instance, _ run: inout ValidationRun) {
        ReadCollector.current?.addInstances(of: list, below: parent)
        let count = parent.row?.entries(in: list.slot)?.count ?? 0
        if count > list.maxElements {
            run.report(.tooMany(parent.path.appending(list), count, list.maxElements))
        }
        // A leaf-list's defaults in use count, unless entries replace them.
        let used = count == 0 && list.kind == .leafList ? list.defaults.count : count
        guard used < list.minElements, isMissed(list, parent, &run) else { return }
        run.report(.tooFew(parent.path.appending(list), count, list.minElements))
    }

    /// Entries that lack one of the leaves are exempt (RFC 7950 section 7.8.3).
    func check(_ unique: UniqueRule, below parent: Instance, _ run: inout ValidationRun) {
        if run.whensOnly { return }
        ReadCollector.current?.addSubtree(of: unique.list, below: parent)
        var owners: [[String]: Instance] = [:]
        for entry in parent.entries(unique.list) {
            var values: [String] = []
            for way in unique.ways {
                guard let value = entry.value(at: way) else { break }
                values.append(value)
            }
            guard values.count == unique.ways.count else { continue }
            if let first = owners[values] {
                run.report(.notUnique(entry, first, unique.ways.compactMap(\.last)))
            } else {
                owners[values] = entry
            }
        }
    }

    /// Checks entries alone against all others, with the index of the list; the list as a whole if one is not unique.
    func check(_ unique: UniqueRule, of entries: Set<Instance>, below parent: Instance, _ run: inout ValidationRun) {
        if run.whensOnly || entries.isEmpty { return }
        guard let path = unique.index, let old = run.before?.counterpart(of: parent),
            let before = old.row?.entries(in: unique.list.slot), let now = parent.row?.entries(in: unique.list.slot)
        else { return check(unique, below: parent, &run) }
        let index = path.index(of: now, before: before)
        for entry in entries {
            guard let hash = entry.row.flatMap(path.hash(of:)) else { continue }
            ReadCollector.current?.add(
                .claim, parent.claimPath + [unique.list.claimStep, ClaimStep.value(path, hash)])
            guard index.count(of: hash) > 1 else { continue }
            return check(unique, below: parent, &run)
        }
    }
}

extension Instance {
    /// The value in use of the leaf at the end of `way`.
    fileprivate func value(at way: [SchemaNode]) -> String? {
        var holder: Instance? = self
        for node in way.dropLast() { holder = holder?.containerInUse(node) }
        return way.last.flatMap { leaf in holder.flatMap { $0.value(leaf) } }
    }
}
