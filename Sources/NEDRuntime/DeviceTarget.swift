package import CLIGrammar
package import ConfigTree
package import Wire

/// Where a device is and how to log in to it: what a session needs to know of the device's configuration.
package struct DeviceTarget: Sendable {
    /// What carries a command line.
    package enum Transport: String, Sendable { case ssh, telnet }

    package var name: String
    package var address: String
    package var port: UInt16
    /// The user at the device, and the user of ours for whom the session is.
    package var remoteUser: String
    package var localUser: String
    package var password: String
    package var secondaryPassword: String?
    package var netconf = NETCONFSettings()
    package var hostKeys: SSHHostKeyPolicy
    package var connectTimeout: Duration
    package var readTimeout: Duration
    package var writeTimeout: Duration
    package var nedID: String
    /// Shown before the password, which may be empty then.
    package var privateKey: SSHPrivateKey?
    /// What is offered; empty lists leave the choice to the library.
    package var algorithms = SSHAlgorithms()
    package var keepAlive: SSHKeepAlive? = SSHKeepAlive()
    package var transport = Transport.ssh
    /// The device connects to us (RFC 8071): sessions are channels of its connection, and there are none without it.
    package var callsHome = false
    /// How often a device that cannot be reached is tried again, and how long to wait before.
    package var connectRetries = (attempts: 0, pause: Duration.seconds(3))
    /// The host through which the device is reached, if it is not directly.
    package var proxy: DeviceProxy?
    /// What the prompts of an earlier session began with.
    var promptHost: String?
    /// How the device's configuration is taken over: the ned-setting `extended-parser`.
    package var parseMode = ParseMode.turbo
    /// The longest answer to one command that is taken, in bytes.
    package var replyLimit = 256 << 20

    package init(
        name: String, address: String, port: UInt16, remoteUser: String, localUser: String, password: String,
        secondaryPassword: String? = nil, hostKeys: SSHHostKeyPolicy, connectTimeout: Duration = .seconds(20),
        readTimeout: Duration = .seconds(20), writeTimeout: Duration = .seconds(20), nedID: String
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.remoteUser = remoteUser
        self.localUser = localUser
        self.password = password
        self.secondaryPassword = secondaryPassword
        self.hostKeys = hostKeys
        self.connectTimeout = connectTimeout
        self.readTimeout = readTimeout
        self.writeTimeout = writeTimeout
        self.nedID = nedID
    }
}

/// A host with an SSH server from which a device is reached.
package struct DeviceProxy: Sendable {
    package var address: SocketAddress
    package var user: String
    package var password: String
    package var privateKey: SSHPrivateKey?
    package var hostKeys: SSHHostKeyPolicy

    package init(
        address: SocketAddress, user: String, password: String, privateKey: SSHPrivateKey? = nil,
        hostKeys: SSHHostKeyPolicy
    ) {
        self.address = address
        self.user = user
        self.password = password
        self.privateKey = privateKey
        self.hostKeys = hostKeys
    }
}

/// Where a session writes what passes between host, driver and device.
package protocol DeviceTrace: Sendable {
    /// A phase begins (`>>`, host to driver) or ends (`<<`), NSO's pretty trace.
    func phase(_ direction: TraceDirection, _ text: String)
    /// Bytes to or from the device.
    func traffic(_ direction: TraceDirection, _ bytes: [UInt8])
    /// From here on traffic is kept back: what the device shows may hold secrets that nobody here knows yet.
    func hold()
    /// Writes what was kept back, with the secrets of `configuration` masked; without one, only how much it was.
    func release(_ configuration: DataTree?)
    /// The same trace, which also leaves out secrets that only one operation knows of.
    func masking(_ words: [String]) -> any DeviceTrace
}

extension DeviceTrace {
    package func masking(_ words: [String]) -> any DeviceTrace { self }
}

package enum TraceDirection: String, Sendable { case toDriver = ">>", fromDriver = "<<" }

/// Writes nothing.
package struct NoTrace: DeviceTrace {
    package init() {}
    package func phase(_ direction: TraceDirection, _ text: String) {}
    package func traffic(_ direction: TraceDirection, _ bytes: [UInt8]) {}
    package func hold() {}
    package func release(_ configuration: DataTree?) {}
}
