import ConfigTree
import Transactions
import YANG

/// What the configuration says of the commit queue.
struct QueueSettings {
    private let devices: Instance?
    private let global: Instance?

    init(_ tree: DataTree) {
        devices = tree.rootInstance.child("devices")
        global = devices?.child("global-settings")?.child("commit-queue")
    }

    /// Whether commits for a device go through the queue: as the device, its profile or the global settings say.
    func isEnabled(_ device: Instance) -> Bool {
        let name = "enabled-by-default"
        if let own = device.child("commit-queue")?.value(name) { return own == "true" }
        if let profile = device.value("device-profile"), let profiles = devices?.child("profiles"),
            let list = profiles.node.dataChild(named: "profile"),
            let value = profiles.entry(list, [profile])?.child("commit-queue")?.value(name)
        {
            return value == "true"
        }
        return global?.value(name) == "true"
    }

    var isAtomic: Bool { global?.value("atomic") != "false" }

    var errorOption: QueueItem.ErrorOption {
        global?.value("error-option").flatMap { QueueItem.ErrorOption(rawValue: $0) } ?? .continueOnError
    }

    var policy: RetryPolicy {
        func number(_ name: String) -> Int64? { global?.value(name).flatMap { Int64($0) } }
        return RetryPolicy(
            attempts: number("retry-attempts").map { Int($0) },
            interval: (number("retry-timeout") ?? 30) * 1_000_000,
            limit: number("connection-failure-timeout").map { $0 * 1_000_000 })
    }
}
