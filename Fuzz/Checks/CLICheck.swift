import CLIGrammar
import ConfigTree
import YANG

/// Configuration texts of devices: every line is taken over or listed, both ways of reading agree, what was read comes
/// back from its rendering, and the commands that lead to it do.
enum CLICheck {
    private static let modelText = """
        module d { yang-version 1.1; namespace "urn:d"; prefix d; import tailf-common { prefix tailf; }
          leaf hostname { type string; }
          container banner { leaf motd { type string; } }
          list interface { key name; leaf name { tailf:cli-allow-range; type string { pattern "[A-Za-z]+[0-9/]*"; } }
            leaf description { tailf:cli-multi-value; type string; } leaf shutdown { type empty; }
            leaf mtu { type uint16 { range "64..9216"; } } leaf cdp { tailf:cli-boolean-no; type boolean; default true; }
            container ip { container address { tailf:cli-compact-syntax;
              tailf:cli-sequence-commands { tailf:cli-reset-siblings; }
              leaf a { tailf:cli-drop-node-name; type string { pattern "[0-9.]+"; } }
              leaf m { tailf:cli-drop-node-name; type string { pattern "[0-9.]+"; } } }
              leaf-list helper { tailf:cli-list-syntax; type string; } } }
          container vlan { leaf-list id { tailf:cli-range-list-syntax; tailf:cli-drop-node-name;
            type uint16 { range "1..4094"; } } }
          list route { tailf:cli-suppress-mode; key "net via"; leaf net { type string; } leaf via { type string; }
            leaf name { type string; } leaf tag { type uint8; } }
          container router { list bgp { key as; leaf as { type uint32 { range "1..99 | 64512..65535"; } }
            container af { tailf:cli-add-mode; tailf:cli-exit-command exit-af; leaf-list net { type string; } } } }
          list rule { ordered-by user; tailf:cli-suppress-mode; key name; leaf name { type string; } }
        }
        """

    private static let commonText = """
        module tailf-common { namespace "urn:tailf-common"; prefix tailf;
          extension cli-multi-value; extension cli-boolean-no; extension cli-compact-syntax;
          extension cli-sequence-commands; extension cli-reset-siblings; extension cli-drop-node-name;
          extension cli-list-syntax; extension cli-range-list-syntax; extension cli-suppress-mode;
          extension cli-add-mode; extension cli-allow-range; extension cli-exit-command { argument value; } }
        """

    static let grammars: [CLIGrammar] = {
        let sources = [modelText, commonText].enumerated().map {
            SchemaCompiler.Source(path: "d\($0.offset).yang", bytes: Array($0.element.utf8))
        }
        let outcome = SchemaCompiler().compile(sources)
        guard let schema = outcome.schema else { preconditionFailure("\(outcome.diagnostics)") }
        let model = DataModel(schema)
        return [CLIDialect.i, .c, .nx].map { CLIGrammar(model: model, dialect: $0) } + [statements]
    }()

    /// J-style: of the leaves of a statement, one at most can be without a name.
    private static let statements: CLIGrammar = {
        let text = modelText.replacing("leaf m { tailf:cli-drop-node-name;", with: "leaf m {")
        let sources = [text, commonText].enumerated().map {
            SchemaCompiler.Source(path: "j\($0.offset).yang", bytes: Array($0.element.utf8))
        }
        let outcome = SchemaCompiler().compile(sources)
        guard let schema = outcome.schema else { preconditionFailure("\(outcome.diagnostics)") }
        return CLIGrammar(model: DataModel(schema), dialect: .j)
    }()

    static func fault(on bytes: [UInt8]) -> String? {
        for grammar in grammars {
            if let fault = fault(on: bytes, grammar) { return "\(grammar.dialect.style): \(fault)" }
        }
        return nil
    }

    private static func fault(on bytes: [UInt8], _ grammar: CLIGrammar) -> String? {
        guard let parsed = try? grammar.parse(bytes) else { return "reading fails though nothing is strict" }
        if parsed.takenCount + parsed.skipped.count != parsed.lineCount { return "lines are not accounted for" }
        guard let slow = try? grammar.parse(bytes, options: ParseOptions(.robust)) else { return "robust fails" }
        if !parsed.tree.diff(to: slow.tree).isEmpty || slow.skipped != parsed.skipped {
            return "turbo and robust differ: \(ChangeSet(parsed.tree.diff(to: slow.tree)).json)"
        }
        let text = grammar.render(parsed.tree)
        guard let again = try? grammar.parse(Array(text.utf8)) else { return "reading a rendering fails" }
        if let lost = again.skipped.first { return "a rendered line is not read: \(lost.text): \(lost.reason)" }
        let difference = parsed.tree.diff(to: again.tree)
        if !difference.isEmpty { return "comes back different: \(ChangeSet(difference).json)" }
        let empty = DataTree(grammar.model)
        let commands = grammar.commands(from: empty, to: parsed.tree).text()
        guard let made = try? grammar.parse(Array(commands.utf8), over: empty) else { return "commands fail" }
        let missing = made.tree.diff(to: parsed.tree)
        return missing.isEmpty && made.skipped.isEmpty
            ? nil : "commands lead elsewhere: \(ChangeSet(missing).json) \(made.skipped.map(\.text))"
    }

    static let seeds = [
        """
        hostname r1
        !
        interface GigabitEthernet0/1
         description to "the" core ! here
         mtu 1500
         no cdp
         ip address 10.0.0.1 255.255.255.0
         ip helper 10.0.0.9
         shutdown
        !
        vlan 1,3-5
        route 10.0.0.0/8 10.1.1.1 name "a b" tag 3
        crypto map x
         match 1
        !
        router bgp 65000
         af
          net [ 10.0.0.0 ]
         exit-af
        !
        rule b
        rule a
        banner motd ^C
        Hello
        ^C
        end

        """,
        "interface e0\nmtu 1500\nexit\ninterface e1\nno mtu\nshutdown\n!\nno interface e0\n",
        "route 1 2 tag 999\nroute 1\nrouter bgp x\n af\n  net \"\\\"\"\n",
        "/* a */ interface e0 { mtu 1500; inactive: ip { address { 1 m 2; } helper [ a \"b c\" ]; } } rule b; rule a; # c\n",
        "set interface e0 mtu 1500\nedit interface e0\nset description \"a b\"\ntop\ndeactivate interface e0\n"
            + "set rule b\nset rule a\ninsert rule a before rule b\ndelete interface e0 mtu\n",
    ]

    static let words = [
        "hostname ", "interface ", "description ", "mtu ", "no ", "shutdown", "ip address ", "ip helper ", "vlan ",
        "1-4,7", "route ", "tag ", "router bgp ", "af\n", "net [ a b ]", "exit-af", "exit\n", "end\n", "!\n", "\n",
        "\n ", "\n  ", "banner motd ^C", "^C\n", "\"", "\\", "rule ", "# first\n", "# after a\n", "true", "\t", "\r\n",
        "{ ", "}", ";", "/*", "*/", "# ", "inactive: ", "set ", "delete ", "insert ", " before ", "deactivate ",
        "edit ",
    ]
}
