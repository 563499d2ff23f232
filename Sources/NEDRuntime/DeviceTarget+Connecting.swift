import CLIGrammar
import Wire

extension DeviceTarget {
    /// A connection to the device's SSH server, logged in with the key, the password, or what it asks for in turn.
    ///
    /// - Returns: also whether the server wanted any of these.
    func openConnection() throws(WireError) -> (session: SSHSession, isAuthenticated: Bool) {
        var options = SSHSessionOptions(address: socketAddress, user: remoteUser, hostKeyPolicy: hostKeys)
        options.connectTimeout = connectTimeout
        options.readTimeout = readTimeout
        options.algorithms = algorithms
        options.keepAlive = keepAlive
        let session = try SSHSession(options)
        try session.connect()
        let keys = privateKey.map { [SSHCredential.privateKey($0)] } ?? []
        let wasAsked = try session.authenticate(keys + (password.isEmpty ? [] : [.password(password)]))
        return (session, wasAsked)
    }

    var socketAddress: SocketAddress { SocketAddress(host: address, port: port) }

    /// Everything that is settled when a session is opened: if any of it has been changed, a new one is.
    func sessionKey(_ driver: Driver) -> [String] {
        let waits = [connectTimeout, readTimeout, writeTimeout].map { "\($0)" }
        let way = ["\(address):\(port)", transport.rawValue, remoteUser, password, driver.nedID, parseMode.rawValue]
        let offers = [algorithms.keyExchange, algorithms.ciphers, algorithms.macs, algorithms.hostKeys]
        return way + waits + offers.map { $0.joined(separator: ",") }
            + [privateKey?.description ?? "", "\(hostKeys)", "\(String(describing: keepAlive))", "\(netconf)"]
    }
}
