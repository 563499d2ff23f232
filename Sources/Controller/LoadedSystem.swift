package import ConfigTree
package import NEDRuntime
package import PackageManager
package import YANG

/// The models and drivers that a generation of packages gives the controller. Immutable.
package final class LoadedSystem: Sendable {
    package let generation: PackageGeneration
    /// The system model: ours and what packages add; a device's `config` is mounted by its ned-id.
    package let model: DataModel
    /// By canonical ned-id.
    package let drivers: [String: Driver]
    let validator: Validator

    package init(generation: PackageGeneration, schema: Schema, drivers: [String: Driver]) {
        self.generation = generation
        self.drivers = drivers
        model = DataModel(schema) { row, point in
            guard let nedID = NEDIDLocation.nedID(of: row, at: point), let driver = drivers[nedID] else { return nil }
            // Below `live-status` and `rpc` is what devices have that tell it by the model.
            guard point.isConfig else { return driver.readsState ? driver.model : nil }
            return NEDIDLocation.isInTemplate(point) ? driver.model.forTemplates : driver.model
        }
        validator = Validator(model)
    }

    /// The same models under another generation, whose drivers are over them too.
    init(generation: PackageGeneration, drivers: [String: Driver], keepingModelOf other: LoadedSystem) {
        self.generation = generation
        self.drivers = drivers
        model = other.model
        validator = other.validator
    }

    package func driver(_ nedID: String) -> Driver? {
        drivers[nedID] ?? (nedID == Driver.withoutModel.nedID ? .withoutModel : nil)
    }
}

/// Where a device or template entry of our model says which driver it has.
package enum NEDIDLocation {
    /// Whether what is mounted at `point` is a template's, which takes any values.
    static func isInTemplate(_ point: SchemaNode) -> Bool { point.dataParent?.name == "ned-id" }

    /// The ned-id of the entry that holds `point`, from its `device-type`, or its key in a template.
    static func nedID(of entry: Row, at point: SchemaNode) -> String? {
        guard let list = point.dataParent else { return nil }
        if let key = list.keys.first, list.name == "ned-id" { return entry.value(in: key.slot) }
        guard let types = list.dataChild(named: "device-type"), let row = entry.child(in: types.slot) else {
            return nil
        }
        for kind in types.dataChildren {
            guard let inner = row.child(in: kind.slot), let leaf = kind.dataChild(named: "ned-id") else { continue }
            return inner.value(in: leaf.slot)
        }
        return nil
    }

    /// The ned-id of a device instance.
    package static func nedID(of device: Instance) -> String? {
        guard let row = device.row, let point = device.node.dataChild(named: "config") else { return nil }
        return nedID(of: row, at: point)
    }

    /// The leaf that holds the ned-id of a device, as a path.
    package static func path(of device: Instance) -> InstancePath? {
        guard let types = device.child("device-type") else { return nil }
        for kind in types.node.dataChildren where types.row?.child(in: kind.slot) != nil {
            guard let leaf = kind.dataChild(named: "ned-id") else { continue }
            return device.path.appending(types.node).appending(kind).appending(leaf)
        }
        return nil
    }
}
