import Basics

/// Lays a schema out as an image.
struct SchemaImageWriter {
    private var nodes: ContiguousArray<FlatNode> = []
    private var names = BytePool()
    private var types = BytePool()
    private var extras = BytePool()
    private var encoder = ImageEncoder()
    private var lookup: ContiguousArray<UInt32>

    /// - Parameters:
    ///   - records: the nodes in schema order, the root first; parents stand before their children.
    ///   - childTable: what `NodeRecord.children` and `dataChildren` are ranges of.
    ///   - key: the digest of what the schema was made of, 32 bytes, or nothing.
    static func image(
        modules: [SchemaModule], records: ContiguousArray<NodeRecord>, childTable: ContiguousArray<NodeID>,
        types: ContiguousArray<ResolvedType>, identities: IdentityTable, diagnostics: [Diagnostic],
        definitions: SchemaDefinitions, key: [UInt8] = []
    ) -> SchemaImage {
        var writer = SchemaImageWriter(nodeCount: records.count)
        writer.encoder.identities = identities
        var typeHashes: [UInt64] = []
        let typeNumbers = types.map { type in
            let number = writer.number(of: type)
            typeHashes.append(writer.encoder.fingerprint)
            return number
        }
        var fingerprints = SchemaFingerprints(modules: modules.map(\.name), typeHashes: typeHashes)
        writer.nodes.reserveCapacity(records.count)
        for record in records {
            writer.encoder.fingerprint = 0
            writer.add(record, typeNumbers)
            fingerprints.add(record, extra: writer.encoder.fingerprint)
        }
        writer.fillLookup()
        let lists: [ContiguousArray<UInt8>] = [
            writer.encoded { $0.put(modules) { $0.put($1) } }, writer.encoded { $0.put(identities) },
            writer.encoded { $0.put(diagnostics) { $0.put($1) } }, writer.encoded { $0.put(definitions) },
            fingerprints.bytes(childTable),
        ]
        return writer.assemble(key: key, children: childTable, lists: lists)
    }

    private init(nodeCount: Int) {
        var size = 2
        while size * 2 < nodeCount * 3 { size *= 2 }
        if size <= nodeCount { size *= 2 }
        lookup = ContiguousArray(repeating: 0, count: size)
    }

    // MARK: Nodes

    private mutating func add(_ record: NodeRecord, _ typeNumbers: [Int32]) {
        var node = FlatNode()
        node.kind = record.kind.rawValue
        node.status = record.status.rawValue
        if record.isConfig { node.flags |= FlatNode.Flag.config }
        if record.isMandatory { node.flags |= FlatNode.Flag.mandatory }
        if record.isPresence { node.flags |= FlatNode.Flag.presence }
        if record.isUserOrdered { node.flags |= FlatNode.Flag.userOrdered }
        if record.isKey { node.flags |= FlatNode.Flag.key }
        if let description = record.description {
            node.flags |= FlatNode.Flag.described
            node.description = encoder.texts.intern(description)
        }
        node.name = names.intern(record.name)
        node.module = record.module
        node.parent = record.parent.index
        node.dataParent = record.dataParent.index
        node.slot = record.slot
        node.type = record.type < 0 ? -1 : typeNumbers[Int(record.type)]
        node.extra = extraNumber(of: record)
        node.childStart = UInt32(record.children.lowerBound)
        node.childCount = UInt32(record.children.count)
        node.dataStart = UInt32(record.dataChildren.lowerBound)
        node.dataCount = UInt32(record.dataChildren.count)
        node.file = encoder.texts.intern(record.place.file)
        node.line = Int32(clamping: record.place.line)
        node.column = Int32(clamping: record.place.column)
        nodes.append(node)
    }

    private mutating func extraNumber(of record: NodeRecord) -> Int32 {
        let isPlain =
            record.minElements == 0 && record.maxElements == .max && record.keys.isEmpty && record.uniques.isEmpty
            && record.defaults.isEmpty && record.musts.isEmpty && record.whens.isEmpty && record.extensions.isEmpty
            && record.units == nil
        if isPlain { return -1 }
        let own = record.id.index
        let extra = NodeExtra(
            minElements: record.minElements, maxElements: record.maxElements,
            keys: record.keys.map { $0.index - own }, uniques: record.uniques.map { $0.map { $0.index - own } },
            defaults: record.defaults, musts: record.musts, whens: record.whens, extensions: record.extensions,
            units: record.units)
        encoder.bytes.removeAll(keepingCapacity: true)
        encoder.put(extra)
        return Int32(encoder.bytes.withUnsafeBytes { extras.intern($0) })
    }

    private mutating func number(of type: ResolvedType) -> Int32 {
        encoder.bytes.removeAll(keepingCapacity: true)
        encoder.fingerprint = 0
        encoder.put(type)
        return Int32(encoder.bytes.withUnsafeBytes { types.intern($0) })
    }

    private mutating func encoded(_ write: (inout ImageEncoder) -> Void) -> ContiguousArray<UInt8> {
        encoder.bytes.removeAll(keepingCapacity: true)
        write(&encoder)
        return encoder.bytes
    }

    private mutating func fillLookup() {
        let mask = lookup.count - 1
        names.bytes.withUnsafeBytes { all in
            let hashes = (0..<names.count).map { number in
                let range = Int(names.offsets[number])..<Int(names.offsets[number + 1])
                return ImageHash.of(UnsafeRawBufferPointer(rebasing: all[range]))
            }
            for (number, node) in nodes.enumerated() where node.slot >= 0 && number > 0 {
                let hash = ImageLayout.lookupHash(
                    parent: node.dataParent, module: node.module, nameHash: hashes[Int(node.name)])
                var position = Int(truncatingIfNeeded: hash) & mask
                while lookup[position] != 0 { position = (position + 1) & mask }
                lookup[position] = UInt32(number)
            }
        }
    }

    // MARK: Sections

    private func assemble(
        key: [UInt8], children: ContiguousArray<NodeID>, lists: [ContiguousArray<UInt8>]
    ) -> SchemaImage {
        var sizes: [Int] = [key.count, nodes.count * FlatNode.size, children.count * 4, lookup.count * 4]
        for pool in [names, encoder.texts, types, extras] { sizes += [pool.offsets.count * 4, pool.bytes.count] }
        sizes += lists.map(\.count)
        let total = sizes.reduce(ImageLayout.aligned(ImageLayout.headerSize)) { $0 + ImageLayout.aligned($1) }
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: total, alignment: ImageLayout.alignment)
        var filler = ImageFiller(target: target, sizes: sizes)
        key.withUnsafeBytes { filler.append($0) }
        nodes.withUnsafeBytes { filler.append($0) }
        children.withUnsafeBytes { filler.append($0) }
        lookup.withUnsafeBytes { filler.append($0) }
        for pool in [names, encoder.texts, types, extras] {
            pool.offsets.withUnsafeBytes { filler.append($0) }
            pool.bytes.withUnsafeBytes { filler.append($0) }
        }
        for list in lists { list.withUnsafeBytes { filler.append($0) } }
        filler.finish()
        return SchemaImage(allocated: UnsafeRawBufferPointer(target))
    }
}

/// Fills the bytes of an image, section by section, then its header.
private struct ImageFiller {
    let target: UnsafeMutableRawBufferPointer
    let sizes: [Int]
    private var section = 0
    private var position = ImageLayout.aligned(ImageLayout.headerSize)

    init(target: UnsafeMutableRawBufferPointer, sizes: [Int]) {
        self.target = target
        self.sizes = sizes
        for index in 0..<position { target[index] = 0 }
    }

    mutating func append(_ content: UnsafeRawBufferPointer) {
        precondition(content.count == sizes[section])
        let entry = 24 + section * 24
        target.storeBytes(of: UInt64(position), toByteOffset: entry, as: UInt64.self)
        target.storeBytes(of: UInt64(content.count), toByteOffset: entry + 8, as: UInt64.self)
        target.storeBytes(of: ImageHash.of(content), toByteOffset: entry + 16, as: UInt64.self)
        if let base = content.baseAddress, content.count > 0 {
            (target.baseAddress! + position).copyMemory(from: base, byteCount: content.count)
        }
        let end = position + content.count
        position += ImageLayout.aligned(content.count)
        for index in end..<position { target[index] = 0 }
        section += 1
    }

    func finish() {
        let size = ImageLayout.headerSize
        target.storeBytes(of: ImageLayout.magic, toByteOffset: 0, as: UInt64.self)
        target.storeBytes(of: ImageLayout.version, toByteOffset: 8, as: UInt32.self)
        target.storeBytes(of: UInt32(sizes.count), toByteOffset: 12, as: UInt32.self)
        target.storeBytes(of: UInt64(target.count), toByteOffset: 16, as: UInt64.self)
        let hash = ImageHash.of(UnsafeRawBufferPointer(rebasing: target[..<(size - 8)]))
        target.storeBytes(of: hash, toByteOffset: size - 8, as: UInt64.self)
    }
}
