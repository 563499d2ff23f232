/// Whether bytes are an image that is safe to read.
struct ImageCheck {
    static let sizeLimit = 1 << 31

    let bytes: UnsafeRawBufferPointer
    private let header: ImageHeader

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        header = ImageHeader(bytes)
    }

    /// - Parameter key: the digest that the image must bear, if given.
    func isWhole(key: [UInt8]?) -> Bool {
        guard isHeaderWhole, areSectionsWhole else { return false }
        if let key, !bytes[header.range(.key)].elementsEqual(key) { return false }
        return areNumbersInside
    }

    private var isHeaderWhole: Bool {
        let size = ImageLayout.headerSize
        guard bytes.count >= size, bytes.loadUnaligned(as: UInt64.self) == ImageLayout.magic,
            bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self) == ImageLayout.version,
            Int(bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self)) == ImageLayout.Section.allCases.count,
            bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self) == UInt64(bytes.count)
        else { return false }
        let hash = ImageHash.of(UnsafeRawBufferPointer(rebasing: bytes[..<(size - 8)]))
        return bytes.loadUnaligned(fromByteOffset: size - 8, as: UInt64.self) == hash
    }

    private var areSectionsWhole: Bool {
        var end = ImageLayout.headerSize
        for section in ImageLayout.Section.allCases {
            guard let range = header.checkedRange(section), range.lowerBound >= end,
                bytes[end..<range.lowerBound].allSatisfy({ $0 == 0 })
            else { return false }
            let content = UnsafeRawBufferPointer(rebasing: bytes[range])
            guard ImageHash.of(content) == header.hash(section) else { return false }
            end = range.upperBound
        }
        return bytes[end...].allSatisfy { $0 == 0 }
    }

    private func numbers(_ section: ImageLayout.Section) -> UnsafeBufferPointer<UInt32> {
        bytes[header.range(section)].withMemoryRebound(to: UInt32.self) { UnsafeBufferPointer(rebasing: $0[...]) }
    }

    private func poolCount(_ offsets: ImageLayout.Section, _ content: ImageLayout.Section) -> UInt32? {
        let numbers = numbers(offsets)
        guard let first = numbers.first, first == 0, numbers.count < Int32.max,
            numbers[numbers.count - 1] == header.range(content).count
        else { return nil }
        var last: UInt32 = 0
        for number in numbers {
            if number < last { return nil }
            last = number
        }
        return UInt32(numbers.count - 1)
    }

    private var areNumbersInside: Bool {
        let nodeBytes = header.range(.nodes)
        guard let names = poolCount(.nameOffsets, .nameBytes), let texts = poolCount(.textOffsets, .textBytes),
            let types = poolCount(.typeOffsets, .typeBytes), let extras = poolCount(.extraOffsets, .extraBytes),
            nodeBytes.count >= FlatNode.size, nodeBytes.count % FlatNode.size == 0,
            nodeBytes.count / FlatNode.size < Int32.max,
            header.range(.fingerprints).count == nodeBytes.count / FlatNode.size * 8
        else { return false }
        let nodes = bytes[nodeBytes].withMemoryRebound(to: FlatNode.self) { UnsafeBufferPointer(rebasing: $0[...]) }
        let children = numbers(.children)
        let lookup = numbers(.lookup)
        guard lookup.count > nodes.count, lookup.count & (lookup.count - 1) == 0,
            lookup.allSatisfy({ Int($0) < nodes.count }), children.allSatisfy({ Int($0) < nodes.count })
        else { return false }
        var decoder = ImageDecoder(
            UnsafeRawBufferPointer(rebasing: bytes[header.range(.modules)]),
            texts: ImagePool(
                offsets: numbers(.textOffsets).baseAddress!,
                bytes: bytes.baseAddress! + header.range(.textBytes).lowerBound, count: Int(texts)))
        guard let modules = try? decoder.count() else { return false }
        for (index, node) in nodes.enumerated() {
            let isInside =
                NodeKind(rawValue: node.kind) != nil && NodeStatus(rawValue: node.status) != nil
                && node.name < names && node.module >= 0 && node.module < modules
                && node.type < Int64(types) && node.type >= -1 && node.extra < Int64(extras) && node.extra >= -1
                && node.description < texts && node.file < texts
                && isAbove(node.parent, index) && isAbove(node.dataParent, index)
                && areBelow(node.childStart, node.childCount, index, children)
                && areBelow(node.dataStart, node.dataCount, index, children)
            if !isInside { return false }
        }
        return true
    }

    /// Numbers fall on the way up, so that every walk ends at the root.
    private func isAbove(_ parent: Int32, _ index: Int) -> Bool { parent >= 0 && (index == 0 || Int(parent) < index) }

    private func areBelow(
        _ start: UInt32, _ count: UInt32, _ index: Int, _ table: UnsafeBufferPointer<UInt32>
    ) -> Bool {
        let range = Int(start)..<Int(start) + Int(count)
        guard range.upperBound <= table.count else { return false }
        for position in range where Int(table[position]) <= index { return false }
        return true
    }
}
