import ConfigTree
import ControlProtocol
import Migration
import NEDRuntime
import YANG

/// Actions on device templates.
enum TemplateActions {
    static let handlers: [String: ActionTable.Handler] = ["/tailf-ncs:devices/template/ned-id/copy": copy]

    /// What a template has for one driver, for another as well: carried over as a migration carries data, by the map of
    /// the package that it goes to. What finds no place is named.
    private static let copy: ActionTable.Handler = { (call, output) throws(ControlError) in
        let name = try call.key(of: "template")
        let (from, to) = (try call.key(of: "ned-id"), try call.required("ned-id"))
        let controller = call.controller
        guard from != to else { throw call.invalid("the template has that ned-id already") }
        func driver(_ nedID: String) throws(ControlError) -> Driver {
            if let driver = controller.system.driver(nedID) { return driver }
            let short = nedID.split(separator: ":").last ?? ""
            throw ControlError(.notFound, "no loaded package has ned-id \(short); load one with packages add")
        }
        let (old, new) = (try driver(from), try driver(to))
        let found = try MigrationMapFiles.map(from: old, to: new, in: controller.system)
        let entry = call.path.parent
        guard let list = entry.last?.node, let point = list.dataChild(named: "config") else {
            throw ControlError(.internalFault, "\(entry) is no template")
        }
        let target = entry.parent.appending(list, keys: [to])
        let running = controller.running
        guard let config = running.instance(entry)?.child("config")?.mountedTree else {
            throw ControlError(.notFound, "template \(name) has no configuration for \(old.shortID)")
        }
        guard running.instance(target)?.child("config")?.mountedTree == nil else {
            throw ControlError(
                .conflict, "template \(name) has a configuration for \(new.shortID) already; delete that first")
        }
        let model = new.model.forTemplates
        let bound = found.map(from: config.model, to: model)
        let carried = DataCarrier.carry(config, to: model, plans: CarryPlans { _, _ in bound })
        try controller.changeRunning(by: call.session, label: "copy template \(name)") { (tree) throws(PathError) in
            try tree.applying(.create, at: target)
                .replacingMount(at: target.appending(point), with: carried.tree)
        }
        output.put("result", true)
        if let info = EventLines(isVerbose: false).text(carried) { output.put("info", info) }
    }
}
