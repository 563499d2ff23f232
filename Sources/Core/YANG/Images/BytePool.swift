/// Byte strings, each kept once: entry `i` is `bytes[offsets[i]..<offsets[i + 1]]`.
struct BytePool {
    private(set) var bytes: ContiguousArray<UInt8> = []
    private(set) var offsets: ContiguousArray<UInt32> = [0]
    /// Entry numbers plus one by hash, open addressing; the size is a power of two.
    private var table = ContiguousArray<UInt32>(repeating: 0, count: 64)

    var count: Int { offsets.count - 1 }

    /// The number of the entry with that content.
    mutating func intern(_ text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    mutating func intern(_ entry: UnsafeRawBufferPointer) -> UInt32 {
        if (count + 1) * 2 > table.count { grow() }
        var position = Int(truncatingIfNeeded: ImageHash.of(entry)) & (table.count - 1)
        while table[position] != 0 {
            if equals(table[position] - 1, entry) { return table[position] - 1 }
            position = (position + 1) & (table.count - 1)
        }
        let number = UInt32(count)
        table[position] = number + 1
        bytes.append(contentsOf: entry)
        offsets.append(UInt32(bytes.count))
        return number
    }

    func text(_ number: Int) -> String {
        String(decoding: bytes[Int(offsets[number])..<Int(offsets[number + 1])], as: UTF8.self)
    }

    private func equals(_ number: UInt32, _ entry: UnsafeRawBufferPointer) -> Bool {
        let range = Int(offsets[Int(number)])..<Int(offsets[Int(number) + 1])
        guard range.count == entry.count else { return false }
        return bytes.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[range]).elementsEqual(entry) }
    }

    private mutating func grow() {
        let size = table.count * 2
        var larger = ContiguousArray<UInt32>(repeating: 0, count: size)
        bytes.withUnsafeBytes { all in
            for number in 0..<count {
                let range = Int(offsets[number])..<Int(offsets[number + 1])
                let hash = ImageHash.of(UnsafeRawBufferPointer(rebasing: all[range]))
                var position = Int(truncatingIfNeeded: hash) & (size - 1)
                while larger[position] != 0 { position = (position + 1) & (size - 1) }
                larger[position] = UInt32(number) + 1
            }
        }
        table = larger
    }
}
