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

    package var path: String { archive.file.path }
    package var signer: CertificateSummary { certificates[0] }
    package var package: String { manifest.package }
    package var version: Version { manifest.version }

    init(
        manifest: BundleManifest, archive: FileRegion, certificates: [CertificateSummary], judgedAt: Date,
        manifestSHA256: String
    ) {
        self.manifest = manifest
        self.archive = archive
        self.certificates = certificates
        self.judgedAt = judgedAt
        self.manifestSHA256 = manifestSHA256
    }
}
