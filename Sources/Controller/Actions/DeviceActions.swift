import ConfigTree
import ControlProtocol
import Foundation
import NEDRuntime
import Synchronization
import YANG

/// `devices device X …` and `devices …`: the same work for one device or for a selection.
enum DeviceActions {
    static let perDevice: [String: ActionTable.Handler] = [
        "connect": { (call, output) throws(ControlError) in try one(call, output, DeviceWork.connect) },
        "disconnect": { (call, _) throws(ControlError) in call.controller.devices.disconnect(try call.key(of: "device"))
        },
        "ping": { (call, output) throws(ControlError) in try one(call, output, DeviceWork.ping) },
        "sync-from": { (call, output) throws(ControlError) in try one(call, output, DeviceWork.syncFrom) },
        "sync-to": { (call, output) throws(ControlError) in try one(call, output, DeviceWork.syncTo) },
        "check-sync": { (call, output) throws(ControlError) in try one(call, output, DeviceWork.checkSync) },
        "compare-config": { (call, output) throws(ControlError) in try one(call, output, DeviceWork.compareConfig) },
        "check-yang-modules": { (call, output) throws(ControlError) in try one(call, output, DeviceWork.checkModules) },
        "ssh/fetch-host-keys": { (call, output) throws(ControlError) in try one(call, output, DeviceWork.fetchHostKeys)
        },
        "migrate": { (call, output) throws(ControlError) in
            try MigrateAction.migrate(call, output, [call.key(of: "device")])
        },
        "live-status/exec/any": { (call, output) throws(ControlError) in
            try one(call, output, NativeWork.execute)
        },
        "scp-to": { (call, output) throws(ControlError) in try one(call, output, FileWork.copyTo) },
        "scp-from": { (call, output) throws(ControlError) in try one(call, output, FileWork.copyFrom) },
        "instantiate-from-other-device": { (call, output) throws(ControlError) in try instantiate(call, output) },
        "load-native-config": { (call, output) throws(ControlError) in try one(call, output, NativeWork.load) },
        "partial-sync-from": { (call, output) throws(ControlError) in try one(call, output, PartialSync.from) },
        "partial-sync-to": { (call, output) throws(ControlError) in try one(call, output, PartialSync.to) },
        "delete-config": { (call, output) throws(ControlError) in try one(call, output, DeviceWork.deleteConfig) },
        "clear-trace": { (call, _) throws(ControlError) in
            call.controller.clearTraces(of: try call.key(of: "device"))
        },
    ]

    /// `devices device-group G …`: as for all devices, for the members.
    static let perGroup: [String: ActionTable.Handler] = global.filter {
        [
            "connect", "disconnect", "sync-from", "sync-to", "check-sync", "check-yang-modules", "fetch-ssh-host-keys",
        ].contains($0.key)
    }

    static let global: [String: ActionTable.Handler] = [
        "connect": { (call, output) throws(ControlError) in try all(call, output, "connect-result", DeviceWork.connect)
        },
        "disconnect": { (call, _) throws(ControlError) in
            for name in try DeviceSelection.names(call) { call.controller.devices.disconnect(name) }
        },
        "sync-from": { (call, output) throws(ControlError) in try all(call, output, "sync-result", DeviceWork.syncFrom)
        },
        "sync-to": { (call, output) throws(ControlError) in try all(call, output, "sync-result", DeviceWork.syncTo) },
        "check-sync": { (call, output) throws(ControlError) in
            try all(call, output, "sync-result", DeviceWork.checkSync)
        },
        "check-yang-modules": { (call, output) throws(ControlError) in
            try all(call, output, "check-result", DeviceWork.checkModules)
        },
        "fetch-ssh-host-keys": { (call, output) throws(ControlError) in
            try all(call, output, "fetch-result", DeviceWork.fetchHostKeys)
        },
        "migrate": { (call, output) throws(ControlError) in try MigrateAction.migrateAll(call, output) },
        "partial-sync-from": { (call, output) throws(ControlError) in
            try PartialSync.syncFromAll(call, output)
        },
        "partial-sync-to": { (call, output) throws(ControlError) in try PartialSync.syncToAll(call, output) },
        "list": { (call, output) throws(ControlError) in list(call, output) },
        "clear-trace": { (call, _) throws(ControlError) in
            for name in try DeviceSelection.names(call) { call.controller.clearTraces(of: name) }
        },
    ]

    private static func one(_ call: ActionCall, _ output: RowDraft, _ work: DeviceWork.Kind) throws(ControlError) {
        let name = try call.key(of: "device")
        bracketed(call, name, work).write(to: output)
    }

    /// The configuration of another device of the same driver, in place of what the device has.
    private static func instantiate(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        let (name, other) = (try call.key(of: "device"), try call.required("device-name"))
        try call.change("instantiate-from-other-device \(name)") { (tree) throws(ControlError) in
            guard let device = tree.device(name), let source = tree.device(other) else {
                throw ControlError(.notFound, "there is no device \(tree.device(name) == nil ? name : other)")
            }
            let nedID = NEDIDLocation.nedID(of: source)
            guard nedID != nil, NEDIDLocation.nedID(of: device) == nedID else {
                throw call.invalid("devices \(name) and \(other) have different ned-ids")
            }
            do throws(PathError) {
                return try tree.settingDeviceConfig(name, to: source.child("config")?.mountedTree)
            } catch {
                throw ControlError(.invalidValue, error.description)
            }
        }
        output.put("result", true)
    }

    /// The work on one device as a step with a beginning and an end, for those who watch.
    private static func bracketed(_ call: ActionCall, _ name: String, _ work: DeviceWork.Kind) -> DeviceResult {
        let phase = call.path.last?.node.name ?? ""
        let start = call.trace.begin(phase, device: name)
        let result = work(call, name)
        call.trace.end(phase, since: start, result.isPositive ? "ok" : "failed", device: name)
        return result
    }

    private static func all(
        _ call: ActionCall, _ output: RowDraft, _ listName: String, _ work: @escaping DeviceWork.Kind
    ) throws(ControlError) {
        try all(call, output, listName, try DeviceSelection.names(call), work)
    }

    /// Works on devices in parallel; one that fails does not stop the others. Whoever asked sees results as they come, in
    /// the order of the names.
    static func all(
        _ call: ActionCall, _ output: RowDraft, _ listName: String, _ names: [String],
        _ work: @escaping DeviceWork.Kind
    ) throws(ControlError) {
        let suppressesPositive = call.flag("suppress-positive-result")
        let suppressesUnchanged = call.flag("suppress-unchanged-result")
        DeviceWork.inOrder(names) {
            bracketed(call, $0, work)
        } take: { results in
            let shown = results.filter { _, result in
                !result.isPositive || !(suppressesPositive || suppressesUnchanged && result.isUnchanged)
            }
            guard let parts = call.parts, names.count > 1 else {
                for (name, result) in shown { result.write(to: output.item(listName, name)) }
                return
            }
            if shown.isEmpty { return }
            let part = RowDraft(output.node)
            for (name, result) in shown { result.write(to: part.item(listName, name)) }
            parts.take(
                ActionOutput(node: output.node, content: part.freeze(in: call.input.model), model: call.input.model))
        }
    }

    private static func list(_ call: ActionCall, _ output: RowDraft) {
        for device in call.controller.running.allDevices() {
            let item = output.item("device", device.keys.first ?? "")
            item.put("address", device.value("address") ?? "-")
            item.put("description", device.value("description") ?? "-")
            let nedID = NEDIDLocation.nedID(of: device) ?? "-"
            item.put("ned-id", nedID.split(separator: ":").last.map(String.init) ?? nedID)
            item.put("admin-state", device.child("state")?.value("admin-state") ?? "-")
        }
    }
}
