import ConfigTree
import ControlProtocol
import NEDRuntime
import YANG

/// `devices partial-sync-from path […]`: parts of what devices hold, in place of what we have there.
enum PartialSync {
    static func syncFrom(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        var paths: [String: [InstancePath]] = [:]
        let tree = call.controller.running
        for text in call.list("path") {
            let (name, inner) = try split(text, in: tree, call)
            paths[name, default: []].append(inner)
        }
        let wanted = paths
        let names = wanted.keys.sorted()
        let results = DeviceWork.inParallel(names) { name in sync(call, name, wanted[name] ?? []) }
        for (name, result) in zip(names, results)
        where !(call.flag("suppress-positive-result") && result.isPositive) {
            result.write(to: output.item("sync-result", name))
        }
    }

    /// The device of a path, and what of the path lies within its configuration.
    private static func split(
        _ text: String, in tree: DataTree, _ call: ActionCall
    ) throws(ControlError) -> (String, InstancePath) {
        let path: InstancePath
        do throws(PathError) { path = try tree.path(text) } catch { throw call.invalid(error.description) }
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

    private static func sync(_ call: ActionCall, _ name: String, _ paths: [InstancePath]) -> DeviceResult {
        if let refusal = DeviceWork.queued(call, name) { return refusal }
        return DeviceWork.perform(call, name) { (device, access) throws(NEDError) in
            let reading = try access.withSession { (session) throws(NEDError) in try session.reading() }
            let controller = call.controller
            let old = device.child("config")?.mountedTree ?? DataTree(access.driver.model)
            do throws(ControlError) {
                let theirs = try controller.secrets.sealed(reading.tree, like: old)
                let new: DataTree
                do throws(PathError) { new = try taking(paths, from: theirs, into: old) } catch {
                    throw ControlError(.invalidValue, error.description)
                }
                try controller.replaceConfiguration(of: name, with: new, by: call.session)
                // Whoever now has all that the device has is in sync.
                if new.diff(to: theirs).isEmpty { access.noteInSync(reading.transactionID) }
            } catch {
                return .failed(error.message)
            }
            return .ok()
        }
    }

    /// Only such differences are taken over as lie at or below one of the paths.
    private static func taking(
        _ paths: [InstancePath], from theirs: DataTree, into old: DataTree
    ) throws(PathError) -> DataTree {
        var new = old
        for path in paths where old.stored(at: path) { try new.apply(.delete, at: path) }
        let prefixes = paths.map(\.description)
        let additions = ChangeSet(new.diff(to: theirs).dissolvingContainers()).items.filter { item in
            prefixes.contains { ChangeConflict.isWithin(item.path, $0) }
        }
        return try new.applying(ChangeSet(additions))
    }
}

extension DataTree {
    fileprivate func stored(at path: InstancePath) -> Bool {
        guard let last = path.last else { return false }
        if last.keys.isEmpty, last.node.kind == .list || last.node.kind == .leafList { return true }
        return instance(path).map { !$0.isDefault } ?? false
    }
}
