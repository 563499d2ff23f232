import ConfigTree
import ControlProtocol
import Wire
import YANG

extension DeviceAddressing {
    /// Who logs in, and with what.
    struct Login {
        var user: String
        var password: String
        var secondary: String?
        var key: SSHPrivateKey?
    }

    /// What an authgroup, that of the device unless another is named, says for the user.
    func credentials(
        _ open: (String) -> String?, authgroup: String? = nil
    ) throws(ControlError) -> Login {
        guard let name = authgroup ?? device.value("authgroup") else {
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
        let key = try privateKey(map, open)
        let password = map.value("remote-password").flatMap(open)
        guard password != nil || key != nil else {
            throw ControlError(
                .device,
                "authgroup \(name) has no password for device \(self.name); set remote-password or public-key")
        }
        return Login(
            user: map.value("remote-name") ?? localUser, password: password ?? "",
            secondary: map.value("remote-secondary-password").flatMap(open), key: key)
    }

    /// The key of an authgroup's `public-key`: from its file, or from `/ssh/private-key`.
    private func privateKey(_ map: Instance, _ open: (String) -> String?) throws(ControlError) -> SSHPrivateKey? {
        guard let holder = map.child("public-key")?.child("private-key") else { return nil }
        do throws(WireError) {
            if let stored = holder.value("name") { return try storedKey(stored, open) }
            guard let file = holder.child("file"), let path = file.value("name") else { return nil }
            return try SSHPrivateKey(path: path, passphrase: file.value("passphrase").flatMap(open))
        } catch {
            throw ControlError(.device, "Device \(name): the key of its authgroup cannot be used: \(error)")
        }
    }

    private func storedKey(_ key: String, _ open: (String) -> String?) throws(WireError) -> SSHPrivateKey {
        let place = "/ssh/private-key{\(key)}"
        guard let ssh = devices.parent?.child("ssh"), let list = ssh.node.dataChild(named: "private-key"),
            let entry = ssh.entry(list, [key]), let text = entry.value("key-data").flatMap(open)
        else {
            throw WireError(
                .invalidArgument, peer: place, "there is no such key",
                remedy: "set ssh private-key \(key) key-data, or name another key in the authgroup")
        }
        return try SSHPrivateKey(text: text, passphrase: entry.value("passphrase").flatMap(open), place: place)
    }
}
