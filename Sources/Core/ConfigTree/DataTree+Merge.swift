import YANG

extension DataTree {
    /// What laying a tree over another does with what both have.
    package enum Overlay: Sendable {
        /// Leaves of the upper win, entries are joined by key.
        case merge
        /// List entries, leaf-lists, presence containers and leaves of the upper stand in place of those below.
        case replace
    }

    /// This tree with `other` laid over it: user-ordered entries that are new go to the end. Both over the same model; a
    /// mounted tree over another model replaces the one here.
    package func merging(_ other: DataTree, as overlay: Overlay = .merge) -> DataTree {
        DataTree(model: model, root: Self.merge(root, other.root, model.schema.root, model, overlay))
    }

    private static func merge(
        _ base: Row, _ over: Row, _ node: SchemaNode, _ model: DataModel, _ overlay: Overlay
    ) -> Row {
        if base === over || overlay == .replace && (node.kind == .list || node.isPresence) { return over }
        var result = base
        for position in 0..<over.leafCount {
            let slot = over.leafSlot(at: position)
            let value = over.value(at: position)
            if result.value(in: slot) != value { result = result.setting(value, in: slot) }
            result = result.droppingRivals(of: node.dataChild(at: slot), in: model)
        }
        for kid in over.kids {
            let slot = Int(kid.slot)
            let child = node.dataChild(at: slot)
            let old = result.kid(in: slot)
            let merged = merge(old, kid.kid, child, model, overlay)
            if old?.isSame(as: merged) != true { result = result.replacing(merged, in: slot) }
            result = result.droppingRivals(of: child, in: model)
        }
        let metadata = RowMetadata.merged(result.metadata, over.metadata)
        return metadata == result.metadata ? result : result.annotated(metadata)
    }

    private static func merge(
        _ base: Kid?, _ over: Kid, _ node: SchemaNode, _ model: DataModel, _ overlay: Overlay
    ) -> Kid {
        switch (base, over) {
        case (.row(let a)?, .row(let b)): return .row(merge(a, b, node, model, overlay))
        case (.mount(let a)?, .mount(let b)) where a.model === b.model: return .mount(a.merging(b, as: overlay))
        case (.entries(let a)?, .entries(let b)):
            if overlay == .replace, node.kind == .leafList || node.keys.isEmpty { return over }
            var entries = a
            for row in b.rows {
                let old = entries.entry(entries.keys(of: row))
                let merged =
                    old.map { node.kind == .leafList ? $0 : merge($0, row, node, model, overlay) } ?? row
                if !(old === merged) { entries = entries.upserting(merged) }
            }
            return .entries(entries)
        default: return over
        }
    }
}
