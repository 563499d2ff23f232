package import Foundation
import SwiftASN1
import X509

/// A certificate as a person or a record wants it. A signer is known by issuer and subject, not by its key.
package struct CertificateSummary: Hashable, Sendable, CustomStringConvertible {
    /// RFC 4514 text, the most specific part first: `CN=Example signer,O=Example`.
    package let subject: String
    package let issuer: String
    /// Hexadecimal, two digits a byte.
    package let serialNumber: String
    package let notBefore: Date
    package let notAfter: Date
    /// `P256`, `RSA2048`, `Ed25519`.
    package let key: String
    /// SHA-256 of the DER form.
    package let fingerprint: String

    init(_ certificate: Certificate) {
        subject = "\(certificate.subject)"
        issuer = "\(certificate.issuer)"
        serialNumber = certificate.serialNumber.bytes.hexadecimal
        notBefore = certificate.notValidBefore
        notAfter = certificate.notValidAfter
        key = String("\(certificate.publicKey)".prefix { $0 != "." })
        fingerprint = ((try? certificate.derBytes) ?? []).sha256
    }

    package var description: String { subject }
}

extension Certificate {
    /// The DER form.
    var derBytes: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(self)
            return serializer.serializedBytes
        }
    }
}
