import Basics
import CLIGrammar
import ConfigTree
import Foundation
import Testing
import YANG

/// How the system model looks on the operator's command line.
@Suite struct SystemTextTests {
    @Test func deviceIsShownInTheFormThatOperatorsKnow() throws {
        let family = """
            module lab-cli { yang-version 1.1; namespace "http://tail-f.com/ns/ned-id/lab-cli"; prefix lab-cli;
              import tailf-ncs-ned { prefix ned; } identity lab-cli { base ned:cli-ned-id; } }
            """
        let sources = try ShippedSources.yangFiles("yang/tailf").filter { $0.path.contains("tailf-ncs") }
        let outcome = ShippedSources.compile(sources + [.init(path: "lab-cli.yang", bytes: Array(family.utf8))])
        let model = DataModel(try #require(outcome.schema))
        let xml = """
            <devices xmlns="http://tail-f.com/ns/ncs">
              <authgroups><group><name>default</name><umap><local-user>admin</local-user><same-user/><same-pass/></umap>
              </group></authgroups>
              <device><name>ce0</name><address>127.0.0.1</address><port>10022</port>
                <ssh><host-key><algorithm>ssh-ed25519</algorithm><key-data>AAAA</key-data></host-key></ssh>
                <authgroup>default</authgroup>
                <device-type><cli>
                  <ned-id xmlns:id="http://tail-f.com/ns/ned-id/lab-cli">id:lab-cli</ned-id></cli></device-type>
                <state><admin-state>unlocked</admin-state></state>
              </device>
            </devices>
            """
        let tree = try XMLDataDecoder.tree(Array(xml.utf8), file: "devices.xml", model: model).get()
        #expect(Validator(model).violations(in: tree) == [])
        let shown = CLIGrammar(model: model, dialect: .c).render(tree)
        #expect(
            shown == """
                devices authgroups group default
                 umap admin
                  same-user
                  same-pass
                 !
                !
                devices device ce0
                 address   127.0.0.1
                 port      10022
                 ssh host-key ssh-ed25519
                  key-data AAAA
                 !
                 authgroup default
                 device-type cli ned-id lab-cli
                 state admin-state unlocked
                !

                """)
    }
}
