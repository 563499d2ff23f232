internal import Basics
internal import CSSH
internal import Foundation
internal import Synchronization

/// A private key: of a host that we are, or of a user that we log in as. Prints only its public half.
package final class SSHPrivateKey: Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        case ed25519, ecdsaP256, rsa3072
    }

    /// Nothing changes the key after its making; duplicating it is serialised because libssh does not promise more.
    private struct Handle: @unchecked Sendable {
        let key: ssh_key
    }

    private let handle: Mutex<Handle>
    package let publicKey: SSHPublicKey

    private init(taking key: ssh_key, from place: String) throws(WireError) {
        guard ssh_key_is_private(key) != 0, let publicKey = SSHPublicKey(key) else {
            ssh_key_free(key)
            throw WireError(
                .invalidArgument, peer: place, "no private key", remedy: "give an OpenSSH or PEM private key")
        }
        self.publicKey = publicKey
        handle = Mutex(Handle(key: key))
    }

    deinit { handle.withLock { ssh_key_free($0.key) } }

    package static func generate(_ kind: Kind = .ed25519) throws(WireError) -> SSHPrivateKey {
        var key: ssh_key?
        let (type, bits): (ssh_keytypes_e, Int32) =
            switch kind {
            case .ed25519: (SSH_KEYTYPE_ED25519, 0)
            case .ecdsaP256: (SSH_KEYTYPE_ECDSA_P256, 256)
            case .rsa3072: (SSH_KEYTYPE_RSA, 3072)
            }
        guard ssh_pki_generate(type, bits, &key) == SSH_OK, let key else {
            throw WireError(.system, peer: "", "cannot generate a key", remedy: "check the system's OpenSSL")
        }
        return try SSHPrivateKey(taking: key, from: "")
    }

    /// Reads an OpenSSH or PEM key, encrypted only if `passphrase` is given. Throws `invalidArgument`.
    package convenience init(text: String, passphrase: String? = nil, place: String = "private key") throws(WireError) {
        var key: ssh_key?
        // An empty passphrase, not none: OpenSSL would ask the terminal for it.
        let rc = ssh_pki_import_privkey_base64(text, passphrase ?? "", nil, nil, &key)
        guard rc == SSH_OK, let key else {
            throw WireError(
                .invalidArgument, peer: place, "unreadable private key",
                remedy: "give an OpenSSH or PEM private key, and its passphrase if it is encrypted")
        }
        try self.init(taking: key, from: place)
    }

    package convenience init(path: String, passphrase: String? = nil) throws(WireError) {
        let bytes: [UInt8]
        do {
            bytes = try DurableFiles.read(path, limit: 1 << 20)
        } catch {
            throw WireError(.invalidArgument, peer: path, "cannot read the key: \(error)")
        }
        try self.init(text: String(decoding: bytes, as: UTF8.self), passphrase: passphrase, place: path)
    }

    /// The key of the file, or a new one saved there, for a server that makes its host key at its first start.
    package static func loadOrGenerate(path: String, kind: Kind = .ed25519) throws(WireError) -> SSHPrivateKey {
        if DurableFiles.exists(path) { return try SSHPrivateKey(path: path) }
        let key = try generate(kind)
        try key.save(to: path)
        return key
    }

    /// Replaces the file by the key in OpenSSH form, durably, readable by its owner only.
    package func save(to path: String) throws(WireError) {
        let text = try exported()
        do {
            try DurableFiles.replace(path, with: Array(text.utf8), mode: 0o600)
        } catch {
            throw WireError(.system, peer: path, "cannot save the key: \(error)")
        }
    }

    package func exported() throws(WireError) -> String {
        var text: UnsafeMutablePointer<CChar>?
        let rc = handle.withLock { ssh_pki_export_privkey_base64($0.key, nil, nil, nil, &text) }
        guard rc == SSH_OK, let text else { throw WireError(.system, peer: "", "cannot export the private key") }
        defer { ssh_string_free_char(text) }
        return String(cString: text)
    }

    /// A copy for libssh to own.
    func duplicate() throws(WireError) -> ssh_key {
        guard let copy = handle.withLock({ Handle(key: ssh_key_dup($0.key)) }).key as ssh_key? else {
            throw WireError(.system, peer: "", "cannot copy a key: out of memory")
        }
        return copy
    }

    /// Lends the key to a call of libssh that does not keep it.
    func withKey<Result>(_ body: (ssh_key) -> Result) -> Result { handle.withLock { body($0.key) } }

    package var description: String { publicKey.description }
}
