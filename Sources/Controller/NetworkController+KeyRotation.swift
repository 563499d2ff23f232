import Basics
import ConfigDatabase
import ConfigTree
package import ControlProtocol
import Events
import Secrets
import Synchronization
import Transactions

/// Encrypts everything anew under other keys.
///
/// One record of the log holds all values under the new keys and, in the same write, which keys are in use: a crash
/// before it leaves the old keys in force, after it the new ones. A key is never taken away: what the log says of
/// earlier times stays readable. Rollback files are rewritten after the record, or by the next start.
extension NetworkController {
    /// Where the database says which keys are in use.
    static let activeKeyName = "secrets/active-key"

    func rotateKeys(
        to generation: Int?, waitSeconds: Int, by session: ControllerSession
    ) throws(ControlError) -> KeyIdentity {
        try upgradeGate.upgrade { () throws(ControlError) in
            let owner = ReservationOwner(id: UInt64(session.id), "\(session.user.name) (key rotation)")
            let reservation: Reservation
            do {
                reservation = try reservations.reserve(
                    CommitClaim.everything, owner: owner, waitMilliseconds: max(waitSeconds, 1) * 1_000)
            } catch {
                throw ControlError(.locked, "open transactions did not end within \(max(waitSeconds, 1)) s: \(error)")
            }
            defer { reservation.release() }
            return try changeKeys(to: generation, session)
        }
    }

    private func changeKeys(to generation: Int?, _ session: ControllerSession) throws(ControlError) -> KeyIdentity {
        let store = secrets.store
        let before = store.active
        let key: KeyIdentity
        do { key = try store.prepare(generation) } catch {
            throw ControlError(.invalidValue, error.description)
        }
        guard key != before else {
            throw ControlError(.invalidValue, "key generation \(key.generation) is in use already")
        }
        CrashPoint.reach("key-rotation.prepared")
        let rewritten = try rewritten(under: key)
        let record = CommitRecord(
            user: session.user.name, context: session.user.context, label: "key-rotation",
            changes: rewritten.changes)
        let time = clock.now()
        try write(record, key, time)
        CrashPoint.reach("key-rotation.recorded")
        do { try store.activate(key) } catch {
            // The database has it, and a start takes it from there.
            logs.develop(.error, error.description)
        }
        let who = LogEvent.AuditUser(session.user.name, session: session.id)
        logs.audit(.committed(who, summary: "encrypted values are now under key generation \(key.generation)"))
        publishKeys(record, rewritten, time)
        return key
    }

    private func rewritten(under key: KeyIdentity) throws(ControlError) -> PreparedCommit {
        let (base, system, number) = head.withLock { ($0.tree, $0.system, $0.number) }
        let candidate = try secrets.resealed(base, under: key)
        let difference = base.diff(to: candidate, includingMetadata: true)
        let dissolved = difference.dissolvingContainers()
        return PreparedCommit(
            base: base, number: number, system: system, candidate: candidate, difference: difference,
            changes: ChangeSet(dissolved), claim: CommitClaim.claim(dissolved, base: base, reads: ReadCollector()))
    }

    private func write(_ record: CommitRecord, _ key: KeyIdentity, _ time: Int64) throws(ControlError) {
        let active = OperationalChange(Self.activeKeyName, Array(key.description.utf8))
        // Without secrets there is nothing to say but which keys are in use.
        let entries =
            record.changes.isEmpty ? [] : [LogEntry(kind: .commit, time: time, payload: record.encode())]
        do {
            try database.write(CommitBatch(entries, operational: [active]))
        } catch {
            throw ControlError(.resource, "the keys were not changed: \(error)")
        }
    }

    private func publishKeys(_ record: CommitRecord, _ rewritten: PreparedCommit, _ time: Int64) {
        hasRotatedKeys.store(true, ordering: .relaxed)
        if !record.changes.isEmpty {
            let transaction = nextTransaction.add(1, ordering: .relaxed).oldValue
            publish(
                record, rewritten, transaction: transaction, number: database.head.number, time: time)
        }
        rollbackFiles?.reseal()
    }

    /// A change that was begun before the keys were changed, with its secrets as they would now be.
    func underKeysInUse(_ request: CommitRequest) throws(ControlError) -> CommitRequest {
        guard hasRotatedKeys.load(ordering: .relaxed),
            secrets.isStale(ChangeSet(request.base.diff(to: request.candidate), packing: .all))
        else { return request }
        var request = request
        let running = running
        request.base = try secrets.sealed(request.base, like: running)
        request.candidate = try secrets.sealed(request.candidate, like: running)
        return request
    }

    /// `ncs --reload`: takes keys from outside as they are given now. If that fails, those loaded before stay.
    package func reloadKeys(environment: [String: String]) throws(ControlError) {
        do {
            let now = try SystemConfiguration(
                file: configuration.file, runDirectory: configuration.runDirectory, environment: environment)
            try secrets.store.reload(now.keySource)
        } catch {
            logs.develop(.error, "the keys loaded before are kept: \(error)")
            throw ControlError(.resource, "the keys loaded before are kept: \(error)")
        }
    }
}
