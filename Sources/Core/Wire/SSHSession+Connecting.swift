internal import CSSH
internal import Foundation

extension SSHSession {
    /// Options that keep libssh away from every file of the user and of the system.
    static func configure(_ native: ssh_session, _ options: SSHSessionOptions) throws(WireError) {
        ssh_set_blocking(native, 0)
        var no: Int32 = 0
        var silent = SSH_LOG_NOLOG
        var port = UInt32(options.address.port)
        ssh_options_set(native, SSH_OPTIONS_PROCESS_CONFIG, &no)
        ssh_options_set(native, SSH_OPTIONS_LOG_VERBOSITY, &silent)
        ssh_options_set(native, SSH_OPTIONS_PORT, &port)
        var settings: [(ssh_options_e, String, String)] = [
            (SSH_OPTIONS_HOST, options.address.host, "address"), (SSH_OPTIONS_USER, options.user, "user"),
            (SSH_OPTIONS_KNOWNHOSTS, "/dev/null", ""), (SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null", ""),
        ]
        let algorithms = options.algorithms
        for (option, names, what) in [
            (SSH_OPTIONS_KEY_EXCHANGE, algorithms.keyExchange, "key exchange"),
            (SSH_OPTIONS_CIPHERS_C_S, algorithms.ciphers, "cipher"),
            (SSH_OPTIONS_CIPHERS_S_C, algorithms.ciphers, "cipher"),
            (SSH_OPTIONS_HMAC_C_S, algorithms.macs, "mac"), (SSH_OPTIONS_HMAC_S_C, algorithms.macs, "mac"),
            (SSH_OPTIONS_HOSTKEYS, hostKeyAlgorithms(options), "host key"),
        ] where !names.isEmpty {
            settings.append((option, names.joined(separator: ","), "\(what) algorithms"))
        }
        for (option, value, what) in settings where ssh_options_set(native, option, value) != SSH_OK {
            throw WireError(
                .invalidArgument, peer: options.address.description, "unusable \(what) \"\(value)\"",
                remedy: "give names that libssh \(String(cString: ssh_version(0))) knows")
        }
        if options.algorithms.hostKeys.contains("ssh-rsa") {
            ssh_options_set(native, SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, acceptedWithSHA1)
        }
    }

    private static let defaultHostKeys = [
        "ssh-ed25519", "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp256", "rsa-sha2-512",
        "rsa-sha2-256",
    ]
    private static let acceptedWithSHA1 = (defaultHostKeys + ["ssh-rsa"]).joined(separator: ",")

    /// Asks first for keys of the algorithms that are known for the peer, so that it shows one that can be judged.
    private static func hostKeyAlgorithms(_ options: SSHSessionOptions) -> [String] {
        let offered = options.algorithms.hostKeys.isEmpty ? defaultHostKeys : options.algorithms.hostKeys
        let known = Set(options.hostKeyPolicy.known.map(\.algorithm))
        let isKnown = { (name: String) in known.contains(name.hasPrefix("rsa-sha2-") ? "ssh-rsa" : name) }
        return offered.filter(isKnown) + offered.filter { !isKnown($0) }
    }

    static func serverKey(_ native: ssh_session) -> SSHPublicKey? {
        var key: ssh_key?
        guard ssh_get_server_publickey(native, &key) == SSH_OK else { return nil }
        defer { ssh_key_free(key) }
        return SSHPublicKey(key)
    }

    /// Why the key exchange failed, in words that an operator can act on.
    func connectFailure(_ state: State) -> WireError {
        let reason = String(cString: ssh_get_error(UnsafeMutableRawPointer(state.native)))
        let lowered = reason.lowercased()
        if lowered.contains("no match for method") {
            return WireError(
                .protocolFailure, peer: peer, "no common SSH algorithm: \(reason)",
                remedy: "add one that the server offers to the device's ssh-algorithms")
        }
        let isClosed = ["socket error", "disconnect", "connection closed", "closed by remote", "eof"]
        if isClosed.contains(where: lowered.contains) {
            return WireError(
                .closedByPeer, peer: peer, "connection closed during the SSH key exchange (\(reason))",
                remedy: "check that an SSH server listens on this port and takes more sessions")
        }
        return WireError(
            .protocolFailure, peer: peer, "SSH key exchange failed: \(reason)",
            remedy: "check that an SSH version 2 server listens on this port")
    }

    func judgeHostKey() throws(WireError) {
        guard let shown = hostKey else {
            throw WireError(.protocolFailure, peer: peer, "the server showed no usable host key")
        }
        let known = options.hostKeyPolicy.known
        if case .acceptAny = options.hostKeyPolicy { return }
        if known.contains(shown) { return }
        let fingerprint = shown.fingerprint ?? "unknown fingerprint"
        let failure: WireError
        if let old = known.first(where: { $0.algorithm == shown.algorithm }) {
            failure = WireError(
                .hostKeyChanged, peer: peer,
                "the host key has changed: \(shown.algorithm) \(fingerprint), "
                    + "known is \(old.fingerprint ?? "unreadable")",
                remedy: "if the device was replaced, fetch its host keys again; if not, somebody may be listening in")
        } else if case .rejectUnknown = options.hostKeyPolicy {
            failure = WireError(
                .hostKeyUnknown, peer: peer, "unknown host key \(shown.algorithm) \(fingerprint)",
                remedy: "fetch the device's host keys first (ssh fetch-host-keys)")
        } else {
            return
        }
        close()
        throw failure
    }
}
