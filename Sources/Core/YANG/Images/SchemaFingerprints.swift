/// Hashes of nodes with all below them, by which two schemas are compared without looking at what is equal.
///
/// A hash is over kind, name, module, flags, status, type, constraints, defaults, units and the children in order. Not in
/// it: descriptions, places, extension statements, and how prefixes are spelled.
struct SchemaFingerprints {
    private let moduleHashes: [UInt64]
    private let typeHashes: [UInt64]
    private var own: ContiguousArray<UInt64> = []
    private var children: ContiguousArray<Range<Int32>> = []

    init(modules: [String], typeHashes: [UInt64]) {
        moduleHashes = modules.map { ImageHash.of($0) }
        self.typeHashes = typeHashes
    }

    /// - Parameter extra: the fingerprint of the node's rare properties.
    mutating func add(_ record: NodeRecord, extra: UInt64) {
        var flags = UInt64(record.kind.rawValue) | UInt64(record.status.rawValue) << 8
        for (position, flag) in [
            record.isConfig, record.isMandatory, record.isPresence, record.isUserOrdered, record.isKey,
        ].enumerated() where flag {
            flags |= 1 << UInt64(16 + position)
        }
        var hash = ImageHash.mixed(ImageHash.of(record.name) ^ flags)
        hash = ImageHash.mixed(hash &+ moduleHashes[Int(record.module)])
        hash = ImageHash.mixed(hash &+ (record.type < 0 ? 1 : typeHashes[Int(record.type)]))
        own.append(ImageHash.mixed(hash &+ extra))
        children.append(record.children)
    }

    /// The section of the image. Children have higher numbers than their parents.
    func bytes(_ childTable: ContiguousArray<NodeID>) -> ContiguousArray<UInt8> {
        var hashes = own
        for index in hashes.indices.reversed() {
            var hash = hashes[index]
            for position in children[index] {
                hash = ImageHash.mixed(hash &* 31 &+ hashes[Int(childTable[Int(position)].index)])
            }
            hashes[index] = hash
        }
        return hashes.withUnsafeBytes { ContiguousArray($0) }
    }
}

extension SchemaNode {
    /// Equal where the node and all below it are equal in two schemas, extension statements and texts for people
    /// excepted; different otherwise, with the odds of 64 bits.
    package var fingerprint: UInt64 { schema.image.fingerprints[Int(id.index)] }
}
