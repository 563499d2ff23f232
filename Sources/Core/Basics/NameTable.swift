import Foundation

/// Names seen in a document, each made a `String` once: element names and object keys repeat, so that a lookup by
/// bytes replaces an allocation per occurrence, and users can remember what a name means by its number.
struct NameTable: ~Copyable {
    struct Entry {
        var hash: UInt32
        var offset: Int
        var length: Int
        var text: String
        /// Number of the part before the colon; 0 is the empty name.
        var prefix: Int32
        /// Number of the part after the colon; its own without a colon.
        var local: Int32
    }

    private(set) var entries: [Entry] = []
    private var bytes: [UInt8] = []
    private var slots = [Int32](repeating: -1, count: 256)
    /// Another start of the hash in each table: nobody can write a document whose names all collide.
    private let seed = UInt32.random(in: 1 ... .max)

    init() {
        let empty = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        defer { empty.deallocate() }
        _ = number(of: empty, length: 0)
    }

    subscript(_ number: Int32) -> Entry { entries[Int(number)] }

    func matches(_ number: Int32, _ start: UnsafePointer<UInt8>, length: Int) -> Bool {
        let offset = entries[Int(number)].offset
        guard entries[Int(number)].length == length else { return false }
        return bytes.withUnsafeBufferPointer { memcmp($0.baseAddress! + offset, start, length) == 0 }
    }

    func begins(_ number: Int32, with byte: UInt8) -> Bool {
        let entry = entries[Int(number)]
        return entry.length > 0 && bytes[entry.offset] == byte
    }

    /// The number of the name, new or known; it must be valid UTF-8.
    mutating func number(of start: UnsafePointer<UInt8>, length: Int, splits: Bool = true) -> Int32 {
        let (found, hash) = find(start, length: length)
        if found >= 0 { return found }
        let number = Int32(entries.count)
        var split = -1
        for index in 0..<length where splits && start[index] == UInt8(ascii: ":") {
            split = index
            break
        }
        let offset = bytes.count
        bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: length))
        if bytes.isEmpty { bytes.append(0) }
        let text = String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
        entries.append(Entry(hash: hash, offset: offset, length: length, text: text, prefix: 0, local: number))
        insert(number, hash: hash)
        if entries.count * 2 > slots.count { grow() }
        if split >= 0 {
            let prefix = self.number(of: start, length: split, splits: false)
            let local = self.number(of: start + split + 1, length: length - split - 1, splits: false)
            entries[Int(number)].prefix = prefix
            entries[Int(number)].local = local
        }
        return number
    }

    mutating func number(of text: String) -> Int32 {
        var text = text
        return text.withUTF8 { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            return number(of: start, length: buffer.count)
        }
    }

    /// The number of a known name, or -1, and its hash.
    @inline(__always)
    func find(_ start: UnsafePointer<UInt8>, length: Int) -> (number: Int32, hash: UInt32) {
        var hash = seed
        for index in 0..<length { hash = (hash ^ UInt32(start[index])) &* 0x0100_0193 }
        let mask = slots.count - 1
        var slot = Int(hash ^ hash >> 15) & mask
        while true {
            let number = slots[slot]
            if number < 0 { return (-1, hash) }
            if entries[Int(number)].hash == hash, matches(number, start, length: length) { return (number, hash) }
            slot = (slot + 1) & mask
        }
    }

    private mutating func insert(_ number: Int32, hash: UInt32) {
        let mask = slots.count - 1
        var slot = Int(hash ^ hash >> 15) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = number
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for number in entries.indices { insert(Int32(number), hash: entries[number].hash) }
    }
}
