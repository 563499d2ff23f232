import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Programs that are not ours talk to simulated routers.
    @Suite struct ForeignClientTests {
        @Test func openSSHReadsARouterByCommandAndInAShell() throws {
            try Lab.use("openssh") { lab in
                try lab.shell("ncs-netsim create-network \(Lab.driver) 1 r && ncs-netsim start")
                try require(try lab.onRouter("r0"), contains: "hostname r0", "interface GigabitEthernet0/1")
                let port = try lab.shell("ncs-netsim get-port r0 cli").filter(\.isNumber)
                let shell = try lab.attempt(
                    "sshpass", ["-p", "admin", "ssh", "-tt"] + Lab.sshOptions + ["-p", port, "admin@127.0.0.1"],
                    input: "terminal length 0\nshow running-config\nexit\n", seconds: 120)
                try require(shell.output.withoutReturns, contains: "r0#", "\nhostname r0\n", "\nend\n")
                let wrong = try lab.attempt(
                    "sshpass",
                    ["-p", "wrong", "ssh"] + Lab.sshOptions + ["-p", port, "admin@127.0.0.1", "show version"])
                #expect(wrong.status != 0 && wrong.output.isEmpty)
            }
        }

        private static let hasNetmiko =
            (try? ChildProcess.run("python3", ["-c", "import netmiko"]).status) == 0

        @Test(.enabled(if: hasNetmiko, "netmiko is not installed"))
        func netmikoReadsARouterAndConfiguresIt() throws {
            try Lab.use("netmiko") { lab in
                try lab.shell("ncs-netsim create-network \(Lab.driver) 1 r && ncs-netsim start")
                let port = try lab.shell("ncs-netsim get-port r0 cli").filter(\.isNumber)
                try lab.directory.write(
                    "run/read.py",
                    """
                    from netmiko import ConnectHandler
                    router = ConnectHandler(device_type='cisco_ios', host='127.0.0.1', port=\(port), username='admin',
                                            password='admin', ssh_config_file='/dev/null')
                    print(router.find_prompt())
                    print(router.send_command('show running-config'))
                    router.send_config_set(['interface GigabitEthernet0/2', 'description By netmiko'])
                    print(router.send_command('show running-config interface GigabitEthernet0/2'))
                    router.disconnect()
                    """)
                // The interpreter that the environment of the tests finds, which has netmiko.
                let python = try ChildProcess.run("python3", ["-c", "import sys; print(sys.executable)"]).output
                let outcome = try lab.attempt(python.trimmingCharacters(in: .newlines), ["read.py"])
                guard outcome.status == 0 else { throw ProcessFault("\(outcome)") }
                try require(outcome.output, contains: "r0#", "hostname r0", " description By netmiko")
            }
        }

        @Test func whatIsChangedOnTheRouterIsFoundAndRefused() throws {
            try Lab.use("out-of-sync") { lab in
                try lab.bringUp(routers: 1)
                try lab.onRouterConfigure("r0", "hostname changed")
                let said = try lab.operate("devices device r0 check-sync\ndevices device r0 compare-config")
                try require(said, contains: "result out-of-sync", "hostname")
                let refused = try lab.refuse(
                    "config\ndevices device r0 config interface GigabitEthernet 0/1 description x\ncommit")
                try require(refused, contains: "Network Element Driver: device r0: out of sync")
                try require(try lab.operate("devices device r0 sync-to"), contains: "result true")
                #expect(try lab.outOfSync(["r0"]) == [:])
            }
        }
    }
}
