import Basics
import Foundation
import TestSupport
import Testing

/// Clients of the field on devices of shipped and of public models.
@Suite(.serialized, .enabled(if: TestNetwork.hasModules)) struct FieldClientTests {
    private static let ios = SharedData.path("nso-examples/cisco-ios-netsim-cli-1.0")
    private static let nx = SharedData.path("nso-examples/cisco-nx-netsim-cli-1.0")
    private static let hasScrapli =
        (try? TestNetwork.execute(["python3", "-c", "from scrapli import Cli"]).status) == 0
    private static let isLong = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"] != nil
    private static let hasTools = NetworkTests.hasSSH && NetworkTests.hasNetmiko

    private func start(_ package: String?) throws -> TestNetwork {
        let network = try TestNetwork()
        try network.run("create-network", try #require(package), "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        return network
    }

    /// Log in, read, configure, save.
    private func drive(_ network: TestNetwork, _ type: String, _ interface: String, port: UInt16? = nil) throws {
        let script = """
            import netmiko
            c = netmiko.ConnectHandler(device_type="\(type)", host="127.0.0.1", port=\(port ?? network.basePort),
                                       username="admin", password="admin", conn_timeout=60,
                                       read_timeout_override=120)
            print(c.find_prompt())
            print(c.send_config_set(["interface \(interface)", "description netmiko"]))
            print(c.save_config())
            print(c.send_command("show startup-config | include description"))
            c.disconnect()
            """
        let result = try TestNetwork.execute(["python3", "-c", script])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("c0#\n"), "\(result.output)")
        #expect(result.output.contains(" description netmiko\n"), "\(result.output)")
    }

    /// A terminal pages, help and TAB know the model, and a marker stands below a wrong word.
    @Test(.enabled(if: NetworkTests.hasSSH)) func openSSHPagesAndIsHelped() throws {
        let network = try start(TestNetwork.old)
        let keys = "terminal length 10\nshow running-config\n qconf t\ninterface Gig\t0/7\nwrong word\ninterface ?"
        let paged = try network.ssh(0, nil, input: keys + "\nend\nexit\n", terminal: true).output
        #expect(paged.components(separatedBy: "--More--").count == 3, "\(paged)")
        let wrong = "c0(config-if)#wrong word\r\n              ^\r\n% Invalid input detected at '^' marker.\r\n"
        for words in ["c0(config)#interface GigabitEthernet 0/7\r\n", wrong, "\r\n  Loopback"] {
            #expect(paged.contains(words), "\(words): \(paged)")
        }
    }

    @Test(.enabled(if: hasTools, "no netmiko"))
    func netmikoWorksOverTelnet() throws {
        let network = try TestNetwork(hasTelnet: true)
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        try drive(network, "cisco_ios_telnet", "GigabitEthernet0/1", port: network.telnetPort)
    }

    /// Compiling the model takes a while without optimisation.
    @Test(.enabled(if: ios != nil && hasTools && isLong, "a long campaign with shared data and netmiko"))
    func netmikoWorksOnTheLargeIOSModel() throws { try drive(try start(Self.ios), "cisco_ios", "FastEthernet0/0") }

    @Test(.enabled(if: nx != nil && hasTools, "no shared data, or no netmiko"))
    func netmikoWorksOnTheNexusModel() throws { try drive(try start(Self.nx), "cisco_nxos", "Ethernet1/1") }

    // MARK: scrapli

    /// Log in, read, configure, save.
    private func scrapli(
        _ network: TestNetwork, _ index: UInt16, _ definition: String, _ lines: [String], _ save: [String]
    ) throws -> TestNetwork.Result {
        let script = """
            import sys
            from scrapli import AuthOptions, Cli, SessionOptions, TransportBinOptions
            port, definition, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
            c = Cli("127.0.0.1", port=port, definition_file_or_name=definition,
                    auth_options=AuthOptions(username="admin", password="admin"),
                    session_options=SessionOptions(operation_timeout_s=120),
                    transport_options=TransportBinOptions(enable_strict_key=False))
            c.open()
            print(c.get_prompt().result)
            result = c.send_inputs(sys.argv[4:4 + count], requested_mode="configuration")
            print("configured:", not result.failed)
            for line in sys.argv[4 + count:]:
                print(c.send_input(line).result)
            c.close()
            """
        let words = ["python3", "-c", script, "\(network.basePort + index)", definition, "\(lines.count)"]
        return try TestNetwork.execute(words + lines + save)
    }

    @Test(.enabled(if: nx != nil && hasScrapli, "no shared data, or no scrapli of the generation with libscrapli"))
    func scrapliWorksOnDevicesOfThreeKinds() throws {
        let network = try TestNetwork()
        let junos = TestNetwork.repository + "/packages/openned-junos-cli-1.0"
        network.run(["create-network", TestNetwork.old, "1", "c", "create-network", try #require(Self.nx), "1", "n"])
            .expectSuccess()
        network.run(["add-to-network", junos, "1", "j"]).expectSuccess()
        try network.run("start").expectSuccess()
        let ios = try scrapli(
            network, 0, "cisco_iosxe", ["interface GigabitEthernet0/1", "description scrapli"],
            ["write memory", "show startup-config | include description"])
        #expect(ios.output.hasPrefix("c0#\nconfigured: True\n"), "\(ios.output)\(ios.errors)")
        #expect(ios.output.contains("\n description scrapli"), "\(ios.output)")
        let nexus = try scrapli(
            network, 1, "cisco_nxos", ["interface Ethernet1/1", "description scrapli"],
            ["copy running-config startup-config", "show startup-config | include description"])
        #expect(nexus.output.hasPrefix("n0#\nconfigured: True\n"), "\(nexus.output)\(nexus.errors)")
        #expect(nexus.output.contains("\n description scrapli"), "\(nexus.output)")
        let statements = try scrapli(
            network, 2, "juniper_junos", ["set system domain-name scrapli.example", "commit"],
            ["show configuration | display set | match domain"])
        #expect(statements.output.hasPrefix("admin@j0>\nconfigured: True\n"), "\(statements.output)")
        #expect(statements.output.contains("\nset system domain-name scrapli.example"), "\(statements.output)")
    }

    @Test(.enabled(if: ios != nil && hasScrapli && isLong, "a long campaign with shared data and scrapli"))
    func scrapliWorksOnTheLargeIOSModel() throws {
        let result = try scrapli(
            try start(Self.ios), 0, "cisco_iosxe", ["interface FastEthernet0/0", "description scrapli"],
            ["write memory", "show startup-config | include description"])
        #expect(result.output.contains("\n description scrapli"), "\(result.output)\(result.errors)")
    }

    // MARK: OpenSSH on the public models

    /// Pages, configures on a terminal, saves, and reads what was saved by a command of its own.
    private func terminal(_ network: TestNetwork, _ interface: String, _ save: String) throws {
        let keys =
            "terminal length 10\nshow running-config\n qconf t\ninterface \(interface)\ndescription by hand\nend\n"
        let said = try network.ssh(0, nil, input: keys + "\(save)\nexit\n", terminal: true).output
        #expect(said.components(separatedBy: "--More--").count == 3, "\(said)")
        #expect(said.contains(")#description by hand\r\n") && said.contains(")#end\r\nc0#\(save)\r\n"), "\(said)")
        let saved = try network.ssh(0, "show startup-config")
        #expect(saved.status == 0 && saved.output.contains("\n description by hand\n"), "\(saved.output)")
    }

    @Test(.enabled(if: nx != nil && NetworkTests.hasSSH, "no shared data, or no ssh"))
    func openSSHWorksOnTheNexusModel() throws {
        try terminal(try start(Self.nx), "Ethernet1/1", "copy running-config startup-config")
    }

    @Test(.enabled(if: ios != nil && NetworkTests.hasSSH && isLong, "a long campaign with shared data and ssh"))
    func openSSHWorksOnTheLargeIOSModel() throws {
        try terminal(try start(Self.ios), "FastEthernet0/0", "write memory")
    }
}
