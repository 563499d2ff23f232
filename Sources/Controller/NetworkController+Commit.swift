import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import Events
import Migration
import NEDRuntime
import Synchronization
import Transactions

/// The corridor that every change of the configuration takes: difference, conflicts, validation, participants, intent,
/// decision. A dry run leaves it halfway.
extension NetworkController {
    func commit(
        _ request: CommitRequest, by session: ControllerSession, mayChangeDriver: Bool = false
    ) throws(ControlError) -> CommitOutcome {
        try upgradeGate.admit()
        let request = pruned(try carried(request))
        try requireNotLocked(by: session)
        let changes = ChangeSet(request.base.diff(to: request.candidate))
        guard !changes.isEmpty else { return CommitOutcome(isEmpty: true) }
        let reservation = try reserve(changes, for: session, isDryRun: request.options.dryRun != nil)
        defer { reservation?.release() }
        let (base, system) = head.withLock { ($0.tree, $0.system) }
        let candidate = try rebase(request, changes, onto: base)
        try validate(candidate, since: base)
        if !mayChangeDriver { try requireKeptDrivers(base, candidate) }
        let revised = try revised(
            try changedDevices(base, candidate, system, request.options, session), request.options, system)
        if let format = request.options.dryRun {
            return CommitOutcome(
                dryRun: dryRun(format, base, candidate, revised.changes, request.options, system, session),
                warnings: revised.warnings)
        }
        var outcome = try carryOut(
            request, changes, base: base, candidate: candidate, revised.changes, session)
        outcome.warnings += revised.warnings
        return outcome
    }

    // MARK: Before

    /// A change that was begun under models which have been replaced since, carried over to those in force; refused if
    /// anything that it is based on or brings has no place there.
    func carried(_ request: CommitRequest) throws(ControlError) -> CommitRequest {
        let model = running.model
        guard request.base.model !== model else { return request }
        let base = DataCarrier.carry(request.base, to: model)
        let candidate = DataCarrier.carry(request.candidate, to: model)
        guard base.losses.isEmpty, candidate.losses.isEmpty else { throw UpgradeGate.replacedModel }
        return CommitRequest(base: base.tree, candidate: candidate.tree, options: request.options)
    }

    /// Without the nodes whose `when` the change makes false: they go with it (RFC 7950 section 8.2.1).
    private func pruned(_ request: CommitRequest) -> CommitRequest {
        var request = request
        request.candidate = pruned(request.candidate, since: request.base)
        return request
    }

    private func pruned(_ candidate: DataTree, since base: DataTree) -> DataTree {
        guard base.model === candidate.model, base.model === system.validator.model else { return candidate }
        // What cannot be taken away stays, and is a violation.
        return (try? system.validator.pruned(candidate, changedFrom: base).tree) ?? candidate
    }

    private func requireNotLocked(by session: ControllerSession) throws(ControlError) {
        guard let owner = configurationLock.withLock({ $0 }), owner != session.id else { return }
        let name = sessions.information(owner)?.user.name ?? "another session"
        throw ControlError(.locked, "the configuration database is locked by session \(owner) \(name)")
    }

    private func reserve(
        _ changes: ChangeSet, for session: ControllerSession, isDryRun: Bool
    ) throws(ControlError) -> Reservation? {
        if isDryRun { return nil }
        let owner = ReservationOwner(id: UInt64(session.id), "\(session.user.name) (\(session.user.context))")
        do {
            return try reservations.reserve(CommitClaim.claim(changes), owner: owner, waitMilliseconds: 60_000)
        } catch {
            throw ControlError(.conflict, "the configuration is being changed: \(error)")
        }
    }

    /// The candidate on top of what is in force now. A conflict names who changed what.
    private func rebase(
        _ request: CommitRequest, _ changes: ChangeSet, onto base: DataTree
    ) throws(ControlError) -> DataTree {
        guard base.model === request.base.model else { throw UpgradeGate.replacedModel }
        if base.root === request.base.root { return request.candidate }
        let others = ChangeSet(request.base.diff(to: base))
        if let path = CommitClaim.conflict(changes, others) {
            let recent = head.withLock { $0.recent }
            let user = recent.last { $0.paths.contains(path) }?.user ?? "another user"
            throw ControlError(
                .conflict,
                "there are conflicts: \(path) was changed by \(user) since this transaction began; "
                    + "look at it with show full-configuration, and revert or commit anew")
        }
        do { return try base.applying(changes) } catch {
            throw ControlError(.conflict, "the change no longer fits the configuration: \(error)")
        }
    }

    private func validate(_ candidate: DataTree, since base: DataTree) throws(ControlError) {
        let errors = violations(of: candidate, since: base).filter { $0.severity == .error }
        guard let first = errors.first else { return }
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        throw ControlError(.validation, "'\(first.path ?? "")' \(first.summary)\(more)", diagnostics: errors)
    }

    func violations(of candidate: DataTree, since base: DataTree) -> [Diagnostic] {
        guard base.model === candidate.model else { return system.validator.violations(in: candidate) }
        return system.validator.violations(in: pruned(candidate, since: base), changedFrom: base)
    }

    /// A device keeps its ned-id while it has configuration: the data would not fit. Migration is the way.
    private func requireKeptDrivers(_ base: DataTree, _ candidate: DataTree) throws(ControlError) {
        guard let schema = DevicesSchema(candidate.model.schema) else { return }
        for device in candidate.allDevices() {
            guard let name = device.keys.first, let old = base.instance(schema.path(name)),
                old.child(schema.config)?.mountedTree != nil, !(old.row === device.row)
            else { continue }
            let (before, after) = (NEDIDLocation.nedID(of: old), NEDIDLocation.nedID(of: device))
            guard before != after, device.child(schema.config)?.mountedTree != nil else { continue }
            throw ControlError(
                .validation,
                "the ned-id of device \(name) cannot be changed while it has configuration; "
                    + "use devices device \(name) migrate new-ned-id")
        }
    }

    // MARK: Devices

    private func changedDevices(
        _ base: DataTree, _ candidate: DataTree, _ system: LoadedSystem, _ options: CommitOptions,
        _ session: ControllerSession
    ) throws(ControlError) -> [DeviceChange] {
        guard let schema = DevicesSchema(candidate.model.schema) else { return [] }
        let changed = base.diff(to: candidate).first { $0.node == schema.devices }?.children ?? []
        var result: [DeviceChange] = []
        for entry in changed where entry.node == schema.device && entry.change != .deleted {
            guard let name = entry.keys.first, let device = candidate.instance(schema.path(name)) else { continue }
            let after = device.child(schema.config)?.mountedTree
            let before = base.instance(schema.configPath(name))?.mountedTree
            guard !(before?.root === after?.root), let model = (after ?? before)?.model else { continue }
            let change = DeviceChange(
                name: name, device: device, before: before ?? DataTree(model), after: after ?? DataTree(model))
            guard !change.before.diff(to: change.after).isEmpty else { continue }
            result.append(change)
        }
        return result
    }

    private func participants(
        _ changes: [DeviceChange], _ options: CommitOptions, _ session: ControllerSession
    ) throws(ControlError) -> [DeviceParticipant] {
        if options.noNetworking { return [] }
        var result: [DeviceParticipant] = []
        for change in changes {
            let addressing = try DeviceAddressing(change.device, localUser: session.user.name)
            try addressing.requireUnlocked()
            let access = try devices.access(change.device, system: system, localUser: session.user.name)
            let accepts = addressing.setting("out-of-sync-commit-behaviour") == "accept"
            let expected = devices.record(change.name).transactionID
            result.append(
                DeviceParticipant(
                    change, access: access, secrets: secrets,
                    expected: options.noOutOfSyncCheck || accepts ? .any : .exactly(expected),
                    announcement: devices.record(change.name).announcement))
        }
        return result
    }

    // MARK: After

    private func carryOut(
        _ request: CommitRequest, _ changes: ChangeSet, base: DataTree, candidate: DataTree,
        _ deviceChanges: [DeviceChange], _ session: ControllerSession
    ) throws(ControlError) -> CommitOutcome {
        let user = session.user
        let record = CommitRecord(
            user: user.name, context: user.context, label: request.options.label, comment: request.options.comment,
            changes: changes)
        let admission = try admit(
            deviceChanges, of: record, from: base, to: candidate, request.options, session)
        let participants = try participants(admission.direct, request.options, session)
        let result: CommitResult
        do {
            result = try coordinator.commit(
                record.encode(), participants: participants,
                owner: ReservationOwner(id: UInt64(session.id), "\(user.name) (\(user.context))"),
                waitMilliseconds: 60_000, log: admission.log,
                whenDurable: { [self] number in
                    publish(record, from: base, to: candidate, number: number)
                    admission.enter()
                })
        } catch {
            noteDoubts(error.outcomes)
            throw Self.controlError(error)
        }
        noteDoubts(result.outcomes, areDecided: true)
        finishDevices(base, candidate)
        let who = LogEvent.AuditUser(user.name, session: session.id)
        logs.audit(.committed(who, summary: "transaction \(result.number), \(changes.items.count) changes"))
        let inDoubt = result.outcomes.compactMap { id, outcome in
            if case .inDoubt(let reason) = outcome { "\(id): \(reason)" } else { nil }
        }
        return CommitOutcome(number: result.number, inDoubt: inDoubt.sorted(), queue: admission.outcome)
    }

    func noteDoubts(_ outcomes: [ParticipantID: ParticipantOutcome], areDecided: Bool = false) {
        for (id, outcome) in outcomes {
            guard case .inDoubt(let reason) = outcome else { continue }
            let device = String(id.description.dropFirst("device/".count))
            devices.noteInDoubt(device, reason: reason, isDecided: areDecided)
        }
    }

    /// Forgets what belonged to devices that are gone.
    private func finishDevices(_ base: DataTree, _ candidate: DataTree) {
        guard let schema = DevicesSchema(candidate.model.schema) else { return }
        let changed = base.diff(to: candidate).first { $0.node == schema.devices }?.children ?? []
        guard changed.contains(where: { $0.node == schema.device && $0.change == .deleted }) else { return }
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
            case .participantInDoubt, .outcomeUnknown: .inDoubt
            case .participantBusy: .locked
            case .logFailed: .resource
            case .refused, .cancelled: .device
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
}
