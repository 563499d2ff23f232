package import Basics
package import Foundation
package import PackageSigning

/// Who signs which package, and the highest version of it that was ever let in: what the next one is held against.
///
/// The first signer of a package is pinned, by issuer and subject, so that certificates may be renewed. Nothing takes an
/// entry out: a deinstalled package keeps its entry, and a restore of the run directory keeps the higher versions.
package struct SignerLedger: Sendable {
    /// What a person has agreed to, for once.
    package struct Permission: Sendable {
        package var signerChange = false
        package var olderVersion = false

        package init(signerChange: Bool = false, olderVersion: Bool = false) {
            self.signerChange = signerChange
            self.olderVersion = olderVersion
        }
    }

    private struct Entry: Codable, Equatable {
        var subject: String
        var issuer: String
        var highestVersion: String
    }

    private struct Content: LedgerContent {
        var format = 1
        var packages: [String: Entry] = [:]
    }

    package static let fileName = "signers.json"

    private let file: LedgerFile<Content>

    /// - Parameter directory: where the file lies or will lie.
    package init(directory: String) {
        file = LedgerFile(
            directory + "/" + Self.fileName, subject: "which signers were accepted",
            consequence: "every signer is new, and any version may come")
    }

    // MARK: Judging

    /// Whether a bundle comes from who signed the package before, and takes nobody back to what was replaced.
    package func check(_ bundle: VerifiedBundle, _ permission: Permission = Permission()) throws {
        guard let entry = try file.content().packages[bundle.package] else { return }
        let signer = bundle.signer
        guard permission.signerChange || (entry.subject == signer.subject && entry.issuer == signer.issuer) else {
            throw PackageError(
                .signerChanged, bundle.path,
                "package \(bundle.package) was signed by '\(entry.subject)' (certificate of '\(entry.issuer)') up to now, "
                    + "and this one is by '\(signer.subject)' (certificate of '\(signer.issuer)')",
                remedy: "if that is meant, install it with allow-signer-change")
        }
        guard permission.olderVersion || bundle.version >= Version(entry.highestVersion) else {
            throw PackageError(
                .olderVersion, bundle.path,
                "this is version \(bundle.version) of package \(bundle.package), and version \(entry.highestVersion) was "
                    + "in use here", remedy: "if going back is meant, install it with allow-downgrade")
        }
    }

    /// A package as it was let in.
    package struct Accepted: Sendable {
        package var package: String
        package var version: Version
        package var signer: PackageSigner

        package init(package: String, version: Version, signer: PackageSigner) {
            self.package = package
            self.version = version
            self.signer = signer
        }
    }

    /// Keeps whose packages were let in, and the highest of their versions.
    package func note(_ accepted: [Accepted]) throws {
        try file.change { content in
            for one in accepted {
                var entry =
                    content.packages[one.package]
                    ?? Entry(subject: "", issuer: "", highestVersion: one.version.description)
                (entry.subject, entry.issuer) = (one.signer.subject, one.signer.issuer)
                if Version(entry.highestVersion) < one.version { entry.highestVersion = one.version.description }
                content.packages[one.package] = entry
            }
        }
    }

    /// Takes over the signers of another ledger, and the higher version of each package.
    package func keepStricter(of other: SignerLedger) throws {
        try file.change { content in
            for (name, theirs) in try other.file.content().packages {
                var entry = theirs
                if let ours = content.packages[name], Version(theirs.highestVersion) < Version(ours.highestVersion) {
                    entry.highestVersion = ours.highestVersion
                }
                content.packages[name] = entry
            }
        }
    }
}

/// Whoever signed a package that is in use.
package struct PackageSigner: Codable, Hashable, Sendable {
    package var subject: String
    package var issuer: String
    package var serialNumber: String
    /// SHA-256 of the certificate.
    package var fingerprint: String
    package var notAfter: Date
    /// For when the certificates were judged.
    package var judgedAt: Date
    /// The manifest that was signed.
    package var manifestSHA256: String

    package init(_ bundle: VerifiedBundle) {
        let signer = bundle.signer
        (subject, issuer, serialNumber) = (signer.subject, signer.issuer, signer.serialNumber)
        (fingerprint, notAfter) = (signer.fingerprint, signer.notAfter)
        judgedAt = bundle.judgedAt
        manifestSHA256 = bundle.manifestSHA256
    }
}
