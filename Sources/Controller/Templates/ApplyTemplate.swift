import ConfigTree
import ControlProtocol
import NEDRuntime
import Secrets
import YANG

/// `apply-template`: a named template over one device, a group or a selection.
///
/// All devices or none: where the template does not fit one of them, nothing is changed and every fault is named with its
/// device and path. In configuration mode the change stays in the session's candidate.
enum ApplyTemplate {
    /// What a device's own name and the template's are called in expressions.
    private static let reserved = ["DEVICE", "TEMPLATE_NAME"]

    static let handler: ActionTable.Handler = { (call, output) throws(ControlError) in
        let name = try call.required("template-name")
        let names = try DeviceSelection.names(call)
        let variables = call.input.entries("variable").map { ($0.keys.first ?? "", $0.value("value") ?? "") }
        for variable in variables where reserved.contains(variable.0) {
            throw call.invalid("variable \(variable.0) is set by the system and takes no value")
        }
        var results: [(device: String, result: String, info: String?)] = []
        let debug = call.watcher.template.map { $0 == name } != false ? call.watcher.templates : nil
        try call.change("apply-template \(name)") { (tree) throws(ControlError) in
            let template = try entry(name, tree)
            var (changed, faults) = (tree, [String]())
            for device in names {
                let outcome = try apply(call, template, variables, device, tree)
                if let debug { outcome.steps.forEach(debug) }
                results.append((device, outcome.result, outcome.info))
                faults += outcome.faults.map { "Device \(device): \($0)" }
                guard faults.isEmpty, let config = outcome.config else { continue }
                do throws(PathError) { changed = try changed.settingDeviceConfig(device, to: config) } catch {
                    throw ControlError(.invalidValue, error.description)
                }
            }
            guard faults.isEmpty else { throw refusal(name, faults) }
            return changed
        }
        for item in results where !(call.flag("suppress-positive-result") && item.result == "ok") {
            let row = output.item("apply-template-result", item.device)
            row.put("result", item.result)
            if let info = item.info { row.put("info", info) }
        }
    }

    /// What was done as it may be shown: without the secrets of the device, old and new.
    private static func masked(_ steps: [String], _ trees: [DataTree], _ call: ActionCall) -> [String] {
        if call.watcher.templates == nil { return [] }
        let mask = SecretMask(trees.flatMap { call.controller.secrets.plainTexts($0) })
        return steps.map { mask.mask($0) }
    }

    private static func refusal(_ name: String, _ faults: [String]) -> ControlError {
        let shown = faults.prefix(50).joined(separator: "\n")
        let rest = faults.count > 50 ? "\n… and \(faults.count - 50) more" : ""
        return ControlError(.invalidValue, "template \(name) is not applied:\n\(shown)\(rest)")
    }

    private static func entry(_ name: String, _ tree: DataTree) throws(ControlError) -> Instance {
        guard let devices = tree.rootInstance.child("devices"), let list = devices.node.dataChild(named: "template"),
            let entry = devices.entry(list, [name])
        else { throw ControlError(.notFound, "there is no template \(name)") }
        return entry
    }

    private struct Outcome {
        var result: String
        var info: String?
        /// What the device has then; nil if it stays as it is.
        var config: DataTree?
        var faults: [String] = []
        /// What was done, for `debug template`.
        var steps: [String] = []
    }

    private static func apply(
        _ call: ActionCall, _ template: Instance, _ variables: [(String, String)], _ name: String, _ tree: DataTree
    ) throws(ControlError) -> Outcome {
        let controller = call.controller
        guard let device = tree.device(name) else { throw ControlError(.notFound, "there is no device \(name)") }
        guard let nedID = NEDIDLocation.nedID(of: device) else {
            throw ControlError(.device, "Device \(name) does not have a ned-id")
        }
        guard let driver = controller.system.driver(nedID) else {
            throw ControlError(
                .device, "Device \(name): no loaded package has ned-id \(nedID.split(separator: ":").last ?? "")")
        }
        let record = controller.devices.record(name)
        let provisioned = controller.devices.capabilities.capabilities(of: .device(name)).compactMap(\.module?.name)
        let isKnown = record.lastConnected != nil || !record.announcement.modules.isEmpty || !provisioned.isEmpty
        guard isKnown || call.flag("accept-empty-capabilities") else {
            let info = "No capabilities found for device: \(name). Has a sync-from the device been performed?"
            return Outcome(result: "no-capabilities", info: info)
        }
        let none = Outcome(result: "no-namespace", info: "No matching namespaces found for device: \(name).")
        guard let part = template.entries("ned-id").first(where: { $0.keys.first == nedID })?.child("config"),
            part.mountedTree != nil
        else { return none }
        let old = device.child("config")?.mountedTree ?? DataTree(driver.model)
        var scope = TemplateScope([tree.model.schema, driver.model.schema])
        scope.variables["DEVICE"] = TemplateScope.literal(name)
        scope.variables["TEMPLATE_NAME"] = TemplateScope.literal(template.keys.first ?? "")
        let context = DataNode(device)
        for (variable, text) in variables {
            do throws(TemplateText.Fault) { try scope.bind(variable, to: text, at: context) } catch {
                return Outcome(result: "ok", faults: ["variable \(variable): \(error.message)"])
            }
        }
        var modules: Set<String>?
        if case .netconf = driver.kind {
            let announced = record.announcement.modules.map(\.name)
            let known = announced.isEmpty ? provisioned : announced
            if !known.isEmpty { modules = Set(known) }
        }
        var applier = TemplateApplier(
            old, of: name, scope, modules: modules, isTold: call.watcher.templates != nil,
            open: controller.secrets.open)
        applier.apply(part, at: context)
        let steps = masked(applier.steps, [old, applier.tree], call)
        guard applier.faults.isEmpty else { return Outcome(result: "ok", faults: applier.faults, steps: steps) }
        guard applier.hasMatch else { return none }
        return Outcome(result: "ok", config: try controller.secrets.sealed(applier.tree, like: old), steps: steps)
    }
}
