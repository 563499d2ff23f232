import ConfigTree
import ControlProtocol
import Migration
import NEDRuntime
import YANG

/// `devices device X migrate` and `devices migrate`: another driver for devices that stay what they are. Nothing is
/// ever sent to a device.
enum MigrateAction {
    static func migrateAll(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        let old = try call.required("old-ned-id")
        let running = call.controller.running
        let names = try DeviceActions.selected(call).filter { name in
            running.device(name).flatMap(NEDIDLocation.nedID) == old
        }
        guard !names.isEmpty else {
            throw ControlError(
                .notFound, "no device of the selection has ned-id \(old.split(separator: ":").last ?? "")")
        }
        try migrate(call, output, names)
    }

    static func migrate(_ call: ActionCall, _ output: RowDraft, _ names: [String]) throws(ControlError) {
        let newID = try call.required("new-ned-id")
        guard let driver = call.controller.system.driver(newID) else {
            let short = newID.split(separator: ":").last ?? ""
            throw ControlError(.notFound, "no loaded package has ned-id \(short); load one with packages add")
        }
        var reported: Set<ObjectIdentifier> = []
        for name in names {
            let result = Result { () throws(ControlError) in try one(call, name, driver) }
            let item =
                call.path.steps.contains { $0.node.name == "device" }
                ? output : output.item("migrate-result", name)
            switch result {
            case .success(let migration):
                if !call.flag("suppress-positive-result") || migration.info != nil { item.put("result", true) }
                if let info = migration.info { item.put("info", info) }
                if let old = migration.oldDriver, reported.insert(ObjectIdentifier(old)).inserted {
                    report(call, output, old, driver, migration)
                }
            case .failure(let error):
                item.put("result", false)
                item.put("info", error.message)
            }
        }
    }

    private struct Migration {
        var oldDriver: Driver?
        var instances: DataTree
        var losses: [Loss]
        var info: String?
    }

    private static func one(_ call: ActionCall, _ name: String, _ driver: Driver) throws(ControlError) -> Migration {
        let controller = call.controller
        guard let device = controller.running.device(name), let leaf = NEDIDLocation.path(of: device),
            let oldID = NEDIDLocation.nedID(of: device)
        else { throw ControlError(.notFound, "there is no device \(name) with a ned-id") }
        guard oldID != driver.nedID else {
            throw ControlError(.invalidValue, "Device \(name) has ned-id \(driver.shortID) already")
        }
        let old = device.child("config")?.mountedTree
        let carried = DataCarrier.carry(old ?? DataTree(driver.model), to: driver.model)
        var migration = Migration(
            oldDriver: controller.system.driver(oldID), instances: old ?? DataTree(driver.model), losses: carried.losses
        )
        migration.info = lossText(carried.losses)
        if call.flag("dry-run") { return migration }
        var data = carried.tree
        var transactionID: String?
        if !call.flag("no-networking") {
            let reading = try read(call, device, driver)
            data = try controller.secrets.sealed(reading.tree, like: carried.tree)
            transactionID = reading.transactionID
        }
        try controller.changeDriver(of: name, leaf: leaf, to: driver.nedID, with: data, by: call.session)
        controller.devices.disconnect(name)
        if let transactionID { controller.devices.noteInSync(name, transactionID) }
        return migration
    }

    /// What the device holds, as the new driver reads it.
    private static func read(_ call: ActionCall, _ device: Instance, _ driver: Driver) throws(ControlError)
        -> DeviceReading
    {
        let addressing = try DeviceAddressing(device, localUser: call.session.user.name)
        try addressing.requireUnlocked()
        let access = try call.controller.devices.access(
            device, driver: driver, localUser: call.session.user.name)
        do throws(NEDError) {
            return try access.withSession { (session) throws(NEDError) in try session.show() }
        } catch {
            throw ControlError(.connection, access.masked(error.operatorText))
        }
    }

    private static func lossText(_ losses: [Loss]) -> String? {
        guard !losses.isEmpty else { return nil }
        let lines = losses.prefix(50).map { "\($0.path): \($0.reason) (\($0.instances) instances)" }
        return "not carried over:\n" + lines.joined(separator: "\n")
    }

    /// The differences of the models; by default those that concern nobody's data are left out only on request.
    private static func report(
        _ call: ActionCall, _ output: RowDraft, _ old: Driver, _ new: Driver, _ migration: Migration
    ) {
        let mode = call.text("suppress-modified-paths")
        guard mode != "all", call.flag("dry-run") || call.flag("verbose") else { return }
        let changes = SchemaComparison(from: old.model.schema, to: new.model.schema).changes
        let hidesUnused = mode == "without-instance-data"
        changes.filter { !hidesUnused || $0.hasInstances(in: migration.instances) }.report(to: output)
    }
}
