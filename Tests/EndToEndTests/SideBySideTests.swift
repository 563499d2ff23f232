import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The same job - log in, read, configure, save - done by netmiko at one simulated router and by the controller at
    /// another, with the same fault. The table of docs/CLI-DRIVERS.md.
    @Suite struct SideBySideTests {
        /// What the router has of the change.
        enum Extent: String { case whole, half, nothing }

        struct Row: Sendable {
            var fault: String?
            /// What netmiko leaves in the running configuration, whether it reports it, and what it saves of it.
            var netmiko: Extent
            /// It does not notice that a connection has ended, and waits for its time-out.
            var isPatient = false
            var isReported = false
            var saved = Extent.whole
            /// What the operator of the controller reads; nil if the commit is done.
            var refusal: String?
            var warning = "Commit complete."
            var isSlow = false
        }

        static let rows = [
            Row(netmiko: .whole),
            Row(fault: "chance 0.5 delay 60 40", netmiko: .whole),
            Row(
                fault: "in configuration hang-up-after 3", netmiko: .half, isPatient: true, isReported: true,
                saved: .nothing,
                refusal: "device r1: PREPARE: connection closed by the peer"),
            Row(
                fault: "refuse-line 'ip address.*' '% Bad mask'", netmiko: .half, saved: .half,
                refusal: "device r1: % Bad mask"),
            Row(
                fault: "reboot-line 'ip address.*'", netmiko: .nothing, isPatient: true, isReported: true,
                saved: .nothing,
                refusal: "device r1: PREPARE: connection closed by the peer", isSlow: true),
            Row(
                fault: "save-fails '% NVRAM full'", netmiko: .whole, saved: .nothing,
                warning: "in doubt: device/r1: Network Element Driver: "),
            Row(
                fault: "in operational hang-up-line 'write.*'", netmiko: .whole, isPatient: true, isReported: true,
                saved: .nothing, warning: "in doubt: device/r1", isSlow: true),
            Row(
                fault: "wrong-password", netmiko: .nothing, isReported: true, saved: .nothing,
                refusal: "authentication failed", isSlow: true),
            // Longer than netmiko waits, shorter than we do.
            Row(
                fault: "delay-line 'ip address.*' 12000", netmiko: .half, isPatient: true, isReported: true,
                saved: .nothing,
                isSlow: true),
            Row(
                fault: "silent-line 'ip address.*'", netmiko: .half, isPatient: true, isReported: true, saved: .nothing,
                refusal: "no prompt within", isSlow: true),
        ]

        private static let isLong = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"] != nil
        /// The interpreter that the environment of the tests finds, if it has netmiko.
        private static let python: String? = {
            let script = "import netmiko, sys; print(sys.executable)"
            guard let outcome = try? ChildProcess.run("python3", ["-c", script]), outcome.status == 0 else {
                return nil
            }
            return outcome.output.trimmingCharacters(in: .newlines)
        }()

        @Test(.enabled(if: python != nil, "netmiko is not installed"))
        func theSameJobEndsWholeOrReportedWithUs() throws {
            let python = try #require(Self.python)
            try Lab.use("side-by-side") { lab in
                try lab.bringUp(routers: 2)
                try lab.directory.write("run/job.py", Self.script)
                var table = ""
                for (number, row) in Self.rows.enumerated() where Self.isLong || !row.isSlow {
                    let job = Job(number: number)
                    if let fault = row.fault { try lab.shell("ncs-netsim fault all \(fault)") }
                    let (port, patience) = (try lab.cliPort("r0"), row.isPatient ? "5" : "120")
                    let told = try lab.attempt(python, ["job.py", "\(port)", patience] + job.lines, seconds: 300)
                    let ours = try job.commit(to: "r1", row, lab)
                    if row.fault != nil { try lab.shell("ncs-netsim fault all clear") }
                    try job.settle("r1", row, lab)
                    let theirs = try job.extent(at: "r0", lab)
                    table += "\(row.fault ?? "-"): netmiko \(theirs): \(told.output); ours \(ours)"
                    let saved = try job.extent(at: "r0", lab, "show startup-config")
                    // A busy machine may let its time-out come too soon.
                    let isExpected = theirs == row.netmiko || row.isPatient && theirs != .whole
                    #expect(isExpected && saved == row.saved, "\(row): \(theirs), saved \(saved): \(told)")
                    #expect((told.status != 0) == row.isReported, "\(row): \(told)")
                }
                if ProcessInfo.processInfo.environment["OPENNED_KEEP_LABS"] != nil {
                    try lab.directory.write("run/logs/side-by-side.txt", table)
                }
            }
        }

        /// Three places of the configuration, with values that no other row has.
        struct Job {
            let number: Int

            /// As somebody types them, in the modes that they are for.
            var lines: [String] {
                [
                    "vlan \(100 + number)", "name job\(number)", "interface GigabitEthernet0/1",
                    "description Job\(number)", "ip address 192.0.2.\(number + 1) 255.255.255.0",
                    "ntp server 198.51.100.\(number + 1)",
                ]
            }

            /// Our words for the same.
            private func commands(_ name: String) -> String {
                """
                config
                devices device \(name) config
                vlan \(100 + number)
                name job\(number)
                exit
                interface GigabitEthernet 0/1
                description Job\(number)
                ip address 192.0.2.\(number + 1) 255.255.255.0
                exit
                ntp server 198.51.100.\(number + 1)
                top
                commit
                """
            }

            func commit(to name: String, _ row: Row, _ lab: Lab) throws -> String {
                try lab.operate("devices disconnect")
                let said = try row.refusal == nil ? lab.operate(commands(name)) : lab.refuse(commands(name))
                try require(said, contains: row.refusal == nil ? "Commit complete." : "Aborted: ")
                try require(said, contains: row.refusal ?? row.warning)
                return said.split(separator: "\n").filter {
                    $0.contains("Abort") || $0.contains("Warn") || $0.contains("plete")
                }
                .joined(separator: " ") + "\n"
            }

            /// Waits until the router has the change, running and saved, or nothing of it.
            func settle(_ name: String, _ row: Row, _ lab: Lab) throws {
                try lab.wait(for: "agreement after \(row.fault ?? "no fault")") { try lab.outOfSync([name]).isEmpty }
                try lab.requireAgreement([name], row.fault ?? "")
                let wanted = row.refusal == nil ? Extent.whole : .nothing
                #expect(try extent(at: name, lab) == wanted, "\(row)")
                try lab.wait(for: "saving after \(row.fault ?? "no fault")") {
                    try extent(at: name, lab, "show startup-config") == wanted
                }
            }

            func extent(at name: String, _ lab: Lab, _ command: String = "show running-config") throws -> Extent {
                let text = try lab.onRouter(name, command)
                let found = lines.filter { !$0.hasPrefix("interface") && text.contains("\($0)\n") }.count
                return found == 0 ? .nothing : found == lines.count - 1 ? .whole : .half
            }
        }

        /// The job as its documentation shows it.
        private static let script = """
            import sys
            from netmiko import ConnectHandler
            try:
                router = ConnectHandler(device_type='cisco_ios', host='127.0.0.1', port=int(sys.argv[1]),
                                        username='admin', password='admin', ssh_config_file='/dev/null',
                                        conn_timeout=120, auth_timeout=120, banner_timeout=120,
                                        read_timeout_override=float(sys.argv[2]))
                router.send_command('show running-config')
                router.send_config_set(sys.argv[3:])
                router.save_config()
                router.disconnect()
                print('done')
            except Exception as error:
                print(type(error).__name__ + ': ' + str(error).strip().split('\\n')[0])
                sys.exit(1)
            """
    }
}
