package import ConfigTree
import YANG

/// Carries data over to another model: node by node where module and name agree or a migration map says so, converting
/// values where they fit.
///
/// What stays as it is stays the same object: rows, lists, trees mounted under a model that stays the same. Nothing is
/// lost unsaid: every instance that is not carried over is counted in a `Loss`, and reported if somebody listens.
package enum DataCarrier {
    /// - Parameters:
    ///   - plans: shared by the runs over many devices, so that models are compared once.
    ///   - report: is told of each instance that is not kept as it is, as it is met.
    package static func carry(
        _ data: DataTree, to model: DataModel, plans: CarryPlans = CarryPlans(),
        report: ((CarryEvent) -> Void)? = nil
    ) -> CarriedData {
        if data.model === model { return CarriedData(tree: data, losses: [], counts: CarryCounts()) }
        let run = CarryRun(plans, data, report)
        let root = run.carryTree(plans.plan(from: data.model, to: model))
        return CarriedData(
            tree: DataTree(model: model, root: root), losses: run.losses.losses, counts: run.counts)
    }
}

/// One run over one tree and those mounted in it.
final class CarryRun {
    /// An old entry or container on the way to where the run is.
    struct Frame {
        let node: SchemaNode
        let row: Row
        let entry: EntryPlan?
        /// The new keys, where they are not the old ones.
        let keys: [String]?
    }

    /// What has been made of a child, before it has its place.
    enum Outcome {
        case nothing
        case value(String)
        case kid(Kid)
        /// Entries of a list or leaf-list, all different.
        case rows(ContiguousArray<Row>)
    }

    /// Something whose place is elsewhere: put there when the rest is done.
    struct Placement {
        let source: SchemaNode
        let path: [InstancePath.Step]
        let target: SchemaNode
        let outcome: Outcome
        let metadata: [RowMetadata.Item]
    }

    let plans: CarryPlans
    let report: ((CarryEvent) -> Void)?
    var losses = LossList()
    var counts = CarryCounts()

    /// The tree that the run is in, and the model that it goes to; others below a mount point.
    var data: DataTree
    var model: DataModel
    var frames: [Frame] = []
    var placements: [Placement] = []
    private var prefix = ""
    private var outer: [InstancePath.Step] = []

    init(_ plans: CarryPlans, _ data: DataTree, _ report: ((CarryEvent) -> Void)?) {
        self.plans = plans
        self.data = data
        self.report = report
        model = data.model
    }

    func carryTree(_ plan: CarryPlan) -> Row {
        model = plan.new
        let root = carryRow(data.root, plan.top)
        return placements.isEmpty ? root : placed(root)
    }

    // MARK: Reporting

    /// Where the run is, and `node` below it.
    func path(of node: SchemaNode, keys: [String] = []) -> InstancePath {
        var steps = outer + frames.map { InstancePath.Step($0.node, keys: Self.keys($0.node, $0.row)) }
        steps.append(InstancePath.Step(node, keys: keys))
        return InstancePath(steps)
    }

    static func keys(_ node: SchemaNode, _ row: Row) -> [String] {
        switch node.kind {
        case .list: node.keys.map { row.value(in: $0.slot) ?? "" }
        case .leafList: [row.value(at: 0)]
        default: []
        }
    }

    func lose(
        _ node: SchemaNode, _ reason: String, instances: Int = 1, value: String? = nil, keys: [String] = [],
        default replacement: String? = nil
    ) {
        losses.add(prefix + node.prefixedPath, reason, instances)
        if replacement == nil { counts.dropped += instances } else { counts.defaulted += instances }
        guard let report else { return }
        let shown = node.type?.secret == nil ? value : nil
        let fate: CarryEvent.Fate =
            replacement.map { .defaulted(to: $0, reason: reason) } ?? .dropped(reason: reason, instances: instances)
        report(CarryEvent(path: path(of: node, keys: keys), value: shown, fate: fate))
    }

    func noteConverted(
        _ node: SchemaNode, from old: String?, to new: String?, target: SchemaNode, keys: [String] = []
    ) {
        counts.converted += 1
        tell(node, from: old, to: new, target: target, keys: keys)
    }

    /// Reports another value or another place.
    func tell(_ node: SchemaNode, from old: String?, to new: String?, target: SchemaNode, keys: [String] = []) {
        guard let report else { return }
        let isSecret = node.type?.secret != nil || target.type?.secret != nil
        let place = target.prefixedPath
        report(
            CarryEvent(
                path: path(of: node, keys: keys), value: isSecret ? nil : old,
                fate: .converted(to: isSecret ? nil : new, path: place == node.prefixedPath ? nil : place)))
    }

    // MARK: Rows

    /// The row under the new model: the same object if nothing in it changes.
    /// - Parameter keys: the keys of the new entry, if they are not what the old one's leaves become.
    func carryRow(_ row: Row, _ plan: RowPlan, keys: [String]? = nil) -> Row {
        var isSame = keys == nil && leavesStay(row, plan)
        let begun = isSame ? nil : begin(row, plan, keys)
        var done = ContiguousArray<(ChildPlan, Outcome)>()
        var late = ContiguousArray<(ChildPlan, Kid)>()
        for kid in row.kids {
            let child = plan.children[Int(kid.slot)]
            // Which model is mounted depends on what is beside the mount point.
            if child.mayClash || child.old.kind == .mountPoint {
                if child.mayClash || child.new?.slot != Int(kid.slot) { isSame = false }
                late.append((child, kid.kid))
                continue
            }
            let outcome = carryKid(kid.kid, child, row)
            if isSame { isSame = Self.isSame(outcome, kid, child) }
            done.append((child, outcome))
        }
        if isSame, late.isEmpty {
            counts.kept += row.leafCount
            return row
        }
        if isSame, let kept = keepingMounts(row, late) { return kept }
        let draft = begun ?? begin(row, plan, keys)
        for (child, outcome) in done { put(outcome, child, row, draft) }
        for (child, kid) in late where child.old.kind != .mountPoint { carryLate(kid, child, row, draft) }
        for case (let child, .mount(let tree)) in late { carryMount(tree, child, draft) }
        carryMetadata(row, plan, draft)
        return draft.freeze(in: model)
    }

    /// The new row with its leaves.
    private func begin(_ row: Row, _ plan: RowPlan, _ keys: [String]?) -> RowDraft {
        let draft = RowDraft(plan.new)
        for (key, value) in zip(plan.new.keys, keys ?? []) { draft.set(value, for: key) }
        for position in 0..<row.leafCount { carryLeaf(row, position, plan, draft, hasKeys: keys != nil) }
        return draft
    }

    private static func isSame(_ outcome: Outcome, _ kid: KidSlot, _ child: ChildPlan) -> Bool {
        guard case .kid(let new) = outcome, child.new?.slot == Int(kid.slot) else { return false }
        switch (kid.kid, new) {
        case (.row(let a), .row(let b)): return a === b
        case (.entries(let a), .entries(let b)): return a === b
        default: return false
        }
    }

    /// Whether every leaf is one of the new row as it is.
    private func leavesStay(_ row: Row, _ plan: RowPlan) -> Bool {
        for position in 0..<row.leafCount {
            let child = plan.children[row.leafSlot(at: position)]
            guard case .leaf(let values) = child.way, !child.mayClash, child.keepsSlot else { return false }
            if child.isRenamed, report != nil { return false }
            if case .checked(let check, _) = values, !isCanonical(row, position, check) { return false }
        }
        return true
    }

    private func isCanonical(_ row: Row, _ position: Int, _ check: ValueCheck?) -> Bool {
        guard let check else { return false }
        return row.withValue(at: position) { check.verdict(UnsafeRawBufferPointer($0)) == .canonical }
    }

    private func carryMetadata(_ row: Row, _ plan: RowPlan, _ draft: RowDraft) {
        for item in row.metadata?.items ?? [] {
            guard let slot = item.slot else {
                draft.note(item, of: nil)
                continue
            }
            if let target = plan.children[slot].placeHere(below: plan.new), draft.value(of: target) != nil {
                draft.note(item, of: target.slot)
            }
        }
    }

    // MARK: Mount points

    /// The row itself, if all that is mounted in it stays as it is.
    private func keepingMounts(_ row: Row, _ mounts: ContiguousArray<(ChildPlan, Kid)>) -> Row? {
        for (child, kid) in mounts {
            guard case .mount(let tree) = kid, let point = child.new, model.mounted(row, point) === tree.model else {
                return nil
            }
        }
        counts.kept += row.leafCount
        return row
    }

    private func carryMount(_ tree: DataTree, _ child: ChildPlan, _ draft: RowDraft) {
        guard let point = child.new, point.kind == .mountPoint else {
            return lose(child.old, "the mount point is gone", instances: tree.instanceCount)
        }
        guard let inner = model.mounted(draft.freeze(in: model), point) else {
            return lose(child.old, "no driver is loaded for it", instances: tree.instanceCount)
        }
        if inner === tree.model { return draft.mount(point, tree) }
        let state = (prefix, model, data, frames, placements, outer)
        outer = path(of: child.old).steps
        prefix += child.old.prefixedPath
        (data, frames, placements) = (tree, [], [])
        let root = carryTree(plans.plan(from: tree.model, to: inner))
        (prefix, model, data, frames, placements, outer) = state
        draft.mount(point, DataTree(model: inner, root: root))
    }
}

extension ChildPlan {
    /// The node that a leaf's value goes to, if that is a child of `parent`.
    func placeHere(below parent: SchemaNode) -> SchemaNode? {
        if let new { return new }
        guard case .mapped(let ways) = way else { return nil }
        return ways.first { $0.destination.node.dataParent == parent }?.destination.node
    }
}
