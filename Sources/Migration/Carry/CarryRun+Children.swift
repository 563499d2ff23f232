import ConfigTree
import YANG

/// The children of a row, each in its way.
extension CarryRun {
    // MARK: Leaves

    func carryLeaf(_ row: Row, _ position: Int, _ plan: RowPlan, _ draft: RowDraft, hasKeys: Bool) {
        let child = plan.children[row.leafSlot(at: position)]
        if hasKeys, let new = child.new, new.isKey, new.dataParent == plan.new {
            counts.kept += 1
            return
        }
        if child.mayClash, let new = child.new, isTaken(new, draft) {
            return lose(child.old, "data of another case is there", value: row.value(at: position))
        }
        switch child.way {
        case .leaf(let values):
            guard let target = child.new else { return }
            if stays(row, position, values), draft.value(of: target) == nil {
                counts.kept += 1
                if child.isRenamed, report != nil {
                    let value = row.value(at: position)
                    tell(child.old, from: value, to: value, target: target)
                }
                return row.withValue(at: position) { draft.appendLeaf($0, in: target.slot) }
            }
            put(converted(row.value(at: position), child.old, target, values), child, row, draft)
        case .leafToValues(let values):
            guard let target = child.new else { return }
            put(converted(row.value(at: position), child.old, target, values), child, row, draft)
        case .leafToPresence:
            guard let target = child.new else { return }
            _ = draft.container(target)
            noteConverted(child.old, from: "", to: nil, target: target)
        case .mapped(let ways):
            carryMapped(child, ways, row, draft, value: row.value(at: position), kid: nil)
        case .used: counts.converted += 1
        case .drop(let reason): lose(child.old, reason, value: row.value(at: position))
        default: lose(child.old, "the node is gone", value: row.value(at: position))
        }
    }

    private func stays(_ row: Row, _ position: Int, _ values: ValuePlan) -> Bool {
        switch values {
        case .same: true
        case .checked(let check?, _):
            row.withValue(at: position) { check.verdict(UnsafeRawBufferPointer($0)) == .canonical }
        case .checked(nil, _): false
        }
    }

    /// The value under the new type; said to be lost if it has no place there.
    func converted(
        _ value: String, _ old: SchemaNode, _ target: SchemaNode, _ values: ValuePlan, keys: [String] = []
    ) -> Outcome {
        guard case .checked(_, let conversion) = values else {
            note(value, value, old, target, keys)
            return .value(value)
        }
        switch conversion.convert(value) {
        case .value(let new):
            note(value, new, old, target, keys)
            return .value(new)
        case .absent:
            noteConverted(old, from: value, to: nil, target: target, keys: keys)
            return .nothing
        case .lost(let reason):
            let replacement = target.kind == .leaf ? target.defaults.first : nil
            lose(old, reason, value: value, keys: keys, default: replacement)
            return .nothing
        }
    }

    private func note(_ value: String, _ new: String, _ old: SchemaNode, _ target: SchemaNode, _ keys: [String]) {
        if value == new {
            counts.kept += 1
            if old.name != target.name || old.kind != target.kind {
                tell(old, from: value, to: new, target: target, keys: keys)
            }
        } else {
            noteConverted(old, from: value, to: new, target: target, keys: keys)
        }
    }

    // MARK: Containers and entries

    /// What becomes of a child that is no leaf; it is put in its place by the caller.
    func carryKid(_ kid: Kid, _ child: ChildPlan, _ row: Row) -> Outcome {
        switch child.way {
        case .mapped(let ways):
            carryMapped(child, ways, row, nil, value: nil, kid: kid)
            return .nothing
        case .used:
            counts.converted += kid.instanceCount(child.old)
            return .nothing
        case .drop(let reason):
            lose(child.old, reason, instances: kid.instanceCount(child.old))
            return .nothing
        default:
            guard let target = child.new else { return .nothing }
            return carryKid(kid, child.old, target, child.way)
        }
    }

    func carryKid(_ kid: Kid, _ old: SchemaNode, _ target: SchemaNode, _ way: ChildPlan.Way) -> Outcome {
        switch (kid, way) {
        case (.row(let row), .container(let link)): return carryContainer(row, old, target, link)
        case (.row(let row), .presenceToLeaf(let value)):
            let rest = row.instanceCount(old) - 1
            if rest > 0 { lose(old, "the node is now a leaf", instances: rest) }
            noteConverted(old, from: nil, to: value, target: target)
            return .value(value)
        case (.entries(let entries), .list(let plan)): return carryEntries(entries, old, plan)
        case (.entries(let entries), .values(let plan, let keepsOrder)):
            return carryValues(entries, old, target, plan, keepsOrder)
        case (.entries(let entries), .valuesToLeaf(let plan)): return carryOne(entries, old, target, plan)
        case (.entries(let entries), .valuesToEntries(let plan)):
            return carryAcross(entries, old, target, plan, slot: 0)
        case (.entries(let entries), .entriesToValues(let plan, let slot)):
            return carryAcross(entries, old, target, plan, slot: slot)
        default:
            lose(old, "the node is now a \(target.kindName)", instances: kid.instanceCount(old))
            return .nothing
        }
    }

    private func carryContainer(_ row: Row, _ old: SchemaNode, _ target: SchemaNode, _ link: RowLink) -> Outcome {
        frames.append(Frame(node: old, row: row, entry: nil, keys: nil))
        let new = carryRow(row, link.plan)
        frames.removeLast()
        if old.isPresence, target.isPresence { counts.kept += 1 }
        if old.isPresence, !target.isPresence { lose(old, "the container has no presence any more") }
        // A container that existed only by its content is not switched on when nothing of that is left.
        if new.isEmpty, !(old.isPresence && target.isPresence) { return .nothing }
        return .kid(.row(new))
    }

    private func carryEntries(_ entries: Entries, _ old: SchemaNode, _ plan: EntryPlan) -> Outcome {
        let target = plan.link.plan.new
        var isSame = plan.keepsOrder
        var rows = ContiguousArray<Row>()
        var seen: Set<[String]> = []
        for row in entries.rows {
            let new: Row?
            if plan.keepsKeys || target.keys.isEmpty {
                frames.append(Frame(node: old, row: row, entry: plan, keys: nil))
                new = carryRow(row, plan.link.plan)
                frames.removeLast()
            } else {
                new = carryEntry(row, old, plan, &seen)
            }
            guard let new else {
                isSame = false
                continue
            }
            counts.kept += 1
            if isSame, !(new === row) { isSame = false }
            rows.append(new)
        }
        if isSame { return .kid(.entries(entries)) }
        return rows.isEmpty ? .nothing : .rows(rows)
    }

    /// An entry whose keys are looked at, nil if it has no place.
    private func carryEntry(
        _ row: Row, _ old: SchemaNode, _ plan: EntryPlan, _ seen: inout Set<[String]>
    ) -> Row? {
        var keys: [String] = []
        func lost(_ reason: String) -> Row? {
            lose(old, reason, instances: row.instanceCount(old), keys: Self.keys(old, row))
            return nil
        }
        for key in plan.keys {
            guard let source = key.old, let value = row.value(in: source.slot) ?? source.defaults.first else {
                return lost("an entry has no value for the key \(key.new.name)")
            }
            guard case .checked(_, let conversion)? = key.plan else {
                keys.append(value)
                continue
            }
            switch conversion.convert(value) {
            case .value(let new): keys.append(new)
            case .absent: return lost("key \(key.new.name): it would have no value")
            case .lost(let reason): return lost("key \(key.new.name): \(reason)")
            }
        }
        guard seen.insert(keys).inserted else { return lost("another entry has the same keys now") }
        frames.append(Frame(node: old, row: row, entry: plan, keys: keys))
        defer { frames.removeLast() }
        return carryRow(row, plan.link.plan, keys: keys)
    }

    // MARK: Values of leaf-lists

    private func carryValues(
        _ entries: Entries, _ old: SchemaNode, _ target: SchemaNode, _ plan: ValuePlan, _ keepsOrder: Bool
    ) -> Outcome {
        if case .same = plan, keepsOrder {
            counts.kept += entries.count
            return .kid(.entries(entries))
        }
        var rows = ContiguousArray<Row>()
        var seen: Set<String> = []
        for row in entries.rows {
            let value = row.value(at: 0)
            guard case .value(let new) = converted(value, old, target, plan, keys: [value]) else { continue }
            guard seen.insert(new).inserted || !target.isConfig else {
                lose(old, "another value is the same now", value: value, keys: [value])
                continue
            }
            rows.append(new == value ? row : .value(new, of: target, like: row))
        }
        return rows.isEmpty ? .nothing : .rows(rows)
    }

    private func carryOne(
        _ entries: Entries, _ old: SchemaNode, _ target: SchemaNode, _ plan: ValuePlan
    ) -> Outcome {
        var result = Outcome.nothing
        for row in entries.rows {
            let value = row.value(at: 0)
            if case .value = result {
                lose(old, "the leaf-list is now a leaf, which holds one value", value: value, keys: [value])
            } else {
                result = converted(value, old, target, plan, keys: [value])
            }
        }
        return result
    }

    /// Between the values of a leaf-list and the entries of a list that has one key.
    private func carryAcross(
        _ entries: Entries, _ old: SchemaNode, _ target: SchemaNode, _ plan: ValuePlan, slot: Int
    ) -> Outcome {
        var rows = ContiguousArray<Row>()
        var seen: Set<String> = []
        for row in entries.rows {
            let value = row.value(in: slot) ?? ""
            let rest = row.instanceCount(old) - (old.kind == .list ? 2 : 1)
            if rest > 0 { lose(old, "the node is now a \(target.kindName)", instances: rest, keys: [value]) }
            guard case .value(let new) = converted(value, old, target, plan, keys: [value]) else { continue }
            guard seen.insert(new).inserted else {
                lose(old, "another value is the same now", value: value, keys: [value])
                continue
            }
            if target.kind == .leafList {
                rows.append(.value(new, of: target, like: row))
            } else {
                let draft = RowDraft(target)
                draft.set(new, for: target.keys[0])
                for item in row.metadata?.items(of: nil) ?? [] { draft.note(item, of: nil) }
                rows.append(draft.freeze(in: model))
            }
        }
        return rows.isEmpty ? .nothing : .rows(rows)
    }
}
