import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Synchronization
import Transactions

/// What was committed, when and by whom: an index over the log, and the way back to any configuration that it holds.
///
/// Invariants: one entry for each record of the log that changed the configuration, in its order; the first has the
/// number 10001. Of the oldest, only how many there were is remembered.
final class CommitHistory: Sendable {
    private struct State: Sendable {
        /// Oldest first.
        var commits: [CommitSummary] = []
        var count = 0
        /// Where each activation's record is to be read from: the position before it.
        var activations: [LogPosition] = []
        var database: ConfigurationDatabase?
    }

    private let state = Mutex(State())
    private static let firstID = 10_001
    private static let limit = 10_000

    // MARK: Filling

    /// Takes up a record that a start replays.
    func replay(_ record: LogRecord) throws {
        if let change = try Self.change(in: record) {
            add(change, transaction: record.number, time: record.time)
        } else if record.kind == .activation {
            noteActivation(record)
        }
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

    func noteActivation(_ record: LogRecord) {
        let position = LogPosition(number: record.number - 1, digest: record.previousDigest)
        state.withLock { $0.activations.append(position) }
    }

    /// The change that a record brings in force, if it does.
    private static func change(in record: LogRecord) throws -> CommitRecord? {
        switch record.kind {
        case .initialise, .commit: return try CommitRecord(record.payload)
        case .decisionCommit:
            guard case .decision(_, let change)? = TransactionPayload(.decisionCommit, record.payload) else {
                return nil
            }
            return try CommitRecord(change)
        default: return nil
        }
    }

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
                            || item.edit == .delete && ChangeConflict.isWithin(path, item.path)
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
    /// Only what was in force since the activation before the range is read. What an activation of other models brought
    /// is tried under `model`: where it has a place there it serves, where not, that is the error.
    func visit(
        _ transactions: ClosedRange<Int64>, _ model: DataModel,
        _ body: (_ record: CommitRecord, _ change: CommittedChange) -> Void
    ) throws(ControlError) {
        let (database, activations) = state.withLock { ($0.database, $0.activations) }
        guard let database else { throw ControlError(.resource, "the log is not open") }
        let start = activations.last { $0.number < transactions.lowerBound } ?? database.anchor.position
        var tree = DataTree(model)
        do {
            try database.read(after: start, through: transactions.upperBound) { record in
                if record.kind == .activation {
                    tree = try DataTree(model).applying(ActivationRecord(record.payload).data)
                } else if let commit = try Self.change(in: record) {
                    let before = tree
                    tree = try tree.applying(commit.changes)
                    guard transactions.contains(record.number) else { return }
                    body(commit, CommittedChange(before: before, after: tree))
                }
            }
        } catch let error as PathError {
            throw ControlError(
                .unsupported, "what was committed then has no place in the models in use, which are others: \(error)")
        } catch {
            throw ControlError(.resource, "the log cannot be read: \(error)")
        }
    }
}
