/// Why a secret could not be stored, read or compared. Never contains the secret.
package struct SecretError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case keyFileMissing
        case keyFileDamaged
        case keyFileRights
        case keyFileUnwritable
        /// The external command gave no keys.
        case externalKeys
        /// The value was encrypted with a key that is not in the key file.
        case unknownKey
        /// The value was changed after it was encrypted, or encrypted with another key of the same number.
        case damagedValue
        /// The value is neither plain text nor of the form that its type requires.
        case badForm
        case cannotHash
    }

    package var code: Code
    /// One sentence and the remedy.
    package var description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
