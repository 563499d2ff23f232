/// Bytes on their way out: collected, or handed to a sink in pieces of about 64 KiB so that memory stays bounded.
package struct ByteOutput {
    package typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    /// What was written and not yet handed on.
    package private(set) var bytes: [UInt8] = []
    private let sink: Sink?

    /// Without a sink everything stays in `bytes`.
    package init(sink: Sink? = nil) { self.sink = sink }

    @inline(__always)
    package mutating func append(_ byte: UInt8) { bytes.append(byte) }
    package mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
    package mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
    package mutating func append(_ part: some Sequence<UInt8>) { bytes.append(contentsOf: part) }
    package mutating func append(_ part: [UInt8]) { bytes.append(contentsOf: part) }
    package mutating func append(_ part: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: part) }
    package mutating func newLine(indent: Int) {
        bytes.append(10)
        append(spaces: indent)
    }
    package mutating func append(spaces count: Int) {
        guard count > ByteOutput.spaces.utf8CodeUnitCount else {
            return bytes.append(contentsOf: UnsafeBufferPointer(start: ByteOutput.spaces.utf8Start, count: count))
        }
        for _ in 0..<count { bytes.append(32) }
    }
    private static let spaces: StaticString = "                                                                "

    /// Hands on what has gathered, if it is much.
    @inline(__always)
    package mutating func drain() throws {
        if bytes.count >= 1 << 16 { try flush() }
    }

    /// Gives what has gathered and begins anew, for who has no sink.
    package mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// Hands on everything; to be called at the end.
    package mutating func flush() throws {
        guard let sink, !bytes.isEmpty else { return }
        try bytes.withUnsafeBytes(sink)
        bytes.removeAll(keepingCapacity: true)
    }
}
