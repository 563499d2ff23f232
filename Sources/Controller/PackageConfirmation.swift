import Basics
import ConfigDatabase
import ControlProtocol
import Events
import Foundation
import PackageManager
import Synchronization

/// The reload of packages that is gone back from unless somebody confirms it in time.
///
/// Invariant: the way back is durable before the new generation is in force. A restart changes nothing of it: what is due
/// then is gone back from at once.
final class PackageConfirmation: Sendable {
    struct Pending: Codable, Hashable, Sendable {
        /// The generation to go back to, and the one that waits for being confirmed.
        var back: Int
        var forward: Int
        /// Microseconds since 1970-01-01T00:00:00Z.
        var deadline: Int64
        var user: String
    }

    private static let key = "package-confirmation"

    private let pending: Mutex<Pending?>
    private let database: ConfigurationDatabase

    init(_ database: ConfigurationDatabase) {
        self.database = database
        pending = Mutex(
            database.operational(Self.key).flatMap { try? JSONDecoder().decode(Pending.self, from: Data($0)) })
    }

    var current: Pending? { pending.withLock { $0 } }

    func begin(_ new: Pending) throws(ControlError) { try store(new) }

    /// It is confirmed, gone back from or did not come about.
    func end() throws(ControlError) {
        if current != nil { try store(nil) }
    }

    private func store(_ new: Pending?) throws(ControlError) {
        do {
            let bytes = try new.map { try Array(JSONEncoder().encode($0)) }
            try database.setOperational([OperationalChange(Self.key, bytes)])
        } catch {
            throw ControlError(.resource, "that the reload waits for being confirmed cannot be recorded: \(error)")
        }
        pending.withLock { $0 = new }
    }
}

extension NetworkController {
    /// Goes back to the packages before, if the time is up. Called by the ticking thread.
    func checkPackageConfirmation() {
        guard let pending = packageConfirmation.current else { return }
        guard pending.forward == system.generation.number else {
            // Cut short before it came in force, or replaced since.
            return endPackageConfirmation()
        }
        guard pending.deadline <= clock.now(), !isReturning.exchange(true, ordering: .relaxed) else { return }
        let thread = Thread { [self] in
            defer { isReturning.store(false, ordering: .relaxed) }
            returnToPackages(pending)
        }
        thread.name = "package-return"
        thread.stackSize = 8 << 20
        thread.start()
    }

    private func returnToPackages(_ pending: PackageConfirmation.Pending) {
        let user = SessionUser(name: pending.user, context: "system", proto: "system")
        let activation = PackageActivation(self, ControllerSession(self, user, id: 0))
        do throws(ControlError) {
            try packages.turn.take(for: pending.user) { () throws(ControlError) in
                guard packageConfirmation.current == pending else { return }
                let plan = try activation.planReturn(to: pending.back)
                if let reason = plan.lossText {
                    activation.discard(plan)
                    try packageConfirmation.end()
                    throw ControlError(
                        .validation,
                        "data that came since would be lost: \(reason); look at it with packages rollback generation "
                            + "\(pending.back) dry-run, and go back with force")
                }
                var manner = PackageActivation.Manner()
                manner.copyOf = pending.back
                try activation.execute(plan, manner)
                try packageConfirmation.end()
                sessions.tellAll(
                    .broadcast(
                        ">>> The reload of packages by \(pending.user) was not confirmed: the packages of generation "
                            + "\(pending.back) are in force again."))
            }
        } catch {
            logs.develop(.error, "the packages of generation \(pending.back) cannot be put back: \(error.message)")
            alarms.raise(
                .packageOperationFailure, device: "ncs",
                text: "the reload of packages was not confirmed, and the packages before cannot be put back: "
                    + error.message)
        }
    }

    private func endPackageConfirmation() {
        do throws(ControlError) { try packageConfirmation.end() } catch {
            logs.develop(.error, error.message)
        }
    }
}
