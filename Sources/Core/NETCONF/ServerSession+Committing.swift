import Basics
import ConfigTree

/// Locks, the candidate and its commit (RFC 6241 sections 7.5, 7.6, 8.3 and 8.4), and the end of sessions.
extension ServerSession {
    // MARK: Locks

    func lock(_ parameters: Parameters) throws {
        let store = try store(try parameters.required("target"))
        let mine = info.id
        let time = server.datastore.timestamp()
        try lockShared(store)
        let refusal = server.withState { state -> (UInt32, String)? in
            if let holder = state.locks[store] { return (holder, "session \(holder) holds the lock") }
            if store == .candidate, state.candidate != nil {
                return (0, "the candidate has changes that wait for a commit")
            }
            if store == .running, let pending = state.pending, pending.session != mine {
                return (pending.session ?? 0, "a confirmed commit waits for its confirmation")
            }
            state.locks[store] = mine
            state.lockTimes[store] = time
            return nil
        }
        guard let (holder, message) = refusal else { return }
        throw RPCError(.protocol, .lockDenied, message, info: [.init("session-id", "\(holder)")])
    }

    /// What the command line has to grant.
    private func lockShared(_ store: NETCONFServer.Store) throws {
        guard let shared = sharedCandidate, store != .startup,
            server.withState({ $0.locks[store] }) == nil
        else { return }
        do throws(CandidateHeld) {
            if store == .candidate { try shared.lock(info) } else { try shared.requireFree(for: info) }
        } catch {
            throw error.error(.lockDenied)
        }
    }

    func unlock(_ parameters: Parameters) throws {
        let store = try store(try parameters.required("target"))
        let mine = info.id
        let holder = server.withState { state -> UInt32? in
            guard let holder = state.locks[store], holder == mine else { return state.locks[store] ?? 0 }
            state.locks[store] = nil
            // Nobody should find half of somebody else's work in the candidate.
            if store == .candidate { state.candidate = nil }
            return nil
        }
        guard let holder else {
            if store == .candidate { sharedCandidate?.unlock(info) }
            return
        }
        throw RPCError(
            .protocol, .operationFailed,
            holder == 0 ? "the datastore is not locked" : "session \(holder) holds the lock",
            info: holder == 0 ? [] : [.init("session-id", "\(holder)")])
    }

    // MARK: Candidate

    private func requireCandidate() throws {
        guard server.profile.candidate else { throw RPCError.notSupported("this server has no candidate datastore") }
        try requireUnlocked(.candidate)
    }

    func discardChanges(_ parameters: Parameters) throws {
        try requireCandidate()
        try setCandidate(nil)
    }

    private static let standardTimeout = 600

    func commit(_ parameters: Parameters) throws {
        try requireCandidate()
        try requireUnlocked(.running)
        let isConfirmed = parameters["confirmed"] != nil
        for name in ["confirmed", "confirm-timeout", "persist", "persist-id"] where parameters[name] != nil {
            guard server.profile.confirmedCommit else {
                throw RPCError.unknownElement(name, "<\(name)> goes with the capability confirmed-commit")
            }
        }
        let seconds = try timeout(parameters)
        if !isConfirmed, parameters["persist"] != nil || parameters["confirm-timeout"] != nil {
            throw RPCError.badElement("persist", "persist and confirm-timeout go with <confirmed/>")
        }
        let pending = try pendingCommit(parameters["persist-id"]?.trimmedText)
        let before = server.datastore.running
        if let changed = candidate {
            let candidate = server.datastore.settled(changed, changedFrom: before)
            let found = faults(server.datastore.faults(in: candidate, changedFrom: before))
            if !found.isEmpty { throw RPCFailure(found) }
            try server.replaceRunning(before, with: candidate, by: .session(info))
        }
        sharedCandidate?.committed(over: before)
        let mine = info.id
        let persist = parameters["persist"]?.trimmedText
        let number = server.withState { state -> Int in
            state.candidate = nil
            state.commits += 1
            let waiting = NETCONFServer.PendingCommit(
                session: persist == nil ? mine : nil, persistID: persist, before: pending?.before ?? before,
                number: state.commits)
            state.pending = isConfirmed ? waiting : nil
            return state.commits
        }
        if isConfirmed || pending != nil {
            let event: NETCONFServer.ConfirmEvent = isConfirmed ? (pending == nil ? .start : .extend) : .complete
            server.publishConfirm(event, info, seconds: isConfirmed ? seconds : nil)
        }
        if isConfirmed {
            server.datastore.schedule(after: seconds) { [weak server] in server?.rollBack(number) }
        }
    }

    private func timeout(_ parameters: Parameters) throws -> Int {
        guard let element = parameters["confirm-timeout"] else { return Self.standardTimeout }
        guard let seconds = Int(element.trimmedText), (1...Int(UInt32.max)).contains(seconds) else {
            throw RPCError.invalidValue("confirm-timeout", "confirm-timeout is a number of seconds, at least 1")
        }
        return seconds
    }

    /// The confirmed commit that waits, if this session may decide on it.
    private func pendingCommit(_ persistID: String?) throws -> NETCONFServer.PendingCommit? {
        let pending = server.withState { $0.pending }
        guard let pending else {
            if persistID != nil { throw RPCError.invalidValue("persist-id", "no confirmed commit waits under that id") }
            return nil
        }
        guard let wanted = pending.persistID else {
            if pending.session == info.id, persistID == nil { return pending }
            throw RPCError(
                .protocol, .inUse, "a confirmed commit of session \(pending.session ?? 0) waits for its confirmation",
                info: [.init("session-id", "\(pending.session ?? 0)")])
        }
        guard persistID == wanted else {
            throw RPCError.invalidValue("persist-id", "a confirmed commit waits under another persist-id")
        }
        return pending
    }

    func cancelCommit(_ parameters: Parameters) throws {
        guard server.profile.confirmedCommit else {
            throw RPCError.notSupported("the capability confirmed-commit is not offered")
        }
        try requireUnlocked(.running)
        guard let pending = try pendingCommit(parameters["persist-id"]?.trimmedText) else {
            throw RPCError(.protocol, .operationFailed, "no confirmed commit waits for its confirmation")
        }
        server.withState { $0.pending = nil }
        try server.replaceRunning(server.datastore.running, with: pending.before, by: .session(info))
        server.publishConfirm(.cancel, info)
    }

    // MARK: Sessions

    func killSession(_ parameters: Parameters) throws {
        let element = try parameters.required("session-id")
        guard let id = UInt32(element.trimmedText), id != info.id else {
            throw RPCError.invalidValue("session-id", "give the id of another session")
        }
        guard let end = server.withState({ $0.sessions[id]?.end }) else {
            throw RPCError.invalidValue("session-id", "there is no session \(id)")
        }
        server.end(id, .killed, killer: info.id)
        end()
    }
}
