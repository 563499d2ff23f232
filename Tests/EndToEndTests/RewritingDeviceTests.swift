import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// A router that hashes secrets, rewrites case and adds and drops lines.
    @Suite struct RewritingDeviceTests {
        private static let behaviour = #"""
            [
              {"behaviour": "hash-secrets"},
              {"behaviour": "canonical-addresses"},
              {"behaviour": "upper-case", "pattern": "hostname .*"},
              {"behaviour": "add-lines", "pattern": "interface GigabitEthernet ?0/.*", "lines": ["ip ospf cost 7"]},
              {"behaviour": "drop-line", "pattern": "mtu 1500"}
            ]
            """#

        private static let changes = """
            devices device r0 config hostname edge-Router
            devices device r0 config username guest password 0 S3cret-word
            devices device r0 config interface GigabitEthernet 0/5 mtu 1500
            devices device r0 config interface GigabitEthernet 0/5 description Rewritten
            """

        @Test func aRouterThatRewritesIsInSyncAndTheSameCommitAgainSendsNothing() throws {
            try Lab.use("rewriting") { lab in
                try lab.bringUp(routers: 2, driver: Lab.newDriver)
                try Self.behaviour.write(
                    toFile: lab.run + "/netsim/r/r0/behaviour.json", atomically: true, encoding: .utf8)
                try lab.commit("devices global-settings trace raw")
                try lab.commit(Self.changes)
                let shown = try lab.onRouter("r0")
                try require(shown, contains: "hostname EDGE-ROUTER", "username guest password 7 ", " ip ospf cost 7")
                #expect(!shown.contains("S3cret-word") && !shown.contains("mtu 1500"))
                try requireSilence(lab, "after the commit")
                let version = try lab.operate("devices device r0 live-status exec any show version")
                try require(version, contains: "OpenNED simulated router")

                try lab.stopDaemon()
                try lab.startDaemon()
                try requireSilence(lab, "after a restart")

                try lab.operate("devices device r0 sync-from")
                try requireSilence(lab, "after sync-from")
                let stored = try lab.shell("grep -rl -e S3cret-word ncs-cdb logs state || true")
                #expect(stored.isEmpty, "the secret is in \(stored)")
            }
        }

        @Test func changesBehindTheControllersBackStillShow() throws {
            try Lab.use("rewriting-foreign") { lab in
                try lab.bringUp(routers: 1, driver: Lab.newDriver)
                try Self.behaviour.write(
                    toFile: lab.run + "/netsim/behaviour.json", atomically: true, encoding: .utf8)
                try lab.commit(Self.changes)
                try lab.requireAgreement(["r0"])
                try lab.onRouterConfigure("r0", "username guest password 0 another\nno interface GigabitEthernet 0/5")
                #expect(try lab.outOfSync(["r0"]).count == 1)
                let said = try lab.operate("devices device r0 compare-config")
                try require(said, contains: "guest", "GigabitEthernet")
                #expect(!said.contains("EDGE-ROUTER"))
                try lab.operate("devices device r0 sync-to")
                #expect(try lab.outOfSync(["r0"]) == [:])
                try lab.requireAgreement(["r0"])

                try lab.shell("ncs-netsim fault r0 refuse-line 'description Second.*'")
                let refused = try lab.refuse(
                    """
                    config
                    devices device r0 config username second password 0 Th1rd-word
                    devices device r0 config interface GigabitEthernet 0/6 description Second
                    commit
                    """)
                try require(refused, contains: "Aborted: ")
                #expect(try !lab.onRouter("r0").contains("second"))
                #expect(try lab.outOfSync(["r0"]) == [:])
                try lab.requireAgreement(["r0"])
            }
        }

        /// The same of a device with statements and a candidate.
        private static let statements = #"""
            [
              {"behaviour": "hash-secrets"},
              {"behaviour": "canonical-addresses"},
              {"behaviour": "upper-case", "pattern": "system host-name .*"},
              {"behaviour": "add-lines", "pattern": "system radius-server .* secret .*",
               "lines": ["system ntp server 192.0.2.99"]},
              {"behaviour": "drop-line", "pattern": "interfaces .* mtu 1500"}
            ]
            """#

        private static let statementChanges = """
            devices device r0 config system host-name edge-Router
            devices device r0 config system radius-server 192.0.2.49 secret S3cret-word
            devices device r0 config system name-server 2001:DB8::53
            devices device r0 config interfaces ge-0/0/1 mtu 1500
            devices device r0 config interfaces ge-0/0/1 description Rewritten
            """

        @Test func aDeviceWithStatementsThatRewritesIsInSync() throws {
            try Lab.use("rewriting-statements") { lab in
                try lab.bringUp(routers: 2, driver: "openned-junos-cli-1.0")
                try Self.statements.write(
                    toFile: lab.run + "/netsim/r/r0/behaviour.json", atomically: true, encoding: .utf8)
                try lab.commit("devices global-settings trace raw")
                try lab.commit(Self.statementChanges)
                let shown = try lab.onRouter("r0", "show configuration | display set")
                try require(
                    shown, contains: "host-name EDGE-ROUTER\n", "secret \"$9$", "name-server 2001:db8::53\n",
                    "ntp server 192.0.2.99\n", "description Rewritten\n")
                #expect(!shown.contains("S3cret-word") && !shown.contains("mtu 1500"))
                try requireSilence(lab, "after the commit", Self.statementChanges)
                try lab.operate("devices device r0 sync-from")
                try requireSilence(lab, "after sync-from", Self.statementChanges)
                // Somebody else's change shows all the same.
                _ = try lab.onRouter(
                    "r0", "configure\nset system radius-server 192.0.2.49 secret another\ncommit\nquit")
                #expect(try lab.outOfSync(["r0"]).count == 1)
                let said = try lab.operate("devices device r0 compare-config")
                try require(said, contains: "radius-server")
                #expect(!said.contains("EDGE-ROUTER"))
            }
        }

        /// In sync, nothing to compare, and the same commit again talks to no router.
        private func requireSilence(_ lab: Lab, _ circumstances: String, _ changes: String = changes) throws {
            let names = ["r0", "r1"]
            #expect(try lab.outOfSync(names) == [:], "\(circumstances)")
            try lab.requireAgreement(names, circumstances)
            let before = try traffic(lab)
            try lab.commit(changes, isEmpty: true)
            let native = try lab.operate("devices device r0 sync-to dry-run")
            #expect(!native.contains("guest") && !native.contains("interface"), "\(circumstances): \(native)")
            #expect(try traffic(lab) == before, "\(circumstances)")
        }

        /// How often the trace has a device being configured, which a dry run does not.
        private func traffic(_ lab: Lab) throws -> Int {
            let name = lab.directory.names(in: "run/logs").first { $0.hasSuffix("-r0.trace") }
            let trace = try lab.directory.text("run/logs/" + (name ?? ""))
            return trace.occurrences(of: "PREPARE") - trace.occurrences(of: "PREPARE DRY")
        }
    }
}
