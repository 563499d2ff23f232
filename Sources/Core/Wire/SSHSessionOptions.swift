/// Which host keys a client accepts, judged before any credential is sent.
package enum SSHHostKeyPolicy: Hashable, Sendable {
    /// Any key.
    case acceptAny
    /// Refuses a key that differs from the known one of its algorithm; a key of another algorithm passes.
    case rejectMismatch([SSHPublicKey])
    /// Refuses every key but the known ones.
    case rejectUnknown([SSHPublicKey])

    var known: [SSHPublicKey] {
        switch self {
        case .acceptAny: []
        case .rejectMismatch(let keys), .rejectUnknown(let keys): keys
        }
    }
}

/// Probes that tell a silent device from a dead one, sent while a call waits.
package struct SSHKeepAlive: Hashable, Sendable {
    /// Silence after which a probe is sent.
    package var interval: Duration
    /// Probes without any answer after which the session is given up.
    package var countMax: Int

    package init(interval: Duration = .seconds(20), countMax: Int = 3) {
        self.interval = interval
        self.countMax = countMax
    }
}

/// Where and how a client connects.
package struct SSHSessionOptions: Hashable, Sendable {
    package var address: SocketAddress
    package var user: String
    package var hostKeyPolicy: SSHHostKeyPolicy
    package var algorithms = SSHAlgorithms()
    /// For TCP and the key exchange together.
    package var connectTimeout = Duration.seconds(20)
    /// For each answer of the peer while logging in and opening a channel.
    package var readTimeout = Duration.seconds(20)
    /// Nil: no probes.
    package var keepAlive: SSHKeepAlive? = SSHKeepAlive()

    package init(address: SocketAddress, user: String, hostKeyPolicy: SSHHostKeyPolicy) {
        self.address = address
        self.user = user
        self.hostKeyPolicy = hostKeyPolicy
    }
}

/// What a client shows to log in. Tried in the order given, as far as the server offers the method.
package enum SSHCredential: Sendable {
    /// Also answers keyboard-interactive questions that hide their answer.
    case password(String)
    case privateKey(SSHPrivateKey)
    /// Asked for each question of the server: prompt, and whether the answer may be shown. Nil gives up.
    case interactive(@Sendable (_ prompt: String, _ isEchoed: Bool) -> String?)
}
