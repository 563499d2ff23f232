import Basics
import ConfigTree
import ControlProtocol
import Events
import Foundation
import TestSupport
import Testing
import YANG

@testable import Controller

/// What is said of packages that fail, and of upgrades: operational state, alarms and logs, in the words of the field.
@Suite struct PackageNoticeTests {
    private func metaData(_ name: String, _ more: String = "") -> String {
        """
        <ncs-package xmlns="http://tail-f.com/ns/ncs-packages"><name>\(name)</name>
        <package-version>1.0</package-version>\(more)</ncs-package>
        """
    }

    private func put(_ workshop: ControllerWorkshop, _ name: String, _ text: String) throws {
        try workshop.directory.write("run/packages/\(name)/package-meta-data.xml", text)
    }

    private func run(_ workshop: ControllerWorkshop, _ line: String) throws {
        let outcome = try ChildProcess.run("/bin/sh", ["-c", line], directory: workshop.directory.path("run"))
        try #require(outcome.status == 0, "\(outcome)")
    }

    private func required(_ name: String) -> String {
        "<required-package><name>\(name)</name><min-version>2.0</min-version></required-package>"
    }

    /// The entries of a log without the time: severity and text.
    private func log(_ workshop: ControllerWorkshop, _ name: String) throws -> [String] {
        try workshop.directory.text("run/logs/\(name)").split(separator: "\n").map { line in
            String(line).replacing(#/^(<\w+>) .*? ncs\[\d+\]: /#) { "\($0.output.1) " }
        }
    }

    private func alarms(_ controller: NetworkController, _ type: String) -> [String: Bool] {
        Dictionary(
            controller.alarms.all.filter { $0.key.type == type }.map { alarm in
                let package = alarm.key.managedObject.firstMatch(of: #/^/packages/package\[name='(.*)'\]$/#)
                return (package.map { String($0.1) } ?? alarm.key.device, alarm.isCleared)
            }
        ) { first, _ in first }
    }

    /// One package for each way to fail.
    private func prepare(_ workshop: ControllerWorkshop) throws {
        try put(workshop, "good", metaData("good"))
        try put(workshop, "later", metaData("later", "<ncs-min-version>99.1</ncs-min-version>"))
        try put(workshop, "needy", metaData("needy", required("base")))
        try put(workshop, "ring", metaData("ring", "<required-package><name>ring</name></required-package>"))
        try put(workshop, "wrong", "<ncs-package xmlns=\"http://tail-f.com/ns/ncs-packages\"><nmae/></ncs-package>")
        try put(workshop, "twin", metaData("twin"))
        try put(workshop, "twin2", metaData("twin"))
        try put(workshop, "broken", metaData("broken"))
        try workshop.directory.write("run/packages/broken/load-dir/x.fxs", "not ours")
        let upgrade = "<component><name>up</name><upgrade><program>go.py</program></upgrade></component>"
        try put(workshop, "programme", metaData("programme", upgrade))
        try workshop.directory.write("run/made/text/package-meta-data.xml", "<ncs-package")
        try run(workshop, "tar -C made -cf packages/text-1.0.tar text")
    }

    private static let expected: [(package: String, status: String, info: String)] = [
        ("later", "bad-ncs-version", "Failed to load NCS package: later; requires NCS version 99.1"),
        (
            "needy", "missing-dependency",
            "Failed to load NCS package: needy; required package base of version 2.0 is not present (found none)"
        ),
        ("ring", "circular-dependency", "Failed to load NCS package: ring; circular dependency found"),
        ("wrong", "package-meta-data-error", "package-meta-data.xml:1:"),
        ("twin2", "package-meta-data-error", "Failed to load duplicate NCS package twin: ("),
        ("text-1.0.tar", "package-meta-data-error", "package-meta-data.xml:1:"),
        ("broken", "file-load-error", "its .fxs files were made by another compiler"),
        ("programme", "program-code-error", "the program of upgrade component up, go.py is not there"),
    ]

    @Test func everyWayToFailIsSaidByStateAlarmAndLogUntilItIsMended() throws {
        let workshop = try ControllerWorkshop()
        try prepare(workshop)
        let controller = try workshop.start()
        let session = try workshop.session()
        for (package, status, info) in Self.expected {
            let path = try session.running.path("/tailf-ncs:packages/package[name='\(package)']/oper-status")
            let shown = try #require(session.operational().instance(path), "\(package)")
            #expect(shown.child(status) != nil || shown.value(status) != nil, "\(package): \(status)")
            let infos = shown.node.dataChild(named: "error-info").map { shown.values($0) } ?? []
            #expect(infos.first?.contains(info) == true, "\(package): \(infos)")
            #expect(!infos.contains { $0.contains("packages-in-use") }, "people know the load path: \(infos)")
        }
        let good = try session.running.path("/tailf-ncs:packages/package[name='good']/oper-status")
        #expect(session.operational().instance(good)?.value("up") != nil)
        let failed = Set(Self.expected.map(\.package))
        #expect(Set(alarms(controller, "package-load-failure").filter { !$0.value }.keys) == failed)
        try requireLog(workshop)
        try run(workshop, "rm -rf packages/*")
        for name in ["good", "later", "needy", "ring", "wrong", "twin2", "broken", "programme"] {
            try put(workshop, name, metaData(name))
        }
        let said = try session.act("/tailf-ncs:packages/reload", ["force": "true"])
        #expect(said.entries("reload-result").allSatisfy { $0.value("result") == "true" })
        #expect(alarms(controller, "package-load-failure").filter { !$0.value }.isEmpty)
    }

    @Test func allOfAPackagesDescriptionIsShown() throws {
        let workshop = try ControllerWorkshop()
        let more = """
            <display-name>Good one</display-name><description>All of it</description>
            <ncs-min-version>6.0</ncs-min-version><ncs-max-version>9.0</ncs-max-version>
            <single-sign-on-url>https://sso.example/</single-sign-on-url>
            <python-package><vm-name>vm</vm-name><callpoint-model>multiprocessing</callpoint-model></python-package>
            <supported-ned-id>nothing-cli-1.0</supported-ned-id>
            <supported-ned-id-match>router-nc-1.\\d+:router-nc-1.\\d+</supported-ned-id-match>
            <required-package><name>base</name><min-version>1.0</min-version><max-version>2.0</max-version></required-package>
            <component><name>app</name><description>An application</description><entitlement-tag>tag</entitlement-tag>
              <application><python-class-name>a.B</python-class-name><start-phase>phase1</start-phase></application>
            </component>
            <component><name>call</name><callback><java-class-name>x.Y</java-class-name></callback></component>
            """
        try put(workshop, "base", metaData("base"))
        try put(workshop, "good", metaData("good", more))
        try workshop.directory.write(
            "run/packages/good/build-meta-data.xml",
            """
            <ncs-pkg-build xmlns="http://tail-f.com/ns/ncs-pkg-build"><date>2026-01-01</date><arch>any</arch>
              <package><name>good</name><ref>main</ref></package><dev-support><branch>b</branch></dev-support>
            </ncs-pkg-build>
            """)
        try workshop.start()
        let session = try workshop.session()
        let state = session.operational()
        func value(_ leaf: String) throws -> String? {
            state.value(try session.running.path("/tailf-ncs:packages/package[name='good']/\(leaf)"))
        }
        for (leaf, expected) in [
            ("display-name", "Good one"), ("single-sign-on-url", "https://sso.example/"),
            ("python-package/vm-name", "vm"), ("python-package/callpoint-model", "multiprocessing"),
            ("required-package[name='base']/max-version", "2.0"),
            ("component[name='app']/description", "An application"),
            ("component[name='app']/entitlement-tag", "tag"),
            ("component[name='app']/application/start-phase", "phase1"),
            ("build-info/date", "2026-01-01"), ("build-info/package/ref", "main"),
            ("build-info/dev-support/branch", "b"),
        ] { #expect(try value(leaf) == expected, "\(leaf)") }
        let package = try #require(
            state.instance(try session.running.path("/tailf-ncs:packages/package[name='good']")))
        func values(_ name: String) -> [String] { package.node.dataChild(named: name).map { package.values($0) } ?? [] }
        #expect(values("ncs-max-version") == ["9.0"])
        #expect(values("supported-ned-id") == ["nothing-cli-1.0"])
        #expect(values("supported-ned-id-match").count == 1)
    }

    private func requireLog(_ workshop: ControllerWorkshop) throws {
        let lines = try log(workshop, "ncs.log")
        for (_, _, info) in Self.expected.prefix(3) { #expect(lines.contains("<CRIT> - \(info)"), "\(info)") }
        let place = workshop.directory.path("run/packages/twin2")
        for line in [
            "<CRIT> - Failed to load NCS package: wrong; syntax error in package file",
            "<CRIT> - Failed to load NCS package: text-1.0.tar; syntax error in package file",
        ] { #expect(lines.contains(line), "\(line)\nin\n\(lines.joined(separator: "\n"))") }
        for beginning in [
            "<CRIT> - Failed to load duplicate NCS package twin: (\(place))",
            "<CRIT> - Failed to load NCS package: broken; ", "<CRIT> - Failed to load NCS package: programme; ",
        ] { #expect(lines.contains { $0.hasPrefix(beginning) }, "\(beginning)\nin\n\(lines.joined(separator: "\n"))") }
        let copied = workshop.directory.path("run/state/packages-in-use/1/good")
        let line = "<DEBUG> - Copying NCS package from \(workshop.directory.path("run/packages/good")) to \(copied)"
        #expect(try log(workshop, "devel.log").contains(line), "\(line)")
        #expect(!lines.contains { $0.contains("Copying") }, "that is of no interest to an operator")
    }

    @Test func anUpgradeIsWrittenDownStepByStepAndAFailedOneIsAnAlarm() throws {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        let controller = try workshop.start()
        let session = try workshop.session()
        try workshop.device("x0", "mini-cli-1.0", session)
        let host = "/tailf-ncs:devices/device[name='x0']/config/mini:hostname"
        try session.change([(host, "edge")])
        let strict = TestModels.first.replacing(
            "leaf hostname { type string; }", with: "leaf hostname { type string; must \". != 'edge'\"; }")
        try workshop.package("mini", version: "1.0.1", module: strict)
        let error = try refusal { _ = try session.act("/tailf-ncs:packages/reload") }
        #expect(alarms(controller, "package-operation-failure") == ["ncs": false])
        #expect(
            try log(workshop, "ncs.log").contains("<CRIT> - NCS package upgrade failed with reason '\(error.message)'"))
        try session.change([(host, "core")])
        _ = try session.act("/tailf-ncs:packages/reload")
        #expect(alarms(controller, "package-operation-failure") == ["ncs": true])
        let steps = try log(workshop, "upgrade.log")
        let outline = steps.filter { $0.contains("Upgrade ") }
        #expect(
            outline == [
                "<INFO> - Upgrade init started", "<INFO> - Upgrade init succeeded", "<INFO> - Upgrade aborted",
                "<INFO> - Upgrade init started", "<INFO> - Upgrade init succeeded", "<INFO> - Upgrade performed",
                "<INFO> - Upgrade committed",
            ], "\(steps)")
        #expect(steps.contains("<INFO> - package mini-cli-1.0 changed: 1.0 to 1.0.1"), "\(steps)")
        #expect(steps.contains { $0.contains("mini-cli-1.0: ") && $0.contains("hostname: ") }, "\(steps)")
        try run(workshop, "rm -rf packages/*")
        let unsafe = try refusal { _ = try session.act("/tailf-ncs:packages/reload") }
        #expect(unsafe.message.contains("proceed with 'force'"))
        let lines = try log(workshop, "ncs.log")
        let line = "<CRIT> - NCS package upgrade has been aborted due to warnings:"
        #expect(lines.contains { $0.hasPrefix(line) && $0.contains("mini-cli-1.0: mini") }, "\(lines)")
    }
}
