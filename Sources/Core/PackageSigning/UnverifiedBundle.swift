/// A file that has the form of a bundle. Nothing in it may be believed before `TrustStore.verify`.
///
/// The file stays open, and the archive stays on disk: only the three members are read into memory.
package struct UnverifiedBundle: Sendable {
    package let file: OpenFile
    /// The manifest as stored.
    package let manifest: [UInt8]
    package let signature: [UInt8]
    /// Concatenated DER certificates, leaf first.
    package let chain: [UInt8]
    /// Where the archive lies in the file.
    package let archive: FileRegion

    package var path: String { file.path }
    /// The run of the file's bytes that the signature covers.
    package var signedBytes: [UInt8] { BundleFormat.signedBytes(manifest: manifest) }

    /// Whether the file begins as a bundle does, for a caller that must tell bundles from archives.
    package static func isBundle(_ path: String) -> Bool {
        guard let file = try? OpenFile(path: path),
            let start = try? file.bytes(0..<BundleFormat.stubSize)
        else { return false }
        return BundleStub.known.contains(start)
    }

    /// Throws `SigningError` if stub, header or lengths are not those of a bundle.
    package init(path: String) throws(SigningError) {
        let file = try OpenFile(path: path)
        guard let stub = try file.bytes(0..<BundleFormat.stubSize), BundleStub.known.contains(stub) else {
            throw SigningError(
                .notABundle, path,
                "is not a signed package: it does not begin with the \(BundleFormat.stubSize) bytes "
                    + "that every signed package begins with",
                remedy: "fetch it again, or make it with 'ncs-package sign'")
        }
        var reader = MemberReader(file: file, offset: BundleFormat.stubSize)
        guard let header = try file.bytes(reader.offset..<reader.offset + BundleFormat.header.count) else {
            throw reader.cutShort("header")
        }
        guard header == BundleFormat.header else {
            throw SigningError(
                .malformed, path, "has the header of no known version of the format", remedy: "use a newer ncs-package")
        }
        reader.offset += header.count
        manifest = try reader.member("manifest", limit: BundleFormat.manifestLimit)
        signature = try reader.member("signature", limit: BundleFormat.signatureLimit)
        chain = try reader.member("certificate chain", limit: BundleFormat.chainLimit)
        guard reader.offset < file.size else { throw reader.cutShort("archive") }
        archive = FileRegion(file: file, range: reader.offset..<file.size)
        self.file = file
    }
}

/// Reads parts that have their length before them, one after the other.
struct MemberReader {
    let file: OpenFile
    var offset: Int

    mutating func member(_ name: String, limit: Int) throws(SigningError) -> [UInt8] {
        guard let prefix = try file.bytes(offset..<offset + BundleFormat.lengthSize) else { throw cutShort(name) }
        guard let length = BundleFormat.length(of: prefix), length > 0 else {
            throw SigningError(
                .malformed, file.path, "has no valid length of its \(name) at offset \(offset)",
                remedy: "fetch it again")
        }
        guard length <= limit else {
            throw SigningError(
                .limitExceeded, file.path, "says that its \(name) has \(length) bytes; \(limit) are allowed",
                remedy: "fetch it again")
        }
        offset += prefix.count
        guard let bytes = try file.bytes(offset..<offset + length) else { throw cutShort(name) }
        offset += length
        return bytes
    }

    func cutShort(_ name: String) -> SigningError {
        SigningError(
            .malformed, file.path, "is cut short: it ends before the end of its \(name)", remedy: "fetch it again")
    }
}
