/// Which algorithms to offer, best first; an empty list leaves the choice to the library.
///
/// Names are those of the protocol: `curve25519-sha256`, `aes256-ctr`, `hmac-sha2-256`, `ssh-ed25519`. Old devices need
/// some that are not offered by default, for example `diffie-hellman-group14-sha1`, `aes128-cbc`, `ssh-rsa`.
package struct SSHAlgorithms: Hashable, Sendable {
    package var keyExchange: [String]
    package var ciphers: [String]
    package var macs: [String]
    package var hostKeys: [String]

    package init(keyExchange: [String] = [], ciphers: [String] = [], macs: [String] = [], hostKeys: [String] = []) {
        self.keyExchange = keyExchange
        self.ciphers = ciphers
        self.macs = macs
        self.hostKeys = hostKeys
    }
}
