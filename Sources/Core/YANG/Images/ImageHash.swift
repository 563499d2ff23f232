/// The hash of image sections and of the texts in them: four lanes of multiply and rotate, 64 bits.
///
/// It guards against damage, not against an attacker. Each step is a bijection of its word, so that a change of one
/// word always changes the lane. The result is part of the file format: a change needs a new `ImageLayout.version`.
enum ImageHash {
    private static let first: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let second: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let third: UInt64 = 0x1656_67B1_9E37_79F9

    @inline(__always)
    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }

    @inline(__always)
    private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        rotated(lane &+ word &* second, 31) &* first
    }

    /// Spreads every bit over the whole word.
    @inline(__always)
    static func mixed(_ value: UInt64) -> UInt64 {
        var value = (value ^ value >> 33) &* second
        value = (value ^ value >> 29) &* third
        return value ^ value >> 32
    }

    static func of(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        guard let base = bytes.baseAddress else { return mixed(seed &+ third) }
        let count = bytes.count
        var offset = 0
        var hash = seed &+ third &+ UInt64(count)
        if count >= 32 {
            var (a, b, c, d) = (seed &+ first, seed &+ second, seed, seed &- first)
            while offset + 32 <= count {
                a = step(a, base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                b = step(b, base.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
                c = step(c, base.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
                d = step(d, base.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
                offset += 32
            }
            hash = hash &+ rotated(a, 1) &+ rotated(b, 7) &+ rotated(c, 12) &+ rotated(d, 18)
        }
        while offset + 8 <= count {
            hash = step(hash, base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        while offset < count {
            hash = rotated(hash ^ UInt64(base.load(fromByteOffset: offset, as: UInt8.self)) &* first, 11) &* second
            offset += 1
        }
        return mixed(hash)
    }

    @inline(__always)
    static func of(_ text: String) -> UInt64 {
        var text = text
        return text.withUTF8 { of(UnsafeRawBufferPointer($0)) }
    }
}
