/// The layout of `*.signed.bin`, version 1. It is final: what changes gets a new header line and stub.
///
///     0      4096  stub: a shell script, always these bytes
///     4096     24  header: the line "OpenNED signed bundle 1"
///     4120     11  length of the manifest: ten decimal digits and a newline
///     4131      m  manifest: JSON in one fixed form
///              11  length of the signature
///               s  signature over the header, the manifest's length and the manifest: one run of the file's bytes
///              11  length of the chain
///               c  chain: DER certificates, leaf first, each signed by the next, without the root
///                  archive, to the end of the file: its size and SHA-256 are in the manifest
///
/// Invariant: there is no byte that a reader skips. Stub and header are compared; the manifest and its length are
/// signed; the signature is checked and has one form; the chain's digest is in the manifest and each certificate is
/// needed; the archive's size and digest are in the manifest; and the other two lengths cannot differ without moving
/// all that follows.
package enum BundleFormat {
    /// The line that opens the signed bytes: it says what was signed, so that no other signature can be taken for it.
    package static let header = Array("OpenNED signed bundle 1\n".utf8)
    package static let stubSize = 4096
    package static let lengthSize = 11
    package static let suffix = ".signed.bin"

    package static let manifestLimit = 32 << 20
    package static let signatureLimit = 1024
    package static let chainLimit = 64 << 10
    /// Certificates in a chain, the root not counted.
    package static let chainLengthLimit = 8
    package static let fileCountLimit = 100_000

    /// Ten decimal digits and a newline: the one way to write a length.
    static func lengthPrefix(_ length: Int) -> [UInt8] {
        let digits = String(length)
        return Array((String(repeating: "0", count: lengthSize - 1 - digits.count) + digits + "\n").utf8)
    }

    /// The length that a prefix says, or nil if it is not ten decimal digits and a newline.
    static func length(of prefix: some Collection<UInt8>) -> Int? {
        guard prefix.count == lengthSize, prefix.dropFirst(lengthSize - 1).first == UInt8(ascii: "\n") else {
            return nil
        }
        let digits = prefix.prefix(lengthSize - 1)
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// The bytes that are signed for a manifest.
    package static func signedBytes(manifest: [UInt8]) -> [UInt8] {
        header + lengthPrefix(manifest.count) + manifest
    }
}
