import ConfigTree
import ControlProtocol
import Foundation
import TestSupport
import Testing
import YANG

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

    @Test func aMapThatDoesNotFitIsRefused() throws {
        let faulty = "migration m {\n rename /mini:contact {\n to nowhere; } }"
        let workshop = try workshop(devices: 1, module: TestModels.second, map: faulty)
        let session = try workshop.session()
        let result = try session.act(Self.all, Self.there).entries("migrate-result")
        #expect(result.first?.value("info")?.contains("migration/mini.map:3:2") == true)
        #expect(try session.value("\(config(0))contact") == "noc")
    }
}
