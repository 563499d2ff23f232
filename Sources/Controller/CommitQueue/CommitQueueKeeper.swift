import Basics
import ConfigDatabase
import Events
import Foundation
import Synchronization
import Transactions

/// The commit queue as it is kept: what waits, what it brings, what was completed; durable, and run by a thread.
///
/// Invariants:
/// - What `CommitQueue` says has ended at a device was stored with the decision, or is stored before anything else is
///   begun for the item.
/// - An item leaves the queue only together with an entry among the completed ones.
final class CommitQueueKeeper: Sendable {
    struct State: Sendable {
        var queue = CommitQueue()
        var work: [Int64: QueueWork] = [:]
        /// Oldest first; only the latest.
        var completed: [CompletedQueueItem] = []
        var lastID: Int64 = 0
        var running = 0
        /// Items whose rollback was begun, and those of them where it failed: they wait for an operator.
        var rollbacks: Set<Int64> = []
        var failedRollbacks: Set<Int64> = []
        var isStopped = false
        /// Grows with each change, for those who wait for one.
        var generation = 0
    }

    struct Runner: Sendable {
        /// Carries a run out.
        var perform: @Sendable (QueueRun, QueueWork) -> QueueRunOutcome
        /// Takes a failed item back that did not reach the devices named; true if that is done.
        var rollBack: @Sendable (Int64, QueueWork, _ unsent: Set<String>) -> Bool
        var policy: @Sendable () -> RetryPolicy
    }

    /// How many runs are carried out at a time.
    private static let limit = 32
    private static let completedLimit = 1_000

    let state = Mutex(State())
    let store: QueueStore
    let alarms: AlarmKeeper
    let devices: DeviceManager
    let clock: WallClock
    private let logs: SystemLogs
    private let changed = NSCondition()

    init(
        _ database: ConfigurationDatabase, alarms: AlarmKeeper, devices: DeviceManager, logs: SystemLogs,
        clock: WallClock
    ) {
        store = QueueStore(database: database)
        self.alarms = alarms
        self.devices = devices
        self.logs = logs
        self.clock = clock
        let items = store.readItems()
        let completed = store.readCompleted()
        state.withLock { state in
            state.queue = CommitQueue(restoring: items)
            state.completed = completed
            state.lastID = (items.map(\.id) + completed.map(\.id)).max() ?? 0
            for item in items { state.work[item.id] = store.readWork(item.id) }
        }
    }

    // MARK: Entering

    /// The number of the next item.
    func nextID() -> Int64 {
        state.withLock { state in
            state.lastID = max(state.lastID + 1, clock.now() / 1_000)
            return state.lastID
        }
    }

    /// An item that is stored already becomes part of the queue.
    func enter(_ item: QueueItem, _ work: QueueWork) {
        state.withLock { state in
            state.queue.add(item)
            state.work[item.id] = work
        }
        noteChange()
    }

    // MARK: Running

    /// Starts the thread that begins what may begin.
    func start(_ runner: Runner) {
        finishEnded()
        let thread = Thread { [weak self] in
            while let keeper = self, !keeper.state.withLock({ $0.isStopped }) { keeper.step(runner) }
        }
        thread.name = "commit-queue"
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Items that a crash came upon after their last device had ended.
    private func finishEnded() {
        for item in state.withLock({ $0.queue.items }) where item.hasEnded && !item.isHeld { settle(item.id) }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        noteChange()
    }

    private func step(_ runner: Runner) {
        let generation = state.withLock { $0.generation }
        reviewBlocked()
        let now = clock.now()
        let (runs, held, due) = state.withLock { state in
            let runs = state.queue.begin(at: now, limit: Self.limit - state.running)
            state.running += runs.count
            let held = state.queue.items.filter { item in
                item.isHeld && item.errorOption == .rollbackOnError && !state.rollbacks.contains(item.id)
            }
            state.rollbacks.formUnion(held.map(\.id))
            let work = runs.map { ($0, state.work[$0.item]) }
            let back = held.compactMap { item in state.work[item.id].map { (item, $0) } }
            return (work, back, state.queue.nextDue(after: now))
        }
        for (run, work) in runs {
            Self.detach { [self] in
                let outcome = work.map { runner.perform(run, $0) } ?? Self.unreadable(run)
                end(run, outcome, runner.policy())
            }
        }
        for (item, work) in held {
            Self.detach { [self] in rollBack(item, work, runner) }
        }
        wait(until: due.map { Date(timeIntervalSinceNow: Double($0 - now) / 1_000_000) }) {
            state.withLock { $0.generation != generation || $0.isStopped }
        }
    }

    private func rollBack(_ item: QueueItem, _ work: QueueWork, _ runner: Runner) {
        let unsent = item.devices.filter { $0.state != .done }.map(\.name)
        if runner.rollBack(item.id, work, Set(unsent)) {
            leave(item.id, .failed)
        } else {
            state.withLock { _ = $0.failedRollbacks.insert(item.id) }
            noteChange()
        }
    }

    private static func unreadable(_ run: QueueRun) -> QueueRunOutcome {
        let failure = QueueFailure("inconsistent database", isTransient: false)
        return .failed(Dictionary(uniqueKeysWithValues: run.devices.map { ($0, failure) }))
    }

    private static func detach(_ work: @escaping @Sendable () -> Void) {
        let thread = Thread(block: work)
        thread.stackSize = 8 << 20
        thread.start()
    }

    private func end(_ run: QueueRun, _ outcome: QueueRunOutcome, _ policy: RetryPolicy) {
        let now = clock.now()
        let item = state.withLock { state in
            state.running -= 1
            return state.queue.end(run, outcome, at: now, policy: policy)
        }
        if let item {
            if case .failed(let failures) = outcome { note(item, failures) }
            if item.hasEnded { settle(item.id) }
        }
        noteChange()
    }

    /// Stores how devices failed, and raises alarms if that is for good.
    private func note(_ item: QueueItem, _ failures: [String: QueueFailure]) {
        let states = item.devices.map { QueueStore.state($0, item.id) }
        do {
            guard item.hasFailed else { return try store.database.setOperationalUnsynced(states) }
            try store.database.setOperational(states)
        } catch {
            logs.develop(.error, "commit queue item \(item.id) cannot be stored: \(error)")
        }
        for device in item.devices {
            guard let reason = device.failure, let failure = failures[device.name] else { continue }
            alarms.raise(
                failure.isTransient ? .commitThroughQueueFailedTransiently : .commitThroughQueueFailed,
                device: device.name, problem: "\(item.id)", text: "Commit queue item \(item.id) has failed: \(reason)")
        }
        for device in item.devices where device.state == .failed || device.state == .aborted {
            devices.noteUnsent(device.name)
        }
    }

    /// What has ended leaves the queue, unless it is held.
    private func settle(_ id: Int64) {
        guard let item = state.withLock({ $0.queue[id] }), item.hasEnded, !item.isHeld else { return }
        leave(id, item.hasFailed ? .failed : .completed)
    }

    // MARK: Leaving

    /// Takes an item out of the queue, into the list of completed ones. False if it is being carried out, or is not there.
    @discardableResult
    func leave(_ id: Int64, _ end: CompletedQueueItem.End) -> Bool {
        let now = clock.now()
        let left = state.withLock { state -> (QueueItem, [OperationalChange])? in
            guard let item = state.queue.remove(id) else { return nil }
            let completed = CompletedQueueItem(item, end: end, when: now)
            let keepsWork = end == .failed && item.errorOption == .stopOnError
            var changes = QueueStore.leaving(item, completed, keepsWork: keepsWork)
            if !keepsWork { state.work[id] = nil }
            state.rollbacks.remove(id)
            state.failedRollbacks.remove(id)
            state.completed.append(completed)
            while state.completed.count > Self.completedLimit {
                let oldest = state.completed.removeFirst()
                changes += QueueStore.forgetting(oldest.id)
            }
            return (item, changes)
        }
        guard let (item, changes) = left else { return false }
        do {
            if end == .completed {
                // Its devices are stored as done: after a crash it leaves again.
                try store.database.setOperationalUnsynced(changes)
            } else {
                try store.database.setOperational(changes)
            }
        } catch {
            logs.develop(.error, "commit queue item \(id) cannot be stored: \(error)")
        }
        if end == .deleted {
            for device in item.devices where !device.hasEnded && !item.isFictive { devices.noteUnsent(device.name) }
        }
        noteChange()
        return true
    }

    // MARK: Waiting

    func noteChange() {
        state.withLock { $0.generation += 1 }
        changed.lock()
        changed.broadcast()
        changed.unlock()
    }

    /// Waits until something holds, looking again after each change. False if it does not in time.
    @discardableResult
    func wait(until deadline: Date?, _ holds: () -> Bool) -> Bool {
        changed.lock()
        defer { changed.unlock() }
        while !holds() {
            if let deadline {
                guard changed.wait(until: deadline) else { return holds() }
            } else {
                changed.wait()
            }
        }
        return true
    }

    /// How an item stands: nil while it is in the queue and may still go on by itself.
    func result(of id: Int64) -> CompletedQueueItem? {
        state.withLock { state in
            guard let item = state.queue[id] else {
                return state.completed.last { $0.id == id }
            }
            let isLeft = item.errorOption == .stopOnError || state.failedRollbacks.contains(id)
            return item.isHeld && isLeft ? CompletedQueueItem(item, end: .failed, when: clock.now()) : nil
        }
    }

    // MARK: Alarms

    /// Raises an alarm for each item that waits behind one that cannot reach a device, and clears those that no longer
    /// do.
    private func reviewBlocked() {
        let items = state.withLock { $0.queue.items }
        let type = AlarmType.commitThroughQueueBlocked
        let open = alarms.all.filter { $0.key.type == type.rawValue && !$0.isCleared }
        guard !open.isEmpty || items.contains(where: { !Self.unreachable($0).isEmpty }) else { return }
        // The first item that is not over at each device.
        var first: [String: QueueItem] = [:]
        var blocked: Set<[String]> = []
        for item in items {
            for device in item.devices where !device.hasEnded {
                guard let before = first[device.name] else {
                    first[device.name] = item
                    continue
                }
                for name in Self.unreachable(before) where before.isAtomic || name == device.name {
                    guard blocked.insert([name, "\(item.id)"]).inserted else { continue }
                    alarms.raise(
                        type, device: name, problem: "\(item.id)",
                        text: "Commit queue item \(item.id) is blocked because item \(before.id) cannot connect to "
                            + name)
                }
            }
        }
        for alarm in open where !blocked.contains([alarm.key.device, alarm.key.specificProblem]) {
            alarms.clear(type, device: alarm.key.device, problem: alarm.key.specificProblem)
        }
    }

    private static func unreachable(_ item: QueueItem) -> [String] {
        item.devices.filter { $0.transientError != nil }.map(\.name)
    }
}
