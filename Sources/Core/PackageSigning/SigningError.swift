/// Why a bundle, key, certificate or trust store was refused. The sentence names the file and says what to do.
package struct SigningError: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// A file cannot be opened, read or written.
        case fileUnusable
        /// Not a bundle at all: it does not begin with a stub that we know.
        case notABundle
        /// It begins as a bundle and then breaks the format, or ends too early.
        case malformed
        /// A member is larger than a reader accepts.
        case limitExceeded
        /// A certificate cannot be read, or is of a kind that is not accepted.
        case certificateUnusable
        /// The chain does not lead to a trust anchor, or not in order, or holds a certificate that is not used.
        case untrusted
        case certificateExpired
        case certificateNotYetValid
        /// A certificate was not issued for signing code, or for issuing.
        case wrongUsage
        /// A key or digest that is too weak.
        case weakKey
        /// The signature does not belong to these bytes and this certificate.
        case signatureInvalid
        /// The manifest is signed and yet not one that may be acted on.
        case manifestInvalid
        /// The archive is not the one that the manifest describes.
        case archiveMismatch
        /// A signing key cannot be used, or does not belong to the certificate.
        case keyUnusable
        /// The directory of trust anchors is missing or empty, or a file in it cannot be read.
        case anchorsUnusable
        /// The authority has taken a certificate back.
        case certificateRevoked
        /// A revocation list in the directory of trust anchors cannot be read, or is of a kind that is not accepted.
        case revocationListUnusable
        /// A revocation list is past the time until which its authority stands by it.
        case revocationListExpired
        /// The anchor may not answer for packages of this name.
        case nameNotAllowed
    }

    package var code: Code
    /// What is wrong, with the name of the file, and what to do about it.
    package var sentence: String
    /// The file that it is about.
    package var path: String

    package init(_ code: Code, _ path: String, _ what: String, remedy: String = "") {
        self.code = code
        self.path = path
        sentence = "\(path): \(what)" + (remedy.isEmpty ? "" : "; \(remedy)")
    }

    package var description: String { sentence }
}
