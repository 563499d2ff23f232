import ConfigTree
import ControlProtocol
import NEDRuntime
import Wire
import YANG

extension DeviceWork {
    /// Asks a device for its host keys and stores them; behind a proxy those of the proxy first, for without them nobody
    /// logs in there.
    static let fetchHostKeys: Kind = { call, name in
        let controller = call.controller
        guard let device = controller.running.device(name), let address = device.value("address") else {
            return DeviceResult(leaves: [("result", "failed"), ("info", "no address")], isPositive: false)
        }
        let port = device.value("port").flatMap { UInt16($0) } ?? 22
        do {
            let addressing = try DeviceAddressing(device, localUser: call.session.user.name)
            guard addressing.transport == .ssh || addressing.hasProxy else {
                let info = "\(name) is reached by Telnet, which has no host keys"
                return DeviceResult(leaves: [("result", "unchanged"), ("info", info)])
            }
            let first = SocketAddress(host: address, port: port)
            // What ssh-algorithms say is for the device, not for a host in between.
            let offer = addressing.hasProxy ? SSHAlgorithms() : addressing.algorithms
            var keys = try SSHHostKeyScan.fetch(first, timeout: .seconds(20), algorithms: offer)
            var isChanged = try controller.storeHostKeys(keys, of: name, by: call.session)
            var info: String?
            if addressing.hasProxy, let inner = try keysBehindProxy(call, name) {
                isChanged =
                    try controller.storeHostKeys(inner, of: name, behindProxy: true, by: call.session) || isChanged
                info = "keys of the proxy \(first) \(keys.map { $0.fingerprint ?? "" }.joined(separator: ", "))"
                keys = inner
            }
            var result = DeviceResult(leaves: [("result", isChanged ? "updated" : "unchanged")])
            if let info { result.leaves.append(("info", info)) }
            if !call.flag("suppress-fingerprints") {
                result.fingerprints = keys.map { ($0.algorithm, $0.fingerprint ?? "") }
            }
            result.isUnchanged = !isChanged
            return result
        } catch let error as WireError {
            let text = NEDError(error, device: name, isConnecting: true).operatorText
            return DeviceResult(leaves: [("result", "failed"), ("info", text)], isPositive: false)
        } catch {
            return DeviceResult(leaves: [("result", "failed"), ("info", "\(error)")], isPositive: false)
        }
    }

    /// The keys of a device that is reached through another host; nil if it has none.
    private static func keysBehindProxy(_ call: ActionCall, _ name: String) throws -> [SSHPublicKey]? {
        guard let device = call.controller.running.device(name) else { return nil }
        let target = try DeviceAddressing(device, localUser: call.session.user.name)
            .target(open: call.controller.secrets.open)
        guard target.transport == .ssh, let jump = try target.openProxy() else { return nil }
        defer { jump.close() }
        return try SSHHostKeyScan.fetch(
            target.socketAddress, timeout: .seconds(20), algorithms: target.algorithms, through: jump)
    }
}
