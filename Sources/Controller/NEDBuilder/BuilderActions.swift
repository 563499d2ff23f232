import Basics
import ConfigTree
import ControlProtocol
import Events
import YANG

/// `netconf-ned-builder project FAMILY VERSION …`.
enum BuilderActions {
    private static let project = "/tailf-netconf-ned-builder:netconf-ned-builder/project"

    static let handlers: [String: ActionTable.Handler] = [
        "\(project)/fetch-module-list": { (call, _) throws(ControlError) in
            let key = try key(call)
            try call.controller.builder.fetchList(key, access(call, key), overwrite: call.flag("overwrite"))
        },
        "\(project)/module/select": { (call, _) throws(ControlError) in try select(true, call) },
        "\(project)/module/deselect": { (call, _) throws(ControlError) in try select(false, call) },
        "\(project)/build-ned": { (call, _) throws(ControlError) in
            let key = try key(call)
            let vendor = try entry(call, key).value("vendor") ?? ""
            let date = EventTime(microseconds: call.controller.clock.now()).yangText
            try call.controller.builder.build(key, vendor: vendor, date: date, progress: call.progress)
        },
        "\(project)/make-development-ned": { (call, output) throws(ControlError) in
            let key = try key(call)
            let path = try place(call, "in-directory") + "/" + key.name
            try call.controller.builder.write(key, vendor: entry(call, key).value("vendor") ?? "", to: path)
            output.put("ned-path", path)
        },
        "\(project)/export-ned": { (call, output) throws(ControlError) in
            let path = try call.controller.builder.export(try key(call), to: place(call, "to-directory"))
            output.put("tar-file", path)
        },
    ]

    private static func key(_ call: ActionCall) throws(ControlError) -> BuilderProject.Key {
        guard let keys = call.path.steps.first(where: { $0.node.name == "project" })?.keys, keys.count == 2 else {
            throw call.invalid("the project is missing")
        }
        return BuilderProject.Key(family: keys[0], version: keys[1])
    }

    /// The project in the configuration.
    private static func entry(_ call: ActionCall, _ key: BuilderProject.Key) throws(ControlError) -> Instance {
        let builder = call.controller.running.rootInstance.child("netconf-ned-builder")
        guard let builder, let list = builder.node.dataChild(named: "project"),
            let entry = builder.entry(list, [key.family, key.version])
        else { throw ControlError(.notFound, "there is no project \(key.family) \(key.version)") }
        return entry
    }

    private static func access(_ call: ActionCall, _ key: BuilderProject.Key) throws(ControlError) -> DeviceAccess {
        let entry = try entry(call, key)
        return try call.controller.deviceAccess(entry.value("device") ?? "", as: entry.value("local-user") ?? "admin")
    }

    /// A directory that a parameter names, from the run directory.
    private static func place(_ call: ActionCall, _ name: String) throws(ControlError) -> String {
        let path = try call.required(name)
        return path.hasPrefix("/") ? path : call.controller.configuration.runDirectory + "/" + path
    }

    private static func select(_ isSelected: Bool, _ call: ActionCall) throws(ControlError) {
        let key = try key(call)
        guard let module = call.path.steps.first(where: { $0.node.name == "module" })?.keys, module.count == 2 else {
            throw call.invalid("the module is missing")
        }
        try call.controller.builder.select(isSelected, module[0], module[1], key) { () throws(ControlError) in
            try access(call, key)
        }
    }
}
