import Foundation
import Netsim
import TestSupport
import Testing

/// State data of simulated devices, and NETCONF on devices whose drivers use the command line.
@Suite(.serialized, .enabled(if: TestNetwork.hasModules)) struct OperationalDataTests {
    private static let module = """
        module plant {
          namespace "urn:plant"; prefix p;
          leaf hostname { type string; }
          container pumps {
            list pump {
              key name;
              leaf name { type string; }
              leaf speed { type uint32; }
              container status {
                config false;
                leaf pressure { type uint32; }
                leaf note { type string; }
              }
            }
          }
          container site { config false; leaf alarm { type string; } }
        }
        """

    private static let state = """
        <config xmlns="http://tail-f.com/ns/config/1.0">
          <pumps xmlns="urn:plant">
            <pump><name>a</name><status><pressure>7</pressure><note>of %NAME%</note></status></pump>
            <pump><name>ghost</name><status><pressure>9</pressure></status></pump>
          </pumps>
          <site xmlns="urn:plant"><alarm>none</alarm></site>
        </config>
        """

    private static let configuration = """
        <config xmlns="http://tail-f.com/ns/config/1.0">
          <hostname xmlns="urn:plant">%NAME%</hostname>
          <pumps xmlns="urn:plant"><pump><name>a</name><speed>3</speed></pump></pumps>
        </config>
        """

    /// A running device `c0` of a package of that kind.
    private static func network(_ kind: String) throws -> TestNetwork {
        let network = try TestNetwork(hasAllDoors: true)
        let package = network.directory + "/plant"
        for folder in ["/src/yang", "/netsim"] {
            try FileManager.default.createDirectory(atPath: package + folder, withIntermediateDirectories: true)
        }
        let ned = kind == "cli" ? "<cli><ned-id>plant-cli-1.0</ned-id></cli>" : "<\(kind)/>"
        let files = [
            "/src/yang/plant.yang": module, "/netsim/oper.xml": state, "/netsim/start.xml": configuration,
            "/package-meta-data.xml": "<ncs-package xmlns=\"http://tail-f.com/ns/ncs-packages\"><name>plant</name>"
                + "<component><name>plant</name><ned>\(ned)</ned></component></ncs-package>",
        ]
        for (name, text) in files { try text.write(toFile: package + name, atomically: true, encoding: .utf8) }
        try network.run("create-network", package, "1", "c").expectSuccess()
        try network.run("start").expectSuccess()
        return network
    }

    private static func load(
        _ network: TestNetwork, _ arguments: String..., input: String = ""
    ) -> TestNetwork.Result {
        var environment = network.environment
        environment["CONFD_IPC_PORT"] = environment["IPC_PORT"]
        var (output, errors) = ("", "")
        let status = ConfdLoadProgram.run(
            arguments: arguments, environment: environment, workingDirectory: network.directory,
            input: { Array(input.utf8) }, output: { output += $0 + "\n" }, errors: { errors += $0 + "\n" })
        return TestNetwork.Result(status: status, output: output, errors: errors)
    }

    @Test func routersWithACommandLineAnswerNETCONFOverTheSameStore() throws {
        let network = try Self.network("cli")
        let read = try network.run("netconf-console", "c0")
        #expect(read.output.contains("<speed>3</speed>"), "\(read)")
        let client = try PlainNETCONF(port: network.basePort + 4)
        let edit =
            "<edit-config><target><candidate/></target><config><pumps xmlns=\"urn:plant\"><pump><name>b</name>"
            + "<speed>5</speed></pump></pumps></config></edit-config>"
        #expect(try client.ask(edit).contains("<ok/>"))
        #expect(try client.ask("<commit/>").contains("<ok/>"))
        #expect(try network.run("cmd", "c0", "get /pumps/pump{b}/speed").output == "5\n")
        try network.run("cmd", "c0", "set /pumps/pump{b}/speed 6").expectSuccess()
        #expect(try client.ask("<get-config><source><running/></source></get-config>").contains("<speed>6</speed>"))
        let copy = "<copy-config><target><startup/></target><source><running/></source></copy-config>"
        #expect(try client.ask(copy).contains("<ok/>"), "as copy running-config startup-config does")
        try network.run("stop").expectSuccess()
        try network.run("start").expectSuccess()
        #expect(try network.run("cmd", "c0", "get /pumps/pump{b}/speed").output == "6\n")
    }

    /// Changes of many nodes go to the device's file, not to its journal; and come back in many pieces over SSH too.
    @Test func largeConfigurationsAreKeptAndReadOverSSH() throws {
        let network = try Self.network("netconf")
        let client = try PlainNETCONF(port: network.basePort + 4)
        let pumps = (0..<20_000).map { "<pump><name>p\($0)</name><speed>\($0)</speed></pump>" }.joined()
        let edit =
            "<edit-config><target><running/></target><config><pumps xmlns=\"urn:plant\">\(pumps)</pumps></config>"
            + "</edit-config>"
        #expect(try client.ask(edit).contains("<ok/>"))
        #expect(!FileManager.default.fileExists(atPath: network.directory + "/netsim/c/c0/cdb/journal.json"))
        try network.run("cmd", "c0", "set /pumps/pump{p7}/speed 1000000").expectSuccess()
        try network.run("stop").expectSuccess()
        try network.run("start").expectSuccess()
        let read = try network.run("netconf-console", "c0").output
        #expect(read.components(separatedBy: "<pump>").count == 20_002)
        #expect(read.contains("<speed>1000000</speed>") && read.contains("<name>p19999</name>"))
    }

    @Test func doorsOfThePackageOnlyAreOpenedIfWanted() throws {
        let network = try TestNetwork()
        try network.run("create-network", TestNetwork.old, "1", "c").expectSuccess()
        let text = try String(contentsOfFile: network.info, encoding: .utf8)
        #expect(text.contains("doors[0]=package\n"))
        try network.run("start").expectSuccess()
        #expect(try !network.run("status", "c0").output.contains("netconf:"))
    }

    @Test func stateDataAreShownBesideTheConfigurationAndAreNoPartOfIt() throws {
        let network = try Self.network("netconf")
        let client = try PlainNETCONF(port: network.basePort + 4)
        let all = try client.ask("<get><filter><pumps xmlns=\"urn:plant\"/></filter></get>")
        #expect(all.contains("<pressure>7</pressure>") && all.contains("<note>of c0</note>"), "\(all)")
        #expect(!all.contains("ghost"), "entries that are not configured have no state")
        let part =
            "<get><filter type=\"xpath\" xmlns:p=\"urn:plant\" select=\"/p:pumps/p:pump[p:name='a']/p:status\"/></get>"
        #expect(try client.ask(part).contains("<pressure>7</pressure>"))
        let configuration = try client.ask("<get-config><source><running/></source></get-config>")
        #expect(configuration.contains("<speed>3</speed>") && !configuration.contains("pressure"))
        let remove =
            "<edit-config><target><running/></target><config><pumps xmlns=\"urn:plant\"><pump xmlns:nc=\""
            + "urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=\"delete\"><name>a</name></pump></pumps></config>"
            + "</edit-config>"
        #expect(try client.ask(remove).contains("<ok/>"))
        #expect(try !client.ask("<get/>").contains("<pressure>"))
        #expect(try client.ask("<get/>").contains("<alarm>none</alarm>"))
    }

    @Test func commandLineShowsStateData() throws {
        let network = try Self.network("cli")
        guard NetworkTests.hasSSH else { return }
        let status = try network.ssh(0, "show pumps pump a status")
        #expect(status.output == "pumps pump a status\n pressure 7\n note of c0\n", "\(status)")
        #expect(try network.ssh(0, "show site").output == "site\n alarm none\n")
        #expect(try network.ssh(0, "show pumps | include pressure").output == " status pressure 7\n")
        #expect(try network.ssh(0, "show pumps nonsense").status == 1)
    }

    @Test func confdLoadLoadsAndPrintsConfigurationAndState() throws {
        let network = try Self.network("cli")
        let added =
            "<config xmlns=\"http://tail-f.com/ns/config/1.0\"><site xmlns=\"urn:plant\"><alarm>fire</alarm></site>"
            + "</config>"
        Self.load(network, "-l", "-m", "-O", input: added).expectSuccess()
        #expect(Self.load(network, "-O").output.contains("<alarm>fire</alarm>"))
        #expect(Self.load(network, "-O").output.contains("<pressure>7</pressure>"))
        #expect(!Self.load(network).output.contains("alarm"))
        let path = network.directory + "/both.xml"
        let both = added.replacing("</config>", with: "<hostname xmlns=\"urn:plant\">new</hostname></config>")
        try both.write(toFile: path, atomically: true, encoding: .utf8)
        Self.load(network, "-l", "-m", "-o", "-F", "p", "both.xml").expectSuccess()
        #expect(try network.run("cmd", "c0", "get /hostname").output == "new\n")
        #expect(Self.load(network, "-p", "/pumps/pump{a}/speed").output.contains("<speed>3</speed>"))
        // State data survive a restart; a reset takes the device back to its start.
        try network.run("stop").expectSuccess()
        #expect(Self.load(network, "-O").status == 1)
        try network.run("start").expectSuccess()
        #expect(Self.load(network, "-O").output.contains("<alarm>fire</alarm>"))
        Self.load(network, "-lC", "both.xml").expectSuccess()
        #expect(!Self.load(network, "-O").output.contains("pressure"), "without -m they are replaced")
        try network.run("restart").expectSuccess()
        #expect(Self.load(network, "-O").output.contains("<alarm>none</alarm>"))
        #expect(Self.load(network, "-F", "j").errors.contains("the format j is not known here"))
        #expect(Self.load(network, "-l", "missing.xml").errors.contains("missing.xml"))
    }
}
