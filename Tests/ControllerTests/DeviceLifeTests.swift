import ConfigTree
import ControlProtocol
import Controller
import Events
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire
import YANG

/// A device from before it is ever reached to the day when our copy is given up: what is prepared, kept back, brought to
/// it in parts, and thrown away.
@Suite struct DeviceLifeTests {
    private static let devices = "/tailf-ncs:devices"
    private static func device(_ name: String = "ce0") -> String { "\(devices)/device[name='\(name)']" }

    /// The device `ce0`, which `FakeRouter` plays, and `ce1`, which nobody ever reached.
    private final class Lab: RouterLab {
        init(_ config: [String] = ["hostname r1", "contact one", "interface eth0", " mtu 1500"]) throws {
            try super.init(config: config)
            try workshop.device("ce1", "mini-cli-1.0", session)
        }

        func act(_ action: String, _ inputs: [String: String] = [:], of name: String = "ce0") throws -> [String] {
            let output = try session.act("\(Self.device(name))/\(action)", inputs)
            return ["result", "info", "data"].compactMap { output.value($0) }
        }

        func sync() throws -> String? { try act("check-sync").first }

        /// Commits as an operator does.
        func commit(
            _ path: String, _ value: String?, of name: String = "ce0", _ options: CommitOptions = CommitOptions()
        ) throws {
            let edits = [(path: "\(Self.device(name))/config/mini:\(path)", value: value)]
            _ = try session.commit(
                CommitRequest(
                    base: session.running, candidate: session.edited(session.running, edits), options: options))
        }

        func capabilities(_ holder: String) throws -> [String] {
            let tree = session.operational()
            let list = tree.instance(try tree.path("\(devices)/\(holder)"))?.entries("capability") ?? []
            return list.map { $0.value("module") ?? $0.keys[0] }
        }
    }

    // MARK: Parts

    @Test func onlyTheNamedPartsAreSentToTheDevice() throws {
        let lab = try Lab()
        #expect(try lab.act("sync-from") == ["true"])
        for line in ["hostname r2", "contact two"] { _ = lab.router.apply(line, section: "") }
        #expect(try lab.act("partial-sync-to", ["path": "contact"]) == ["true"])
        #expect(lab.router.text.contains("hostname r2") && lab.router.text.contains("contact one"))
        #expect(try lab.sync() == "out-of-sync")
        let whole = "\(Self.device())/config/mini:hostname"
        #expect(try lab.act("partial-sync-to", ["path": whole]) == ["true"])
        #expect(lab.router.text.contains("hostname r1") && lab.router.text.contains("contact one"))
        #expect(try lab.sync() == "in-sync")
    }

    @Test func partsOfSeveralDevicesAreSentByTheirPaths() throws {
        let lab = try Lab()
        _ = try lab.act("sync-from")
        _ = lab.router.apply("no contact one", section: "")
        _ = lab.router.apply("hostname r2", section: "")
        let output = try lab.session.act(
            "\(Self.devices)/partial-sync-to", ["path": "\(Self.device())/config/mini:contact"])
        #expect(output.entries("sync-result").map { "\($0.keys[0]) \($0.value("result") ?? "")" } == ["ce0 true"])
        #expect(lab.router.text.contains("contact one") && lab.router.text.contains("hostname r2"))
    }

    @Test func pathOfAnotherDeviceOrOfNothingIsRefused() throws {
        let lab = try Lab()
        for action in ["partial-sync-to", "partial-sync-from"] {
            let other = try lab.act(action, ["path": "\(Self.device("ce1"))/config/mini:contact"])
            #expect(other.first == "false" && other.last?.contains("that is device ce1, not ce0") == true, "\(other)")
            let none = try lab.act(action, ["path": "nothing"])
            #expect(none.first == "false" && none.last?.contains("no child nothing") == true, "\(none)")
        }
        #expect(lab.router.logins.withLock { $0 } == 0)
    }

    @Test func partsAreTakenFromOneDeviceByPathsFromItsConfiguration() throws {
        let lab = try Lab()
        _ = try lab.act("sync-from")
        for line in ["hostname r2", "contact two"] { _ = lab.router.apply(line, section: "") }
        #expect(try lab.act("partial-sync-from", ["path": "/mini:contact"]) == ["true"])
        #expect(try lab.value("contact") == "two" && lab.value("hostname") == "r1")
    }

    @Test func dryRunShowsTheChangeInEachFormatAndSendsNothing() throws {
        let lab = try Lab()
        _ = try lab.act("sync-from")
        _ = lab.router.apply("contact two", section: "")
        for (format, leaf, text) in [
            (nil, "data", "contact one"), ("native", "native", "contact one"),
            ("cli", "cli", "+            contact one;"),
            ("cli-c", "cli-c", " config\n  contact one"), ("xml", "result-xml", ">one</contact>"),
        ] {
            for action in ["sync-to", "partial-sync-to"] {
                let tree = lab.session.running
                let path = try tree.path("\(Self.device())/\(action)")
                let input = try #require(path.last?.node.dataChild(named: "input"))
                let draft = RowDraft(input)
                let dryRun = draft.container(try #require(input.dataChild(named: "dry-run")))
                if let format { dryRun.set(format, for: try #require(dryRun.node.dataChild(named: "outformat"))) }
                if let paths = input.dataChild(named: "path") { draft.add("contact", to: paths) }
                let output = try lab.session.invoke(path, input: draft.freeze(in: tree.model)) { _ in }.instance
                #expect(output.value(leaf)?.contains(text) == true, "\(action) \(leaf): \(output.value(leaf) ?? "")")
                #expect(output.value("result") == nil)
            }
        }
        #expect(lab.router.text.contains("contact two"))
    }

    // MARK: What is kept back

    @Test func whatIsCommittedWithoutNetworkingPutsTheDeviceOutOfSyncUntilItIsSent() throws {
        let lab = try Lab()
        #expect(try lab.sync() == "unknown")
        _ = try lab.act("sync-from")
        var options = CommitOptions()
        options.noNetworking = true
        try lab.commit("contact", "two", options)
        #expect(try lab.sync() == "out-of-sync")
        #expect(try refusal { try lab.commit("contact", "three") }.message.contains("out of sync"))
        #expect(try lab.act("sync-to") == ["true"])
        #expect(lab.router.text.contains("contact two"))
        #expect(try lab.sync() == "in-sync")
        try lab.commit("contact", "three")
    }

    @Test func southboundLockedDeviceKeepsWhatIsCommittedForIt() throws {
        let lab = try Lab()
        _ = try lab.act("sync-from")
        try lab.session.change([("\(Self.device())/state/admin-state", "southbound-locked")])
        try lab.commit("contact", "two")
        try lab.commit("contact", "prepared", of: "ce1")
        #expect(try lab.value("contact") == "two" && lab.value("contact", of: "ce1") == "prepared")
        #expect(lab.router.text.contains("contact one"))
        try lab.session.change([("\(Self.device())/state/admin-state", "unlocked")])
        #expect(try lab.sync() == "out-of-sync")
        #expect(try lab.act("sync-to") == ["true"])
        #expect(lab.router.text.contains("contact two"))
        try lab.session.change([("\(Self.device())/state/admin-state", "locked")])
        #expect(try refusal { try lab.commit("contact", "three") }.message == "Device ce0 is locked")
    }

    @Test func givingUpOurCopyLeavesTheDeviceAlone() throws {
        let lab = try Lab()
        _ = try lab.act("sync-from")
        let before = lab.router.text
        let other = try lab.act("delete-config", ["ned-id": "tailf-ncs-ned:netconf"])
        #expect(other.first == "false" && other.last?.contains("has ned-id mini-cli-1.0") == true)
        #expect(try lab.act("delete-config") == ["true"])
        #expect(try lab.value("hostname") == nil && lab.router.text == before)
        #expect(try lab.sync() == "unknown")
        #expect(try lab.act("sync-from") == ["true"])
        #expect(try lab.value("hostname") == "r1")
    }

    // MARK: Capabilities

    @Test func capabilitiesArePreparedCopiedAndRemoved() throws {
        let lab = try Lab()
        let missing = try lab.act("copy-capabilities", ["from-device": "ce0"], of: "ce1")
        #expect(missing == ["false", "no capabilities of device ce0 are known"])
        #expect(try lab.act("find-capabilities", of: "ce1") == ["true"])
        #expect(try lab.capabilities("device[name='ce1']") == ["mini"])
        #expect(try lab.act("add-capability", ["uri": "urn:x?module=extra&revision=2026-01-01"], of: "ce1") == ["true"])
        #expect(try lab.act("add-capability", ["module": "mini", "revision": "2026-02-02"], of: "ce1") == ["true"])
        #expect(try lab.act("add-capability", ["module": "none"], of: "ce1").first == "false")
        let tree = lab.session.operational()
        let module = tree.instance(try tree.path("\(Self.device("ce1"))/module[name='mini']"))
        #expect(module?.value("revision") == "2026-02-02")
        try lab.session.change([("\(Self.devices)/profiles/profile[name='p']/description", "x")])
        let copied = try lab.session.act(
            "\(Self.devices)/profiles/profile[name='p']/copy-capabilities", ["from-device": "ce1"])
        #expect(copied.value("result") == "true")
        #expect(try lab.act("copy-capabilities", ["from-profile": "p"]) == ["true"])
        #expect(try lab.capabilities("device[name='ce0']") == ["mini", "extra"])
        let uri = "capability[uri='urn:x?module=extra&revision=2026-01-01']"
        #expect(try lab.act("\(uri)/remove") == ["true"])
        #expect(try lab.act("\(uri)/remove").first == "false")
        try lab.workshop.restart()
        let again = try lab.workshop.session().operational()
        func names(_ holder: String) throws -> [String] {
            again.instance(try again.path("\(Self.devices)/\(holder)"))?.entries("module").map { $0.keys[0] } ?? []
        }
        #expect(try names("device[name='ce0']") == ["mini"])
        #expect(try names("profiles/profile[name='p']") == ["extra", "mini"])
    }

    @Test func deviceThatAnnouncesNothingHasTheModulesOfItsDriverOnceItWasReached() throws {
        let lab = try Lab()
        #expect(try lab.capabilities("device[name='ce0']").isEmpty)
        _ = try lab.act("connect")
        #expect(try lab.capabilities("device[name='ce0']") == ["mini"])
        #expect(try lab.act("copy-capabilities", ["from-device": "ce0"], of: "ce1") == ["true"])
    }

    // MARK: Reaching it

    @Test func tracesOfOneDeviceAreCleared() throws {
        let lab = try Lab()
        try lab.session.change([("\(Self.device())/trace", "pretty")])
        _ = try lab.act("connect")
        let file = lab.workshop.directory.path("run/logs/ned-mini-cli-1.0-ce0.trace")
        #expect(try !String(contentsOfFile: file, encoding: .utf8).isEmpty)
        _ = try lab.act("disconnect")
        #expect(try lab.session.act("\(Self.device())/clear-trace").children().isEmpty)
        #expect(try String(contentsOfFile: file, encoding: .utf8).isEmpty)
    }

    @Test func deviceThatCannotBeReachedIsTriedAsOftenAsTheSettingsSay() throws {
        let lab = try Lab()
        let closed = try ClosingListener()
        try lab.session.change([
            ("\(Self.device())/port", "\(closed.port)"), ("\(Self.device())/connect-retries/timeout", "1"),
        ])
        #expect(try lab.act("connect").first == "false")
        #expect(closed.count == 1)
        try lab.session.change([("\(Self.devices)/global-settings/connect-retries/attempts", "2")])
        #expect(try lab.act("connect").first == "false")
        #expect(closed.count == 4)
        try lab.session.change([("\(Self.device())/connect-retries/attempts", "0")])
        #expect(try lab.act("connect").first == "false")
        #expect(closed.count == 5)
    }

    @Test func wrongPasswordIsNotTriedAgain() throws {
        let lab = try Lab()
        try lab.session.change([
            ("\(Self.devices)/authgroups/group[name='g']/default-map/remote-password", "wrong")
        ])
        #expect(try lab.act("connect").first == "false")
        // The same password by all methods that the device offers.
        let once = lab.router.logins.withLock { $0 }
        try lab.session.change([("\(Self.device())/connect-retries/attempts", "3")])
        #expect(try lab.act("connect").first == "false")
        #expect(lab.router.logins.withLock { $0 } == 2 * once)
    }

    @Test func configurationOfAnotherDeviceIsCopiedAndSent() throws {
        let lab = try Lab()
        _ = try lab.act("sync-from")
        try lab.commit("hostname", "model", of: "ce1")
        try lab.commit("interface[name='eth9']/mtu", "900", of: "ce1")
        #expect(try lab.act("instantiate-from-other-device", ["device-name": "ce1"]) == ["true"])
        #expect(lab.router.text == ["hostname model", "interface eth9", " mtu 900", "!"])
        #expect(try lab.sync() == "in-sync")
        let missing = try refusal {
            _ = try lab.act("instantiate-from-other-device", ["device-name": "none"])
        }
        #expect(missing.message == "there is no device none")
    }

    @Test func stepsOfTheWorkOnEachDeviceAreToldToThoseWhoAsk() throws {
        let lab = try Lab()
        let told = Mutex<[String]>([])
        var watcher = ActionWatcher()
        watcher.steps = { event in
            guard event.kind == .stop else { return }
            told.withLock { $0.append("\(event.device ?? "") \(event.phase) \(event.annotation)") }
        }
        let tree = lab.session.running
        let action = try tree.path("\(Self.devices)/sync-from")
        let input = try #require(action.last?.node.dataChild(named: "input"))
        _ = try lab.session.invoke(
            action, input: RowDraft(input).freeze(in: tree.model), in: nil, parts: nil, watcher: watcher)
        #expect(
            told.withLock { $0 }.filter { $0.hasPrefix("ce0") } == [
                "ce0 reading the configuration ok", "ce0 storing the configuration ok", "ce0 sync-from ok",
            ])
        #expect(told.withLock { $0 }.contains("ce1 sync-from failed"))
    }
}

/// A port that takes connections and closes them.
private final class ClosingListener {
    private final class Taken: Sendable {
        let count = Mutex(0)
    }

    let port: UInt16
    private let descriptor: Int32
    private let taken = Taken()

    var count: Int { taken.count.withLock { $0 } }

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(descriptor, raw, size) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, raw, &size) == 0
            }
        }
        guard isOpen else { throw ProcessFault("no port could be opened") }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [taken] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { break }
                taken.count.withLock { $0 += 1 }
                close(connection)
            }
            close(descriptor)
        }
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }
}
