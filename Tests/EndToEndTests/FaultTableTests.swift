import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Every fault that a simulated device can have, against the drivers: what the operator sees, and that all devices
    /// agree with the controller afterwards, or are reported not to. The table of docs/NETSIM.md.
    @Suite struct FaultTableTests {
        struct Row: Sendable {
            var fault: String
            /// What the operator reads; nil if the commit is done.
            var refusal: String?
            /// Words of a warning of a commit that is done.
            var warning = "Commit"
            /// Whether it takes time-outs, or is much like another one: left to long campaigns.
            var isSlow = false
        }

        static let commandLine = [
            Row(fault: "refuse-line 'description.*' '% No way'", refusal: "device r0: % No way"),
            Row(fault: "hang-up-line 'description.*'", refusal: "PREPARE: connection closed by the peer", isSlow: true),
            Row(fault: "reboot-line 'description.*'", refusal: "PREPARE: connection closed by the peer"),
            Row(fault: "wrong-host-key", refusal: "the host key has changed"),
            Row(fault: "wrong-password", refusal: "authentication failed", isSlow: true),
            Row(fault: "garbage-line 'show running.*' 300", refusal: "r0"),
            Row(fault: "garbage-line 'description.*' 40", refusal: nil, isSlow: true),
            Row(fault: "delay 20 10", refusal: nil, isSlow: true),
            Row(
                fault: "save-fails '% NVRAM full'", refusal: nil,
                warning: "in doubt: device/r0: Network Element Driver: "),
            Row(fault: "truncate-line 'show running.*' 100", refusal: "no prompt within", isSlow: true),
            Row(fault: "silent-line 'description.*'", refusal: "no prompt within", isSlow: true),
            Row(fault: "silent-login", refusal: "no prompt within", isSlow: true),
            Row(fault: "slow-reading 2", refusal: "no prompt within", isSlow: true),
            Row(fault: "full-buffer 12", refusal: "no prompt within", isSlow: true),
        ]

        static let netconf = [
            Row(fault: "commit-fails 'no commit'", refusal: "refuses commit: operation-failed: no commit"),
            Row(
                fault: "refuse-line edit-config 'no edit'", refusal: "refuses edit-config: operation-failed: no edit",
                isSlow: true),
            Row(fault: "hang-up-line commit", refusal: "connection closed by the peer"),
            Row(fault: "reboot-line commit", refusal: "connection closed by the peer", isSlow: true),
            Row(fault: "wrong-host-key", refusal: "the host key has changed", isSlow: true),
            Row(fault: "wrong-password", refusal: "authentication failed", isSlow: true),
            Row(fault: "garbage-line edit-config 40", refusal: "is no NETCONF message"),
            Row(fault: "delay 20 10", refusal: nil, isSlow: true),
            Row(
                fault: "truncate-line edit-config 30", refusal: "the reply to edit-config cannot be read", isSlow: true),
            Row(fault: "silent-line commit", refusal: "no reply to commit", isSlow: true),
            Row(fault: "silent-login", refusal: "no reply to hello", isSlow: true),
            Row(fault: "slow-reading 50", refusal: "no reply to get-config", isSlow: true),
            Row(fault: "full-buffer 100", refusal: "no reply to get-config", isSlow: true),
        ]

        private static let isLong = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"] != nil

        private static func rows(_ table: [Row]) -> [Row] { table.filter { isLong || !$0.isSlow } }

        @Test func commandLineDeviceMisbehavesAndTheNetworkAgreesAfterwards() throws {
            try Lab.use("fault-table") { lab in
                try lab.bringUp(routers: 2)
                try Self.shortenTimes(lab)
                for (number, row) in Self.rows(Self.commandLine).enumerated() {
                    let text = "Try\(number)"
                    let change = "config interface GigabitEthernet 0/1 description \(text)"
                    let path = "/interface/GigabitEthernet{0/1}/description"
                    try Self.run(row, on: "r0", "devices device r0..1 \(change)", lab) {
                        try ["r0", "r1"].map {
                            try lab.shell("ncs-netsim cmd \($0) 'get \(path)' || true").contains(text)
                        }
                    }
                }
                // What is no configuration does not become one.
                try lab.shell("ncs-netsim fault r0 garbage-line 'show running.*' 3000")
                let said = try lab.operate("devices disconnect\ndevices device r0 sync-from")
                try require(said, contains: "result false", "breaks off after")
                try lab.shell("ncs-netsim fault r0 clear")
                try lab.requireAgreement(["r0", "r1"])
                // A change behind the back is found.
                try lab.shell("ncs-netsim fault r0 change 'hostname itself'")
                #expect(try lab.outOfSync(["r0", "r1"]).keys.sorted() == ["r0"])
            }
        }

        private static let source = SharedData.path("nso-examples/router-nc-1.0")

        @Test(.enabled(if: source != nil, "no shared data"))
        func netconfDeviceMisbehavesAndTheNetworkAgreesAfterwards() throws {
            let source = try #require(Self.source)
            try Lab.use("fault-table-netconf") { lab in
                try NETCONFDeviceTests.build(source, lab)
                try lab.shell("ncs-netsim create-network build/router-nc-1.0 2 r && ncs-netsim start")
                try lab.shell("ncs-setup --dest . --netsim-dir netsim")
                try lab.startDaemon()
                try lab.synchronise(2)
                try Self.shortenTimes(lab)
                for (number, row) in Self.rows(Self.netconf).enumerated() {
                    let text = "Try\(number)"
                    let change = "config sys interfaces interface eth0 unit 2 description \(text)"
                    let path = "/sys/interfaces/interface{eth0}/unit{2}/description"
                    try Self.run(row, on: "r0", "devices device r0..1 \(change)", lab) {
                        try ["r0", "r1"].map {
                            try lab.shell("ncs-netsim cmd \($0) 'get \(path)' || true").contains(text)
                        }
                    }
                }
            }
        }

        private static func shortenTimes(_ lab: Lab) throws {
            guard isLong else { return }
            try lab.commit(
                ["read", "write", "connect"].map { "devices global-settings \($0)-timeout 5" }
                    .joined(separator: "\n"))
        }

        /// One row: commits the change with the fault, takes the fault away and waits for agreement.
        ///
        /// - Parameter hasChange: which of the two devices, the second of which behaves, have the change.
        private static func run(
            _ row: Row, on name: String, _ change: String, _ lab: Lab, hasChange: () throws -> [Bool]
        ) throws {
            try lab.operate("devices disconnect")
            try lab.shell("ncs-netsim fault \(name) \(row.fault)")
            let commands = "config\n\(change)\ncommit"
            if let refusal = row.refusal {
                try require(try lab.refuse(commands), contains: "Aborted: ", refusal)
            } else {
                try require(try lab.operate(commands), contains: "Commit complete.", row.warning)
            }
            try lab.shell("ncs-netsim fault \(name) clear")
            try lab.wait(for: "agreement after \(row.fault)", seconds: 120) { try lab.outOfSync(["r0", "r1"]).isEmpty }
            try lab.requireAgreement(["r0", "r1"], row.fault)
            let isDone = row.refusal == nil
            #expect(try hasChange() == [isDone, isDone], "\(row.fault): both devices or none")
        }
    }
}
