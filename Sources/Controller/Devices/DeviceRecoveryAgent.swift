import Basics
import ConfigTree
import ControlProtocol
import NEDRuntime
import Transactions

/// Carries out at a device what a crash or a lost connection left open.
struct DeviceRecoveryAgent: RecoveryAgent {
    /// The access to a device that is still configured, by name.
    let access: @Sendable (String) throws(ControlError) -> DeviceAccess?
    let secrets: SecretHandling
    let devices: DeviceManager

    func recover(_ item: RecoveryItem) -> ParticipantOutcome {
        guard let what = try? DeviceRecovery(item.recovery) else {
            return .inDoubt(reason: "the log's record of the change cannot be read")
        }
        let found: DeviceAccess?
        do throws(ControlError) { found = try access(what.device) } catch {
            return .inDoubt(reason: error.message)
        }
        // A device that is no longer configured has nothing to agree with.
        guard let found else { return .done }
        guard found.driver.nedID == what.nedID else {
            return .inDoubt(reason: "the change was made under \(what.nedID), the device now has \(found.driver.nedID)")
        }
        let change = secrets.opened(item.direction == .undo ? what.reverse : what.forward)
        let outcome = found.attempt { (session) throws(NEDError) in
            if item.direction == .undo { try session.revert(change) } else { try session.redo(change) }
            try session.persist()
            found.noteInSync(try session.transactionID())
        }
        switch outcome {
        case .done: devices.noteResolved(what.device)
        case .inDoubt(let reason): devices.noteInDoubt(what.device, reason: reason)
        }
        return outcome
    }
}
