import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Devices that refuse a command or hang up.
    @Suite struct RefusalTests {
        @Test func oneOfTwentyRoutersRefusesAndNoRouterKeepsTheChange() throws {
            try Lab.use("twenty-routers", ports: 20) { lab in
                let names = (0..<20).map { "r\($0)" }
                try lab.bringUp(routers: 20)
                let before = try names.map { try lab.onRouter($0).block("interface GigabitEthernet0/1") }
                try lab.shell("ncs-netsim fault r13 refuse-line 'ip address .*' '% Bad mask'")
                let changes = """
                    devices device r0..19 config interface GigabitEthernet 0/1 description Twenty
                    devices device r0..19 config interface GigabitEthernet 0/1 ip address 192.0.2.1 255.255.255.0
                    """
                let said = try lab.refuse("config\n\(changes)\ncommit")
                try require(said, contains: "Aborted: ", "r13", "% Bad mask")
                #expect(try names.map { try lab.onRouter($0).block("interface GigabitEthernet0/1") } == before)
                #expect(try lab.outOfSync(names) == [:])
                try lab.requireAgreement(names)
                try lab.shell("ncs-netsim fault r13 clear")
                try lab.commit(changes)
                for name in names { try require(try lab.onRouter(name), contains: " description Twenty") }
            }
        }

        @Test func aRouterThatHangsUpInACommitIsTakenBackWithTheOthers() throws {
            try Lab.use("hang-up") { lab in
                let names = ["r0", "r1", "r2"]
                try lab.bringUp(routers: 3)
                try lab.shell("ncs-netsim fault r1 hang-up-line 'ip address .*'")
                let said = try lab.refuse("config\n\(Self.changes)\ncommit")
                try require(said, contains: "Aborted: ", "r1")
                for name in names { #expect(try !lab.onRouter(name).contains("description Doubtful"), "\(name)") }
                #expect(try lab.outOfSync(names) == [:])
                try lab.requireAgreement(names)
            }
        }

        @Test func aRouterThatHangsUpInTheAbortTooIsInDoubtUntilItIsBack() throws {
            try Lab.use("in-doubt") { lab in
                try lab.bringUp(routers: 3)
                try lab.shell("ncs-netsim fault r1 hang-up-line '(ip address|no description).*'")
                let said = try lab.refuse("config\n\(Self.changes)\ncommit")
                try require(said, contains: "Aborted: ", "r1")
                try require(try lab.onRouter("r1"), contains: "description Doubtful")
                for name in ["r0", "r2"] { #expect(try !lab.onRouter(name).contains("Doubtful"), "\(name)") }
                try requireDoubt(lab, "after the abort")
                let next = try lab.refuse("config\ndevices device r1 config hostname other\ncommit")
                try require(next, contains: "r1", "in doubt")
                try lab.killDaemon()
                try lab.startDaemon()
                try requireDoubt(lab, "after a restart")
                try lab.shell("ncs-netsim fault r1 clear")
                try lab.wait(for: "r1 is in sync again") { try lab.outOfSync(["r1"]).isEmpty }
                #expect(try !lab.onRouter("r1").contains("Doubtful"))
                try lab.requireAgreement(["r0", "r1", "r2"])
                let alarms = try lab.alarms()
                #expect(!alarms.contains("is-cleared false") || !alarms.contains("r1"), "\(alarms)")
            }
        }

        @Test func aRouterThatFallsSilentEndsTheCommitInTimeAndHoldsUpNobodyElse() throws {
            try Lab.use("silence") { lab in
                try lab.bringUp(routers: 3)
                try lab.commit("devices global-settings read-timeout 15\ndevices global-settings write-timeout 15")
                try lab.shell("ncs-netsim fault r1 silent-line 'ip address .*'")
                let slow = try lab.start(
                    "ncs_cli", ["-s", "-C", "-u", "admin"], input: "config\n\(Self.changes)\ncommit\n")
                try lab.wait(for: "r1's silence") { try lab.onRouter("r1").contains("Doubtful") }
                try lab.commit("devices authgroups group more umap joe remote-name joe remote-password secret")
                #expect(!slow.output.contains("r1"), "a change of something else does not wait")
                let outcome = slow.wait(seconds: 120)
                #expect(outcome.status == 8 && outcome.text.contains("r1"), "\(outcome)")
                #expect(outcome.text.contains("15 seconds"), "the timeout that was set counts at once: \(outcome)")
                try lab.shell("ncs-netsim fault r1 clear")
                try lab.wait(for: "agreement") { try lab.outOfSync(["r0", "r1", "r2"]).isEmpty }
                for name in ["r0", "r1", "r2"] { #expect(try !lab.onRouter(name).contains("Doubtful"), "\(name)") }
                try lab.requireAgreement(["r0", "r1", "r2"])
            }
        }

        private static let changes = """
            devices device r0..2 config interface GigabitEthernet 0/1 description Doubtful
            devices device r0..2 config interface GigabitEthernet 0/1 ip address 192.0.2.1 255.255.255.0
            """

        private func requireDoubt(_ lab: Lab, _ when: String) throws {
            try lab.wait(for: "an alarm about r1 \(when)") {
                let alarms = try lab.alarms()
                return alarms.contains("r1") && alarms.contains("in doubt")
            }
            let state = try lab.outOfSync(["r1"])
            try #require(state["r1"]?.contains("out-of-sync") == true, "\(when): \(state)")
        }
    }
}
