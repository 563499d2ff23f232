import ConfigTree
import Migration
import NEDRuntime
import PackageManager
import Synchronization
import YANG

/// Who has to do with a node that changed, besides devices: paths of templates and of access control rules.
struct ChangeUses {
    var templates: [String] = []
    var rules: [String] = []
}

/// The changes of models that the answer of a migration shows, by the options of the call.
final class MigrationReport: Sendable {
    /// The differences of two models, and which of them concern a device of the call.
    private struct Models {
        let nedID: String
        let all: [SchemaChange]
        var used: Set<Int> = []
    }

    /// The values of `suppress-modified-paths`.
    private enum Suppression: String {
        case all
        case withoutServices = "without-affected-services"
        case withoutData = "without-instance-data"
    }

    private let driver: Driver
    private let running: DataTree
    private let isShown: Bool
    private let suppression: Suppression?
    private let settings = Mutex<Set<String>>([])
    private let generation: PackageGeneration
    private let models = Mutex<[ObjectIdentifier: Models]>([:])

    init(_ call: ActionCall, _ driver: Driver) {
        self.driver = driver
        generation = call.controller.system.generation
        running = call.controller.running
        suppression = call.text("suppress-modified-paths").flatMap(Suppression.init)
        let isAsked = call.input.child("report")?.child("all") != nil
        // No package of ours has services.
        isShown =
            (call.flag("dry-run") || call.flag("verbose") || isAsked) && suppression != .all
            && suppression != .withoutServices
    }

    /// Takes a device of the old driver into account, with the data that it had.
    func note(_ name: String, _ old: Driver, _ data: DataTree?) {
        guard isShown else { return }
        noteSettings(name, old)
        models.withLock { table in
            var models =
                table[ObjectIdentifier(old)]
                ?? Models(
                    nedID: old.nedID, all: SchemaComparison(from: old.model.schema, to: driver.model.schema).changes)
            if suppression == .withoutData, let data {
                for (index, change) in models.all.enumerated()
                where !models.used.contains(index) && change.hasInstances(in: data) {
                    models.used.insert(index)
                }
            }
            table[ObjectIdentifier(old)] = models
        }
    }

    func write(to output: RowDraft) {
        for setting in settings.withLock({ $0.sorted() }) { output.put("affected-ned-setting", setting) }
        let rules = ruleSteps
        for models in models.withLock({ $0.values.sorted { $0.nedID < $1.nedID } }) {
            let shown = suppression == .withoutData ? models.used.sorted().map { models.all[$0] } : models.all
            let templates = templates(models.nedID)
            shown.report(to: output) { change in
                let steps = Self.steps(change.path)
                return ChangeUses(
                    templates: templates.filter { change.hasInstances(in: $0.config) }.map(\.path),
                    rules: rules.filter { $0.steps.starts(with: steps) }.map(\.path))
            }
        }
    }

    // MARK: Settings of drivers

    /// Those in force for a device that the package of its old driver brings, and that of the new one does not.
    private func noteSettings(_ name: String, _ old: Driver) {
        let names = [old, driver].map { generation.package($0.package)?.systemModuleNames ?? [] }
        let gone = names[0].subtracting(names[1])
        guard !gone.isEmpty, let device = running.device(name), let devices = running.rootInstance.child("devices")
        else { return }
        let profile = device.value("device-profile")
        let profiles = devices.child("profiles")?.entries("profile").first { $0.keys.first == profile }
        let places: [(path: String, entry: Instance?)] = [
            ("ncs:device[ncs:name='\(name)']", device),
            ("ncs:profiles/ncs:profile[ncs:name='\(profile ?? "")']", profiles),
            ("ncs:global-settings", devices.child("global-settings")),
        ]
        for (path, entry) in places {
            guard let place = entry?.child("ned-settings") else { continue }
            for node in place.node.dataChildren where gone.contains(node.moduleName) {
                guard running.isStored(place.path.appending(node)) else { continue }
                let setting = "/ncs:devices/\(path)/ncs:ned-settings/\(node.module.prefix):\(node.name)"
                _ = settings.withLock { $0.insert(setting) }
            }
        }
    }

    // MARK: Templates

    /// The configuration that templates have for a driver.
    private func templates(_ nedID: String) -> [(path: String, config: DataTree)] {
        let all = running.rootInstance.child("devices")?.entries("template") ?? []
        return all.compactMap { template in
            let entry = template.entries("ned-id").first { $0.keys.first == nedID }
            guard let config = entry?.child("config")?.mountedTree else { return nil }
            return ("/ncs:devices/ncs:template[ncs:name='\(template.keys.first ?? "")']", config)
        }
    }

    // MARK: Access control

    /// Rules about nodes of device configuration: the names on the way below `config`.
    private var ruleSteps: [(path: String, steps: [String])] {
        let lists = running.rootInstance.child("nacm")?.entries("rule-list") ?? []
        return lists.flatMap { list in
            list.entries("rule").compactMap { rule in
                guard let path = rule.value("path") else { return nil }
                let steps = Self.steps(path)
                guard steps.count > 3, steps[0] == "devices", steps[2] == "config" else { return nil }
                let place =
                    "/nacm:nacm/rule-list[name='\(list.keys.first ?? "")']/rule[name='\(rule.keys.first ?? "")']"
                return (place, Array(steps.dropFirst(3)))
            }
        }
    }

    /// The names of the steps of a path, without prefixes and predicates.
    private static func steps(_ path: String) -> [String] {
        var steps: [String] = []
        var step = ""
        var quote: Character?
        var depth = 0
        for character in path + "/" {
            if let open = quote {
                if character == open { quote = nil }
                continue
            }
            switch character {
            case "'", "\"": quote = character
            case "[": depth += 1
            case "]": depth -= 1
            case "/" where depth == 0:
                if let name = step.split(separator: ":").last { steps.append(String(name)) }
                step = ""
            default: if depth == 0 { step.append(character) }
            }
        }
        return steps
    }
}
