import CLIGrammar
import ConfigTree
import ControlProtocol
import YANG

/// Which devices an action is about: those of its path, or those that its parameters select; all without any.
///
/// Names may be ranges and patterns (`ce0..3`, `ce*`, `*`). What is named several times is worked on once, in the order in
/// which it was named first.
struct DeviceSelection {
    private let tree: DataTree
    private let devices: Instance
    private let all: [String]
    private let known: Set<String>

    private init?(_ tree: DataTree) {
        guard let devices = tree.rootInstance.child("devices") else { return nil }
        self.tree = tree
        self.devices = devices
        all = tree.allDevices().compactMap { $0.keys.first }
        known = Set(all)
    }

    static func names(_ call: ActionCall) throws(ControlError) -> [String] {
        guard let selection = DeviceSelection(call.tree) else { return [] }
        if let device = call.path.steps.first(where: { $0.node.name == "device" })?.keys.first {
            return try selection.names(matching: device)
        }
        var names: [String] = []
        let group = call.path.steps.first { $0.node.name == "device-group" }?.keys.first
        if let group { names += try selection.members(of: group, []) }
        let (patterns, groups) = (call.list("device"), call.list("device-group"))
        for pattern in patterns { names += try selection.names(matching: pattern) }
        for group in groups { names += try selection.members(of: group, []) }
        let expression = call.text("device-select")
        if let expression { names += try selection.names(selectedBy: expression) }
        if group == nil, patterns.isEmpty, groups.isEmpty, expression == nil { return selection.all }
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    /// The members of each device group, directly or not; of a group that names what is not there, none.
    static func groups(in tree: DataTree) -> [(name: String, members: [String])] {
        guard let selection = DeviceSelection(tree) else { return [] }
        return selection.devices.entries("device-group").compactMap { $0.keys.first }.map { group in
            var seen: Set<String> = []
            let names = (try? selection.members(of: group, [])) ?? []
            return (group, names.filter { seen.insert($0).inserted })
        }
    }

    private func names(matching text: String) throws(ControlError) -> [String] {
        if known.contains(text) { return [text] }
        let pattern = KeyPattern(text)
        guard pattern.isPattern else { throw ControlError(.notFound, "there is no device \(text)") }
        let names = all.filter { pattern.matches($0) }
        guard !names.isEmpty else { throw ControlError(.notFound, "no device matches \(text)") }
        return names
    }

    /// The devices of a group and of the groups in it.
    private func members(of group: String, _ above: Set<String>) throws(ControlError) -> [String] {
        guard let list = devices.node.dataChild(named: "device-group"), let entry = devices.entry(list, [group]) else {
            throw ControlError(.notFound, "there is no device-group \(group)")
        }
        guard !above.contains(group) else { return [] }
        var names = entry.node.dataChild(named: "device-name").map { entry.values($0) } ?? []
        for name in names where !known.contains(name) {
            throw ControlError(.notFound, "there is no device \(name), which device-group \(group) names")
        }
        for inner in entry.node.dataChild(named: "device-group").map({ entry.values($0) }) ?? [] {
            names += try members(of: inner, above.union([group]))
        }
        return names
    }

    /// An expression that names nodes of devices selects those devices; any other, the devices at which it is true. Paths
    /// begin at the root or at `devices`.
    private func names(selectedBy text: String) throws(ControlError) -> [String] {
        let scope = TemplateScope([tree.model.schema])
        var names: [String] = []
        do throws(TemplateText.Fault) {
            if case .nodeSet(let nodes) = try scope.value(text, at: DataNode(devices)) {
                names = nodes.sorted { $0.precedes($1) }.compactMap { Self.device(of: $0.instance) }
            } else {
                for device in tree.allDevices() where try scope.value(text, at: DataNode(device)).boolean {
                    names += device.keys
                }
            }
        } catch {
            throw ControlError(.invalidValue, "device-select: \(error.message)")
        }
        guard !names.isEmpty else { throw ControlError(.notFound, "device-select “\(text)” selects no device") }
        return names
    }

    private static func device(of instance: Instance) -> String? {
        var here: Instance? = instance
        while let current = here {
            if current.node.kind == .list, current.node.name == "device", current.parent?.node.name == "devices" {
                return current.keys.first
            }
            here = current.parent
        }
        return nil
    }
}
