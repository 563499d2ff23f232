internal import Basics
internal import Foundation
internal import Synchronization

/// The only place that writes the database; callers that come while it syncs share the next sync.
///
/// A caller that finds nobody else writes for itself, which saves two changes of thread; a thread writes for those who
/// come together, and what nobody waits for. Who writes has the turn.
///
/// Invariants:
/// - One at a time has the turn, and nobody else touches the log.
/// - Batches become durable in the order in which they were handed in; numbers are given there.
/// - A batch is acknowledged only after its transaction was synced.
/// - When a transaction fails, every batch submitted by then fails with it: later ones may be built on it.
/// - After a fault that leaves the outcome unknown, nothing more is written until the place of what is in question could
///   be written over: then it is not in the log, and what is in memory holds.
final class CommitWriter: Sendable {
    private struct Pending: Sendable {
        var batch: CommitBatch
        var ticket: CommitTicket?
    }

    private struct State: Sendable {
        var stored: StoredState
        var nextNumber: Int64
        var pending: [Pending] = []
        /// Operational values as readers see them: durable ones, and those written without waiting.
        var operational: [String: [UInt8]]
        var closedBy: DatabaseFault?
        /// What the latest write met; nil if it succeeded.
        var fault: DatabaseFault?
        var watcher: @Sendable (DatabaseFault?) -> Void = { _ in }
        var isStopping = false
        /// Whether a caller or the thread has the turn.
        var isTaken = false
        var policy = GatherPolicy()
        /// Pages in the write-ahead log, about.
        var pages = 0
        /// Whether the thread waits for a quiet moment to copy them.
        var isWatchingPages = false
        /// Records written since the start, and the bytes of their payloads.
        var written = (records: 0, bytes: 0)
    }

    private let storage: LogStorage
    private let state: Mutex<State>
    private let work = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// A transaction takes no more than this many batches and (but for the first) bytes.
    private static let batchLimit = 512
    private static let byteLimit = 16 << 20
    /// Pages in the write-ahead log after which an idle writer, or in the end a busy one, copies them to the database.
    private static let idleCheckpoint = 1_000
    private static let busyCheckpoint = 16_000
    private static let idleDelay = DispatchTimeInterval.milliseconds(50)
    /// How often values that nobody waits for are held back because others follow.
    private static let delayLimit = 20
    /// After a fault, how long until the disk is tried again although nobody commits.
    private static let retryDelay = DispatchTimeInterval.milliseconds(250)

    init(_ storage: LogStorage, _ stored: StoredState) {
        self.storage = storage
        state = Mutex(
            State(stored: stored, nextNumber: stored.head.number + 1, operational: stored.operational.values))
        let thread = Thread { [self] in run() }
        thread.name = "cdb-writer"
        thread.stackSize = 4 << 20
        thread.start()
    }

    // MARK: Callers

    var head: LogPosition { state.withLock { $0.stored.head } }
    var anchor: LogAnchor { state.withLock { $0.stored.anchor } }
    var snapshots: [StoredSnapshot] { state.withLock { $0.stored.snapshots } }
    var written: (records: Int, bytes: Int) { state.withLock { $0.written } }

    /// Returns when the batch is durable, or throws `DatabaseFault`: then none of it is in the database.
    func write(_ batch: CommitBatch) throws -> WrittenBatch {
        guard batch.isWithinLimits else { throw DatabaseFault.tooLarge(path: storage.path) }
        let (ticket, isMine) = try state.withLock { state in
            if let fault = state.closedBy { throw fault }
            if state.isStopping { throw DatabaseFault.closed(path: storage.path) }
            let ticket = CommitTicket(firstNumber: state.nextNumber)
            // The thread deals with faults, and lets callers who come together share a sync.
            let isMine =
                !state.isTaken && !state.policy.expectsOthers && state.fault == nil
                && state.pages < Self.busyCheckpoint && !state.pending.contains { $0.ticket != nil }
            state.nextNumber += Int64(batch.entries.count)
            state.pending.append(Pending(batch: batch, ticket: ticket))
            if isMine { state.isTaken = true }
            return (ticket, isMine)
        }
        if isMine { writeMyself(until: ticket) } else { work.signal() }
        return try ticket.wait()
    }

    private func writeMyself(until ticket: CommitTicket) {
        while !ticket.isFinished { writeGroup() }
        let needsThread = state.withLock { state in
            state.isTaken = false
            // It looks from time to time whether it has become quiet; it has to be told to begin with that.
            let isDue = state.pages >= Self.idleCheckpoint && !state.isWatchingPages
            return isDue || !state.pending.isEmpty || state.isStopping || state.fault != nil
        }
        if needsThread { work.signal() }
    }

    /// Visible at once, durable with the next batch or after a moment, lost by a crash before that.
    func setUnsynced(_ changes: [OperationalChange]) throws {
        let batch = CommitBatch([], operational: changes)
        guard batch.isWithinLimits else { throw DatabaseFault.tooLarge(path: storage.path) }
        let isFirst = try state.withLock { state in
            if let fault = state.closedBy { throw fault }
            for change in changes { state.operational[change.key] = change.value }
            state.pending.append(Pending(batch: batch, ticket: nil))
            return state.pending.count == 1
        }
        // The writer knows of those before, and lets more gather.
        if isFirst { work.signal() }
    }

    /// Tells `body` when writing begins to fail, fails for another reason, or succeeds again (nil). Called by who writes;
    /// must be short.
    func watch(_ body: @escaping @Sendable (DatabaseFault?) -> Void) {
        let fault = state.withLock { state in
            state.watcher = body
            return state.fault
        }
        if let fault { body(fault) }
    }

    func operational(_ key: String) -> [UInt8]? { state.withLock { $0.operational[key] } }

    func operationalKeys(prefix: String) -> [String] {
        state.withLock { state in state.operational.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    }

    func moveAnchor(to position: LogPosition, manifest: [UInt8]) throws {
        let old = anchor
        let new = LogAnchor(identity: old.identity, position: position, manifest: manifest)
        try storage.moveAnchor(from: old, to: new)
        state.withLock { state in
            state.stored.anchor = new
            state.stored.snapshots.removeAll { $0.position.number <= position.number }
        }
    }

    func addSnapshot(_ snapshot: StoredSnapshot) throws {
        try storage.insert(snapshot)
        state.withLock { state in
            state.stored.snapshots.removeAll { $0.position.number == snapshot.position.number }
            state.stored.snapshots.append(snapshot)
            state.stored.snapshots.sort { $0.position.number > $1.position.number }
        }
    }

    func removeSnapshots(except kept: Set<Int64>) throws {
        try storage.removeSnapshots(except: kept)
        state.withLock { $0.stored.snapshots.removeAll { !kept.contains($0.position.number) } }
    }

    /// Writes what is pending and ends the thread.
    func stop() {
        let isFirst = state.withLock { state in
            defer { state.isStopping = true }
            return !state.isStopping
        }
        guard isFirst else { return }
        work.signal()
        ended.wait()
    }

    // MARK: The thread

    private func run() {
        var delays = 0
        while true {
            guard state.withLock({ $0.isStopping || !$0.pending.isEmpty }) else {
                rest()
                continue
            }
            if delays < Self.delayLimit, !waitsForMore() {
                delays += 1
                continue
            }
            delays = 0
            gather()
            guard takeTurn() else {
                // Who has it tells when there is something left.
                work.wait()
                continue
            }
            let isOver = state.withLock { $0.isStopping && $0.pending.isEmpty }
            if !isOver {
                writeGroup()
                if state.withLock({ $0.pages >= Self.busyCheckpoint }) { checkpoint() }
            }
            giveTurn()
            if isOver { break }
        }
        ended.signal()
    }

    private func takeTurn() -> Bool {
        state.withLock { state in
            defer { state.isTaken = true }
            return !state.isTaken
        }
    }

    private func giveTurn() { state.withLock { $0.isTaken = false } }

    /// Waits for work; looks after the disk and the write-ahead log when it takes long.
    private func rest() {
        let (isFaulty, records) = state.withLock { state in
            state.isWatchingPages = state.pages >= Self.idleCheckpoint
            return (state.fault != nil, state.isWatchingPages ? state.written.records : nil)
        }
        if isFaulty {
            guard work.wait(timeout: .now() + Self.retryDelay) == .timedOut, takeTurn() else { return }
            tryAgain()
            giveTurn()
        } else if let records {
            guard work.wait(timeout: .now() + Self.idleDelay) == .timedOut,
                state.withLock({ $0.written.records }) == records, takeTurn()
            else { return }
            checkpoint()
            giveTurn()
        } else {
            work.wait()
        }
    }

    /// Gives values that nobody waits for a moment to gather; false if something changed meanwhile.
    private func waitsForMore() -> Bool {
        let isUrgent = state.withLock { state in
            state.isStopping || state.pending.isEmpty || state.pending.contains { $0.ticket != nil }
        }
        if isUrgent { return true }
        let isFaulty = state.withLock { $0.fault != nil }
        return work.wait(timeout: .now() + (isFaulty ? Self.retryDelay : Self.idleDelay)) == .timedOut
    }

    private var waitingCallers: Int {
        state.withLock { state in state.isStopping ? 1 << 20 : state.pending.count { $0.ticket != nil } }
    }

    /// Lets the callers that have just been answered come back before the next sync.
    private func gather() {
        guard waitingCallers > 0, let (callers, deadline) = state.withLock({ $0.policy.wanted(.now()) }) else { return }
        while waitingCallers < callers, work.wait(timeout: deadline) == .success {}
        let found = waitingCallers
        state.withLock { $0.policy.waited(found: found) }
    }

    // MARK: Writing, with the turn

    private func writeGroup() {
        let (group, stored) = takeGroup()
        guard !group.isEmpty else { return }
        let start = DispatchTime.now().uptimeNanoseconds
        write(group, onto: stored)
        let duration = DispatchTime.now().uptimeNanoseconds - start
        state.withLock { state in
            state.policy.wrote(
                answered: group.count { $0.ticket != nil }, waiting: state.pending.count { $0.ticket != nil },
                nanoseconds: duration)
            state.pages += group.reduce(2) { $0 + 1 + $1.batch.byteCount / 4_000 }
        }
    }

    private func takeGroup() -> ([Pending], StoredState) {
        state.withLock { state in
            var bytes = 0
            var count = 0
            for pending in state.pending.prefix(Self.batchLimit) {
                bytes += pending.batch.byteCount
                if count > 0, bytes > Self.byteLimit { break }
                count += 1
            }
            let group = Array(state.pending.prefix(count))
            state.pending.removeFirst(count)
            return (group, state.stored)
        }
    }

    private func write(_ group: [Pending], onto stored: StoredState) {
        do {
            let (next, records) = try storage.write(group.map(\.batch), onto: stored)
            state.withLock { state in
                state.stored = StoredState(
                    anchor: state.stored.anchor, head: next.head, operational: next.operational,
                    snapshots: state.stored.snapshots)
                state.written.records += records.reduce(0) { $0 + $1.count }
                state.written.bytes += group.reduce(0) { $0 + $1.batch.byteCount }
                for pending in group where pending.ticket != nil {
                    for change in pending.batch.operational { state.operational[change.key] = change.value }
                }
            }
            for (pending, records) in zip(group, records) { pending.batch.onDurable?(records) }
            for (pending, records) in zip(group, records) { pending.ticket?.finish(.success(records)) }
            note(nil)
        } catch {
            fail(group, with: settled(DatabaseFault.from(error, path: storage.path), stored))
        }
    }

    /// After an input/output error, whether the transaction is on the disk is unknown. Writing over its place settles
    /// that: it is not. If that fails too, only a start can tell.
    private func settled(_ fault: DatabaseFault, _ stored: StoredState) -> DatabaseFault {
        guard fault.code == .inputOutput else { return fault }
        do {
            try storage.touch(stored)
            return fault
        } catch {
            var unknown = fault
            unknown.code = .outcomeUnknown
            unknown.sentence += ", and whether the last commit is stored will show when the daemon starts again"
            return unknown
        }
    }

    private func fail(_ group: [Pending], with fault: DatabaseFault) {
        let refused = state.withLock { state in
            let others = state.pending
            state.pending = []
            state.nextNumber = state.stored.head.number + 1
            if fault.code == .outcomeUnknown || fault.code == .damaged {
                state.closedBy = fault
            } else if !state.isStopping {
                // Values that nobody waits for are tried again with the next batch.
                state.pending = (group + others).filter { $0.ticket == nil }
            }
            return (group + others).compactMap(\.ticket)
        }
        note(fault)
        for ticket in refused { ticket.finish(.failure(fault)) }
    }

    private func note(_ fault: DatabaseFault?) {
        let watcher: (@Sendable (DatabaseFault?) -> Void)? = state.withLock { state in
            guard state.fault?.code != fault?.code else { return nil }
            state.fault = fault
            return state.watcher
        }
        watcher?(fault)
    }

    /// Whether the disk can be written again. What was in question is written over, and so is not in the log.
    private func tryAgain() {
        let (stored, closedBy) = state.withLock { ($0.stored, $0.closedBy) }
        if let closedBy, closedBy.code != .outcomeUnknown { return }
        guard (try? storage.touch(stored)) != nil else { return }
        state.withLock { $0.closedBy = nil }
        note(nil)
    }

    /// A failure is no fault: the write-ahead log only grows.
    private func checkpoint() {
        let isDone = (try? storage.checkpoint()) != nil && (try? storage.touch(state.withLock { $0.stored })) != nil
        state.withLock { $0.pages = isDone ? 0 : Self.idleCheckpoint / 2 }
    }
}

/// What became of a batch.
struct WrittenBatch: Sendable {
    /// The number of its first record; of the next one that there will be if it has none.
    var firstNumber: Int64
    var records: [LogRecord]
}

/// A caller's claim on the outcome of its batch.
private final class CommitTicket: Sendable {
    private let firstNumber: Int64
    private let result = Mutex<Result<[LogRecord], DatabaseFault>?>(nil)
    private let finished = DispatchSemaphore(value: 0)

    init(firstNumber: Int64) { self.firstNumber = firstNumber }

    var isFinished: Bool { result.withLock { $0 != nil } }

    /// To be called once.
    func wait() throws -> WrittenBatch {
        finished.wait()
        return WrittenBatch(
            firstNumber: firstNumber, records: try (result.withLock { $0 } ?? .success([])).get())
    }

    func finish(_ outcome: Result<[LogRecord], DatabaseFault>) {
        result.withLock { $0 = outcome }
        finished.signal()
    }
}
