package import Basics
package import Foundation

/// A bundle of which every byte was checked. Only `TrustStore.verify(_:at:)` makes one.
///
/// The file is held open. Who unpacks the archive compares each file with `manifest.files` as it is written, so that a
/// change of the file in place after the check has no effect.
package struct VerifiedBundle: Sendable {
    package let manifest: BundleManifest
    package let archive: FileRegion
    /// Leaf first, the trust anchor last.
    package let certificates: [CertificateSummary]
    /// The time for which the certificates were judged.
    package let judgedAt: Date
    /// Of the manifest as stored: one name for the content of the bundle.
    package let manifestSHA256: String
    /// Those that were asked for its certificates.
    let revocationLists: [RevocationList]

    package var path: String { archive.file.path }
    package var signer: CertificateSummary { certificates[0] }
    package var package: String { manifest.package }
    package var version: Version { manifest.version }

    init(
        manifest: BundleManifest, archive: FileRegion, certificates: [CertificateSummary], judgedAt: Date,
        manifestSHA256: String, revocationLists: [RevocationList]
    ) {
        self.manifest = manifest
        self.archive = archive
        self.certificates = certificates
        self.judgedAt = judgedAt
        self.manifestSHA256 = manifestSHA256
        self.revocationLists = revocationLists
    }

    /// The revocation lists for its certificates by which their authorities no longer stand.
    package func expiredRevocationLists(at time: Date) -> [SigningError] {
        revocationLists.compactMap { list in
            guard let end = list.nextUpdate, end < time else { return nil }
            return SigningError(
                .revocationListExpired, list.path, "was good until \(end.formatted(.iso8601))",
                remedy: "put a current revocation list of '\(list.issuer)' in its place")
        }
    }

    /// That nobody hides from us what was revoked since: for all that lets a package in.
    package func requireCurrentRevocationLists(at time: Date) throws {
        if let expired = expiredRevocationLists(at: time).first { throw expired }
    }
}
