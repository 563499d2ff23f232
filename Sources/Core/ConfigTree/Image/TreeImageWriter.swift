import YANG

/// Writes a tree as an image: chunks that are handed out one by one, the last of them the one to begin with.
package struct TreeImageWriter {
    /// Stores a chunk and returns its digest of 32 bytes.
    private let emit: ([UInt8]) throws -> [UInt8]

    package init(emit: @escaping ([UInt8]) throws -> [UInt8]) { self.emit = emit }

    /// Hands out the chunks of `tree` and returns the digest of the first to read. Throws what `emit` throws.
    package func write(_ tree: DataTree) throws -> [UInt8] {
        let chunk = ImageChunkWriter(.row, tree.model, top: tree.model.schema.root)
        try write(tree.root, tree.model.schema.root, chunk.top, chunk)
        return try emit(chunk.finished())
    }

    private func write(_ row: Row, _ node: SchemaNode, _ names: ImageNameScope, _ chunk: ImageChunkWriter) throws {
        let leaves = row.leafCount
        chunk.out.number(leaves << 1 | (row.metadata == nil ? 0 : 1))
        for position in 0..<leaves {
            chunk.out.number(chunk.number(of: row.leafSlot(at: position), below: node, names))
            row.withValue(at: position) { chunk.out.text(UnsafeRawBufferPointer($0)) }
        }
        if let metadata = row.metadata { write(metadata, node, names, chunk) }
        let kids = row.kids
        chunk.out.number(kids.count)
        if kids.isEmpty { return }
        for isMounted in [false, true] {
            for kid in kids {
                if case .mount = kid.kid { guard isMounted else { continue } } else if isMounted { continue }
                try write(kid, node, names, chunk)
            }
        }
    }

    private func write(_ metadata: RowMetadata, _ node: SchemaNode, _ names: ImageNameScope, _ chunk: ImageChunkWriter)
    {
        chunk.out.number(metadata.items.count)
        for item in metadata.items {
            chunk.out.number(item.slot.map { chunk.number(of: $0, below: node, names) + 1 } ?? 0)
            chunk.out.text(item.name)
            chunk.out.text(item.value)
        }
    }

    private func write(
        _ kid: KidSlot, _ parent: SchemaNode, _ names: ImageNameScope, _ chunk: ImageChunkWriter
    ) throws {
        let number = chunk.number(of: Int(kid.slot), below: parent, names)
        let node = parent.dataChild(at: Int(kid.slot))
        chunk.out.number(number)
        switch kid.kid {
        case .row(let row): try write(row, node, names, chunk)
        case .mount(let tree):
            let root = tree.model.schema.root
            try write(tree.root, root, chunk.scope(of: tree.model, below: number), chunk)
        case .entries(let entries): try write(entries, node, names, chunk)
        }
    }

    private func write(
        _ entries: Entries, _ list: SchemaNode, _ names: ImageNameScope, _ chunk: ImageChunkWriter
    ) throws {
        var budget = ImageFormat.inlineLimit
        guard !Self.fits(entries, &budget) else {
            chunk.out.number(0)
            chunk.out.number(entries.count)
            for row in entries.rows { try writeEntry(row, list, names, chunk) }
            return
        }
        let parts = try writeApart(entries, list, names.model)
        chunk.out.number(1)
        chunk.out.number(parts.count)
        for part in parts {
            chunk.out.bytes += part.digest
            chunk.out.number(part.count)
        }
    }

    private func writeEntry(
        _ row: Row, _ list: SchemaNode, _ names: ImageNameScope, _ chunk: ImageChunkWriter
    ) throws {
        guard list.kind == .leafList else { return try write(row, list, names, chunk) }
        row.withValue(at: 0) { value in
            chunk.out.number(value.count << 1 | (row.metadata == nil ? 0 : 1))
            chunk.out.bytes.append(contentsOf: value)
        }
        if let metadata = row.metadata { write(metadata, list, names, chunk) }
    }

    /// Writes a long list into chunks of its own.
    private func writeApart(
        _ entries: Entries, _ list: SchemaNode, _ model: DataModel
    ) throws -> [(digest: [UInt8], count: Int)] {
        let kind: ImageChunkKind = list.kind == .leafList ? .values : .entries
        var parts: [(digest: [UInt8], count: Int)] = []
        var chunk = ImageChunkWriter(kind, model, top: list)
        var count = 0
        func finish() throws {
            parts.append((try emit(chunk.finished(count: count)), count))
            chunk = ImageChunkWriter(kind, model, top: list)
            count = 0
        }
        for row in entries.rows {
            let size = chunk.out.count
            let isFull =
                size >= ImageFormat.chunkLimit || size >= ImageFormat.chunkMinimum && Self.isBorder(row, entries)
            if isFull { try finish() }
            try writeEntry(row, list, chunk.top, chunk)
            count += 1
        }
        if count > 0 { try finish() }
        return parts
    }

    /// Whether a chunk may begin with this entry, which its keys alone say (FNV-1a): one in 64.
    private static func isBorder(_ row: Row, _ entries: Entries) -> Bool {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for slot in entries.order.keySlots {
            row.withValue(in: slot) { for byte in $0 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 } }
        }
        return (hash ^ hash >> 32) & 63 == 0
    }

    /// Whether the entries take no more than about `budget` bytes; looks no further than that.
    private static func fits(_ entries: Entries, _ budget: inout Int) -> Bool {
        for row in entries.rows where !fits(row, &budget) { return false }
        return true
    }

    private static func fits(_ row: Row, _ budget: inout Int) -> Bool {
        budget -= row.valueByteCount + 2 * row.leafCount + 2
        if budget < 0 { return false }
        for kid in row.kids {
            switch kid.kid {
            case .row(let row): guard fits(row, &budget) else { return false }
            case .mount(let tree): guard fits(tree.root, &budget) else { return false }
            case .entries(let entries): guard fits(entries, &budget) else { return false }
            }
        }
        return true
    }
}

/// A chunk being written, and the names that it uses so far.
final class ImageChunkWriter {
    var out = ImageBytes()
    let top: ImageNameScope
    private var head: ImageHead
    private var modules: [ImageModule: Int] = [:]
    private var scopes: [ScopeKey: ImageNameScope] = [:]

    private struct ScopeKey: Hashable {
        var model: ObjectIdentifier
        var mountPoint: Int
    }

    init(_ kind: ImageChunkKind, _ model: DataModel, top: SchemaNode) {
        head = ImageHead(kind: kind)
        self.top = ImageNameScope(model, top: top.id, base: -1)
    }

    func finished(count: Int? = nil) -> [UInt8] {
        guard let count else { return head.bytes(before: out.bytes) }
        var content = ImageBytes()
        content.number(count)
        return head.bytes(before: content.bytes + out.bytes)
    }

    /// The names of a model below a mount point.
    func scope(of model: DataModel, below mountPoint: Int) -> ImageNameScope {
        let key = ScopeKey(model: ObjectIdentifier(model), mountPoint: mountPoint)
        if let known = scopes[key] { return known }
        let scope = ImageNameScope(model, top: model.schema.root.id, base: mountPoint)
        scopes[key] = scope
        return scope
    }

    /// The number of the name of the child in `slot`.
    @inline(__always)
    func number(of slot: Int, below parent: SchemaNode, _ scope: ImageNameScope) -> Int {
        if let known = scope.numbers(below: parent.id)?[slot], known >= 0 { return known }
        return add(slot, below: parent, scope)
    }

    private func add(_ slot: Int, below parent: SchemaNode, _ scope: ImageNameScope) -> Int {
        let above = scope.number(of: parent) ?? add(parent, scope)
        let node = parent.dataChild(at: slot)
        let module = number(of: ImageModule(name: node.moduleName, namespace: node.namespace))
        let name = ImageName(
            parent: above, kind: Self.kind(node), module: module, name: node.name, keys: node.keys.map(\.name))
        head.names.append(name)
        scope.set(head.names.count - 1, of: node, slot, below: parent)
        return head.names.count - 1
    }

    /// A node on the way to one that is named.
    private func add(_ node: SchemaNode, _ scope: ImageNameScope) -> Int {
        guard let parent = node.dataParent else { return scope.base }
        return number(of: node.slot, below: parent, scope)
    }

    private func number(of module: ImageModule) -> Int {
        if let known = modules[module] { return known }
        head.modules.append(module)
        modules[module] = head.modules.count - 1
        return head.modules.count - 1
    }

    private static func kind(_ node: SchemaNode) -> ImageNameKind {
        switch node.kind {
        case .leaf, .anydata, .anyxml: .leaf
        case .list: node.isUserOrdered ? .userOrderedList : .list
        case .leafList: node.isUserOrdered ? .userOrderedLeafList : .leafList
        case .container where node.isPresence: .presence
        default: .inner
        }
    }
}

/// The numbers that the nodes of one model have as names in a chunk.
final class ImageNameScope {
    let model: DataModel
    /// The number of the name that `top` stands for: a mount point, or -1 at the top of the chunk.
    let base: Int
    private let top: NodeID
    private var numbers: [NodeID: Int] = [:]
    private var bySlot: [NodeID: [Int]] = [:]
    /// The latest answer: most rows in a row are of one list.
    private var lastParent: NodeID?
    private var lastNumbers: [Int] = []

    init(_ model: DataModel, top: NodeID, base: Int) {
        self.model = model
        self.top = top
        self.base = base
    }

    func number(of node: SchemaNode) -> Int? { node.id == top ? base : numbers[node.id] }

    @inline(__always)
    func numbers(below parent: NodeID) -> [Int]? {
        if lastParent == parent { return lastNumbers }
        guard let found = bySlot[parent] else { return nil }
        lastParent = parent
        lastNumbers = found
        return found
    }

    func set(_ number: Int, of node: SchemaNode, _ slot: Int, below parent: SchemaNode) {
        numbers[node.id] = number
        bySlot[parent.id, default: [Int](repeating: -1, count: parent.dataChildCount)][slot] = number
        lastParent = nil
    }
}
