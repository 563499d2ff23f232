import ConfigTree
import ControlProtocol
import Events
import NEDRuntime
import Synchronization
import Wire

/// Where devices connect to by themselves (RFC 8071): the SSH client's side begins once a connection is accepted, and
/// the host key says which device it is. Only a device in `admin-state call-home` is taken; all others are closed.
final class CallHomeDoor: Sendable {
    private let server = Mutex<TCPServer?>(nil)
    /// Connections that have not logged in yet.
    private static let limit = 256

    /// Opens the ports that `ncs.conf` names, if it names any.
    func start(_ controller: NetworkController) throws(WireError) {
        let addresses = controller.configuration.callHome.addresses
        guard !addresses.isEmpty else { return }
        let made = try TCPServer(limit: Self.limit)
        for address in addresses {
            let listener = try made.listen(
                at: SocketAddress(host: address.host, port: address.port)
            ) { [weak controller] stream in
                if let controller { Self.receive(stream, controller) }
            }
            controller.logs.develop(.info, "devices may call home at \(listener.address)")
        }
        server.withLock { $0 = made }
    }

    func stop() {
        server.withLock { server in
            server?.stop()
            server = nil
        }
    }

    // MARK: A call

    private static func receive(_ stream: TCPStream, _ controller: NetworkController) {
        guard let peer = stream.remoteAddress else { return }
        var name: String?
        do {
            let devices = candidates(controller.running)
            let session = try handshake(stream, peer, devices.flatMap(\.keys))
            do {
                let found = devices.filter { device in session.hostKey.map { device.keys.contains($0) } ?? false }
                guard found.count == 1, let device = found.first else {
                    throw ControlError(
                        .device, "its host key is that of \(found.map(\.name).joined(separator: " and "))")
                }
                name = device.name
                try admit(device, session, controller)
            } catch {
                session.close()
                throw error
            }
            controller.logs.develop(.info, "device \(name ?? "") called home from \(peer)")
            controller.notifications.hurry(name ?? "")
        } catch {
            let who = name.map { "device \($0)" } ?? "a device"
            controller.logs.develop(.warning, "\(who) that called home from \(peer) is not taken: \(error)")
        }
    }

    private struct Candidate {
        var name: String
        var instance: Instance
        var keys: [SSHPublicKey]
    }

    private static func candidates(_ tree: DataTree) -> [Candidate] {
        tree.allDevices().compactMap { device in
            guard let name = device.keys.first, device.child("state")?.value("admin-state") == "call-home" else {
                return nil
            }
            let keys = device.child("ssh")?.entries("host-key").compactMap { key in
                SSHPublicKey(line: "\(key.value("algorithm") ?? "") \(key.value("key-data") ?? "")")
            }
            return Candidate(name: name, instance: device, keys: keys ?? [])
        }
    }

    private static func handshake(
        _ stream: TCPStream, _ peer: SocketAddress, _ keys: [SSHPublicKey]
    ) throws -> SSHSession {
        // Nothing is said to a peer that cannot be anybody, nor to one whose key nobody has.
        var options = SSHSessionOptions(address: peer, user: "netconf", hostKeyPolicy: .rejectUnknown(keys))
        options.keepAlive = SSHKeepAlive()
        let session = try SSHSession(options)
        do throws(WireError) {
            try session.connect(over: stream)
        } catch {
            guard error.code == .hostKeyChanged || error.code == .hostKeyUnknown, let key = session.hostKey else {
                throw error
            }
            throw ControlError(
                .device,
                "no device with admin-state call-home has its host key \(key.algorithm) "
                    + "\(key.fingerprint ?? "") (\(key.base64))")
        }
        return session
    }

    private static func admit(
        _ device: Candidate, _ session: SSHSession, _ controller: NetworkController
    ) throws {
        let access = try controller.devices.access(device.instance, system: controller.system, localUser: "admin")
        try access.target.logIn(on: session)
        access.slot.adopt(session)
        access.noteConnection(nil)
    }
}
