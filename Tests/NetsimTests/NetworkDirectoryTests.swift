import Basics
import Foundation
import Testing

@testable import Netsim

@Suite(.enabled(if: TestNetwork.hasModules)) struct NetworkDirectoryTests {
    @Test func createNetworkNamesDevicesAndPorts() throws {
        let network = try TestNetwork()
        let made = network.run([
            "create-network", TestNetwork.old, "2", "c", "create-network", TestNetwork.new, "1", "n",
        ])
        #expect(made.output == "DEVICE c0 CREATED\nDEVICE c1 CREATED\nDEVICE n0 CREATED\n")
        #expect(made.status == 0 && made.errors.isEmpty)
        let port = Int(network.basePort)
        let root = network.directory + "/netsim"
        #expect(
            try network.run("list").output == """
                ncs-netsim list for  \(root)

                name=c0 netconf=12022 snmp=11022 ipc=5010 cli=\(port) dir=\(root)/c/c0
                name=c1 netconf=12023 snmp=11023 ipc=5011 cli=\(port + 1) dir=\(root)/c/c1
                name=n0 netconf=12024 snmp=11024 ipc=5012 cli=\(port + 2) dir=\(root)/n/n0

                """)
        #expect(try network.run("get-port", "c1").output == "5011\n")
        #expect(try network.run("get-port", "n0", "cli").output == "\(port + 2)\n")
        #expect(try network.run("whichdir").output == root + "\n")
        #expect(try network.run("packages").output == "\(TestNetwork.old)\n\(TestNetwork.new)\n")
        let start = try String(contentsOfFile: root + "/c/c1/cdb/openned-ios.xml", encoding: .utf8)
        #expect(start.contains(">c1</hostname>"))
        #expect(DurableFiles.exists(root + "/README.netsim"))
    }

    @Test func addingKeepsWhatIsThereAndRefusesDoubles() throws {
        let network = try TestNetwork()
        #expect(try network.run("add-device", TestNetwork.old, "x").status == 1)
        try network.run("create-device", TestNetwork.old, "x")
        #expect(try network.run("add-to-network", TestNetwork.old, "2", "c").output.hasSuffix("DEVICE c1 CREATED\n"))
        let before = try DurableFiles.read(network.info)
        let again = try network.run("add-device", TestNetwork.old, "c1")
        #expect(again.status == 1 && again.errors.contains("already exists"))
        // A second clause that fails takes back the first.
        let half = network.run(["add-device", TestNetwork.old, "y", "add-device", TestNetwork.old, "x"])
        #expect(half.status == 1)
        #expect(!DurableFiles.exists(network.directory + "/netsim/y/y"))
        #expect(try DurableFiles.read(network.info) == before)
        #expect(try network.run("create-network", TestNetwork.old, "1", "z").errors.contains("already exists"))
    }

    @Test func editsOfNetsimInfoAreObeyed() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "2", "c")
        let text = String(decoding: try DurableFiles.read(network.info), as: UTF8.self)
        let port = Int(network.basePort)
        let edited = text.replacing("=c0\n", with: "=edge\n").replacing("=\(port)\n", with: "=\(port + 5)\n")
        try DurableFiles.replace(network.info, with: Array((edited + "note[1]='kept as it is'\n").utf8))
        #expect(try network.run("get-port", "edge", "cli").output == "\(port + 5)\n")
        #expect(try network.run("get-port", "c0").status == 1)
        try network.run("add-device", TestNetwork.old, "z")
        let again = String(decoding: try DurableFiles.read(network.info), as: UTF8.self)
        #expect(again.contains("note[1]='kept as it is'\n"))
        #expect(again.contains("## device edge\ndevices[0]=edge\n"))
    }

    @Test func damagedNetsimInfoNamesItsLine() throws {
        let good = """
            devices[0]=a
            abspackagedirs[0]=/p
            devicedirs[0]=./a/a
            ipc_ports[0]=1
            netconf_ssh_ports[0]=2
            netconf_tcp_ports[0]=3
            snmp_ports[0]=4
            cli_ssh_ports[0]=5
            """
        #expect(try NetworkInfo(text: good, file: "f", directory: "/d").devices.first?.directory == "/d/a/a")
        for (bad, words) in [
            (good + "\nnonsense", "f:9: \"nonsense\" is no assignment"),
            (good.replacing("=5", with: "=70000"), "f:1: cli_ssh_ports[0]=70000 is no port number"),
            (good.replacing("snmp_ports", with: "other"), "snmp_ports[0] is missing"),
            (good + "\n" + good.replacing("[0]", with: "[1]"), "two devices of the name a"),
        ] {
            #expect { try NetworkInfo(text: bad, file: "f", directory: "/d") } throws: { error in
                (error as? NetsimError)?.code == .damagedInfo && "\(error)".contains(words)
            }
        }
    }

    @Test func movedNetworkFindsItsFiles() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c")
        let moved = network.directory + "/elsewhere"
        try FileManager.default.moveItem(atPath: network.directory + "/netsim", toPath: moved)
        #expect(try network.run("list").status == 1)
        #expect(try network.run("list", "--dir", "elsewhere").output.contains("dir=\(moved)/c/c0"))
    }

    @Test func portsStayApartBeyondTheFirstThousand() throws {
        let scheme = try PortScheme(environment: [:])
        #expect(try scheme.place(999).ports.cli == 11_021)
        let far = try scheme.place(1_000)
        #expect(far.address == "127.0.0.2" && far.ports.cli == 10_022)
        #expect(try scheme.place(254_000).address == "127.0.1.1")
        #expect(throws: NetsimError.self) { try PortScheme(environment: ["CLI_SSH_PORT": "x"]) }
    }

    @Test func deleteNetworkIsSilentWithoutOneAndSparesOtherDirectories() throws {
        let network = try TestNetwork()
        let nothing = try network.run("delete-network")
        #expect(nothing.status == 0 && nothing.output.isEmpty && nothing.errors.isEmpty)
        #expect(try network.run("delete-network", "--dir", "ncs").status == 1)
        #expect(DurableFiles.exists(network.directory + "/ncs/src"))
        try network.run("create-network", TestNetwork.old, "1", "c")
        #expect(try network.run("delete-network").status == 0)
        #expect(!DurableFiles.exists(network.directory + "/netsim"))
    }

    @Test func badInputHasAReasonAndChangesNothing() throws {
        let network = try TestNetwork()
        for (arguments, words) in [
            (["create-network", "/nowhere", "1", "c"], "no such package"),
            (["create-network", network.directory + "/ncs", "1", "c"], "no package-meta-data.xml"),
            (["create-network", TestNetwork.old, "none", "c"], "no number of devices"),
            (["create-network", TestNetwork.old, "1", "../c"], "no device name"),
            (["create-network", TestNetwork.old], "needs <NcsPackage> <NumDevices> <Prefix>"),
            (["frobnicate"], "Unknown command"),
            (["start"], "no netsim directory"),
        ] {
            let result = network.run(arguments)
            #expect(result.status != 0 && result.errors.contains(words), "\(arguments): \(result.errors)")
        }
        #expect(!DurableFiles.exists(network.directory + "/netsim"))
    }
}
