import ConfigTree
import NEDRuntime
import YANG

/// How a module of a device stands to the driver's: a row of `check-yang-modules`.
struct ModuleComparison: Sendable {
    enum Status: String, Sendable {
        case supported, unsupported, unknown
        case notLoaded = "not-loaded"
    }

    var name: String
    var status: Status
    var deviceRevision: String?
    var driverRevision: String?

    func write(to draft: RowDraft) {
        draft.put("status", status.rawValue)
        if let deviceRevision { draft.put("device-revision", deviceRevision) }
        if let driverRevision { draft.put("ncs-revision", driverRevision) }
    }

    /// All modules that the device announces, by name. A revision that the driver does not have is `unsupported`; a
    /// module that it does not have at all is `not-loaded`: what is in it is not managed.
    static func all(_ announcement: ModuleAnnouncement, _ driver: Driver) -> [ModuleComparison] {
        let modules = driver.model.schema.modules
        let own = Dictionary(modules.map { ($0.name, [$0.revision ?? ""]) }, uniquingKeysWith: { $0 + $1 })
        let several = driver.revisions.available
        return announcement.modules.sorted { $0.name < $1.name }.map { module in
            let theirs = module.revision.isEmpty ? nil : module.revision
            guard let ours = several[module.name] ?? own[module.name] else {
                return ModuleComparison(name: module.name, status: .notLoaded, deviceRevision: theirs)
            }
            let newest = ours.max().flatMap { $0.isEmpty ? nil : $0 }
            guard let theirs else {
                let status: Status = newest == nil ? .supported : .unknown
                return ModuleComparison(name: module.name, status: status, driverRevision: newest)
            }
            let isOurs = ours.contains(theirs)
            return ModuleComparison(
                name: module.name, status: isOurs ? .supported : .unsupported, deviceRevision: theirs,
                driverRevision: isOurs ? theirs : newest)
        }
    }
}

extension DeviceWork {
    /// Compares what the device announces with the driver's modules. Without `verbose` only what does not fit is shown:
    /// modules that the driver does not have are left out, for devices have many that nobody manages.
    static let checkModules: Kind = { call, name in
        perform(call, name) { (_, access) throws(NEDError) in
            let announcement = try access.withSession { (session) throws(NEDError) in session.announcement }
            guard !announcement.modules.isEmpty else {
                return DeviceResult(leaves: [("info", "the device does not say which modules it has")])
            }
            let all = ModuleComparison.all(announcement, access.driver)
            let isVerbose = call.flag("verbose")
            let shown = all.filter { isVerbose || $0.status == .unsupported || $0.status == .unknown }
            if shown.isEmpty { return DeviceResult(leaves: [("compatible", "")]) }
            var result = DeviceResult()
            result.modules = shown
            result.isPositive = !all.contains { $0.status == .unsupported }
            return result
        }
    }
}
