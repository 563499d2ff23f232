import ConfigTree
import ControlProtocol
import NEDRuntime
import YANG

/// `add-capability`, `find-capabilities`, `copy-capabilities` and `capability URI remove`: what a device is to have before
/// it was ever reached, and what profiles have for others to copy.
///
/// What a device announced itself stays: these actions prepare, they do not override.
enum CapabilityActions {
    static let handlers: [String: ActionTable.Handler] = [
        "add-capability": { (call, output) throws(ControlError) in answer(call, output, add) },
        "find-capabilities": { (call, output) throws(ControlError) in answer(call, output, find) },
        "copy-capabilities": { (call, output) throws(ControlError) in answer(call, output, copy) },
        "capability/remove": { (call, output) throws(ControlError) in answer(call, output, remove) },
    ]

    private static func answer(
        _ call: ActionCall, _ output: RowDraft,
        _ work: (ActionCall, CapabilityStore.Holder) throws(ControlError) -> [DeviceCapability]
    ) {
        do throws(ControlError) {
            let holder = try holder(call)
            let store = call.controller.devices.capabilities
            if case .device(let name) = holder, store.isAnnounced(holder) {
                throw call.invalid("Device \(name) announces its capabilities itself, and those hold")
            }
            try store.provision(try work(call, holder), for: holder)
            output.put("result", true)
        } catch {
            output.put("result", false)
            output.put("info", error.message)
        }
    }

    private static func holder(_ call: ActionCall) throws(ControlError) -> CapabilityStore.Holder {
        if call.path.steps.contains(where: { $0.node.name == "profile" }) {
            let name = try call.key(of: "profile")
            guard call.controller.running.profile(name) != nil else {
                throw ControlError(.notFound, "there is no profile \(name)")
            }
            return .profile(name)
        }
        let name = try call.key(of: "device")
        guard call.controller.running.device(name) != nil else {
            throw ControlError(.notFound, "there is no device \(name)")
        }
        return .device(name)
    }

    /// The driver that is named, or that of the device.
    private static func driver(
        _ call: ActionCall, _ holder: CapabilityStore.Holder
    ) throws(ControlError) -> Driver {
        if let nedID = call.text("ned-id") {
            if let driver = call.controller.system.driver(nedID) { return driver }
            let short = nedID.split(separator: ":").last ?? ""
            throw ControlError(.notFound, "no loaded package has ned-id \(short); load one with packages add")
        }
        guard case .device(let name) = holder else {
            throw call.invalid("a profile has no driver; give its ned-id")
        }
        guard let nedID = call.controller.running.device(name).flatMap({ NEDIDLocation.nedID(of: $0) }),
            let driver = call.controller.system.driver(nedID)
        else { throw ControlError(.device, "Device \(name) does not have a Network Element Driver registered") }
        return driver
    }

    // MARK: The actions

    private static func known(_ call: ActionCall, _ holder: CapabilityStore.Holder) -> [DeviceCapability] {
        call.controller.devices.known(holder, call.controller.running, call.controller.system)
    }

    private static func find(
        _ call: ActionCall, _ holder: CapabilityStore.Holder
    ) throws(ControlError) -> [DeviceCapability] {
        try driver(call, holder).capabilities
    }

    private static func copy(
        _ call: ActionCall, _ holder: CapabilityStore.Holder
    ) throws(ControlError) -> [DeviceCapability] {
        let from: CapabilityStore.Holder
        let name: String
        if let device = call.text("from-device") {
            (from, name) = (.device(device), "device \(device)")
        } else {
            let profile = try call.required("from-profile")
            (from, name) = (.profile(profile), "profile \(profile)")
        }
        let found = known(call, from)
        guard !found.isEmpty else { throw call.invalid("no capabilities of \(name) are known") }
        return found
    }

    /// One capability, or every module of a driver; what has the same URI or module is replaced.
    private static func add(
        _ call: ActionCall, _ holder: CapabilityStore.Holder
    ) throws(ControlError) -> [DeviceCapability] {
        let added = try added(call, holder)
        let names = Set(added.compactMap(\.module?.name))
        let uris = Set(added.map(\.uri))
        return known(call, holder).filter { old in
            !uris.contains(old.uri) && old.module.map { !names.contains($0.name) } != false
        } + added
    }

    private static func added(
        _ call: ActionCall, _ holder: CapabilityStore.Holder
    ) throws(ControlError) -> [DeviceCapability] {
        if let uri = call.text("uri") { return [DeviceCapability(uri: uri)] }
        let driver = try driver(call, holder)
        guard let name = call.text("module") else { return driver.capabilities }
        guard let module = driver.model.schema.modules.first(where: { $0.name == name }) else {
            throw ControlError(.notFound, "the driver \(driver.shortID) has no module \(name)")
        }
        let announced = AnnouncedModule(
            name: name, revision: call.text("revision") ?? module.revision ?? "", features: call.list("feature"),
            deviations: call.list("deviation"))
        return [DeviceCapability(announced, namespace: module.namespace)]
    }

    private static func remove(
        _ call: ActionCall, _ holder: CapabilityStore.Holder
    ) throws(ControlError) -> [DeviceCapability] {
        let uri = try call.key(of: "capability")
        let old = known(call, holder)
        let rest = old.filter { $0.uri != uri }
        guard rest.count < old.count else { throw ControlError(.notFound, "there is no capability \(uri)") }
        return rest
    }
}

extension DeviceManager {
    /// The capabilities that a device or profile is known to have: as it announced them, as they were written down, or,
    /// for a device that was reached and announces none, as its driver has them.
    func known(_ holder: CapabilityStore.Holder, _ tree: DataTree, _ system: LoadedSystem) -> [DeviceCapability] {
        let stored = capabilities.capabilities(of: holder)
        guard stored.isEmpty, case .device(let name) = holder, let device = tree.device(name),
            let driver = NEDIDLocation.nedID(of: device).flatMap({ system.driver($0) })
        else { return stored }
        let record = record(name)
        guard record.announcement.modules.isEmpty else {
            let namespaces = Dictionary(
                driver.model.schema.modules.map { ($0.name, $0.namespace) }, uniquingKeysWith: { first, _ in first })
            return record.announcement.modules.compactMap { module in
                namespaces[module.name].map { DeviceCapability(module, namespace: $0) }
            }
        }
        return record.lastConnected == nil ? [] : driver.capabilities
    }
}
