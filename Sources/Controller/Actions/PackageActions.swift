import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Events
import Migration
import PackageManager
import Transactions

/// `packages reload`, `add` and `redeploy`: each builds the next generation beside the one in force, and one record in
/// the log puts it in place, together with the data under its models.
enum PackageActions {
    static let reload: ActionTable.Handler = { (call, output) throws(ControlError) in
        let activation = PackageActivation(call)
        let plan = try activation.plan(from: call.controller.packages.loadPath.sources())
        if call.flag("dry-run") {
            activation.discard(plan)
            plan.report(to: output, showsAll: reportsAll(call))
            return
        }
        if let expected = call.text("expected-plan"), expected != plan.digest {
            activation.discard(plan)
            throw ControlError(
                .conflict,
                "the plan has changed: expected \(expected), now it is \(plan.digest); look at it with "
                    + "packages reload dry-run")
        }
        if !plan.warnings.isEmpty, !call.flag("force") {
            activation.discard(plan)
            throw ControlError(
                .validation,
                plan.warnings.joined(separator: "\n")
                    + "\nIf this is intended, proceed with 'force' parameter.")
        }
        let wait = call.text("max-wait-time").flatMap { Int($0) } ?? 10
        try activation.execute(plan, waitSeconds: wait)
        if reportsAll(call) { plan.report(to: output, showsAll: true) }
        results(output, "reload-result", plan.next.generation.packages)
    }

    static let add: ActionTable.Handler = { (call, output) throws(ControlError) in
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
        try activation.execute(plan, waitSeconds: 10, isAnnounced: false)
        results(output, "add-result", plan.next.generation.packages.filter { added.contains($0.name) })
    }

    static let redeploy: ActionTable.Handler = { (call, output) throws(ControlError) in
        let name = try call.key(of: "package")
        let activation = PackageActivation(call)
        let current = call.controller.system.generation.packages
        let sources = call.controller.packages.loadPath.sources()
        let plan = try activation.planRedeploy(of: name, from: sources, current)
        if plan.isSchemaChanged {
            activation.discard(plan)
            throw ControlError(
                .validation,
                "the data models of package \(name) have changed, and redeploy does not load them; "
                    + "use packages reload")
        }
        try activation.execute(plan, waitSeconds: 10, isAnnounced: false)
        let package = plan.next.generation.package(name)
        output.put("result", package?.isUp ?? false)
        if let info = package?.errorInfo.first { output.put("info", info) }
    }

    private static func reportsAll(_ call: ActionCall) -> Bool {
        call.input.child("report")?.child("all-schema-changes") != nil
    }

    private static func results(_ output: RowDraft, _ list: String, _ packages: [LoadedPackage]) {
        for package in packages {
            let item = output.item(list, package.name)
            item.put("result", package.isUp)
            if !package.isUp { item.put("info", package.errorInfo.joined(separator: "\n")) }
        }
    }
}
