import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Foundation
import Migration
import PackageManager
import Transactions

/// `packages reload`, `add` and `redeploy`: each builds the next generation beside the one in force, and one record in
/// the log puts it in place, together with the data under its models.
enum PackageActions {
    static let reload: ActionTable.Handler = { (call, output) throws(ControlError) in
        try turn(call) { () throws(ControlError) in try replaceAll(call, output) }
    }

    static let add: ActionTable.Handler = { (call, output) throws(ControlError) in
        try turn(call) { () throws(ControlError) in try addNew(call, output) }
    }

    static let redeploy: ActionTable.Handler = { (call, output) throws(ControlError) in
        try turn(call) { () throws(ControlError) in try replaceOne(call, output) }
    }

    /// Files on disk against what was loaded, and the signed files that they came from.
    static let verify: ActionTable.Handler = { (call, output) throws(ControlError) in
        for package in call.controller.system.generation.packages {
            let found = call.controller.packages.verify(package)
            let item = output.item("verify-result", package.name)
            item.put("result", found.faults.isEmpty)
            let info = found.faults + found.notes
            if !info.isEmpty { item.put("info", info.joined(separator: "\n")) }
        }
    }

    private static func turn(_ call: ActionCall, _ work: () throws(ControlError) -> Void) throws(ControlError) {
        if call.flag("wait-commit-queue-empty"), !call.flag("dry-run") {
            // Meanwhile nothing new comes in.
            try call.controller.upgradeGate.upgrade { () throws(ControlError) in try waitForQueue(call) }
        }
        try call.controller.packages.turn.take(for: call.session.user.name, work)
    }

    private static func waitForQueue(_ call: ActionCall) throws(ControlError) {
        let (queue, seconds) = (call.controller.queue, waitSeconds(call))
        if !queue.isEmpty { call.progress("waiting for the commit queue to become empty, at most \(seconds) s") }
        guard queue.wait(until: Date(timeIntervalSinceNow: Double(seconds)), { queue.isEmpty }) else {
            throw ControlError(
                .locked,
                "the commit queue did not become empty within \(seconds) s; see show devices commit-queue, or wait longer "
                    + "with max-wait-time")
        }
    }

    private static func waitSeconds(_ call: ActionCall) -> Int {
        call.text("max-wait-time").flatMap { Int($0) } ?? 10
    }

    /// The backup that whoever reloads has asked for.
    private static func backUp(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        guard call.flag("backup") else { return }
        let controller = call.controller
        call.progress("making a backup")
        do {
            var maker = BackupMaker(
                controller.configuration, version: Product.compatibleVersion.description, clock: controller.clock)
            maker.isOfDaemon = true
            let outcome = try maker.make { try controller.copyDatabase() }
            output.put("backup", outcome.path)
        } catch {
            throw ControlError(.resource, "nothing was reloaded, because the backup could not be made: \(error)")
        }
    }

    private static func replaceAll(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        let activation = PackageActivation(call)
        let plan = try activation.plan(from: call.controller.packages.loadPath.sources())
        try carryOut(plan, activation, call, output)
    }

    /// Shows a plan, or judges it and puts it in force.
    ///
    /// - Parameter copyOf: the generation that comes back with it.
    static func carryOut(
        _ plan: ActivationPlan, _ activation: PackageActivation, _ call: ActionCall, _ output: RowDraft,
        copyOf: Int? = nil
    ) throws(ControlError) {
        if call.flag("dry-run") {
            activation.discard(plan)
            call.controller.packages.plans.remember(plan.digest, plan.inputs)
            var manner = PackageActivation.Manner()
            // What wants force is a warning of its own.
            manner.isForced = call.flag("force") || !plan.warnings.isEmpty
            plan.report(to: output, showsAll: reportsAll(call), refusal: activation.refusal(of: plan, manner))
            if call.input.child("report")?.child("instances") != nil {
                plan.reportInstances(of: call.controller.running, to: output)
            }
            return
        }
        do throws(ControlError) { try judge(plan, call) } catch {
            activation.discard(plan)
            throw error
        }
        var manner = PackageActivation.Manner()
        manner.waitSeconds = waitSeconds(call)
        manner.drain = call.flag("optimistic") ? .none : call.text("timeout-action") == "kill" ? .kill : .fail
        manner.isForced = call.flag("force")
        manner.isExact = call.text("expected-plan") != nil
        manner.copyOf = copyOf
        manner.confirmSeconds = call.text("confirm-timeout").flatMap { Int($0) }
        do throws(ControlError) { try backUp(call, output) } catch {
            activation.discard(plan)
            throw error
        }
        try activation.execute(plan, manner)
        if reportsAll(call) { plan.report(to: output, showsAll: true) } else { plan.reportLosses(to: output) }
        if let seconds = manner.confirmSeconds, let pending = call.controller.packageConfirmation.current {
            output.put(
                "confirmation",
                "needed within \(seconds) s with packages confirm, or generation \(pending.back) comes back")
        }
        results(output, "reload-result", plan.next.generation.packages)
    }

    /// Whether it is the plan that was approved, and one that may go ahead.
    private static func judge(_ plan: ActivationPlan, _ call: ActionCall) throws(ControlError) {
        if let expected = call.text("expected-plan"), expected != plan.digest {
            let moved = call.controller.packages.plans.difference(expected, plan.inputs)
            let what = moved.map { "; what has changed: " + $0.joined(separator: ", ") } ?? ""
            throw ControlError(
                .conflict,
                "the plan has changed: expected \(expected), now it is \(plan.digest)\(what); look at it with "
                    + "packages reload dry-run")
        }
        guard !plan.warnings.isEmpty, !call.flag("force") else { return }
        let warnings = (plan.warnings + plan.failures).joined(separator: "\n")
        call.controller.logs.note(.packageUpgradeUnsafe(warnings: warnings))
        throw ControlError(
            .validation,
            warnings
                + "\nIf this is intended, proceed with 'force' parameter.")
    }

    private static func addNew(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        let activation = PackageActivation(call)
        let plan = try activation.plan(from: call.controller.packages.loadPath.sources())
        let touched = plan.changes.filter { $0.kind == .changed || $0.kind == .removed }
        guard touched.isEmpty else {
            activation.discard(plan)
            let names = touched.map { "\($0.package) (\($0.kind.rawValue))" }.joined(separator: ", ")
            throw ControlError(
                .validation,
                "packages add only adds packages, and these loaded ones would change: \(names); "
                    + "use packages reload")
        }
        let added = plan.changes.filter { $0.kind == .added }.map(\.package)
        try activation.execute(plan, .init(isAnnounced: false))
        results(output, "add-result", plan.next.generation.packages.filter { added.contains($0.name) })
    }

    /// A package that would not come up stays as it is.
    private static func replaceOne(_ call: ActionCall, _ output: RowDraft) throws(ControlError) {
        let name = try call.key(of: "package")
        let activation = PackageActivation(call)
        let current = call.controller.system.generation.packages
        let sources = call.controller.packages.loadPath.sources()
        let plan = try activation.planRedeploy(of: name, from: sources, current)
        let package = plan.next.generation.package(name)
        guard let package, package.isUp else {
            activation.discard(plan)
            output.put("result", false)
            let info = package?.errorInfo ?? plan.next.generation.packages.filter { !$0.isUp }.flatMap(\.errorInfo)
            output.put("info", info.joined(separator: "\n"))
            return
        }
        if plan.isSchemaChanged {
            activation.discard(plan)
            throw ControlError(
                .validation,
                "the data models of package \(name) have changed, and redeploy does not load them; "
                    + "use packages reload")
        }
        try activation.execute(plan, .init(isAnnounced: false))
        output.put("result", true)
    }

    private static func reportsAll(_ call: ActionCall) -> Bool {
        call.input.child("report")?.child("all-schema-changes") != nil
    }

    private static func results(_ output: RowDraft, _ list: String, _ packages: [LoadedPackage]) {
        for package in packages {
            let item = output.item(list, package.name)
            item.put("result", package.isUp)
            let info = package.isUp ? package.notes : package.errorInfo
            if !info.isEmpty { item.put("info", info.joined(separator: "\n")) }
        }
    }
}
