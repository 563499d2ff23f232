import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Our driver and our simulated routers, over Telnet.
    @Suite struct TelnetDeviceTests {
        @Test func routersAreReadConfiguredAndSavedOverTelnet() throws {
            try Lab.use("telnet") { lab in
                let port = try FreePorts.block(2)
                try lab.shell("TELNET_PORT=\(port) ncs-netsim create-network \(Lab.driver) 2 r")
                try lab.shell("ncs-setup --dest . --netsim-dir netsim && ncs-netsim start")
                try lab.startDaemon()
                try lab.commit(
                    (0..<2).map {
                        "devices device r\($0) port \(port + $0) device-type cli protocol telnet"
                    }.joined(separator: "\n") + "\ndevices global-settings trace raw")
                let said = try lab.operate("devices sync-from")
                #expect(said.occurrences(of: "result true") == 2, "\(said)")
                try lab.commit("devices device r0..1 config interface GigabitEthernet 0/1 description Over-Telnet")
                for name in ["r0", "r1"] {
                    try require(try lab.onRouter(name), contains: " description Over-Telnet\n")
                    try require(try lab.onRouter(name, "show startup-config"), contains: " description Over-Telnet\n")
                }
                #expect(try lab.outOfSync(["r0", "r1"]) == [:])
                // A router that hangs up in the midst of a change has nothing of it, and neither has the other.
                try lab.shell("ncs-netsim fault r1 hang-up-line 'description .*'")
                try require(
                    try lab.refuse(
                        "config\ndevices device r0..1 config interface GigabitEthernet 0/1 description Half\ncommit"),
                    contains: "Aborted: ", "r1")
                try lab.shell("ncs-netsim fault r1 clear")
                try lab.wait(for: "agreement") { try lab.outOfSync(["r0", "r1"]).isEmpty }
                for name in ["r0", "r1"] { #expect(!(try lab.onRouter(name).contains("Half")), "\(name)") }
                let trace = lab.directory.names(in: "run/logs").first { $0.hasSuffix("-r0.trace") } ?? ""
                let text = try lab.directory.text("run/logs/" + trace)
                #expect(text.contains("Username: ") && !text.contains("admin\r\nadmin"))
            }
        }
    }
}
