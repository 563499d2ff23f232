import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Foundation
import Synchronization
import Transactions

/// Makes snapshots of the running configuration and lets the log forget what they stand for, while others commit.
///
/// Invariants:
/// - The log keeps every record that history within the configured size, recovery or a confirmed commit needs.
/// - A snapshot is durable before the database names it; the log begins behind one whose files were all read again;
///   files go after the rows that named them.
/// - One at a time: whoever writes files that no row names yet holds the claim.
final class StorageKeeper: Sendable {
    /// The configuration with the record of the log up to which it is.
    struct Moment: Sendable {
        var tree: DataTree
        var number: Int64
        var generation: Int
        var generationDigest: String
    }

    /// What operators should know.
    enum Notice: Sendable {
        /// What is wrong with files of snapshots that something needs.
        case damaged([String])
        /// All of them were read, and are whole.
        case whole
        /// A compaction that the daemon began by itself has failed.
        case failed(String)
        case compacted
    }

    /// What has been written since the latest snapshot.
    private struct Tail: Sendable {
        var snapshotBytes = 0
        /// Counts of `ConfigurationDatabase.written` then; below zero: what the start has found.
        var records = 0
        var bytes = 0
        /// For the quiet time before a snapshot.
        var seenRecords = 0
        var quietSince: Int64 = 0
        var dueSince: Int64?
        /// Files that no row named at the end of the latest run: they go with the next.
        var unnamed: Set<String> = []
        var latest: CompactionOutcome?
        var isDamaged = false
    }

    private let database: ConfigurationDatabase
    private let history: CommitHistory
    private let policy: CompactionPolicy
    private let historySize: Int
    private let report: @Sendable (Notice) -> Void
    private let tail: Mutex<Tail>
    private let claimed = DispatchSemaphore(value: 1)
    private let isRunning = Atomic(false)
    private let isStopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 1)

    /// - Parameter found: the records since the latest snapshot that the start has read, and their bytes.
    init(
        _ database: ConfigurationDatabase, history: CommitHistory, policy: CompactionPolicy, historySize: Int,
        found: (records: Int, bytes: Int), report: @escaping @Sendable (Notice) -> Void
    ) {
        self.database = database
        self.history = history
        self.policy = policy
        self.historySize = historySize
        self.report = report
        let written = database.written
        let latest = database.snapshots.first?.manifest ?? SnapshotManifest(database.anchor.manifest)
        tail = Mutex(
            Tail(
                snapshotBytes: latest?.byteCount ?? 0, records: written.records - found.records,
                bytes: written.bytes - found.bytes))
    }

    // MARK: Claim

    /// The right to write files of snapshots.
    struct Claim {
        fileprivate let semaphore: DispatchSemaphore
        func release() { semaphore.signal() }
    }

    func claim() -> Claim {
        claimed.wait()
        return Claim(semaphore: claimed)
    }

    // MARK: By itself

    /// Reads the files that the start did not need, on a thread of its own, and reports those that are damaged: they are
    /// of snapshots that history needs, or the next start if the latest one is damaged.
    func check() {
        isRunning.store(true, ordering: .relaxed)
        ended.wait()
        let thread = Thread { [self] in
            Self.standBack()
            let claim = claim()
            lookForDamage()
            claim.release()
            isRunning.store(false, ordering: .releasing)
            ended.signal()
        }
        thread.name = "cdb-check"
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Reads all files that something names.
    private func lookForDamage() {
        let files = database.snapshotFiles
        var known: Set<LogDigest> = []
        var faults: [String] = []
        for manifest in named {
            for chunk in manifest.chunks where known.insert(chunk.digest).inserted {
                if isStopping.load(ordering: .relaxed) { return }
                do { _ = try files.read(chunk.digest) } catch { faults.append("\(error)") }
            }
        }
        tail.withLock { $0.isDamaged = !faults.isEmpty }
        report(faults.isEmpty ? .whole : .damaged(faults))
    }

    /// Of this thread alone: commits go first.
    private static func standBack() { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10) }

    /// All snapshots that something names.
    private var named: [SnapshotManifest] {
        database.snapshots.map(\.manifest) + history.activationSnapshots
            + [SnapshotManifest(database.anchor.manifest)].compactMap(\.self)
    }

    /// Looks whether a snapshot is due and makes it on a thread of its own.
    func tick(at now: Int64, _ compact: @escaping @Sendable () throws -> Void) {
        let written = database.written
        let isTime = tail.withLock { tail in
            if tail.seenRecords != written.records {
                tail.seenRecords = written.records
                tail.quietSince = now
            }
            guard
                policy.isDue(
                    records: written.records - tail.records, bytes: written.bytes - tail.bytes,
                    snapshotBytes: tail.snapshotBytes)
            else {
                tail.dueSince = nil
                return false
            }
            if tail.dueSince == nil { tail.dueSince = now }
            // Where it is never quiet, it is done at some time all the same.
            let isUrgent = now - (tail.dueSince ?? now) >= 12 * policy.delay
            return now - tail.quietSince >= policy.delay || isUrgent
        }
        guard isTime, !isStopping.load(ordering: .relaxed),
            isRunning.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
        else { return }
        ended.wait()
        let thread = Thread { [self] in
            Self.standBack()
            do { try compact() } catch { failed(error, at: now) }
            FreedMemory.giveBack()
            isRunning.store(false, ordering: .releasing)
            ended.signal()
        }
        thread.name = "cdb-compaction"
        thread.stackSize = 8 << 20
        thread.start()
    }

    private func failed(_ error: any Error, at now: Int64) {
        if isStopping.load(ordering: .relaxed) { return }
        report(.failed("\(error)"))
        // Not again and again at once.
        tail.withLock { tail in
            tail.dueSince = nil
            tail.quietSince = now + 60_000_000
        }
    }

    /// Waits for a run to end, which then ends early.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
        ended.signal()
    }

    var latest: CompactionOutcome? { tail.withLock { $0.latest } }

    // MARK: Compaction

    private struct Stopped: Error {}

    /// Makes a snapshot and removes from the log what nobody needs any more.
    ///
    /// - Parameter needed: the oldest record that somebody else needs.
    func compact(
        _ moment: @autoclosure () -> Moment, needed: @autoclosure () -> Int64?, progress: (String) -> Void
    ) throws -> CompactionOutcome {
        let claim = claim()
        defer { claim.release() }
        var outcome = CompactionOutcome()
        outcome.before = try database.usage()
        let moment = moment()
        let written = database.written
        let snapshot = try makeSnapshot(moment, progress)
        outcome.snapshotBytes = snapshot.manifest.byteCount
        tail.withLock { tail in
            (tail.records, tail.bytes, tail.dueSince) = (written.records, written.bytes, nil)
            tail.snapshotBytes = snapshot.manifest.byteCount
        }
        if try moveBeginning(needed: needed()) {
            progress("the log now begins after record \(database.anchor.position.number)")
        }
        try thinSnapshots()
        try dropDamagedSnapshots()
        try database.forget(pause: pace())
        try removeFiles()
        outcome.after = try database.usage()
        outcome.recordsRemoved = max(0, outcome.before.records - outcome.after.records)
        let wasDamaged = tail.withLock { tail in
            tail.latest = outcome
            return tail.isDamaged
        }
        report(.compacted)
        // It may have replaced what was damaged.
        if wasDamaged { lookForDamage() }
        return outcome
    }

    private func makeSnapshot(_ moment: Moment, _ progress: (String) -> Void) throws -> StoredSnapshot {
        if let latest = database.snapshots.first, latest.position.number == moment.number,
            database.snapshotFiles.faults(of: latest.manifest).isEmpty
        {
            return latest
        }
        guard let position = try database.position(of: moment.number) else {
            throw DatabaseFault(
                .missing, "record \(moment.number) is not in the log", remedy: "start the daemon again",
                path: database.path, record: moment.number)
        }
        let rest = pace()
        var said = 0
        let manifest = try withoutActuallyEscaping(progress) { progress in
            try ConfigurationImage.write(
                moment.tree, to: database.snapshotFiles, commits: history.count(through: moment.number),
                generation: moment.generation, generationDigest: moment.generationDigest
            ) { bytes in
                if bytes - said >= 16 << 20 {
                    said = bytes
                    progress("\(bytes >> 20) MiB of the configuration are written")
                }
                guard rest() else { throw Stopped() }
            }
        }
        let snapshot = StoredSnapshot(position: position, manifest: manifest)
        try database.addSnapshot(snapshot)
        progress("the configuration is written: \(manifest.chunks.count) files of \(manifest.byteCount) bytes")
        return snapshot
    }

    /// Rests for as long as the step before took, so that commits have the disk and the processor; false to stop.
    private func pace() -> () -> Bool {
        var last = DispatchTime.now().uptimeNanoseconds
        return { [self] in
            let now = DispatchTime.now().uptimeNanoseconds
            usleep(UInt32(min(max((now - last) / 1_000, 500), 50_000)))
            last = DispatchTime.now().uptimeNanoseconds
            return !isStopping.load(ordering: .relaxed)
        }
    }

    /// Lets the log begin behind the latest snapshot that has all needed history after it; true if there is a later one.
    private func moveBeginning(needed: Int64?) throws -> Bool {
        let commits = history.commits
        guard commits.count > historySize else { return false }
        var limit = commits[historySize - 1].transaction - 1
        if let needed { limit = min(limit, needed - 1) }
        if let oldest = try oldestOpenTransaction() { limit = min(limit, oldest - 1) }
        let files = database.snapshotFiles
        let suited = database.snapshots.first { $0.position.number <= limit && files.faults(of: $0.manifest).isEmpty }
        guard let suited else { return false }
        try database.moveAnchor(to: suited.position, manifest: suited.manifest.bytes)
        history.forget(through: suited.position.number)
        return true
    }

    private func oldestOpenTransaction() throws -> Int64? {
        var plan = RecoveryPlan()
        try database.readTransactions { number, kind, payload in
            guard let kind = TransactionRecordKind(rawValue: kind.rawValue) else { return }
            try plan.add(kind, number: number, payload: payload)
        }
        return plan.oldestNeeded
    }

    /// Of many snapshots, the oldest and the latest are kept.
    private func thinSnapshots() throws {
        let numbers = database.snapshots.map(\.position.number)
        guard numbers.count > 8 else { return }
        try database.removeSnapshots(except: Set(numbers.prefix(1) + numbers.suffix(7)))
    }

    /// A snapshot that cannot be read is of no use once there is a later one: the log has the same.
    private func dropDamagedSnapshots() throws {
        guard tail.withLock({ $0.isDamaged }) else { return }
        let files = database.snapshotFiles
        let whole = database.snapshots.filter { files.faults(of: $0.manifest).isEmpty }
        guard whole.count < database.snapshots.count else { return }
        try database.removeSnapshots(except: Set(whole.map(\.position.number)))
    }

    private func removeFiles() throws {
        let kept = Set(named.flatMap(\.chunks).map(\.digest))
        let all = try database.snapshotFiles.names()
        // A backup that is being made may still be copying them.
        let unnamed = all.subtracting(kept.map(\.description))
        let before = tail.withLock { tail in
            defer { tail.unnamed = unnamed }
            return tail.unnamed
        }
        let spared = unnamed.subtracting(before).compactMap { LogDigest(hexadecimal: $0) }
        _ = try database.snapshotFiles.removeAll(except: kept.union(spared))
    }
}
