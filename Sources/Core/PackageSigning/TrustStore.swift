import Basics
package import Foundation
import X509

/// The certificates in which an installation puts its trust, and the judge of everything signed.
///
/// Invariant: a `VerifiedBundle` comes from here only, and from bytes that were all checked.
package struct TrustStore: Sendable {
    /// Where the anchors came from, for errors.
    package let directory: String
    let anchors: [Certificate]
    /// Certificates in the directory that are no anchors; the incumbent's signatures, which carry no chain, need them.
    let intermediates: [Certificate]

    package var anchorSummaries: [CertificateSummary] { anchors.map(CertificateSummary.init) }

    /// Reads the files `*.pem`, `*.crt`, `*.cer` and `*.der` of a directory, others ignored.
    ///
    /// An anchor is a certificate of an authority that names itself as issuer (a root). Every file must be readable:
    /// a damaged one is an error, not a gap in trust.
    package init(directory: String) throws(SigningError) {
        self.directory = directory
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw SigningError(
                .anchorsUnusable, directory, "the directory of trust anchors cannot be read",
                remedy: "make it and put the root certificates (PEM or DER) there")
        }
        var anchors = [Certificate]()
        var intermediates = [Certificate]()
        for name in names where Self.suffixes.contains((name as NSString).pathExtension.lowercased()) {
            for certificate in try CertificateReader.certificates(inFile: directory + "/" + name) {
                if certificate.isRoot { anchors.append(certificate) } else { intermediates.append(certificate) }
            }
        }
        self.anchors = anchors
        self.intermediates = intermediates
    }

    private static let suffixes: Set<String> = ["pem", "crt", "cer", "der"]

    /// Checks every byte of a bundle, `time` being when its certificates must be valid.
    ///
    /// In this order: chain, signature, and only then the content of the manifest, the archive's size and its digest.
    package func verify(_ bundle: UnverifiedBundle, at time: Date) throws -> VerifiedBundle {
        let path = bundle.path
        let chain = try CertificateReader.certificates(inChain: bundle.chain, path: path)
        let trusted = try validate(chain, loose: false, path: path, at: time)
        let leaf = trusted[0]
        guard let algorithm = SignatureAlgorithm(key: leaf.publicKey) else { throw unusableKey(leaf, path: path) }
        guard SignatureForm.canonical(bundle.signature, algorithm) == bundle.signature,
            leaf.publicKey.isValidSignature(
                bundle.signature, for: bundle.signedBytes, signatureAlgorithm: algorithm.x509)
        else {
            throw SigningError(
                .signatureInvalid, path,
                "the signature of \(CertificateSummary(leaf)) does not belong to this manifest",
                remedy: "the file was changed after it was signed: fetch it again")
        }
        let manifest = try BundleManifest(encoded: bundle.manifest, path: path)
        guard manifest.algorithm == algorithm else {
            throw SigningError(
                .manifestInvalid, path,
                "its manifest says \(manifest.algorithm.rawValue) and the signer's key is for "
                    + algorithm.rawValue, remedy: "sign the package again")
        }
        guard manifest.chainSHA256 == bundle.chain.sha256 else {
            throw SigningError(
                .untrusted, path, "its certificates are not those with which it was signed", remedy: "fetch it again")
        }
        try checkArchive(of: bundle, against: manifest)
        return VerifiedBundle(
            manifest: manifest, archive: bundle.archive, certificates: trusted.map(CertificateSummary.init),
            judgedAt: time, manifestSHA256: bundle.manifest.sha256)
    }

    private func checkArchive(of bundle: UnverifiedBundle, against manifest: BundleManifest) throws {
        let path = bundle.path
        guard bundle.archive.size == manifest.archive.size else {
            let what = bundle.archive.size < manifest.archive.size ? "is cut short" : "has bytes after its end"
            throw SigningError(
                .archiveMismatch, path,
                "\(what): its archive has \(bundle.archive.size) bytes, the manifest says "
                    + "\(manifest.archive.size)", remedy: "fetch it again")
        }
        guard try bundle.archive.sha256() == manifest.archive.sha256 else {
            throw SigningError(
                .archiveMismatch, path, "its archive is not the one that was signed (SHA-256 differs)",
                remedy: "fetch it again")
        }
    }

    func unusableKey(_ leaf: Certificate, path: String) -> SigningError {
        SigningError(
            .keyUnusable, path, "the key of \(CertificateSummary(leaf)) is of a type that cannot sign packages",
            remedy: "use Ed25519, P-256, P-384 or RSA")
    }
}
