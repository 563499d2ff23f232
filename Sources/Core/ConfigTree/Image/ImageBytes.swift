/// What a chunk of a tree image looks like, and its elementary parts.
///
/// A tree lies in chunks: byte strings that name each other by digest, with what they hold told by names, not by numbers
/// of a schema. So an image can be read without its models, and one made under other models is the same where the data
/// are.
///
/// Layout of a chunk: the eight bytes of `magic`; a byte of `ImageChunkKind`; the modules (name, namespace) and the
/// names (parent, kind, module, name, keys) that the content uses; the content. Numbers are variable-length, texts
/// have their length before them. The content of a `row` chunk is one row, that of the others a count and entries.
///
///     row      = number(leaves << 1 | metadata?) leaf* metadata? number(kids) kid*
///     leaf     = number(name) text
///     kid      = number(name) (row | list)
///     list     = 0 number(entries) entry* | 1 number(chunks) (digest number(entries))*
///     entry    = row, of a leaf-list: number(length << 1 | metadata?) value metadata?
///     metadata = number(items) (number(name + 1, or 0 for the row itself) text text)*
///
/// What is mounted comes last among the kids of a row: which model it has is told by the others.
enum ImageFormat {
    static let magic = Array("NEDTREE1".utf8)
    static let digestSize = 32
    /// A list from this many bytes on lies in chunks of its own.
    static let inlineLimit = 1 << 18
    /// Between these sizes a chunk ends where the keys say so: an entry more or less moves few borders.
    static let chunkMinimum = 1 << 18
    static let chunkLimit = 1 << 20
    /// Deeper than any model.
    static let depthLimit = 512
}

/// What the content of a chunk is.
enum ImageChunkKind: UInt8 {
    case row, entries, values
}

/// What a name in a chunk stands for.
enum ImageNameKind: UInt8 {
    case leaf
    /// A container, or what is mounted at a mount point.
    case inner
    /// A container that is there by itself.
    case presence
    case list
    case userOrderedList
    case leafList
    case userOrderedLeafList

    var isList: Bool { self == .list || self == .userOrderedList }
    var isLeafList: Bool { self == .leafList || self == .userOrderedLeafList }
}

/// Why an image could not be read.
package enum ImageFault: Error, Sendable, CustomStringConvertible {
    /// The bytes are no image, or not all of one.
    case damaged(String)
    /// The image holds data for which the models have no place.
    case unknownNode(path: String)

    package var description: String {
        switch self {
        case .damaged(let what): "the image of the configuration is damaged: \(what)"
        case .unknownNode(let path): "\(path): the models have no such node"
        }
    }
}

/// Bytes being written.
struct ImageBytes {
    var bytes: [UInt8] = []

    var count: Int { bytes.count }

    @inline(__always)
    mutating func number(_ value: Int) {
        var rest = UInt64(value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func text(_ value: String) {
        var value = value
        value.withUTF8 { text(UnsafeRawBufferPointer($0)) }
    }

    mutating func text(_ value: UnsafeRawBufferPointer) {
        number(value.count)
        bytes.append(contentsOf: value)
    }
}

/// A place in bytes being read; checks every step.
struct ImageCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    @inline(__always)
    mutating func byte() throws(ImageFault) -> UInt8 {
        guard offset < bytes.count else { throw .damaged("it ends too early") }
        defer { offset += 1 }
        return bytes[offset]
    }

    @inline(__always)
    mutating func number() throws(ImageFault) -> Int {
        let first = try byte()
        if first < 0x80 { return Int(first) }
        var value = Int(first & 0x7F)
        var shift = 7
        while true {
            let next = try byte()
            guard shift < 56 else { throw .damaged("a number is too large") }
            value |= Int(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    /// A number of things of which each takes at least one byte.
    mutating func count() throws(ImageFault) -> Int {
        let count = try number()
        guard count <= bytes.count - offset else { throw .damaged("a count is too large") }
        return count
    }

    @inline(__always)
    mutating func raw() throws(ImageFault) -> UnsafeRawBufferPointer { try raw(number()) }

    @inline(__always)
    mutating func raw(_ length: Int) throws(ImageFault) -> UnsafeRawBufferPointer {
        guard length <= bytes.count - offset else { throw .damaged("it ends too early") }
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }

    mutating func text() throws(ImageFault) -> String { String(decoding: try raw(), as: UTF8.self) }
}

/// A name in a chunk, with the way to it.
struct ImageName: Hashable {
    /// Its number's place in the table, or -1 at the top of the chunk.
    var parent: Int
    var kind: ImageNameKind
    var module: Int
    var name: String
    var keys: [String]
}

/// A module as a chunk names it.
struct ImageModule: Hashable {
    var name: String
    /// Empty if it was not known to whoever wrote the chunk.
    var namespace: String
}

/// What stands before the content of a chunk.
struct ImageHead {
    var kind: ImageChunkKind
    var modules: [ImageModule] = []
    var names: [ImageName] = []

    func bytes(before content: [UInt8]) -> [UInt8] {
        var writer = ImageBytes(bytes: ImageFormat.magic + [kind.rawValue])
        writer.number(modules.count)
        for module in modules {
            writer.text(module.name)
            writer.text(module.namespace)
        }
        writer.number(names.count)
        for name in names {
            writer.number(name.parent + 1)
            writer.bytes.append(name.kind.rawValue)
            writer.number(name.module)
            writer.text(name.name)
            if name.kind.isList {
                writer.number(name.keys.count)
                for key in name.keys { writer.text(key) }
            }
        }
        writer.bytes += content
        return writer.bytes
    }

    init(kind: ImageChunkKind) { self.kind = kind }

    init(_ cursor: inout ImageCursor) throws(ImageFault) {
        guard try cursor.raw(ImageFormat.magic.count).elementsEqual(ImageFormat.magic) else {
            throw .damaged("it does not begin as an image does")
        }
        guard let kind = ImageChunkKind(rawValue: try cursor.byte()) else { throw .damaged("it is of no known kind") }
        self.kind = kind
        for _ in 0..<(try cursor.count()) {
            modules.append(ImageModule(name: try cursor.text(), namespace: try cursor.text()))
        }
        let count = try cursor.count()
        names.reserveCapacity(count)
        for number in 0..<count {
            let parent = try cursor.number() - 1
            guard let kind = ImageNameKind(rawValue: try cursor.byte()) else { throw .damaged("a name has no kind") }
            var name = ImageName(
                parent: parent, kind: kind, module: try cursor.number(), name: try cursor.text(), keys: [])
            guard parent < number, name.module < modules.count else { throw .damaged("a name has no place") }
            if kind.isList { for _ in 0..<(try cursor.count()) { name.keys.append(try cursor.text()) } }
            names.append(name)
        }
    }

    /// The way to a name: `/module:a/b`.
    func path(_ number: Int) -> String {
        var text = ""
        var number = number
        while number >= 0 {
            let name = names[number]
            text = "/\(modules[name.module].name):\(name.name)" + text
            number = name.parent
        }
        return text
    }
}
