import YANG

/// Changes of different parts of one tree, brought together without naming a single node of them.
extension DataTree {
    /// This tree with all that tells `changed` from `base`; nil where that cannot be told by looking at what is shared,
    /// and the change has to be applied edit by edit.
    ///
    /// All three come from one tree. Where this one still has the very row that the change was made upon, the change's row
    /// takes its place as it is: so the cost is that of the way to what changed, however much came or went there.
    package func grafting(_ changed: DataTree, changedFrom base: DataTree) -> DataTree? {
        guard model === base.model, model === changed.model,
            let root = Graft(model: model).row(root, base.root, changed.root, model.schema.root)
        else { return nil }
        return DataTree(model: model, root: root)
    }
}

private struct Graft {
    let model: DataModel

    /// `here` with what tells `changed` from `base`, three versions of one row.
    func row(_ here: Row, _ base: Row, _ changed: Row, _ node: SchemaNode) -> Row? {
        if base === changed { return here }
        if here === base { return changed }
        guard changed.hasSameLeaves(as: base), changed.metadata == base.metadata, changed.order == base.order else {
            return nil
        }
        var result = here
        for slot in Self.slots(base, changed) {
            let child = node.dataChild(at: slot)
            switch (here.kid(in: slot), base.kid(in: slot), changed.kid(in: slot)) {
            case (nil, nil, let new?):
                // Where it makes nodes of another case go, those may have come here meanwhile.
                guard model.rivals(of: child).isEmpty else { return nil }
                result = result.replacing(new, in: slot)
            case (let old?, let before?, let new):
                if old.isSame(as: before) {
                    result = result.replacing(new, in: slot)
                } else {
                    guard let new, let kid = kid(old, before, new, child) else { return nil }
                    result = result.replacing(kid, in: slot)
                }
            default: return nil
            }
        }
        // A container without presence would have to go.
        return result.isEmpty ? nil : result
    }

    /// The slots in which the two have other children.
    private static func slots(_ base: Row, _ changed: Row) -> [Int] {
        let all = Set(base.kids.map { Int($0.slot) }).union(changed.kids.map { Int($0.slot) })
        return all.sorted().filter { slot in
            guard let before = base.kid(in: slot), let after = changed.kid(in: slot) else { return true }
            return !before.isSame(as: after)
        }
    }

    private func kid(_ here: Kid, _ base: Kid, _ changed: Kid, _ node: SchemaNode) -> Kid? {
        switch (here, base, changed) {
        case (.row(let here), .row(let base), .row(let changed)):
            return row(here, base, changed, node).map(Kid.row)
        case (.mount(let here), .mount(let base), .mount(let changed)):
            return here.grafting(changed, changedFrom: base).map(Kid.mount)
        case (.entries(let here), .entries(let base), .entries(let changed)):
            return entries(here, base, changed, node).map(Kid.entries)
        default: return nil
        }
    }

    private func entries(_ here: Entries, _ base: Entries, _ changed: Entries, _ list: SchemaNode) -> Entries? {
        // Places are labels, which edits of others may have given anew.
        guard !here.isUserOrdered, !here.order.isKeyless else { return nil }
        var result: Entries? = here
        Entries.forEachDifference(base, changed) { before, after in
            guard let sofar = result, let keys = (before ?? after).map(base.keys) else { return }
            result = entry(sofar, here.entry(keys), before, after, list)
        }
        // What validation would look up in the list, kept up at the cost of what changed.
        result?.takeIndexes(from: here)
        return result
    }

    /// `entries` with what a change did to one entry; nil if that is not clear, or if none is left.
    private func entry(_ entries: Entries, _ here: Row?, _ base: Row?, _ changed: Row?, _ list: SchemaNode) -> Entries?
    {
        guard let changed else {
            guard let base, here === base else { return nil }
            return entries.removing(entries.keys(of: base))
        }
        if here === base { return entries.upserting(changed) }
        guard let here, let base, let both = row(here, base, changed, list) else { return nil }
        return entries.upserting(both)
    }
}
