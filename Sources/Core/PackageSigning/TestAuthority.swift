import Basics
import Crypto
package import Foundation
import SwiftASN1
import X509
import _CryptoExtras

/// A certification authority for trying things out: a root, an intermediate and a signer of packages.
///
/// The keys are not encrypted and the intermediate's is thrown away. It is no authority for production.
package struct TestAuthority: Sendable {
    package enum KeyType: String, CaseIterable, Sendable {
        case ed25519, p256, p384, rsa
    }

    package let directory: String
    package var root: String { directory + "/root.pem" }
    package var rootKey: String { directory + "/root.key" }
    package var signerKey: String { directory + "/signer.key" }
    package var chain: String { directory + "/chain.pem" }

    package init(directory: String) { self.directory = directory }

    /// Writes `root.pem`, `root.key`, `signer.key` (both 0600) and `chain.pem`. Overwrites nothing.
    ///
    /// The certificates are valid from an hour before `now`: the root for ten years, the others for three.
    @discardableResult
    package static func make(
        directory: String, algorithm: KeyType = .p256, now: Date, name: String = "Test"
    ) throws -> TestAuthority {
        let authority = TestAuthority(directory: directory)
        for path in [authority.root, authority.rootKey, authority.signerKey, authority.chain]
        where DurableFiles.exists(path) {
            throw SigningError(
                .fileUnusable, path, "exists already", remedy: "give another directory, or remove the old authority")
        }
        let root = try Issuer(key: newKey(algorithm), name: "\(name) root")
        let middle = try Issuer(key: newKey(algorithm), name: "\(name) intermediate")
        let signer = try Issuer(key: newKey(algorithm), name: "\(name) signer")
        let rootCertificate = try root.issue(to: root, .authority(pathLength: 1), years: 10, now: now)
        let middleCertificate = try root.issue(to: middle, .authority(pathLength: 0), years: 3, now: now)
        let leaf = try middle.issue(to: signer, .signer, years: 3, now: now)
        try DurableFiles.makeDirectory(directory)
        try write(authority.rootKey, root.key.serializeAsPEM().pemString, mode: 0o600)
        try write(authority.signerKey, signer.key.serializeAsPEM().pemString, mode: 0o600)
        try write(authority.root, rootCertificate.serializeAsPEM().pemString)
        let chain = try [leaf, middleCertificate].map { try $0.serializeAsPEM().pemString }
        try write(authority.chain, chain.joined(separator: "\n"))
        try DurableFiles.syncDirectory(directory)
        return authority
    }

    private static func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        try DurableFiles.write(path, Array((text + "\n").utf8), mode: mode)
    }

    private static func newKey(_ type: KeyType) throws -> Certificate.PrivateKey {
        switch type {
        case .ed25519: Certificate.PrivateKey(Curve25519.Signing.PrivateKey())
        case .p256: Certificate.PrivateKey(P256.Signing.PrivateKey())
        case .p384: Certificate.PrivateKey(P384.Signing.PrivateKey())
        case .rsa: Certificate.PrivateKey(try _RSA.Signing.PrivateKey(keySize: .bits2048))
        }
    }
}

private struct Issuer {
    enum Role {
        case authority(pathLength: Int)
        case signer
    }

    let key: Certificate.PrivateKey
    let name: DistinguishedName

    init(key: Certificate.PrivateKey, name: String) throws {
        self.key = key
        self.name = try DistinguishedName {
            OrganizationName("OpenNED test authority")
            CommonName(name)
        }
    }

    func issue(to subject: Issuer, _ role: Role, years: Double, now: Date) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: subject.key.publicKey,
            notValidBefore: now.addingTimeInterval(-3600),
            notValidAfter: now.addingTimeInterval(years * 365 * 86_400),
            issuer: name, subject: subject.name, extensions: extensions(role, subject: subject),
            issuerPrivateKey: key)
    }

    private func extensions(_ role: Role, subject: Issuer) throws -> Certificate.Extensions {
        let subjectKey = SubjectKeyIdentifier(hash: subject.key.publicKey)
        let issuerKey = AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier)
        switch role {
        case .authority(let pathLength):
            return try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: pathLength))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                subjectKey
                issuerKey
            }
        case .signer:
            return try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.codeSigning])
                subjectKey
                issuerKey
            }
        }
    }
}
