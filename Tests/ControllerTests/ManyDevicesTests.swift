import ConfigTree
import ControlProtocol
import Controller
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

/// What is remembered of one reading of a device is of use to the next one only while it holds.
@Suite struct ManyDevicesTests {
    private static let map = "/tailf-ncs:devices/authgroups/group[name='g']/default-map"

    /// Devices that played routers stand for.
    private final class Lab: RouterLab {
        init(_ names: [String]) throws {
            try super.init(
                config: ["hostname r1", "interface eth0", " mtu 1500", "user x", " secret planted-77"], devices: names)
        }

        func synchronise(_ name: String = "ce0") throws -> String? {
            try session.act("\(Self.device(name))/sync-from").value("result")
        }

        /// As somebody does it behind our back.
        func configure(_ sections: [(header: String, lines: [String])]) {
            router.state.withLock { $0.sections = sections }
        }

        var commits: Int { session.commits().count }
    }

    @Test func deviceThatShowsTheSameIsStoredOnceAndOneThatDoesNotEachTime() throws {
        let lab = try Lab(["ce0"])
        #expect(try lab.synchronise() == "true")
        let sections = lab.router.state.withLock { $0.sections }
        let count = lab.commits
        for _ in 0..<3 { #expect(try lab.synchronise() == "true") }
        #expect(lab.commits == count)
        // Another text, then the first one again.
        lab.configure(sections + [("vlan 7", ["name red"])])
        #expect(try lab.synchronise() == "true")
        #expect(try lab.value("vlan[id='7']/name") == "red")
        lab.configure(sections)
        #expect(try lab.synchronise() == "true")
        #expect(try lab.value("vlan[id='7']/name") == nil)
        #expect(lab.commits == count + 2)
    }

    @Test func sameTextTakesBackWhatWasChangedHereOnly() throws {
        let lab = try Lab(["ce0"])
        for value in ["1500", "1400"] {
            #expect(try lab.synchronise() == "true")
            #expect(try lab.value("interface[name='eth0']/mtu") == "1500")
            try lab.session.change([("\(Lab.device("ce0"))/config/mini:interface[name='eth0']/mtu", value)])
        }
        #expect(try lab.value("interface[name='eth0']/mtu") == "1400")
        #expect(try lab.synchronise() == "true")
        #expect(try lab.value("interface[name='eth0']/mtu") == "1500")
        try lab.session.change([("\(Lab.device("ce0"))/config", nil)])
        #expect(try lab.value("hostname") == nil)
        #expect(try lab.synchronise() == "true")
        #expect(try lab.value("hostname") == "r1")
    }

    @Test func newKeysAndOtherPasswordsCountAtOnce() throws {
        let lab = try Lab(["ce0"])
        #expect(try lab.synchronise() == "true")
        let sealed = try lab.value("user[name='x']/secret")
        #expect(try lab.synchronise() == "true")
        #expect(try lab.value("user[name='x']/secret") == sealed)
        try lab.session.change([("\(Self.map)/remote-password", "another-1")])
        #expect(try lab.synchronise() == "false")
        try lab.session.change([("\(Self.map)/remote-password", "Pa55word-1")])
        #expect(try lab.synchronise() == "true")
        try lab.session.change([("\(Lab.device("ce0"))/local-user", "nobody"), (Self.map, nil)])
        #expect(try lab.synchronise() == "false")
    }

    /// All read for the first time at once, while others commit: each has its commit, and the log says what memory does.
    @Test func manyFirstReadingsAreStoredOneByOne() throws {
        let names = (0..<24).map { "ce\($0)" }
        let lab = try Lab(names)
        let before = lab.commits
        let other = try lab.workshop.session("other")
        let thread = Thread {
            for number in 0..<20 {
                _ = try? other.change([("\(Lab.device("ce\(number)"))/description", "number \(number)")])
            }
        }
        thread.start()
        let output = try lab.session.act("/tailf-ncs:devices/sync-from")
        #expect(output.entries("sync-result").count { $0.value("result") == "true" } == names.count)
        #expect(eventually { thread.isFinished })
        #expect(lab.commits == before + names.count + 20)
        let labels = lab.session.commits().compactMap(\.label).filter { $0.hasPrefix("sync-from") }
        #expect(Set(labels) == Set(names.map { "sync-from \($0)" }))
        for name in names { #expect(try lab.value("hostname", of: name) == "r1") }
        let held = ChangeSet(DataTree(lab.session.running.model).diff(to: lab.session.running))
        try lab.workshop.restart()
        let stored = try lab.workshop.session().running
        #expect(ChangeSet(DataTree(stored.model).diff(to: stored)) == held)
    }
}
