import ConfigTree
import ControlProtocol
import NEDRuntime
import Wire
import YANG

/// The ned-settings `proxy`: the device's address, port, authgroup and host keys are then those of the host in between.
extension DeviceAddressing {
    static let proxyContainer = "proxy"

    /// Whether the device is reached through another host.
    var hasProxy: Bool { proxySetting("remote-connection") != nil }

    /// The target with what the ned-settings say of a host in between.
    func behindProxy(_ target: DeviceTarget, _ open: (String) -> String?) throws(ControlError) -> DeviceTarget {
        guard let connection = proxySetting("remote-connection") else { return target }
        var result = target
        switch connection {
        case "ssh-direct": (result.transport, result.port) = (.ssh, 22)
        case "telnet-direct": (result.transport, result.port) = (.telnet, 23)
        default:
            throw invalid("the ned-setting proxy remote-connection is ssh-direct or telnet-direct, not \(connection)")
        }
        guard let address = proxySetting("remote-address") else {
            throw invalid("the ned-setting proxy remote-address is missing: the address of the device behind the proxy")
        }
        result.proxy = DeviceProxy(
            address: SocketAddress(host: target.address, port: device.value("port").flatMap { UInt16($0) } ?? 22),
            user: target.remoteUser, password: target.password, privateKey: target.privateKey,
            hostKeys: target.hostKeys)
        result.address = address
        if let port = proxySetting("remote-port").flatMap({ UInt16($0) }) { result.port = port }
        if let group = proxySetting("authgroup") {
            let login = try credentials(open, authgroup: group)
            (result.remoteUser, result.password) = (login.user, login.password)
            (result.secondaryPassword, result.privateKey) = (login.secondary, login.key)
        }
        result.remoteUser = proxySetting("remote-name") ?? result.remoteUser
        if let password = proxySetting("remote-password") {
            (result.password, result.privateKey) = (open(password) ?? password, nil)
        }
        if let secondary = proxySetting("remote-secondary-password") {
            result.secondaryPassword = open(secondary) ?? secondary
        }
        let keys = device.child("ned-settings")?.child(Self.proxyContainer)
        result.hostKeys = hostKeyPolicy(keysIn: keys)
        return result
    }

    /// Each setting from the narrowest place that has it.
    private func proxySetting(_ name: String) -> String? {
        places.lazy.flatMap { nedSettings(in: $0) }.compactMap { $0.child(Self.proxyContainer)?.value(name) }.first
    }

    private func invalid(_ reason: String) -> ControlError { ControlError(.device, "Device \(name): \(reason)") }
}
