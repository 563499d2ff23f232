import ConfigTree
import ControlProtocol
import Controller
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

/// Commands of the device's own, configurations in its own words, and parts of what it holds.
@Suite struct NativeActionTests {
    private static let device = "/tailf-ncs:devices/device[name='ce0']"

    @Test func commandsAreSentAndAnswered() throws {
        var habits = FakeRouter.Habits()
        habits.react = { $0 == "show clock" ? .say("12:00:00.1 UTC\nsecret Pa55word-1\u{1B}[2J\n") : nil }
        let lab = try RouterLab(config: ["hostname r1"], habits)
        let exec = "\(Self.device)/live-status/exec/any"
        let answer = try lab.session.act(exec, ["args": "show clock"]).value("result")
        #expect(answer?.contains("12:00:00.1 UTC") == true)
        #expect(answer?.contains("Pa55word-1") == false && answer?.contains("\u{1B}") == false)
        // Where a command leads, the next operation does not begin.
        _ = try lab.session.act(exec, ["args": "configure terminal"])
        #expect(lab.router.lines.last == "end")
        #expect(try lab.session.act("\(Self.device)/sync-from").value("result") == "true")
        let refused = try lab.session.act(exec, ["args": "show\nreload"])
        #expect(refused.value("result") == "false" && !lab.router.lines.contains("reload"))
    }

    @Test func configurationInTheDevicesOwnWordsIsCommitted() throws {
        let lab = try RouterLab(config: ["hostname r1", "interface eth0", " mtu 1500"])
        _ = try lab.session.act("\(Self.device)/sync-from")
        let text = "hostname r2\ninterface eth1\n mtu 900\n!\nstray line\n"
        let loaded = try lab.session.act("\(Self.device)/load-native-config", ["data": text])
        #expect(loaded.value("result") == "true", "\(loaded.value("info") ?? "")")
        #expect(loaded.value("info")?.contains("1 lines that the model does not know") == true)
        #expect(try lab.value("interface[name='eth0']/mtu") == "1500")
        #expect(lab.router.text.prefix(4) == ["hostname r2", "interface eth0", " mtu 1500", "!"])
        #expect(lab.router.text.contains("interface eth1"))
        try lab.workshop.directory.write("run/own.cfg", "hostname r3\n")
        _ = try lab.session.act("\(Self.device)/load-native-config", ["file": "own.cfg", "mode": "replace"])
        #expect(lab.router.text == ["hostname r3"])
        #expect(try lab.session.act("\(Self.device)/check-sync").value("result") == "in-sync")
        let none = try lab.session.act("\(Self.device)/load-native-config", ["file": "none.cfg"])
        #expect(none.value("result") == "false" && none.value("info")?.contains("none.cfg") == true)
    }

    @Test func onlyTheNamedPartsAreTakenFromTheDevice() throws {
        let lab = try RouterLab(config: [
            "hostname r1", "contact one", "interface eth0", " mtu 1500", "interface eth1", " mtu 900",
        ])
        _ = try lab.session.act("\(Self.device)/sync-from")
        _ = lab.router.apply("hostname r2", section: "")
        _ = lab.router.apply("contact two", section: "")
        _ = lab.router.apply("mtu 1600", section: lab.router.apply("interface eth0", section: ""))
        _ = lab.router.apply("no interface eth1", section: "")
        let paths = ["contact", "interface[name='eth0']"].map { "\(Self.device)/config/mini:\($0)" }
        for path in paths {
            let output = try lab.session.act("/tailf-ncs:devices/partial-sync-from", ["path": path])
            #expect(output.entries("sync-result").first?.value("result") == "true")
        }
        #expect(try lab.value("contact") == "two" && lab.value("interface[name='eth0']/mtu") == "1600")
        #expect(try lab.value("hostname") == "r1" && lab.value("interface[name='eth1']/mtu") == "900")
        #expect(try lab.session.act("\(Self.device)/check-sync").value("result") == "out-of-sync")
        #expect(throws: (any Error).self) {
            try lab.session.act("/tailf-ncs:devices/partial-sync-from", ["path": Self.device])
        }
        for path in ["interface[name='eth1']", "hostname"].map({ "\(Self.device)/config/mini:\($0)" }) {
            _ = try lab.session.act("/tailf-ncs:devices/partial-sync-from", ["path": path])
        }
        #expect(try lab.value("interface[name='eth1']/mtu") == nil)
        #expect(try lab.session.act("\(Self.device)/check-sync").value("result") == "in-sync")
    }

    @Test func actionsOfAGroupAreForItsMembers() throws {
        let lab = try RouterLab(config: ["hostname r1"])
        let groups = "/tailf-ncs:devices/device-group"
        try lab.session.change([
            ("\(groups)[name='inner']/device-name[.='ce0']", ""),
            ("\(groups)[name='outer']/device-group[.='inner']", ""),
        ])
        let state = lab.session.operational()
        #expect(state.instance(try state.path("\(groups)[name='outer']/member[.='ce0']")) != nil)
        #expect(state.instance(try state.path("\(Self.device)/device-group[.='inner']")) != nil)
        let output = try lab.session.act("\(groups)[name='outer']/sync-from")
        #expect(output.entries("sync-result").map(\.keys) == [["ce0"]])
        #expect(try lab.value("hostname") == "r1")
        #expect(try lab.session.act("\(groups)[name='outer']/check-sync").entries("sync-result").count == 1)
    }
}
