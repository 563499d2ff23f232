import Basics
import ConfigTree
import Foundation
import Testing

@testable import Netsim

/// The command line of a device with statements and a candidate, without connection or process.
@Suite(.enabled(if: TestNetwork.hasModules)) struct StatementShellTests {
    private final class Bench {
        let network: TestNetwork
        let crew = DeviceCrew(threads: 1)
        let entry: NetworkDevice
        private(set) var device: SimulatedDevice

        init() throws {
            network = try TestNetwork()
            try network.run("create-network", TestNetwork.repository + "/packages/openned-junos-cli-1.0", "1", "j")
            entry = try NetworkDirectory(directory: network.directory + "/netsim").info.devices[0]
            device = try Self.start(entry, network, crew)
        }

        deinit { crew.stop() }

        private static func start(
            _ entry: NetworkDevice, _ network: TestNetwork, _ crew: DeviceCrew
        ) throws -> SimulatedDevice {
            let model = try DeviceModel(
                NetsimPackage(directory: entry.packageDirectory),
                moduleDirectory: network.directory + "/ncs/src/ncs/yang")
            return try SimulatedDevice(entry, model: model, queue: DeviceQueue(crew: crew), clock: .system)
        }

        func restart() throws { device = try Self.start(entry, network, crew) }

        func shell(isInteractive: Bool = false) -> any CommandShell {
            device.commandShell(client: "test", user: "admin", isInteractive: isInteractive)
        }

        /// What a session answers to lines given one after the other, without what nothing is said to.
        func answers(_ lines: String...) -> [String] {
            var shell = shell()
            defer { shell.end() }
            return lines.map { shell.execute($0).text }.filter { !$0.isEmpty }
        }

        var text: String {
            let lines = answers("show configuration")[0].split(separator: "\n")
            return lines.dropFirst(2).map { $0 + "\n" }.joined()
        }
    }

    @Test func promptsAndBannersFollowTheModes() throws {
        let bench = try Bench()
        var shell = bench.shell(isInteractive: true)
        #expect(shell.prompt == "admin@j0> ")
        #expect(shell.execute("conf").text == "Entering configuration mode\n\n[edit]\n")
        #expect(shell.prompt == "admin@j0# ")
        #expect(shell.execute("edit interfaces ge-0/0/0").text == "\n[edit interfaces ge-0/0/0]\n")
        #expect(shell.execute("edit unit 0 family inet").text == "\n[edit interfaces ge-0/0/0 unit 0 family inet]\n")
        #expect(shell.execute("up 3").text == "\n[edit interfaces ge-0/0/0]\n")
        #expect(shell.execute("set mtu 1600").text == "\n[edit interfaces ge-0/0/0]\n")
        #expect(shell.execute("show").text == "mtu 1600;\n\n[edit interfaces ge-0/0/0]\n")
        #expect(shell.execute("top").text == "\n[edit]\n")
        #expect(
            shell.execute("show | compare").text
                == "[edit interfaces]\n+   ge-0/0/0 {\n+       mtu 1600;\n+   }\n\n[edit]\n")
        #expect(shell.execute("exit").text == "The configuration has been changed but not committed\n")
        #expect(shell.prompt == "Exit with uncommitted changes? [yes,no] (yes) ")
        #expect(shell.execute("no").text == "\n[edit]\n")
        _ = shell.execute("rollback 0")
        #expect(shell.execute("exit").text == "Exiting configuration mode\n")
        #expect(shell.execute("exit").ending == .closes)
    }

    @Test func faultsAreSaidInTheWordsOfSuchDevices() throws {
        let bench = try Bench()
        var shell = bench.shell(isInteractive: true)
        #expect(shell.execute("shw").text == "          ^\nunknown command.\n")
        #expect(shell.execute("show nonsense").text == "               ^\nsyntax error.\n")
        #expect(shell.execute("show").text.hasSuffix("missing argument.\n"))
        _ = shell.execute("configure exclusive")
        for (line, said) in [
            ("frobnicate", "unknown command."), ("set system magic", "syntax error."),
            ("set system host-name", "missing argument."), ("set interfaces ge-0/0/0 mtu 7", "invalid value: \"7\""),
            ("set system s", "'s' is ambiguous."), ("rollback 99", "syntax error."),
            ("commit nothing", "syntax error."),
            ("rollback 3", "error: rollback 3 does not exist"),
        ] {
            let answer = shell.execute(line)
            #expect(answer.isRefused)
            #expect(answer.text.hasSuffix("\(said)\n\n[edit]\n"), "\(line): \(answer.text)")
        }
        let warned = shell.execute("delete system services telnet")
        #expect(warned.text == "warning: statement not found\n\n[edit]\n")
        #expect(!warned.isRefused)
    }

    @Test func onlyCommitMakesChangesRun() throws {
        let bench = try Bench()
        let before = bench.text
        #expect(before.contains("host-name j0;"))
        _ = bench.answers("configure exclusive", "set system host-name other")
        #expect(bench.text == before)
        #expect(
            bench.answers("configure", "set system host-name other", "commit check", "commit")
                == ["Entering configuration mode\n", "configuration check succeeds\n", "commit complete\n"])
        #expect(bench.text == before.replacing("host-name j0;", with: "host-name other;"))
        #expect(
            bench.answers("configure", "rollback 1", "show | compare", "commit", "quit")[1...]
                == [
                    "load complete\n", "[edit system]\n-   host-name other;\n+   host-name j0;\n", "commit complete\n",
                    "Exiting configuration mode\n",
                ])
        #expect(bench.text == before)
        try bench.restart()
        #expect(bench.text == before)
    }

    @Test func candidatesAreCheckedAsAWhole() throws {
        let bench = try Bench()
        let unit = "interfaces lo0 unit 0"
        let refused = bench.answers(
            "configure exclusive", "set \(unit) family inet filter input f", "commit check", "commit")
        #expect(refused.count == 3 && refused[1] == refused[2])
        #expect(refused[1].hasPrefix("[edit \(unit) family inet filter]\n"))
        #expect(refused[1].hasSuffix("error: configuration check-out failed\n"))
        // In whatever order.
        let taken = bench.answers(
            "configure exclusive", "set \(unit) family inet filter input f",
            "set firewall family inet filter f term t then accept", "commit")
        #expect(taken.last == "commit complete\n")
    }

    @Test func commitsThatNobodyConfirmsAreTakenBack() throws {
        let bench = try Bench()
        let before = bench.text
        let change = ["configure exclusive", "set system host-name other", "commit confirmed 5"]
        var shell = bench.shell()
        let said = change.map { shell.execute($0).text }
        shell.end()
        let announced = "commit confirmed will be automatically rolled back in 5 minutes unless confirmed\n"
        #expect(said[2] == announced + "commit complete\n")
        #expect(bench.text != before)
        #expect(bench.answers("show system commit")[0].hasPrefix("commit requires confirmation\n"))
        bench.device.candidate.expire(bench.device)
        #expect(bench.text == before)
        var second = bench.shell()
        for line in change { _ = second.execute(line) }
        _ = second.execute("commit")
        bench.device.candidate.expire(bench.device)
        #expect(bench.text.contains("host-name other;"))
    }

    @Test func sessionsShareTheCandidateOrHaveItAlone() throws {
        let bench = try Bench()
        var first = bench.shell()
        var second = bench.shell()
        _ = first.execute("configure")
        _ = first.execute("set system host-name shared")
        #expect(second.execute("configure exclusive").text == "error: configuration database modified\n")
        #expect(second.execute("configure private").isRefused)
        _ = second.execute("configure")
        #expect(second.execute("show system host-name").text == "host-name shared;\n")
        _ = second.execute("rollback")
        _ = second.execute("exit")
        _ = second.execute("configure exclusive")
        let refused = first.execute("set system host-name again")
        #expect(refused.text.hasPrefix("error: configuration database locked by:\n"))
        _ = second.execute("set system host-name lost")
        second.end()
        #expect(first.execute("show | compare").text == "")
        // Two copies: what each changed comes together.
        first.end()
        _ = first.execute("configure private")
        _ = second.execute("configure private")
        _ = first.execute("set system domain-name one")
        _ = second.execute("set system time-zone two")
        #expect(first.execute("commit").text == "commit complete\n")
        #expect(second.execute("commit").text == "commit complete\n")
        #expect(bench.text.contains("domain-name one;") && bench.text.contains("time-zone two;"))
    }

    @Test func configurationIsShownInPartsAndForms() throws {
        let bench = try Bench()
        #expect(bench.answers("show configuration system services") == ["ssh;\n"])
        #expect(
            bench.answers("show configuration interfaces | display set")
                == ["set interfaces lo0 unit 0 family inet\n"])
        #expect(bench.answers("show configuration | match host-name") == ["    host-name j0;\n"])
        #expect(bench.answers("show configuration | display set | count | no-more")[0].hasSuffix("= 5\n"))
        let inactive = bench.answers(
            "configure", "deactivate system services ssh", "show system services", "commit",
            "run show configuration system")
        #expect(inactive[1] == "inactive: ssh;\n")
        #expect(inactive[3].contains("    inactive: ssh;\n"))
        try bench.restart()
        #expect(bench.text.contains("        inactive: ssh;\n"))
        #expect(bench.answers("configure", "activate system services ssh", "commit").last == "commit complete\n")
        #expect(!bench.text.contains("inactive"))
    }

    @Test func helpComesFromTheModel() throws {
        let bench = try Bench()
        var shell = bench.shell()
        #expect(shell.help("sh").insertion == "ow ")
        #expect(shell.help("show s").listing.contains("system"))
        _ = shell.execute("configure")
        #expect(shell.help("set sys").insertion == "tem ")
        #expect(shell.help("set interfaces lo0 unit 0 family ").listing.contains("inet6"))
        #expect(!shell.help("set ").listing.contains("  no "))
    }
}
