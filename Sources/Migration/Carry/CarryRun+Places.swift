import ConfigTree
import YANG

/// Putting what has been made in its place, and what a migration map moves.
extension CarryRun {
    /// Whether data of another case of a choice is there.
    func isTaken(_ target: SchemaNode, _ draft: RowDraft) -> Bool {
        model.rivals(of: target).contains(where: draft.willStore)
    }

    func carryLate(_ kid: Kid, _ child: ChildPlan, _ row: Row, _ draft: RowDraft) {
        if let target = child.new, isTaken(target, draft) {
            return lose(child.old, "data of another case is there", instances: kid.instanceCount(child.old))
        }
        put(carryKid(kid, child, row), child, row, draft)
    }

    func put(_ outcome: Outcome, _ child: ChildPlan, _ row: Row, _ draft: RowDraft) {
        if let target = child.new { put(outcome, child.old, target, draft) }
    }

    private func put(_ outcome: Outcome, _ old: SchemaNode, _ target: SchemaNode, _ draft: RowDraft) {
        switch outcome {
        case .nothing: break
        case .value(let value) where target.kind == .leafList: draft.add(value, to: target)
        case .value(let value):
            if let other = draft.value(of: target), other != value {
                return lose(old, "another value is there", value: value)
            }
            draft.set(value, for: target)
        case .kid(let kid):
            if draft.willStore(in: target.slot) { pour(kid, target, draft, old) } else { draft.add(kid, to: target) }
        case .rows(let rows):
            if draft.willStore(in: target.slot) {
                for row in rows { pourEntry(row, target, draft, old) }
            } else {
                for row in rows { draft.addFinishedEntry(row, to: target) }
            }
        }
    }

    // MARK: Merging

    private func pour(_ kid: Kid, _ node: SchemaNode, _ draft: RowDraft, _ old: SchemaNode) {
        switch kid {
        case .row(let row): pour(row, draft.container(node), old)
        case .entries(let entries): for row in entries.rows { pourEntry(row, node, draft, old) }
        case .mount: lose(old, "another tree is mounted there", instances: kid.instanceCount(node))
        }
    }

    private func pour(_ row: Row, _ draft: RowDraft, _ old: SchemaNode) {
        for position in 0..<row.leafCount {
            let leaf = draft.node.dataChild(at: row.leafSlot(at: position))
            put(.value(row.value(at: position)), old, leaf, draft)
        }
        for kid in row.kids { put(.kid(kid.kid), old, draft.node.dataChild(at: Int(kid.slot)), draft) }
        for item in row.metadata?.items ?? [] { draft.note(item, of: item.slot) }
    }

    private func pourEntry(_ row: Row, _ list: SchemaNode, _ draft: RowDraft, _ old: SchemaNode) {
        let keys = Self.keys(list, row)
        if list.kind == .leafList {
            draft.add(keys[0], to: list)
        } else if let known = draft.existingEntry(of: list, keys: keys) {
            pour(row, known, old)
        } else {
            draft.addFinishedEntry(row, to: list)
        }
    }

    // MARK: Maps

    /// Carries an instance to the places that a rule names. `draft` is the new row of its parent, if that is at hand.
    func carryMapped(
        _ child: ChildPlan, _ ways: [ChildPlan.MappedWay], _ row: Row, _ draft: RowDraft?, value: String?, kid: Kid?
    ) {
        guard let kid, ways.contains(where: { $0.destination.value != nil }), case .entries(let entries) = kid else {
            return carryInstance(child, ways, row, draft, value: value, kid: kid)
        }
        // Each value of a leaf-list by itself.
        for entry in entries.rows {
            let value = entry.value(at: 0)
            carryInstance(child, ways, row, draft, value: value, kid: nil, keys: [value])
        }
    }

    private func carryInstance(
        _ child: ChildPlan, _ ways: [ChildPlan.MappedWay], _ row: Row, _ draft: RowDraft?, value: String?, kid: Kid?,
        keys: [String] = []
    ) {
        let count = kid?.instanceCount(child.old) ?? 1
        for (number, way) in ways.enumerated() {
            let target = way.destination.node
            let outcome: Outcome
            switch (way.destination.value, value, kid) {
            case (let expression?, _, _):
                guard let new = evaluated(expression, child.old, target, value, keys) else { continue }
                if number == 0 { noteConverted(child.old, from: value, to: new, target: target, keys: keys) }
                outcome = .value(new)
            case (nil, let value?, _):
                guard case .leaf(let values)? = way.way else {
                    lose(child.old, "the node is now a \(target.kindName)", value: value)
                    continue
                }
                outcome = converted(value, child.old, target, values)
            case (nil, nil, let kid?):
                outcome = way.way.map { carryKid(kid, child.old, target, $0) } ?? .nothing
            default: continue
            }
            if let draft, target.dataParent == draft.node {
                put(outcome, child.old, target, draft)
            } else if let path = parents(of: way.destination, child.old, keys) {
                let metadata = value == nil ? [] : row.metadata?.items(of: child.old.slot) ?? []
                placements.append(
                    Placement(source: child.old, path: path, target: target, outcome: outcome, metadata: metadata))
            } else {
                lose(child.old, "its new place has no key", instances: count, value: value)
            }
        }
    }

    private func instance(of node: SchemaNode, _ keys: [String]) -> Instance? {
        let steps = frames.map { InstancePath.Step($0.node, keys: Self.keys($0.node, $0.row)) }
        return data.instance(InstancePath(steps + [InstancePath.Step(node, keys: keys)]))
    }

    private func text(_ expression: XPathExpression, at node: SchemaNode, _ keys: [String]) throws(XPathError) -> String
    {
        guard let instance = instance(of: node, keys) else { return "" }
        return try XPathEvaluator<DataNode>(workLimit: XPathWorkLimit.user)
            .evaluate(expression, at: DataNode(instance)).string
    }

    /// The value that an expression gives, as the new type has it; said to be lost if it has no place there.
    private func evaluated(
        _ expression: XPathExpression, _ old: SchemaNode, _ target: SchemaNode, _ value: String?, _ keys: [String]
    ) -> String? {
        var reason: String
        do throws(XPathError) {
            let result = try text(expression, at: old, keys)
            guard let type = target.type else { return result }
            do throws(ValueError) {
                return try type.canonical(result, in: ValueContext(schema: target.schema))
            } catch {
                reason = "what the migration map makes of it does not fit the new type: \(error.message)"
            }
        } catch {
            reason = "the migration map's expression cannot be evaluated: \(error)"
        }
        lose(old, reason, value: value, keys: keys, default: target.defaults.first)
        return nil
    }

    /// The steps above a destination, with keys; nil if one has none.
    private func parents(
        of destination: BoundMap.Destination, _ old: SchemaNode, _ keys: [String]
    ) -> [InstancePath.Step]? {
        var steps: [InstancePath.Step] = []
        var above = destination.node.dataParent
        while let node = above, node.kind != .root {
            var values: [String] = []
            if node.kind == .list {
                guard let found = keyValues(of: node, destination, old, keys) else { return nil }
                values = found
            }
            steps.append(InstancePath.Step(node, keys: values))
            above = node.dataParent
        }
        return steps.reversed()
    }

    private func keyValues(
        of list: SchemaNode, _ destination: BoundMap.Destination, _ old: SchemaNode, _ keys: [String]
    ) -> [String]? {
        if let expressions = destination.keys[list.id] {
            var values: [String] = []
            for (key, expression) in zip(list.keys, expressions) {
                guard let text = try? text(expression, at: old, keys) else { return nil }
                let value = try? key.type?.canonical(text, in: ValueContext(schema: key.schema))
                guard let value else { return nil }
                values.append(value)
            }
            return values
        }
        for frame in frames.reversed() {
            guard let entry = frame.entry, entry.link.plan.new == list else { continue }
            return frame.keys ?? entry.keys.map { $0.old.flatMap { frame.row.value(in: $0.slot) } ?? "" }
        }
        return nil
    }

    /// The tree with what a map has moved in its place.
    func placed(_ root: Row) -> Row {
        let top = RowDraft.continuing(DataTree(model: model, root: root))
        for placement in placements {
            if case .nothing = placement.outcome { continue }
            var draft = top
            for step in placement.path {
                draft =
                    step.node.kind == .list
                    ? draft.entry(of: step.node, keys: step.keys) : draft.container(step.node)
            }
            if isTaken(placement.target, draft) {
                lose(placement.source, "data of another case is there")
                continue
            }
            put(placement.outcome, placement.source, placement.target, draft)
            if placement.target.kind == .leaf {
                for item in placement.metadata { draft.note(item, of: placement.target.slot) }
            }
        }
        placements = []
        return top.freeze(in: model)
    }
}
