import ConfigTree
import ControlProtocol
import Foundation
import PackageManager
import TestSupport
import Testing
import YANG

@testable import Controller

/// `devices migrate`: many devices, maps, going back, a run that is taken up.
@Suite struct MigrateActionTests {
    private static let all = "/tailf-ncs:devices/migrate"
    private static let there = [
        "old-ned-id": "mini-cli-1.0:mini-cli-1.0", "new-ned-id": "mini-cli-2.0:mini-cli-2.0", "no-networking": "",
    ]
    private static let back = [
        "old-ned-id": "mini-cli-2.0:mini-cli-2.0", "new-ned-id": "mini-cli-1.0:mini-cli-1.0", "no-networking": "",
    ]
    private static let map = """
        migration contact-becomes-location {
          from mini-cli-1.0;
          rename /mini:contact { to location; }
        }

        """

    private func config(_ device: Int) -> String { "/tailf-ncs:devices/device[name='x\(device)']/config/mini:" }

    /// Devices x0, x1, ... of the first model, and the second loaded beside it.
    private func workshop(devices: Int, module: String, map: String?) throws -> ControllerWorkshop {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.package("mini", version: "2.0", module: module) { place in
            guard let map else { return }
            try FileManager.default.createDirectory(atPath: place + "/migration", withIntermediateDirectories: true)
            try Data(map.utf8).write(to: URL(filePath: place + "/migration/mini.map"))
        }
        try workshop.start()
        let session = try workshop.session()
        for number in 0..<devices {
            try workshop.device("x\(number)", "mini-cli-1.0", session)
            try session.change([
                ("\(config(number))hostname", "h\(number)"), ("\(config(number))contact", "noc"),
                ("\(config(number))interface[name='e0']/mtu", number == 1 ? "9000" : "1500"),
            ])
        }
        return workshop
    }

    @Test func aMapMovesTheDataOfAllDevices() throws {
        let workshop = try workshop(devices: 3, module: TestModels.second, map: Self.map)
        let session = try workshop.session()
        let plan = try session.act(Self.all, Self.there.merging(["dry-run": "", "verbose": ""]) { $1 })
        let info = plan.entries("migrate-result").first?.value("info") ?? ""
        #expect(info.contains("/mini:contact: noc becomes noc at /mini:location"), "\(info)")
        #expect(try session.value("\(config(0))contact") == "noc", "a dry run changes nothing")
        let result = try session.act(Self.all, Self.there)
        #expect(result.entries("migrate-result").map { $0.value("result") } == ["true", "true", "true"])
        for number in 0..<3 { #expect(try session.value("\(config(number))location") == "noc") }
    }

    @Test func goingBackBringsBackWhatWasLost() throws {
        let workshop = try workshop(devices: 1, module: TestModels.second, map: nil)
        let session = try workshop.session()
        let result = try session.act(Self.all, Self.there)
        let info = result.entries("migrate-result").first?.value("info") ?? ""
        #expect(info.contains("not carried over:\n/mini:contact: the node is gone (1 instances)"))
        try session.change([("\(config(0))hostname", "renamed"), ("\(config(0))location", "cellar")])
        let back = try session.act(Self.all, Self.back)
        #expect(try session.value("\(config(0))contact") == "noc")
        #expect(try session.value("\(config(0))hostname") == "renamed", "what was changed since stays")
        #expect(back.entries("migrate-result").first?.value("info")?.contains("/mini:location") == true)
    }

    @Test func whatWasKeptOfAnEarlierMigrationDoesNotComeBack() throws {
        let workshop = try workshop(devices: 1, module: TestModels.second, map: nil)
        let session = try workshop.session()
        try session.change([("\(config(0))interface[name='e0']", nil)])
        _ = try session.act(Self.all, Self.there)
        _ = try session.act(Self.all, Self.back)
        #expect(try session.value("\(config(0))contact") == "noc")
        try session.change([("\(config(0))contact", nil)])
        _ = try session.act(Self.all, Self.there)
        _ = try session.act(Self.all, Self.back)
        #expect(try session.value("\(config(0))contact") == nil)
    }

    @Test func aFailingDeviceDoesNotStopTheOthersAndTheRunIsTakenUp() throws {
        let limited = TestModels.first.replacing(
            "leaf mtu { type uint16; }",
            with: "leaf mtu { type uint16; must '. < 2000' { error-message \"too large\"; } }")
        let workshop = try workshop(devices: 3, module: limited, map: nil)
        let session = try workshop.session()
        let result = try session.act(Self.all, Self.there).entries("migrate-result")
        #expect(result.map { $0.value("result") } == ["true", "false", "true"])
        #expect(result[1].value("info")?.contains("interface") == true)
        #expect(result[1].value("info")?.contains("too large") == true)
        try session.change([("\(config(1))interface[name='e0']/mtu", "1400")])
        try workshop.restart()
        let again = try workshop.session().act(Self.all, Self.there).entries("migrate-result")
        #expect(again.map { $0.value("device") } == ["x1"], "those that are done are not done again")
    }

    @Test func aMapThatDoesNotFitIsRefusedWhereItIsBuiltAndWhereItIsLoaded() throws {
        let faulty = "migration m {\n rename /mini:contact {\n to nowhere; } }"
        let refused = try #require(throws: (any Error).self) {
            _ = try self.workshop(devices: 0, module: TestModels.second, map: faulty)
        }
        #expect("\(refused)".contains("migration/mini.map:3:2"), "\(refused)")
        let workshop = try self.workshop(devices: 1, module: TestModels.second, map: Self.map)
        let session = try workshop.session()
        let loaded = try #require(workshop.controller).system.generation.package("mini-cli-2.0")
        let folder = try #require(loaded).directory + "/migration"
        try Data(faulty.utf8).write(to: URL(filePath: folder + "/mini.map"))
        let result = try session.act(Self.all, Self.there).entries("migrate-result")
        #expect(result.first?.value("info")?.contains("migration/mini.map:3:2") == true)
        #expect(try session.value("\(config(0))contact") == "noc")
    }

    @Test func whatWasApprovedIsWhatIsDone() throws {
        let workshop = try workshop(devices: 2, module: TestModels.second, map: nil)
        let session = try workshop.session()
        let shown = try session.act(Self.all, Self.there.merging(["dry-run": ""]) { $1 })
        let digest = try #require(shown.value("plan-digest"))
        let approved = Self.there.merging(["expected-plan": digest]) { $1 }
        try session.change([("\(config(1))contact", nil)])
        let error = try refusal { _ = try session.act(Self.all, approved) }
        #expect(error.code == .conflict && error.message.contains("what has changed: device x1;"), "\(error)")
        try session.change([("\(config(1))contact", "another"), ("\(config(0))hostname", "h")])
        let done = try session.act(Self.all, approved).entries("migrate-result")
        #expect(done.map { $0.value("result") } == ["true", "true"], "other values lose and convert as much")
    }

    @Test func aLockIsWaitedForIfAskedFor() throws {
        let workshop = try workshop(devices: 1, module: TestModels.second, map: nil)
        let (session, other) = (try workshop.session(), try workshop.session("anna"))
        try other.lock()
        let refused = try session.act(Self.all, Self.there).entries("migrate-result")
        #expect(refused.first?.value("result") == "false")
        #expect(refused.first?.value("info")?.contains("anna") == true)
        let unlocking = Thread { other.unlock() }
        unlocking.start()
        let done = try session.act(Self.all, Self.there.merging(["wait-for-lock": ""]) { $1 })
        #expect(done.entries("migrate-result").first?.value("result") == "true")
    }

    @Test func templatesAndRulesThatNameAChangedNodeAreNamed() throws {
        let workshop = try workshop(devices: 1, module: TestModels.second, map: nil)
        let session = try workshop.session()
        let (template, rule) = (
            "/tailf-ncs:devices/template[name='t']/ned-id[id='mini-cli-1.0:mini-cli-1.0']",
            "/ietf-netconf-acm:nacm/rule-list[name='l']/rule[name='r']"
        )
        let path = "/ncs:devices/ncs:device[ncs:name='x/0']/ncs:config/mini:contact"
        // The entry comes first: what is below it depends on its key.
        let base = session.running
        var tree = try base.applying(.create, at: base.path(template))
        tree = try tree.applying(.set("noc"), at: tree.path(template + "/config/mini:contact"))
        var options = CommitOptions()
        options.noNetworking = true
        _ = try session.commit(CommitRequest(base: base, candidate: tree, options: options))
        try session.change([("\(rule)/path", path), ("\(rule)/action", "deny")])
        let plan = try session.act(Self.all, Self.there.merging(["dry-run": ""]) { $1 })
        let changes = plan.entries("modified-path")
        let gone = try #require(changes.first { $0.value("path") == "/mini:contact" })
        let leafLists = ["affected-template", "affected-rule"].map { name in
            gone.node.dataChild(named: name).map { gone.values($0) } ?? []
        }
        #expect(
            leafLists == [
                ["/ncs:devices/ncs:template[ncs:name='t']"], ["/nacm:nacm/rule-list[name='l']/rule[name='r']"],
            ])
        let others = changes.filter { $0.value("path") != "/mini:contact" }
        #expect(others.allSatisfy { $0.value("affected-template") == nil && $0.value("affected-rule") == nil })
        for (mode, count) in [("all", 0), ("without-affected-services", 0), ("without-instance-data", 2)] {
            let inputs = Self.there.merging(["dry-run": "", "suppress-modified-paths": mode]) { $1 }
            #expect(try session.act(Self.all, inputs).entries("modified-path").count == count, "\(mode)")
        }
    }

    @Test func aChangeThatHasNoWayBackIsNamedAlsoWhereTheMapHadPutSomething() throws {
        let workshop = try workshop(devices: 2, module: TestModels.second, map: Self.map)
        let session = try workshop.session()
        _ = try session.act(Self.all, Self.there)
        try session.change([("\(config(1))location", "moved")])
        let back = try session.act(Self.all, Self.back).entries("migrate-result").map { $0.value("info") ?? "" }
        #expect(!back[0].contains("not carried over"), "\(back)")
        #expect(back[1].contains("not carried over:\n/mini:location: the node is gone (1 instances)"), "\(back)")
    }

    @Test func settingsThatTheNewDriverDoesNotKnowAreNamed() throws {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first) { place in
            let text = """
                module mini-settings {
                  namespace "urn:test:mini-settings"; prefix minis;
                  import tailf-ncs { prefix ncs; }
                  augment /ncs:devices/ncs:global-settings/ncs:ned-settings { leaf mini-pace { type uint8; } }
                  augment /ncs:devices/ncs:device/ncs:ned-settings { container mini { leaf pace { type uint8; } } }
                }
                """
            try Data(text.utf8).write(to: URL(filePath: place + "/src/yang/mini-settings.yang"))
        }
        // What was built here takes every module for one of the device; sources are sorted.
        workshop.directory.remove("run/packages/mini-cli-1.0/load-dir")
        try workshop.directory.write("run/packages/mini-cli-1.0/load-dir/mini.fxs", "of another compiler")
        try workshop.package("mini", version: "2.0", module: TestModels.second)
        try workshop.start()
        let session = try workshop.session()
        for number in 0..<2 { try workshop.device("x\(number)", "mini-cli-1.0", session) }
        try session.change([
            ("/tailf-ncs:devices/global-settings/ned-settings/mini-settings:mini-pace", "3"),
            ("/tailf-ncs:devices/device[name='x1']/ned-settings/mini-settings:mini/pace", "4"),
        ])
        let plan = try session.act(Self.all, Self.there.merging(["dry-run": ""]) { $1 })
        let named = plan.node.dataChild(named: "affected-ned-setting").map { plan.values($0) } ?? []
        #expect(
            named == [
                "/ncs:devices/ncs:device[ncs:name='x1']/ncs:ned-settings/minis:mini",
                "/ncs:devices/ncs:global-settings/ncs:ned-settings/minis:mini-pace",
            ])
        let back = Self.there.merging(["suppress-modified-paths": "all", "dry-run": ""]) { $1 }
        #expect(try session.act(Self.all, back).value("affected-ned-setting") == nil)
    }

    @Test func aTemplateIsCopiedToAnotherDriver() throws {
        let workshop = try workshop(devices: 0, module: TestModels.second, map: Self.map)
        let session = try workshop.session()
        func template(_ version: String) -> String {
            "/tailf-ncs:devices/template[name='t']/ned-id[id='mini-cli-\(version):mini-cli-\(version)']"
        }
        let base = session.running
        var tree = try base.applying(.create, at: base.path(template("1.0")))
        for (leaf, value) in [("contact", "noc"), ("interface[name='e0']/mtu", "1500"), ("hostname", "h")] {
            tree = try tree.applying(.set(value), at: tree.path("\(template("1.0"))/config/mini:\(leaf)"))
        }
        var options = CommitOptions()
        options.noNetworking = true
        _ = try session.commit(CommitRequest(base: base, candidate: tree, options: options))
        let copy = template("1.0") + "/copy"
        #expect(try session.act(copy, ["ned-id": "mini-cli-2.0:mini-cli-2.0"]).value("result") == "true")
        #expect(try session.value("\(template("2.0"))/config/mini:location") == "noc")
        #expect(try session.value("\(template("2.0"))/config/mini:interface[name='e0']/mtu") == "1500")
        #expect(try session.value("\(template("1.0"))/config/mini:contact") == "noc", "it is a copy")
        let again = try refusal { try session.act(copy, ["ned-id": "mini-cli-2.0:mini-cli-2.0"]) }
        #expect(again.message == "template t has a configuration for mini-cli-2.0 already; delete that first")

        try session.change([(template("1.0"), nil)])
        let back = try session.act(template("2.0") + "/copy", ["ned-id": "mini-cli-1.0:mini-cli-1.0"])
        #expect(back.value("info") == "not carried over:\n/mini:location: the node is gone (1 instances)")
        #expect(try session.value("\(template("1.0"))/config/mini:hostname") == "h")
    }

    @Test func aDryReloadListsInstancesOnDemand() throws {
        let workshop = try workshop(devices: 2, module: TestModels.second, map: nil)
        let session = try workshop.session()
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
        let tree = session.running
        let action = try tree.path("/tailf-ncs:packages/reload")
        let input = try #require(action.last?.node.dataChild(named: "input"))
        let report = try #require(input.dataChild(named: "report"))
        let draft = RowDraft(input)
        draft.set("", for: try #require(input.dataChild(named: "dry-run")))
        draft.container(report).set("", for: try #require(report.dataChild(named: "instances")))
        let output = try session.invoke(action, input: draft.freeze(in: tree.model)) { _ in }.instance
        let devices = output.entries("device-data")
        #expect(devices.map { $0.keys.first } == ["x0", "x1"])
        #expect(devices[0].value("dropped") == "1" && devices[0].value("kept") == "4")
        let lines = devices[0].node.dataChild(named: "instance").map { devices[0].values($0) } ?? []
        #expect(lines == ["/mini:contact: noc is dropped: the node is gone (1 instances)"])
    }

    @Test func aMapServesAReloadInPlaceAndTheWayDownSaysWhatIsLost() throws {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        let session = try workshop.session()
        try workshop.device("x0", "mini-cli-1.0", session)
        try session.change([("\(config(0))contact", "noc"), ("\(config(0))interface[name='e0']/mtu", "1500")])
        try workshop.package("mini", version: "1.0.1", module: TestModels.second) { place in
            try FileManager.default.createDirectory(atPath: place + "/migration", withIntermediateDirectories: true)
            try Data(Self.map.utf8).write(to: URL(filePath: place + "/migration/mini.map"))
        }
        let reload = "/tailf-ncs:packages/reload"
        #expect(try session.act(reload, ["dry-run": ""]).entries("removed-data").isEmpty)
        #expect(try session.act(reload).entries("removed-data").isEmpty)
        #expect(try session.value("\(config(0))location") == "noc")
        try session.change([("\(config(0))interface[name='e0']/mtu", "70000")])
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        let lost = try session.act(reload).entries("removed-data").compactMap { $0.value("path") }
        #expect(lost.count == 2 && lost.contains { $0.hasSuffix("/mini:location") }, "\(lost)")
        #expect(lost.contains { $0.hasSuffix("/mini:interface/mtu") }, "\(lost)")
        #expect(try session.value("\(config(0))interface[name='e0']/name") == "e0")
    }
}
