import Basics
import ConfigDatabase
import NEDRuntime
import Secrets
import Synchronization
import YANG

/// What each device is known to make of what it is told, operational and durable.
///
/// Values of a device may be secrets, which the device shows in plain text or hashed: so what is stored is encrypted as
/// a whole, under the keys in use when it was learnt. Keys are never taken away, so it stays readable.
final class RewriteStore: Sendable {
    private let known = Mutex<[String: DeviceRewrites]>([:])
    private let database: ConfigurationDatabase
    private let secrets: SecretHandling

    init(database: ConfigurationDatabase, secrets: SecretHandling) {
        self.database = database
        self.secrets = secrets
    }

    private static func key(_ device: String) -> String { "rewrites/\(device)" }

    func rewrites(of device: String) -> DeviceRewrites {
        if let found = known.withLock({ $0[device] }) { return found }
        let stored = read(device)
        return known.withLock { known in
            if let found = known[device] { return found }
            known[device] = stored
            return stored
        }
    }

    /// What cannot be read is learnt again at the next commit.
    private func read(_ device: String) -> DeviceRewrites {
        guard let bytes = database.operational(Self.key(device)),
            let text = secrets.open(String(decoding: bytes, as: UTF8.self)),
            let json = try? JSONValue.parse(Array(text.utf8), file: "what device \(device) rewrites")
        else { return DeviceRewrites() }
        return DeviceRewrites(json: json) ?? DeviceRewrites()
    }

    func note(_ rewrites: DeviceRewrites, of device: String) {
        let isNew = known.withLock { known in
            defer { known[device] = rewrites }
            return known[device] != rewrites
        }
        guard isNew else { return }
        let text = MaskedSecret(rewrites.json.print())
        let sealed = rewrites.isEmpty ? nil : try? secrets.store.seal(text, kind: .aes256CFB128)
        store(sealed.map { Array($0.utf8) }, device)
    }

    func forget(_ device: String) {
        known.withLock { $0[device] = nil }
        store(nil, device)
    }

    private func store(_ bytes: [UInt8]?, _ device: String) {
        guard bytes != nil || database.operational(Self.key(device)) != nil else { return }
        try? database.setOperational([OperationalChange(Self.key(device), bytes)])
    }
}
