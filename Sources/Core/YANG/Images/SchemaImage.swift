import Basics
import Foundation

/// A compiled module set as one run of bytes, in memory or mapped from a file, the same in both: see `ImageLayout`.
///
/// What `init?(mapping:)` lets through is safe to read: sizes, hashes and every number in the node table were checked.
/// The rest is decoded by `ImageDecoder`, which checks as it reads.
///
/// `@unchecked Sendable`: the bytes never change and live as long as the object.
final class SchemaImage: @unchecked Sendable {
    private enum Memory { case allocated, mapped }

    let bytes: UnsafeRawBufferPointer
    private let memory: Memory

    let nodes: UnsafePointer<FlatNode>
    let nodeCount: Int
    let children: UnsafePointer<Int32>
    let names: ImagePool
    let texts: ImagePool
    let types: ImagePool
    let extras: ImagePool
    let fingerprints: UnsafePointer<UInt64>

    /// Takes over bytes that `SchemaImageWriter` laid out, allocated with `ImageLayout.alignment`.
    init(allocated bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        memory = .allocated
        (nodes, nodeCount, children, names, texts, types, extras, fingerprints) = Self.parts(bytes)
    }

    /// Maps an image file. Nil unless it is whole and, if `key` is given, was made of what has that digest.
    init?(mapping path: String, key: [UInt8]? = nil) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_size > 0,
            info.st_size <= ImageCheck.sizeLimit,
            let start = mmap(nil, Int(info.st_size), PROT_READ, MAP_PRIVATE | Self.populate, descriptor, 0),
            start != MAP_FAILED
        else { return nil }
        bytes = UnsafeRawBufferPointer(start: start, count: Int(info.st_size))
        memory = .mapped
        guard ImageCheck(bytes).isWhole(key: key) else {
            munmap(start, bytes.count)
            return nil
        }
        (nodes, nodeCount, children, names, texts, types, extras, fingerprints) = Self.parts(bytes)
    }

    /// The whole file is read at once for its hashes: let the kernel map it in one go.
    private static let populate = Int32(MAP_POPULATE)

    deinit {
        switch memory {
        case .allocated: UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.deallocate()
        case .mapped: munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        }
    }

    private static func parts(
        _ bytes: UnsafeRawBufferPointer
    ) -> (
        UnsafePointer<FlatNode>, Int, UnsafePointer<Int32>, ImagePool, ImagePool, ImagePool, ImagePool,
        UnsafePointer<UInt64>
    ) {
        let header = ImageHeader(bytes)
        func start(_ section: ImageLayout.Section) -> UnsafeRawPointer {
            bytes.baseAddress! + header.range(section).lowerBound
        }
        func pool(_ offsets: ImageLayout.Section, _ content: ImageLayout.Section) -> ImagePool {
            ImagePool(
                offsets: start(offsets).assumingMemoryBound(to: UInt32.self), bytes: start(content),
                count: header.range(offsets).count / 4 - 1)
        }
        return (
            start(.nodes).assumingMemoryBound(to: FlatNode.self), header.range(.nodes).count / FlatNode.size,
            start(.children).assumingMemoryBound(to: Int32.self), pool(.nameOffsets, .nameBytes),
            pool(.textOffsets, .textBytes), pool(.typeOffsets, .typeBytes), pool(.extraOffsets, .extraBytes),
            start(.fingerprints).assumingMemoryBound(to: UInt64.self)
        )
    }

    func section(_ section: ImageLayout.Section) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[ImageHeader(bytes).range(section)])
    }

    func decoder(_ bytes: UnsafeRawBufferPointer) -> ImageDecoder { ImageDecoder(bytes, texts: texts) }

    /// A list of a section of its own; what follows a fault is left out.
    func list<Element>(
        _ section: ImageLayout.Section, _ element: (inout ImageDecoder) throws(ImageFault) -> Element
    ) -> [Element] {
        var decoder = decoder(self.section(section))
        return (try? decoder.list(element)) ?? []
    }

    // MARK: Finding children

    /// The number of the data child of `parent` with that module and name.
    func child(of parent: Int32, module: Int32, name: String) -> Int32? {
        var name = name
        return name.withUTF8 { child(of: parent, module: module, name: UnsafeRawBufferPointer($0)) }
    }

    func child(of parent: Int32, module: Int32, name: UnsafeRawBufferPointer) -> Int32? {
        let table = section(.lookup)
        let slots = table.count / 4
        let nameHash = ImageHash.of(name)
        let hash = ImageLayout.lookupHash(parent: parent, module: module, nameHash: nameHash)
        var position = Int(truncatingIfNeeded: hash) & (slots - 1)
        for _ in 0..<slots {
            let number = table.loadUnaligned(fromByteOffset: position * 4, as: Int32.self)
            if number == 0 { return nil }
            let node = nodes[Int(number)]
            if node.dataParent == parent, node.module == module, names.bytes(Int(node.name)).elementsEqual(name) {
                return number
            }
            position = (position + 1) & (slots - 1)
        }
        return nil
    }
}

/// The table of sections at the head of an image.
struct ImageHeader {
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private func entry(_ section: ImageLayout.Section, _ field: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: 24 + section.rawValue * 24 + field * 8, as: UInt64.self)
    }

    func range(_ section: ImageLayout.Section) -> Range<Int> {
        let start = Int(entry(section, 0))
        return start..<start + Int(entry(section, 1))
    }

    func hash(_ section: ImageLayout.Section) -> UInt64 { entry(section, 2) }

    /// The range as the file says it; nil if it is not inside the file.
    func checkedRange(_ section: ImageLayout.Section) -> Range<Int>? {
        let (start, size) = (entry(section, 0), entry(section, 1))
        guard start <= bytes.count, size <= UInt64(bytes.count) - start,
            start >= ImageLayout.headerSize, start % UInt64(ImageLayout.alignment) == 0
        else { return nil }
        return Int(start)..<Int(start + size)
    }
}
