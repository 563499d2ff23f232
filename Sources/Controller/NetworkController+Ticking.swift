import Basics
import ConfigTree
import ControlProtocol
import Events
import Foundation
import NEDRuntime
import Transactions

extension NetworkController {
    /// Starts the thread that closes idle sessions and tries participants in doubt again, at once and then each second.
    func startTicking() {
        notifications.start { [weak self] (name, user) throws(ControlError) in
            try self?.subscriptionAccess(name, user)
        }
        let thread = Thread { [weak self] in
            while let controller = self, !controller.isStopping {
                controller.tick()
                Thread.sleep(forTimeInterval: 0.5)
            }
        }
        thread.name = "controller-tick"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Access for recovery, which no user asked for: as `admin`, whose credentials the authgroups have.
    func recoveryAccess(_ name: String) throws(ControlError) -> DeviceAccess? {
        guard let device = running.device(name) else { return nil }
        return try devices.access(device, system: system, localUser: "admin")
    }

    /// Access for what the configuration asks for, in the name of a user; nil if the device is gone.
    private func subscriptionAccess(_ name: String, _ user: String) throws(ControlError) -> DeviceAccess? {
        guard !isStopping, let device = running.device(name) else { return nil }
        return try devices.access(device, system: system, localUser: user)
    }

    /// A device was synchronised by hand: whatever an earlier commit left open there no longer matters.
    func settleDoubt(about device: String) {
        do {
            try retrier.settle(ParticipantID("device/\(device)"), at: clock.now())
            devices.noteResolved(device)
        } catch {
            logs.develop(.error, "device \(device) stays in doubt: \(error.reason)")
        }
    }

    private func tick() {
        devices.closeIdle(callers: configuration.callHome.idleTimeout)
        notifications.follow(running)
        checkConfirmed()
        tickStorage()
        checkPackageConfirmation()
        guard let due = retrier.nextDue, due <= clock.now() else { return }
        do {
            for (participant, outcome) in try retrier.retry(at: clock.now()) {
                if case .inDoubt(let reason) = outcome {
                    logs.note(.inDoubt(participant: participant.description, reason: reason))
                } else {
                    logs.develop(.info, "\(participant) is no longer in doubt")
                }
            }
        } catch {
            logs.develop(.error, "participants in doubt cannot be recorded: \(error.reason)")
        }
    }
}
