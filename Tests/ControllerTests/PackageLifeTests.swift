import Basics
import ConfigTree
import ControlProtocol
import Foundation
import NEDRuntime
import PackageManager
import PackageSigning
import Synchronization
import TestSupport
import Testing
import Transactions

@testable import Controller

/// What a package operation does to loaded packages and to data, and what it leaves alone.
@Suite struct PackageLifeTests {
    private static let upgrade = ">>> System upgrade is starting."
    private static let cancelled = ">>> System upgrade has been cancelled."
    private static let nedID = "mini-cli-1.0:mini-cli-1.0"

    private static func config(_ device: String = "x0") -> String {
        "/tailf-ncs:devices/device[name='\(device)']/config"
    }

    private func workshop() throws -> ControllerWorkshop {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        let session = try workshop.session()
        try workshop.device("x0", "mini-cli-1.0", session)
        try session.change([
            ("\(Self.config())/mini:hostname", "edge"), ("\(Self.config())/mini:contact", "noc"),
            ("\(Self.config())/mini:vlan[id='7']/name", "guests"),
        ])
        return workshop
    }

    private func generations(_ workshop: ControllerWorkshop) -> [String] {
        workshop.directory.names(in: "run/state/packages-in-use")
    }

    private func results(_ output: Instance, _ list: String = "reload-result") -> [String: String] {
        Dictionary(uniqueKeysWithValues: output.entries(list).map { ($0.keys[0], $0.value("result") ?? "") })
    }

    private func reload(_ session: any ControlSession, _ inputs: [String: String] = [:]) throws -> Instance {
        try session.act("/tailf-ncs:packages/reload", inputs)
    }

    // MARK: What stays

    @Test func aReloadOfTheSameDoesNothing() throws {
        let workshop = try workshop()
        let heard = Heard()
        let session = try workshop.session("admin", heard)
        let (before, system) = (generations(workshop), try #require(workshop.controller).system)
        #expect(results(try reload(session)) == ["mini-cli-1.0": "true"])
        #expect(try #require(workshop.controller).system === system)
        #expect(generations(workshop) == before)
        #expect(heard.all.isEmpty)
    }

    @Test func whatHasNotChangedKeepsItsDriverAndItsModel() throws {
        let workshop = try workshop()
        let before = try #require(workshop.controller).system
        try workshop.package("other", version: "1.0", module: TestModels.first.replacing("mini", with: "other"))
        #expect(results(try reload(try workshop.session())).count == 2)
        let after = try #require(workshop.controller).system
        #expect(after !== before)
        #expect(after.driver(Self.nedID) === before.driver(Self.nedID))
        #expect(after.driver(Self.nedID)?.model === before.driver(Self.nedID)?.model)
        try workshop.package("mini", version: "1.0", module: TestModels.first) {
            try Data("<config/>".utf8).write(to: URL(fileURLWithPath: $0 + "/note.xml"))
        }
        _ = try reload(try workshop.session())
        let third = try #require(workshop.controller).system
        #expect(third.model === after.model)
        #expect(third.driver(Self.nedID)?.model === before.driver(Self.nedID)?.model)
        #expect(third.driver("other-cli-1.0:other-cli-1.0") === after.driver("other-cli-1.0:other-cli-1.0"))
    }

    @Test func whatACrashLeftIsRemovedAtStart() throws {
        let workshop = try workshop()
        let before = generations(workshop)
        workshop.controller?.stop()
        try workshop.directory.write("run/state/packages-in-use/2/mini-cli-1.0/x", "begun, not in force")
        try workshop.directory.write("run/state/packages-in-use/3.new/x", "half made")
        try workshop.directory.write("run/state/store/.upload.7/x", "half made")
        try workshop.restart()
        #expect(generations(workshop) == before)
        #expect(workshop.directory.names(in: "run/state/store").isEmpty)
        #expect(try workshop.session().value("\(Self.config())/mini:hostname") == "edge")
    }

    @Test func onlyFiveGenerationsAreKept() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        for patch in 1...6 {
            try workshop.package("mini", version: "1.0.\(patch)", module: TestModels.first)
            _ = try reload(session)
        }
        #expect(generations(workshop) == ["3", "4", "5", "6", "7"])
        try workshop.restart()
        #expect(generations(workshop) == ["3", "4", "5", "6", "7"])
    }

    // MARK: Data at stake

    @Test func theDryRunCountsWhatWouldBeLost() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        for device in ["x1", "x2"] {
            try workshop.device(device, "mini-cli-1.0", session)
            try session.change([
                ("\(Self.config(device))/mini:contact", "noc"), ("\(Self.config(device))/mini:vlan[id='1']/name", "a"),
                ("\(Self.config(device))/mini:vlan[id='2']/name", "b"),
            ])
        }
        let next = TestModels.second.replacing(
            "leaf name { type string; }\n  }\n  list interface", with: "}\n  list interface")
        try workshop.package("mini", version: "1.0.1", module: next)
        let plan = try reload(session, ["dry-run": ""])
        let lost = plan.entries("removed-data").map { "\($0.value("path") ?? "") \($0.value("instances") ?? "")" }
        #expect(lost.contains { $0.hasSuffix("contact 3") }, "\(lost)")
        #expect(lost.contains { $0.hasSuffix("vlan/name 5") }, "\(lost)")
        let done = try reload(session)
        #expect(done.entries("removed-data").count == lost.count)
        #expect(try session.value("\(Self.config())/mini:hostname") == "edge")
        #expect(try session.value("\(Self.config("x1"))/mini:vlan[id='2']/id") == "2")
    }

    @Test func anApprovedPlanCountsTheDataToo() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        let digest = try #require(try reload(session, ["dry-run": ""]).value("plan-digest"))
        try session.change([("\(Self.config())/mini:hostname", "core")])
        try workshop.device("x1", "mini-cli-1.0", session)
        try session.change([("\(Self.config("x1"))/mini:contact", "noc")])
        let error = try refusal { _ = try reload(session, ["expected-plan": digest]) }
        #expect(error.code == .conflict)
        #expect(error.message.contains("what has changed: data at ") && error.message.contains("contact"), "\(error)")
        #expect(try session.value("\(Self.config())/mini:contact") == "noc")
        try session.change([("\(Self.config("x1"))/mini:contact", nil)])
        #expect(results(try reload(session, ["expected-plan": digest])) == ["mini-cli-1.0": "true"])
    }

    @Test func withForceADriverInUseGoesAndItsDevicesStay() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        workshop.directory.remove("run/packages/mini-cli-1.0")
        let plan = try reload(session, ["dry-run": ""])
        #expect(plan.entries("package-change").map { $0.value("change") } == ["removed"])
        #expect(plan.entries("removed-data").contains { $0.value("path")?.hasSuffix("device/config") == true })
        let done = try reload(session, ["force": ""])
        #expect(done.entries("removed-data").contains { $0.value("path")?.hasSuffix("device/config") == true })
        #expect(done.entries("reload-result").isEmpty)
        #expect(try session.value("/tailf-ncs:devices/device[name='x0']/address") == "127.0.0.1")
        #expect(!session.running.allDevices().contains { $0.child("config")?.mountedTree != nil })
        try workshop.restart()
        let later = try workshop.session()
        #expect(try later.value("/tailf-ncs:devices/device[name='x0']/address") == "127.0.0.1")
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        _ = try reload(later, ["force": ""])
        try workshop.device("x0", "mini-cli-1.0", later)
        try later.change([("\(Self.config())/mini:hostname", "again")])
    }

    @Test func whatIsNotValidUnderTheNewModelCancelsTheUpgrade() throws {
        let workshop = try workshop()
        let heard = Heard()
        let session = try workshop.session("admin", heard)
        let (before, system) = (generations(workshop), try #require(workshop.controller).system)
        let strict = TestModels.first.replacing(
            "leaf hostname { type string; }", with: "leaf hostname { type string; must \". != 'edge'\"; }")
        try workshop.package("mini", version: "1.0.1", module: strict)
        let shown = try session.act("/tailf-ncs:packages/reload", ["dry-run": ""])
        #expect(shown.value("refused")?.contains("not valid under the new models") == true)
        #expect(shown.value("refused")?.contains("hostname") == true)
        let error = try refusal { _ = try reload(session) }
        #expect(error.code == .validation)
        #expect(error.message.contains("hostname") && error.message.contains("not valid under the new models"))
        #expect(heard.all.first == Self.upgrade && heard.all.last == Self.cancelled)
        #expect(generations(workshop) == before)
        #expect(try #require(workshop.controller).system === system)
        #expect(try session.value("\(Self.config())/mini:contact") == "noc")
        try session.change([("\(Self.config())/mini:hostname", "core")])
        #expect(results(try reload(session)) == ["mini-cli-1.0": "true"])
    }

    @Test func anUpdateThatDoesNotComeUpIsNotTakenForARemoval() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        try workshop.package("mini", version: "1.0.1", module: TestModels.first) {
            try Data("dialect: [".utf8).write(to: URL(fileURLWithPath: $0 + "/driver/driver.yaml"))
        }
        let error = try refusal { _ = try reload(session) }
        #expect(error.message.hasPrefix("The following modules will be deleted by upgrade:\nmini-cli-1.0: mini"))
        #expect(error.message.contains("driver.yaml"), "\(error)")
        let redeployed = try session.act("/tailf-ncs:packages/package[name='mini-cli-1.0']/redeploy")
        #expect(redeployed.value("result") == "false")
        #expect(redeployed.value("info")?.contains("driver.yaml") == true)
        #expect(try session.value("\(Self.config())/mini:hostname") == "edge")
    }

    // MARK: Others at work

    @Test func addLeavesOpenTransactionsOpen() throws {
        let workshop = try workshop()
        let session = try workshop.session("anna")
        let base = session.running
        try workshop.package("mini", version: "2.0", module: TestModels.second)
        try workshop.session("boris").act("/tailf-ncs:packages/add")
        try session.change([("\(Self.config())/mini:hostname", "core")], from: base)
        #expect(try session.value("\(Self.config())/mini:hostname") == "core")
    }

    @Test func aChangeBegunBeforeAReloadIsCarriedOverAndStillConflicts() throws {
        let workshop = try workshop()
        let session = try workshop.session("anna")
        let base = session.running
        try workshop.package(
            "mini", version: "1.0.1",
            module: TestModels.first.replacing("leaf contact", with: "leaf location { type string; }\n  leaf contact"))
        _ = try reload(try workshop.session("boris"))
        try workshop.session("boris").change([("\(Self.config())/mini:contact", "boris")])
        let error = try refusal { try session.change([("\(Self.config())/mini:contact", "anna")], from: base) }
        #expect(error.code == .conflict && error.message.contains("boris"))
        try session.change([("\(Self.config())/mini:hostname", "core")], from: base)
        #expect(try session.value("\(Self.config())/mini:hostname") == "core")
        #expect(try session.value("\(Self.config())/mini:contact") == "boris")
    }

    @Test func aDoorCanTakeItsCandidateAlong() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        let base = session.running
        let candidate = try session.edited(base, [("\(Self.config())/mini:hostname", "core")])
        try workshop.package("mini", version: "2.0", module: TestModels.second)
        try workshop.session("boris").act("/tailf-ncs:packages/add")
        #expect(!session.isCurrent(candidate))
        let carried = try #require(session.carried(CommitRequest(base: base, candidate: candidate)))
        #expect(session.isCurrent(carried.candidate))
        #expect(ChangeSet(carried.base.diff(to: carried.candidate)) == ChangeSet(base.diff(to: candidate)))
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        _ = try reload(try workshop.session("boris"))
        #expect(session.carried(CommitRequest(base: base, candidate: candidate)).map { _ in true } == nil)
    }

    @Test func onlyOnePackageOperationAtATime() throws {
        let turn = PackageTurn()
        let error = try refusal {
            try turn.take(for: "anna") { () throws(ControlError) in
                try turn.take(for: "boris") { () throws(ControlError) in }
            }
        }
        #expect(error.code == .upgradeInProgress && error.message.contains("anna"))
        try turn.take(for: "boris") { () throws(ControlError) in }
    }

    @Test func aReloadWaitsForOpenTransactionsAndGivesUp() throws {
        let workshop = try workshop()
        let controller = try #require(workshop.controller)
        let heard = Heard()
        let session = try workshop.session("admin", heard)
        let (before, system) = (generations(workshop), controller.system)
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        let open = try controller.reservations.reserve(
            Claim([ReservedNode(["devices", "x0"], .writeSubtree)]), owner: ReservationOwner(id: 99, "anna (cli)"),
            waitMilliseconds: 0)
        let error = try refusal { _ = try reload(session, ["max-wait-time": "1"]) }
        #expect(error.message.contains("did not end within 1 s") && error.message.contains("anna"), "\(error)")
        #expect(heard.all.last == Self.cancelled)
        #expect(generations(workshop) == before && controller.system === system)
        open.release()
        #expect(results(try reload(session)) == ["mini-cli-1.0": "true"])
    }

    @Test func whatCannotBeCopiedIsKnownAfterARestartToo() throws {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try FileManager.default.createSymbolicLink(
            atPath: workshop.directory.path("run/packages/lost"), withDestinationPath: "nowhere")
        try workshop.start()
        let before = generations(workshop)
        for _ in 1...2 {
            let session = try workshop.session()
            let lost = try session.running.path("/tailf-ncs:packages/package[name='lost']/oper-status")
            let status = session.operational().instance(lost)
            #expect(status?.child("file-load-error") != nil)
            #expect(results(try reload(session)) == ["lost": "false", "mini-cli-1.0": "true"])
            let path = "/tailf-ncs:packages/package[name='mini-cli-1.0']/redeploy"
            #expect(try session.act(path).value("result") == "true")
            #expect(generations(workshop) == before)
            try workshop.restart()
        }
    }

    // MARK: A machine without room

    @Test func aFullDiskKeepsWhatIsLoaded() throws {
        let workshop = try ControllerWorkshop()
        let place = workshop.directory.path("run/state/packages-in-use")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        guard try ChildProcess.run("mount", ["-t", "tmpfs", "-o", "size=2m", "none", place]).status == 0 else { return }
        defer { _ = try? ChildProcess.run("umount", ["-l", place]) }
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        let session = try workshop.session()
        try workshop.package("other", version: "1.0", module: TestModels.first.replacing("mini", with: "other")) {
            try Data(count: 3 << 20).write(to: URL(fileURLWithPath: $0 + "/driver/noise"))
        }
        let error = try refusal { _ = try reload(session) }
        #expect(error.message.contains("No space left on device"), "\(error)")
        #expect(error.message.contains("make room on the disk"), "\(error)")
        let alarms = try session.running.path("/tailf-ncs-alarms:alarms/alarm-list")
        let raised = session.operational().instance(alarms)?.entries("alarm").first { $0.keys[1].contains("operation") }
        #expect(raised?.value("last-alarm-text") == error.message)
        #expect(generations(workshop) == ["1"])
        try workshop.device("x0", "mini-cli-1.0", session)
        try workshop.restart()
    }
}
