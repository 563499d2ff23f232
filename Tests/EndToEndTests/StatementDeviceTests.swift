import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Our Junos-like driver and our simulator of such devices: statements, a candidate, commits that are confirmed.
    @Suite struct StatementDeviceTests {
        private static let names = ["r0", "r1"]

        private static func configuration(_ lab: Lab, _ name: String) throws -> String {
            try lab.onRouter(name, "show configuration | display set")
        }

        @Test func devicesWithCandidatesAreSyncedEditedRefusedAndRepaired() throws {
            try Lab.use("statements") { lab in
                try lab.bringUp(routers: 2, driver: "openned-junos-cli-1.0")
                #expect(try lab.outOfSync(Self.names) == [:])
                let edits = """
                    devices device r0..1 config system ntp server 192.0.2.123 prefer
                    devices device r0..1 config policy-options policy-statement p term a then accept
                    devices device r0..1 config routing-options static route 0.0.0.0/0 next-hop 198.51.100.1
                    """
                let planned = try lab.operate("config\n\(edits)\ncommit dry-run outformat native")
                try require(
                    planned, contains: "set system ntp server 192.0.2.123 prefer",
                    "set routing-options static route 0.0.0.0/0 next-hop 198.51.100.1")
                try lab.commit(edits)
                try Self.requireCalm(lab)
                try require(
                    try Self.configuration(lab, "r1"),
                    contains: "set policy-options policy-statement p term a then accept\n")
                let log = try lab.shell("ncs-netsim log r0")
                try require(
                    log, contains: "configure exclusive", "commit check", "commit confirmed 10", "[edit]# commit\n",
                    "exit configuration-mode")

                try Self.goesBack(lab)
                try Self.mendsWhatSomebodyDid(lab)
                try Self.refusesAsOne(lab)
            }
        }

        private static func requireCalm(_ lab: Lab) throws {
            #expect(try lab.outOfSync(names) == [:])
            try lab.requireAgreement(names)
            for name in names {
                let waiting = try lab.onRouter(name, "show system commit").hasPrefix("commit requires confirmation")
                #expect(!waiting, "\(name)")
            }
        }

        private static func goesBack(_ lab: Lab) throws {
            try require(
                try lab.operate("config\nrollback-files apply-rollback-file id 0\ncommit dry-run outformat native"),
                contains: "delete system ntp server 192.0.2.123", "delete policy-options policy-statement p")
            try lab.commit("rollback-files apply-rollback-file id 0")
            #expect(!(try configuration(lab, "r0").contains("192.0.2.123")))
            try requireCalm(lab)
        }

        private static func mendsWhatSomebodyDid(_ lab: Lab) throws {
            let said = try lab.onRouter(
                "r1", "configure\nset system host-name strange\ndeactivate system services ssh\ncommit\nquit")
            try require(said, contains: "commit complete")
            #expect(try lab.outOfSync(names).keys.sorted() == ["r1"])
            try require(
                try lab.operate("devices device r1 compare-config"), contains: "-                host-name r1;",
                "+                host-name strange;")
            try require(try lab.operate("devices device r1 sync-to"), contains: "result true")
            let held = try configuration(lab, "r1")
            try require(held, contains: "set system host-name r1\n")
            #expect(!held.contains("deactivate"))
            try requireCalm(lab)
        }

        /// One device refuses: none keeps the change, and no candidate keeps anything.
        private static func refusesAsOne(_ lab: Lab) throws {
            for (line, reason) in [
                ("commit check", "check refused"), ("commit confirmed 10", "commit refused"),
                ("set system domain-name .*", "syntax error."),
            ] {
                try lab.shell("ncs-netsim fault r1 refuse-line '\(line)' '\(reason)'")
                let refused = try lab.refuse(
                    "config\ndevices device r0..1 config system domain-name example.net\ncommit")
                try require(refused, contains: "r1", reason)
                try lab.shell("ncs-netsim fault r1 clear")
                try requireCalm(lab)
                for name in names {
                    #expect(!(try configuration(lab, name).contains("domain-name")))
                    let left = try lab.onRouter(name, "configure\nshow | compare\nquit")
                    #expect(!left.contains("[edit"), "\(left)")
                }
            }
            // Not even taking back is allowed: the device is in doubt until it can be asked, in a session of its own.
            try lab.shell("ncs-netsim fault r1 refuse-line '(set system|rollback) .*' 'not now'")
            try require(
                try lab.refuse("config\ndevices device r0..1 config system domain-name example.net\ncommit"),
                contains: "r1", "not now")
            try require(
                try lab.operate("devices device r1 live-status exec any \"show version\""), contains: "Hostname")
            try lab.shell("ncs-netsim fault r1 clear")
            try lab.wait(for: "certainty") { try lab.alarms().contains("is-cleared              false") == false }
            try requireCalm(lab)
            try lab.commit("devices device r0..1 config system domain-name example.net")
            try requireCalm(lab)
        }

        // MARK: Kills

        /// Among the points are those between the commit and its confirmation.
        @Test func aKillAnywhereInACommitLeavesBothDevicesAlikeAndNothingToConfirm() throws {
            try Lab.use("statements-crash") { lab in
                try lab.bringUp(routers: 2, driver: "openned-junos-cli-1.0")
                let points = try Self.points(lab)
                for point in Soak.sample(points, 3, seed: 6) {
                    try lab.startDaemon(more: ["OPENNED_CRASH_AT": "driver.command:\(point)"])
                    let word = "step\(point)"
                    let commands = "config\n\(Self.change(word))\ncommit\n"
                    _ = try lab.attempt("ncs_cli", ["-C", "-u", "admin"], input: commands)
                    if (try? lab.wait(for: "the kill", seconds: 15) { lab.daemon == nil }) == nil {
                        try lab.killDaemon()
                    }
                    try lab.startDaemon()
                    try lab.wait(for: "agreement after a kill at command \(point)") {
                        try lab.outOfSync(Self.names).isEmpty
                    }
                    try Self.requireCalm(lab)
                    let having = try Self.names.filter { try Self.configuration(lab, $0).contains(word) }
                    #expect(having.isEmpty || having == Self.names, "killed at command \(point): \(having)")
                    try lab.stopDaemon()
                }
            }
        }

        private static func change(_ word: String) -> String {
            "devices device r0..1 config system domain-name \(word)\ndevices device r0..1 config system time-zone UTC"
        }

        /// How many commands a fresh daemon sends to devices while it commits.
        private static func points(_ lab: Lab) throws -> [Int] {
            try lab.stopDaemon()
            let trace = lab.directory.path("trace")
            try lab.startDaemon(more: ["OPENNED_CRASH_TRACE": trace])
            try lab.commit(change("traced"))
            try lab.stopDaemon()
            let passed = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
            let count = passed.count { $0 == "driver.command" }
            try #require(count > 15, "commands to both devices: \(count)")
            return Array(1...count)
        }
    }
}
