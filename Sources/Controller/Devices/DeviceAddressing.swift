import ConfigTree
import ControlProtocol
import NEDRuntime
import Wire
import YANG

/// Reads out of the configuration where a device is and who logs in: device, then profile, then global settings.
struct DeviceAddressing {
    let device: Instance
    private let devices: Instance
    private let localUser: String

    init(_ device: Instance, localUser: String) throws(ControlError) {
        guard let devices = device.parent else { throw ControlError(.notFound, "no such device") }
        self.device = device
        self.devices = devices
        self.localUser = device.value("local-user") ?? localUser
    }

    var name: String { device.keys.first ?? "" }
    var nedID: String? { NEDIDLocation.nedID(of: device) }
    var adminState: String { device.child("state")?.value("admin-state") ?? "southbound-locked" }

    /// The value of a setting that device, profile and global-settings have alike.
    func setting(_ name: String) -> String? {
        if let value = device.value(name) { return value }
        if let profile = profile, let value = profile.value(name) { return value }
        return devices.child("global-settings")?.value(name)
    }

    private var profile: Instance? {
        guard let name = device.value("device-profile"), let profiles = devices.child("profiles"),
            let list = profiles.node.dataChild(named: "profile")
        else { return nil }
        return profiles.entry(list, [name])
    }

    /// `unlocked` sends and reads; others refuse with the incumbent's words.
    func requireUnlocked() throws(ControlError) {
        switch adminState {
        case "unlocked": return
        case "locked": throw ControlError(.locked, "Device \(name) is locked")
        case "config-locked": throw ControlError(.locked, "Device \(name) is config locked")
        default: throw ControlError(.locked, "Device \(name) is southbound locked")
        }
    }

    /// Where and how to connect. `open` gives the plain text of a stored secret.
    func target(open: (String) -> String?) throws(ControlError) -> DeviceTarget {
        guard let nedID else { throw ControlError(.device, "Device \(name) does not have a ned-id") }
        guard let address = device.value("address") else {
            throw ControlError(.device, "Device \(name) has no address; set devices device \(name) address")
        }
        let login = try credentials(open)
        let port = device.value("port").flatMap { UInt16($0) } ?? 22
        func seconds(_ name: String) -> Duration { .seconds(setting(name).flatMap { Int($0) } ?? 20) }
        return DeviceTarget(
            name: name, address: address, port: port, remoteUser: login.user, localUser: localUser,
            password: login.password, secondaryPassword: login.secondary, hostKeys: hostKeyPolicy,
            connectTimeout: seconds("connect-timeout"), readTimeout: seconds("read-timeout"),
            writeTimeout: seconds("write-timeout"), nedID: nedID)
    }

    private var hostKeyPolicy: SSHHostKeyPolicy {
        guard let ssh = device.child("ssh") else { return .rejectUnknown([]) }
        let keys = ssh.entries("host-key").compactMap { key in
            SSHPublicKey(line: "\(key.value("algorithm") ?? "") \(key.value("key-data") ?? "")")
        }
        let inherited = devices.child("global-settings")?.child("ssh")?.value("host-key-verification")
        switch ssh.value("host-key-verification") ?? inherited ?? "reject-unknown" {
        case "none": return .acceptAny
        case "reject-mismatch": return .rejectMismatch(keys)
        default: return .rejectUnknown(keys)
        }
    }

    private struct Login {
        var user: String
        var password: String
        var secondary: String?
    }

    private func credentials(_ open: (String) -> String?) throws(ControlError) -> Login {
        guard let name = device.value("authgroup") else {
            throw ControlError(
                .device, "Device \(self.name) has no authgroup; set devices device \(self.name) authgroup")
        }
        guard let groups = devices.child("authgroups"), let list = groups.node.dataChild(named: "group"),
            let group = groups.entry(list, [name])
        else { throw ControlError(.device, "authgroup \(name) of device \(self.name) is not configured") }
        let mapped = group.entries("umap").first { $0.keys.first == localUser }
        guard let map = mapped ?? group.child("default-map") else {
            throw ControlError(
                .device,
                "Resolve authgroup failed for device \(self.name): user \(localUser) is not in authgroup "
                    + "\(name); add a umap or a default-map")
        }
        guard let stored = map.value("remote-password"), let password = open(stored) else {
            throw ControlError(
                .device, "authgroup \(name) has no password for device \(self.name); set remote-password")
        }
        return Login(
            user: map.value("remote-name") ?? localUser, password: password,
            secondary: map.value("remote-secondary-password").flatMap(open))
    }
}
