import Basics
import ConfigTree
import ControlProtocol
import Events
import Synchronization
import Transactions

/// A change worked out upon one version of the configuration: valid there, without effects.
struct PreparedCommit {
    /// What it is worked out upon, and the number of the log's record that this includes.
    var base: DataTree
    var number: Int64
    var system: LoadedSystem
    var candidate: DataTree
    var difference: [DiffNode]
    var changes: ChangeSet
    /// What must not be written by others for this to hold.
    var claim: Claim
}

/// How changes that began upon different versions come together.
///
/// A change is first worked out upon the head as it is, without holding anything: what others do meanwhile costs at most
/// doing it again. Then all that it writes and its validation read is reserved as a whole; if the head moved on before
/// that, and where it matters, it is worked out once more. From then on nobody touches what it depends on until it ends.
extension NetworkController {
    /// After so many rounds everything is reserved.
    private static let optimisticRounds = 3

    /// The change upon the head; nil if nothing is left of it.
    func prepare(
        _ request: CommitRequest, _ trace: CommitTrace, mayChangeDriver: Bool
    ) throws(ControlError) -> PreparedCommit? {
        let (base, system, number) = head.withLock { ($0.tree, $0.system, $0.number) }
        // Packages may have been added since it began, or since it was worked out the first time.
        let request = try carried(underKeysInUse(request), to: base.model)
        let reads = ReadCollector()
        let rebased = try trace.step("check for read-write conflicts") { () throws(ControlError) in
            try rebase(request, onto: base, trace)
        }
        var candidate = rebased
        var difference = base.diff(to: candidate, includingMetadata: true)
        guard !difference.isEmpty else { return nil }
        try trace.step("run validation over the changeset") { () throws(ControlError) in
            let validator = system.validator
            cover(difference, reads)
            let judged = reads.collect { validator.judge(candidate, changedFrom: base, difference: difference) }
            guard judged.hasUntrue else { return try Self.refuse(judged.violations) }
            candidate = reads.collect { pruned(rebased, since: base, system) }
            difference = base.diff(to: candidate, includingMetadata: true)
            cover(difference, reads)
            try Self.refuse(
                reads.collect { validator.violations(in: candidate, changedFrom: base, difference: difference) })
        }
        guard !difference.isEmpty else { return nil }
        if !mayChangeDriver { try requireKeptDrivers(difference, base, candidate) }
        let dissolved = difference.dissolvingContainers()
        let claim = CommitClaim.claim(dissolved, base: base, reads: reads)
        return PreparedCommit(
            base: base, number: number, system: system, candidate: candidate, difference: difference,
            changes: ChangeSet(dissolved, packing: .all), claim: claim)
    }

    /// A device whose configuration is written is claimed as a whole (`CommitClaim`): what was read there adds nothing.
    private func cover(_ difference: [DiffNode], _ reads: ReadCollector) {
        guard let model = difference.first?.newModel, let schema = DevicesSchema(model.schema) else { return }
        for entry in schema.changed(difference) where entry.change == .inside {
            guard entry.children.contains(where: { $0.node == schema.config }) else { continue }
            for row in [entry.old, entry.new].compactMap(\.self) { reads.cover(mountIn: row) }
        }
    }

    /// Reserves what the change depends on, waiting for others; works it out again if the head has moved meanwhile.
    func reserve(
        _ prepared: inout PreparedCommit, _ request: CommitRequest, for session: ControllerSession,
        _ trace: CommitTrace, mayChangeDriver: Bool
    ) throws(ControlError) -> Reservation? {
        var round = 1
        while true {
            let isAlone = round > Self.optimisticRounds || request.options.confirmed != nil
            let claim = isAlone ? CommitClaim.everything : prepared.claim
            let reservation = try reserve(claim, for: session, trace)
            let head = head.withLock { $0 }
            if head.number == prepared.number, head.tree.root === prepared.base.root,
                head.tree.model === prepared.base.model
            {
                return reservation
            }
            if isUntouched(&prepared, by: head) { return reservation }
            trace.note("rebase transaction", .verbose)
            guard let again = try prepare(request, trace, mayChangeDriver: mayChangeDriver) else {
                reservation.release()
                return nil
            }
            prepared = again
            if isAlone || Set(again.claim.nodes).isSubset(of: claim.nodes) { return reservation }
            reservation.release()
            round += 1
        }
    }

    private func reserve(
        _ claim: Claim, for session: ControllerSession, _ trace: CommitTrace
    ) throws(ControlError) -> Reservation {
        try trace.step("taking transaction lock") { () throws(ControlError) in
            // Two commits of one session are two as others are.
            let owner = ReservationOwner(
                id: UInt64(trace.transaction),
                "session \(session.id) \(owner(session)), transaction \(trace.transaction)")
            do throws(ReservationConflict) {
                return try reservations.reserve(claim, owner: owner, waitMilliseconds: 60_000)
            } catch {
                // Pseudo nodes mean nothing to anybody.
                let path = error.path.filter { !$0.hasPrefix("<") }.joined()
                throw ControlError(
                    .conflict,
                    "Transaction \(trace.transaction) waits for \(path.isEmpty ? "everything" : path), which is "
                        + "reserved by \(error.owner); try again when that has ended")
            }
        }
    }

    /// Whether what others committed since excludes nothing of the claim, in what they wrote and what they read: their
    /// reads speak for constraints that this change has not met. Then it is laid upon it as it is.
    private func isUntouched(_ prepared: inout PreparedCommit, by head: Head) -> Bool {
        guard head.tree.model === prepared.base.model, let oldest = head.recent.first,
            oldest.number <= prepared.number + 1
        else { return false }
        for other in head.recent.reversed() {
            if other.number <= prepared.number { break }
            if other.claim.excludes(prepared.claim) { return false }
        }
        let grafted = head.tree.grafting(prepared.candidate, changedFrom: prepared.base)
        guard let candidate = grafted ?? (try? head.tree.applying(prepared.changes)) else { return false }
        prepared.base = head.tree
        prepared.number = head.number
        prepared.candidate = candidate
        prepared.difference = head.tree.diff(to: candidate, includingMetadata: true)
        prepared.difference.takeIndexes(from: head.tree.root, to: candidate.root)
        return true
    }

    // MARK: Conflicts

    /// The candidate on top of what is in force now. A conflict names who changed what.
    private func rebase(
        _ request: CommitRequest, onto base: DataTree, _ trace: CommitTrace
    ) throws(ControlError) -> DataTree {
        guard base.model === request.base.model else { throw UpgradeGate.replacedModel }
        if base.root === request.base.root { return request.candidate }
        func changes(_ tree: DataTree) -> ChangeSet {
            let difference = request.base.diff(to: tree, includingMetadata: true)
            return ChangeSet(difference.dissolvingContainers(), packing: .new)
        }
        let (mine, others) = (changes(request.candidate), changes(base))
        if let path = ChangeConflict.path(mine, others) { throw conflict(path, "write-op write", base, trace) }
        if let path = ChangeConflict.path(read: request.reads.map(\.description), others) {
            throw conflict(path, "read-op get_elem write-op write", base, trace)
        }
        do { return try base.applying(mine) } catch {
            throw ControlError(.conflict, "the change no longer fits the configuration: \(error)")
        }
    }

    private func conflict(_ path: String, _ operations: String, _ tree: DataTree, _ trace: CommitTrace) -> ControlError
    {
        let recent = head.withLock { $0.recent }
        let other = recent.last { change in
            change.paths.contains { ChangeConflict.isWithin($0, path) || ChangeConflict.isWithin(path, $0) }
        }
        let who = other.map { "transaction \($0.transaction) started by user \($0.user)" } ?? "an earlier transaction"
        let keypath = (try? tree.path(path))?.keypath ?? path
        logs.develop(
            .info,
            "check conflict tid=\(trace.transaction) -> conflict on: \(keypath) (\(who)) trace-id=\(trace.traceID)")
        return ControlError(
            .conflict,
            "Transaction \(trace.transaction) conflicts with \(who): \(keypath) \(operations) in work phase(s)\n"
                + "Look at it with show full-configuration; then revert, or set it again and commit.")
    }

    // MARK: Validation

    /// Without the nodes whose `when` the change makes false: they go with it (RFC 7950 section 8.2.1).
    private func pruned(_ candidate: DataTree, since base: DataTree, _ system: LoadedSystem) -> DataTree {
        guard base.model === candidate.model, base.model === system.validator.model else { return candidate }
        // What cannot be taken away stays, and is a violation.
        return (try? system.validator.pruned(candidate, changedFrom: base).tree) ?? candidate
    }

    private static func refuse(_ found: [Diagnostic]) throws(ControlError) {
        let errors = found.filter { $0.severity == .error }
        guard let first = errors.first else { return }
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        throw ControlError(.validation, "'\(first.path ?? "")' \(first.summary)\(more)", diagnostics: errors)
    }

    func violations(of candidate: DataTree, since base: DataTree) -> [Diagnostic] {
        let system = system
        guard base.model === candidate.model else { return system.validator.violations(in: candidate) }
        return system.validator.violations(in: pruned(candidate, since: base, system), changedFrom: base)
    }

    /// A device keeps its ned-id while it has configuration: the data would not fit. Migration is the way.
    private func requireKeptDrivers(
        _ difference: [DiffNode], _ base: DataTree, _ candidate: DataTree
    ) throws(ControlError) {
        guard let schema = DevicesSchema(candidate.model.schema) else { return }
        for entry in schema.changed(difference) where entry.change == .inside {
            guard let name = entry.keys.first, let old = base.instance(schema.path(name)),
                old.child(schema.config)?.mountedTree != nil, let device = candidate.instance(schema.path(name)),
                NEDIDLocation.nedID(of: old) != NEDIDLocation.nedID(of: device),
                device.child(schema.config)?.mountedTree != nil
            else { continue }
            throw ControlError(
                .validation,
                "the ned-id of device \(name) cannot be changed while it has configuration; "
                    + "use devices device \(name) migrate new-ned-id")
        }
    }
}

extension DevicesSchema {
    /// The differences of the entries of the device list.
    func changed(_ difference: [DiffNode]) -> [DiffNode] {
        (difference.first { $0.node == devices }?.children ?? []).filter { $0.node == device }
    }
}
