import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import Events
import Migration
import NEDRuntime
import Synchronization
import Transactions

/// The corridor that every change of the configuration takes: difference, conflicts, validation, reservation,
/// participants, intent, decision. A dry run leaves it halfway.
extension NetworkController {
    /// - Parameters:
    ///   - isOrdered: whether the user asked for this very commit: then it confirms a confirmed one. What actions commit
    ///     does not, and has to wait until nothing is outstanding.
    ///   - isGoingBack: whether it takes a confirmed commit back.
    func commit(
        _ request: CommitRequest, by session: ControllerSession, mayChangeDriver: Bool = false,
        isOrdered: Bool = false, isGoingBack: Bool = false, progress: (@Sendable (ProgressEvent) -> Void)? = nil
    ) throws(ControlError) -> CommitOutcome {
        let trace = CommitTrace(
            session: session.id, transaction: nextTransaction.add(1, ordering: .relaxed).oldValue,
            traceID: request.options.traceID, clock: clock, watcher: progress)
        func admit() throws(ControlError) {
            if isGoingBack { return try upgradeGate.admit() }
            try self.admit(session, request.options, isOrdered: isOrdered)
        }
        try admit()
        let carried = try carried(request)
        return try trace.step(CommitPhases.whole) { () throws(ControlError) in
            let outcome = try commit(
                carried, by: session, trace, mayChangeDriver: mayChangeDriver, isOrdered: isOrdered, admit)
            return isOrdered && request.options.dryRun == nil ? try confirm(outcome, request.options) : outcome
        }
    }

    /// Throws if somebody holds the configuration, or something is under way that no change may come between.
    func admit(
        _ session: ControllerSession, _ options: CommitOptions = CommitOptions(), isOrdered: Bool = false
    ) throws(ControlError) {
        try upgradeGate.admit()
        if options.dryRun == nil {
            try confirmed.admit(session.id, persistID: options.persistID, mayFollow: isOrdered)
        }
        try runningLock.admit(session.id)
    }

    /// Without being asked for another confirmation, a commit that follows a confirmed one confirms it.
    private func confirm(_ outcome: CommitOutcome, _ options: CommitOptions) throws(ControlError) -> CommitOutcome {
        guard options.confirmed == nil, confirmed.current != nil else { return outcome }
        var outcome = outcome
        try confirmed.end()
        outcome.hasConfirmed = true
        return outcome
    }

    /// - Parameter admit: asked again once everything is reserved: somebody may have taken the lock meanwhile, or begun
    ///   an upgrade or a confirmed commit.
    private func commit(
        _ request: CommitRequest, by session: ControllerSession, _ trace: CommitTrace, mayChangeDriver: Bool,
        isOrdered: Bool, _ admit: () throws(ControlError) -> Void
    ) throws(ControlError) -> CommitOutcome {
        let phases = CommitPhases(trace)
        phases.enter("validate")
        defer { phases.leave() }
        let found = try prepare(request, trace, mayChangeDriver: mayChangeDriver)
        guard var prepared = found else { return CommitOutcome(isEmpty: true) }
        if let format = request.options.dryRun {
            let revised = try revisedDevices(prepared, request.options)
            var outcome = CommitOutcome(
                dryRun: try dryRun(format, prepared, revised.changes, request.options, session),
                warnings: revised.warnings)
            let plan = try plan(prepared, revised.changes, request.options, session)
            plans.keep(plan)
            outcome.planDigest = plan.digest
            return outcome
        }
        let reservation = try reserve(&prepared, request, for: session, trace, mayChangeDriver: mayChangeDriver)
        guard let reservation else { return CommitOutcome(isEmpty: true) }
        defer { reservation.release() }
        try admit()
        if let expected = request.options.expectedPlan {
            try requirePlan(expected, prepared, request.options, session)
        }
        guard let options = request.options.confirmed else {
            return try carryOut(request, prepared, session, phases, isOrdered: isOrdered)
        }
        let old = try beginConfirmed(
            options, noNetworking: request.options.noNetworking, prepared, session)
        do throws(ControlError) {
            return try carryOut(request, prepared, session, phases, isOrdered: isOrdered)
        } catch {
            // Whether it is in the log shows at the next start: until then the way back has to stay.
            if error.code != .inDoubt { try confirmed.end(restoring: old) }
            throw error
        }
    }

    // MARK: Before

    /// A change that was begun under models which have been replaced since, carried over to those in force; refused if
    /// anything that it is based on or brings has no place there.
    func carried(_ request: CommitRequest) throws(ControlError) -> CommitRequest {
        try carried(request, to: running.model)
    }

    func carried(_ request: CommitRequest, to model: DataModel) throws(ControlError) -> CommitRequest {
        guard request.base.model !== model else { return request }
        let base = DataCarrier.carry(request.base, to: model)
        let candidate = DataCarrier.carry(request.candidate, to: model)
        guard base.losses.isEmpty, candidate.losses.isEmpty else { throw UpgradeGate.replacedModel }
        var carried = request
        carried.base = base.tree
        carried.candidate = candidate.tree
        return carried
    }

    // MARK: Devices

    /// The changes of devices as their revisions of the models can take them.
    func revisedDevices(
        _ prepared: PreparedCommit, _ options: CommitOptions
    ) throws(ControlError) -> (changes: [DeviceChange], warnings: [Diagnostic]) {
        let revised = try revised(changedDevices(prepared), options, prepared.system)
        return (revised.changes, revised.warnings)
    }

    private func changedDevices(_ prepared: PreparedCommit) -> [DeviceChange] {
        guard let schema = DevicesSchema(prepared.candidate.model.schema) else { return [] }
        var result: [DeviceChange] = []
        for entry in schema.changed(prepared.difference) where entry.change != .deleted {
            guard let name = entry.keys.first, let device = prepared.candidate.instance(schema.path(name)) else {
                continue
            }
            let after = device.child(schema.config)?.mountedTree
            let before = prepared.base.instance(schema.configPath(name))?.mountedTree
            guard !(before?.root === after?.root), let model = (after ?? before)?.model else { continue }
            let change = DeviceChange(
                name: name, device: device, before: before ?? DataTree(model), after: after ?? DataTree(model))
            // Under another model (a migration) nothing goes to the device, and there is nothing to compare.
            guard change.before.model === change.after.model, !change.before.diff(to: change.after).isEmpty else {
                continue
            }
            result.append(change)
        }
        return result
    }

    private func participants(
        _ changes: [DeviceChange], _ options: CommitOptions, _ session: ControllerSession, traceID: String
    ) throws(ControlError) -> [DeviceParticipant] {
        if options.noNetworking { return [] }
        var result: [DeviceParticipant] = []
        for change in changes {
            let addressing = try DeviceAddressing(change.device, localUser: session.user.name)
            try addressing.requireUnlocked()
            let access = try devices.access(
                change.device, system: system, localUser: session.user.name, session: session.id, traceID: traceID)
            let accepts = addressing.setting("out-of-sync-commit-behaviour") == "accept"
            let check: DeviceParticipant.SyncCheck =
                options.noOverwrite ? .touched : options.noOutOfSyncCheck || accepts ? .none : .whole
            result.append(
                DeviceParticipant(
                    change, access: access, secrets: secrets, check: check,
                    expected: devices.record(change.name).transactionID,
                    announcement: devices.record(change.name).announcement))
        }
        return result
    }

    // MARK: After

    private static let largePayload = 4 << 20

    private func carryOut(
        _ request: CommitRequest, _ prepared: PreparedCommit, _ session: ControllerSession, _ phases: CommitPhases,
        isOrdered: Bool
    ) throws(ControlError) -> CommitOutcome {
        let (user, trace) = (session.user, phases.trace)
        let record = CommitRecord(
            user: user.name, context: user.context, label: request.options.label, comment: request.options.comment,
            traceID: trace.traceID, changes: prepared.changes)
        // What no device is told of is not compared again: it may be a configuration of 100 MB that has just been read.
        let isTold = !request.options.noNetworking
        let revised = isTold || isOrdered ? try revisedDevices(prepared, request.options) : (changes: [], warnings: [])
        let kept = revised.changes.filter { !isTold || $0.isSouthboundLocked }
        let sent = revised.changes.filter { isTold && !$0.isSouthboundLocked }
        let admission = try admit(sent, of: record, prepared, request.options, session)
        let participants = try participants(
            admission.direct, request.options, session, traceID: trace.traceID)
        phases.enter(participants.isEmpty ? "commit" : "prepare")
        let payload = record.encode()
        // What a large change took on its way is not needed again soon.
        defer { if payload.count > Self.largePayload { FreedMemory.giveBack() } }
        let result: CommitResult
        do {
            result = try coordinator.commit(
                payload, participants: participants, owner: owner(session), waitMilliseconds: 60_000,
                log: admission.log, progress: phases.note,
                whenDurable: { [self] number, time in
                    publish(record, prepared, transaction: trace.transaction, number: number, time: time)
                    admission.enter()
                })
        } catch {
            noteDoubts(error.outcomes)
            throw Self.controlError(error)
        }
        noteDoubts(result.outcomes, areDecided: true)
        for change in kept { devices.noteKept(change.name) }
        finishDevices(prepared)
        let who = LogEvent.AuditUser(user.name, session: session.id)
        let summary = "transaction \(result.number), \(prepared.changes.items.count) changes, trace-id=\(trace.traceID)"
        logs.audit(.committed(who, summary: summary))
        let inDoubt = result.outcomes.compactMap { id, outcome in
            if case .inDoubt(let reason) = outcome { "\(id): \(reason)" } else { nil }
        }
        var outcome = CommitOutcome(
            number: result.number, inDoubt: inDoubt.sorted(), warnings: revised.warnings, queue: admission.outcome)
        outcome.traceID = trace.traceID
        return outcome
    }

    func noteDoubts(_ outcomes: [ParticipantID: ParticipantOutcome], areDecided: Bool = false) {
        for (id, outcome) in outcomes {
            guard case .inDoubt(let reason) = outcome else { continue }
            let device = String(id.description.dropFirst("device/".count))
            devices.noteInDoubt(device, reason: reason, isDecided: areDecided)
        }
    }

    /// Forgets what belonged to devices that are gone.
    private func finishDevices(_ prepared: PreparedCommit) {
        let profiles = devices.capabilities.profiles
        if !profiles.isEmpty {
            devices.capabilities.forget(profiles.filter { running.profile($0) == nil }.map { .profile($0) })
        }
        guard let schema = DevicesSchema(prepared.candidate.model.schema),
            prepared.difference.contains(where: { $0.node == schema.devices && $0.change == .deleted })
                || schema.changed(prepared.difference).contains(where: { $0.change == .deleted })
        else { return }
        devices.retain(Set(running.allDevices().compactMap { $0.keys.first }))
    }

    private static func controlError(_ error: CommitError) -> ControlError {
        if let (id, refusal) = error.refusals.min(by: { $0.key < $1.key }) {
            let device = String(id.description.dropFirst("device/".count))
            let isKnown = refusal.reason.contains(device)
            return ControlError(.device, isKnown ? refusal.reason : "Device \(device): \(refusal.reason)")
        }
        let code: ControlError.Code =
            switch error.code {
            case .outcomeUnknown: .inDoubt
            case .participantBusy: .locked
            case .logFailed: .resource
            case .refused, .cancelled, .participantInDoubt: .device
            }
        return ControlError(code, error.description)
    }
}

/// A device whose configuration a commit changes.
struct DeviceChange: Sendable {
    var name: String
    var device: Instance
    var before: DataTree
    var after: DataTree

    /// Nothing is sent to it: what is committed for it is kept until somebody synchronises the device.
    var isSouthboundLocked: Bool {
        (device.child("state")?.value("admin-state") ?? "southbound-locked") == "southbound-locked"
    }
}
