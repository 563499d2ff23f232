import Basics
import ConfigDatabase
import ControlProtocol
import Crypto
import NEDRuntime
import Synchronization

/// What devices and profiles have of capabilities: announced by the device, or written down before it was ever reached.
///
/// Invariants:
/// - What a device announced itself is never replaced by anything but what it announces later.
/// - Devices with the same capabilities share one list, in memory and in the database: there are thousands of both.
final class CapabilityStore: Sendable {
    /// Whose capabilities they are.
    enum Holder: Hashable, Sendable {
        case device(String)
        case profile(String)

        fileprivate var key: String {
            switch self {
            case .device(let name): "capabilities/device/\(name)"
            case .profile(let name): "capabilities/profile/\(name)"
            }
        }

        fileprivate init?(key: String) {
            let parts = key.split(separator: "/", maxSplits: 2).map(String.init)
            guard parts.count == 3 else { return nil }
            self = parts[1] == "profile" ? .profile(parts[2]) : .device(parts[2])
        }
    }

    private struct Entry: Hashable {
        var set: String
        var isAnnounced: Bool

        var bytes: [UInt8] { Array("\(isAnnounced ? "announced" : "provisioned") \(set)".utf8) }
    }

    private struct State {
        var entries: [Holder: Entry] = [:]
        var profiles: Set<String> = []
        var sets: [String: (list: [DeviceCapability], users: Int)] = [:]

        /// What that changes in the database: the last user of a list takes it away.
        mutating func replace(
            _ holder: Holder, by new: Entry?, _ list: [DeviceCapability], _ bytes: [UInt8]
        ) -> [OperationalChange] {
            let old = entries[holder]
            guard old != new else { return [] }
            var changes = [OperationalChange(holder.key, new?.bytes)]
            entries[holder] = new
            if case .profile(let name) = holder {
                if new == nil { profiles.remove(name) } else { profiles.insert(name) }
            }
            if let new {
                if sets[new.set] == nil {
                    sets[new.set] = (list, 0)
                    changes.append(OperationalChange(CapabilityStore.key(of: new.set), bytes))
                }
                sets[new.set]?.users += 1
            }
            if let old {
                sets[old.set]?.users -= 1
                if sets[old.set]?.users == 0 {
                    sets[old.set] = nil
                    changes.append(OperationalChange(CapabilityStore.key(of: old.set), nil))
                }
            }
            return changes
        }
    }

    private let state: Mutex<State>
    private let database: ConfigurationDatabase

    init(database: ConfigurationDatabase) {
        self.database = database
        var state = State()
        for key in database.operationalKeys(prefix: "capabilities/") {
            guard let holder = Holder(key: key), let bytes = database.operational(key) else { continue }
            let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
            guard words.count == 2 else { continue }
            let entry = Entry(set: words[1], isAnnounced: words[0] == "announced")
            if state.sets[entry.set] == nil {
                guard let list = database.operational(Self.key(of: entry.set)).flatMap(Self.list) else { continue }
                state.sets[entry.set] = (list, 0)
            }
            state.sets[entry.set]?.users += 1
            state.entries[holder] = entry
            if case .profile(let name) = holder { state.profiles.insert(name) }
        }
        self.state = Mutex(state)
    }

    private static func key(of set: String) -> String { "capability-set/\(set)" }

    private static func list(_ bytes: [UInt8]) -> [DeviceCapability]? {
        let json = try? JSONValue.parse(bytes, file: "capabilities")
        return json?.array?.compactMap(\.string).map { DeviceCapability(uri: $0) }
    }

    func capabilities(of holder: Holder) -> [DeviceCapability] {
        state.withLock { state in state.entries[holder].flatMap { state.sets[$0.set]?.list } ?? [] }
    }

    /// Whether the device said it itself.
    func isAnnounced(_ holder: Holder) -> Bool { state.withLock { $0.entries[holder]?.isAnnounced == true } }

    /// What a session heard. A device that announces nothing leaves what was written down for it.
    func note(announced uris: [String], of device: String) {
        if uris.isEmpty { return }
        // What is lost in a crash the next session tells again.
        try? set(uris.map { DeviceCapability(uri: $0) }, .device(device), isAnnounced: true)
    }

    /// Writes down what a holder is to have; nothing for an empty list. Durable when it returns.
    func provision(_ capabilities: [DeviceCapability], for holder: Holder) throws(ControlError) {
        do { try set(capabilities, holder, isAnnounced: false) } catch {
            throw ControlError(.resource, "the capabilities cannot be stored: \(error)")
        }
    }

    /// Forgets devices or profiles that are gone.
    func forget(_ holders: some Collection<Holder>) {
        for holder in holders { try? set([], holder, isAnnounced: true) }
    }

    var devices: [String] {
        state.withLock { $0.entries.keys.compactMap { if case .device(let name) = $0 { name } else { nil } } }
    }

    var profiles: Set<String> { state.withLock { $0.profiles } }

    private func set(_ list: [DeviceCapability], _ holder: Holder, isAnnounced: Bool) throws {
        let text = JSONValue.array(list.map { .string($0.uri) }).print()
        let digest = SHA256.hash(data: Array(text.utf8)).prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        let new = list.isEmpty ? nil : Entry(set: digest.joined(), isAnnounced: isAnnounced)
        // Stored under the lock: what one thread takes away another may just have begun to use.
        try state.withLock { state in
            let changes = state.replace(holder, by: new, list, Array(text.utf8))
            if changes.isEmpty { return }
            if isAnnounced {
                try database.setOperationalUnsynced(changes)
            } else {
                try database.setOperational(changes)
            }
        }
    }
}
