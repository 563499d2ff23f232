internal import CSSH
internal import Foundation

/// A public key as SSH shows it: of a host, or of a user.
package struct SSHPublicKey: Hashable, Sendable, CustomStringConvertible {
    /// The key format of RFC 4253 section 6.6: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`.
    package let algorithm: String
    /// The key blob in base64, as in an `authorized_keys` line.
    package let base64: String

    /// Takes a key as stored; the text is not checked.
    package init(algorithm: String, base64: String) {
        self.algorithm = algorithm
        self.base64 = base64
    }

    /// Takes `ALGORITHM BASE64 [COMMENT]`; nil if it is not of that form or the blob does not name the algorithm.
    package init?(line: some StringProtocol) {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" })
        guard words.count >= 2, let blob = Data(base64Encoded: String(words[1])), blob.count > 4 else { return nil }
        let length = blob.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let name = blob.dropFirst(4).prefix(length)
        guard name.count == length, name.elementsEqual(words[0].utf8) else { return nil }
        self.init(algorithm: String(words[0]), base64: String(words[1]))
    }

    init?(_ key: ssh_key?) {
        guard let key else { return nil }
        var text: UnsafeMutablePointer<CChar>?
        guard ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text else { return nil }
        defer { ssh_string_free_char(text) }
        base64 = String(cString: text)
        let type = ssh_key_type(key)
        let isECDSA = [SSH_KEYTYPE_ECDSA_P256, SSH_KEYTYPE_ECDSA_P384, SSH_KEYTYPE_ECDSA_P521].contains(type)
        guard let name = isECDSA ? ssh_pki_key_ecdsa_name(key) : ssh_key_type_to_char(type) else { return nil }
        algorithm = String(cString: name)
    }

    /// `SHA256:...` without padding, as `ssh-keygen -l` prints; nil if the text is not a key.
    package var fingerprint: String? {
        guard let blob = Data(base64Encoded: base64), !blob.isEmpty else { return nil }
        var key: ssh_key?
        let type = ssh_key_type_from_name(algorithm)
        guard ssh_pki_import_pubkey_base64(base64, type, &key) == SSH_OK else { return nil }
        defer { ssh_key_free(key) }
        var hash: UnsafeMutablePointer<UInt8>?
        var length = 0
        guard ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == 0 else { return nil }
        defer { ssh_clean_pubkey_hash(&hash) }
        guard let text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length) else { return nil }
        defer { ssh_string_free_char(text) }
        return String(cString: text)
    }

    /// `ALGORITHM BASE64`, a line of `authorized_keys`.
    package var description: String { "\(algorithm) \(base64)" }
}
