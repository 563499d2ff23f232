import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Synchronization
import Transactions

/// What was committed, when and by whom: an index over the log, and the way back to any configuration that it holds.
///
/// Invariants: one entry for each record of the log that changed the configuration, in its order; the first that there
/// ever was has the number 10001. Of the oldest, and of those before the beginning of the log, only how many there were
/// is remembered.
final class CommitHistory: Sendable {
    private struct State: Sendable {
        /// Oldest first.
        var commits: [CommitSummary] = []
        var count = 0
        var activations: [Activation] = []
        var database: ConfigurationDatabase?
    }

    struct Activation: Sendable {
        /// Where its record is to be read from: the position before it.
        var before: LogPosition
        /// Where its data are; nil if they are in the record.
        var snapshot: SnapshotManifest?
    }

    private let state = Mutex(State())
    private static let firstID = 10_001
    private static let limit = 10_000

    // MARK: Filling

    /// Takes up where the log begins: how many changes there were before.
    func begin(after commits: Int) { state.withLock { $0.count = commits } }

    /// Takes up a record that a start replays. Returns the JSON text of its changes of the configuration, if it has any.
    @discardableResult
    func replay(_ record: LogRecord) throws -> ArraySlice<UInt8>? {
        if record.kind == .activation {
            noteActivation(record, try ActivationRecord(record.payload).snapshot)
            return nil
        }
        guard let payload = Self.payload(of: record) else { return nil }
        let parts = try CommitRecord.Parts(payload)
        // What sent a queued change to its devices changed nothing here.
        if !parts.hasChanges, record.kind != .initialise { return nil }
        add(parts.head, transaction: record.number, time: record.time)
        return parts.changes
    }

    /// From here on configurations can be read.
    func open(_ database: ConfigurationDatabase) { state.withLock { $0.database = database } }

    @discardableResult
    func add(_ record: CommitRecord, transaction: Int64, time: Int64) -> CommitSummary {
        state.withLock { state in
            let commit = CommitSummary(
                id: Self.firstID + state.count, transaction: transaction,
                date: EventTime(microseconds: time).plainText, user: record.user, via: record.context,
                label: record.label, comment: record.comment, traceID: record.traceID)
            state.count += 1
            state.commits.append(commit)
            if state.commits.count > 2 * Self.limit { state.commits.removeFirst(Self.limit) }
            return commit
        }
    }

    func noteActivation(_ record: LogRecord, _ snapshot: SnapshotManifest?) {
        let position = LogPosition(number: record.number - 1, digest: record.previousDigest)
        state.withLock { $0.activations.append(Activation(before: position, snapshot: snapshot)) }
    }

    /// Forgets what is no longer in the log, which begins after the record with this number.
    func forget(through number: Int64) {
        state.withLock { state in
            state.commits.removeAll { $0.transaction <= number }
            state.activations.removeAll { $0.before.number < number }
        }
    }

    /// How many changes of the configuration there were up to the record with this number, which the log has.
    func count(through number: Int64) -> Int {
        state.withLock { state in state.count - state.commits.reversed().prefix { $0.transaction > number }.count }
    }

    /// The snapshots that activations in the log speak of.
    var activationSnapshots: [SnapshotManifest] { state.withLock { $0.activations.compactMap(\.snapshot) } }

    /// The change that a record brings in force, if it does.
    private static func change(in record: LogRecord) throws -> CommitRecord? {
        try payload(of: record).map { try CommitRecord($0) }
    }

    /// The bytes of that change.
    static func payload(of record: LogRecord) -> [UInt8]? {
        switch record.kind {
        case .initialise, .commit: return record.payload
        case .decisionCommit:
            guard case .decision(_, let change)? = TransactionPayload(.decisionCommit, record.payload) else {
                return nil
            }
            return change
        default: return nil
        }
    }

    /// How many changes of the configuration there ever were.
    var count: Int { state.withLock { $0.count } }

    // MARK: Asking

    /// Latest first.
    var commits: [CommitSummary] { state.withLock { $0.commits.reversed() } }

    /// The configuration around one commit, over `model`.
    func change(of commit: CommitSummary, _ model: DataModel) throws(ControlError) -> CommittedChange {
        var found: CommittedChange?
        try visit(commit.transaction...commit.transaction, model) { _, change in found = change }
        guard let found else {
            throw ControlError(.notFound, "commit \(commit.id) is no longer in the log")
        }
        return found
    }

    /// The commits that changed something at or below one of the paths, latest first; also by deleting what is above.
    func commits(changing paths: [InstancePath]) throws(ControlError) -> [CommitSummary] {
        let paths = paths.map(\.description)
        let (database, commits) = state.withLock { ($0.database, $0.commits) }
        guard let database, let first = commits.first else { return [] }
        var touching: Set<Int64> = []
        do {
            try database.read(after: database.anchor.position) { record in
                guard record.number >= first.transaction, let commit = try Self.change(in: record) else { return }
                let isTouching = commit.changes.items.contains { item in
                    paths.contains { path in
                        ChangeConflict.isWithin(item.path, path)
                            || item.edit.isWhole && ChangeConflict.isWithin(path, item.path)
                    }
                }
                if isTouching { touching.insert(record.number) }
            }
        } catch {
            throw ControlError(.resource, "the log cannot be read: \(error)")
        }
        return commits.reversed().filter { touching.contains($0.transaction) }
    }

    /// Replays the log over `model` and hands over each commit whose record has a number in the range, in order.
    ///
    /// It begins with the snapshot or activation before the range. What other models brought is tried under `model`: where
    /// it has a place there it serves, where not, that is the error.
    func visit(
        _ transactions: ClosedRange<Int64>, _ model: DataModel,
        _ body: (_ record: CommitRecord, _ change: CommittedChange) -> Void
    ) throws(ControlError) {
        guard let database = state.withLock({ $0.database }) else {
            throw ControlError(.resource, "the log is not open")
        }
        do {
            var (start, tree) = try base(before: transactions.lowerBound, model, database)
            try database.read(after: start, through: transactions.upperBound) { record in
                if record.kind == .activation {
                    tree = try ActivationRecord(record.payload).tree(model, database.snapshotFiles)
                } else if let commit = try Self.change(in: record) {
                    let before = tree
                    tree = try tree.applying(commit.changes)
                    guard transactions.contains(record.number) else { return }
                    body(commit, CommittedChange(before: before, after: tree))
                }
            }
        } catch let error as PathError {
            throw Self.foreign(error.description)
        } catch ImageFault.unknownNode(let path) {
            throw Self.foreign("\(path) is unknown")
        } catch {
            // It may have been compacted meanwhile.
            let isGone = database.anchor.position.number >= transactions.lowerBound
            if isGone { throw ControlError(.notFound, "what was committed then is no longer in the log") }
            throw ControlError(.resource, "the log cannot be read: \(error)")
        }
    }

    private static func foreign(_ reason: String) -> ControlError {
        ControlError(
            .unsupported, "what was committed then has no place in the models in use, which are others: \(reason)")
    }

    /// The latest point before a record at which the whole configuration is at hand, and the configuration there.
    private func base(
        before number: Int64, _ model: DataModel, _ database: ConfigurationDatabase
    ) throws -> (LogPosition, DataTree) {
        let activation = state.withLock { state in
            state.activations.last { $0.before.number < number }?.before
        }
        let files = database.snapshotFiles
        for snapshot in database.snapshots
        where snapshot.position.number < number && snapshot.position.number > activation?.number ?? 0 {
            // One that is damaged is not needed: the log has what it has.
            guard let tree = try? ConfigurationImage.read(snapshot.manifest, from: files, model) else { continue }
            return (snapshot.position, tree)
        }
        if let activation { return (activation, DataTree(model)) }
        let anchor = database.anchor
        guard let manifest = SnapshotManifest(anchor.manifest) else { return (anchor.position, DataTree(model)) }
        return (anchor.position, try ConfigurationImage.read(manifest, from: files, model))
    }
}
