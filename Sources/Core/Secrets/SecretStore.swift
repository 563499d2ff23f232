internal import Basics
internal import Crypto
internal import Foundation
internal import Synchronization
package import YANG

/// Makes of the values of secret types what may be stored, and reads it back.
///
/// Stored forms (`confd_types(3)`): hashes as `$1$`, `$5$`, `$6$`; encrypted values as `$8$KEY$TEXT`
/// (aes-cfb-128-encrypted-string) and `$9$KEY$TEXT` (the others), where KEY names the key (`KeyIdentity`) and TEXT is the
/// base64 of nonce, AES-256-GCM ciphertext and tag. The nonce is random, so that equal secrets cannot be
/// told from their stored forms; `canonical` keeps the stored form when the plain text is what it was.
/// Input may be plain text, `$0$` and plain text, or a stored form.
package final class SecretStore: Sendable {
    private let path: String
    private let keys: Mutex<KeyRing>
    private let cryptHashAlgorithm: PasswordHash.Algorithm

    /// - Parameters:
    ///   - keyFile: `ncs.crypto_keys` of the run directory.
    ///   - mayCreate: whether a missing file is made. Not when there is a database already: its values need the old keys.
    ///   - source: other keys than those of the file.
    ///   - active: the keys that the database says are in use; nil if it is new.
    ///   - cryptHashAlgorithm: what `crypt-hash` makes of plain text (`/ncs-config/crypt-hash/algorithm`).
    package init(
        keyFile path: String, mayCreate: Bool, source: KeySource = .ownFile, active: KeyIdentity? = nil,
        cryptHashAlgorithm: PasswordHash.Algorithm = .sha512
    ) throws(SecretError) {
        self.path = path
        self.cryptHashAlgorithm = cryptHashAlgorithm
        let given = try source.generations()
        var file: KeyFile?
        if given.isEmpty || DurableFiles.exists(path) {
            if mayCreate, !DurableFiles.exists(path) {
                file = KeyFile()
                try file?.write(path)
            } else {
                file = try KeyFile(reading: path)
            }
        }
        let ring = KeyRing(file: file, given: given)
        // A database that says nothing has values under the key file's keys, if there is one.
        let chosen = active ?? (mayCreate || file == nil ? ring.highestGiven : nil) ?? .own(file?.active ?? 1)
        guard ring.has(chosen) else { throw Self.missing(chosen, path) }
        keys = Mutex(ring.activating(chosen))
    }

    private static func missing(_ key: KeyIdentity, _ path: String) -> SecretError {
        switch key {
        case .own(let number):
            SecretError(
                .unknownKey,
                "key \(number) is not in \(path), and stored values need it; restore the key file that belongs to them")
        case .given(let number):
            SecretError(
                .unknownKey,
                "key generation \(number) is given neither by ncs.conf nor by the external command, and stored values "
                    + "need it; give it again, and then apply the new keys with key-rotation apply-new-keys")
        }
    }

    // MARK: Values

    /// What is stored for `input`.
    ///
    /// - Parameter current: what is stored now; returned as it is when `input` is its plain text.
    package func canonical(_ input: String, kind: SecretKind, current: String? = nil) throws(SecretError) -> String {
        if input == current { return input }
        if let stored = try accepted(input, kind, current) { return stored }
        let plain = MaskedSecret(Self.plainText(input))
        if let current, matches(plain, current, kind: kind) { return current }
        return try seal(plain, kind: kind)
    }

    /// `input` in its stored form, under the keys in use, if it is one; nil if it is plain text.
    private func accepted(_ input: String, _ kind: SecretKind, _ current: String?) throws(SecretError) -> String? {
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
        guard let key = Self.key(of: input) else {
            if Self.hasPrefix(input, ["$8$", "$9$"]) { _ = try open(input) }
            return nil
        }
        let plain = try open(input)
        if let current, matches(plain, current, kind: kind) { return current }
        let isCurrent = input.hasPrefix(Self.prefix(kind)) && key == active
        return isCurrent ? input : try seal(plain, kind: kind)
    }

    private static func hasPrefix(_ text: String, _ prefixes: [String]) -> Bool {
        prefixes.contains { text.hasPrefix($0) }
    }

    private static func plainText(_ input: String) -> String {
        input.hasPrefix("$0$") ? String(input.dropFirst(3)) : input
    }

    /// Hashes or encrypts, with a fresh salt or nonce.
    package func seal(
        _ plain: MaskedSecret, kind: SecretKind, under wanted: KeyIdentity? = nil
    ) throws(SecretError) -> String {
        if let algorithms = Self.algorithms(kind) {
            var generator = SystemRandomNumberGenerator()
            let algorithm = kind == .cryptHash ? cryptHashAlgorithm : algorithms[0]
            return try PasswordHash.hash(plain, algorithm, using: &generator)
        }
        let prefix = Self.prefix(kind)
        let (number, key) = keys.withLock { ring in
            let number = wanted ?? ring.active
            return (number, ring.key(number, prefix: prefix))
        }
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
        guard let key = keys.withLock({ $0.key(parts.key, prefix: parts.prefix) }) else {
            throw SecretError(
                .unknownKey,
                "this value was encrypted with key \(parts.key), which is not to be had; "
                    + "restore the keys that belong to the data, or give $0$ and plain text")
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

    /// The keys with which everything is encrypted.
    package var active: KeyIdentity { keys.withLock { $0.active } }

    /// Sees to it that keys are there to change to, durably where they are ours; what is stored stays as it is.
    ///
    /// - Parameter generation: which; nil for the highest given, or where none are given for new ones.
    package func prepare(_ generation: Int?) throws(SecretError) -> KeyIdentity {
        var ring = keys.withLock { $0 }
        if let highest = ring.highestGiven {
            let wanted = generation.map { KeyIdentity.given($0) } ?? highest
            guard ring.has(wanted) else { throw Self.missing(wanted, path) }
            return wanted
        }
        let next = ring.nextOwn
        if let generation, ring.has(.own(generation)) { return .own(generation) }
        guard generation ?? next == next else {
            throw SecretError(.unknownKey, "there is no key generation \(generation ?? 0); the next one is \(next)")
        }
        // Left over from a change that did not come about: nothing is encrypted with it.
        if ring.has(.own(next - 1)), case .own(let number) = ring.active, number < next - 1, generation == nil {
            return .own(next - 1)
        }
        let key = try ring.addOwn(writing: path)
        keys.withLock { [ring] in $0 = ring }
        return key
    }

    /// Encrypts with these keys from now on.
    package func activate(_ key: KeyIdentity) throws(SecretError) {
        var ring = keys.withLock { $0.activating(key) }
        try ring.note(key, writing: path)
        keys.withLock { [ring] in $0 = ring }
    }

    /// Takes the keys from outside anew, as they are given now. Refused if those in use are not among them.
    package func reload(_ source: KeySource) throws(SecretError) {
        let given = try source.generations()
        try keys.withLock { ring throws(SecretError) in
            let next = ring.with(given: given)
            guard next.has(ring.active) else { throw Self.missing(ring.active, path) }
            ring = next
        }
    }

    /// The same secret encrypted with the keys in use, or with others; nil if it is, or if the value is a hash.
    package func resealed(
        _ stored: String, kind: SecretKind, under wanted: KeyIdentity? = nil
    ) throws(SecretError) -> String? {
        let wanted = wanted ?? active
        guard let key = Self.key(of: stored), key != wanted else { return nil }
        return try seal(try open(stored), kind: kind, under: wanted)
    }

    /// A text with each stored form in it encrypted with the keys in use; nil if there is nothing to do. What cannot be
    /// opened stays.
    package func resealed(text: String) -> String? {
        var isChanged = false
        let words = text.split(omittingEmptySubsequences: false, whereSeparator: { !Self.isFormCharacter($0) })
        var result = ""
        var end = text.startIndex
        for word in words where word.hasPrefix("$8$") || word.hasPrefix("$9$") {
            let kind = word.hasPrefix("$8$") ? SecretKind.aesCFB128 : .aes256CFB128
            guard let new = try? resealed(String(word), kind: kind) else { continue }
            result += text[end..<word.startIndex] + new
            end = word.endIndex
            isChanged = true
        }
        return isChanged ? result + text[end...] : nil
    }

    private static func isFormCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "$+/=-".contains(character))
    }

    // MARK: Forms

    /// An encrypted value, taken apart.
    private struct Parts {
        var prefix: String
        var key: KeyIdentity
        var sealed: Data

        init?(_ stored: String) {
            let parts = stored.split(separator: "$", omittingEmptySubsequences: false)
            guard parts.count == 4, parts[0].isEmpty, parts[1] == "8" || parts[1] == "9",
                let key = KeyIdentity(parts[2]),
                let sealed = Data(base64Encoded: String(parts[3]))
            else { return nil }
            prefix = "$\(parts[1])$"
            self.key = key
            self.sealed = sealed
        }
    }

    /// What encrypted values begin with.
    package static let prefixes = ["$8$", "$9$"]

    /// The keys of an encrypted value; nil for any other text.
    package static func key(of stored: String) -> KeyIdentity? {
        prefixes.contains(where: stored.hasPrefix) ? Parts(stored)?.key : nil
    }

    private static func prefix(_ kind: SecretKind) -> String { kind == .aesCFB128 ? "$8$" : "$9$" }

    /// What is authenticated with a value: it cannot be taken for one of another kind or key.
    private static func context(_ prefix: String, _ key: KeyIdentity) -> Data {
        Data("OpenNED secret \(prefix)\(key)".utf8)
    }

    /// The hashes that a type accepts, the one it makes first; nil for encrypted types.
    private static func algorithms(_ kind: SecretKind) -> [PasswordHash.Algorithm]? {
        switch kind {
        case .aesCFB128, .aes256CFB128, .des3CBC: nil
        case .md5Digest: [.md5]
        case .sha256Digest: [.sha256]
        case .sha512Digest: [.sha512]
        case .cryptHash: [.sha512, .sha256, .md5]
        }
    }
}
