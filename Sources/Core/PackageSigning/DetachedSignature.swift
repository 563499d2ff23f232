import Crypto
package import Foundation
import X509
import _CryptoExtras

/// The incumbent's layout: `X.tar.gz`, `X.tar.gz.signature` and the signer's certificate; RSA with SHA-512.
///
/// It carries neither a chain nor a manifest. The intermediate certificates are taken from the trust directory.
package struct DetachedSignature: Sendable {
    /// An archive whose signature was checked; made by `verify` only.
    package struct VerifiedArchive: Sendable {
        package let archive: FileRegion
        package let sha256: String
        /// Leaf first, the trust anchor last.
        package let certificates: [CertificateSummary]
        package let judgedAt: Date
    }

    package var archivePath: String
    package var signaturePath: String
    package var certificatePath: String

    /// `signature`: by default the archive's name with `.signature` behind it.
    package init(archive: String, signature: String? = nil, certificate: String) {
        archivePath = archive
        signaturePath = signature ?? archive + ".signature"
        certificatePath = certificate
    }

    /// `trust` holds the incumbent's anchors; `time` is when the certificates must be valid.
    package func verify(trust: TrustStore, at time: Date) throws -> VerifiedArchive {
        let presented = try CertificateReader.certificates(inFile: certificatePath)
        let chain = try trust.validate(presented, loose: true, path: certificatePath, at: time)
        guard let key = _RSA.Signing.PublicKey(chain[0].publicKey) else {
            throw SigningError(
                .keyUnusable, certificatePath, "is not a certificate of an RSA key",
                remedy: "this layout is signed with RSA and SHA-512; other keys sign in '*.signed.bin' files")
        }
        let signatureFile = try OpenFile(path: signaturePath)
        guard signatureFile.size <= BundleFormat.signatureLimit,
            let signature = try signatureFile.bytes(0..<signatureFile.size)
        else {
            throw SigningError(
                .malformed, signaturePath, "is not a signature: it is too long", remedy: "fetch it again")
        }
        let archive = try FileRegion(wholeFile: archivePath)
        var sha512 = SHA512()
        var sha256 = SHA256()
        try archive.forEachChunk {
            sha512.update(bufferPointer: $0)
            sha256.update(bufferPointer: $0)
        }
        let valid = key.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: signature), for: sha512.finalize(),
            padding: .insecurePKCS1v1_5)
        guard valid else {
            throw SigningError(
                .signatureInvalid, archivePath, "does not belong to the signature in \(signaturePath)",
                remedy: "fetch both again")
        }
        return VerifiedArchive(
            archive: archive, sha256: sha256.finalize().hexadecimal,
            certificates: chain.map(CertificateSummary.init), judgedAt: time)
    }
}
