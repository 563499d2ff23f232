import Basics
import ConfigTree
import ControlProtocol
import Foundation
import NEDRuntime
import TestSupport
import Testing

@testable import Controller

/// The published example router, as two drivers of one network: version 1.1 makes the counters state.
@Suite(.enabled(if: SharedData.path("nso-examples/router-nc-1.1") != nil, "the public data is not there"))
struct ExampleRouterTests {
    private static func folder(_ version: String) throws -> String {
        try #require(SharedData.path("nso-examples/router-nc-\(version)"))
    }

    /// Packs the models of a version; the driver over them talks to nobody here.
    private func pack(_ version: String, _ workshop: ControllerWorkshop) throws {
        let yang = try Self.folder(version) + "/src/yang"
        let main = try String(contentsOfFile: yang + "/router.yang", encoding: .utf8)
        try workshop.package("router", version: version, module: main) { place in
            for name in try FileManager.default.contentsOfDirectory(atPath: yang)
            where name.hasSuffix(".yang") && !["router.yang", "router-ann.yang"].contains(name) {
                try FileManager.default.copyItem(atPath: "\(yang)/\(name)", toPath: "\(place)/src/yang/\(name)")
            }
        }
    }

    @Test func allDataOfAnExampleRouterMovesButTheCounters() throws {
        let workshop = try ControllerWorkshop()
        try pack("1.0", workshop)
        try pack("1.1", workshop)
        let controller = try workshop.start()
        let session = try workshop.session()
        let model = try #require(controller.system.driver("router-cli-1.0:router-cli-1.0")).model
        let file = try Self.folder("1.0") + "/netsim/sys.xml"
        let decoded = XMLDataDecoder.tree(try DurableFiles.read(file), file: file, model: model)
        try #require(decoded.diagnostics.map(\.description) == [])
        for name in ["ex0", "ex1"] {
            try workshop.device(name, "router-cli-1.0", session)
            let base = session.running
            var options = CommitOptions()
            options.noNetworking = true
            let candidate = try base.settingDeviceConfig(name, to: decoded.content)
            _ = try session.commit(CommitRequest(base: base, candidate: candidate, options: options))
        }
        let unit = "/tailf-ncs:devices/device[name='ex1']/config/router:sys/interfaces/interface[name='eth0']/unit"
        try session.change([("\(unit)[name='0']/status/receive/bytes", "5")])
        let inputs = [
            "old-ned-id": "router-cli-1.0:router-cli-1.0", "new-ned-id": "router-cli-1.1:router-cli-1.1",
            "no-networking": "", "verbose": "",
        ]
        let output = try session.act("/tailf-ncs:devices/migrate", inputs)
        let results = output.entries("migrate-result")
        #expect(results.map { $0.value("result") } == ["true", "true"])
        #expect(results[0].value("info")?.contains("0 converted, 0 defaulted, 0 dropped") == true)
        let lost = "not carried over:\n/r:sys/interfaces/interface/unit/status: "
        #expect(results[1].value("info")?.contains(lost) == true, "\(results[1].value("info") ?? "")")
        #expect(
            output.entries("modified-path").map { $0.value("path") } == [
                "/r:sys/interfaces/interface/unit/status", "/r:sys/state", "/r:link-status",
            ])
        let moved = try #require(session.running.device("ex0")?.child("config")?.mountedTree)
        #expect(XMLDataEncoder.bytes(moved) == XMLDataEncoder.bytes(decoded.content))
    }
}
