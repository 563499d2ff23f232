import ConfigTree
import ControlProtocol
import Controller
import Foundation
import TestSupport
import Testing

/// `packages reload`, `add` and `redeploy`, and `migrate`, in process.
@Suite struct PackageActivationTests {
    private static let config = "/tailf-ncs:devices/device[name='x0']/config"
    private static let upgradeLines = [
        ">>> System upgrade is starting.",
        ">>> Sessions in configure mode must exit to operational mode.",
        ">>> No configuration changes can be performed until upgrade has completed.",
        ">>> System upgrade has completed successfully.",
    ]

    /// A controller with the first driver and a device that has configuration.
    private func workshop() throws -> ControllerWorkshop {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        let session = try workshop.session()
        try workshop.device("x0", "mini-cli-1.0", session)
        try session.change([
            ("\(Self.config)/mini:hostname", "edge"), ("\(Self.config)/mini:contact", "noc"),
            ("\(Self.config)/mini:interface[name='eth0']/mtu", "1500"),
        ])
        return workshop
    }

    private func generations(_ workshop: ControllerWorkshop) -> [String] {
        workshop.directory.names(in: "run/state/packages-in-use")
    }

    @Test func aReloadCarriesTheDataToTheNewModelAndTellsEverybody() throws {
        let workshop = try workshop()
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        let heard = Heard()
        let session = try workshop.session("admin", heard)
        let output = try session.act("/tailf-ncs:packages/reload")
        #expect(output.entries("reload-result").map { $0.value("result") } == ["true"])
        #expect(heard.all == Self.upgradeLines)
        #expect(try session.value("\(Self.config)/mini:hostname") == "edge")
        #expect(try session.value("\(Self.config)/mini:interface[name='eth0']/mtu") == "1500")
        try session.change([("\(Self.config)/mini:interface[name='eth0']/mtu", "70000")])
        try workshop.restart()
        #expect(try workshop.session().value("\(Self.config)/mini:interface[name='eth0']/mtu") == "70000")
    }

    @Test func aReloadThatChangesNoModelTellsNobody() throws {
        let workshop = try workshop()
        try workshop.package("mini", version: "1.0.1", module: TestModels.first)
        let heard = Heard()
        let session = try workshop.session("admin", heard)
        try session.act("/tailf-ncs:packages/reload")
        try session.act("/tailf-ncs:packages/reload")
        #expect(heard.all.isEmpty)
        let package = try #require(
            session.operational().instance(
                try session.running.path("/tailf-ncs:packages/package[name='mini-cli-1.0']")))
        #expect(package.value("package-version") == "1.0.1")
    }

    @Test func aDryRunShowsThePlanAndLeavesNothingBehind() throws {
        let workshop = try workshop()
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        let session = try workshop.session()
        let before = generations(workshop)
        let plan = try session.act("/tailf-ncs:packages/reload", ["dry-run": ""])
        #expect(plan.value("upgrade-required") == "true")
        #expect(plan.entries("package-change").map { $0.value("change") } == ["changed"])
        #expect(plan.entries("modified-path").contains { $0.value("path")?.hasSuffix("contact") == true })
        #expect(plan.entries("removed-data").contains { $0.value("path")?.hasSuffix("contact") == true })
        #expect(generations(workshop) == before)
        #expect(try session.value("\(Self.config)/mini:contact") == "noc")
    }

    @Test func anApprovedPlanIsCarriedOutOnlyIfNothingMoved() throws {
        let workshop = try workshop()
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        let session = try workshop.session()
        let digest = try #require(
            try session.act("/tailf-ncs:packages/reload", ["dry-run": ""]).value("plan-digest"))
        try workshop.package("mini", version: "1.0.2", module: TestModels.first)
        let error = try refusal { try session.act("/tailf-ncs:packages/reload", ["expected-plan": digest]) }
        #expect(error.code == .conflict)
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        try session.act("/tailf-ncs:packages/reload", ["expected-plan": digest])
        #expect(try session.value("\(Self.config)/mini:hostname") == "edge")
    }

    @Test func aDriverThatIsInUseIsNotTakenAway() throws {
        let workshop = try workshop()
        workshop.directory.remove("run/packages/mini-cli-1.0")
        let session = try workshop.session()
        let before = generations(workshop)
        let warning = try refusal { try session.act("/tailf-ncs:packages/reload") }
        #expect(warning.message.hasPrefix("The following modules will be deleted by upgrade:\nmini-cli-1.0: mini"))
        #expect(warning.message.hasSuffix("If this is intended, proceed with 'force' parameter."))
        #expect(generations(workshop) == before)
        #expect(try session.value("\(Self.config)/mini:hostname") == "edge")
    }

    @Test func addLoadsANewPackageAndRefusesChangedOnes() throws {
        let workshop = try workshop()
        let heard = Heard()
        let session = try workshop.session("admin", heard)
        try workshop.package("mini", version: "2.0", module: TestModels.second)
        let added = try session.act("/tailf-ncs:packages/add")
        #expect(added.entries("add-result").map { $0.value("package") } == ["mini-cli-2.0"])
        #expect(heard.all.isEmpty)
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        try workshop.package("mini", version: "3.0", module: TestModels.second)
        let error = try refusal { try session.act("/tailf-ncs:packages/add") }
        #expect(error.message.contains("mini-cli-1.0") && error.message.contains("packages reload"))
    }

    @Test func redeployTakesADriversDescriptionButNoModels() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        try workshop.package("mini", version: "1.0", module: TestModels.first) { folder in
            let file = URL(fileURLWithPath: folder + "/driver/driver.yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
            try Data(text.replacing("save: write memory", with: "save: copy running startup").utf8).write(to: file)
        }
        let path = "/tailf-ncs:packages/package[name='mini-cli-1.0']/redeploy"
        #expect(try session.act(path).value("result") == "true")
        #expect(try session.value("\(Self.config)/mini:hostname") == "edge")
        try workshop.package("mini", version: "1.0", module: TestModels.second)
        let error = try refusal { try session.act(path) }
        #expect(error.message.contains("packages reload"))
    }

    @Test func aPackageThatCannotBeLoadedIsReportedAndHarmsNoOther() throws {
        let workshop = try workshop()
        try workshop.package("other", version: "1.0", module: TestModels.first.replacing("mini", with: "other")) {
            try Data("dialect: [".utf8).write(to: URL(fileURLWithPath: $0 + "/driver/driver.yaml"))
        }
        let session = try workshop.session()
        let results = try session.act("/tailf-ncs:packages/reload").entries("reload-result")
        let byName = Dictionary(uniqueKeysWithValues: results.map { ($0.keys[0], $0) })
        #expect(byName["mini-cli-1.0"]?.value("result") == "true")
        #expect(byName["other-cli-1.0"]?.value("result") == "false")
        #expect(byName["other-cli-1.0"]?.value("info")?.contains("driver.yaml") == true)
        #expect(try session.value("\(Self.config)/mini:hostname") == "edge")
    }

    @Test func aTransactionBegunUnderTheOldModelIsRefused() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        let base = session.running
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        try session.act("/tailf-ncs:packages/reload")
        let error = try refusal { try session.change([("\(Self.config)/mini:hostname", "late")], from: base) }
        #expect(error.code == .upgradeInProgress)
        #expect(try session.value("\(Self.config)/mini:hostname") == "edge")
    }

    @Test func migrationShowsAndCarriesOutWhatTheModelsDemand() throws {
        let workshop = try workshop()
        try workshop.package("mini", version: "2.0", module: TestModels.second)
        let session = try workshop.session()
        try session.act("/tailf-ncs:packages/add")
        let path = "/tailf-ncs:devices/device[name='x0']/migrate"
        let target = ["new-ned-id": "mini-cli-2.0:mini-cli-2.0", "no-networking": ""]
        let plan = try session.act(path, target.merging(["dry-run": ""]) { $1 })
        let contact = plan.entries("modified-path").first { $0.value("path")?.hasSuffix("contact") == true }
        #expect(contact != nil)
        #expect(try session.value("\(Self.config)/mini:contact") == "noc")
        let result = try session.act(path, target)
        #expect(result.value("result") == "true")
        #expect(try session.value("\(Self.config)/mini:hostname") == "edge")
        try session.change([("\(Self.config)/mini:location", "cellar")])
        try workshop.restart()
        #expect(try workshop.session().value("\(Self.config)/mini:location") == "cellar")
    }
}
