import Basics
import ConfigTree
import ControlProtocol
import Foundation
import Migration
import NEDKit
import NEDRuntime
import PackageManager
import Synchronization
import Transactions
import YANG

/// `devices device X migrate` and `devices migrate`: another driver for devices that stay what they are. Nothing is
/// ever sent to a device.
///
/// Each device is a transaction of its own, so an interrupted run is taken up by giving the command again: `devices
/// migrate` is about the devices that still have the old ned-id.
enum MigrateAction {
    static func migrateAll(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        let old = try call.required("old-ned-id")
        let running = call.controller.running
        let names = try DeviceSelection.names(call).filter { name in
            running.device(name).flatMap(NEDIDLocation.nedID) == old
        }
        guard !names.isEmpty else {
            throw ControlError(
                .notFound, "no device of the selection has ned-id \(old.split(separator: ":").last ?? "")")
        }
        try migrate(call, output, names)
    }

    /// How many devices' results go out at a time.
    private static let partSize = 100

    static func migrate(_ call: ActionCall, _ output: RowDraft, _ names: [String]) throws(ControlError) {
        let newID = try call.required("new-ned-id")
        guard let driver = call.controller.system.driver(newID) else {
            let short = newID.split(separator: ":").last ?? ""
            throw ControlError(.notFound, "no loaded package has ned-id \(short); load one with packages add")
        }
        let isOne = call.path.steps.contains { $0.node.name == "device" }
        let run = MigrationRun(call, driver, count: names.count)
        defer { run.end() }
        let report = MigrationReport(call, driver)
        if let expected = call.text("expected-plan") { try run.requirePlan(expected, names) }
        // A long answer goes out piece by piece.
        let parts = names.count > partSize && !isOne ? call.parts : nil
        var (part, count) = (output, 0)
        func flush() {
            guard let parts, part !== output else { return }
            let model = call.input.model
            parts.take(ActionOutput(node: output.node, content: part.freeze(in: model), model: model))
        }
        let work: @Sendable (String) -> DeviceResult = { name in
            do throws(ControlError) {
                let migrated = try run.migrate(name)
                if let old = migrated.oldDriver { report.note(name, old, migrated.before) }
                return .ok(migrated.info)
            } catch {
                return .failed(error.message)
            }
        }
        let suppresses = call.flag("suppress-positive-result")
        func take(_ name: String, _ result: DeviceResult) {
            if parts != nil, count % partSize == 0 {
                flush()
                part = RowDraft(output.node)
            }
            count += 1
            if suppresses, result.isPositive, result.leaves.count == 1 { return }
            result.write(to: isOne ? output : part.item("migrate-result", name))
        }
        DeviceWork.inOrder(names, work) { results in results.forEach(take) }
        flush()
        if call.flag("dry-run") { output.put("plan-digest", run.rememberedPlan(names)) }
        report.write(to: output)
    }
}

/// The migration of the devices of one call to one driver.
final class MigrationRun: Sendable {
    struct Migrated {
        var oldDriver: Driver?
        var before: DataTree?
        var info: String?
    }

    /// How data goes from one driver to another.
    private struct Way {
        var plans: CarryPlans
        var hasMap: Bool
        /// The program of the map.
        var hook: MigrationHook?
    }

    private let call: ActionCall
    private let driver: Driver
    private let validator: Validator
    private let count: Int
    private let done = Mutex(0)
    private let plans = Mutex<[String: Way]>([:])
    private let planned = Mutex(MigrationPlan())
    /// What was approved, if anything was.
    private let approved = Mutex<MigrationPlan?>(nil)

    init(_ call: ActionCall, _ driver: Driver, count: Int) {
        self.call = call
        self.driver = driver
        self.count = count
        validator = Validator(driver.model)
    }

    private var directory: String { call.controller.configuration.stateDirectory + "/migrations" }

    /// What is known of a device before anything is done to it.
    private struct Look {
        var device: Instance
        var leaf: InstancePath
        var oldID: String
        var oldDriver: Driver?
        var before: DataTree
        var carried: CarriedData
        /// What of that the program of the map changed.
        var byProgram = ChangeSet()
    }

    func migrate(_ name: String) throws(ControlError) -> Migrated {
        defer { noteDone() }
        let controller = call.controller
        let isDryRun = call.flag("dry-run")
        if !isDryRun { try awaitTurn(name) }
        var lines = EventLines(isVerbose: call.flag("verbose"))
        let look: Look
        do throws(ControlError) {
            look = try self.look(name, &lines)
            if isDryRun || call.flag("no-networking") { try requireValid(look.carried.tree) }
        } catch {
            if isDryRun { planned.withLock { $0.note(name, refusal: error.message) } }
            throw error
        }
        var migrated = Migrated(oldDriver: look.oldDriver, before: look.before, info: nil)
        if isDryRun {
            note(name, look, on: planned)
            migrated.info = lines.text(look.carried)
            return migrated
        }
        try requireApproval(name, look)
        var data = look.carried.tree
        var transactionID: String?
        if !call.flag("no-networking") {
            let reading = try read(look.device)
            data = try controller.secrets.sealed(reading.tree, like: look.carried.tree)
            transactionID = reading.transactionID
            lines.crossCheck(look.carried.tree.diff(to: data))
        }
        migrated.info = lines.text(look.carried)
        try save(name, look)
        CrashPoint.reach("migrate.before-device")
        try controller.changeDriver(
            of: name, leaf: look.leaf, to: driver.nedID, from: look.before, with: data, by: call.session)
        CrashPoint.reach("migrate.device-done")
        controller.devices.disconnect(name)
        if let transactionID { controller.devices.noteInSync(name, transactionID) }
        return migrated
    }

    private func look(_ name: String, _ lines: inout EventLines) throws(ControlError) -> Look {
        let controller = call.controller
        guard let device = controller.running.device(name), let leaf = NEDIDLocation.path(of: device),
            let oldID = NEDIDLocation.nedID(of: device)
        else { throw ControlError(.notFound, "there is no device \(name) with a ned-id") }
        guard oldID != driver.nedID else {
            throw ControlError(.invalidValue, "Device \(name) has ned-id \(driver.shortID) already")
        }
        let before = device.child("config")?.mountedTree ?? DataTree(driver.model)
        let oldDriver = controller.system.driver(oldID)
        var byProgram = ChangeSet()
        let carried = try carry(name, before, oldDriver, &lines, &byProgram)
        return Look(
            device: device, leaf: leaf, oldID: oldID, oldDriver: oldDriver, before: before, carried: carried,
            byProgram: byProgram)
    }

    /// Changes of the device that are queued are in terms of its old model: they come first.
    private func awaitTurn(_ name: String) throws(ControlError) {
        let (controller, session) = (call.controller, call.session.id)
        let deadline = Date(timeIntervalSinceNow: 60)
        func reason() -> String? {
            if let item = controller.queue.first(of: name) {
                return "Device \(name) has changes in the commit queue (item \(item.id))"
            }
            guard let owner = controller.runningLock.session, owner != session else { return nil }
            return "the configuration database is locked by \(controller.runningLock.description ?? "another session")"
        }
        while let reason = reason() {
            guard call.flag("wait-for-lock") else {
                throw ControlError(.locked, "\(reason); try again later, or with wait-for-lock")
            }
            let now = Date()
            guard now < deadline else { throw ControlError(.locked, "\(reason), and did so for 60 s") }
            // The lock on running wakes nobody.
            _ = controller.queue.wait(until: min(deadline, now + 0.2)) { controller.queue.first(of: name) == nil }
            if controller.runningLock.session != nil { usleep(100_000) }
        }
    }

    // MARK: Approval

    private func note(_ name: String, _ look: Look, on plan: borrowing Mutex<MigrationPlan>) {
        let packages = [look.oldDriver?.package, driver.package].compactMap(\.self)
            .compactMap { call.controller.system.generation.package($0) }
        plan.withLock { $0.note(name, from: look.oldID, to: driver.nedID, look.carried, packages) }
    }

    /// The digest of what a dry run has shown.
    func rememberedPlan(_ names: [String]) -> String {
        let plan = planned.withLock { $0 }
        call.controller.packages.plans.remember(plan.digest, plan.inputs)
        return plan.digest
    }

    /// Refuses what is not the plan that was approved, before anything is done.
    func requirePlan(_ expected: String, _ names: [String]) throws(ControlError) {
        let looked = Mutex(MigrationPlan())
        _ = DeviceWork.inParallel(names) { name in
            var lines = EventLines(isVerbose: false)
            do throws(ControlError) {
                let look = try self.look(name, &lines)
                try self.requireValid(look.carried.tree)
                self.note(name, look, on: looked)
            } catch {
                looked.withLock { $0.note(name, refusal: error.message) }
            }
            return .ok()
        }
        let plan = looked.withLock { $0 }
        approved.withLock { $0 = plan }
        guard plan.digest != expected.lowercased() else { return }
        let moved = call.controller.packages.plans.difference(expected.lowercased(), plan.inputs)
        let what = moved.map { "; what has changed: " + $0.joined(separator: ", ") } ?? ""
        throw ControlError(
            .conflict,
            "the plan has changed: expected \(expected), now it is \(plan.digest)\(what); look at it with migrate dry-run"
        )
    }

    private func requireApproval(_ name: String, _ look: Look) throws(ControlError) {
        guard let approved = approved.withLock({ $0 }) else { return }
        let now = Mutex(MigrationPlan())
        note(name, look, on: now)
        let (before, after) = (approved.inputs["device \(name)"], now.withLock { $0 }.inputs["device \(name)"])
        if let before, before.hasPrefix(MigrationPlan.refused) || before == after { return }
        throw ControlError(
            .conflict, "device \(name) was changed since the plan was made; look at it with migrate dry-run")
    }

    private func noteDone() {
        let number = done.withLock { done in
            done += 1
            return done
        }
        if count > 1, number % 10 == 0 || number == count {
            call.progress("\(number) of \(count) devices \(call.flag("dry-run") ? "looked at" : "done")")
        }
    }

    // MARK: Carrying

    private func carry(
        _ name: String, _ before: DataTree, _ oldDriver: Driver?, _ lines: inout EventLines,
        _ byProgram: inout ChangeSet
    ) throws(ControlError) -> CarriedData {
        guard let oldDriver else { return DataCarrier.carry(before, to: driver.model, plans: CarryPlans()) }
        let way = try way(from: oldDriver, to: driver)
        let back = way.plans
        if let record = MigrationRecord.read(in: directory, name, from: driver.nedID, to: oldDriver.nedID) {
            let there = try self.way(from: driver, to: oldDriver).plans
            if let old = record.goingBack(before, to: driver.model, there: there, back: back) {
                lines.notes.append("what was there before the migration to \(oldDriver.shortID) is there again")
                return old
            }
        }
        let carried: CarriedData
        if lines.isVerbose {
            var heard = lines
            carried = DataCarrier.carry(before, to: driver.model, plans: back) { heard.add($0) }
            lines = heard
        } else {
            carried = DataCarrier.carry(before, to: driver.model, plans: back)
        }
        guard let hook = way.hook else { return carried }
        var outcome: MigrationHook.Outcome
        do { outcome = try hook.carry(name, before, carried) } catch { throw ControlError(error) }
        lines.addProgram(hook.pool.program.name, outcome)
        outcome.carried.tree = try call.controller.secrets.sealed(outcome.carried.tree, like: carried.tree)
        byProgram = ChangeSet(carried.tree.diff(to: outcome.carried.tree))
        return outcome.carried
    }

    /// Ends what was started for it.
    func end() {
        for way in plans.withLock({ Array($0.values) }) { way.hook?.pool.end() }
    }

    /// How data goes from one driver to another, worked out once for all devices.
    private func way(from old: Driver, to new: Driver) throws(ControlError) -> Way {
        let key = "\(old.nedID) \(new.nedID)"
        if let known = plans.withLock({ $0[key] }) { return known }
        let found = try MigrationMapFiles.map(from: old, to: new, in: call.controller.system)
        let map = found.map
        let plans = CarryPlans { before, after in before === old.model && after === new.model ? map : nil }
        let hook = try found.program.map { program throws(ControlError) in try program.hook(call.controller.programs) }
        let made = Way(plans: plans, hasMap: map != nil, hook: hook)
        return self.plans.withLock { table in
            if let other = table[key] { return other }
            table[key] = made
            return made
        }
    }

    private func requireValid(_ tree: DataTree) throws(ControlError) {
        let faults = validator.violations(in: tree, limit: 20).filter { $0.severity == .error }
        guard let first = faults.first else { return }
        throw ControlError(
            .validation, "the data is not valid under \(driver.shortID): '\(first.path ?? "")' \(first.summary)",
            diagnostics: faults)
    }

    /// Keeps what it takes to go back, where carrying the data back would not do: maps lead one way.
    private func save(_ name: String, _ look: Look) throws(ControlError) {
        let carried = look.carried
        let hasMap = try look.oldDriver.map { old throws(ControlError) in try way(from: old, to: driver).hasMap }
        do {
            guard !carried.losses.isEmpty || carried.counts.converted > 0 || hasMap == true else {
                // Of an earlier migration: what it leads back to is out of date.
                return try MigrationRecord.remove(in: directory, name, from: look.oldID, to: driver.nedID)
            }
            try MigrationRecord(
                device: name, from: look.oldID, to: driver.nedID, look.before, carried.losses, look.byProgram
            )
            .write(in: directory)
        } catch {
            throw ControlError(.resource, "what is not carried over cannot be kept in \(directory): \(error)")
        }
    }

    /// What the device holds, as the new driver reads it.
    private func read(_ device: Instance) throws(ControlError) -> DeviceReading {
        let addressing = try DeviceAddressing(device, localUser: call.session.user.name)
        try addressing.requireUnlocked()
        let access = try call.controller.devices.access(device, driver: driver, localUser: call.session.user.name)
        do throws(NEDError) {
            return try access.withSession { (session) throws(NEDError) in try session.reading() }
        } catch {
            throw ControlError(.connection, access.masked(error.operatorText))
        }
    }
}
