/// Metadata of instances (RFC 7952): tags, annotations, whether a node is inactive. Few instances have any, so it lies
/// out of line: a row refers to that of its own node and of the leaves in it.
///
/// Invariants: immutable; never empty; sorted by slot and name; one value a name and node.
package final class RowMetadata: Sendable, Equatable {
    package struct Item: Hashable, Sendable {
        /// The leaf that bears it; nil is the row's own node.
        package var slot: Int?
        /// Module-qualified: `tailf_netmod:tags`.
        package var name: String
        package var value: String

        package init(slot: Int? = nil, name: String, value: String) {
            self.slot = slot
            self.name = name
            self.value = value
        }

        fileprivate func precedes(_ other: Item) -> Bool {
            (slot ?? -1, name) < (other.slot ?? -1, other.name)
        }
    }

    package let items: [Item]

    /// Nil without items.
    init?(_ items: [Item]) {
        guard !items.isEmpty else { return nil }
        self.items = items.sorted { $0.precedes($1) }
    }

    package static func == (a: RowMetadata, b: RowMetadata) -> Bool { a === b || a.items == b.items }

    /// That of the leaf in `slot`, or of the row's own node.
    package func items(of slot: Int?) -> [Item] { items.filter { $0.slot == slot } }

    package func value(_ name: String, of slot: Int? = nil) -> String? {
        items.first { $0.slot == slot && $0.name == name }?.value
    }

    /// The name of tags: words that an operator put on a node, with spaces between them. In documents of NSO they are the
    /// attribute `tags`.
    package static let tagsName = "tailf_netmod:tags"

    /// The tags of the leaf in `slot`, or of the row's own node.
    package func tags(of slot: Int? = nil) -> [String] {
        value(Self.tagsName, of: slot)?.split { $0 == " " || $0 == "," }.map(String.init) ?? []
    }

    func setting(_ value: String?, _ name: String, of slot: Int?) -> RowMetadata? {
        let others = items.filter { $0.slot != slot || $0.name != name }
        return RowMetadata(others + (value.map { [Item(slot: slot, name: name, value: $0)] } ?? []))
    }

    func dropping(_ slot: Int) -> RowMetadata? {
        items.contains { $0.slot == slot } ? RowMetadata(items.filter { $0.slot != slot }) : self
    }

    /// With `other` laid over it.
    static func merged(_ base: RowMetadata?, _ other: RowMetadata?) -> RowMetadata? {
        guard let base, let other, base !== other else { return other ?? base }
        return other.items.reduce(base) { $0?.setting($1.value, $1.name, of: $1.slot) }
    }
}

/// A name of metadata that one of two versions has with another value, or only one has.
package struct MetadataChange: Hashable, Sendable {
    package var name: String
    package var old: String?
    package var new: String?

    /// What differs in the metadata of the leaf in `slot`, or of the rows' own node.
    static func between(_ old: RowMetadata?, _ new: RowMetadata?, of slot: Int?) -> [MetadataChange] {
        if old === new { return [] }
        let before = old?.items(of: slot) ?? []
        let after = new?.items(of: slot) ?? []
        let gone = before.filter { item in !after.contains { $0.name == item.name } }
        return gone.map { MetadataChange(name: $0.name, old: $0.value, new: nil) }
            + after.compactMap { item in
                let earlier = before.first { $0.name == item.name }?.value
                return earlier == item.value
                    ? nil : MetadataChange(name: item.name, old: earlier, new: item.value)
            }
    }
}
