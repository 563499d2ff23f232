import ControlProtocol
import Events
import Migration
import PackageManager

/// What an activation of packages writes into `upgrade.log`; the steps of an upgrade of data models are in `ncs.log` too.
struct UpgradeLog {
    private let logs: SystemLogs
    /// Whether data models change.
    private let isUpgrade: Bool

    init(_ logs: SystemLogs, isUpgrade: Bool) {
        self.logs = logs
        self.isUpgrade = isUpgrade
    }

    func begin(_ plan: ActivationPlan, from: Int, user: String) {
        step(.initStarted)
        func say(_ text: String) { logs.upgrade(.info, text) }
        say("generation \(from) to \(plan.next.generation.number) by \(user), plan \(plan.digest)")
        for change in plan.changes where change.kind != .unchanged {
            let versions = [change.from, change.to].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " to ")
            say("package \(change.package) \(change.kind.rawValue): \(versions)")
        }
        for (nedID, change) in plan.schemaChanges {
            say("\(nedID.map { "\($0): " } ?? "")\(change.path): \(change.info) (\(change.compatibility.rawValue))")
        }
        for note in plan.notes { say(note) }
        for loss in plan.losses { say("\(loss.instances) removed at \(loss.path): \(loss.reason)") }
    }

    func step(_ step: LogEvent.UpgradeStep) { if isUpgrade { logs.upgrade(step) } }

    func abort(_ error: ControlError) {
        step(.aborted)
        logs.upgrade(.critical, error.message)
        logs.note(.packageUpgradeAborted(reason: error.message))
    }
}
