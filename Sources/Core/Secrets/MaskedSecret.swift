/// A plain secret in memory: however it is printed, interpolated, dumped or logged, only asterisks show.
package struct MaskedSecret: Hashable, Sendable {
    private let bytes: [UInt8]

    package static let mask = "*****"

    package init(_ plainText: String) { bytes = Array(plainText.utf8) }

    init(bytes: [UInt8]) { self.bytes = bytes }

    package var isEmpty: Bool { bytes.isEmpty }

    /// Lends the plain text to `use`, the only way to it: what is made of it must not be kept, logged or stored.
    package func withPlainText<Result>(_ use: (String) throws -> Result) rethrows -> Result {
        try use(String(decoding: bytes, as: UTF8.self))
    }

    /// As `withPlainText`, for what goes to a wire.
    package func withBytes<Result>(_ use: ([UInt8]) throws -> Result) rethrows -> Result { try use(bytes) }

    /// Whether both hold the same, in a time that does not tell where they differ.
    package func isEqual(to other: MaskedSecret) -> Bool { Self.areEqual(bytes, other.bytes) }

    static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

extension MaskedSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { Self.mask }
    package var debugDescription: String { Self.mask }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
