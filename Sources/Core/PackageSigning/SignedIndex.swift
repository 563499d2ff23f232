import Basics
package import Foundation
import X509

/// An index of a repository of which every byte was checked. Only `TrustStore.verify(index:at:)` makes one.
package struct SignedIndex: Sendable {
    package let index: RepositoryIndex
    /// Leaf first, the trust anchor last.
    package let certificates: [CertificateSummary]
    /// Of the manifest as stored: one name for the content.
    package let manifestSHA256: String

    package var signer: CertificateSummary { certificates[0] }
}

extension TrustStore {
    /// Checks every byte of an `index.signed`, and its certificates and revocation lists for `time`. Whether it is
    /// current is for the caller to judge, who knows what came before.
    package func verify(index path: String, at time: Date) throws -> SignedIndex {
        let file = try OpenFile(path: path)
        var reader = MemberReader(file: file, offset: RepositoryIndex.header.count)
        guard try file.bytes(0..<RepositoryIndex.header.count) == RepositoryIndex.header else {
            throw SigningError(
                .malformed, path, "is not a signed index: it has the header of no known version of the format",
                remedy: "fetch it again, or make it with 'ncs-package index'")
        }
        let manifest = try reader.member("manifest", limit: BundleFormat.manifestLimit)
        let signature = try reader.member("signature", limit: BundleFormat.signatureLimit)
        let chainBytes = try reader.member("certificate chain", limit: BundleFormat.chainLimit)
        guard reader.offset == file.size else {
            throw SigningError(.malformed, path, "has bytes after its end", remedy: "fetch it again")
        }
        let chain = try CertificateReader.certificates(inChain: chainBytes, path: path)
        let trusted = try validate(chain, loose: false, path: path, at: time)
        let leaf = trusted[0]
        guard let algorithm = SignatureAlgorithm(key: leaf.publicKey) else { throw unusableKey(leaf, path: path) }
        guard SignatureForm.canonical(signature, algorithm) == signature,
            leaf.publicKey.isValidSignature(
                signature, for: RepositoryIndex.signedBytes(manifest: manifest), signatureAlgorithm: algorithm.x509)
        else {
            throw SigningError(
                .signatureInvalid, path, "the signature of \(CertificateSummary(leaf)) does not belong to this index",
                remedy: "the file was changed after it was signed: fetch it again")
        }
        let index = try RepositoryIndex(encoded: manifest, path: path)
        guard index.algorithm == algorithm, index.chainSHA256 == chainBytes.sha256 else {
            throw SigningError(
                .untrusted, path, "its certificates are not those with which it was signed", remedy: "fetch it again")
        }
        for list in lists(for: trusted) {
            guard let end = list.nextUpdate, end < time else { continue }
            throw SigningError(
                .revocationListExpired, list.path, "was good until \(end.formatted(.iso8601))",
                remedy: "put a current revocation list of '\(list.issuer)' in its place")
        }
        return SignedIndex(
            index: index, certificates: trusted.map(CertificateSummary.init), manifestSHA256: manifest.sha256)
    }
}

extension RepositoryIndex {
    /// What a signed index says, for its keeper, who makes the next one. Nothing is checked.
    package init(unverifiedFile path: String) throws(SigningError) {
        let file = try OpenFile(path: path)
        guard try file.bytes(0..<Self.header.count) == Self.header else {
            throw SigningError(.malformed, path, "is not a signed index", remedy: "remove it to begin anew")
        }
        var reader = MemberReader(file: file, offset: Self.header.count)
        try self.init(encoded: reader.member("manifest", limit: BundleFormat.manifestLimit), path: path)
    }
}

extension BundleSigner {
    /// Writes an `index.signed`, as a whole or not at all; algorithm and chain in `index` are replaced by the signer's.
    package func sign(index: RepositoryIndex, to output: String) throws {
        let (algorithm, chain) = try identity
        var index = index
        index.algorithm = algorithm
        index.chainSHA256 = chain.sha256
        if let fault = index.fault {
            throw SigningError(.manifestInvalid, output, "cannot be signed: its content \(fault)")
        }
        let manifest = index.encoded
        guard manifest.count <= BundleFormat.manifestLimit, chain.count <= BundleFormat.chainLimit else {
            throw SigningError(.limitExceeded, output, "cannot be signed: it lists too many packages")
        }
        let signedBytes = RepositoryIndex.signedBytes(manifest: manifest)
        let signature = try sign(bytes: signedBytes)
        try DurableFiles.replace(
            output,
            with: signedBytes + BundleFormat.lengthPrefix(signature.count) + signature
                + BundleFormat.lengthPrefix(chain.count) + chain)
    }
}
