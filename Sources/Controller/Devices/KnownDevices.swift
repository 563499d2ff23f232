import ConfigTree
import NEDRuntime
import Secrets
import YANG

/// What was made of a device's entry in the configuration and of its latest reading, for the next operation that finds
/// both as they were.
///
/// Invariant: rows are immutable, so one that is still the same object says the same. Nothing here outlasts the process.
final class KnownDevices: Sendable {
    private struct Known {
        var source: Source?
        var target: DeviceTarget?
        /// Whose secrets are in the device's mask.
        var masked: DataTree?
        var reading: KnownReading?
    }

    /// All of the configuration that says where a device is and who logs in.
    struct Source: Sendable {
        let model: DataModel
        let localUser: String
        /// The device's entry, what holds for all devices or many, and the keys to log in with.
        let rows: [Row?]

        init?(_ device: Instance, localUser: String) {
            guard let devices = device.parent, let root = devices.parent else { return nil }
            model = device.model
            self.localUser = localUser
            let shared = ["global-settings", "authgroups", "profiles"].map { Self.row($0, in: devices) }
            rows = [device.row] + shared + [Self.row("ssh", in: root)]
        }

        private static func row(_ name: String, in parent: Instance) -> Row? { parent.child(name)?.row }

        func isSame(as other: Source) -> Bool {
            model === other.model && localUser == other.localUser && rows.count == other.rows.count
                && zip(rows, other.rows).dropFirst().allSatisfy { $0 === $1 } && saysSame(rows[0], other.rows[0])
        }

        /// What the device is configured to be does not say where it is.
        private func saysSame(_ entry: Row?, _ other: Row?) -> Bool {
            guard let entry, let other else { return entry == nil && other == nil }
            return entry.isSameBesideMounts(other)
        }
    }

    private let known = DeviceTable<Known>()

    func forget(_ name: String) { known.remove(name) }

    private func change(_ name: String, _ change: (inout Known) -> Void) {
        known.withValue(of: name) { found in
            var known = found ?? Known()
            change(&known)
            found = known
        }
    }

    // MARK: Where it is

    /// What `target` came to the last time, if nothing that it depends on is another.
    func target(_ name: String, _ source: Source) -> DeviceTarget? {
        guard let found = known[name], let old = found.source, old.isSame(as: source) else { return nil }
        // An old entry would keep an old configuration in memory.
        if old.rows[0]?.identity != source.rows[0]?.identity { change(name) { $0.source = source } }
        return found.target
    }

    /// Not what has keys from files: those may be others the next time.
    func note(_ target: DeviceTarget, _ source: Source) {
        let isWhole = target.privateKey == nil && target.proxy == nil
        change(target.name) {
            $0.source = isWhole ? source : nil
            $0.target = isWhole ? target : nil
        }
    }

    // MARK: What it holds

    /// Whether the secrets of a configuration are in the device's mask already.
    func isMasked(_ name: String, _ tree: DataTree) -> Bool {
        guard let masked = known[name]?.masked else { return false }
        return masked.root === tree.root && masked.model === tree.model
    }

    func noteMasked(_ name: String, _ tree: DataTree?) { change(name) { $0.masked = tree } }

    /// The latest reading, if what was made of it is what is configured.
    func reading(_ name: String, configured tree: DataTree?) -> KnownReading? {
        guard let tree, let reading = known[name]?.reading else { return nil }
        return reading.tree.root === tree.root && reading.tree.model === tree.model ? reading : nil
    }

    /// - Parameter tree: as it is configured now.
    func note(_ mark: ReadingMark?, of name: String, configured tree: DataTree?) {
        let reading = mark.flatMap { mark in tree.map { KnownReading(mark: mark, tree: $0) } }
        change(name) { $0.reading = reading }
    }
}
