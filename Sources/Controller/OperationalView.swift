import Basics
import ConfigTree
import ControlProtocol
import Events
import NEDRuntime
import PackageManager
import Synchronization
import YANG

/// Lays what the controller knows besides the configuration into the tree, where the model has places for it.
extension NetworkController {
    func operationalTree() -> DataTree {
        let (tree, system) = head.withLock { ($0.tree, $0.system) }
        let draft = RowDraft(tree.model.schema.root)
        OperationalPackages.fill(draft, system.generation, runDirectory: configuration.runDirectory)
        fillDevices(draft, tree)
        fillAlarms(draft)
        fillRollbackFiles(draft)
        return tree.merging(DataTree(draft, model: tree.model))
    }

    private func fillDevices(_ draft: RowDraft, _ tree: DataTree) {
        guard let schema = DevicesSchema(tree.model.schema) else { return }
        let devices = draft.container(schema.devices)
        for device in tree.allDevices() {
            guard let name = device.keys.first else { continue }
            let record = self.devices.record(name)
            let entry = devices.entry(of: schema.device, keys: [name])
            let state = entry.inner("state")
            state.put("oper-state", record.operState)
            if let id = record.transactionID { state.put("last-transaction-id", id) }
            if let time = record.lastConnected { entry.put("last-connected", time) }
            if let time = record.lastInSync { entry.put("last-in-sync", time) }
            for module in record.announcement.modules {
                let item = entry.item("module", module.name)
                if !module.revision.isEmpty { item.put("revision", module.revision) }
                for feature in module.features { item.put("feature", feature) }
                for deviation in module.deviations { item.put("deviation", deviation) }
            }
        }
    }

    private func fillRollbackFiles(_ draft: RowDraft) {
        let files = draft.inner("rollback-files")
        guard files.node.name == "rollback-files", configuration.rollback.isEnabled else { return }
        for (id, commit) in history.commits.prefix(configuration.rollback.historySize).enumerated() {
            let entry = files.item("file", "\(id)")
            entry.put("name", RollbackFiles.name(commit.id))
            entry.put("fixed-number", "\(commit.id)")
            entry.put("creator", commit.user)
            entry.put("date", commit.date)
            entry.put("via", commit.via)
            if let label = commit.label { entry.put("label", label) }
            if let comment = commit.comment { entry.put("comment", comment) }
        }
    }

    private func fillAlarms(_ draft: RowDraft) {
        let list = draft.inner("alarms").inner("alarm-list")
        guard list.node.name == "alarm-list" else { return }
        let all = alarms.all
        list.put("number-of-alarms", "\(all.count)")
        for alarm in all {
            let key = alarm.key
            let entry = list.item("alarm", key.device, key.type, key.managedObject, key.specificProblem)
            entry.put("is-cleared", alarm.isCleared)
            entry.put("last-status-change", alarm.lastStatusChange.yangText)
            entry.put("last-perceived-severity", alarm.lastPerceivedSeverity.name)
            entry.put("last-alarm-text", alarm.lastAlarmText)
        }
    }
}

/// `/packages/package` as `show packages` prints it.
private enum OperationalPackages {
    static func fill(_ draft: RowDraft, _ generation: PackageGeneration, runDirectory: String) {
        let packages = draft.inner("packages")
        guard packages.node.name == "packages" else { return }
        for package in generation.packages { fill(packages.item("package", package.name), package, runDirectory) }
    }

    private static func fill(_ entry: RowDraft, _ package: LoadedPackage, _ runDirectory: String) {
        let place = package.directory
        entry.put("directory", place.hasPrefix(runDirectory + "/") ? "." + place.dropFirst(runDirectory.count) : place)
        entry.put("signature", package.signature)
        entry.put("content-digest", package.digest)
        let status = entry.inner("oper-status")
        switch package.status {
        case .missingDependency(let name, let version):
            let missing = status.inner("missing-dependency")
            missing.put("package-name", name)
            missing.put("package-version", version)
        default: status.put(package.status.leafName, "")
        }
        for info in package.errorInfo { status.put("error-info", info) }
        for warning in package.warnings { status.put("warnings", warning) }
        guard let metaData = package.metaData else { return }
        entry.put("package-version", metaData.version.description)
        if let text = metaData.description { entry.put("description", text) }
        for version in metaData.minimumVersions { entry.put("ncs-min-version", version.description) }
        for component in metaData.components { fill(entry.item("component", component.name), component, package) }
    }

    private static func fill(_ entry: RowDraft, _ component: PackageMetaData.Component, _ package: LoadedPackage) {
        guard case .ned(let ned) = component.kind else { return }
        let outer = entry.inner("ned")
        let kind = outer.inner(ned.type.rawValue)
        if let nedID = ned.nedID {
            let driver = package.drivers.first { $0.nedID.hasSuffix(":" + (ned.identity ?? "")) }
            kind.put("ned-id", driver?.nedID ?? nedID)
        }
        if let name = ned.javaClassName { kind.put("java-class-name", name) }
        let device = outer.node.dataChild(named: "device") == nil ? kind.inner("device") : outer.inner("device")
        if let vendor = ned.vendor { device.put("vendor", vendor) }
        for family in ned.productFamilies { device.put("product-family", family) }
        for system in ned.operatingSystems { device.put("operating-system", system) }
    }
}
