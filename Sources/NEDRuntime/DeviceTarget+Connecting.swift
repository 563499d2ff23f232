import CLIGrammar
package import Wire

extension DeviceTarget {
    /// A connection to the device's SSH server, logged in with the key, the password, or what it asks for in turn.
    ///
    /// - Returns: also whether the server wanted any of these.
    func openConnection() throws(WireError) -> (session: SSHSession, isAuthenticated: Bool) {
        let jump = try openProxy()
        var options = SSHSessionOptions(address: socketAddress, user: remoteUser, hostKeyPolicy: hostKeys)
        options.algorithms = algorithms
        do throws(WireError) {
            let session = try SSHSession(waiting(options))
            try session.connect(through: jump)
            let wasAsked = try session.authenticate(Self.credentials(privateKey, password))
            return (session, wasAsked)
        } catch {
            throw behindProxy(error)
        }
    }

    /// Logs in on a connection that the device opened, and whose host key has been judged.
    package func logIn(on session: SSHSession) throws(WireError) {
        try session.authenticate(Self.credentials(privateKey, password), as: remoteUser)
    }

    /// A connection to the device's Telnet server.
    func openTelnet() throws(WireError) -> any ByteStream {
        guard let jump = try openProxy() else {
            return try TCPStream.connect(to: socketAddress, deadline: .after(connectTimeout))
        }
        do throws(WireError) { return try jump.openForward(to: socketAddress) } catch { throw behindProxy(error) }
    }

    /// A connection to the host through which the device is reached, logged in; nil if there is none. Errors name it.
    package func openProxy() throws(WireError) -> SSHSession? {
        guard let proxy else { return nil }
        do throws(WireError) {
            let options = SSHSessionOptions(address: proxy.address, user: proxy.user, hostKeyPolicy: proxy.hostKeys)
            let session = try SSHSession(waiting(options))
            try session.connect()
            try session.authenticate(Self.credentials(proxy.privateKey, proxy.password))
            return session
        } catch {
            throw error.on("proxy \(proxy.address)")
        }
    }

    /// Says that it was the device, not the host in between.
    private func behindProxy(_ error: WireError) -> WireError {
        guard let proxy, !error.summary.hasPrefix("proxy ") else { return error }
        return error.on("\(socketAddress) behind proxy \(proxy.address)")
    }

    private func waiting(_ options: SSHSessionOptions) -> SSHSessionOptions {
        var options = options
        options.connectTimeout = connectTimeout
        options.readTimeout = readTimeout
        options.keepAlive = keepAlive
        return options
    }

    private static func credentials(_ key: SSHPrivateKey?, _ password: String) -> [SSHCredential] {
        (key.map { [.privateKey($0)] } ?? []) + (password.isEmpty ? [] : [.password(password)])
    }

    package var socketAddress: SocketAddress { SocketAddress(host: address, port: port) }

    /// Everything that is settled when a session is opened: if any of it has been changed, a new one is.
    func sessionKey(_ driver: Driver) -> SessionKey {
        SessionKey(
            place: socketAddress, transport: transport, remoteUser: remoteUser, password: password,
            key: privateKey?.publicKey, nedID: driver.nedID, parseMode: parseMode,
            waits: [connectTimeout, readTimeout, writeTimeout], algorithms: algorithms, hostKeys: hostKeys,
            keepAlive: keepAlive, netconf: netconf, callsHome: callsHome,
            proxy: proxy.map {
                SessionKey.Proxy(
                    place: $0.address, user: $0.user, password: $0.password, key: $0.privateKey?.publicKey,
                    hostKeys: $0.hostKeys)
            })
    }
}

/// What a session was opened for.
struct SessionKey: Hashable, Sendable {
    struct Proxy: Hashable, Sendable {
        var place: SocketAddress
        var user: String
        var password: String
        var key: SSHPublicKey?
        var hostKeys: SSHHostKeyPolicy
    }

    var place: SocketAddress
    var transport: DeviceTarget.Transport
    var remoteUser: String
    var password: String
    var key: SSHPublicKey?
    var nedID: String
    var parseMode: ParseMode
    var waits: [Duration]
    var algorithms: SSHAlgorithms
    var hostKeys: SSHHostKeyPolicy
    var keepAlive: SSHKeepAlive?
    var netconf: NETCONFSettings
    var callsHome: Bool
    var proxy: Proxy?
}
