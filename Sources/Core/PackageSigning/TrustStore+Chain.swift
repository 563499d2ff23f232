import Foundation
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509
import _CryptoExtras

extension TrustStore {
    /// The chain with its anchor at the end, leaf first, if it is one to trust for signing code.
    ///
    /// Every certificate of `chain` must be needed, and in order: it is a bundle's, and all of it is taken as checked.
    /// With `loose`, as for signatures that come without a chain, the path may take what it needs from the certificates
    /// beside the anchors, and a leaf without any extended key usage will do.
    func validate(
        _ chain: [Certificate], loose: Bool, path: String, at time: Date
    ) throws(SigningError) -> [Certificate] {
        guard !anchors.isEmpty else {
            throw SigningError(
                .anchorsUnusable, directory, "holds no trust anchor, so nothing can be trusted",
                remedy: "put the root certificate of the signer there, as PEM")
        }
        guard let leaf = chain.first else {
            throw SigningError(.certificateUnusable, path, "has no certificate", remedy: "sign the package again")
        }
        for certificate in chain { try checkDates(certificate, path: path, at: time) }
        try checkLeaf(leaf, loose: loose, path: path)
        for certificate in chain.dropFirst() { try checkIssuer(certificate, path: path) }
        let others = Array(chain.dropFirst()) + (loose ? intermediates : [])
        let found = try search(leaf: leaf, intermediates: others, path: path, at: time)
        for certificate in found { try checkStrength(certificate, path: path) }
        for certificate in found.dropFirst() { try checkIssuer(certificate, path: path) }
        try checkRevocation(found, path: path)
        guard loose || found.dropLast() == chain[...] else {
            throw SigningError(
                .untrusted, path, "its chain holds certificates that are not needed, or not in order",
                remedy: "sign with a chain of leaf, then its issuer, and so on, without the root")
        }
        return found
    }

    private func search(
        leaf: Certificate, intermediates: [Certificate], path: String, at time: Date
    ) throws(SigningError) -> [Certificate] {
        let roots = CertificateStore(anchors)
        let others = CertificateStore(intermediates)
        let result = CallerThreadExecutor.run {
            var verifier = Verifier(rootCertificates: roots) {
                RFC5280Policy(fixedExpiryValidationTime: time)
                CodeSigningPolicy()
            }
            return await verifier.validate(leaf: leaf, intermediates: others)
        }
        switch result {
        case .validCertificate(let chain):
            return Array(chain)
        case .couldNotValidate:
            let chain = [leaf] + intermediates
            let named = anchors.filter { $0.subject == chain[chain.count - 1].issuer }
            if let anchor = named.first { try checkDates(anchor, path: path, at: time) }
            let (reason, remedy) = Self.obstacle(chain, named)
            throw SigningError(
                .untrusted, path,
                "the certificate of \(CertificateSummary(leaf)) does not lead to a trust anchor in \(directory): "
                    + reason, remedy: remedy)
        }
    }

    /// Why no way leads to an anchor, for people: what the verifier says of it is its own affair.
    ///
    /// - Parameter named: the anchors that have the name of the last issuer.
    private static func obstacle(_ chain: [Certificate], _ named: [Certificate]) -> (reason: String, remedy: String) {
        for certificate in chain {
            guard let unknown = certificate.extensions.first(where: { $0.critical && !understood.contains($0.oid) })
            else { continue }
            let what = "has the critical extension \(unknown.oid), which is not known here"
            return ("\(CertificateSummary(certificate)) \(what)", "get the package signed with another certificate")
        }
        for (below, certificate) in (chain + named.prefix(1)).dropFirst().enumerated() {
            guard case .isCertificateAuthority(let limit?) = try? certificate.extensions.basicConstraints,
                below > limit
            else { continue }
            return (
                "\(CertificateSummary(certificate)) may have \(limit) authorities below it, and has \(below)",
                "get the package signed with another certificate"
            )
        }
        let last = chain[chain.count - 1].issuer
        guard named.isEmpty else {
            return (
                "its chain does not end at the anchor '\(last)' there, only at another one of the same name",
                "put the other root certificate there if you trust it"
            )
        }
        return (
            "'\(last)', which issued it, is not there",
            "put the root certificate there if you trust it; if that is not a root, get the package signed with the "
                + "whole chain"
        )
    }

    private static let understood: Set<ASN1ObjectIdentifier> = [
        .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
        .X509ExtensionID.nameConstraints, .X509ExtensionID.subjectAlternativeName,
    ]

    /// Each certificate against the lists of its issuer, the next in the row.
    private func checkRevocation(_ chain: [Certificate], path: String) throws(SigningError) {
        for (certificate, issuer) in zip(chain, chain.dropFirst()) {
            let named = revocationLists.filter { $0.issuer == issuer.subject }
            let lists = named.filter { $0.isSigned(by: issuer) }
            if let forged = named.first, lists.isEmpty {
                throw SigningError(
                    .revocationListUnusable, forged.path,
                    "was not signed by '\(issuer.subject)', which it names as its issuer",
                    remedy: "get it from the authority again, or remove it")
            }
            guard let since = lists.compactMap({ $0.revocation(of: certificate) }).min() else { continue }
            throw SigningError(
                .certificateRevoked, path,
                "the certificate \(CertificateSummary(certificate)) was revoked at \(since.formatted(.iso8601))",
                remedy: "get the package signed with another certificate")
        }
    }

    /// Those that were asked for a chain.
    func lists(for chain: [Certificate]) -> [RevocationList] {
        zip(chain, chain.dropFirst()).flatMap { _, issuer in
            revocationLists.filter { $0.issuer == issuer.subject && $0.isSigned(by: issuer) }
        }
    }

    private func checkDates(_ certificate: Certificate, path: String, at time: Date) throws(SigningError) {
        let summary = CertificateSummary(certificate)
        if time > certificate.notValidAfter {
            throw SigningError(
                .certificateExpired, path,
                "the certificate \(summary) expired at \(certificate.notValidAfter.formatted(.iso8601))",
                remedy: "get the package signed with a valid certificate")
        }
        if time < certificate.notValidBefore {
            throw SigningError(
                .certificateNotYetValid, path,
                "the certificate \(summary) is valid from \(certificate.notValidBefore.formatted(.iso8601)) on",
                remedy: "check the clock of this machine")
        }
    }

    private func checkLeaf(_ leaf: Certificate, loose: Bool, path: String) throws(SigningError) {
        func refuse(_ what: String) -> SigningError {
            SigningError(
                .wrongUsage, path, "the certificate \(CertificateSummary(leaf)) \(what)",
                remedy: "sign with a certificate issued for code signing (extended key usage codeSigning)")
        }
        let usage = try? leaf.extensions.extendedKeyUsage
        guard usage.map({ $0.contains(.codeSigning) }) ?? (loose && !leaf.hasExtendedKeyUsage) else {
            throw refuse("is not for code signing")
        }
        if let usage = try? leaf.extensions.keyUsage, !usage.digitalSignature { throw refuse("may not sign") }
        if leaf.isAuthority { throw refuse("is that of an authority, which signs certificates only") }
    }

    private func checkIssuer(_ certificate: Certificate, path: String) throws(SigningError) {
        func refuse(_ what: String) -> SigningError {
            SigningError(
                .wrongUsage, path, "the certificate \(CertificateSummary(certificate)) \(what)",
                remedy: "sign with a chain that was issued for code signing")
        }
        guard certificate.isAuthority else { throw refuse("is not that of an authority and may not issue") }
        if let usage = try? certificate.extensions.keyUsage, !usage.keyCertSign { throw refuse("may not issue") }
        guard certificate.hasExtendedKeyUsage else { return }
        guard let usage = try? certificate.extensions.extendedKeyUsage,
            usage.contains(.codeSigning) || usage.contains(.any)
        else { throw refuse("may not issue certificates for code signing") }
    }

    private func checkStrength(_ certificate: Certificate, path: String) throws(SigningError) {
        let summary = CertificateSummary(certificate)
        if let key = _RSA.Signing.PublicKey(certificate.publicKey), key.keySizeInBits < 2048 {
            throw SigningError(
                .weakKey, path, "the RSA key of \(summary) has \(key.keySizeInBits) bits",
                remedy: "use at least 2048 bits")
        }
        guard !certificate.isRoot, !Self.accepted.contains(certificate.signatureAlgorithm) else { return }
        throw SigningError(
            .weakKey, path, "the certificate \(summary) is signed with \(Self.name(certificate.signatureAlgorithm))",
            remedy: "use SHA-256 or better")
    }

    private static func name(_ algorithm: Certificate.SignatureAlgorithm) -> String {
        switch algorithm {
        case .sha1WithRSAEncryption: "SHA-1"
        default: "\(algorithm)".replacing("SignatureAlgorithm.", with: "")
        }
    }

    /// SHA-1 and MD5 are not among them. A root's own signature proves nothing and is not judged.
    private static let accepted: Set<Certificate.SignatureAlgorithm> = [
        .ecdsaWithSHA256, .ecdsaWithSHA384, .ecdsaWithSHA512, .sha256WithRSAEncryption, .sha384WithRSAEncryption,
        .sha512WithRSAEncryption, .ed25519,
    ]
}

/// Tells the verifier that we judge the extended key usage, which may be critical; `checkLeaf` and `checkIssuer` do.
private struct CodeSigningPolicy: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [.X509ExtensionID.extendedKeyUsage]

    mutating func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        .meetsPolicy
    }
}

extension Certificate {
    var isAuthority: Bool {
        if case .isCertificateAuthority = try? extensions.basicConstraints { return true }
        return false
    }

    /// Whether there is such an extension, readable or not.
    var hasExtendedKeyUsage: Bool { extensions[oid: .X509ExtensionID.extendedKeyUsage] != nil }

    /// Of an authority that names itself as issuer.
    var isRoot: Bool { subject == issuer && isAuthority }
}
