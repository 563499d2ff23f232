import ControlProtocol
import Synchronization
import Transactions

/// The global lock on running: while a session has it, no other changes the configuration.
final class RunningLock: Sendable {
    private struct Owner: Sendable {
        var session: Int
        /// `session 7 anna console (cli from 127.0.0.1) on since 2026-11-21 12:00:00 exclusive`.
        var description: String
    }

    private let owner = Mutex<Owner?>(nil)

    /// Who has the lock, as messages name them.
    var description: String? { owner.withLock { $0?.description } }
    var session: Int? { owner.withLock { $0?.session } }

    /// Takes the lock. Throws `locked`, naming who has it.
    func lock(_ session: ControllerSession, since: String) throws(ControlError) {
        let user = session.user
        let description =
            "session \(session.id) \(user.name) \(user.proto) (\(user.context) from \(user.from)) on since \(since) "
            + "exclusive"
        let other = owner.withLock { owner -> Owner? in
            guard let held = owner else {
                owner = Owner(session: session.id, description: description)
                return nil
            }
            return held.session == session.id ? nil : held
        }
        if let other { throw Self.refusal(other) }
    }

    func unlock(_ session: Int) { owner.withLock { if $0?.session == session { $0 = nil } } }

    /// Refuses a change by anybody but the owner.
    func admit(_ session: Int) throws(ControlError) {
        if let owner = owner.withLock({ $0 }), owner.session != session { throw Self.refusal(owner) }
    }

    private static func refusal(_ owner: Owner) -> ControlError {
        ControlError(.locked, "the configuration database is locked by \(owner.description)")
    }
}

extension NetworkController {
    /// Takes the lock on running for a session, and waits for changes that were under way. Throws `locked`.
    func lockRunning(for session: ControllerSession) throws(ControlError) {
        guard runningLock.session != session.id else { return }
        try confirmed.admit(session.id, persistID: nil)
        let since = sessions.information(session.id)?.started ?? ""
        try runningLock.lock(session, since: since)
        do {
            // Whoever comes later asks for the lock again when it has its reservation.
            try reservations.reserve(CommitClaim.everything, owner: owner(session), waitMilliseconds: 60_000)
                .release()
        } catch {
            runningLock.unlock(session.id)
            throw ControlError(.locked, "the configuration database is in use: \(error)")
        }
    }

    func owner(_ session: ControllerSession) -> ReservationOwner {
        ReservationOwner(
            id: UInt64(nextTransaction.add(1, ordering: .relaxed).oldValue),
            "\(session.user.name) (\(session.user.context))")
    }
}
