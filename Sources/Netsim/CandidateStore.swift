import ConfigTree
import Dispatch
import Synchronization

/// The candidate of a device that has one, what was committed before, and a commit that waits to be confirmed.
///
/// The command line and NETCONF work on the same one.
///
/// Invariants: `shared` is nil while nobody changed the candidate; a session that has the candidate for itself is the
/// only one that changes it. What is committed is checked first, and stored before it is reported.
final class CandidateStore: Sendable {
    private struct State {
        /// The candidate that all sessions share.
        var shared: DataTree?
        /// The session that has it for itself, and how it is called.
        var holder: (session: Int, name: String)?
        /// Committed earlier, the newest first.
        var history: [DataTree] = []
        /// What to go back to unless the last commit is confirmed, and which timer is to do that.
        var unconfirmed: (tree: DataTree, timer: Int)?
        var timers = 0
        var sessions = 0

        func requireFree(for session: Int) throws(SimulatedDevice.Refusal) {
            guard let holder, holder.session != session else { return }
            throw SimulatedDevice.Refusal(description: "configuration database locked by:\n  \(holder.name)")
        }
    }

    /// What the NETCONF server of the device has to do with commits of the command line.
    struct Observer: Sendable {
        /// Told of each: it confirms what waits for that over NETCONF.
        var committed: @Sendable () -> Void = {}
        /// Who has locked the running configuration, if somebody has.
        var holderOfRunning: @Sendable () -> String? = { nil }
    }

    private let state = Mutex(State())
    private let observer = Mutex(Observer())
    static let historyLimit = 49

    func observe(_ observer: Observer) { self.observer.withLock { $0 = observer } }

    /// Throws who keeps a session of the command line from committing.
    func requireCommittable(by session: Int) throws(SimulatedDevice.Refusal) {
        try requireFree(for: session)
        guard let holder = observer.withLock(\.self).holderOfRunning() else { return }
        throw SimulatedDevice.Refusal(description: "configuration database locked by:\n  \(holder)")
    }

    /// A session of the command line has committed.
    func announceCommit() { observer.withLock(\.self).committed() }

    func newSession() -> Int {
        state.withLock { state in
            state.sessions += 1
            return state.sessions
        }
    }

    // MARK: The shared candidate

    func candidate(over running: DataTree) -> DataTree { state.withLock { $0.shared ?? running } }

    /// Throws the name of who has the candidate for himself.
    func requireFree(for session: Int) throws(SimulatedDevice.Refusal) {
        try state.withLock { state throws(SimulatedDevice.Refusal) in try state.requireFree(for: session) }
    }

    /// Throws the name of who has the candidate for himself.
    func change(to tree: DataTree, running: DataTree, by session: Int) throws(SimulatedDevice.Refusal) {
        try state.withLock { state throws(SimulatedDevice.Refusal) in
            try state.requireFree(for: session)
            state.shared = tree.isSame(as: running) ? nil : tree
        }
    }

    var isChanged: Bool { state.withLock { $0.shared != nil } }

    /// Nil while it is the running configuration.
    var changed: DataTree? { state.withLock { $0.shared } }

    /// Throws away what is in it.
    func discard(by session: Int) throws(SimulatedDevice.Refusal) {
        try state.withLock { state throws(SimulatedDevice.Refusal) in
            try state.requireFree(for: session)
            state.shared = nil
        }
    }

    /// Takes the candidate for one session.
    func hold(_ session: Int, name: String) throws(SimulatedDevice.Refusal) {
        try state.withLock { state throws(SimulatedDevice.Refusal) in
            try state.requireFree(for: session)
            guard state.shared == nil else {
                throw SimulatedDevice.Refusal(description: "configuration database modified")
            }
            state.holder = (session, name)
        }
    }

    /// Gives it back; what was not committed is lost.
    func release(_ session: Int) {
        state.withLock { state in
            guard state.holder?.session == session else { return }
            state.holder = nil
            state.shared = nil
        }
    }

    // MARK: Commits

    /// What was running `number` commits ago; nil if that is not known.
    func earlier(_ number: Int, running: DataTree) -> DataTree? {
        if number == 0 { return running }
        return state.withLock { number <= $0.history.count ? $0.history[number - 1] : nil }
    }

    var isUnconfirmed: Bool { state.withLock { $0.unconfirmed != nil } }

    /// Nobody needs to confirm any more.
    func confirm() { state.withLock { $0.unconfirmed = nil } }

    /// Notes that `old` was replaced. `minutes` give that long to confirm it.
    func committed(_ old: DataTree, isShared: Bool, minutes: Int?, on device: SimulatedDevice) {
        let timer = state.withLock { state -> Int? in
            if isShared { state.shared = nil }
            state.history.insert(old, at: 0)
            if state.history.count > Self.historyLimit { state.history.removeLast() }
            guard minutes != nil else {
                state.unconfirmed = nil
                return nil
            }
            state.timers += 1
            state.unconfirmed = (state.unconfirmed?.tree ?? old, state.timers)
            return state.timers
        }
        guard let timer, let minutes else { return }
        let queue = device.queue
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(60 * minutes)) { [weak device] in
            guard let device else { return }
            queue.run { device.candidate.expire(device, timer: timer) }
        }
    }

    /// Goes back to what was there before a commit that nobody confirmed; without `timer`, whichever waits.
    func expire(_ device: SimulatedDevice, timer: Int? = nil) {
        let old = state.withLock { state -> DataTree? in
            guard let waiting = state.unconfirmed, timer ?? waiting.timer == waiting.timer else { return nil }
            state.unconfirmed = nil
            return waiting.tree
        }
        guard let old else { return }
        try? device.replace(with: old)
    }
}

extension DataTree {
    fileprivate func isSame(as other: DataTree) -> Bool {
        root === other.root || diff(to: other, includingMetadata: true).isEmpty
    }
}
