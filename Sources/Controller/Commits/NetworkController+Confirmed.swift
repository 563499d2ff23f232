import Basics
import ConfigTree
import ControlProtocol
import Events
import Foundation
import Synchronization

/// Confirming, and going back where nobody confirmed.
extension NetworkController {
    /// Makes permanent what was committed to be confirmed. Throws `notFound` if nothing was.
    func confirmCommit(_ persistID: String?, by session: ControllerSession) throws(ControlError) {
        guard confirmed.current != nil else { throw Self.nothingToConfirm }
        try confirmed.admit(session.id, persistID: persistID)
        try confirmed.end()
        logs.audit(
            .committed(
                LogEvent.AuditUser(session.user.name, session: session.id), summary: "confirmed commit confirmed"))
    }

    /// Goes back at once. Throws `notFound` if nothing waits for being confirmed.
    func abortCommit(_ persistID: String?, by session: ControllerSession) throws(ControlError) {
        guard confirmed.current != nil else { throw Self.nothingToConfirm }
        try confirmed.admit(session.id, persistID: persistID)
        try goBack(as: session)
    }

    private static let nothingToConfirm = ControlError(.notFound, "no confirmed commit is outstanding")

    /// Goes back if the time is up. Called by the ticking thread.
    func checkConfirmed() {
        guard let pending = confirmed.current, pending.deadline <= clock.now(),
            !isGoingBack.exchange(true, ordering: .relaxed)
        else { return }
        let thread = Thread { [self] in
            defer { isGoingBack.store(false, ordering: .relaxed) }
            // The devices' credentials are those of whoever committed.
            let user = SessionUser(name: pending.user, context: "system", proto: "system")
            do throws(ControlError) {
                try goBack(as: ControllerSession(self, user, id: 0))
            } catch {
                logs.develop(
                    .error, "the confirmed commit of \(pending.user) cannot be rolled back yet: \(error.message)")
                if pending.failures == 0 {
                    sessions.tellAll(
                        .broadcast(
                            "The confirmed commit of \(pending.user) was not confirmed, and cannot be rolled back yet: "
                                + "\(error.message). It is tried again until it can be."))
                }
                let seconds = Int64(min(300, 5 << min(pending.failures, 6)))
                confirmed.postpone(to: clock.now() + seconds * 1_000_000)
            }
        }
        thread.name = "confirmed-commit"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Commits the configuration that was in force before, at the devices too; then nothing is outstanding any more.
    private func goBack(as session: ControllerSession) throws(ControlError) {
        guard let pending = confirmed.current else { return }
        let running = running
        if let first = history.commits.last(where: { $0.transaction > pending.base }) {
            let before = try history.change(of: first, running.model).before
            var request = CommitRequest(base: running, candidate: before)
            request.options.label = "confirmed commit rolled back"
            request.options.noOutOfSyncCheck = true
            request.options.noNetworking = pending.noNetworking
            _ = try commit(request, by: session, mayChangeDriver: true, isGoingBack: true)
        }
        try confirmed.end()
        let time = EventTime(microseconds: clock.now()).plainText
        sessions.tellAll(
            .broadcast(
                "Message from system at \(time)...\nconfirmed commit operation not confirmed by \(pending.user) from "
                    + "\(pending.context)\nconfiguration rolled back\nEOF"))
        logs.audit(
            .committed(
                LogEvent.AuditUser(pending.user, session: session.id),
                summary: "confirmed commit not confirmed by \(pending.user) from \(pending.context), rolled back"))
    }

    /// Notes the way back before a commit that is to be confirmed, and returns what was noted before.
    func beginConfirmed(
        _ options: ConfirmedCommitOptions, noNetworking: Bool, _ prepared: PreparedCommit,
        _ session: ControllerSession
    ) throws(ControlError) -> ConfirmedCommits.Pending? {
        let old = confirmed.current
        try confirmed.begin(
            ConfirmedCommits.Pending(
                base: prepared.number, deadline: clock.now() + Int64(options.seconds) * 1_000_000,
                persist: options.persist, session: session.id, user: session.user.name,
                context: session.user.context, noNetworking: noNetworking))
        return old
    }
}
