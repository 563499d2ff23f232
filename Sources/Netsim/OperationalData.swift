import Basics
import ConfigTree
import YANG

/// State data of a simulated device: given from files, shown beside its configuration.
enum OperationalData {
    /// What `cdb/operational.xml` holds, or of a device that was given none the state data in the files that it starts
    /// with and in the package's `netsim/oper/NAME.xml`.
    static func load(_ name: String, _ files: DeviceFiles, _ model: DeviceModel) throws(NetsimError) -> DataTree {
        if DurableFiles.exists(files.operational) { return try read(files.operational, model) }
        let own = model.package.directory + "/netsim/oper/\(name).xml"
        var tree = DataTree(model.data)
        for file in files.initialFiles + files.stateFiles + (DurableFiles.exists(own) ? [own] : []) {
            tree = tree.merging(try read(file, model))
        }
        return tree
    }

    /// The state data of a file; configuration in it only leads to them.
    static func read(_ file: String, _ model: DeviceModel) throws(NetsimError) -> DataTree {
        let all = try DeviceStore.tree(file, model, options: DecodeOptions(.lax, content: .all))
        return part(of: all, within: nil)
    }

    static func write(_ tree: DataTree, _ files: DeviceFiles) throws(NetsimError) {
        try DeviceStore.write(files.operational, tree, EncodeOptions(content: .all))
    }

    /// Configuration with its state data: those of entries and presence containers that are configured, or that are state
    /// data themselves.
    static func joined(_ running: DataTree, _ state: DataTree) -> DataTree {
        state.isEmpty ? running : running.merging(part(of: state, within: running))
    }

    private static func part(of tree: DataTree, within running: DataTree?) -> DataTree {
        let draft = RowDraft(tree.model.schema.root)
        _ = fill(draft, tree.rootInstance, running?.rootInstance, isFree: running == nil)
        return DataTree(draft, model: tree.model)
    }

    /// Adds the state data below `here` to `draft`. False if there are none.
    ///
    /// - Parameter isFree: whether what is not configured counts too.
    private static func fill(_ draft: RowDraft, _ here: Instance, _ running: Instance?, isFree: Bool) -> Bool {
        guard let schema = here.childSchema, let row = here.row else { return false }
        var found = false
        for node in schema.dataChildren {
            guard row.hasValue(in: node.slot) || row.kid(in: node.slot) != nil else { continue }
            if !node.isConfig {
                draft.adopt(node, from: row)
                found = true
                continue
            }
            switch node.kind {
            case .container:
                guard let child = here.child(node), child.row != nil else { continue }
                let configured = running?.child(node)
                if node.isPresence, !isFree, configured?.row == nil { continue }
                if fill(draft.container(node), child, configured, isFree: isFree) {
                    found = true
                } else {
                    draft.remove(node)
                }
            case .list:
                for entry in here.entries(node) {
                    let configured = running?.entry(node, entry.keys)
                    if !isFree, configured == nil { continue }
                    if fill(draft.entry(of: node, keys: entry.keys), entry, configured, isFree: isFree) {
                        found = true
                    } else {
                        draft.removeEntry(of: node, keys: entry.keys)
                    }
                }
            default: continue
            }
        }
        return found
    }
}

extension SimulatedDevice {
    /// Configuration and state data. What cannot be read is not shown.
    var operational: DataTree { OperationalData.joined(running, (try? stateData) ?? DataTree(model.data)) }

    /// Replaces the state data, or lays `tree` over them, on disk too.
    func loadState(_ tree: DataTree, isMerge: Bool) throws(NetsimError) {
        let new = isMerge ? try stateData.merging(tree) : tree
        try OperationalData.write(new, files)
        setState(new)
    }
}
