/// Routes by word: an open table over hashes of the words, in memory that somebody else frees.
///
/// Routes with the same word lie side by side, in the order in which they were given.
struct CLIWordTable: @unchecked Sendable {
    private struct Place {
        var hash: UInt32
        var word: CLIBytes
        var routes: CLIRoutes
    }

    /// A power of two in number, at most half of them taken; without routes none.
    private let places: UnsafeBufferPointer<Place?>

    init(_ spellings: [([UInt8], CLIRoute)], _ lists: inout ListMemory) {
        var order: [[UInt8]] = []
        var byWord: [[UInt8]: [CLIRoute]] = [:]
        for (word, route) in spellings {
            if byWord[word] == nil { order.append(word) }
            byWord[word, default: []].append(route)
        }
        var size = 4
        while size < order.count * 2 { size *= 2 }
        var places = [Place?](repeating: nil, count: order.isEmpty ? 0 : size)
        for word in order {
            let bytes = CLIBytes(lists.keep(word))
            let hash = Self.hash(bytes)
            var index = Int(hash) & (size - 1)
            while places[index] != nil { index = (index + 1) & (size - 1) }
            places[index] = Place(hash: hash, word: bytes, routes: lists.keep(byWord[word] ?? []))
        }
        self.places = lists.keep(places)
    }

    func routes(_ word: CLIBytes) -> CLIRoutes {
        guard !places.isEmpty else { return CLIRoutes(start: nil, count: 0) }
        let hash = Self.hash(word)
        let mask = places.count - 1
        var index = Int(hash) & mask
        while let place = places[index] {
            if place.hash == hash, CLIText.areEqual(place.word, word) { return place.routes }
            index = (index + 1) & mask
        }
        return CLIRoutes(start: nil, count: 0)
    }

    /// Of the length and the first and last eight bytes: what tells keywords apart. Words of a model are no secret, so
    /// nobody can make them collide from outside.
    @inline(__always) private static func hash(_ word: CLIBytes) -> UInt32 {
        let count = word.count
        guard count > 0, let start = word.start else { return 0 }
        var first: UInt64 = 0
        var last: UInt64 = 0
        if count >= 8 {
            first = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
            last = UnsafeRawPointer(start + (count - 8)).loadUnaligned(as: UInt64.self)
        } else {
            for index in 0..<count { first = first << 8 | UInt64(start[index]) }
        }
        let mixed = (first ^ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15 ^ last &* 0xC2B2_AE3D_27D4_EB4F
        return UInt32(truncatingIfNeeded: mixed >> 32) ^ UInt32(truncatingIfNeeded: mixed >> 8)
    }
}

/// Short lists of plain values that handles point into, freed together.
struct ListMemory {
    private var kept: [UnsafeMutableRawPointer] = []

    /// A copy of a list of trivial values.
    mutating func keep<Element>(_ list: [Element]) -> UnsafeBufferPointer<Element> {
        guard !list.isEmpty else { return UnsafeBufferPointer(start: nil, count: 0) }
        let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: list.count)
        _ = copy.initialize(fromContentsOf: list)
        if let start = copy.baseAddress { kept.append(UnsafeMutableRawPointer(start)) }
        return UnsafeBufferPointer(copy)
    }

    func free() {
        for list in kept { list.deallocate() }
    }
}
