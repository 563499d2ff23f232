import Basics
import ConfigTree
import Synchronization

/// What the sessions of one server share: candidate, locks, the confirmed commit that waits.
///
/// Invariants: `candidate` is nil as long as it is the running configuration; a session that is gone holds no lock; a
/// confirmed commit that was not confirmed leaves the running configuration as it was before the first of its series.
package final class NETCONFServer: Sendable {
    package let datastore: any NETCONFDatastore
    package let profile: ServerProfile
    package let limits: ServerLimits
    let library: ModuleLibrary
    private let state = Mutex(State())

    enum Store: String, Sendable, CaseIterable { case running, candidate, startup }

    struct PendingCommit {
        /// The session that began it, if only that may confirm it.
        var session: UInt32?
        var persistID: String?
        /// What comes back unless it is confirmed.
        var before: DataTree
        var number: Int
    }

    struct Participant {
        var info: SessionInfo
        var end: @Sendable () -> Void
        var hasGreeted = false
        var counts = Counts()
    }

    /// What a session has done (RFC 6022 section 2.1.4).
    struct Counts {
        var inRPCs = 0
        var inBadRPCs = 0
        var outRPCErrors = 0
        var outNotifications = 0
    }

    struct State {
        var nextSession: UInt32 = 1
        var sessions: [UInt32: Participant] = [:]
        var locks: [Store: UInt32] = [:]
        var lockTimes: [Store: String] = [:]
        var candidate: DataTree?
        var pending: PendingCommit?
        var commits = 0
        /// How often the running configuration was changed.
        var changes = 0
        var statistics = Statistics()
        var events = EventLog()
        /// What to call when there is something to tell a session.
        var subscribers: [UInt32: @Sendable () -> Void] = [:]
    }

    struct Statistics {
        var inBadHellos = 0
        var inSessions = 0
        var droppedSessions = 0
        var inRPCs = 0
        var inBadRPCs = 0
        var outRPCErrors = 0
        var outNotifications = 0
        var start = ""
    }

    package init(
        _ datastore: any NETCONFDatastore, profile: ServerProfile = ServerProfile(),
        limits: ServerLimits = ServerLimits()
    ) {
        self.datastore = datastore
        self.profile = profile
        self.limits = limits
        library = ModuleLibrary(datastore.model.schema)
        let time = datastore.timestamp()
        state.withLock { state in
            state.statistics.start = time
            state.events.start = time
        }
    }

    func withState<Result: Sendable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try state.withLock { state throws(Failure) in try body(&state) }
    }

    // MARK: Sessions

    /// Admits a session. `end` is called, from any thread, when another session kills it.
    func begin(user: String, source: String, transport: String, end: @escaping @Sendable () -> Void) -> SessionInfo {
        let time = datastore.timestamp()
        return state.withLock { state in
            while state.sessions[state.nextSession] != nil || state.nextSession == 0 { state.nextSession &+= 1 }
            let info = SessionInfo(
                id: state.nextSession, user: user, source: source, transport: transport, loginTime: time)
            state.nextSession &+= 1
            state.sessions[info.id] = Participant(info: info, end: end)
            state.statistics.inSessions += 1
            return info
        }
    }

    /// Takes back what a session leaves behind: its locks, the candidate under its lock, its confirmed commit.
    func end(_ id: UInt32, _ ending: Ending = .other, killer: UInt32? = nil) {
        let (gone, lost, hadCandidate) = state.withLock { state -> (Participant?, PendingCommit?, Bool) in
            state.subscribers[id] = nil
            guard let gone = state.sessions.removeValue(forKey: id) else { return (nil, nil, false) }
            let hadCandidate = state.locks[.candidate] == id
            if hadCandidate { state.candidate = nil }
            for (store, holder) in state.locks where holder == id { state.locks[store] = nil }
            return (gone, state.pending?.session == id ? state.pending : nil, hadCandidate)
        }
        if let gone, hadCandidate { datastore.sharedCandidate?.unlock(gone.info) }
        if let lost { rollBack(lost.number, .cancel) }
        if let gone, gone.hasGreeted { publishEnd(gone.info, ending, killer: killer) }
    }

    /// Ends all sessions, as a server does that stops.
    package func endSessions() {
        for (id, session) in state.withLock(\.sessions) {
            end(id)
            session.end()
        }
    }

    // MARK: Confirmed commit

    /// Puts back what was before the confirmed commit of that number, if it still waits.
    func rollBack(_ number: Int, _ event: ConfirmEvent = .timeout) {
        let before = state.withLock { state -> DataTree? in
            guard let pending = state.pending, pending.number == number else { return nil }
            state.pending = nil
            return pending.before
        }
        guard let before else { return }
        // What cannot be stored stays as it is; the next commit reports it.
        try? replaceRunning(datastore.running, with: before, by: .server)
        publishConfirm(event, nil)
    }

    /// Makes `new` the running configuration and tells the subscribers.
    func replaceRunning(_ old: DataTree, with new: DataTree, by cause: Cause) throws(RPCFailure) {
        try datastore.replaceRunning(old, with: new)
        publishChange(from: old, to: new, by: cause)
    }

    /// Whoever else commits confirms what waits: for a device whose command line does so.
    package func confirmPending() {
        let isWaiting = state.withLock { state in
            defer { state.pending = nil }
            return state.pending != nil
        }
        if isWaiting { publishConfirm(.complete, nil) }
    }

    /// Who holds the lock of the running configuration: user and session, for the words of a command line.
    package var holderOfRunning: SessionInfo? {
        state.withLock { state in state.locks[.running].flatMap { state.sessions[$0]?.info } }
    }

    /// As if the time of a waiting confirmed commit were over: for a server that stops.
    package func rollBackPending() {
        if let number = state.withLock({ $0.pending?.number }) { rollBack(number) }
    }

    var capabilities: Capabilities {
        var all = Capabilities([Capabilities.base10])
        if profile.base11 { all.add(Capabilities.base11) }
        let standard: [(Bool, String)] = [
            (profile.writableRunning, "writable-running:1.0"), (profile.candidate, "candidate:1.0"),
            // Some clients know the older name of it only.
            (profile.confirmedCommit && profile.candidate, "confirmed-commit:1.0"),
            (profile.confirmedCommit && profile.candidate, "confirmed-commit:1.1"), (true, "rollback-on-error:1.0"),
            (profile.validate, "validate:1.0"), (profile.validate, "validate:1.1"),
            (profile.startup, "startup:1.0"), (true, "xpath:1.0"), (true, "notification:1.0"),
            (true, "interleave:1.0"),
            (profile.transactionID, "http://tail-f.com/ns/netconf/transaction-id/1.0"),
            (true, "with-defaults:1.0?basic-mode=explicit&also-supported=report-all,report-all-tagged,trim"),
            (true, "yang-library:1.0?revision=2019-01-04&module-set-id=\(library.contentID)"),
            (true, "yang-library:1.1?revision=2019-01-04&content-id=\(library.contentID)"),
        ]
        for (isThere, name) in standard where isThere {
            all.add(name.hasPrefix("http:") ? name : Capabilities.standard(name))
        }
        for uri in profile.further { all.add(uri) }
        for var module in ModuleLibrary.own {
            module.features = ownFeatures(module.name)
            all.add(module.uri)
        }
        for module in profile.hidesModules ? [] : library.announced { all.add(module.uri) }
        return all
    }
}
