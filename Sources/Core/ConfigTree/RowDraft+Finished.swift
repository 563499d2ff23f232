package import YANG

/// For those who make rows of one model out of rows of another.
extension RowDraft {
    /// A draft that takes up a finished tree; what is not asked for stays shared with it.
    package static func continuing(_ tree: DataTree) -> RowDraft {
        RowDraft(tree.model.schema.root, continuing: tree.root)
    }

    /// Sets a leaf that is known not to be set to bytes that are known to be canonical.
    package func appendLeaf(_ value: UnsafeBufferPointer<UInt8>, in slot: Int) {
        append(UnsafeRawBufferPointer(value), in: slot)
    }

    /// Adds an entry that is known to have keys of its own; behind the others, if user-ordered.
    package func addFinishedEntry(_ row: Row, to list: SchemaNode) { entries(of: list).append(row) }

    /// Says of the leaf in `slot`, or of this node, what `item` says.
    package func note(_ item: RowMetadata.Item, of slot: Int?) { annotate(item.name, item.value, of: slot) }
}

extension Row {
    /// A value of a leaf-list, with the metadata of another.
    package static func value(_ value: String, of leafList: SchemaNode, like row: Row?) -> Row {
        let fresh = leafListEntry(leafList.id, value: value, order: 0)
        guard let items = row?.metadata?.items(of: nil), !items.isEmpty else { return fresh }
        return fresh.annotated(RowMetadata(items))
    }
}
