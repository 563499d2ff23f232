import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Foundation
import Migration
import PackageManager
import Synchronization
import Transactions

/// Puts another generation of packages in force, or finds out what that would do.
///
/// Invariant: until the activation's record is in the log the old generation is in force, whole; from then on the new
/// one is, with its data. A directory that no record names is rubbish.
struct PackageActivation {
    private let controller: NetworkController
    private let session: ControllerSession
    /// Tells whoever waits what goes on, where it takes long.
    private let meter: WorkMeter
    /// Whether it is only wanted to be known what would happen.
    private var isDryRun = false

    init(_ call: ActionCall) {
        self.init(call.controller, call.session, call.progress)
        isDryRun = call.flag("dry-run")
    }

    init(
        _ controller: NetworkController, _ session: ControllerSession,
        _ progress: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        meter = WorkMeter(progress)
        self.controller = controller
        self.session = session
    }

    // MARK: Planning

    /// Builds the next generation from packages of the load path and compares it with the one in force.
    func plan(from sources: [PackageSource]) throws(ControlError) -> ActivationPlan {
        do {
            let (store, current) = (controller.packages.generations, controller.system)
            let kept = store.unchanged(sources, since: current.generation.packages)
            if current.generation.packages.allSatisfy(\.isUp), kept.count == sources.count,
                Set(kept.values.map(\.package.name)) == Set(current.generation.packages.map(\.name)),
                kept.values.allSatisfy(\.isSaidTheSame)
            {
                return try compare(current)
            }
            let number = nextNumber()
            try store.build(number, from: sources, sharing: kept, meter: meter) { source, target in
                controller.logs.note(.packageCopying(from: source, to: target))
            }
            return try compare(try load(number))
        } catch {
            throw failed(error, "the packages cannot be loaded")
        }
    }

    /// As `plan`, from the packages of a generation that was in force.
    func planReturn(to earlier: Int) throws(ControlError) -> ActivationPlan {
        do {
            let (store, number) = (controller.packages.generations, nextNumber())
            let content = store.content(earlier)
            try store.build(number, from: content.sources, keeping: content.faults, meter: meter)
            let next = try load(number)
            guard store.note(earlier)?.digest == next.generation.digest else {
                try? DurableFiles.removeTree(store.path(number))
                throw ControlError(
                    .resource,
                    "\(store.path(earlier)): the packages of generation \(earlier) were changed since they were in force; "
                        + "restore them from a backup")
            }
            return try compare(next, returns: ReturnRecord.way(to: earlier, from: controller))
        } catch {
            throw failed(error, "the packages of generation \(earlier) cannot be loaded")
        }
    }

    /// As `plan`, with everything as it is in force but one package, taken from the load path anew.
    func planRedeploy(
        of name: String, from sources: [PackageSource], _ current: [LoadedPackage]
    ) throws(ControlError) -> ActivationPlan {
        do {
            let kept = current.filter { $0.name != name && !$0.digest.isEmpty }
                .map { PackageSource(fileName: $0.name, path: $0.directory, form: .directory) }
            let number = nextNumber()
            let store = controller.packages.generations
            let fresh = store.sources(of: name, among: sources)
            guard !fresh.isEmpty else { throw ControlError(.notFound, "package \(name) is no longer in the load path") }
            let faults = current.filter { $0.name != name && $0.digest.isEmpty }.map { package in
                PackageCopyFault(
                    package: package.name, path: package.directory, reason: package.errorInfo.joined(separator: "; "),
                    isMetaData: package.status == .metaDataError, kind: package.metaDataFault)
            }
            try store.build(number, from: kept + fresh, keeping: faults, meter: meter) { source, target in
                guard fresh.contains(where: { $0.path == source }) else { return }
                controller.logs.note(.packageCopying(from: source, to: target))
            }
            return try compare(try load(number), upgrades: false)
        } catch {
            throw failed(error, "package \(name) cannot be loaded")
        }
    }

    /// What the machine refuses, no room on the disk say, is an alarm until an operation succeeds.
    private func failed(_ fault: any Error, _ what: String) -> ControlError {
        let error = PackageFault.error(fault, what)
        guard !isDryRun, error.code == .resource else { return error }
        controller.alarms.raise(.packageOperationFailure, device: "ncs", text: error.message)
        controller.logs.note(.packageUpgradeAborted(reason: error.message))
        return error
    }

    private func nextNumber() -> Int {
        max(controller.system.generation.number, controller.packages.generations.numbers().last ?? 0) + 1
    }

    private func load(_ number: Int) throws -> LoadedSystem {
        let current = controller.system
        let generation = try controller.packages.load(number, previous: current.generation, meter)
        return LoadedSystem.make(generation, previous: current, programs: controller.programs)
    }

    private func compare(
        _ next: LoadedSystem, upgrades: Bool = true, returns: [CarryReturn] = []
    ) throws(ControlError) -> ActivationPlan {
        let (tree, current) = controller.head.withLock { ($0.tree, $0.system) }
        if next.model !== current.model { sayDevices(tree, "looking at what becomes of the configuration of") }
        return ActivationPlan(
            from: current, to: next, data: tree, upgrades: upgrades, returns: returns,
            controller: controller)
    }

    /// Removes what a plan has built, if it has built anything.
    func discard(_ plan: ActivationPlan) {
        guard plan.next.generation.number != controller.system.generation.number else { return }
        try? DurableFiles.removeTree(controller.packages.generations.path(plan.next.generation.number))
    }

    // MARK: Executing

    /// How a plan is carried out.
    struct Manner {
        /// How long to wait for open transactions.
        var waitSeconds = 10
        /// What happens to sessions in configuration mode: they are waited for, unless the reload is an optimistic one.
        var drain = Drain.none
        /// Everybody is told of the upgrade if models change.
        var isAnnounced = true
        /// Devices may be left without their driver.
        var isForced = false
        /// Exactly what the plan says may be lost, no more.
        var isExact = false
        /// The generation that comes back.
        var copyOf: Int?
        /// After how many seconds the packages before come back, if nobody confirms.
        var confirmSeconds: Int?
    }

    /// What becomes of the transactions of sessions in configuration mode.
    enum Drain {
        /// They go on, and are carried over to the new models where nothing of them is lost.
        case none
        /// The reload is cancelled if they do not end in time.
        case fail
        /// Their sessions are ended then.
        case kill
    }

    func execute(_ plan: ActivationPlan, _ manner: Manner) throws(ControlError) {
        guard plan.isAnythingChanged else {
            controller.alarms.clear(.packageOperationFailure, device: "ncs")
            return discard(plan)
        }
        if let refusal = plan.refusal {
            discard(plan)
            controller.alarms.raise(.packageOperationFailure, device: "ncs", text: refusal.message)
            controller.logs.note(.packageUpgradeAborted(reason: refusal.message))
            throw refusal
        }
        let before = controller.system
        let isTold = manner.isAnnounced && plan.isSchemaChanged
        if isTold {
            tell("System upgrade is starting.")
            tell("Sessions in configure mode must exit to operational mode.")
            tell("No configuration changes can be performed until upgrade has completed.")
        }
        let log = UpgradeLog(controller.logs, isUpgrade: plan.isSchemaChanged)
        log.begin(plan, from: before.generation.number, user: session.user.name)
        do {
            try seal(plan, manner)
            try askForConfirmation(plan, manner)
            if manner.isAnnounced {
                try controller.upgradeGate.upgrade { () throws(ControlError) in
                    try activate(plan, manner, until: drain(plan, manner))
                }
            } else {
                // Commits of others go on: they wait for this as they do for each other.
                let prepared = prepare(plan, manner)
                try activate(
                    plan, manner, until: Date(timeIntervalSinceNow: Double(manner.waitSeconds)), prepared)
            }
        } catch {
            // Whether the record is there is not known then, and what it names must stay.
            if error.code != .inDoubt {
                discard(plan)
                if manner.confirmSeconds != nil { try? controller.packageConfirmation.end() }
            }
            if isTold { tell("System upgrade has been cancelled.") }
            log.abort(error)
            controller.alarms.raise(.packageOperationFailure, device: "ncs", text: error.message)
            throw error
        }
        if isTold { tell("System upgrade has completed successfully.") }
        log.step(.committed)
        afterwards(plan, before)
    }

    private func tell(_ text: String) { controller.sessions.tellAll(.broadcast(">>> " + text)) }

    private func seal(_ plan: ActivationPlan, _ manner: Manner) throws(ControlError) {
        let generation = plan.next.generation
        let note = GenerationNote(time: now, user: session.user.name, copyOf: manner.copyOf, of: generation)
        do { try controller.packages.generations.seal(generation.number, note) } catch {
            throw PackageFault.error(error, "the packages cannot be stored")
        }
    }

    /// Few devices are done at once.
    private func sayDevices(_ tree: DataTree, _ what: String) {
        let count = tree.allDevices().count
        if count >= 500 { meter.say("\(what) \(count) devices") }
    }

    private var now: Date { Date(timeIntervalSince1970: Double(controller.clock.now()) / 1e6) }

    private func askForConfirmation(_ plan: ActivationPlan, _ manner: Manner) throws(ControlError) {
        guard let seconds = manner.confirmSeconds else { return }
        try controller.packageConfirmation.begin(
            PackageConfirmation.Pending(
                back: controller.system.generation.number, forward: plan.next.generation.number,
                deadline: controller.clock.now() + Int64(seconds) * 1_000_000, user: session.user.name))
    }

    /// Waits for the sessions in configuration mode, as they are told to leave it; gives until when there is time.
    private func drain(_ plan: ActivationPlan, _ manner: Manner) throws(ControlError) -> Date {
        let deadline = Date(timeIntervalSinceNow: Double(manner.waitSeconds))
        guard manner.drain != .none, plan.isSchemaChanged else { return deadline }
        func names(_ sessions: [SessionInformation]) -> String {
            sessions.map { "\($0.user.name) (session \($0.id))" }.joined(separator: ", ")
        }
        let open = controller.sessions.configuring(except: session.id)
        if !open.isEmpty {
            meter.say(
                "waiting for \(names(open)) to leave configuration mode, at most \(manner.waitSeconds) s")
        }
        let left = controller.sessions.waitForConfiguring(except: session.id, until: deadline)
        guard !left.isEmpty else { return deadline }
        let names = names(left)
        guard manner.drain == .kill else {
            throw ControlError(
                .upgradeInProgress,
                "open transactions did not end within \(manner.waitSeconds) s: \(names) in configuration mode; "
                    + "wait longer with max-wait-time, or end them with timeout-action kill")
        }
        for one in left {
            controller.sessions.end(one.id, "The session was ended by a package upgrade of \(session.user.name).")
        }
        controller.logs.develop(.info, "package upgrade ended the sessions of \(names)")
        return deadline
    }

    /// What was done before anybody had to wait: a configuration, what becomes of it, and that this is valid.
    private struct Prepared {
        var running: DataTree
        var carried: DataConversion.Result
    }

    /// Does the work that grows with the configuration on the one of now, while others commit: converts it, validates it
    /// and writes the files of its snapshot. Nil if it cannot be done twice, or is at fault, which is said when it counts.
    private func prepare(_ plan: ActivationPlan, _ manner: Manner) -> Prepared? {
        guard !plan.conversion.hasPrograms else { return nil }
        let running = controller.running
        guard
            let carried = try? plan.conversion.convert(running, by: controller.programs, secrets: controller.secrets),
            faults(plan, manner, running, carried.tree, since: nil).isEmpty, (try? image(plan, carried.tree)) != nil
        else { return nil }
        return Prepared(running: running, carried: carried)
    }

    /// Why a plan would be refused: a program of a package does so, or the data that it makes is not valid.
    func refusal(of plan: ActivationPlan, _ manner: Manner) -> ControlError? {
        if let refusal = plan.refusal { return refusal }
        guard plan.isSchemaChanged || plan.conversion.hasPrograms else { return nil }
        return Self.invalid(faults(plan, manner, plan.data, plan.converted, since: nil))
    }

    private static func invalid(_ faults: [Diagnostic]) -> ControlError? {
        guard let first = faults.first else { return nil }
        return ControlError(
            .validation,
            "the configuration is not valid under the new models: '\(first.path ?? "")' \(first.summary)",
            diagnostics: faults)
    }

    /// What is not valid under the new models.
    ///
    /// - Parameter valid: a tree of the new models that is.
    private func faults(
        _ plan: ActivationPlan, _ manner: Manner, _ running: DataTree, _ tree: DataTree, since valid: DataTree?
    ) -> [Diagnostic] {
        let orphans = Self.orphans(running, plan.next, mayGrow: manner.isForced)
        let validator = plan.next.validator
        let found = valid.map { validator.violations(in: tree, changedFrom: $0) } ?? validator.violations(in: tree)
        return found.filter { fault in
            fault.severity == .error && !orphans.contains { fault.path?.hasPrefix($0) == true }
        }
    }

    /// - Parameters:
    ///   - deadline: until when commits that go on are waited for.
    ///   - prepared: what was done already, on a configuration of before.
    private func activate(
        _ plan: ActivationPlan, _ manner: Manner, until deadline: Date, _ prepared: Prepared? = nil
    ) throws(ControlError) {
        let owner = ReservationOwner(id: UInt64(session.id), "\(session.user.name) (upgrade)")
        let reservation: Reservation
        do {
            reservation = try controller.reservations.reserve(
                CommitClaim.everything, owner: owner,
                waitMilliseconds: max(0, Int(deadline.timeIntervalSinceNow * 1_000)))
        } catch {
            throw ControlError(
                .upgradeInProgress, "open transactions did not end within \(manner.waitSeconds) s: \(error)")
        }
        defer { reservation.release() }
        let log = UpgradeLog(controller.logs, isUpgrade: plan.isSchemaChanged)
        log.step(.initSucceeded)
        let running = controller.running
        if plan.isSchemaChanged { sayDevices(running, "converting and checking the configuration of") }
        let isPrepared = prepared.map { $0.running.root === running.root } ?? false
        let carried =
            if let prepared, isPrepared { prepared.carried } else {
                try plan.conversion.convert(running, by: controller.programs, secrets: controller.secrets)
            }
        if manner.isExact, carried.losses != plan.losses {
            throw ControlError(
                .conflict,
                "the configuration has changed since the plan was made, and other data would be lost; look at it with "
                    + "packages reload dry-run")
        }
        let faults =
            isPrepared ? [] : faults(plan, manner, running, carried.tree, since: prepared?.carried.tree)
        if let invalid = Self.invalid(faults) { throw invalid }
        log.step(.performed)
        try keepWayBack(plan, from: running, to: carried.tree)
        try record(plan, carried.tree)
    }

    private func keepWayBack(
        _ plan: ActivationPlan, from old: DataTree, to new: DataTree
    ) throws(ControlError) {
        guard old.root !== new.root else { return }
        let back = MigrationMapFiles.upgrade(from: plan.next, to: controller.system).plans
        let directory = controller.packages.generations.path(plan.next.generation.number)
        do {
            let kept = try CarryReturn(from: old, to: new, back: back)
            try ReturnRecord(from: controller.system.generation.number, way: kept).write(to: directory)
        } catch {
            throw ControlError(.resource, "what it takes to go back cannot be kept in \(directory): \(error)")
        }
    }

    /// The `device-type` of the devices that an earlier upgrade left without driver, or that this one does, if it may:
    /// they have none until somebody gives them another.
    private static func orphans(_ running: DataTree, _ next: LoadedSystem, mayGrow: Bool) -> [String] {
        running.allDevices().compactMap { device in
            let nedID = NEDIDLocation.nedID(of: device)
            guard nedID.map({ mayGrow && next.driver($0) == nil }) ?? true else { return nil }
            return "\(device.path)/device-type"
        }
    }

    /// The point of no return.
    private func record(_ plan: ActivationPlan, _ tree: DataTree) throws(ControlError) {
        let generation = plan.next.generation
        do {
            // The files of the snapshot stay unnamed until the record names them.
            let storage = controller.storage.claim()
            defer { storage.release() }
            let snapshot = try write(plan, tree)
            let record = ActivationRecord(
                generation: generation.number, digest: generation.digest, user: session.user.name, snapshot: snapshot)
            CrashPoint.reach("activation.before-record")
            let written = try controller.database.append([
                LogEntry(kind: .activation, time: controller.clock.now(), payload: record.encode())
            ])
            CrashPoint.reach("activation.recorded")
            for record in written { controller.history.noteActivation(record, snapshot) }
            controller.head.withLock { head in
                head.tree = tree
                head.system = plan.next
                head.number = written.last?.number ?? head.number
                head.recent = []
            }
        } catch let fault as DatabaseFault where fault.code == .outcomeUnknown {
            throw ControlError(.inDoubt, "whether the packages were replaced is not known: \(fault)")
        } catch {
            throw ControlError(.resource, "\(error)")
        }
    }

    /// Writes what is not there yet of the files of a snapshot, for a record that may come.
    private func image(_ plan: ActivationPlan, _ tree: DataTree) throws {
        let storage = controller.storage.claim()
        defer { storage.release() }
        _ = try write(plan, tree)
    }

    private func write(_ plan: ActivationPlan, _ tree: DataTree) throws -> SnapshotManifest {
        let generation = plan.next.generation
        return try ConfigurationImage.write(
            tree, to: controller.database.snapshotFiles, commits: controller.history.count,
            generation: generation.number, generationDigest: generation.digest)
    }

    private func afterwards(_ plan: ActivationPlan, _ before: LoadedSystem) {
        disconnect(plan, before)
        controller.alarms.clear(.packageOperationFailure, device: "ncs")
        for change in plan.changes where change.kind == .removed {
            controller.alarms.clear(.packageLoadFailure, device: change.package)
        }
        for package in plan.next.generation.packages { package.report(to: controller.logs, controller.alarms) }
        do { try controller.packages.noteLoaded(plan.next.generation, now) } catch {
            controller.logs.develop(.error, "what is loaded could not be written down: \(error)")
        }
        controller.packages.generations.removeOld(
            current: plan.next.generation.number, keep: controller.packages.kept)
    }

    /// Ends the sessions of the devices whose driver is another now; the others work on.
    private func disconnect(_ plan: ActivationPlan, _ before: LoadedSystem) {
        for device in controller.running.allDevices() {
            guard let name = device.keys.first else { continue }
            let nedID = NEDIDLocation.nedID(of: device)
            let (old, new) = (nedID.flatMap(before.driver), nedID.flatMap(plan.next.driver))
            if old == nil || old !== new { controller.devices.disconnect(name) }
        }
    }
}

extension LoadedPackage {
    /// Says in the log and in the alarm list what became of the package.
    func report(to logs: SystemLogs, _ alarms: AlarmKeeper) {
        if isUp {
            logs.note(.packageLoaded(name: name, version: version))
            if let expired = warnings.first(where: { $0.hasPrefix(PackageService.expiry) }) {
                alarms.raise(.packageLoadFailure, device: name, text: expired, severity: .warning)
            } else {
                alarms.clear(.packageLoadFailure, device: name)
            }
        } else {
            let reason = errorInfo.joined(separator: "; ")
            note(reason, in: logs)
            alarms.raise(.packageLoadFailure, device: name, text: reason)
        }
    }

    /// In the words of the catalogue, where it has some.
    private func note(_ reason: String, in logs: SystemLogs) {
        switch (status, metaDataFault) {
        case (.missingDependency, _): logs.note(.packageRefused(.badDependency, text: reason))
        case (.badNCSVersion, _): logs.note(.packageRefused(.badVersion, text: reason))
        case (.circularDependency, _): logs.note(.packageRefused(.circularDependency, text: reason))
        case (.metaDataError, .duplicate): logs.note(.packageRefused(.duplicate, text: reason))
        case (.metaDataError, .syntax):
            let text = "Failed to load NCS package: \(name); syntax error in package file"
            logs.note(.packageRefused(.syntaxError, text: text))
            logs.develop(.error, reason)
        default: logs.note(.packageFailed(name: name, reason: reason))
        }
    }
}
