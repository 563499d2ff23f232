import Basics
import ConfigTree
import Foundation
import Testing

@testable import Netsim

/// The command line of a device, without connection or process.
@Suite(.enabled(if: TestNetwork.hasModules)) struct DeviceShellTests {
    private final class Bench {
        let network: TestNetwork
        let crew = DeviceCrew(threads: 1)
        let entry: NetworkDevice
        let device: SimulatedDevice

        init(_ package: String = TestNetwork.old) throws {
            network = try TestNetwork()
            try network.run("create-network", package, "1", "c")
            let directory = try NetworkDirectory(directory: network.directory + "/netsim")
            entry = directory.info.devices[0]
            device = try Self.start(entry, network, crew)
        }

        deinit { crew.stop() }

        static func start(
            _ entry: NetworkDevice, _ network: TestNetwork, _ crew: DeviceCrew
        ) throws -> SimulatedDevice {
            let model = try DeviceModel(
                NetsimPackage(directory: entry.packageDirectory),
                moduleDirectory: network.directory + "/ncs/src/ncs/yang")
            return try SimulatedDevice(entry, model: model, queue: DeviceQueue(crew: crew), clock: .system)
        }

        func shell(isInteractive: Bool = false) -> DeviceShell {
            DeviceShell(device: device, client: "test", isInteractive: isInteractive)
        }

        /// What a shell answers to lines given one after the other, without what nothing is said to.
        func answers(_ lines: String...) -> [String] {
            var shell = shell()
            return lines.map { shell.execute($0).text }.filter { !$0.isEmpty }
        }

        var text: String {
            var shell = shell()
            return shell.execute("show running-config").text
        }
    }

    @Test func promptsFollowTheModes() throws {
        let bench = try Bench()
        var shell = bench.shell(isInteractive: true)
        #expect(shell.prompt == "c0#")
        #expect(shell.execute("conf t").text == "Enter configuration commands, one per line.  End with CNTL/Z.\n")
        #expect(shell.prompt == "c0(config)#")
        _ = shell.execute("interface GigabitEthernet0/1")
        #expect(shell.prompt == "c0(config-if)#")
        _ = shell.execute("hostname other")
        #expect(shell.prompt == "other(config)#")
        _ = shell.execute("exit")
        #expect(shell.prompt == "other#")
        _ = shell.execute("disable")
        #expect(shell.prompt == "other>")
        #expect(shell.execute("show running-config").isRefused)
        _ = shell.execute("enable")
        #expect(shell.execute("exit").ending == .closes)
    }

    @Test func faultsInLinesArePointedAt() throws {
        let bench = try Bench()
        var shell = bench.shell(isInteractive: true)
        #expect(shell.execute("show nonsense").text == "        ^\n% Invalid input detected at '^' marker.\n\n")
        #expect(shell.execute("show").text == "% Incomplete command.\n\n")
        #expect(shell.execute("show r").text.hasPrefix("Building"))
        #expect(shell.execute("e").text == "% Ambiguous command:  \"e\"\n")
        _ = shell.execute("configure terminal")
        #expect(
            shell.execute("mtu nonsense").text == "           ^\n% Invalid input detected at '^' marker.\n\n")
        #expect(shell.execute("hostname").text == "% Incomplete command.\n\n")
        _ = shell.execute("interface GigabitEthernet0/1")
        let answer = shell.execute("mtu 99999999")
        #expect(answer.isRefused && answer.text.contains("% Invalid input"))
        #expect(!bench.text.contains("99999999"))
    }

    @Test func linesTakeEffectAtOnceAndCanBeTakenBack() throws {
        let bench = try Bench()
        let before = bench.text
        _ = bench.answers("configure terminal", "interface GigabitEthernet0/1", "description Some text", "no shutdown")
        #expect(bench.text.contains("interface GigabitEthernet0/1\n description Some text\n"))
        _ = bench.answers("configure terminal", "interface GigabitEthernet0/1", "no description", "shutdown")
        #expect(bench.text == before)
        let answers = bench.answers("configure terminal", "do show clock", "!", "", "ntp server 192.0.2.1", "end")
        #expect(answers.count == 2 && answers[1].contains(" UTC "))
    }

    @Test func whatTheModelForbidsIsRefusedAndLeavesNoTrace() throws {
        let bench = try Bench()
        let before = bench.text
        let answers = bench.answers(
            "configure terminal", "interface GigabitEthernet0/1", "ip access-group NOPE in", "vrf forwarding NOPE")
        #expect(answers.count == 3 && answers.dropFirst().allSatisfy { $0.hasPrefix("% ") }, "\(answers)")
        #expect(bench.text == before)
        _ = bench.answers(
            "configure terminal", "ip access-list standard YES", "10 permit any", "exit",
            "interface GigabitEthernet0/1", "ip access-group YES in")
        #expect(bench.text.contains(" ip access-group YES in\n"))
        let inUse = bench.answers("configure terminal", "no ip access-list standard YES")
        #expect(inUse.count == 2 && inUse[1].hasPrefix("% "), "\(inUse)")
        #expect(bench.text.contains("ip access-list standard YES"))
    }

    @Test func wholeConfigurationOfTheDriverIsTakenLineByLine() throws {
        let bench = try Bench()
        let file = TestNetwork.old + "/test/branch.cfg"
        let text = String(decoding: try DurableFiles.read(file), as: UTF8.self)
        var shell = bench.shell()
        _ = shell.execute("configure terminal")
        // References come first in a configuration: two rounds, as an operator who pastes it would need.
        var refused: [String] = []
        for _ in 0..<2 {
            refused = text.split(separator: "\n").filter { shell.execute(String($0)).isRefused }.map(String.init)
        }
        #expect(refused.isEmpty, "\(refused)")
        for line in text.split(separator: "\n") where line != "!" {
            #expect(bench.text.contains("\n\(line)\n"), "\(line)")
        }
    }

    @Test func bannersSpanLines() throws {
        let bench = try Bench()
        let answers = bench.answers("configure terminal", "banner motd #", "first", "second #", "end")
        #expect(answers.last == "Enter TEXT message.  End with the character '#'.\n")
        #expect(bench.text.contains("banner motd ^C\nfirst\nsecond ^C\n"))
    }

    @Test func filtersSelectLines() throws {
        let bench = try Bench()
        #expect(bench.answers("show running-config | include ^hostname") == ["hostname c0\n"])
        #expect(
            bench.answers("show run | section interface Loop") == [
                "interface Loopback0\n ip address 127.0.0.1 255.0.0.0\n"
            ])
        #expect(bench.answers("show run | count shutdown") == ["Number of lines which match regexp = 3\n"])
        #expect(bench.answers("show run | begin ip http secure")[0].hasPrefix("no ip http secure-server\nend\n"))
        #expect(bench.answers("show run | frob x")[0].contains("% Invalid input"))
        #expect(
            bench.answers("show running-config interface GigabitEthernet0/2")[0].contains(
                "interface GigabitEthernet0/2\n shutdown\n!\nend\n"))
        #expect(bench.answers("show running-config interface GigabitEthernet0/9")[0].contains("% Invalid input"))
    }

    @Test func savedConfigurationComesBackOnReload() throws {
        let bench = try Bench()
        #expect(bench.answers("write memory") == ["Building configuration...\n[OK]\n"])
        let saved = bench.text
        _ = bench.answers("configure terminal", "hostname unsaved")
        #expect(bench.text != saved)
        var shell = bench.shell(isInteractive: true)
        _ = shell.execute("reload")
        #expect(shell.prompt == "Proceed with reload? [confirm]")
        #expect(shell.execute("y").ending == .breaks)
        #expect(bench.text == saved)
    }

    @Test func changesSurviveTheDeathOfTheProcess() throws {
        let bench = try Bench()
        _ = bench.answers(
            "configure terminal", "interface GigabitEthernet0/1", "description Kept", "exit",
            "vlan 10", "name users", "exit", "no ip cef")
        // Nothing was flushed: the device that starts again reads file and journal as a killed process left them.
        #expect(DurableFiles.exists(bench.entry.files.journal))
        let again = try Bench.start(bench.entry, bench.network, bench.crew)
        #expect(XMLDataEncoder.bytes(again.running) == XMLDataEncoder.bytes(bench.device.running))
        #expect(!DurableFiles.exists(bench.entry.files.journal))
        // A journal that was folded in already, and a line that was cut off.
        try DurableFiles.replace(bench.entry.files.journal, with: Array("0-0\n[[\"delete\",\"/\"]]\n".utf8))
        let third = try Bench.start(bench.entry, bench.network, bench.crew)
        #expect(XMLDataEncoder.bytes(third.running) == XMLDataEncoder.bytes(again.running))
    }

    @Test func injectedFaultsHitWhatTheyName() throws {
        let bench = try Bench()
        let plan = FaultPlan(rules: [
            try FaultRule(["refuse-line", "hostname .*"]), try FaultRule(["hang-up-line", "vlan 66"]),
            try FaultRule(["silent-line", "vlan 67"]), try FaultRule(["hang-up-after", "4"]),
        ])
        try plan.write(to: bench.entry.files.faults)
        #expect(try FaultPlan(path: bench.entry.files.faults) == plan)
        var shell = bench.shell()
        _ = shell.execute("configure terminal")
        #expect(shell.execute("hostname x").text == "% Refused by fault injection\n")
        #expect(shell.execute("vlan 66").ending == .breaks)
        #expect(shell.execute("vlan 67").ending == .hangs)
        #expect(shell.execute("vlan 1").ending == .breaks)
        #expect(shell.execute("vlan 2").ending == .goesOn)
        #expect(bench.text.contains("hostname c0\n") && !bench.text.contains("vlan 6"))
        try FaultPlan().write(to: bench.entry.files.faults)
        #expect(shell.execute("hostname x").text.isEmpty)
        let log = String(decoding: try DurableFiles.read(bench.entry.files.commandLog), as: UTF8.self)
        #expect(log.contains("test (config)# vlan 66\n"))
    }

    @Test func faultsOfAnswersAndOfTheDeviceItself() throws {
        let bench = try Bench()
        var plan = FaultPlan(
            rules: try ["truncate-line 'show run.*' 40", "garbage-line 'show clock' 9"].map {
                try FaultRule(ShellWords.split($0))
            })
        plan.rules += [
            try FaultRule(["change-line", "vlan 5", "vlan 99; name itself"]),
            try FaultRule(["in", "operational", "delay", "20", "5"]),
            try FaultRule(["commit-fails", "% Commit failed"]),
        ]
        plan.seed = 7
        try plan.write(to: bench.entry.files.faults)
        #expect(try FaultPlan(path: bench.entry.files.faults) == plan)
        var shell = bench.shell()
        let shown = shell.execute("show running-config")
        #expect(shown.text.utf8.count == 40 && (20..<25).contains(shown.delay))
        #expect(shell.execute("show clock").garbage?.count == 9)
        _ = shell.execute("configure terminal")
        #expect(shell.execute("vlan 5").delay == 0)
        #expect(shell.execute("commit").text == "% Commit failed\n")
        let vlans = bench.device.running.rootInstance.entries("vlan").map(\.keys)
        #expect(vlans == [["5"], ["99"]])
        let log = String(decoding: try DurableFiles.read(bench.entry.files.commandLog), as: UTF8.self)
        #expect(log.contains("itself (config)# vlan 99\n"))
    }

    @Test func chanceIsTheSameFromTheSameSeed() throws {
        let path = try TestNetwork().directory + "-faults"
        defer { unlink(path) }
        func draw(_ seed: UInt64) throws -> [Bool] {
            try FaultPlan(rules: [FaultRule(["chance", "0.5", "refuse"])], seed: seed).write(to: path)
            var injector = FaultInjector(path: path)
            return (0..<64).map { _ in injector.outcome(of: "x", in: .configuration).ending != nil }
        }
        let first = try draw(42)
        #expect(try draw(42) == first && draw(43) != first)
        #expect((16...48).contains(first.count { $0 }))
    }

    @Test func faultsThatAreNoneAreRefused() throws {
        for text in [
            "", "dance", "refuse-line", "refuse-line (", "hang-up-after 0", "hang-up-after x", "delay", "delay -1",
            "in kitchen refuse", "chance 2 refuse", "wrong-password now", "wrong-password-line x", "truncate 1 2",
        ] {
            #expect(throws: NetsimError.self, "\(text)") { try FaultRule(ShellWords.split(text)) }
        }
        for text in ["in any refuse-line a b", "delay 5 6", "truncate 0", "reboot-after 3", "slow-reading 100"] {
            let rule = try FaultRule(ShellWords.split(text))
            #expect(try FaultRule(rule.words) == rule && rule.description.replacing("\"", with: "") == text)
        }
    }
}
