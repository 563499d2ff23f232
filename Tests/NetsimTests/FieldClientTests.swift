import Basics
import Foundation
import TestSupport
import Testing

/// Clients of the field on devices of shipped and of public models.
@Suite(.serialized, .enabled(if: TestNetwork.hasModules), .timeLimit(.minutes(10))) struct FieldClientTests {
    private static let ios = SharedData.path("nso-examples/cisco-ios-netsim-cli-1.0")
    private static let nx = SharedData.path("nso-examples/cisco-nx-netsim-cli-1.0")
    private static let hasScrapli = (try? TestNetwork.execute(["python3", "-c", "import scrapli"]).status) == 0
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

    @Test(.enabled(if: ios != nil && hasScrapli && isLong, "a long campaign with shared data and scrapli"))
    func scrapliWorksOnTheLargeIOSModel() throws {
        let network = try start(Self.ios)
        let script = """
            from scrapli.driver.core import IOSXEDriver
            c = IOSXEDriver(host="127.0.0.1", port=\(network.basePort), auth_username="admin", auth_password="admin",
                            auth_strict_key=False, transport="system", ssh_config_file=False)
            c.open()
            print(c.get_prompt())
            print(c.send_configs(["interface FastEthernet0/0", "description scrapli"]).failed)
            print(c.send_command("show running-config | include description").result)
            c.close()
            """
        let result = try TestNetwork.execute(["python3", "-c", script])
        #expect(result.status == 0 && result.output.contains("description scrapli"), "\(result.output)\(result.errors)")
    }
}
