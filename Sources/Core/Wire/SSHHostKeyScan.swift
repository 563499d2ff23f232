/// Asks a server for its host keys without logging in, as `ssh-keyscan` does.
package enum SSHHostKeyScan {
    /// One connection per kind of key; a server that has no key of a kind refuses that one.
    private static let kinds = [
        ["ssh-ed25519"], ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
        ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
    ]

    /// The keys that the server shows, in the order Ed25519, ECDSA, RSA. `timeout` is for each connection.
    ///
    /// Throws what `SSHSession.connect` throws if not one key could be had.
    ///
    /// - Parameter jump: a connection to the host from which the server is reached.
    package static func fetch(
        _ address: SocketAddress, timeout: Duration = .seconds(20), algorithms: SSHAlgorithms = SSHAlgorithms(),
        through jump: SSHSession? = nil
    ) throws(WireError) -> [SSHPublicKey] {
        var keys: [SSHPublicKey] = []
        var failure: WireError?
        for kind in kinds {
            var options = SSHSessionOptions(address: address, user: "host-key-scan", hostKeyPolicy: .acceptAny)
            options.connectTimeout = timeout
            options.algorithms = algorithms
            options.algorithms.hostKeys = kind
            do {
                let session = try SSHSession(options)
                defer { session.close() }
                try session.connect(through: jump)
                if let key = session.hostKey { keys.append(key) }
            } catch {
                failure = failure ?? error
                // Only a failed agreement tells something about the kind; the rest would fail each time.
                if error.code != .protocolFailure && error.code != .closedByPeer { break }
            }
        }
        if keys.isEmpty, let failure { throw failure }
        return keys
    }
}
