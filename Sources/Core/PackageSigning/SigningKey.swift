import Basics
import SwiftASN1
import X509

/// A private key from a PEM file: PKCS#8, or the traditional EC and RSA forms. Not encrypted.
struct SigningKey: Sendable {
    let path: String
    let key: Certificate.PrivateKey
    let algorithm: SignatureAlgorithm

    init(path: String) throws(SigningError) {
        self.path = path
        let text: String
        do {
            text = String(decoding: try DurableFiles.read(path, limit: 1 << 20), as: UTF8.self)
        } catch {
            throw SigningError(.fileUnusable, path, "the key cannot be read: \(error)")
        }
        let documents = (try? PEMDocument.parseMultiple(pemString: text)) ?? []
        guard let document = documents.first(where: { $0.discriminator.hasSuffix("PRIVATE KEY") }) else {
            throw SigningError(.keyUnusable, path, "holds no private key", remedy: "give a PEM file with a private key")
        }
        if document.discriminator == "ENCRYPTED PRIVATE KEY" || text.contains("Proc-Type: 4,ENCRYPTED") {
            throw SigningError(
                .keyUnusable, path, "the key is encrypted", remedy: "decrypt it with 'openssl pkey -in FILE -out NEW'")
        }
        do {
            key = try Certificate.PrivateKey(pemDocument: document)
        } catch {
            throw SigningError(
                .keyUnusable, path, "the key cannot be used (\(error))",
                remedy: "use Ed25519, P-256, P-384 or RSA with at least 2048 bits")
        }
        guard let algorithm = SignatureAlgorithm(key: key.publicKey) else {
            throw SigningError(
                .keyUnusable, path, "a key of this type cannot sign packages",
                remedy: "use Ed25519, P-256, P-384 or RSA")
        }
        self.algorithm = algorithm
    }

    func sign(_ bytes: [UInt8]) throws(SigningError) -> [UInt8] {
        do {
            let signature = try key.sign(bytes: bytes, signatureAlgorithm: algorithm.x509).rawRepresentation
            return SignatureForm.canonical(signature, algorithm) ?? signature
        } catch {
            throw SigningError(.keyUnusable, path, "signing failed: \(error)")
        }
    }
}
