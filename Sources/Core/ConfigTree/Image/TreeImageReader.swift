import YANG

/// Reads an image as a tree under a model.
package struct TreeImageReader {
    /// The bytes of the chunk with a digest, checked against it.
    private let chunk: ([UInt8]) throws -> [UInt8]

    package init(chunk: @escaping ([UInt8]) throws -> [UInt8]) { self.chunk = chunk }

    /// Throws `ImageFault`, or what the source of chunks throws.
    package func read(_ digest: [UInt8], _ model: DataModel) throws -> DataTree {
        let bytes = try chunk(digest)
        return try bytes.withUnsafeBytes { buffer in
            var cursor = ImageCursor(buffer)
            let part = try ImagePart(&cursor, .row, model, top: model.schema.root)
            let row = try self.row(&cursor, model.schema.root, part.top, part, depth: 0)
            guard cursor.isAtEnd else { throw ImageFault.damaged("it goes on behind its end") }
            return DataTree(model: model, root: row)
        }
    }

    private func row(
        _ cursor: inout ImageCursor, _ node: SchemaNode, _ names: ImageNodes, _ part: ImagePart, order: UInt64 = 0,
        depth: Int
    ) throws -> Row {
        guard depth < ImageFormat.depthLimit else { throw ImageFault.damaged("it is too deep") }
        let head = try cursor.number()
        let leaves = try part.leaves(head >> 1, &cursor, names, node)
        let metadata = head & 1 == 0 ? nil : try metadata(&cursor, names, node, part)
        let count = try cursor.count()
        if count == 0 { return leaves.row(node.id, order, [], metadata) }
        // What is mounted is found out from the rest of the row, so the leaves are needed again.
        let held = leaves.copy()
        var kids = ContiguousArray<KidSlot>()
        for _ in 0..<count {
            let number = try cursor.number()
            let child = try part.node(number, names, below: node)
            let kid: Kid?
            switch child.kind {
            case .list, .leafList: kid = try entries(&cursor, child, names, part, depth)
            case .mountPoint:
                kid = try mounted(&cursor, child, number, held.row(node.id, order, kids, metadata), names, part, depth)
            case .container, .input, .output, .rpc, .action, .notification:
                kid = .row(try row(&cursor, child, names, part, depth: depth + 1))
            default: throw ImageFault.unknownNode(path: part.head.path(number))
            }
            guard let kid else { continue }
            let place = kids.firstIndex { Int($0.slot) > child.slot } ?? kids.count
            kids.insert(KidSlot(slot: UInt16(child.slot), kid: kid), at: place)
        }
        return held.row(node.id, order, kids, metadata)
    }

    private func mounted(
        _ cursor: inout ImageCursor, _ point: SchemaNode, _ number: Int, _ holder: Row, _ names: ImageNodes,
        _ part: ImagePart, _ depth: Int
    ) throws -> Kid {
        guard let inner = names.model.mounted(holder, point) else {
            throw ImageFault.unknownNode(path: part.head.path(number) + " (its driver is not loaded)")
        }
        let root = inner.schema.root
        let row = try row(&cursor, root, part.nodes(of: inner, below: number), part, depth: depth + 1)
        return .mount(DataTree(model: inner, root: row))
    }

    private func metadata(
        _ cursor: inout ImageCursor, _ names: ImageNodes, _ node: SchemaNode, _ part: ImagePart
    ) throws -> RowMetadata? {
        var items: [RowMetadata.Item] = []
        for _ in 0..<(try cursor.count()) {
            let number = try cursor.number() - 1
            let slot = number < 0 ? nil : try part.node(number, names, below: node).slot
            items.append(RowMetadata.Item(slot: slot, name: try cursor.text(), value: try cursor.text()))
        }
        return RowMetadata(items)
    }

    private func entries(
        _ cursor: inout ImageCursor, _ list: SchemaNode, _ names: ImageNodes, _ part: ImagePart, _ depth: Int
    ) throws -> Kid? {
        let order = names.model.order(of: list)
        let isLabelled = order.isUserOrdered
        var rows = ContiguousArray<Row>()
        if try cursor.byte() == 0 {
            try read(&cursor, list, names, part, isLabelled, depth, into: &rows)
        } else {
            for _ in 0..<(try cursor.count()) {
                let digest = Array(try cursor.raw(ImageFormat.digestSize))
                let count = try cursor.number()
                let before = rows.count
                try readApart(digest, list, names.model, isLabelled, depth, into: &rows)
                guard rows.count == before + count else { throw ImageFault.damaged("entries are missing") }
            }
        }
        return rows.isEmpty ? nil : .entries(Entries(list: list, order: order, rows: rows))
    }

    private func readApart(
        _ digest: [UInt8], _ list: SchemaNode, _ model: DataModel, _ isLabelled: Bool, _ depth: Int,
        into rows: inout ContiguousArray<Row>
    ) throws {
        guard depth < ImageFormat.depthLimit else { throw ImageFault.damaged("it is too deep") }
        let bytes = try chunk(digest)
        try bytes.withUnsafeBytes { buffer in
            var cursor = ImageCursor(buffer)
            let part = try ImagePart(&cursor, list.kind == .leafList ? .values : .entries, model, top: list)
            try read(&cursor, list, part.top, part, isLabelled, depth, into: &rows)
            guard cursor.isAtEnd else { throw ImageFault.damaged("it goes on behind its end") }
        }
    }

    private func read(
        _ cursor: inout ImageCursor, _ list: SchemaNode, _ names: ImageNodes, _ part: ImagePart, _ isLabelled: Bool,
        _ depth: Int, into rows: inout ContiguousArray<Row>
    ) throws {
        let count = try cursor.count()
        rows.reserveCapacity(rows.count + count)
        let isValues = list.kind == .leafList
        for _ in 0..<count {
            let order = isLabelled ? EntryOrder.label(rows.count) : 0
            guard isValues else {
                rows.append(try row(&cursor, list, names, part, order: order, depth: depth + 1))
                continue
            }
            let head = try cursor.number()
            let row = Row.leafListEntry(list.id, value: try cursor.raw(head >> 1), order: order)
            let items = head & 1 == 0 ? nil : try metadata(&cursor, names, list, part)
            rows.append(items == nil ? row : row.annotated(items))
        }
    }
}

/// A chunk being read: its names, and which nodes of the models they stand for.
private final class ImagePart {
    let head: ImageHead
    let top: ImageNodes
    private var mounts: [MountKey: ImageNodes] = [:]
    private var scratch = ImageLeaves()

    private struct MountKey: Hashable {
        var model: ObjectIdentifier
        var number: Int
    }

    init(_ cursor: inout ImageCursor, _ kind: ImageChunkKind, _ model: DataModel, top: SchemaNode) throws {
        head = try ImageHead(&cursor)
        guard head.kind == kind else { throw ImageFault.damaged("a part of it stands in the place of another") }
        self.top = ImageNodes(model, top, base: -1, count: head.names.count)
    }

    func nodes(of model: DataModel, below number: Int) -> ImageNodes {
        let key = MountKey(model: ObjectIdentifier(model), number: number)
        if let known = mounts[key] { return known }
        let nodes = ImageNodes(model, model.schema.root, base: number, count: head.names.count)
        mounts[key] = nodes
        return nodes
    }

    /// The node that a name stands for, which must be a child of `parent`.
    func node(_ number: Int, _ nodes: ImageNodes, below parent: SchemaNode) throws(ImageFault) -> SchemaNode {
        guard number < head.names.count else { throw .damaged("a name is missing") }
        guard let known = nodes.known(number) else { return try resolve(number, nodes, below: parent) }
        guard nodes.isChild(number, of: parent.id) else { throw .damaged("a name stands in the wrong place") }
        return known
    }

    private func resolve(
        _ number: Int, _ nodes: ImageNodes, below parent: SchemaNode
    ) throws(ImageFault) -> SchemaNode {
        let name = head.names[number]
        guard let node = parent.dataChild(named: name.name, module: head.modules[name.module].name),
            Self.fits(name.kind, node.kind)
        else { throw .unknownNode(path: head.path(number)) }
        nodes.set(node, number, below: parent.id)
        return node
    }

    private static func fits(_ name: ImageNameKind, _ node: NodeKind) -> Bool {
        switch node {
        case .leaf, .anydata, .anyxml: name == .leaf
        case .list: name.isList
        case .leafList: name.isLeafList
        case .choice, .case, .root: false
        default: name == .inner || name == .presence
        }
    }

    /// Reads the leaves of a row. What is returned is good until the next row is read.
    func leaves(
        _ count: Int, _ cursor: inout ImageCursor, _ nodes: ImageNodes, _ parent: SchemaNode
    ) throws -> ImageLeaves {
        scratch.removeAll()
        for _ in 0..<count {
            let number = try cursor.number()
            guard number < head.names.count else { throw ImageFault.damaged("a name is missing") }
            var slot = nodes.leafSlot(number, below: parent.id)
            if slot < 0 {
                let node = try node(number, nodes, below: parent)
                guard head.names[number].kind == .leaf else { throw ImageFault.damaged("a leaf is none") }
                slot = node.slot
            }
            scratch.append(slot, try cursor.raw())
        }
        return scratch
    }
}

/// Which nodes of one model the names of a chunk stand for.
private final class ImageNodes {
    let model: DataModel
    private let top: SchemaNode
    private let base: Int
    private var nodes: [SchemaNode?]
    private var parents: [Int32]
    private var leafSlots: [Int32]

    init(_ model: DataModel, _ top: SchemaNode, base: Int, count: Int) {
        self.model = model
        self.top = top
        self.base = base
        nodes = Array(repeating: nil, count: count)
        parents = Array(repeating: -1, count: count)
        leafSlots = Array(repeating: -1, count: count)
    }

    func known(_ number: Int) -> SchemaNode? { nodes[number] }
    func isChild(_ number: Int, of parent: NodeID) -> Bool { parents[number] == parent.index }

    @inline(__always)
    func leafSlot(_ number: Int, below parent: NodeID) -> Int {
        parents[number] == parent.index ? Int(leafSlots[number]) : -1
    }

    func set(_ node: SchemaNode, _ number: Int, below parent: NodeID) {
        nodes[number] = node
        parents[number] = parent.index
        if node.kind == .leaf || node.kind == .anydata || node.kind == .anyxml { leafSlots[number] = Int32(node.slot) }
    }
}

/// The leaves of a row between the image and the row.
private struct ImageLeaves {
    private var slots = ContiguousArray<UInt16>()
    private var values = ContiguousArray<UnsafeRawBufferPointer>()
    private var isAscending = true
    private var size = 0

    mutating func removeAll() {
        slots.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        isAscending = true
        size = 0
    }

    mutating func append(_ slot: Int, _ value: UnsafeRawBufferPointer) {
        if let last = slots.last, Int(last) >= slot { isAscending = false }
        slots.append(UInt16(slot))
        values.append(value)
        size += value.count
    }

    /// One that outlives the next row.
    func copy() -> ImageLeaves {
        var copy = ImageLeaves()
        for (slot, value) in zip(slots, values) { copy.append(Int(slot), value) }
        return copy
    }

    func row(_ node: NodeID, _ order: UInt64, _ kids: ContiguousArray<KidSlot>, _ metadata: RowMetadata?) -> Row {
        guard isAscending else { return sorted().row(node, order, kids, metadata) }
        let count = slots.count
        return Row.make(
            node: node, order: order, leafCount: count, valueBytes: size, kids: kids, metadata: metadata
        ) { base in
            var end = 0
            for index in 0..<count {
                if let start = values[index].baseAddress {
                    (base + count * 6 + end).copyMemory(from: start, byteCount: values[index].count)
                }
                end += values[index].count
                base.storeBytes(of: slots[index], toByteOffset: index * 2, as: UInt16.self)
                base.storeBytes(of: UInt32(end), toByteOffset: count * 2 + index * 4, as: UInt32.self)
            }
        }
    }

    /// In the order of the slots; of two for one slot the last.
    private func sorted() -> ImageLeaves {
        var bySlot: [UInt16: UnsafeRawBufferPointer] = [:]
        for (slot, value) in zip(slots, values) { bySlot[slot] = value }
        var result = ImageLeaves()
        for (slot, value) in bySlot.sorted(by: { $0.key < $1.key }) { result.append(Int(slot), value) }
        return result
    }
}
