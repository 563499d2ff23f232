import Basics
import ConfigTree
import ControlProtocol
import Migration
import NEDRuntime
import Synchronization
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
        let names = try DeviceActions.selected(call).filter { name in
            running.device(name).flatMap(NEDIDLocation.nedID) == old
        }
        guard !names.isEmpty else {
            throw ControlError(
                .notFound, "no device of the selection has ned-id \(old.split(separator: ":").last ?? "")")
        }
        try migrate(call, output, names)
    }

    static func migrate(_ call: ActionCall, _ output: RowDraft, _ names: [String]) throws(ControlError) {
        let newID = try call.required("new-ned-id")
        guard let driver = call.controller.system.driver(newID) else {
            let short = newID.split(separator: ":").last ?? ""
            throw ControlError(.notFound, "no loaded package has ned-id \(short); load one with packages add")
        }
        let isOne = call.path.steps.contains { $0.node.name == "device" }
        let run = MigrationRun(call, driver, count: names.count)
        let reported = Mutex<[ObjectIdentifier: ReportedModels]>([:])
        let results = DeviceWork.inParallel(names) { name in
            do throws(ControlError) {
                let migrated = try run.migrate(name)
                if let old = migrated.oldDriver { Self.note(old, driver, migrated.before, call, reported) }
                return .ok(migrated.info)
            } catch {
                return .failed(error.message)
            }
        }
        for (name, result) in zip(names, results) {
            let suppresses = call.flag("suppress-positive-result") && result.isPositive
            if suppresses, result.leaves.count == 1 { continue }
            result.write(to: isOne ? output : output.item("migrate-result", name))
        }
        for models in reported.withLock({ $0.values.sorted { $0.nedID < $1.nedID } }) {
            models.changes.report(to: output)
        }
    }

    /// The differences of two models, and which of them concern a device of the call.
    private struct ReportedModels {
        let nedID: String
        let all: [SchemaChange]
        var used: Set<Int> = []
        let hidesUnused: Bool

        var changes: [SchemaChange] { hidesUnused ? used.sorted().map { all[$0] } : all }
    }

    private static func note(
        _ old: Driver, _ new: Driver, _ data: DataTree?, _ call: ActionCall,
        _ reported: borrowing Mutex<[ObjectIdentifier: ReportedModels]>
    ) {
        let mode = call.text("suppress-modified-paths")
        guard mode != "all", call.flag("dry-run") || call.flag("verbose") else { return }
        reported.withLock { table in
            var models =
                table[ObjectIdentifier(old)]
                ?? ReportedModels(
                    nedID: old.nedID, all: SchemaComparison(from: old.model.schema, to: new.model.schema).changes,
                    hidesUnused: mode == "without-instance-data")
            if models.hidesUnused, let data {
                for (index, change) in models.all.enumerated()
                where !models.used.contains(index) && change.hasInstances(in: data) {
                    models.used.insert(index)
                }
            }
            table[ObjectIdentifier(old)] = models
        }
    }
}

/// The migration of the devices of one call to one driver.
final class MigrationRun: Sendable {
    struct Migrated {
        var oldDriver: Driver?
        var before: DataTree?
        var info: String?
    }

    private let call: ActionCall
    private let driver: Driver
    private let validator: Validator
    private let count: Int
    private let done = Mutex(0)
    private let plans = Mutex<[String: CarryPlans]>([:])

    init(_ call: ActionCall, _ driver: Driver, count: Int) {
        self.call = call
        self.driver = driver
        self.count = count
        validator = Validator(driver.model)
    }

    private var directory: String { call.controller.configuration.stateDirectory + "/migrations" }

    func migrate(_ name: String) throws(ControlError) -> Migrated {
        defer { noteDone() }
        let controller = call.controller
        guard let device = controller.running.device(name), let leaf = NEDIDLocation.path(of: device),
            let oldID = NEDIDLocation.nedID(of: device)
        else { throw ControlError(.notFound, "there is no device \(name) with a ned-id") }
        guard oldID != driver.nedID else {
            throw ControlError(.invalidValue, "Device \(name) has ned-id \(driver.shortID) already")
        }
        let old = device.child("config")?.mountedTree
        let before = old ?? DataTree(driver.model)
        let oldDriver = controller.system.driver(oldID)
        var lines = EventLines(isVerbose: call.flag("verbose"))
        let carried = try carry(name, before, oldDriver, &lines)
        try requireValid(carried.tree)
        var migrated = Migrated(oldDriver: oldDriver, before: before, info: nil)
        if call.flag("dry-run") {
            migrated.info = lines.text(carried)
            return migrated
        }
        var data = carried.tree
        var transactionID: String?
        if !call.flag("no-networking") {
            let reading = try read(device)
            data = try controller.secrets.sealed(reading.tree, like: carried.tree)
            transactionID = reading.transactionID
            lines.crossCheck(carried.tree.diff(to: data))
        }
        migrated.info = lines.text(carried)
        try save(name, before, carried, from: oldID)
        CrashPoint.reach("migrate.before-device")
        try controller.changeDriver(of: name, leaf: leaf, to: driver.nedID, with: data, by: call.session)
        CrashPoint.reach("migrate.device-done")
        controller.devices.disconnect(name)
        if let transactionID { controller.devices.noteInSync(name, transactionID) }
        return migrated
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
        _ name: String, _ before: DataTree, _ oldDriver: Driver?, _ lines: inout EventLines
    ) throws(ControlError) -> CarriedData {
        guard let oldDriver else { return DataCarrier.carry(before, to: driver.model, plans: CarryPlans()) }
        let back = try plans(from: oldDriver, to: driver)
        if let record = MigrationRecord.read(in: directory, name, from: driver.nedID, to: oldDriver.nedID) {
            let there = try plans(from: driver, to: oldDriver)
            if let old = record.goingBack(before, to: driver.model, there: there, back: back) {
                lines.notes.append("what was there before the migration to \(oldDriver.shortID) is there again")
                return old
            }
        }
        guard lines.isVerbose else { return DataCarrier.carry(before, to: driver.model, plans: back) }
        var heard = lines
        let carried = DataCarrier.carry(before, to: driver.model, plans: back) { heard.add($0) }
        lines = heard
        return carried
    }

    /// How data goes from one driver to another, worked out once for all devices.
    private func plans(from old: Driver, to new: Driver) throws(ControlError) -> CarryPlans {
        let key = "\(old.nedID) \(new.nedID)"
        if let known = plans.withLock({ $0[key] }) { return known }
        let map = try MigrationMapFiles.map(from: old, to: new, in: call.controller.system)
        let made = CarryPlans { before, after in before === old.model && after === new.model ? map : nil }
        return plans.withLock { table in
            if let other = table[key] { return other }
            table[key] = made
            return made
        }
    }

    private func requireValid(_ tree: DataTree) throws(ControlError) {
        guard call.flag("no-networking") || call.flag("dry-run") else { return }
        let faults = validator.violations(in: tree, limit: 20).filter { $0.severity == .error }
        guard let first = faults.first else { return }
        throw ControlError(
            .validation, "the data is not valid under \(driver.shortID): '\(first.path ?? "")' \(first.summary)",
            diagnostics: faults)
    }

    private func save(
        _ name: String, _ before: DataTree, _ carried: CarriedData, from oldID: String
    ) throws(ControlError) {
        guard !carried.losses.isEmpty || carried.counts.converted > 0 else { return }
        do {
            try MigrationRecord(device: name, from: oldID, to: driver.nedID, before, carried.losses)
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
            return try access.withSession { (session) throws(NEDError) in try session.show() }
        } catch {
            throw ControlError(.connection, access.masked(error.operatorText))
        }
    }
}

/// What an operator reads of one device's migration: no more than `limit` lines of each kind, whatever the data.
private struct EventLines {
    private static let limit = 50
    let isVerbose: Bool
    var notes: [String] = []
    private var events: [String] = []
    private var eventCount = 0

    init(isVerbose: Bool) { self.isVerbose = isVerbose }

    mutating func add(_ event: CarryEvent) {
        eventCount += 1
        guard events.count < Self.limit else { return }
        let old = event.value.map { " \($0)" } ?? ""
        switch event.fate {
        case .converted(let new, let place):
            events.append(
                "\(event.path.keypath):\(old) becomes\(new.map { " \($0)" } ?? "")\(place.map { " at \($0)" } ?? "")")
        case .defaulted(let new, let reason):
            events.append("\(event.path.keypath):\(old) becomes the default \(new): \(reason)")
        case .dropped(let reason, let instances):
            events.append("\(event.path.keypath):\(old) is dropped: \(reason) (\(instances) instances)")
        }
    }

    /// Says how what the device holds differs from what was carried over.
    mutating func crossCheck(_ difference: [DiffNode]) {
        let items = ChangeSet(difference).items
        guard !items.isEmpty else { return }
        notes.append("the device differs from what was carried over in \(items.count) places")
        if isVerbose { notes += items.prefix(Self.limit).map { "the device has another: \($0.path)" } }
    }

    func text(_ carried: CarriedData) -> String? {
        var lines = notes
        if isVerbose {
            let counts = carried.counts
            lines.append(
                "\(counts.kept) instances kept, \(counts.converted) converted, \(counts.defaulted) defaulted, "
                    + "\(counts.dropped) dropped")
            lines += events
            if eventCount > events.count { lines.append("and \(eventCount - events.count) more") }
        }
        if !carried.losses.isEmpty {
            lines.append("not carried over:")
            lines += carried.losses.prefix(Self.limit).map { "\($0.path): \($0.reason) (\($0.instances) instances)" }
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }
}
