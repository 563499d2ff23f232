import ControlProtocol
import Synchronization

/// Keeps changes out while the models are being replaced.
final class UpgradeGate: Sendable {
    private let isUpgrading = Mutex(false)

    static let replacedModel = ControlError(
        .upgradeInProgress,
        "the data models were replaced by a package upgrade since this transaction began, and what it is based on "
            + "has no place in the new ones; start it again")

    private static let inUpgrade = ControlError(
        .upgradeInProgress,
        "the node is in upgrade mode; no configuration changes can be performed until the upgrade "
            + "has completed")

    /// Refuses a new session or a change during an upgrade.
    func admit() throws(ControlError) {
        if isUpgrading.withLock({ $0 }) { throw Self.inUpgrade }
    }

    /// Runs `work` with the gate closed. Only one upgrade at a time.
    func upgrade<Result>(_ work: () throws(ControlError) -> Result) throws(ControlError) -> Result {
        let isFirst = isUpgrading.withLock { upgrading in
            defer { upgrading = true }
            return !upgrading
        }
        guard isFirst else { throw Self.inUpgrade }
        defer { isUpgrading.withLock { $0 = false } }
        return try work()
    }
}
