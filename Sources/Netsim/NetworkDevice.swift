/// One device of a network as `.netsiminfo` has it.
package struct NetworkDevice: Hashable, Sendable {
    package var name: String
    /// The package as an absolute path.
    package var packageDirectory: String
    /// Where its files lie, as an absolute path.
    package var directory: String
    package var address: String
    package var ports: DevicePorts
    /// Keys in the file that mean nothing to us: kept as they are.
    package var otherValues: [String: String] = [:]

    package var files: DeviceFiles { DeviceFiles(directory: directory) }
}

/// The port numbers of a device; those that it does not serve are reserved for it all the same.
package struct DevicePorts: Hashable, Sendable {
    package var ipc: UInt16
    package var netconfSSH: UInt16
    package var netconfTCP: UInt16
    package var snmp: UInt16
    package var cli: UInt16
    /// Nil: the device has no command line over Telnet.
    package var telnet: UInt16?

    /// The port that `get-port` and drivers know by that name.
    package func port(_ name: String) -> UInt16? {
        switch name {
        case "ipc": ipc
        case "netconf": netconfSSH
        case "cli": cli
        case "telnet": telnet
        case "snmp": snmp
        default: nil
        }
    }
}

/// Where a topology file wants a device to be: what it names, of what would be chosen.
package struct PlaceChoice: Hashable, Sendable {
    package static let portNames = ["ipc", "netconf", "netconf-tcp", "snmp", "cli", "telnet"]

    package var address: String?
    /// By the names of `portNames`.
    package var ports: [String: UInt16] = [:]

    package init() {}

    func applied(to chosen: (address: String, ports: DevicePorts)) -> (address: String, ports: DevicePorts) {
        var (address, result) = chosen
        address = self.address ?? address
        result.ipc = ports["ipc"] ?? result.ipc
        result.netconfSSH = ports["netconf"] ?? result.netconfSSH
        result.netconfTCP = ports["netconf-tcp"] ?? result.netconfTCP
        result.snmp = ports["snmp"] ?? result.snmp
        result.cli = ports["cli"] ?? result.cli
        result.telnet = ports["telnet"] ?? result.telnet
        return (address, result)
    }
}

/// Numbers the ports of devices: base plus index, as the incumbent does, with the same environment variables.
///
/// There is a command line over Telnet only if its first port, `TELNET_PORT`, is named. The ranges meet at 1,000 devices. Every further thousand has the same ports at the next loopback address.
package struct PortScheme: Hashable, Sendable {
    package var base: DevicePorts

    private static let perAddress = 1_000

    package init(environment: [String: String]) throws(NetsimError) {
        func base(_ name: String, _ standard: UInt16) throws(NetsimError) -> UInt16 {
            guard let text = environment[name], !text.isEmpty else { return standard }
            guard let port = UInt16(text), port > 0, port <= UInt16.max - UInt16(Self.perAddress) else {
                throw NetsimError(
                    .usage, name, "\"\(text)\" is no first port", remedy: "set a number from 1 to 64535")
            }
            return port
        }
        self.base = DevicePorts(
            ipc: try base("IPC_PORT", 5010), netconfSSH: try base("NETCONF_SSH_PORT", 12022),
            netconfTCP: try base("NETCONF_TCP_PORT", 13022), snmp: try base("SNMP_PORT", 11022),
            cli: try base("CLI_SSH_PORT", 10022),
            telnet: (environment["TELNET_PORT"] ?? "").isEmpty ? nil : try base("TELNET_PORT", 0))
    }

    /// Address and ports of the device at `index`, counted from 0.
    package func place(_ index: Int) throws(NetsimError) -> (address: String, ports: DevicePorts) {
        let offset = UInt16(index % Self.perAddress)
        let block = index / Self.perAddress + 1
        guard block < 254 * 256 else { throw NetsimError(.usage, "", "too many devices", remedy: "make two networks") }
        let ports = DevicePorts(
            ipc: base.ipc + offset, netconfSSH: base.netconfSSH + offset, netconfTCP: base.netconfTCP + offset,
            snmp: base.snmp + offset, cli: base.cli + offset, telnet: base.telnet.map { $0 + offset })
        return ("127.0.\((block - 1) / 254).\((block - 1) % 254 + 1)", ports)
    }
}
