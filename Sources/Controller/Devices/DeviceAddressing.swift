import CLIGrammar
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
    ///
    /// - Parameter container: where in each of the three it is.
    func setting(_ name: String, in container: String? = nil) -> String? {
        for place in [device, profile, devices.child("global-settings")] {
            let inner = container.map { place?.child($0) } ?? place
            if let value = inner?.value(name) { return value }
        }
        return nil
    }

    /// The entries of a leaf-list below a container of these settings, from the narrowest place that has any.
    private func settings(_ container: String, _ name: String) -> [String] {
        for place in places {
            guard let holder = place.child(container), let list = holder.node.dataChild(named: name) else { continue }
            let values = holder.values(list)
            if !values.isEmpty { return values }
        }
        return []
    }

    /// Device, profile, global settings: the narrowest first.
    private var places: [Instance] { [device, profile, devices.child("global-settings")].compactMap { $0 } }

    private var profile: Instance? {
        guard let name = device.value("device-profile"), let profiles = devices.child("profiles"),
            let list = profiles.node.dataChild(named: "profile")
        else { return nil }
        return profiles.entry(list, [name])
    }

    /// `unlocked` sends and reads; others refuse with the incumbent's words.
    func requireUnlocked() throws(ControlError) {
        switch adminState {
        // Without a connection of the device there is nothing to talk over, and the driver says so.
        case "unlocked", "call-home": return
        case "locked": throw ControlError(.locked, "Device \(name) is locked")
        case "config-locked": throw ControlError(.locked, "Device \(name) is config locked")
        default: throw ControlError(.locked, "Device \(name) is southbound locked")
        }
    }

    /// Where and how to connect. `open` gives the plain text of a stored secret.
    func target(open: (String) -> String?) throws(ControlError) -> DeviceTarget {
        guard let nedID else { throw ControlError(.device, "Device \(name) does not have a ned-id") }
        let callsHome = adminState == "call-home"
        guard let address = device.value("address") ?? (callsHome ? "call-home" : nil) else {
            throw ControlError(.device, "Device \(name) has no address; set devices device \(name) address")
        }
        let login = try credentials(open)
        let port = device.value("port").flatMap { UInt16($0) } ?? 22
        func seconds(_ name: String) -> Duration { .seconds(setting(name).flatMap { Int($0) } ?? 20) }
        var target = DeviceTarget(
            name: name, address: address, port: port, remoteUser: login.user, localUser: localUser,
            password: login.password, secondaryPassword: login.secondary, hostKeys: hostKeyPolicy,
            connectTimeout: seconds("connect-timeout"), readTimeout: seconds("read-timeout"),
            writeTimeout: seconds("write-timeout"), nedID: nedID)
        target.privateKey = login.key
        target.algorithms = algorithms
        target.keepAlive = keepAlive
        target.parseMode = try parseMode
        target.transport = transport
        target.callsHome = callsHome
        target.netconf = netconfSettings
        if transport == .telnet, device.value("port") == nil { target.port = 23 }
        return target
    }

    private var netconfSettings: NETCONFSettings {
        func isUsed(_ name: String) -> Bool { setting(name, in: "ned-settings") != "false" }
        var settings = NETCONFSettings()
        settings.usesConfirmedCommit = isUsed("use-confirmed-commit")
        settings.usesValidate = isUsed("use-validate")
        settings.usesStartup = isUsed("use-startup")
        settings.usesTransactionID = isUsed("use-transaction-id")
        return settings
    }

    var transport: DeviceTarget.Transport {
        let type = device.child("device-type")?.child("cli")
        return type?.value("protocol").flatMap { DeviceTarget.Transport(rawValue: $0) } ?? .ssh
    }

    /// What is offered to the device's SSH server.
    var algorithms: SSHAlgorithms {
        SSHAlgorithms(
            keyExchange: settings("ssh-algorithms", "kex"), ciphers: settings("ssh-algorithms", "cipher"),
            macs: settings("ssh-algorithms", "mac"), hostKeys: settings("ssh-algorithms", "public-key"))
    }

    /// Nil where the interval is 0.
    private var keepAlive: SSHKeepAlive? {
        func number(_ name: String) -> Int? {
            places.lazy.compactMap { $0.child("ssh-keep-alive")?.value(name) }.first.flatMap { Int($0) }
        }
        let interval = number("interval") ?? 20
        return interval == 0 ? nil : SSHKeepAlive(interval: .seconds(interval), countMax: number("count-max") ?? 3)
    }

    /// The ned-setting `extended-parser`: of the driver's own container in `ned-settings`, or directly there.
    private var parseMode: ParseMode {
        get throws(ControlError) {
            guard let value = places.lazy.compactMap({ nedSetting("extended-parser", in: $0) }).first else {
                return .turbo
            }
            guard let mode = ParseMode(setting: value) else {
                throw ControlError(
                    .device, "Device \(name): the ned-setting extended-parser is strict, robust or turbo, not \(value)")
            }
            return mode
        }
    }

    /// A package that brings settings puts them into a container that is named as its family: `openned-ios`.
    private func nedSetting(_ setting: String, in place: Instance) -> String? {
        guard let settings = place.child("ned-settings") else { return nil }
        let identity = nedID?.split(separator: ":").last ?? ""
        for child in settings.children() where child.node.kind == .container && identity.hasPrefix(child.node.name) {
            if let value = child.value(setting) { return value }
        }
        return settings.value(setting)
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
        var key: SSHPrivateKey?
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

    /// The key of an authgroup's `public-key`, from its file.
    private func privateKey(_ map: Instance, _ open: (String) -> String?) throws(ControlError) -> SSHPrivateKey? {
        guard let holder = map.child("public-key")?.child("private-key") else { return nil }
        if let stored = holder.value("name") {
            throw ControlError(
                .unsupported,
                "Device \(name): the authgroup names the key \(stored), and keys are kept in files only; set "
                    + "public-key private-key file name")
        }
        guard let file = holder.child("file"), let path = file.value("name") else { return nil }
        do throws(WireError) {
            return try SSHPrivateKey(path: path, passphrase: file.value("passphrase").flatMap(open))
        } catch {
            throw ControlError(.device, "Device \(name): the key of its authgroup cannot be used: \(error)")
        }
    }
}
