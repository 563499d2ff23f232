import Crypto
import X509
import _CryptoExtras

/// How a bundle is signed. The leaf certificate's key decides it: a key type has one algorithm, nothing is negotiated.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    case ed25519
    case p256 = "ecdsa-p256-sha256"
    case p384 = "ecdsa-p384-sha384"
    case rsa = "rsa-pkcs1-sha512"

    /// Nil for a key that cannot sign bundles.
    init?(key: Certificate.PublicKey) {
        if Curve25519.Signing.PublicKey(key) != nil {
            self = .ed25519
        } else if P256.Signing.PublicKey(key) != nil {
            self = .p256
        } else if P384.Signing.PublicKey(key) != nil {
            self = .p384
        } else if _RSA.Signing.PublicKey(key) != nil {
            self = .rsa
        } else {
            return nil
        }
    }

    var x509: Certificate.SignatureAlgorithm {
        switch self {
        case .ed25519: .ed25519
        case .p256: .ecdsaWithSHA256
        case .p384: .ecdsaWithSHA384
        case .rsa: .sha512WithRSAEncryption
        }
    }

    /// The openssl command that checks a signature of this kind on the files that `BundleInspector.extract` writes.
    package var opensslCommand: String {
        switch self {
        case .ed25519:
            "openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in signed-bytes -sigfile signature"
        case .p256: "openssl dgst -sha256 -verify public-key.pem -signature signature signed-bytes"
        case .p384: "openssl dgst -sha384 -verify public-key.pem -signature signature signed-bytes"
        case .rsa: "openssl dgst -sha512 -verify public-key.pem -signature signature signed-bytes"
        }
    }
}
