import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Foundation
import NEDRuntime
import Synchronization
import Transactions

/// How a commit enters the queue: what of it goes there, and what goes with it.
struct QueueAdmission: Sendable {
    /// What goes to the devices at once.
    var direct: [DeviceChange]
    /// What goes into the queue; nil if nothing does.
    fileprivate(set) var entry: (item: QueueItem, work: QueueWork)?
    fileprivate(set) var keeper: CommitQueueKeeper

    /// The log that the commit is written to, so that the item is stored with the decision.
    var log: (any DecisionLog)? {
        guard let entry else { return nil }
        let changes = QueueStore.entering(entry.item, entry.work)
        return AttachedLog(database: keeper.store.database) { changes }
    }

    /// The commit is durable.
    func enter() {
        if let entry { keeper.enter(entry.item, entry.work) }
    }

    var outcome: CommitQueueOutcome? { entry.map { CommitQueueOutcome(id: $0.item.id, status: .async) } }
}

extension NetworkController {
    /// Parts the changes of devices into those that are queued and those that are sent at once.
    ///
    /// Throws `locked` if a device that is to be written directly has items in the queue, or if an item keeps others out.
    func admit(
        _ changes: [DeviceChange], of record: CommitRecord, _ prepared: PreparedCommit, _ options: CommitOptions,
        _ session: ControllerSession
    ) throws(ControlError) -> QueueAdmission {
        if options.noNetworking { return QueueAdmission(direct: [], entry: nil, keeper: queue) }
        let settings = QueueSettings(prepared.candidate)
        let wanted = options.commitQueue
        if let wanted, wanted.mode != .bypass, options.confirmed != nil {
            throw ControlError(.unsupported, "a confirmed commit cannot go through the commit queue")
        }
        let changes = changes.filter { wanted?.leavesOut.contains($0.name) != true }
        let queued = changes.filter { change in
            guard let wanted else { return options.confirmed == nil && settings.isEnabled(change.device) }
            return wanted.mode != .bypass
        }
        let direct = changes.filter { change in !queued.contains { $0.name == change.name } }
        let waiting = queue.state.withLock { $0.queue }
        for change in direct {
            guard let first = waiting.items(of: change.name).first else { continue }
            throw ControlError(
                .locked,
                "Device \(change.name) has changes in the commit queue (item \(first.id)); wait until they are "
                    + "completed, or use commit commit-queue async")
        }
        for change in queued {
            guard let first = waiting.items(of: change.name).first(where: \.blocksOthers) else { continue }
            throw ControlError(.locked, "Device \(change.name) is blocked by commit queue item \(first.id)")
        }
        guard !queued.isEmpty else { return QueueAdmission(direct: direct, entry: nil, keeper: queue) }
        let item = item(for: queued, wanted, settings)
        var work = QueueWork(
            user: session.user.name, traceID: record.traceID, checksSync: !options.noOutOfSyncCheck,
            devices: queued.map { recovery($0) })
        if item.errorOption != .continueOnError {
            work.whole = QueueWork.Whole(
                forward: ChangeSet(prepared.base.diff(to: prepared.candidate, includingMetadata: true)),
                reverse: ChangeSet(prepared.candidate.diff(to: prepared.base)))
        }
        return QueueAdmission(direct: direct, entry: (item, work), keeper: queue)
    }

    private func item(
        for changes: [DeviceChange], _ options: CommitQueueOptions?, _ settings: QueueSettings
    ) -> QueueItem {
        var item = QueueItem(
            id: queue.nextID(), created: clock.now(), isAtomic: options?.isAtomic ?? settings.isAtomic,
            errorOption: options?.errorOption.flatMap { QueueItem.ErrorOption(rawValue: $0) } ?? settings.errorOption,
            devices: changes.map(\.name))
        item.tag = options?.tag
        item.isLocked = options?.isLocked == true
        item.blocksOthers = options?.blocksOthers == true
        return item
    }

    private func recovery(_ change: DeviceChange) -> DeviceRecovery {
        DeviceRecovery(
            device: change.name, nedID: NEDIDLocation.nedID(of: change.device) ?? "",
            forward: ChangeSet(change.before.diff(to: change.after)),
            reverse: ChangeSet(change.after.diff(to: change.before)))
    }

    /// For a synchronous commit: waits until its item is over, and says how.
    func awaited(_ outcome: CommitOutcome, _ options: CommitOptions) -> CommitOutcome {
        guard let id = outcome.queue?.id, options.commitQueue?.mode == .sync else { return outcome }
        var outcome = outcome
        outcome.queue = queueOutcome(id, timeout: options.commitQueue?.timeout)
        return outcome
    }

    /// - Parameter timeout: seconds; nil: as long as it takes.
    func queueOutcome(_ id: Int64, timeout: Int?) -> CommitQueueOutcome {
        let deadline = timeout.map { Date(timeIntervalSinceNow: Double($0)) }
        queue.wait(until: deadline) { isStopping || queue.result(of: id) != nil || !queue.holds(id) }
        guard let result = queue.result(of: id) else {
            return CommitQueueOutcome(id: id, status: queue.holds(id) ? .timeout : .deleted)
        }
        let status: CommitQueueOutcome.Status =
            switch result.end {
            case .completed: .completed
            case .failed: .failed
            case .deleted: .deleted
            }
        return CommitQueueOutcome(
            id: id, status: status,
            failures: result.failures.map { CommitQueueOutcome.Failure(device: $0.device, reason: $0.reason) })
    }

    // MARK: Running

    func startQueue() {
        devices.whenConnected { [weak self] name in self?.queue.retry(name) }
        queue.start(
            CommitQueueKeeper.Runner(
                perform: { [weak self] run, work in
                    self?.perform(run, work) ?? .failed([:])
                },
                rollBack: { [weak self] id, work, unsent in
                    self?.rollBack(id, work, unsent, patience: 600) ?? false
                },
                policy: { [weak self] in self.map { QueueSettings($0.running).policy } ?? RetryPolicy() }))
    }

    /// Brings a queued change to its devices: to all of the run, or to none.
    private func perform(_ run: QueueRun, _ work: QueueWork) -> QueueRunOutcome {
        var participants: [QueuedChange] = []
        var failures: [String: QueueFailure] = [:]
        for name in run.devices {
            do throws(ControlError) {
                if let change = try participant(name, work) { participants.append(change) }
            } catch {
                failures[name] = QueueFailure(error.message, isTransient: error.code == .locked)
            }
        }
        guard failures.isEmpty else { return .failed(failures) }
        let record = CommitRecord(
            user: work.user, context: "commit-queue", label: "commit-queue \(run.item)", traceID: work.traceID,
            changes: ChangeSet())
        let done = run.devices.map { name in
            var device = QueueDevice(name: name)
            device.state = .done
            return QueueStore.state(device, run.item)
        }
        do {
            let result = try coordinator.commit(
                record.encode(), participants: participants,
                owner: ReservationOwner(id: UInt64(run.item), "commit queue item \(run.item)"),
                waitMilliseconds: 60_000, log: AttachedLog(database: database) { done })
            noteDoubts(result.outcomes, areDecided: true)
            return .done
        } catch {
            noteDoubts(error.outcomes)
            return .failed(Self.failures(error, run))
        }
    }

    /// Nil for a device that is no longer configured.
    private func participant(_ name: String, _ work: QueueWork) throws(ControlError) -> QueuedChange? {
        guard let device = running.device(name), let change = work.device(name) else { return nil }
        try DeviceAddressing(device, localUser: work.user).requireUnlocked()
        var access = try devices.access(device, system: system, localUser: work.user, traceID: work.traceID)
        guard access.driver.nedID == change.nedID else {
            throw ControlError(
                .device, "the change was made under \(change.nedID), the device now has \(access.driver.nedID)")
        }
        let devices = devices
        access.noteInSync = { devices.noteSent(name, $0) }
        let accepts =
            try DeviceAddressing(device, localUser: work.user).setting("out-of-sync-commit-behaviour") == "accept"
        let isChecked = work.checksSync && !accepts
        return QueuedChange(change, access: access, secrets: secrets) {
            guard isChecked else { return .none }
            let record = devices.record(name)
            return .some(record.transactionID ?? record.sentTransactionID)
        }
    }

    private static func failures(_ error: CommitError, _ run: QueueRun) -> [String: QueueFailure] {
        guard error.refusals.isEmpty else {
            return Dictionary(
                uniqueKeysWithValues: error.refusals.map { id, refusal in
                    let device = String(id.description.dropFirst("device/".count))
                    return (device, QueueFailure(refusal.reason, isTransient: refusal.isTransient))
                })
        }
        // In doubt, busy, or not to be written: none of it lasts.
        let failure = QueueFailure(error.description, isTransient: true)
        return Dictionary(uniqueKeysWithValues: run.devices.map { ($0, failure) })
    }

    // MARK: Taking back

    /// Commits the reverse of a queued commit. Devices that never got it are left alone; to those that did the reverse goes
    /// through the queue. True if it is taken back.
    ///
    /// - Parameter patience: for how many seconds it is tried again while the configuration is locked or an upgrade goes on.
    func rollBack(_ id: Int64, _ work: QueueWork, _ unsent: Set<String>, patience: Int = 0) -> Bool {
        do throws(ControlError) {
            do throws(ControlError) {
                try takeBack(id, work, unsent)
            } catch {
                guard patience > 0, !isStopping, [.upgradeInProgress, .locked].contains(error.code) else { throw error }
                queue.wait(until: Date(timeIntervalSinceNow: 1)) { isStopping }
                return rollBack(id, work, unsent, patience: patience - 1)
            }
            for name in unsent { devices.noteTakenBack(name) }
            logs.develop(.info, "commit queue item \(id): rolled back")
            return true
        } catch {
            for name in work.devices.map(\.device) {
                alarms.raise(
                    .commitThroughQueueRollbackFailed, device: name, problem: "\(id)",
                    text: "Commit queue item \(id) rollback failed: \(error.message)")
            }
            return false
        }
    }

    private func takeBack(_ id: Int64, _ work: QueueWork, _ unsent: Set<String>) throws(ControlError) {
        guard let whole = work.whole else { throw ControlError(.notFound, "there is nothing to take it back with") }
        let tree = running
        // A restart may come between this commit and its entry in the queue.
        if let back = try? tree.applying(whole.reverse), tree.diff(to: back).isEmpty { return }
        guard let again = try? tree.applying(whole.forward), tree.diff(to: again).isEmpty,
            let candidate = try? tree.applying(whole.reverse)
        else { throw ControlError(.conflict, "the configuration has been changed since, where the item changed it") }
        var options = CommitOptions()
        options.label = "commit-queue rollback \(id)"
        options.commitQueue = CommitQueueOptions(.async)
        options.commitQueue?.leavesOut = unsent
        let user = SessionUser(name: work.user, context: "system")
        let session = ControllerSession(self, user, id: Int(id))
        _ = try commit(CommitRequest(base: tree, candidate: candidate, options: options), by: session)
    }
}
