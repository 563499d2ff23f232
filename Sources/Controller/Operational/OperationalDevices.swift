import ConfigTree
import NEDRuntime
import YANG

/// What `/devices/device` has of state.
struct OperationalDevices: OperationalProvider {
    let path = "/devices"
    let devices: DeviceManager
    let queue: CommitQueueKeeper
    let notifications: NotificationKeeper

    func fill(_ node: RowDraft, _ moment: OperationalMoment) {
        guard let schema = DevicesSchema(moment.tree.model.schema), schema.devices == node.node else { return }
        let groups = fillGroups(node, moment)
        for device in moment.tree.allDevices() {
            guard let name = device.keys.first else { continue }
            let record = devices.record(name)
            let entry = node.entry(of: schema.device, keys: [name])
            let state = entry.inner("state")
            state.put("oper-state", record.operState)
            if let id = record.transactionID { state.put("last-transaction-id", id) }
            entry.inner("commit-queue").put("queue-length", "\(queue.length(of: name))")
            if let time = record.lastConnected { entry.put("last-connected", time) }
            if let time = record.lastInSync { entry.put("last-in-sync", time) }
            for group in groups[name] ?? [] { entry.put("device-group", group) }
            notifications.fill(entry, name, moment)
            fill(entry, devices.known(.device(name), moment.tree, moment.system), record.announcement.modules)
        }
        fillProfiles(node, moment)
    }

    /// The members of groups. Gives the groups that each device is in.
    private func fillGroups(_ node: RowDraft, _ moment: OperationalMoment) -> [String: [String]] {
        var groups: [String: [String]] = [:]
        for group in DeviceSelection.groups(in: moment.tree) {
            let entry = node.item("device-group", group.name)
            for name in group.members {
                entry.put("member", name)
                groups[name, default: []].append(group.name)
            }
        }
        return groups
    }

    /// What profiles have written down for devices to copy.
    private func fillProfiles(_ node: RowDraft, _ moment: OperationalMoment) {
        for name in devices.capabilities.profiles.sorted() where moment.tree.profile(name) != nil {
            guard let list = node.node.dataChild(named: "profiles")?.dataChild(named: "profile") else { return }
            let entry = node.inner("profiles").entry(of: list, keys: [name])
            fill(entry, devices.capabilities.capabilities(of: .profile(name)), [])
        }
    }

    /// - Parameter modules: those that the device told of by other means than its capabilities.
    private func fill(_ entry: RowDraft, _ capabilities: [DeviceCapability], _ modules: [AnnouncedModule]) {
        func put(_ module: AnnouncedModule, _ item: RowDraft) {
            if !module.revision.isEmpty { item.put("revision", module.revision) }
            for feature in module.features { item.put("feature", feature) }
            for deviation in module.deviations { item.put("deviation", deviation) }
        }
        for capability in capabilities {
            let item = entry.item("capability", capability.uri)
            guard let module = capability.module else { continue }
            item.put("module", module.name)
            put(module, item)
        }
        let all = modules.isEmpty ? capabilities.compactMap(\.module) : modules
        for module in all { put(module, entry.item("module", module.name)) }
    }
}
