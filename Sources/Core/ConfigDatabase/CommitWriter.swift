internal import Basics
internal import Foundation
internal import Synchronization

/// The one thread that writes the database; callers that come while it syncs share the next sync.
///
/// Invariants:
/// - Batches become durable in the order of `submit`; numbers are given there.
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

    func submit(_ batch: CommitBatch) throws -> CommitTicket {
        guard batch.isWithinLimits else { throw DatabaseFault.tooLarge(path: storage.path) }
        let ticket = try state.withLock { state in
            if let fault = state.closedBy { throw fault }
            if state.isStopping { throw DatabaseFault.closed(path: storage.path) }
            let ticket = CommitTicket(firstNumber: state.nextNumber)
            state.nextNumber += Int64(batch.entries.count)
            state.pending.append(Pending(batch: batch, ticket: ticket))
            return ticket
        }
        work.signal()
        return ticket
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

    /// Tells `body` when writing begins to fail, fails for another reason, or succeeds again (nil). Called on the writer's
    /// thread; must be short.
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
        var pages = 0
        var delays = 0
        var policy = GatherPolicy()
        while true {
            let (mustWait, isFaulty) = state.withLock { ($0.pending.isEmpty && !$0.isStopping, $0.fault != nil) }
            if mustWait {
                if isFaulty {
                    if work.wait(timeout: .now() + Self.retryDelay) == .timedOut { tryAgain() }
                } else if pages < Self.idleCheckpoint {
                    work.wait()
                } else if work.wait(timeout: .now() + Self.idleDelay) == .timedOut {
                    pages = checkpoint()
                    continue
                }
            }
            if delays < Self.delayLimit, !waitsForMore() {
                delays += 1
                continue
            }
            delays = 0
            gather(&policy)
            let (group, stored) = takeGroup()
            if group.isEmpty {
                if state.withLock({ $0.isStopping }) { break }
                continue
            }
            let start = DispatchTime.now().uptimeNanoseconds
            write(group, onto: stored)
            policy.wrote(
                answered: group.count { $0.ticket != nil }, waiting: waitingCallers,
                nanoseconds: DispatchTime.now().uptimeNanoseconds - start)
            pages += group.reduce(2) { $0 + 1 + $1.batch.byteCount / 4_000 }
            if pages >= Self.busyCheckpoint { pages = checkpoint() }
        }
        ended.signal()
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
    private func gather(_ policy: inout GatherPolicy) {
        guard waitingCallers > 0, let (callers, deadline) = policy.wanted(.now()) else { return }
        while waitingCallers < callers, work.wait(timeout: deadline) == .success {}
        policy.waited(found: waitingCallers)
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

    /// Returns the pages left in the write-ahead log, about. A failure is no fault: the log only grows.
    private func checkpoint() -> Int {
        do {
            try storage.checkpoint()
            try storage.touch(state.withLock { $0.stored })
            return 0
        } catch {
            return Self.idleCheckpoint / 2
        }
    }
}

/// A caller's claim on the outcome of its batch.
package final class CommitTicket: Sendable {
    /// The number that the first record of the batch has if it becomes durable.
    package let firstNumber: Int64

    private let result = Mutex<Result<[LogRecord], DatabaseFault>?>(nil)
    private let finished = DispatchSemaphore(value: 0)

    init(firstNumber: Int64) { self.firstNumber = firstNumber }

    /// Waits until the batch is durable, or throws `DatabaseFault`: then none of it is in the database.
    package func wait() throws -> [LogRecord] {
        finished.wait()
        finished.signal()
        return try (result.withLock { $0 } ?? .success([])).get()
    }

    func finish(_ outcome: Result<[LogRecord], DatabaseFault>) {
        result.withLock { $0 = outcome }
        finished.signal()
    }
}
