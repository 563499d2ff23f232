/// Finds the nodes of one schema in another, by module and name, without going through texts.
package struct SchemaPairing: Sendable {
    /// What becomes of the children of a node.
    package enum Fate: Sendable {
        case removed(SchemaNode)
        case paired(SchemaNode, SchemaNode)
    }

    package let old: Schema
    package let new: Schema
    /// The number that a name (a module) of the old schema has in the new one; -1 without.
    private let names: [Int32]
    private let modules: [Int32]

    package init(_ old: Schema, _ new: Schema) {
        (self.old, self.new) = (old, new)
        names = Self.numbers(old.image.names, new.image.names)
        modules = old.modules.map { module in Int32(new.moduleIndex(named: module.name) ?? -1) }
    }

    private static func numbers(_ old: ImagePool, _ new: ImagePool) -> [Int32] {
        var size = 64
        while size < new.count * 2 { size *= 2 }
        var table = [Int32](repeating: -1, count: size)
        for number in 0..<new.count {
            var position = Int(truncatingIfNeeded: ImageHash.of(new.bytes(number))) & (size - 1)
            while table[position] >= 0 { position = (position + 1) & (size - 1) }
            table[position] = Int32(number)
        }
        return (0..<old.count).map { number in
            let name = old.bytes(number)
            var position = Int(truncatingIfNeeded: ImageHash.of(name)) & (size - 1)
            while table[position] >= 0 {
                let other = new.bytes(Int(table[position]))
                if other.count == name.count, other.elementsEqual(name) { return table[position] }
                position = (position + 1) & (size - 1)
            }
            return -1
        }
    }

    @inline(__always)
    private func isSame(_ a: FlatNode, _ b: FlatNode) -> Bool {
        names[Int(a.name)] == Int32(bitPattern: b.name) && modules[Int(a.module)] == b.module
    }

    /// The data children of two nodes: those of the old one in order, with their counterparts, and those that only the
    /// new one has. Pairs that are equal with all below them are left out, unless one is in a case: which case that is
    /// may have changed.
    package func children(
        of a: SchemaNode, and b: SchemaNode, withEqual: Bool
    ) -> (old: [Fate], added: [SchemaNode]) {
        let (image, other) = (old.image, new.image)
        let (parent, otherParent) = (image.nodes[Int(a.id.index)], other.nodes[Int(b.id.index)])
        var fates: [Fate] = []
        var isTaken = [Bool](repeating: false, count: Int(otherParent.dataCount))
        var cursor = 0
        for position in 0..<Int(parent.dataCount) {
            let number = image.children[Int(parent.dataStart) + position]
            let node = image.nodes[Int(number)]
            guard let slot = slot(of: node, other, b.id.index, from: cursor) else {
                fates.append(.removed(old[NodeID(number)]))
                continue
            }
            cursor = slot + 1
            isTaken[slot] = true
            let otherNumber = other.children[Int(otherParent.dataStart) + slot]
            let isEqual =
                image.fingerprints[Int(number)] == other.fingerprints[Int(otherNumber)]
                && node.parent == a.id.index && other.nodes[Int(otherNumber)].parent == b.id.index
            if withEqual || !isEqual { fates.append(.paired(old[NodeID(number)], new[NodeID(otherNumber)])) }
        }
        let added = isTaken.indices.filter { !isTaken[$0] }.map {
            new[NodeID(other.children[Int(otherParent.dataStart) + $0])]
        }
        return (fates, added)
    }

    /// The slot of the data child that `node` is in the other schema: mostly the next one.
    private func slot(of node: FlatNode, _ other: SchemaImage, _ parent: Int32, from cursor: Int) -> Int? {
        let flat = other.nodes[Int(parent)]
        let (start, count) = (Int(flat.dataStart), Int(flat.dataCount))
        guard names[Int(node.name)] >= 0, modules[Int(node.module)] >= 0 else { return nil }
        if cursor < count, isSame(node, other.nodes[Int(other.children[start + cursor])]) { return cursor }
        let name = other.names.bytes(Int(names[Int(node.name)]))
        return other.child(of: parent, module: modules[Int(node.module)], name: name).map {
            Int(other.nodes[Int($0)].slot)
        }
    }

    /// Whether two nodes stand in choices and cases of the same names, or in none.
    package func areInSameCase(_ a: SchemaNode, _ b: SchemaNode) -> Bool {
        var (node, other) = (old.image.nodes[Int(a.id.index)], new.image.nodes[Int(b.id.index)])
        while true {
            (node, other) = (old.image.nodes[Int(node.parent)], new.image.nodes[Int(other.parent)])
            let (isInner, isOtherInner) = (Self.isTransparent(node), Self.isTransparent(other))
            if !isInner, !isOtherInner { return true }
            guard isInner == isOtherInner, node.kind == other.kind, isSame(node, other) else { return false }
        }
    }

    private static func isTransparent(_ node: FlatNode) -> Bool {
        node.kind == NodeKind.choice.rawValue || node.kind == NodeKind.case.rawValue
    }

    /// The child of `b` (choices and cases too) of the same kind, module and name as `a`.
    package func child(of b: SchemaNode, like a: SchemaNode) -> SchemaNode? {
        Self.child(of: b, kind: a.kind) { isSame(old.image.nodes[Int(a.id.index)], $0) }
    }

    /// The same from the new schema to the old one.
    package func oldChild(of a: SchemaNode, like b: SchemaNode) -> SchemaNode? {
        Self.child(of: a, kind: b.kind) { isSame($0, new.image.nodes[Int(b.id.index)]) }
    }

    private static func child(
        of parent: SchemaNode, kind: NodeKind, _ isMeant: (FlatNode) -> Bool
    ) -> SchemaNode? {
        let image = parent.schema.image
        let flat = image.nodes[Int(parent.id.index)]
        for position in Int(flat.childStart)..<Int(flat.childStart + flat.childCount) {
            let node = image.nodes[Int(image.children[position])]
            if node.kind == kind.rawValue, isMeant(node) { return parent.schema[NodeID(image.children[position])] }
        }
        return nil
    }
}

extension SchemaNode {
    /// The choices directly below the node, or the cases below a choice.
    package var transparentChildren: [SchemaNode] {
        let image = schema.image
        let flat = image.nodes[Int(id.index)]
        if kind != .choice, flat.childStart == flat.dataStart, flat.childCount == flat.dataCount { return [] }
        return (Int(flat.childStart)..<Int(flat.childStart + flat.childCount)).compactMap { position in
            let number = image.children[position]
            let kind = image.nodes[Int(number)].kind
            return kind == NodeKind.choice.rawValue || kind == NodeKind.case.rawValue ? schema[NodeID(number)] : nil
        }
    }

    /// All children, choices and cases included, as an array: for what is done often.
    package var childList: [SchemaNode] {
        let flat = schema.image.nodes[Int(id.index)]
        return (Int(flat.childStart)..<Int(flat.childStart + flat.childCount)).map {
            schema[NodeID(schema.image.children[$0])]
        }
    }

    /// Whether the node has anything but name, kind, flags, status, type and children.
    package var hasRareProperties: Bool { schema.image.nodes[Int(id.index)].extra >= 0 }

    /// The number of the node's type in its schema, equal for equal types of it; -1 without.
    package var typeNumber: Int32 { schema.image.nodes[Int(id.index)].type }
}
