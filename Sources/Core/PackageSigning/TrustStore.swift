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
    let revocationLists: [RevocationList]
    /// For which packages an anchor may answer, by its fingerprint; for all if it is not here.
    let nameLimits: [String: PackageNamePatterns]

    package var anchorSummaries: [CertificateSummary] { anchors.map(CertificateSummary.init) }

    /// Reads the files `*.pem`, `*.crt`, `*.cer` and `*.der` of a directory, the revocation lists `*.crl`, and for an
    /// anchor `NAME.pem` the `NAME.packages` beside it; others are ignored.
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
        var limits: [String: PackageNamePatterns] = [:]
        for name in names where Self.suffixes.contains((name as NSString).pathExtension.lowercased()) {
            let certificates = try CertificateReader.certificates(inFile: directory + "/" + name)
            let stem = (name as NSString).deletingPathExtension
            let patterns = try PackageNamePatterns(ifThereIs: "\(directory)/\(stem).\(PackageNamePatterns.suffix)")
            for certificate in certificates where certificate.isRoot {
                anchors.append(certificate)
                if let patterns { limits[CertificateSummary(certificate).fingerprint, default: .init()].add(patterns) }
            }
            intermediates += certificates.filter { !$0.isRoot }
        }
        self.anchors = anchors
        self.intermediates = intermediates
        nameLimits = limits
        var lists: [RevocationList] = []
        for name in names where (name as NSString).pathExtension.lowercased() == RevocationList.suffix {
            lists.append(try RevocationList(file: directory + "/" + name))
        }
        revocationLists = lists
    }

    private static let suffixes: Set<String> = ["pem", "crt", "cer", "der"]

    /// Checks every byte of a bundle, `time` being when its certificates must be valid. What its authority has revoked is
    /// refused whatever the time: a signature does not prove when it was made.
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
        try checkName(manifest.package, anchor: trusted[trusted.count - 1], path: path)
        try checkArchive(of: bundle, against: manifest)
        return VerifiedBundle(
            manifest: manifest, archive: bundle.archive, certificates: trusted.map(CertificateSummary.init),
            judgedAt: time, manifestSHA256: bundle.manifest.sha256, revocationLists: lists(for: trusted))
    }

    private func checkName(_ package: String, anchor: Certificate, path: String) throws(SigningError) {
        let summary = CertificateSummary(anchor)
        guard let patterns = nameLimits[summary.fingerprint], !patterns.matches(package) else { return }
        throw SigningError(
            .nameNotAllowed, path,
            "the trust anchor '\(summary)' may answer for packages named \(patterns) only, not for '\(package)'",
            remedy: "get it from who may sign such packages, or widen the .packages file in \(directory)")
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
