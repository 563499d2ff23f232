import CLIGrammar
import ControlProtocol
import TerminalSession

@testable import OperatorCLI

/// A session over a small network: three routers, two packages.
struct Lab {
    let session: FakeControlSession
    let files: FakeFiles

    init(
        files: [String: String] = Lab.files,
        onInvoke: @escaping @Sendable (FakeControlSession, String) -> Void = { _, _ in }
    ) {
        session = FakeControlSession(configuration: Self.configuration, state: Self.state, onInvoke: onInvoke)
        self.files = FakeFiles(files)
    }

    func make(_ terminal: FakeTerminal, _ description: TerminalDescription) -> OperatorSession {
        OperatorSession(
            session: session, grammar: { CLIGrammar(model: $0, dialect: .c) }, terminal: terminal,
            description: description, files: files, clock: { 0 })
    }

    /// The output of a script.
    func run(_ script: String, _ description: TerminalDescription = .script()) -> (output: String, status: Int32) {
        let terminal = FakeTerminal([script])
        let status = make(terminal, description).run()
        return (terminal.text, status)
    }

    static let configuration = """
        <devices xmlns="urn:test:lab">
          <device><name>ce0</name><address>127.0.0.1</address><port>10022</port><ned-id>router-1.0</ned-id>
            <config><sys xmlns="urn:test:router"><hostname>first</hostname></sys>
              <interface xmlns="urn:test:router"><name>eth0</name><mtu>1500</mtu></interface></config></device>
          <device><name>ce1</name><address>127.0.0.1</address><port>10023</port><ned-id>router-1.0</ned-id></device>
          <device><name>ce2</name><address>192.0.2.2</address><description>in the cellar</description></device>
        </devices>
        <system xmlns="urn:test:lab"><contact>nobody</contact></system>
        """

    static let state = """
        <devices xmlns="urn:test:lab">
          <device><name>ce0</name><state><oper-state>enabled</oper-state></state>
            <module><name>router</name><revision>2026-01-01</revision><feature>a</feature><feature>b</feature></module>
            <module><name>other</name></module></device>
        </devices>
        <packages xmlns="urn:test:lab">
          <package><name>cisco-ios-cli-3.8</name><package-version>3.8.1</package-version>
            <description>Driver of a router</description><ncs-min-version>6.4</ncs-min-version>
            <directory>./state/packages-in-use/1/cisco-ios-cli-3.8</directory>
            <component><name>cisco-ios</name><ned><cli><ned-id>cisco-ios-cli-3.8</ned-id></cli>
              <device><vendor>Cisco</vendor></device>
              <option><name>show-tag</name><value>interface</value></option></ned></component>
            <oper-status><up/></oper-status></package>
          <package><name>broken</name>
            <oper-status><file-load-error/><error-info>x.yang:3 a statement is missing</error-info>
            </oper-status></package>
        </packages>
        """

    static let files = [
        "/home/admin/add.txt": "devices device ce3\n address 192.0.2.3\n!\nsystem contact somebody\n",
        "/home/admin/add.xml": """
        <config xmlns="http://tail-f.com/ns/config/1.0">
          <devices xmlns="urn:test:lab"><device><name>ce4</name><address>192.0.2.4</address></device></devices>
        </config>
        """,
        "/home/admin/add.json": #"{"lab:system": {"contact": "json"}}"#,
        "/home/admin/bad.txt": "devices device ce3\n nonsense 3\n",
        "/home/admin/bad.xml": "<config><nonsense/></config>",
        "/home/admin/commands": "show running-config system\nwho\n",
    ]
}
