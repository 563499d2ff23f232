import ConfigTree
import ControlProtocol
import NEDRuntime
import YANG

/// `partial-sync-from` and `partial-sync-to`: parts of what devices hold in place of what we have there, or the other way
/// round. Everything else stays as it is, on both sides; a device that then has what we have is in sync.
enum PartialSync {
    /// The paths that were named, by device, each from the root of the device's configuration.
    typealias Parts = [String: [InstancePath]]

    static let from: DeviceWork.Kind = { call, name in
        resolved(call, name) { paths in syncFrom(call, name, paths) }
    }

    static let to: DeviceWork.Kind = { call, name in
        resolved(call, name) { paths in syncTo(call, name, paths) }
    }

    /// `devices partial-sync-from path […]`, of any devices.
    static func syncFromAll(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        let parts = try parts(call)
        try DeviceActions.all(call, output, "sync-result", parts.keys.sorted()) { call, name in
            syncFrom(call, name, parts[name] ?? [])
        }
    }

    static func syncToAll(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        let parts = try parts(call)
        try DeviceActions.all(call, output, "sync-result", parts.keys.sorted()) { call, name in
            syncTo(call, name, parts[name] ?? [])
        }
    }

    // MARK: Paths

    private static func parts(_ call: ActionCall) throws(ControlError) -> Parts {
        var parts: Parts = [:]
        let tree = call.controller.running
        for text in call.list("path") {
            let (name, inner) = try split(text, in: tree, call)
            parts[name, default: []].append(inner)
        }
        return parts
    }

    /// The device of a path, and what of the path lies within its configuration.
    private static func split(
        _ text: String, in tree: DataTree, _ call: ActionCall
    ) throws(ControlError) -> (String, InstancePath) {
        let path: InstancePath
        do throws(PathError) { path = try tree.path(text) } catch {
            if let name = device(in: text), tree.device(name) == nil {
                throw ControlError(.notFound, "\(text): there is no device \(name)")
            }
            throw call.invalid(error.description)
        }
        guard let point = path.steps.firstIndex(where: { $0.node.kind == .mountPoint }),
            let name = path.steps.first(where: { $0.node.name == "device" })?.keys.first,
            path.steps.count > point + 1
        else {
            throw call.invalid(
                "\(text): a path below the configuration of a device was expected: "
                    + "/devices/device[name='NAME']/config/...")
        }
        return (name, InstancePath(Array(path.steps[(point + 1)...])))
    }

    /// The name that the first key of a path has.
    private static func device(in text: String) -> String? {
        guard let start = text.firstIndex(where: { $0 == "'" || $0 == "\"" }) else { return nil }
        return String(text[text.index(after: start)...].prefix { $0 != text[start] })
    }

    /// The paths of an action on one device: from its configuration on, or from the root.
    private static func resolved(
        _ call: ActionCall, _ name: String, _ work: ([InstancePath]) -> DeviceResult
    ) -> DeviceResult {
        do throws(ControlError) {
            var paths: [InstancePath] = []
            for text in call.list("path") { paths.append(try path(text, of: name, call)) }
            return work(paths)
        } catch {
            return .failed(error.message)
        }
    }

    private static func path(_ text: String, of name: String, _ call: ActionCall) throws(ControlError) -> InstancePath {
        let tree = call.controller.running
        if ["/devices/", "/ncs:devices/", "/tailf-ncs:devices/"].contains(where: { text.hasPrefix($0) }) {
            let (device, path) = try split(text, in: tree, call)
            guard device == name else { throw call.invalid("\(text): that is device \(device), not \(name)") }
            return path
        }
        guard let device = tree.device(name) else { throw ControlError(.notFound, "there is no device \(name)") }
        guard let driver = NEDIDLocation.nedID(of: device).flatMap({ call.controller.system.driver($0) }) else {
            throw ControlError(.device, "Device \(name) does not have a Network Element Driver registered")
        }
        let config = device.child("config")?.mountedTree ?? DataTree(driver.model)
        do throws(PathError) { return try config.path(text.hasPrefix("/") ? text : "/" + text) } catch {
            throw call.invalid(error.description)
        }
    }

    // MARK: Work

    private static func syncFrom(_ call: ActionCall, _ name: String, _ paths: [InstancePath]) -> DeviceResult {
        if let refusal = DeviceWork.queued(call, name) { return refusal }
        return DeviceWork.perform(call, name) { (device, access) throws(NEDError) in
            let reading = try access.withSession { (session) throws(NEDError) in
                try DeviceWork.read(call, session, name)
            }
            let controller = call.controller
            let old = device.child("config")?.mountedTree ?? DataTree(access.driver.model)
            do throws(ControlError) {
                let theirs = try controller.secrets.sealed(reading.tree, like: old)
                let new = try taking(paths, from: theirs, into: old)
                try controller.replaceConfiguration(of: name, with: new, by: call.session)
                // Whoever now has all that the device has is in sync.
                if new.diff(to: theirs).isEmpty { access.noteInSync(reading.transactionID) }
            } catch {
                return .failed(error.message)
            }
            return .ok()
        }
    }

    private static func syncTo(_ call: ActionCall, _ name: String, _ paths: [InstancePath]) -> DeviceResult {
        DeviceWork.bring(call, name) { (ours, theirs) throws(ControlError) in
            try taking(paths, from: ours, into: theirs)
        }
    }

    /// Only such differences are taken over as lie at or below one of the paths.
    private static func taking(
        _ paths: [InstancePath], from theirs: DataTree, into old: DataTree
    ) throws(ControlError) -> DataTree {
        var new = old
        do throws(PathError) {
            for path in paths where old.stored(at: path) { try new.apply(.delete, at: path) }
            let prefixes = paths.map(\.description)
            let additions = ChangeSet(new.diff(to: theirs).dissolvingContainers()).items.filter { item in
                prefixes.contains { ChangeConflict.isWithin(item.path, $0) }
            }
            return try new.applying(ChangeSet(additions))
        } catch {
            throw ControlError(.invalidValue, error.description)
        }
    }
}

extension DataTree {
    fileprivate func stored(at path: InstancePath) -> Bool {
        guard let last = path.last else { return false }
        if last.keys.isEmpty, last.node.kind == .list || last.node.kind == .leafList { return true }
        return instance(path).map { !$0.isDefault } ?? false
    }
}
