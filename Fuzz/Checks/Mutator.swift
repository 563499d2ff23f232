/// Makes new inputs of known ones: the same ones from the same seed.
package struct Mutator {
    private var state: UInt64
    private let pool: [[UInt8]]
    private let words: [[UInt8]]
    private let limit: Int

    package init(_ target: FuzzTarget, seed: UInt64) {
        state = seed
        pool = target.seeds
        words = target.words.map { Array($0.utf8) }
        limit = target.lengthLimit
    }

    package mutating func next() -> [UInt8] {
        var bytes = pool[below(pool.count)]
        for _ in 0...below(4) { mutate(&bytes) }
        return Array(bytes.prefix(limit))
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        let place = below(bytes.count + 1)
        let length = min(1 + below(16), bytes.count - place)
        switch below(7) {
        case 0 where length > 0: bytes[place] = UInt8(truncatingIfNeeded: random())
        case 1: bytes.insert(UInt8(truncatingIfNeeded: random()), at: place)
        case 2: bytes.removeSubrange(place..<place + length)
        case 3: bytes.insert(contentsOf: words[below(words.count)], at: place)
        case 4: bytes.replaceSubrange(place..<place + length, with: words[below(words.count)])
        case 5: bytes.insert(contentsOf: bytes[place..<place + length], at: below(bytes.count + 1))
        default:
            let other = pool[below(pool.count)]
            let start = below(other.count + 1)
            bytes.replaceSubrange(place..., with: other[start...])
        }
    }

    private mutating func below(_ bound: Int) -> Int { Int(random() % UInt64(max(1, bound))) }

    /// SplitMix64.
    private mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
