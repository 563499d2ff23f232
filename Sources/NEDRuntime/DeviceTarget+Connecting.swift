import CLIGrammar
package import Wire

extension DeviceTarget {
    /// A connection to the device's SSH server, logged in with the key, the password, or what it asks for in turn.
    func openConnection() throws(WireError) -> SSHSession {
        var options = SSHSessionOptions(address: socketAddress, user: remoteUser, hostKeyPolicy: hostKeys)
        options.connectTimeout = connectTimeout
        options.readTimeout = readTimeout
        options.algorithms = algorithms
        options.keepAlive = keepAlive
        let session = try SSHSession(options)
        try session.connect()
        try session.authenticate(credentials)
        return session
    }

    private var credentials: [SSHCredential] {
        let keys = privateKey.map { [SSHCredential.privateKey($0)] } ?? []
        return keys + (password.isEmpty ? [] : [.password(password)])
    }

    /// Logs in on a connection that the device opened, and whose host key has been judged.
    package func logIn(on session: SSHSession) throws(WireError) {
        try session.authenticate(credentials, as: remoteUser)
    }

    var socketAddress: SocketAddress { SocketAddress(host: address, port: port) }

    /// Everything that is settled when a session is opened: if any of it has been changed, a new one is.
    func sessionKey(_ driver: Driver) -> [String] {
        let waits = [connectTimeout, readTimeout, writeTimeout].map { "\($0)" }
        let way = ["\(address):\(port)", transport.rawValue, remoteUser, password, driver.nedID, parseMode.rawValue]
        let offers = [algorithms.keyExchange, algorithms.ciphers, algorithms.macs, algorithms.hostKeys]
        return way + waits + offers.map { $0.joined(separator: ",") }
            + [
                privateKey?.description ?? "", "\(hostKeys)", "\(String(describing: keepAlive))", "\(netconf)",
                "\(callsHome)",
            ]
    }
}
