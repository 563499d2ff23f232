/// A pool of byte strings inside an image; its numbers have been checked.
struct ImagePool {
    let offsets: UnsafePointer<UInt32>
    let bytes: UnsafeRawPointer
    let count: Int

    func bytes(_ number: Int) -> UnsafeRawBufferPointer {
        let start = Int(offsets[number])
        return UnsafeRawBufferPointer(start: bytes + start, count: Int(offsets[number + 1]) - start)
    }

    func text(_ number: Int) -> String { String(decoding: bytes(number), as: UTF8.self) }
}
