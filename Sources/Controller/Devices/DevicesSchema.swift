import ConfigTree
import YANG

/// The nodes of our model under which devices stand.
struct DevicesSchema: Sendable {
    let devices: SchemaNode
    let device: SchemaNode
    let config: SchemaNode

    init?(_ schema: Schema) {
        guard let devices = schema.root.dataChild(named: "devices", module: "tailf-ncs"),
            let device = devices.dataChild(named: "device"), let config = device.dataChild(named: "config")
        else { return nil }
        self.devices = devices
        self.device = device
        self.config = config
    }

    func path(_ name: String) -> InstancePath { InstancePath().appending(devices).appending(device, keys: [name]) }
    func configPath(_ name: String) -> InstancePath { path(name).appending(config) }
}

extension DataTree {
    /// The device of that name, with the way back to the root.
    func device(_ name: String) -> Instance? {
        guard let schema = DevicesSchema(model.schema) else { return nil }
        return instance(schema.path(name))
    }

    /// The profile of that name.
    func profile(_ name: String) -> Instance? {
        guard let profiles = rootInstance.child("devices")?.child("profiles"),
            let list = profiles.node.dataChild(named: "profile")
        else { return nil }
        return profiles.entry(list, [name])
    }

    /// All devices, in order of their names.
    func allDevices() -> [Instance] {
        guard let schema = DevicesSchema(model.schema), let devices = rootInstance.child(schema.devices) else {
            return []
        }
        return Array(devices.entries(schema.device))
    }

    /// The tree with what a device holds replaced by `config` (nil: nothing).
    func settingDeviceConfig(_ name: String, to config: DataTree?) throws(PathError) -> DataTree {
        guard let schema = DevicesSchema(model.schema) else { throw PathError(.unknownNode, "no devices in the model") }
        return try replacingMount(at: schema.configPath(name), with: config)
    }
}
