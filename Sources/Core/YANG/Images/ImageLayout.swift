/// How a schema image is laid out, in memory and in its file alike: header, then sections, each aligned to 16 bytes.
///
/// All numbers are in the machine's order (little-endian on every machine that we run on). A change of any of this,
/// of `ImageHash` or of what `ImageEncoder` writes needs a new `version`.
enum ImageLayout {
    static let magic: UInt64 = 0x31_47_4D_49_44_45_4E_4F  // "ONEDIMG1"
    static let version: UInt32 = 3
    static let alignment = 16
    /// Magic, version, section count, size of the file; then the table of sections; then the hash of all before.
    static let headerSize = 24 + Section.allCases.count * 24 + 8

    enum Section: Int, CaseIterable {
        /// Digest of what the image was made of (`SchemaDigest`): 32 bytes, or none.
        case key
        /// `FlatNode`s.
        case nodes
        /// Node numbers: the children and data children of each node.
        case children
        /// Numbers of nodes by the hash of parent, module and name; a power of two, 0 is free.
        case lookup
        /// Node names; texts; types; rare properties: a pool is offsets (one more than entries), then bytes.
        case nameOffsets, nameBytes
        case textOffsets, textBytes
        case typeOffsets, typeBytes
        case extraOffsets, extraBytes
        /// Modules; identities; diagnostics; `SchemaDefinitions`, each encoded as one.
        case modules, identities, diagnostics, definitions
        /// A hash for each node, over it and all below it (`SchemaFingerprints`).
        case fingerprints
    }

    static func aligned(_ size: Int) -> Int { (size + alignment - 1) / alignment * alignment }

    /// Where a child stands first in the table of names.
    static func lookupHash(parent: Int32, module: Int32, nameHash: UInt64) -> UInt64 {
        let place = UInt64(UInt32(bitPattern: parent)) << 32 | UInt64(UInt32(bitPattern: module))
        return ImageHash.mixed(nameHash ^ ImageHash.mixed(place))
    }
}

/// One node as it lies in an image: 64 bytes.
///
/// Invariants: a node's number is above its parent's; `type`, `extra` and `text` numbers are in their pools.
struct FlatNode: BitwiseCopyable {
    var kind: UInt8 = 0
    var status: UInt8 = 0
    var flags: UInt8 = 0
    var unused: UInt8 = 0
    /// In the pool of names.
    var name: UInt32 = 0
    var module: Int32 = 0
    var parent: Int32 = 0
    var dataParent: Int32 = 0
    var slot: Int32 = -1
    /// -1 without.
    var type: Int32 = -1
    /// -1 without.
    var extra: Int32 = -1
    var childStart: UInt32 = 0
    var childCount: UInt32 = 0
    var dataStart: UInt32 = 0
    var dataCount: UInt32 = 0
    /// In the pool of texts, as those below.
    var description: UInt32 = 0
    var file: UInt32 = 0
    var line: Int32 = 0
    var column: Int32 = 0

    static let size = 64

    enum Flag {
        static let config: UInt8 = 1
        static let mandatory: UInt8 = 2
        static let presence: UInt8 = 4
        static let userOrdered: UInt8 = 8
        static let key: UInt8 = 16
        /// `description` is there.
        static let described: UInt8 = 32
    }
}

/// What few nodes have, decoded. Node numbers are relative to the node, so that equal ones are stored once.
struct NodeExtra: Sendable {
    var minElements: UInt32 = 0
    var maxElements: UInt32 = .max
    var keys: [Int32] = []
    var uniques: [[Int32]] = []
    var defaults: [String] = []
    var musts: [Constraint] = []
    var whens: [Constraint] = []
    var extensions: [ExtensionInstance] = []
    var units: String?

    static let none = NodeExtra()
}
