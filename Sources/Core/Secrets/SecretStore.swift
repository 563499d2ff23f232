internal import Basics
internal import Crypto
internal import Foundation
internal import Synchronization
package import YANG

/// Makes of the values of secret types what may be stored, and reads it back.
///
/// Stored forms (`confd_types(3)`): hashes as `$1$`, `$5$`, `$6$`; encrypted values as `$8$KEY$TEXT`
/// (aes-cfb-128-encrypted-string) and `$9$KEY$TEXT` (aes-256-cfb-128-encrypted-string), where KEY is the number of the key
/// and TEXT the base64 of nonce, AES-256-GCM ciphertext and tag. The nonce is random, so that equal secrets cannot be
/// told from their stored forms; `canonical` keeps the stored form when the plain text is what it was.
/// Input may be plain text, `$0$` and plain text, or a stored form.
package final class SecretStore: Sendable {
    private let path: String
    private let keys: Mutex<KeyFile>
    private let cryptHashAlgorithm: PasswordHash.Algorithm

    /// - Parameters:
    ///   - keyFile: `ncs.crypto_keys` of the run directory.
    ///   - mayCreate: whether a missing file is made. Not when there is a database already: its values need the old keys.
    ///   - cryptHashAlgorithm: what `crypt-hash` makes of plain text (`/ncs-config/crypt-hash/algorithm`).
    package init(
        keyFile path: String, mayCreate: Bool, cryptHashAlgorithm: PasswordHash.Algorithm = .sha512
    ) throws(SecretError) {
        self.path = path
        self.cryptHashAlgorithm = cryptHashAlgorithm
        if mayCreate, !DurableFiles.exists(path) {
            let file = KeyFile()
            try file.write(path)
            keys = Mutex(file)
        } else {
            keys = Mutex(try KeyFile(reading: path))
        }
    }

    // MARK: Values

    /// What is stored for `input`.
    ///
    /// - Parameter current: what is stored now; returned as it is when `input` is its plain text.
    package func canonical(_ input: String, kind: SecretKind, current: String? = nil) throws(SecretError) -> String {
        if input == current { return input }
        if let stored = try accepted(input, kind) { return stored }
        let plain = MaskedSecret(Self.plainText(input))
        if let current, matches(plain, current, kind: kind) { return current }
        return try seal(plain, kind: kind)
    }

    /// `input` in its stored form if it is one, nil if it is plain text.
    private func accepted(_ input: String, _ kind: SecretKind) throws(SecretError) -> String? {
        if input.hasPrefix("$0$") { return nil }
        if let algorithms = Self.algorithms(kind) {
            guard Self.hasPrefix(input, ["$1$", "$5$", "$6$"]) else { return nil }
            guard let algorithm = PasswordHash.algorithm(of: input), algorithms.contains(algorithm) else {
                let wanted = algorithms.map { $0.prefix + "SALT$HASH" }.joined(separator: " or ")
                throw SecretError(
                    .badForm, "this is no hash of type \(kind.rawValue); give \(wanted), or $0$ and plain text")
            }
            return input
        }
        guard Self.hasPrefix(input, ["$8$", "$9$"]) else { return nil }
        let plain = try open(input)
        return input.hasPrefix(Self.prefix(kind)) ? input : try seal(plain, kind: kind)
    }

    private static func hasPrefix(_ text: String, _ prefixes: [String]) -> Bool {
        prefixes.contains { text.hasPrefix($0) }
    }

    private static func plainText(_ input: String) -> String {
        input.hasPrefix("$0$") ? String(input.dropFirst(3)) : input
    }

    /// Hashes or encrypts, with a fresh salt or nonce.
    package func seal(_ plain: MaskedSecret, kind: SecretKind) throws(SecretError) -> String {
        if let algorithms = Self.algorithms(kind) {
            var generator = SystemRandomNumberGenerator()
            let algorithm = kind == .cryptHash ? cryptHashAlgorithm : algorithms[0]
            return try PasswordHash.hash(plain, algorithm, using: &generator)
        }
        let (number, key) = keys.withLock { ($0.active, $0.keys[$0.active]) }
        let prefix = Self.prefix(kind)
        let box = plain.withBytes { bytes in
            key.flatMap { try? AES.GCM.seal(bytes, using: $0, authenticating: Self.context(prefix, number)) }
        }
        guard let text = box?.combined?.base64EncodedString() else {
            throw SecretError(.cannotHash, "this value cannot be encrypted; check the key file \(path)")
        }
        return "\(prefix)\(number)$\(text)"
    }

    /// The plain text of an encrypted value.
    package func open(_ stored: String) throws(SecretError) -> MaskedSecret {
        guard let parts = Parts(stored) else {
            throw SecretError(
                .badForm,
                "this value was not encrypted by this program (another system's key is needed); give $0$ and plain text"
            )
        }
        guard let key = keys.withLock({ $0.keys[parts.key] }) else {
            throw SecretError(
                .unknownKey,
                "this value was encrypted with key \(parts.key), which is not in \(path); "
                    + "restore the key file that belongs to the data, or give $0$ and plain text")
        }
        guard let box = try? AES.GCM.SealedBox(combined: parts.sealed),
            let plain = try? AES.GCM.open(box, using: key, authenticating: Self.context(parts.prefix, parts.key))
        else {
            throw SecretError(
                .damagedValue, "this encrypted value is damaged or belongs to another system; give $0$ and plain text")
        }
        return MaskedSecret(bytes: Array(plain))
    }

    /// Whether `stored` is what would be stored for `plain`.
    package func matches(_ plain: MaskedSecret, _ stored: String, kind: SecretKind) -> Bool {
        if Self.algorithms(kind) != nil { return PasswordHash.matches(plain, stored) }
        guard let held = try? open(stored) else { return false }
        return held.isEqual(to: plain)
    }

    // MARK: Keys

    /// Adds a key, durably, with which everything is encrypted from now on; older values stay readable.
    package func rotate() throws(SecretError) {
        var next = keys.withLock { $0 }
        next.rotate()
        try next.write(path)
        keys.withLock { [next] in $0 = next }
    }

    /// The same secret encrypted with the active key; nil if it is, or if the value is a hash.
    package func resealed(_ stored: String, kind: SecretKind) throws(SecretError) -> String? {
        guard let parts = Parts(stored), parts.key != keys.withLock({ $0.active }) else { return nil }
        return try seal(try open(stored), kind: kind)
    }

    // MARK: Forms

    /// An encrypted value, taken apart.
    private struct Parts {
        var prefix: String
        var key: Int
        var sealed: Data

        init?(_ stored: String) {
            let parts = stored.split(separator: "$", omittingEmptySubsequences: false)
            guard parts.count == 4, parts[0].isEmpty, parts[1] == "8" || parts[1] == "9", let key = Int(parts[2]),
                let sealed = Data(base64Encoded: String(parts[3]))
            else { return nil }
            prefix = "$\(parts[1])$"
            self.key = key
            self.sealed = sealed
        }
    }

    private static func prefix(_ kind: SecretKind) -> String { kind == .aesCFB128 ? "$8$" : "$9$" }

    /// What is authenticated with a value: it cannot be taken for one of another kind or key.
    private static func context(_ prefix: String, _ key: Int) -> Data { Data("OpenNED secret \(prefix)\(key)".utf8) }

    /// The hashes that a type accepts, the one it makes first; nil for encrypted types.
    private static func algorithms(_ kind: SecretKind) -> [PasswordHash.Algorithm]? {
        switch kind {
        case .aesCFB128, .aes256CFB128: nil
        case .md5Digest: [.md5]
        case .sha256Digest: [.sha256]
        case .sha512Digest: [.sha512]
        case .cryptHash: [.sha512, .sha256, .md5]
        }
    }
}
