internal import CSSH
internal import Foundation

extension SSHServerSession {
    private static func from(_ context: UnsafeMutableRawPointer?) -> SSHServerSession {
        Unmanaged<SSHServerSession>.fromOpaque(context!).takeUnretainedValue()
    }

    /// The session outlives its callbacks: its loop holds it while libssh runs.
    func setCallbacks(_ callbacks: UnsafeMutablePointer<ssh_server_callbacks_struct>) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        callbacks.pointee.userdata = context
        callbacks.pointee.auth_password_function = { _, user, password, context in
            guard let user, let password else { return Int32(SSH_AUTH_DENIED.rawValue) }
            let session = SSHServerSession.from(context)
            return session.judge(user: String(cString: user)) { listener, login in
                listener.handler.allows(login, password: String(cString: password))
            }
        }
        callbacks.pointee.auth_pubkey_function = { _, user, key, signature, context in
            let session = SSHServerSession.from(context)
            let isProbe = Int32(signature) == Int32(SSH_PUBLICKEY_STATE_NONE.rawValue)
            let isSigned = Int32(signature) == Int32(SSH_PUBLICKEY_STATE_VALID.rawValue)
            guard session.listener.handler.acceptsPublicKeys, isProbe || isSigned, let user,
                let key = SSHPublicKey(key)
            else { return Int32(SSH_AUTH_DENIED.rawValue) }
            return session.judge(user: String(cString: user), isProbe: isProbe) { listener, login in
                listener.handler.allows(login, publicKey: key)
            }
        }
        callbacks.pointee.channel_open_request_session_function = { _, context in
            SSHServerSession.from(context).addChannel()
        }
        ssh_set_server_callbacks(native, callbacks)
        // Sees what the table above does not cover. Without it such requests would stay unanswered in a queue.
        ssh_set_message_callback(
            native,
            { _, message, context in
                guard let message else { return 1 }
                return SSHServerSession.from(context).answer(message)
            }, context)
        var methods = SSH_AUTH_METHOD_PASSWORD | SSH_AUTH_METHOD_INTERACTIVE
        if listener.handler.acceptsPublicKeys { methods |= SSH_AUTH_METHOD_PUBLICKEY }
        ssh_set_auth_methods(native, Int32(methods))
    }

    var login: SSHLogin { SSHLogin(listener: listener.id, user: user, client: client) }

    private func judge(
        user: String, isProbe: Bool = false, _ isAllowed: (SSHServerListener, SSHLogin) -> Bool
    ) -> Int32 {
        if isOver { return Int32(SSH_AUTH_DENIED.rawValue) }
        self.user = user
        if isAllowed(listener, login) {
            if !isProbe { isAuthenticated = true }
            return Int32(SSH_AUTH_SUCCESS.rawValue)
        }
        // A client offers several keys before it finds the right one; only signed or typed attempts count.
        if !isProbe {
            failedLogins += 1
            if failedLogins >= limits.failedLogins { isOver = true }
        }
        return Int32(SSH_AUTH_DENIED.rawValue)
    }

    /// Answers keyboard-interactive with one hidden question, the password. 1 means that libssh refuses.
    private func answer(_ message: ssh_message) -> Int32 {
        guard ssh_message_type(message) == Int32(SSH_REQUEST_AUTH.rawValue),
            ssh_message_subtype(message) == Int32(SSH_AUTH_METHOD_INTERACTIVE)
        else { return 1 }
        if ssh_message_auth_kbdint_is_response(message) == 0 {
            if let name = ssh_message_auth_user(message) { user = String(cString: name) }
            var echo: CChar = 0
            return "Password: ".withCString { prompt in
                var prompt: UnsafePointer<CChar>? = prompt
                return ssh_message_auth_interactive_request(message, "", "", 1, &prompt, &echo) == SSH_OK ? 0 : 1
            }
        }
        guard ssh_userauth_kbdint_getnanswers(native) == 1, let text = ssh_userauth_kbdint_getanswer(native, 0) else {
            return 1
        }
        let password = String(cString: text)
        let verdict = judge(user: user) { listener, login in listener.handler.allows(login, password: password) }
        guard verdict == Int32(SSH_AUTH_SUCCESS.rawValue) else { return 1 }
        return ssh_message_auth_reply_success(message, 0) == SSH_OK ? 0 : 1
    }

    private func addChannel() -> ssh_channel? {
        guard isAuthenticated, !isOver, channels.count < limits.channelsPerSession else { return nil }
        guard let native = ssh_channel_new(native) else { return nil }
        guard let state = SSHServerChannelState(native, self) else {
            ssh_channel_free(native)
            return nil
        }
        channels.append(state)
        return native
    }
}
