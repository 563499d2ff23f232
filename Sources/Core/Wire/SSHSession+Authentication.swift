internal import CSSH
internal import Synchronization

extension SSHSession {
    /// Logs in with the first credential that the server takes.
    ///
    /// - Parameter user: in place of the one in the options, where it was not known before the host key was.
    ///
    /// Throws `authenticationFailed` (naming what the server offers), `timeout`, `closedByPeer`, `cancelled`.
    /// - Returns: whether a credential was needed: a server that takes everybody may ask again in its shell.
    @discardableResult
    package func authenticate(_ credentials: [SSHCredential], as user: String? = nil) throws(WireError) -> Bool {
        if let user { _ = lock.withLock { ssh_options_set($0.native, SSH_OPTIONS_USER, user) } }
        if try attempt("logging in", { ssh_userauth_none($0, nil) }) == SSH_AUTH_SUCCESS { return false }
        for credential in credentials {
            let isDone =
                switch credential {
                case .password(let password): try logIn(password: password)
                case .privateKey(let key): try logIn(key: key)
                case .interactive(let answer): try logIn(answer: answer)
                }
            if isDone { return true }
        }
        let offered = offeredMethods.joined(separator: ", ")
        throw WireError(
            .authenticationFailed, peer: peer, "authentication failed for user \(user ?? options.user)",
            remedy: "check the name and the password or key in the device's authgroup"
                + (offered.isEmpty ? "" : " (the server offers: \(offered))"))
    }

    /// The methods that the server last said it would take.
    private var methodBits: Int32 { lock.withLock { ssh_userauth_list($0.native, nil) } }

    private func isOffered(_ method: UInt32) -> Bool { methodBits & Int32(method) != 0 }

    private var offeredMethods: [String] {
        [
            (SSH_AUTH_METHOD_PASSWORD, "password"), (SSH_AUTH_METHOD_PUBLICKEY, "publickey"),
            (SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive"),
        ].filter { isOffered($0.0) }.map(\.1)
    }

    private func logIn(password: String) throws(WireError) -> Bool {
        if isOffered(SSH_AUTH_METHOD_PASSWORD) {
            let rc = try attempt("logging in", { ssh_userauth_password($0, nil, password) })
            if rc == SSH_AUTH_SUCCESS { return true }
        }
        return try logIn(answer: { _, isEchoed in isEchoed ? nil : password })
    }

    private func logIn(key: SSHPrivateKey) throws(WireError) -> Bool {
        guard isOffered(SSH_AUTH_METHOD_PUBLICKEY) else { return false }
        let copy = try key.duplicate()
        defer { ssh_key_free(copy) }
        return try attempt("logging in", { ssh_userauth_publickey($0, nil, copy) }) == SSH_AUTH_SUCCESS
    }

    /// RFC 4256: the server asks in rounds; a bound on rounds keeps a hostile one from asking for ever.
    private func logIn(answer: (String, Bool) -> String?) throws(WireError) -> Bool {
        guard isOffered(SSH_AUTH_METHOD_INTERACTIVE) else { return false }
        for _ in 0..<10 {
            let rc = try attempt("logging in", { ssh_userauth_kbdint($0, nil, nil) })
            if rc == SSH_AUTH_SUCCESS { return true }
            if rc != SSH_AUTH_INFO { return false }
            let isAnswered = lock.withLock { state -> Bool in
                for index in 0..<max(0, ssh_userauth_kbdint_getnprompts(state.native)) {
                    var echo: CChar = 0
                    guard let prompt = ssh_userauth_kbdint_getprompt(state.native, UInt32(index), &echo),
                        let text = answer(String(cString: prompt), echo != 0),
                        ssh_userauth_kbdint_setanswer(state.native, UInt32(index), text) == 0
                    else { return false }
                }
                return true
            }
            guard isAnswered else { return false }
        }
        return false
    }

    private func attempt(
        _ what: String, _ call: (ssh_session) -> Int32
    ) throws(WireError) -> ssh_auth_e {
        let deadline = Deadline.after(options.readTimeout)
        return try wait(deadline, "no answer while \(what)") { state throws(WireError) -> ssh_auth_e? in
            let rc = ssh_auth_e(call(state.native))
            if rc == SSH_AUTH_AGAIN { return nil }
            if rc == SSH_AUTH_ERROR {
                return Self.isOver(state.native) ? nil : SSH_AUTH_DENIED
            }
            return rc
        }
    }
}
