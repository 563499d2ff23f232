import Basics
import ConfigTree
import ControlProtocol
import Controller
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire
import YANG

/// What operators read when they connect, synchronise and compare: a played router at the other end of real SSH.
@Suite struct DeviceActionTests {
    private static let device = "/tailf-ncs:devices/device[name='ce0']"
    private static let config = "\(device)/config"

    /// A controller with the device `ce0`, which `FakeRouter` plays.
    private final class Lab: RouterLab {
        init(
            _ habits: FakeRouter.Habits = FakeRouter.Habits(), password: String = "Pa55word-1",
            preparePackage: (String) throws -> Void = { _ in }
        ) throws {
            try super.init(habits, password: password, preparePackage: preparePackage)
            try session.change([("\(Self.device())/trace", "pretty")])
        }

        func result(_ action: String, _ inputs: [String: String] = [:]) throws -> [String] {
            let output = try session.act("\(Self.device())/\(action)", inputs)
            return ["result", "info", "diff", "data"].compactMap { name in output.value(name).map { "\(name) \($0)" } }
        }

        func commit(_ edits: [(path: String, value: String?)]) throws {
            _ = try session.commit(
                CommitRequest(base: session.running, candidate: session.edited(session.running, edits)))
        }

        var trace: String {
            let folder = workshop.directory.path("run/logs")
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.filter { $0.hasSuffix(".trace") }
                .map { (try? String(contentsOfFile: folder + "/" + $0, encoding: .utf8)) ?? "" }.joined()
        }

        func wasSent(_ line: String) -> Bool { router.received.withLock { $0.contains(line) } }

        func alarms(_ type: String) -> [String] {
            let tree = session.operational()
            guard let list = tree.rootInstance.child("alarms")?.child("alarm-list") else { return [] }
            return list.entries("alarm").filter { $0.value("type")?.hasSuffix(type) == true }
                .map { "\($0.value("is-cleared") ?? "") \($0.value("last-alarm-text") ?? "")" }
        }
    }

    @Test func connectingNamesUserDeviceAndPlace() throws {
        let lab = try Lab()
        #expect(
            try lab.result("connect") == ["result true", "info (admin) Connected to ce0 - 127.0.0.1:\(lab.port)"])
        _ = try lab.session.act("\(Self.device)/disconnect")
        #expect(lab.trace.contains("CLOSED"))
    }

    @Test func lockedDeviceIsNotTalkedTo() throws {
        let lab = try Lab()
        try lab.session.change([("\(Self.device)/state/admin-state", "southbound-locked")])
        let info = "info Device ce0 is southbound locked"
        #expect(try lab.result("connect") == ["result false", info])
        #expect(try lab.result("sync-from") == ["result false", info])
        #expect(try lab.result("check-sync") == ["result locked", info])
        #expect(try lab.result("compare-config") == [info])
        #expect(lab.router.logins.withLock { $0 } == 0)
        #expect(try lab.result("connect", ["override-southbound-locked": ""]).first == "result true")
        try lab.session.change([("\(Self.device)/state/admin-state", "unlocked")])
    }

    @Test func deviceThatIsGoneRaisesAnAlarmAndComingBackClearsIt() throws {
        let lab = try Lab()
        let text = "Failed to connect to device ce0: connection refused: Connection refused"
        try lab.session.change([("\(Self.device)/port", "1")])
        #expect(try lab.result("connect") == ["result false", "info \(text)"])
        #expect(try lab.result("check-sync") == ["result error", "info \(text)"])
        #expect(lab.alarms("connection-failure") == ["false \(text)"])
        let refused = try refusal { try lab.commit([("\(Self.config)/mini:hostname", "r2")]) }
        #expect(refused.message == text)
        try lab.session.change([("\(Self.device)/port", "\(lab.port)")])
        #expect(try lab.result("connect").first == "result true")
        #expect(lab.alarms("connection-failure") == ["true \(text)"])
    }

    @Test func wrongPasswordIsToldAndNotShown() throws {
        let lab = try Lab(password: "Planted-8361")
        let result = try lab.result("connect").joined(separator: "\n")
        #expect(result.hasPrefix("result false\ninfo Failed to connect to device ce0: authentication failed"))
        #expect(!(result + lab.trace + lab.alarms("connection-failure").joined()).contains("Planted-8361"))
    }

    @Test func comparisonShowsWhatIsDifferentOnTheDevice() throws {
        let lab = try Lab()
        #expect(try lab.result("sync-from") == ["result true"])
        #expect(try lab.result("compare-config") == [])
        #expect(try lab.result("check-sync") == ["result in-sync"])
        _ = lab.router.apply("mtu 1400", section: "interface eth0")
        _ = lab.router.apply("contact noc", section: "")
        #expect(try lab.result("check-sync").first == "result out-of-sync")
        let diff = try lab.result("compare-config").joined()
        #expect(diff.contains("\n+            contact noc;\n"), "\(diff)")
        #expect(diff.contains("-                mtu 1500;\n+                mtu 1400;\n"), "\(diff)")
    }

    @Test func outOfSyncDeviceRefusesACommit() throws {
        let lab = try Lab()
        _ = try lab.result("sync-from")
        _ = lab.router.apply("contact noc", section: "")
        let before = lab.router.text
        let error = try refusal { try lab.commit([("\(Self.config)/mini:hostname", "r2")]) }
        #expect(error.message == "Network Element Driver: device ce0: out of sync")
        #expect(lab.router.text == before)
    }

    @Test func syncToDryRunShowsCommandsAndSendsNone() throws {
        let lab = try Lab()
        _ = try lab.result("sync-from")
        _ = lab.router.apply("contact noc", section: "")
        let before = lab.router.text
        let output = try lab.session.act("\(Self.device)/sync-to", dryRun: true)
        #expect(output.value("data") == "no contact noc\n" || output.value("data") == "no contact\n")
        #expect(lab.router.text == before)
        #expect(try lab.result("sync-to") == ["result true"])
        #expect(try lab.result("check-sync") == ["result in-sync"])
    }

    @Test func driverWithUnknownProgramReadsAndRefusesToWrite() throws {
        let lab = try Lab { folder in
            try FileManager.default.removeItem(atPath: folder + "/driver/driver.yaml")
            let file = folder + "/src/package-meta-data.xml.in"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try text.replacing("</cli>", with: "<java-class-name>com.example.Ned</java-class-name></cli>")
                .write(toFile: file, atomically: true, encoding: .utf8)
        }
        #expect(try lab.result("sync-from") == ["result true"])
        #expect(try lab.result("check-sync") == ["result in-sync"])
        let error = try refusal { try lab.commit([("\(Self.config)/mini:hostname", "r2")]) }
        #expect(error.message.hasPrefix("Network Element Driver: device ce0: the driver mini-cli-1.0 of package mini"))
        #expect(error.message.contains("is read-only"))
        _ = lab.router.apply("contact noc", section: "")
        #expect(try lab.result("compare-config").joined().contains("contact noc"))
        #expect(try lab.session.act("\(Self.device)/sync-to", dryRun: true).value("data")?.isEmpty == false)
        #expect(try lab.result("sync-to").joined().contains("is read-only"))
        #expect(!lab.router.lines.contains("configure terminal"))
    }

    @Test func refusedCommitLeavesTheDeviceAsItWas() throws {
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "mtu 1400" ? .say("% Invalid input detected at '^' marker.\n") : nil }
        let lab = try Lab(habits)
        _ = try lab.result("sync-from")
        let before = lab.router.text
        let error = try refusal {
            try lab.commit([
                ("\(Self.config)/mini:contact", "noc"), ("\(Self.config)/mini:interface[name='eth0']/mtu", "1400"),
            ])
        }
        #expect(
            error.message == "Network Element Driver: device ce0: % Invalid input detected at '^' marker. "
                + "(command: mtu 1400)")
        #expect(Set(lab.router.text) == Set(before))
        #expect(lab.trace.contains("ABORT"))
        #expect(try lab.result("check-sync") == ["result in-sync"])
    }

    @Test func phasesOfACommitAreInTheTraceAndSecretsAreNot() throws {
        let lab = try Lab()
        _ = try lab.result("sync-from")
        let user = "\(Self.config)/mini:user[name='joe']/secret"
        try lab.commit([(user, "Planted-4711")])
        try lab.commit([("\(Self.config)/mini:user[name='joe']", nil)])
        let trace = lab.trace
        var rest = Substring(trace)
        for phase in [
            "CLI CONNECT to ce0-127.0.0.1:\(lab.port) as admin", "CONNECTED ", "GET_TRANS_ID ", "INITIALIZE ",
            "PREPARE ", "COMMIT ", "(Timeout 0)", "PERSIST ", "GET_TRANS_ID ", "(Pool: true)", "CLOSED",
        ] {
            let found = rest.range(of: phase)
            #expect(found != nil, "\(phase) is not in its place")
            if let found { rest = rest[found.upperBound...] }
        }
        #expect(lab.router.lines.contains { $0.contains("Planted-4711") }, "the router got the plain text")
        #expect(!trace.contains("Planted-4711") && !trace.contains("Pa55word-1"))
    }

    // MARK: Revisions

    /// A driver with the model as it was in 2020 beside today's, which has `contact`.
    private static func twoRevisions(_ package: String) throws {
        let now = TestModels.first.replacing(
            "leaf hostname", with: "revision 2024-04-04; revision 2020-01-01;\n  leaf hostname")
        let before = TestModels.first.replacing("leaf hostname", with: "revision 2020-01-01;\n  leaf hostname")
            .replacing("leaf contact { type string; }", with: "")
        try now.write(toFile: package + "/src/yang/mini.yang", atomically: true, encoding: .utf8)
        try before.write(toFile: package + "/src/yang/mini@2020-01-01.yang", atomically: true, encoding: .utf8)
        let description = package + "/driver/driver.yaml"
        let lines = """

            revisions:
              - {expect: 'Software version 1\\..*', modules: [mini@2020-01-01]}
              - {expect: 'Software version 2\\..*', modules: [mini@2024-04-04]}

            """
        let text = try String(contentsOfFile: description, encoding: .utf8) + lines
        try text.write(toFile: description, atomically: true, encoding: .utf8)
    }

    @Test func deviceOfAnOlderRevisionGetsWhatItKnows() throws {
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "show version" ? .say("Software version 1.7\r\n") : nil }
        let lab = try Lab(habits, preparePackage: Self.twoRevisions)
        #expect(try lab.result("sync-from") == ["result true"])
        let module = "/tailf-ncs:devices/device[name='ce0']/module[name='mini']/revision"
        let state = lab.session.operational()
        #expect(state.value(try state.path(module)) == "2020-01-01")

        let edits: [(path: String, value: String?)] = [
            ("\(Self.config)/mini:hostname", "r2"), ("\(Self.config)/mini:contact", "me"),
        ]
        var request = CommitRequest(
            base: lab.session.running, candidate: try lab.session.edited(lab.session.running, edits))
        let left =
            "/ncs:devices/device{ce0}/config/mini:contact is not sent to device ce0: "
            + "it is not in revision 2020-01-01 of module mini, which the device has"
        request.options.noRevisionDrop = true
        let error = try refusal { _ = try lab.session.commit(request) }
        #expect(error.message == "\(left); take it out of the change, or commit without no-revision-drop")
        #expect(try lab.session.value("\(Self.config)/mini:hostname") == "r1" && !lab.wasSent("hostname r2"))

        request.options.noRevisionDrop = false
        request.options.dryRun = .native
        #expect(try lab.session.commit(request).warnings.map(\.summary) == [left])
        request.options.dryRun = nil
        #expect(try lab.session.commit(request).warnings.map(\.summary) == [left])
        #expect(lab.wasSent("hostname r2") && !lab.wasSent("contact me"))
        #expect(try lab.session.value("\(Self.config)/mini:contact") == "me")
        #expect(try lab.result("check-sync") == ["result in-sync"])
        #expect(
            try lab.result("sync-to") == [
                "result true",
                "info not sent: /mini:contact: it is not in revision 2020-01-01 of module mini, which the device has",
            ])

        // The device is upgraded: a change that was cut to the older revision is not for it.
        lab.router.habits.withLock { habits in
            habits.react = { $0 == "show version" ? .say("Software version 2.0\r\n") : nil }
        }
        _ = try lab.session.act("\(Self.device)/disconnect")
        let change = [("\(Self.config)/mini:hostname", Optional("r3"))]
        #expect(try refusal { try lab.commit(change) }.message.contains("other revisions of its modules than before"))
        try lab.commit(change)
        #expect(try lab.result("sync-to") == ["result true"])
        #expect(lab.wasSent("contact me"))
    }

    @Test func whatADeviceOfAnOlderRevisionRewritesIsLearntAndWhatItNeverGotIsNot() throws {
        let lab = try Lab(preparePackage: Self.twoRevisions)
        let router = lab.router
        lab.router.habits.withLock { habits in
            habits.react = { [weak router] line in
                if line == "show version" { return .say("Software version 1.7\r\n") }
                guard line == "hostname r2" else { return nil }
                _ = router?.apply("hostname R-TWO", section: "")
                return .say("")
            }
        }
        #expect(try lab.result("sync-from") == ["result true"])
        try lab.commit([("\(Self.config)/mini:hostname", "r2"), ("\(Self.config)/mini:contact", "me")])
        #expect(lab.router.text.first == "hostname R-TWO" || lab.router.text.contains("hostname R-TWO"))
        #expect(try lab.result("check-sync") == ["result in-sync"])
        // The device never got the contact: that shows, and nothing else.
        let difference = try lab.result("compare-config").joined()
        #expect(difference.contains("contact") && !difference.contains("R-TWO"), "\(difference)")
        // Upgraded, it still has not got it, and is not believed to have dropped it.
        lab.router.habits.withLock { habits in
            habits.react = { $0 == "show version" ? .say("Software version 2.0\r\n") : nil }
        }
        _ = try lab.session.act("\(Self.device)/disconnect")
        _ = try lab.result("connect")
        try lab.commit([("\(Self.config)/mini:hostname", "r3")])
        #expect(try lab.result("compare-config").joined().contains("contact"))
        #expect(try lab.result("sync-to") == ["result true"])
        #expect(lab.wasSent("contact me"))
        #expect(try lab.result("compare-config") == [])
    }
}

extension ControlSession {
    /// Runs an action with its `dry-run` container.
    fileprivate func act(_ path: String, dryRun: Bool) throws -> Instance {
        let tree = running
        let action = try tree.path(path)
        let node = try #require(action.last?.node)
        let input = try #require(node.dataChild(named: "input"))
        let draft = RowDraft(input)
        _ = draft.container(try #require(input.dataChild(named: "dry-run")))
        return try invoke(action, input: draft.freeze(in: tree.model)) { _ in }.instance
    }
}
