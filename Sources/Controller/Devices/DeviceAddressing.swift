import CLIGrammar
import ConfigTree
import ControlProtocol
import NEDRuntime
import Wire
import YANG

/// Reads out of the configuration where a device is and who logs in: device, then profile, then global settings.
struct DeviceAddressing {
    let device: Instance
    let devices: Instance
    let localUser: String

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
    var places: [Instance] { [device, profile, devices.child("global-settings")].compactMap { $0 } }

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
        target.connectRetries = connectRetries
        target.parseMode = try parseMode
        target.transport = transport
        target.callsHome = callsHome
        target.netconf = netconfSettings
        if transport == .telnet, device.value("port") == nil { target.port = 23 }
        return try behindProxy(target, open)
    }

    private var netconfSettings: NETCONFSettings {
        func isUsed(_ name: String) -> Bool { setting(name, in: "ned-settings") != "false" }
        var settings = NETCONFSettings()
        settings.usesConfirmedCommit = isUsed("use-confirmed-commit")
        settings.usesValidate = isUsed("use-validate")
        settings.usesStartup = isUsed("use-startup")
        settings.usesTransactionID = isUsed("use-transaction-id")
        settings.pipelines = isUsed("use-pipelining")
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

    private var connectRetries: (attempts: Int, pause: Duration) {
        func number(_ name: String) -> Int? { setting(name, in: "connect-retries").flatMap { Int($0) } }
        return (number("attempts") ?? 0, .seconds(number("timeout") ?? 3))
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
        nedSettings(in: place).lazy.compactMap { $0.value(setting) }.first
    }

    /// Where settings of the driver are in a place: its own container first.
    func nedSettings(in place: Instance) -> [Instance] {
        guard let settings = place.child("ned-settings") else { return [] }
        let identity = nedID?.split(separator: ":").last ?? ""
        let own = settings.children().filter { $0.node.kind == .container && identity.hasPrefix($0.node.name) }
        return own + [settings]
    }

    private var hostKeyPolicy: SSHHostKeyPolicy { hostKeyPolicy(keysIn: device.child("ssh")) }

    /// What is to be done with the keys that a host shows, of which those in a list `host-key` are known.
    func hostKeyPolicy(keysIn holder: Instance?) -> SSHHostKeyPolicy {
        let keys = (holder?.entries("host-key") ?? []).compactMap { key in
            SSHPublicKey(line: "\(key.value("algorithm") ?? "") \(key.value("key-data") ?? "")")
        }
        let rule = "host-key-verification"
        let inherited =
            devices.child("global-settings")?.child("ssh")?.value(rule) ?? devices.parent?.child("ssh")?.value(rule)
        switch device.child("ssh")?.value(rule) ?? inherited ?? "reject-unknown" {
        case "none": return .acceptAny
        case "reject-mismatch": return .rejectMismatch(keys)
        default: return .rejectUnknown(keys)
        }
    }
}
