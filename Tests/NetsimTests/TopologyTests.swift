import Basics
import Foundation
import Testing

@testable import Netsim

/// Networks from a file.
@Suite(.enabled(if: TestNetwork.hasModules), .timeLimit(.minutes(5))) struct TopologyTests {
    private func create(_ network: TestNetwork, _ text: String) throws -> TestNetwork.Result {
        try DurableFiles.replace(network.directory + "/lab.yaml", with: Array(text.utf8))
        return try network.run("create-network-from", "lab.yaml")
    }

    @Test func fileMakesDevicesWithPlacesConfigurationsAndFaults() throws {
        let network = try TestNetwork()
        let site = """
            <config xmlns="http://tail-f.com/ns/config/1.0">
              <hostname xmlns="urn:openned:ned:openned-ios">site-%NAME%-%TWO_DIGIT_COUNTER%</hostname>
            </config>
            """
        try DurableFiles.write(network.directory + "/site.xml", Array(site.utf8))
        let port = network.basePort + 5
        let made = try create(
            network,
            """
            seed: 5
            devices:
              - package: \(TestNetwork.old)
                prefix: r
                count: 2
              - {package: \(TestNetwork.new), name: core, address: 127.0.3.1, ports: {cli: \(port)}, config: [site.xml]}
            faults:
              - device: core, r1
                fault: refuse-line 'vlan .*'
            """)
        made.expectSuccess()
        #expect(made.output == "DEVICE r0 CREATED\nDEVICE r1 CREATED\nDEVICE core CREATED\n")
        let list = try network.run("list").output
        #expect(list.contains("cli=\(port) address=127.0.3.1 dir=\(network.directory)/netsim/core/core"))
        #expect(
            try network.run("fault", "all").output == "r1: refuse-line \"vlan .*\"\ncore: refuse-line \"vlan .*\"\n")
        #expect(
            try network.run("start").output
                == "DEVICE r0 OK STARTED\nDEVICE r1 OK STARTED\nDEVICE core OK STARTED\n")
        #expect(try network.run("cmd", "core", "get /hostname").output == "site-core-02\n")
        let status = try network.run("status", "core").output
        #expect(status.contains("memory: about ") && status.contains("cpu: ") && status.contains("127.0.3.1:\(port)"))
    }

    @Test func faultsInTheFileNameTheirLineAndLeaveNothing() throws {
        let network = try TestNetwork()
        let package = "package: \(TestNetwork.old)"
        for (text, words) in [
            ("devices: []", "names no devices"), ("things: 1", "lab.yaml:1: there is no key things"),
            ("devices:\n  - {name: a}", "lab.yaml:2: the key package is missing"),
            ("devices:\n  - {package: nowhere, name: a}", "lab.yaml:2: nowhere: there is no such package"),
            ("devices:\n  - {\(package), prefix: a}", "lab.yaml:2: a device has the key name"),
            ("devices:\n  - {\(package), name: a, count: 3}", "name stands alone"),
            ("devices:\n  - {\(package), name: a, ports: {cli: x}}", "a port is a number"),
            ("devices:\n  - {\(package), name: a, ports: {www: 1}}", "there is no such port"),
            ("devices:\n  - {\(package), name: a, address: 10.0.0.1}", "127.0.0.0/8"),
            ("devices:\n  - {\(package), name: a, config: [no.xml]}", "no.xml is no XML file"),
            ("devices:\n  - {\(package), name: a}\n  - {\(package), name: a}", "lab.yaml:3: device a already exists"),
            ("devices:\n  - {\(package), name: a}\nfaults:\n  - {device: b, fault: reboot}", "lab.yaml:4: there is no"),
        ] {
            let result = try create(network, text)
            #expect(result.status != 0 && result.errors.contains(words), "\(text): \(result.errors)")
        }
        #expect(!DurableFiles.exists(network.directory + "/netsim"))
    }
}
