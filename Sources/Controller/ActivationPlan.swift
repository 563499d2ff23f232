import Basics
import ConfigTree
import ControlProtocol
import Crypto
import Foundation
import Migration
import NEDRuntime
import PackageManager
import YANG

/// What putting another generation of packages in force would do. Printable, without effects.
struct ActivationPlan {
    enum ChangeKind: String, Sendable { case added, changed, removed, unchanged }

    struct PackageChange: Sendable {
        var package: String
        var kind: ChangeKind
        var from: String?
        var to: String?
        var info: [String] = []
        var notes: [String] = []
    }

    let next: LoadedSystem
    let changes: [PackageChange]
    /// Whether data models change: only then is the data converted and everybody told.
    let isSchemaChanged: Bool
    let schemaChanges: [(nedID: String?, change: SchemaChange)]
    /// What of the present data has no place under the new models.
    let losses: [Loss]
    /// The configuration of when the plan was made, and what becomes of it.
    let data: DataTree
    let converted: DataTree
    /// How data is carried over, migration maps and programs of the new packages included.
    let conversion: DataConversion
    /// What programs of packages do to the data.
    let notes: [String]
    /// Why a program of a package does not let it happen, if one does not.
    let refusal: ControlError?
    /// What stops a reload without `force`.
    let warnings: [String]
    /// What the plan depends on, by what to call it: packages by their content, data by its amount.
    let inputs: [String: String]
    /// Over `inputs`.
    let digest: String

    var isAnythingChanged: Bool { changes.contains { $0.kind != .unchanged } }

    /// - Parameters:
    ///   - upgrades: whether upgrade components take part.
    ///   - returns: what the way to the current generation had lost, if this is the way back.
    init(
        from current: LoadedSystem, to next: LoadedSystem, data: DataTree, upgrades: Bool, returns: [CarryReturn],
        controller: NetworkController
    ) {
        self.next = next
        changes = Self.packageChanges(current.generation, next.generation)
        isSchemaChanged = current.model !== next.model
        var schemaChanges: [(nedID: String?, change: SchemaChange)] = []
        if current.model.schema !== next.model.schema {
            let comparison = SchemaComparison(from: current.model.schema, to: next.model.schema)
            schemaChanges += comparison.changes.map { (nil, $0) }
        }
        for (nedID, driver) in next.drivers.sorted(by: { $0.key < $1.key }) {
            guard let old = current.drivers[nedID], old.model !== driver.model else { continue }
            let comparison = SchemaComparison(from: old.model.schema, to: driver.model.schema)
            schemaChanges += comparison.changes.map { (driver.shortID, $0) }
        }
        self.schemaChanges = schemaChanges
        let maps = MigrationMapFiles.upgrade(from: current, to: next)
        conversion = DataConversion(
            next: next, plans: maps.plans, programs: maps.programs,
            components: UpgradeComponents(
                from: upgrades ? current.generation : next.generation, to: next.generation),
            returns: returns)
        var converted = DataConversion.Result(tree: data, losses: [])
        var refusal: ControlError?
        if isSchemaChanged || conversion.hasPrograms || !returns.isEmpty {
            do throws(ControlError) {
                converted = try conversion.convert(data, by: controller.programs, secrets: controller.secrets)
            } catch {
                refusal = error
            }
        }
        self.data = data
        self.converted = converted.tree
        losses = converted.losses
        notes = converted.notes
        self.refusal = refusal
        warnings = Self.warnings(current, next) + maps.faults
        inputs = Self.inputs(current.generation, next.generation, losses, warnings)
        digest = Self.digest(inputs)
    }

    private static func packageChanges(_ old: PackageGeneration, _ new: PackageGeneration) -> [PackageChange] {
        let names = Set(old.packages.map(\.name)).union(new.packages.map(\.name)).sorted()
        return names.map { name in
            let (before, after) = (old.package(name), new.package(name))
            let kind: ChangeKind =
                switch (before, after) {
                case (nil, _): .added
                case (_, nil): .removed
                case (let before?, let after?):
                    before.digest == after.digest && before.status == after.status ? .unchanged : .changed
                }
            return PackageChange(
                package: name, kind: kind, from: before?.version, to: after?.version, info: after?.errorInfo ?? [],
                notes: kind == .unchanged ? [] : after?.notes ?? [])
        }
    }

    /// Modules that go away with a driver: the incumbent's first class of warnings.
    private static func warnings(_ old: LoadedSystem, _ new: LoadedSystem) -> [String] {
        var lines: [String] = []
        for (nedID, driver) in old.drivers.sorted(by: { $0.key < $1.key }) {
            let kept = Set(new.drivers[nedID]?.model.schema.modules.map(\.name) ?? [])
            let gone = driver.model.schema.modules.filter { $0.isImplemented && !kept.contains($0.name) }
            lines += gone.map { "\(driver.shortID): \($0.name)" }
        }
        guard !lines.isEmpty else { return [] }
        return ["The following modules will be deleted by upgrade:"] + lines
    }

    private static func inputs(
        _ old: PackageGeneration, _ new: PackageGeneration, _ losses: [Loss], _ warnings: [String]
    ) -> [String: String] {
        var inputs: [String: String] = [:]
        for package in old.packages { inputs["loaded package \(package.name)"] = "\(package.digest) \(package.status)" }
        for package in new.packages { inputs["package \(package.name)"] = "\(package.digest) \(package.status)" }
        for loss in losses { inputs["data at \(loss.path)", default: ""] += "\(loss.instances) \(loss.reason)\n" }
        if !warnings.isEmpty { inputs["the warnings"] = warnings.joined(separator: "\n") }
        return inputs
    }

    static func digest(_ inputs: [String: String]) -> String {
        let text = inputs.sorted { $0.key < $1.key }.map { "\($0.key)\0\($0.value)\0" }.joined()
        return SHA256.hash(data: Data(text.utf8)).prefix(16).map { String(format: "%02x", $0) }.joined()
    }

    /// Writes the plan into the answer of `packages reload`; changes of models that break nothing with `showsAll` only.
    ///
    /// - Parameter refusal: why it would not be done.
    func report(to output: RowDraft, showsAll: Bool, refusal: ControlError? = nil) {
        output.put("plan-digest", digest)
        output.put("upgrade-required", isSchemaChanged)
        for change in changes {
            let item = output.item("package-change", change.package)
            item.put("change", change.kind.rawValue)
            if let version = change.from, !version.isEmpty { item.put("from-version", version) }
            if let version = change.to, !version.isEmpty { item.put("to-version", version) }
            for info in change.info + change.notes { item.put("info", info) }
        }
        for nedID in [nil] + Set(schemaChanges.compactMap(\.nedID)).sorted() {
            let changes = schemaChanges.filter { $0.nedID == nedID }.map(\.change)
            changes.filter { showsAll || $0.compatibility != .compatible }
                .report(to: output, prefix: nedID.map { "\($0): " } ?? "")
        }
        reportLosses(to: output)
        for note in notes { output.put("program-note", note) }
        for warning in warnings { output.put("warning", warning) }
        guard let refusal else { return }
        let others = refusal.diagnostics.dropFirst().prefix(20).map(\.description)
        output.put("refused", ([refusal.message] + others).joined(separator: "\n"))
    }

    func reportLosses(to output: RowDraft) {
        for loss in losses {
            let item = output.item("removed-data")
            item.put("path", loss.path)
            item.put("instances", "\(loss.instances)")
        }
    }

    /// What becomes of each device's configuration: how many instances, and those that are not kept.
    func reportInstances(of data: DataTree, to output: RowDraft) {
        for device in data.allDevices() {
            guard let name = device.keys.first, let tree = device.child("config")?.mountedTree else { continue }
            let driver = NEDIDLocation.nedID(of: device).flatMap(next.driver)
            if driver?.model === tree.model { continue }
            var lines = EventLines(isVerbose: true)
            var counts = CarryCounts()
            if let driver {
                counts = DataCarrier.carry(tree, to: driver.model, plans: conversion.plans) { lines.add($0) }.counts
            } else {
                counts.dropped = tree.instanceCount
            }
            let item = output.item("device-data", name)
            item.put("kept", "\(counts.kept)")
            item.put("converted", "\(counts.converted)")
            item.put("defaulted", "\(counts.defaulted)")
            item.put("dropped", "\(counts.dropped)")
            for line in lines.changes { item.put("instance", line) }
        }
    }

    /// The first places of what would be lost, with the number of instances; nil if nothing would.
    var lossText: String? {
        guard !losses.isEmpty else { return nil }
        let more = losses.count > 5 ? " and \(losses.count - 5) more places" : ""
        return losses.prefix(5).map { "\($0.path) (\($0.instances))" }.joined(separator: ", ") + more
    }

    /// Why packages that are loaded would no longer come up.
    var failures: [String] {
        changes.filter { $0.from != nil && $0.kind == .changed && !$0.info.isEmpty }
            .map { "\($0.package): \($0.info.joined(separator: "; "))" }
    }
}

extension [SchemaChange] {
    /// As entries of `modified-path`, one a path; `uses` says what else concerns whoever has to do with the node.
    func report(
        to output: RowDraft, prefix: String = "", uses: (SchemaChange) -> ChangeUses = { _ in ChangeUses() }
    ) {
        var items: [String: RowDraft] = [:]
        var said: Set<[String]> = []
        for change in self {
            // Of one node two statements may have changed in the same way.
            guard said.insert([change.path, change.info, change.compatibility.rawValue]).inserted else { continue }
            let isFirst = items[change.path] == nil
            let item = items[change.path] ?? output.item("modified-path")
            items[change.path] = item
            item.put("path", prefix + change.path)
            let modification = item.item("modification")
            modification.put("info", change.info)
            modification.put("backward-compatible", change.compatibility.rawValue)
            guard isFirst else { continue }
            let uses = uses(change)
            for template in uses.templates { item.put("affected-template", template) }
            for rule in uses.rules { item.put("affected-rule", rule) }
        }
    }
}
