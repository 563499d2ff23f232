import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import Foundation
import Synchronization
import Testing
import YANG

@testable import OperatorCLI

/// The commands of the guides, over the system model that is shipped.
@Suite(.enabled(if: ShippedModel.isAvailable)) struct ShippedModelTests {
    private func run(_ script: String) -> (output: String, session: FakeControlSession) {
        let session = FakeControlSession(
            model: ShippedModel.model, configuration: ShippedModel.configuration, state: ShippedModel.state)
        let terminal = FakeTerminal([script])
        let made = OperatorSession(
            session: session, grammar: { CLIGrammar(model: $0, dialect: .c) }, terminal: terminal,
            description: .script(stops: true), files: FakeFiles())
        _ = made.run()
        return (terminal.text, session)
    }

    @Test(arguments: [
        (
            "devices device ce0 apply-template template-name t variable { name C value 'Planted-1' }",
            "devices device ce0 apply-template template-name t variable { name C value ******** }"
        ),
        (
            "devices apply-template template-name t variable { name C value Planted-1 } variable { name D value 7 }",
            "devices apply-template template-name t variable { name C value ******** } variable { name D value ******** }"
        ),
        (
            "devices device ce0 load-native-config data \"username a password 0 Planted-1\" mode merge",
            "devices device ce0 load-native-config data ******** mode merge"
        ),
        (
            "devices device ce0 live-status exec any \"username a password 0 Planted-1\"",
            "devices device ce0 live-status exec any \"username a password ********"
        ),
        (
            "devices device ce0 live-status exec any copy ftp://joe:Planted-1@h/x flash:",
            "devices device ce0 live-status exec any copy ftp://joe:********@h/x flash:"
        ),
        ("devices device ce0 live-status exec any show clock", "devices device ce0 live-status exec any show clock"),
    ])
    func logsDoNotGetSecretsOfActions(_ line: String, _ kept: String) {
        let records = run(line + "\n").session.state.withLock(\.records)
        #expect(records.first == .typed(kept))
    }

    @Test(arguments: [
        ("devices sync-from", "devices sync-from"),
        ("devices sync-from device [ ce0 ce1 ]", "devices sync-from"),
        ("devices device ce0 ssh fetch-host-keys", "devices device ce0 ssh fetch-host-keys"),
        ("devices fetch-ssh-host-keys", "devices fetch-ssh-host-keys"),
        ("devices device ce0 migrate new-ned-id router-2.0 dry-run verbose", "devices device ce0 migrate"),
        ("devices migrate old-ned-id router-1.0 new-ned-id router-2.0 dry-run verbose", "devices migrate"),
        ("packages reload dry-run", "packages reload"),
        ("packages reload report { all-schema-changes } force", "packages reload"),
        ("packages add", "packages add"),
        ("packages package router redeploy", "packages package router redeploy"),
        ("software packages list", "software packages list"),
        ("software packages fetch package-from-file /tmp/x.signed.bin", "software packages fetch"),
        ("software packages install package x replace-existing", "software packages install"),
        ("software packages deinstall package x", "software packages deinstall"),
        ("devices device ce0 compare-config outformat cli", "devices device ce0 compare-config"),
        ("devices device ce0 check-sync", "devices device ce0 check-sync"),
        ("devices device ce0 sync-to dry-run { outformat native }", "devices device ce0 sync-to"),
        ("devices device ce0 sync-from dry-run", "devices device ce0 sync-from"),
        ("show devices list", "devices list"),
    ])
    func actionIsUnderstood(_ line: String, _ words: String) {
        let (output, session) = run(line + "\n")
        #expect(session.state.withLock { $0.invoked.map(\.0) } == [words], "\(output)")
    }

    @Test func packagesAreShownAsOperatorsKnowThem() {
        let expected = """
            packages package router
             package-version 1.0
             description     "Router driver"
             ncs-min-version [ 6.7 ]
             directory       ./x
             component router
              ned cli ned-id router-1.0
              ned device vendor Acme
             oper-status up

            """
        #expect(run("show packages package router\n").output == expected)
        let table = run("show packages package oper-status\n").output.split(separator: "\n")
        #expect(table.count == 6)
        #expect(table.last?.hasPrefix("router  X   -        -") == true)
    }

    @Test func alarmsAreShownWithTheirKeys() {
        let expected = """
            alarms alarm-list number-of-alarms 1
            alarms alarm-list alarm ce0 connection-failure /devices/device[name='ce0'] ""
             is-cleared              false
             last-perceived-severity major
             last-alarm-text         "Failed to connect"

            """
        #expect(run("show alarms alarm-list\n").output == expected)
    }

    @Test func deviceIsConfiguredAndShown() {
        let script = """
            config
            devices device ce2
            address 192.0.2.2
            port 22
            authgroup default
            device-type cli ned-id router-1.0
            state admin-state unlocked
            config
            sys hostname hello
            commit
            end
            show running-config devices device ce2

            """
        let expected = """
            devices device ce2
             address   192.0.2.2
             port      22
             authgroup default
             device-type cli ned-id router-1.0
             state admin-state unlocked
             config
              sys hostname hello
             !
            !

            """
        #expect(run(script).output == "Entering configuration mode terminal\nCommit complete.\n" + expected)
    }
}

/// The system model of the repository with the ned-ids of two drivers, and some data.
private enum ShippedModel {
    static let standardModules =
        ProcessInfo.processInfo.environment["YANG_MODULE_DIR"] ?? "/usr/share/yuma/modules/ietf"
    static let isAvailable = FileManager.default.fileExists(atPath: standardModules)

    static let model: DataModel = {
        let routerModel = LabModels.routerModel
        return DataModel(compile()) { _, _ in routerModel }
    }()

    private static func compile() -> Schema {
        let folder = LabModels.repository + "/yang/tailf"
        var options = SchemaCompiler.Options()
        options.searchPath = [folder, LabModels.repository + "/yang/openned", standardModules]
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".yang") && $0 != "tailf-acm.yang" }.sorted()
        var sources = names.map { name in
            let bytes = FileManager.default.contents(atPath: "\(folder)/\(name)").map { Array($0) } ?? []
            return SchemaCompiler.Source(path: name, bytes: bytes)
        }
        sources.append(SchemaCompiler.Source(path: "router-id.yang", bytes: Array(nedIDs.utf8)))
        let outcome = SchemaCompiler(options: options).compile(sources)
        guard let schema = outcome.schema else {
            preconditionFailure(outcome.diagnostics.map(\.description).joined(separator: "\n"))
        }
        return schema
    }

    private static let nedIDs = """
        module router-id {
          namespace "urn:test:router-id"; prefix rid;
          import tailf-ncs-ned { prefix ned; }
          identity router-1.0 { base ned:cli-ned-id; }
          identity router-2.0 { base ned:cli-ned-id; }
        }
        """

    static let configuration = """
        <devices xmlns="http://tail-f.com/ns/ncs">
          <authgroups><group><name>default</name>
            <default-map><remote-name>admin</remote-name><remote-password>x</remote-password></default-map>
          </group></authgroups>
          <device><name>ce0</name><address>127.0.0.1</address><port>10022</port><authgroup>default</authgroup>
            <device-type><cli><ned-id xmlns:rid="urn:test:router-id">rid:router-1.0</ned-id></cli></device-type></device>
        </devices>
        """

    static let state = """
        <packages xmlns="http://tail-f.com/ns/ncs"><package><name>router</name>
          <package-version>1.0</package-version><description>Router driver</description>
          <ncs-min-version>6.7</ncs-min-version><directory>./x</directory>
          <component><name>router</name><ned><cli><ned-id>rid:router-1.0</ned-id></cli>
            <device><vendor>Acme</vendor></device></ned></component>
          <oper-status><up/></oper-status></package></packages>
        <alarms xmlns="http://tail-f.com/ns/ncs-alarms"><alarm-list><number-of-alarms>1</number-of-alarms>
          <alarm><device>ce0</device><type>connection-failure</type>
            <managed-object>/devices/device[name='ce0']</managed-object><specific-problem></specific-problem>
            <is-cleared>false</is-cleared><last-perceived-severity>major</last-perceived-severity>
            <last-alarm-text>Failed to connect</last-alarm-text></alarm></alarm-list></alarms>
        """
}
