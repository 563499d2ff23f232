import Basics
import Foundation
import Netsim
import TestSupport
import Testing
import YANG

/// Whole networks over real connections.
@Suite(.serialized, .enabled(if: TestNetwork.hasModules)) struct NetworkTests {
    static let hasSSH = TestNetwork.isInstalled("ssh", "sshpass")
    static let hasNetmiko = (try? TestNetwork.execute(["python3", "-c", "import netmiko"]).status) == 0

    @Test(.enabled(if: hasSSH)) func openSSHReadsTwoPackagesInOneNetwork() throws {
        let network = try TestNetwork()
        network.run(["create-network", TestNetwork.old, "2", "c", "create-network", TestNetwork.new, "1", "n"])
            .expectSuccess()
        #expect(
            try network.run("start").output
                == "DEVICE c0 OK STARTED\nDEVICE c1 OK STARTED\nDEVICE n0 OK STARTED\n")
        #expect(try network.run("is-alive").output == "DEVICE c0 OK\nDEVICE c1 OK\nDEVICE n0 OK\n")
        let first = try network.ssh(1, "show running-config")
        #expect(first.status == 0)
        #expect(first.output.contains("hostname c1\n") && first.output.contains("logging trap 6\n"))
        let second = try network.ssh(2, "show running-config")
        #expect(second.output.contains("hostname n0\n") && !second.output.contains("logging trap 6\n"))
        #expect(try network.ssh(0, "show nonsense").status == 1)
        #expect(try network.ssh(0, "show version", password: "wrong").status != 0)
        let script = try network.ssh(0, nil, input: "configure terminal\nhostname shell\nend\nshow run | inc hostn\n")
        #expect(script.output.hasSuffix("hostname shell\n"))
        #expect(try network.run("stop", "c0").output == "DEVICE c0 STOPPED\n")
        let alive = try network.run("is-alive")
        #expect(alive.status == 1 && alive.output == "DEVICE c0 FAIL\nDEVICE c1 OK\nDEVICE n0 OK\n")
        #expect(try network.run("status", "c0").output == "DEVICE c0\nconnection refused (status)\n")
        #expect(try network.run("stop").output.hasPrefix("DEVICE c0 already STOPPED\nDEVICE c1 STOPPED\n"))
    }

    @Test(.enabled(if: hasSSH)) func restartKeepsTheConfigurationAndResetDoesNot() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        _ = try network.ssh(0, nil, input: "configure terminal\nvlan 10\nname users\nend\n")
        #expect(try network.ssh(0, "show running-config vlan 10").output.contains("name users"))
        try network.run("stop").expectSuccess()
        try network.run("start").expectSuccess()
        #expect(try network.ssh(0, "show running-config vlan 10").output.contains("name users"))
        #expect(try network.run("restart").output == "DEVICE c0 STOPPED\nDEVICE c0 OK STARTED\n")
        #expect(!(try network.ssh(0, "show running-config").output.contains("vlan 10")))
    }

    @Test func takenPortIsReportedForItsDevice() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "2", "c").expectSuccess()
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #expect(TestNetwork.listen(on: descriptor, network.basePort + 1))
        let started = try network.run("start")
        #expect(started.status == 1 && started.output == "DEVICE c0 OK STARTED\nDEVICE c1 FAIL\n")
        #expect(started.errors.contains("c1: 127.0.0.1:\(network.basePort + 1)"))
        close(descriptor)
        #expect(try network.run("start").output == "DEVICE c0 already STARTED\nDEVICE c1 OK STARTED\n")
    }

    @Test(.enabled(if: hasSSH)) func faultsAreSetAndClearedWhileTheDeviceRuns() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        try network.run("fault", "c0", "refuse-line", "vlan 6.*", "% No resources").expectSuccess()
        try network.run("fault", "c0", "hang-up-line", "vlan 99").expectSuccess()
        #expect(
            try network.run("fault", "c0").output
                == "refuse-line \"vlan 6.*\" \"% No resources\"\nhang-up-line \"vlan 99\"\n")
        #expect(try network.run("fault", "c0", "refuse-line", "(").status == 2)
        let refused = try network.ssh(0, nil, input: "conf t\nvlan 66\nvlan 99\nvlan 100\n")
        #expect(refused.output.hasSuffix("% No resources\n") && refused.status == 255)
        #expect(!(try network.ssh(0, "show run").output.contains("vlan 100")))
        try network.run("fault", "c0", "clear").expectSuccess()
        _ = try network.ssh(0, nil, input: "conf t\nvlan 66\n")
        #expect(try network.ssh(0, "show run").output.contains("vlan 66"))
        let log = try network.run("log", "c0").output
        #expect(log.contains("(config)# vlan 99\n") && !log.contains("(config)# vlan 100\n"))
    }

    @Test(.enabled(if: hasSSH)) func deviceWithoutPowerAnswersNobodyUntilItIsStarted() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "2", "c").expectSuccess()
        try network.run("start").expectSuccess()
        try network.run("fault", "c0", "power-off-after", "2").expectSuccess()
        #expect(try network.ssh(0, nil, input: "conf t\nvlan 10\nvlan 20\n").status == 255)
        #expect(try eventually { try network.run("is-alive").output == "DEVICE c0 FAIL\nDEVICE c1 OK\n" })
        try network.run("start", "c0").expectSuccess()
        let text = try network.ssh(0, "show running-config").output
        #expect(text.contains("vlan 10") && !text.contains("vlan 20"))
    }

    @Test(.enabled(if: hasSSH)) func faultsOfConnectionsTakeEffectWhileTheDeviceRuns() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        func key() throws -> String {
            try TestNetwork.execute(["ssh-keyscan", "-p", "\(network.basePort)", "127.0.0.1"]).output
        }
        let real = try key()
        #expect(real.contains("ssh-ed25519"))
        try network.run("fault", "c0", "wrong-host-key").expectSuccess()
        #expect(try key().contains("ssh-ed25519") && key() != real)
        try network.run("fault", "c0", "wrong-password").expectSuccess()
        #expect(try network.ssh(0, "show clock").status != 0)
        try network.run("fault", "c0", "clear").expectSuccess()
        #expect(try network.ssh(0, "show clock").status == 0 && key() == real)

        try network.run("fault", "c0", "change", "vlan 77; name console").expectSuccess()
        #expect(try network.run("cmd", "c0", "get /vlan{77}/name").output == "console\n")
        #expect(try network.run("fault", "c0", "change", "vlan x").errors.contains("vlan x: "))

        try network.run("fault", "c0", "delay", "50").expectSuccess()
        let script = try network.ssh(0, nil, input: "conf t\nvlan 78\nend\nshow run | inc vlan\nexit\nshow clock\n")
        #expect(script.output.hasSuffix("vlan 77\nvlan 78\n"), "answers keep their order: \(script.output)")
        try network.run("fault", "c0", "clear").expectSuccess()
        try network.run("fault", "c0", "full-buffer", "20").expectSuccess()
        let lost = try network.ssh(0, nil, input: "conf t\nvlan 79\nvlan 80\nvlan 81\n")
        #expect(lost.status == 0)
        #expect(try network.run("cmd", "c0", "exists /vlan{79}; exists /vlan{81}").output == "yes\nno\n")
    }

    @Test(.enabled(if: hasSSH)) func rebootLosesWhatWasNotSaved() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        _ = try network.ssh(0, nil, input: "conf t\nvlan 10\nend\nwrite memory\n")
        try network.run("fault", "c0", "reboot-line", "vlan 30").expectSuccess()
        #expect(try network.ssh(0, nil, input: "conf t\nvlan 20\nvlan 30\n").status == 255)
        var text = ""
        for _ in 0..<600 where !text.contains("vlan 10") {
            text = try network.ssh(0, "show running-config").output
            if text.isEmpty { usleep(100_000) }
        }
        #expect(text.contains("vlan 10") && !text.contains("vlan 20"))
    }

    @Test func scenarioGivesFaultsToDevices() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "3", "c").expectSuccess()
        func scenario(_ text: String) throws -> TestNetwork.Result {
            try DurableFiles.replace(network.directory + "/scenario.yaml", with: Array(text.utf8))
            return try network.run("fault", "--file", "scenario.yaml")
        }
        try scenario(
            """
            seed: 42
            faults:
              - device: c0, c2
                fault: refuse-line 'vlan 6.*' '% No resources'
              - {device: all, fault: chance 0.1 delay 100}
            """
        ).expectSuccess()
        #expect(
            try network.run("fault", "all").output == """
                c0: refuse-line "vlan 6.*" "% No resources"
                c0: chance 0.1 delay 100
                c1: chance 0.1 delay 100
                c2: refuse-line "vlan 6.*" "% No resources"
                c2: chance 0.1 delay 100

                """)
        for (text, words) in [
            ("faults: [", "scenario.yaml:"), ("other: 1", "scenario.yaml:1: there is no key other"),
            ("faults:\n  - {device: c9, fault: reboot}", "scenario.yaml:2: there is no device c9"),
            ("faults:\n  - {device: c0, fault: dance}", "\"dance\" is no fault"), ("", "a mapping of keys"),
        ] {
            let result = try scenario(text)
            #expect(result.status != 0 && result.errors.contains(words), "\(text): \(result.errors)")
        }
    }

    @Test(.enabled(if: hasSSH)) func upgradedDeviceRunsTheNewModelWithItsData() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "2", "c").expectSuccess()
        try network.run("start").expectSuccess()
        _ = try network.ssh(
            0, nil, input: "conf t\ninterface GigabitEthernet0/1\ndescription Kept\nend\nwrite memory\n")
        let upgraded = try network.run("upgrade-device", "c0", TestNetwork.new)
        #expect(upgraded.status == 0)
        #expect(upgraded.output.hasPrefix("DEVICE c0 UPGRADED openned-ios-cli-1.0 -> openned-ios-cli-2.0\n  "))
        #expect(upgraded.output.hasSuffix("DEVICE c0 OK STARTED\n"))
        let text = try network.ssh(0, "show running-config").output
        #expect(text.contains(" description Kept\n") && !text.contains("logging trap 6\n"))
        #expect(try network.ssh(1, "show running-config").output.contains("logging trap 6\n"))
        #expect(try network.run("packages").output == "\(TestNetwork.new)\n\(TestNetwork.old)\n")
        #expect(try network.run("upgrade-device", "c1", "/nowhere").status == 1)
        #expect(try network.run("is-alive").status == 0)
    }

    @Test func devicesOfAnotherNetworkOnTheSamePortsAreNotTakenForAlive() throws {
        let first = try TestNetwork()
        let second = try TestNetwork(portsOf: first)
        for network in [first, second] {
            try network.run("create-network", TestNetwork.old, "2", "c").expectSuccess()
        }
        try first.run("start", "c0").expectSuccess()
        let started = try second.run("start")
        #expect(started.output == "DEVICE c0 FAIL\nDEVICE c1 OK STARTED\n" && started.status == 1)
        #expect(started.errors.contains("c0: 127.0.0.1:\(first.basePort): cannot listen"), "\(started.errors)")
        #expect(try first.run("is-alive").output == "DEVICE c0 OK\nDEVICE c1 FAIL\n")
        let alive = try second.run("is-alive")
        #expect(alive.output == "DEVICE c0 FAIL\nDEVICE c1 OK\n" && alive.status == 1)
    }

    @Test(.enabled(if: hasSSH)) func loadMergesOrReplaces() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        let file = network.directory + "/vlan.xml"
        try DurableFiles.write(
            file,
            Array(
                """
                <config xmlns="http://tail-f.com/ns/config/1.0"><vlan xmlns="urn:openned:ned:openned-ios">
                <id>7</id></vlan></config>
                """.utf8))
        #expect(try network.run("load", "c0", file).errors.contains("not running"))
        try network.run("start").expectSuccess()
        try network.run("load", "c0", "-l", "-m", "vlan.xml").expectSuccess()
        #expect(try network.ssh(0, "show running-config").output.contains("hostname c0"))
        try network.run("load", "c0", "-l", "vlan.xml").expectSuccess()
        let text = try network.ssh(0, "show running-config").output
        #expect(text.contains("vlan 7") && !text.contains("hostname"))
    }

    @Test(.enabled(if: hasNetmiko)) func netmikoReadsAndWrites() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        let script = """
            import netmiko
            c = netmiko.ConnectHandler(device_type="cisco_ios", host="127.0.0.1", port=\(network.basePort),
                                       username="admin", password="admin")
            print(c.find_prompt())
            print(c.send_command("show running-config"))
            print(c.send_config_set(["interface GigabitEthernet0/1", "description netmiko"]))
            print(c.save_config())
            print(c.send_command("show startup-config | include description"))
            c.disconnect()
            """
        let result = try TestNetwork.execute(["python3", "-c", script])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("c0#\nBuilding configuration...\n"))
        #expect(result.output.contains("hostname c0\n") && result.output.contains("[OK]"))
        #expect(result.output.hasSuffix(" description netmiko\n"))
    }

    @Test func initialDataFitsTheDeviceModel() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "2", "c").expectSuccess()
        let xml = try network.run("ncs-xml-init").output
        #expect(xml.hasPrefix("<devices xmlns=\"http://tail-f.com/ns/ncs\">\n  <device>\n    <name>c0</name>\n"))
        #expect(xml.contains("<port>\(network.basePort + 1)</port>"))
        let faults = try DeviceListSchema.faults(in: xml, modules: network.directory + "/ncs/src/ncs/yang")
        #expect(faults.isEmpty, "\(faults)")
        let one = try network.run("ncs-xml-init", "c1").output
        #expect(!one.contains("<name>c0</name>"))
        #expect(
            try network.run("ncs-xml-init-remote", "lower", "c1").output
                == "<devices xmlns=\"http://tail-f.com/ns/ncs\">\n  <device>\n    <name>c1</name>\n"
                + "    <remote-node>lower</remote-node>\n  </device>\n</devices>\n")
    }

    @Test func singleNodesAreReadAndChanged() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        #expect(try network.run("cmd", "c0", "get", "/hostname").errors.contains("not running"))
        try network.run("start").expectSuccess()
        #expect(try network.run("cmd", "c0", "get /hostname; num_instances /vlan").output == "c0\n0\n")
        try network.run("cmd", "c0", "-c", "mset /hostname edge; mcreate /vlan{10}; set /vlan{10}/name users")
            .expectSuccess()
        #expect(try network.run("cmd", "c0", "mget", "/vlan{10}/name").output == "users\n")
        for (words, reason) in [
            ("get /nothing", "no child nothing"), ("set /vlan{20}/name", "a value"),
            ("dance /hostname", "no such command"),
            ("set /hostname x; create /vlan{70000}", "70000"),
        ] {
            let result = try network.run("cmd", "c0", words)
            #expect(result.status == 1 && result.errors.contains(reason), "\(words): \(result.errors)")
        }
        #expect(try network.run("cmd", "c0", "get /hostname").output == "edge\n", "all or nothing")
        #expect(try network.run("netconf-console", "c0").errors.contains("serves no NETCONF"))
    }
}

extension TestNetwork.Result {
    func expectSuccess(_ place: Testing.SourceLocation = #_sourceLocation) {
        #expect(status == 0 && errors.isEmpty, "\(output)\(errors)", sourceLocation: place)
    }
}

/// The program that end-to-end tests were given, if any.
enum Installation {
    static let program = (ProcessInfo.processInfo.environment["OPENNED_INSTALLATION"] ?? "") + "/bin/ncs-netsim"
    static let isThere = TestNetwork.hasModules && NetworkTests.hasSSH && DurableFiles.exists(program)
}

/// The installed program, killed without warning.
@Suite(.enabled(if: Installation.isThere)) struct InstalledNetworkTests {
    @Test func theModelIsCompiledOnceAndWhatIsKeptOfItIsNotNeeded() throws {
        let network = try TestNetwork()
        let models = network.directory + "/netsim/.netsim/models"
        func image() throws -> (size: Int64, number: UInt64) {
            let names = try FileManager.default.contentsOfDirectory(atPath: models)
            let name = try #require(names.count == 1 ? names[0] : nil, "\(names)")
            var info = stat()
            try #require(stat(models + "/" + name, &info) == 0)
            return (Int64(info.st_size), UInt64(info.st_ino))
        }
        func restart() throws {
            try network.run("stop").expectSuccess()
            try network.run("start").expectSuccess()
            #expect(try network.run("cmd", "c0", "get /ios:hostname").output.contains("c0"))
        }
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        let first = try image()
        try restart()
        #expect(try image() == first)
        let name = try FileManager.default.contentsOfDirectory(atPath: models)[0]
        try network.run("stop").expectSuccess()
        #expect(truncate(models + "/" + name, 1_000) == 0)
        try restart()
        let second = try image()
        #expect(second.size == first.size && second.number != first.number)
        try network.run("stop").expectSuccess()
        try FileManager.default.removeItem(atPath: models)
        try "no directory".write(toFile: models, atomically: true, encoding: .utf8)
        try restart()
    }

    @Test func killedProcessIsFoundOutAndItsStateComesBack() throws {
        let network = try TestNetwork()
        func run(_ words: String...) throws -> TestNetwork.Result {
            let variables = network.environment.map { "\($0.key)=\($0.value)" }
            return try TestNetwork.execute(
                ["env"] + variables + [Installation.program] + words + ["--dir", network.directory + "/netsim"])
        }
        try run("create-network", TestNetwork.old, "2", "c").expectSuccess()
        #expect(try run("start").output == "DEVICE c0 OK STARTED\nDEVICE c1 OK STARTED\n")
        _ = try network.ssh(1, nil, input: "conf t\nvlan 10\nname users\n")
        let pid = try String(contentsOfFile: network.directory + "/netsim/.netsim/pid", encoding: .utf8)
        kill(try #require(pid_t(pid.trimmingCharacters(in: .newlines))), SIGKILL)
        #expect(try run("is-alive").output == "DEVICE c0 FAIL\nDEVICE c1 FAIL\n")
        #expect(try run("stop").output == "DEVICE c0 already STOPPED\nDEVICE c1 already STOPPED\n")
        try run("start").expectSuccess()
        #expect(try network.ssh(1, "show running-config vlan 10").output.contains("name users"))
        try run("stop").expectSuccess()
    }
}
