import ConfigTree
import YANG

/// What `/devices/device` has of state.
struct OperationalDevices: OperationalProvider {
    let path = "/devices"
    let devices: DeviceManager
    let queue: CommitQueueKeeper
    let notifications: NotificationKeeper

    func fill(_ node: RowDraft, _ moment: OperationalMoment) {
        guard let schema = DevicesSchema(moment.tree.model.schema), schema.devices == node.node else { return }
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
            notifications.fill(entry, name, moment)
            for module in record.announcement.modules {
                let item = entry.item("module", module.name)
                if !module.revision.isEmpty { item.put("revision", module.revision) }
                for feature in module.features { item.put("feature", feature) }
                for deviation in module.deviations { item.put("deviation", deviation) }
            }
        }
    }
}
