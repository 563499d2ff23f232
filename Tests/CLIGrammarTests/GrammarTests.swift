import ConfigTree
import Testing
import YANG

@testable import CLIGrammar

/// Each annotation: a small model, and a text that comes back as it was.
struct GrammarTests {
    private func check(_ body: String, _ text: String, _ dialect: CLIDialect = .c) throws {
        let grammar = CLIGrammar(model: try TestModels.model(body), dialect: dialect)
        #expect(try grammar.again(text) == text)
    }

    @Test func listsAreSubmodesAndValuesStandInOneColumn() throws {
        try check(
            """
            container devices { list device { key name; leaf name { type string; }
              leaf address { type string; } leaf port { type uint16; } leaf authgroup { type string; }
              container state { leaf admin-state { type string; } }
              leaf-list group { type string; } leaf up { type empty; } } }
            """,
            """
            devices device ce0
             address   127.0.0.1
             port      10022
             authgroup default
             state admin-state unlocked
             group     [ a b ]
             up
            !
            devices device ce1
            !

            """)
    }

    @Test func containersOpenModesOnlyWhenToldTo() throws {
        try check(
            """
            container a { tailf:cli-add-mode; leaf x { type string; } container b { leaf y { type string; } } }
            container p { presence "there"; leaf z { type string; } }
            container q { presence "there"; }
            """,
            """
            a
             x 1
             b y 2
            !
            p z 3
            q

            """)
    }

    @Test func valuesAreQuotedWhereTheyMustBe() throws {
        try check(
            """
            container a { tailf:cli-add-mode; leaf x { type string; } leaf yy { type string; }
              leaf-list l { type string; } }
            """,
            """
            a
             x  "two words"
             yy "with \\"quotes\\" and \\\\ and ! and \\n"
             l  [ "" "[" b ]
            !

            """)
    }

    @Test func compactSequenceStandsOnOneLine() throws {
        try check(
            """
            container ip { container address { tailf:cli-compact-syntax; tailf:cli-sequence-commands;
              leaf address { tailf:cli-drop-node-name; type string; }
              leaf mask { tailf:cli-drop-node-name; type string; }
              leaf secondary { tailf:cli-optional-in-sequence; type empty; }
              leaf tag { type uint32; } } }
            """, "ip address 10.0.0.1 255.0.0.0 secondary tag 7\n", .i)
    }

    @Test func booleansAreNamesAndNoNames() throws {
        let body = """
            container ip { leaf routing { tailf:cli-boolean-no; type boolean; }
              leaf shutdown { tailf:cli-boolean-no { tailf:cli-reversed; } type boolean; } }
            """
        try check(body, "no ip routing\nip shutdown\n")
        try check(body, "ip routing\nno ip shutdown\n")
    }

    @Test func keysAreGluedExposedPrefixedAndFormatted() throws {
        let body = """
            container interface { list Loopback { tailf:cli-allow-join-with-key { tailf:cli-display-joined; }
              key name; leaf name { type uint8; } leaf mtu { type uint16; } } }
            list peer { tailf:cli-suppress-mode; key "ip vrf"; leaf ip { type string; }
              leaf vrf { tailf:cli-expose-key-name; type string; }
              leaf via { tailf:cli-prefix-key; type string; }
              leaf kind { tailf:cli-prefix-key { tailf:cli-before-key 2; } tailf:cli-drop-node-name;
                type enumeration { enum in; enum out; } }
              leaf cost { type uint8; } }
            list slot { key "a b"; tailf:cli-key-format "$(1)/$(2)"; leaf a { type uint8; } leaf b { type uint8; } }
            """
        try check(
            body,
            """
            interface Loopback0
             mtu 1500
            !
            peer via x 1.1.1.1 in vrf red cost 3
            slot 1/2
            !

            """)
        let grammar = CLIGrammar(model: try TestModels.model(body), dialect: .c)
        #expect(try grammar.again("interface Loopback 0\n") == "interface Loopback0\n!\n")
        #expect(try grammar.again("peer 1.1.1.1 vrf red\n") == "peer 1.1.1.1 vrf red\n")
    }

    @Test func leafListsInAllTheirForms() throws {
        try check(
            """
            leaf-list plain { type string; }
            leaf-list flat { tailf:cli-flat-list-syntax; type string; }
            leaf-list each { tailf:cli-list-syntax; type string; }
            leaf-list vlan { tailf:cli-range-list-syntax; type uint16; }
            """,
            """
            plain [ a b ]
            flat  a b
            each  a
            each  b
            vlan  1,3,10-20

            """)
    }

    /// A switch names all its VLANs in one line, and those with settings again.
    @Test func devicesNameSeveralEntriesInOneLine() throws {
        let model = try TestModels.model(
            """
            list vlan {
              key id;
              leaf id { tailf:cli-allow-range; type uint16; }
              leaf name { type string; }
            }
            leaf after { type string; }
            """)
        let grammar = CLIGrammar(model: model, dialect: .nx)
        let text = "vlan 1,10-12\nvlan 11\n  name users\nafter x\n"
        let expected = "vlan 1\nvlan 10\nvlan 11\n  name users\nvlan 12\nafter x\n"
        #expect(try grammar.again(text) == expected)
        #expect(try grammar.again(expected) == expected)
        #expect(try grammar.again("vlan 1,10-12\nno vlan 1,12\n") == "vlan 10\nvlan 11\n")
        #expect(try grammar.parse("vlan 1,x\n", strict: false).skipped.count == 1)
    }

    @Test func textsToTheEndOfTheLine() throws {
        let body = """
            leaf description { tailf:cli-multi-value; type string; }
            list remark { tailf:cli-suppress-mode; key text; leaf text { tailf:cli-multi-word-key; type string; } }
            """
        try check(body, "description Link to PE / pe0\nremark permit ip any any\n", .i)
        try check(body, "description \"in quotes\"\n", .i)
        let grammar = CLIGrammar(model: try TestModels.model(body), dialect: .i)
        let tree = try grammar.parse("description \"in quotes\"\n").tree
        #expect(tree.root.value(in: 0) == "\"in quotes\"")
    }

    @Test func flattenedContainersLetTheLineGoOn() throws {
        try check(
            """
            container dhcp { tailf:cli-compact-syntax; tailf:cli-sequence-commands; presence "on";
              container client-id { tailf:cli-optional-in-sequence; tailf:cli-flatten-container;
                leaf Ethernet { tailf:cli-allow-join-with-value { tailf:cli-display-joined; } type string; } }
              leaf hostname { type string; } }
            """, "dhcp client-id Ethernet0/1 hostname r1\n", .i)
    }

    @Test func exitCommandsAndExplicitExits() throws {
        try check(
            """
            container router { list bgp { key id; leaf id { type uint32; }
              container af { tailf:cli-add-mode; tailf:cli-exit-command "exit-address-family"; leaf n { type string; } }
              list peer { tailf:cli-explicit-exit; key a; leaf a { type string; } leaf w { type string; } } } }
            """,
            """
            router bgp 1
             af
              n 1
             exit-address-family
             peer x
              w 1
             exit
            !

            """, .i)
    }

    @Test func absentNodesThatSaySo() throws {
        let grammar = CLIGrammar(
            model: try TestModels.model(
                """
                list interface { key name; leaf name { type string; }
                  leaf shutdown { tailf:cli-show-no; type empty; }
                  leaf mtu { tailf:cli-show-with-default; type uint16; default 1500; }
                  leaf speed { tailf:cli-trim-default; type uint16; default 10; } }
                """), dialect: .i)
        #expect(
            try grammar.again("interface e0\n speed 10\n")
                == "interface e0\n no shutdown\n mtu 1500\n!\n")
    }

    @Test func bannersSpanLines() throws {
        try check(
            """
            container banner { leaf motd { type string; } leaf login { type string; } }
            leaf hostname { type string; }
            """,
            "banner motd ^CHello\n exit\n!\nBye^C\nbanner login ^Cx^C\nhostname r\n", .i)
    }

    @Test func stateOfTheSameNameTakesNoNameAway() throws {
        func source(_ name: String, _ body: String) -> SchemaCompiler.Source {
            let text = "module \(name) { namespace urn:\(name); prefix \(name); \(body) }"
            return SchemaCompiler.Source(path: name + ".yang", bytes: Array(text.utf8))
        }
        let schema = try TestModels.compile([
            source("a", "list vlan { key id; leaf id { type uint16; } }"),
            source("b", "container vlan { config false; leaf count { type uint16; } }"),
        ])
        #expect(try CLIGrammar(model: DataModel(schema), dialect: .i).again("vlan 7\n!\n") == "vlan 7\n!\n")
    }

    @Test func unknownSubmodesAreSkippedWhole() throws {
        let grammar = CLIGrammar(
            model: try TestModels.model(
                """
                list interface { key name; leaf name { type string; } leaf mtu { type uint16; }
                  container ip { leaf address { type string; } } }
                leaf hostname { type string; }
                """), dialect: .i)
        let text = """
            hostname r1
            crypto map x
             hostname wrong
             interface e9
              mtu 9
            !
            interface e0
             mtu 1
             service x
              mtu 2
             ip address a
             mtu 99999
            !
            end
            """
        let parsed = try grammar.parse(text, strict: false)
        #expect(grammar.render(parsed.tree) == "interface e0\n mtu 1\n ip address a\n!\nhostname r1\n")
        #expect(parsed.skipped.map(\.number) == [2, 3, 4, 5, 9, 10, 12])
        #expect(parsed.skipped.last?.mode == ["interface e0"])
        #expect(parsed.lineCount == 12)
        #expect(throws: CLIFault.self) { try grammar.parse(text) }
    }

    @Test func flatTextsLeaveModesByExitAndByWordsOfOuterModes() throws {
        let grammar = CLIGrammar(
            model: try TestModels.model(
                """
                list a { key k; leaf k { type string; } leaf x { type string; }
                  list b { key k; leaf k { type string; } leaf y { type string; } } }
                leaf z { type string; }
                """), dialect: .c)
        let wanted = "a 1\n x 1\n b 2\n  y 2\n !\n!\na 3\n x 3\n!\nz 4\n"
        #expect(try grammar.again("a 1\nx 1\nb 2\ny 2\n!\n!\na 3\nx 3\n!\nz 4\n") == wanted)
        #expect(try grammar.again("a 1\nx 1\nb 2\ny 2\na 3\nx 3\nz 4\n") == wanted)
        #expect(try grammar.again("a 1\nb 2\ny 2\nexit\nx 1\nexit\na 3\nx 3\nend\nz 4\n") == wanted)
    }
}
