import ConfigTree
import ControlProtocol
import Foundation
import PackageManager
import TestSupport
import Testing
import YANG

@testable import Controller

/// Programs that packages bring: of migration maps, and upgrade components.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "needs /usr/bin/python3"))
struct PackageProgramTests {
    private static let there = [
        "old-ned-id": "mini-cli-1.0:mini-cli-1.0", "new-ned-id": "mini-cli-2.0:mini-cli-2.0", "no-networking": "",
    ]
    private static let back = [
        "old-ned-id": "mini-cli-2.0:mini-cli-2.0", "new-ned-id": "mini-cli-1.0:mini-cli-1.0", "no-networking": "",
    ]
    private static let all = "/tailf-ncs:devices/migrate"
    private static let reload = "/tailf-ncs:packages/reload"

    private func config(_ device: Int) -> String { "/tailf-ncs:devices/device[name='x\(device)']/config/mini:" }

    // MARK: Programs

    /// The protocol in Python, and `answer(question)` as the test writes it.
    private static func program(_ role: String, _ answer: String) -> String {
        """
        #!/usr/bin/python3
        import json, os, sys
        def get(tree, path):
            print(json.dumps({"jsonrpc": "2.0", "id": 0, "method": "get", "params": {"tree": tree, "path": path}}))
            sys.stdout.flush()
            return json.loads(sys.stdin.readline())["result"]
        \(answer)
        print("openned-program 1 \(role)", flush=True)
        for line in sys.stdin:
            request = json.loads(line)
            try:
                reply = {"result": answer(request["params"])}
            except ValueError as error:
                reply = {"error": {"code": 1, "message": str(error)}}
            print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **reply}), flush=True)

        """
    }

    private static func write(_ path: String, _ text: String) throws {
        try FileManager.default.createDirectory(
            atPath: URL(filePath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    private static func addHook(_ place: String, from: String = "from mini-cli-1.0;", _ answer: String) throws {
        try write(place + "/migration/go.py", program("migration", answer))
        try write(place + "/migration/mini.map", "migration m { \(from) program migration/go.py; }\n")
    }

    private static func addUpgrade(_ place: String, _ answer: String) throws {
        try write(place + "/upgrade/go.py", program("upgrade", answer))
        let file = place + "/src/package-meta-data.xml.in"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let component =
            "<component><name>care</name><upgrade><program>upgrade/go.py</program></upgrade></component></ncs-package>"
        try text.replacing("</ncs-package>", with: component).write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// Devices x0, x1, ... of the first model.
    private func workshop(devices: Int, prepare: (ControllerWorkshop) throws -> Void = { _ in }) throws
        -> ControllerWorkshop
    {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try prepare(workshop)
        try workshop.start()
        let session = try workshop.session()
        for number in 0..<devices {
            try workshop.device("x\(number)", "mini-cli-1.0", session)
            try session.change([
                ("\(config(number))hostname", "h\(number)"), ("\(config(number))contact", "noc"),
                ("\(config(number))user[name='u']/secret", "hidden\(number)"),
            ])
        }
        return workshop
    }

    private static let upper = """
        def answer(q):
            if q["old"]["mini:hostname"] == "h2": raise ValueError("h2 stays")
            print("looking at " + q["device"], file=sys.stderr, flush=True)
            users = q["carried"]["mini:user"] + [{"name": "new", "secret": "plain text"}]
            return {"data": {"mini:location": q["old"]["mini:contact"].upper(), "mini:user": users},
                    "delete": ["/mini:hostname"], "carried": [l["path"] for l in q["lost"]], "notes": ["done\\x1b"]}
        """

    // MARK: Migration

    @Test func theProgramOfAMapCarriesTheRestAndTheWayBackKnowsIt() throws {
        let workshop = try workshop(devices: 3) { workshop in
            try workshop.package("mini", version: "2.0", module: TestModels.second) {
                try Self.addHook($0, Self.upper)
            }
        }
        let session = try workshop.session()
        let secret = try session.value("\(config(0))user[name='u']/secret")
        let plan = try session.act(Self.all, Self.there.merging(["dry-run": "", "verbose": ""]) { $1 })
        let shown = plan.entries("migrate-result").map { $0.value("info") ?? "" }
        #expect(shown[0].contains("program migration/go.py sets /mini:location"), "\(shown[0])")
        #expect(shown[0].contains("program migration/go.py deletes /mini:hostname"), "\(shown[0])")
        #expect(shown[0].contains("program migration/go.py: done\\u{1b}") && !shown[0].contains("not carried over"))
        #expect(shown[2] == "program migration/go.py of package mini-cli-2.0 refused: h2 stays")
        #expect(try session.value("\(config(0))contact") == "noc", "a dry run changes nothing")

        let done = try session.act(Self.all, Self.there).entries("migrate-result")
        #expect(done.map { $0.value("result") } == ["true", "true", "false"])
        for number in 0..<2 {
            #expect(try session.value("\(config(number))location") == "NOC")
            #expect(try session.value("\(config(number))hostname") == nil)
        }
        #expect(try session.value("\(config(0))user[name='u']/secret") == secret)
        #expect(try session.value("\(config(0))user[name='new']/secret")?.hasPrefix("$") == true, "it is sealed")
        #expect(try session.value("\(config(2))contact") == "noc", "what was refused is as it was")
        let log = try workshop.directory.text("run/logs/ncs-program-mini-cli-2.0.log")
        #expect(log.contains("migration/go.py: looking at x1"), "\(log)")

        try session.change([("\(config(1))hostname", "since")])
        let returned = try session.act(Self.all, Self.back).entries("migrate-result")
        #expect(returned.map { $0.value("result") } == ["true", "true"])
        #expect(try session.value("\(config(0))contact") == "noc")
        #expect(try session.value("\(config(0))hostname") == "h0")
        #expect(try session.value("\(config(1))hostname") == "since", "what was changed since is kept")
        #expect(try session.value("\(config(0))user[name='new']/name") == nil)
    }

    @Test(arguments: [
        ("return {'data': {'mini:nowhere': 1}}", "answered with data that the new models do not have"),
        ("return {'data': {'mini:vlan': [{'id': 70000}]}}", "70000"),
        ("return {'carried': ['/mini:hostname']}", "says that it carried '/mini:hostname', which was not lost"),
        ("return {'delete': ['/mini:nowhere']}", "wants to delete '/mini:nowhere'"),
        ("return {'dta': {}}", "answered with 'dta'; known are data, delete, carried and notes"),
        ("return {'data': {'mini:interface': [{'name': 'e0', 'vlan': 7}]}}", "is not valid under mini-cli-2.0"),
        ("os._exit(3)", "ended with status 3"),
    ])
    func aBadAnswerLeavesTheDeviceAsItIs(_ answer: String, _ text: String) throws {
        let workshop = try workshop(devices: 1) { workshop in
            try workshop.package("mini", version: "2.0", module: TestModels.second) {
                try Self.addHook($0, "def answer(q):\n    \(answer)")
            }
        }
        let session = try workshop.session()
        let result = try #require(try session.act(Self.all, Self.there).entries("migrate-result").first)
        #expect(result.value("result") == "false")
        #expect(result.value("info")?.contains(text) == true, "\(result.value("info") ?? "")")
        #expect(try session.value("\(config(0))contact") == "noc")
    }

    @Test func theProgramServesAReloadInPlace() throws {
        let workshop = try workshop(devices: 3)
        let session = try workshop.session()
        try session.change([("\(config(2))hostname", "other")])
        try workshop.package("mini", version: "1.0.1", module: TestModels.second) {
            try Self.addHook($0, from: "", Self.upper)
        }
        let plan = try session.act(Self.reload, ["dry-run": ""])
        #expect(plan.entries("removed-data").isEmpty, "the program carries what the engine does not")
        let notes = plan.node.dataChild(named: "program-note").map { plan.values($0) } ?? []
        #expect(
            notes.contains("migration program migration/go.py of package mini-cli-1.0: changed the data of 3 devices"))
        try session.act(Self.reload)
        #expect(try session.value("\(config(2))location") == "NOC")
        #expect(try session.value("\(config(2))hostname") == nil)
    }

    @Test func aMapWithoutItsProgramIsNotBuilt() throws {
        let workshop = try ControllerWorkshop()
        let error = #expect(throws: (any Error).self) {
            try workshop.package("mini", version: "2.0", module: TestModels.second) {
                try Self.addHook($0, "")
                try FileManager.default.removeItem(atPath: $0 + "/migration/go.py")
            }
        }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("mini.map:1:34") && text.contains("migration/go.py is not there"), "\(text)")
    }

    // MARK: Upgrade components

    private static let care = """
        def answer(q):
            assert (q["package"], q["from-version"], q["to-version"]) == ("mini-cli-1.0", "1.0", "1.0.1")
            devices = get("old", "/tailf-ncs:devices")["tailf-ncs:devices"]["device"]
            data = []
            for device in devices:
                path = "/tailf-ncs:devices/device[name='%s']/config" % device["name"]
                contact = device["config"].get("mini:contact")
                if contact == "keep": raise ValueError("the contact of %s must not go" % device["name"])
                if contact == "die": os._exit(9)
                assert "mini:contact" not in get("new", path)["tailf-ncs:devices"]["device"][0]["config"]
                assert get("new", path + "/mini:location") is None
                data.append({"name": device["name"], "config": {"mini:location": contact}})
            return {"data": {"tailf-ncs:devices": {"device": data}}, "notes": ["%d contacts" % len(data)],
                    "carried": [l["path"] for l in q["lost"] if l["path"].endswith("/mini:contact")]}
        """

    @Test func anUpgradeComponentMayRefuseAndChangesTheNewData() throws {
        let workshop = try workshop(devices: 2)
        let session = try workshop.session()
        try session.change([("\(config(1))contact", "keep")])
        try workshop.package("mini", version: "1.0.1", module: TestModels.second) { try Self.addUpgrade($0, Self.care) }
        let words = "program upgrade/go.py of package mini-cli-1.0 refused: the contact of x1 must not go"
        #expect(try session.act(Self.reload, ["dry-run": ""]).value("refused") == words)
        let before = session.running
        for inputs in [[:], ["force": ""]] {
            #expect(try refusal { try session.act(Self.reload, inputs) }.message == words)
        }
        try session.change([("\(config(1))contact", "die")])
        #expect(try refusal { try session.act(Self.reload) }.message.contains("ended with status 9"))
        try session.change([("\(config(1))contact", "keep")])
        #expect(before.diff(to: session.running).isEmpty && before.model === session.running.model)

        try session.change([("\(config(1))contact", "office")])
        let plan = try session.act(Self.reload, ["dry-run": ""])
        let notes = plan.node.dataChild(named: "program-note").map { plan.values($0) } ?? []
        #expect(
            notes == [
                "upgrade component care of package mini-cli-1.0: 2 changes",
                "upgrade component care of package mini-cli-1.0: 2 contacts",
            ])
        #expect(try session.act(Self.reload).entries("removed-data").isEmpty)
        #expect(try session.value("\(config(0))location") == "noc")
        #expect(try session.value("\(config(1))location") == "office")
        try workshop.restart()
        #expect(try workshop.session().value("\(config(1))location") == "office")
    }

    @Test func aPackageWhoseUpgradeProgramIsNotThereIsNotLoaded() throws {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first) {
            try Self.addUpgrade($0, Self.care)
            try FileManager.default.removeItem(atPath: $0 + "/upgrade/go.py")
        }
        let controller = try workshop.start()
        let package = try #require(controller.system.generation.package("mini-cli-1.0"))
        #expect(package.status == .programCodeError)
        #expect(
            package.errorInfo == [
                "the program of upgrade component care, upgrade/go.py is not there; put the program in the package"
            ])
    }
}
