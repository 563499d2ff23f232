import Basics
import ConfigTree
import Foundation
import Testing
import YANG

@testable import CLIGrammar

/// Differences as commands.
struct CommandTests {
    /// The commands from one text to another; checks that they do it, and back.
    private func commands(_ body: String, _ from: String, _ to: String, _ dialect: CLIDialect = .i) throws -> String {
        let grammar = CLIGrammar(model: try TestModels.model(body), dialect: dialect)
        let (a, b) = (try grammar.parse(from).tree, try grammar.parse(to).tree)
        #expect(try grammar.applyFaults(a, b) == nil)
        #expect(try grammar.applyFaults(b, a) == nil)
        return grammar.commands(from: a, to: b).text()
    }

    @Test func changesAreMinimal() throws {
        let body = """
            list interface { key name; leaf name { type string; } leaf mtu { type uint16; }
              leaf description { tailf:cli-multi-value; tailf:cli-no-value-on-delete; type string; }
              leaf speed { tailf:cli-remove-before-change; type uint16; } }
            leaf hostname { type string; }
            """
        #expect(
            try commands(
                body, "interface a\n mtu 1\n speed 10\n description x y\n!\ninterface b\n mtu 1\n!\nhostname h\n",
                "interface a\n mtu 2\n speed 100\n!\ninterface c\n!\nhostname h\n")
                    == """
                    no interface b
                    interface a
                     no description
                     mtu 2
                     no speed 10
                     speed 100
                    exit
                    interface c
                    exit

                    """)
    }

    @Test func referencesComeAfterTheirTargetsAndGoBeforeThem() throws {
        let body = """
            list interface { key name; leaf name { type string; }
              leaf acl { type leafref { path "/m:acl/m:name"; } } leaf mtu { type uint16; } }
            list acl { key name; leaf name { type string; } leaf rule { type string; } }
            """
        #expect(
            try commands(
                body, "interface a\n mtu 1\n acl old\n!\nacl old\n!\n",
                "interface a\n mtu 2\n acl new\n!\nacl new\n rule x\n!\n")
                    == """
                    interface a
                     mtu 2
                    exit
                    acl new
                     rule x
                    exit
                    interface a
                     acl new
                    exit
                    no acl old

                    """)
    }

    @Test func orderingAnnotationsHold() throws {
        let body = """
            container settings { tailf:cli-add-mode;
              leaf manageip { tailf:cli-no-value-on-delete; tailf:cli-diff-dependency "../opmode" {
                tailf:cli-trigger-on-set; tailf:cli-trigger-on-delete; } type string; }
              leaf opmode { tailf:cli-no-value-on-delete; type string; } }
            list c { tailf:cli-suppress-mode; key id; leaf id {
              tailf:cli-diff-delete-before "/m:d[id=current()/../id]" { tailf:cli-when-target-create; } type string; } }
            list d { tailf:cli-suppress-mode; key id; leaf id { type string; } }
            leaf x { tailf:cli-diff-set-after "/m:y"; type string; }
            leaf y { type string; }
            """
        #expect(
            try commands(body, "", "settings\n manageip 1\n opmode t\n!\nx 1\ny 1\n")
                == "settings\n opmode t\n manageip 1\nexit\ny 1\nx 1\n")
        #expect(
            try commands(body, "settings\n manageip 1\n opmode t\n!\n", "settings\n opmode n\n!\n")
                == "settings\n no manageip\n opmode n\nexit\n")
        #expect(try commands(body, "d 1\n", "c 1\n") == "no d 1\nc 1\n")
        #expect(try commands(body, "c 1\n", "d 1\n") == "no c 1\nd 1\n")
    }

    @Test func linesOfSequencesAreGivenAnew() throws {
        let body = """
            container ip { container address { tailf:cli-compact-syntax;
              tailf:cli-sequence-commands { tailf:cli-reset-siblings; }
              leaf a { tailf:cli-drop-node-name; type uint8; }
              leaf b { tailf:cli-drop-node-name; tailf:cli-optional-in-sequence; type uint8; }
              leaf tag { type uint8; } }
              container plain { tailf:cli-compact-syntax; tailf:cli-sequence-commands;
                leaf a { tailf:cli-drop-node-name; type uint8; } leaf tag { type uint8; } leaf cost { type uint8; } } }
            """
        #expect(try commands(body, "ip address 1 2 tag 3\n", "ip address 1 tag 4\n") == "ip address 1 tag 4\n")
        #expect(try commands(body, "ip address 1 2 tag 3\n", "") == "no ip address 1 2 tag 3\n")
        #expect(try commands(body, "ip plain 1 tag 2 cost 3\n", "ip plain 1 cost 3\n") == "no ip plain tag 2\n")
        #expect(
            try commands(body, "ip plain 1 tag 2\n", "ip plain 2 cost 3\n") == "no ip plain tag 2\nip plain 2 cost 3\n")
    }

    @Test func entriesInTheUsersOrderAreMoved() throws {
        let body = """
            list rule { ordered-by user; key name; leaf name { type string; } leaf x { type string; } }
            leaf-list server { ordered-by user; type string; }
            list acl { tailf:cli-suppress-mode; tailf:cli-show-long-obu-diffs; ordered-by user; key name;
              leaf name { type string; } }
            """
        #expect(
            try commands(
                body, "rule a\n!\nrule b\n!\nrule c\n!\n", "rule c\n!\nrule a\n!\nrule d\n x 1\n!\nrule b\n!\n", .c)
                == "# first\nrule c\n!\n# after a\nrule d\n x 1\n!\n")
        #expect(
            try commands(body, "acl a\nacl b\nacl c\n", "acl a\nacl d\nacl c\nacl b\n")
                == "no acl c\nno acl b\nacl d\nacl c\nacl b\n")
        #expect(try commands(body, "acl a\n", "acl a\nacl d\n") == "acl d\n")
        #expect(try commands(body, "server [ a b ]\n", "server [ a b c ]\n") == "server [ c ]\n")
        #expect(try commands(body, "server [ a b ]\n", "server [ b a ]\n") == "no server [ a b ]\nserver [ b a ]\n")
    }

    @Test func ordersAreMadeWithTheFewestCommands() throws {
        let body = """
            list acl { tailf:cli-suppress-mode; tailf:cli-show-long-obu-diffs; ordered-by user; key name;
              leaf name { type string; } }
            list full { tailf:cli-suppress-mode; tailf:cli-show-long-obu-diffs { tailf:cli-reset-full; }
              ordered-by user; key name; leaf name { type string; } }
            """
        #expect(try commands(body, "acl a\nacl b\nacl c\n", "acl a\nacl c\nacl b\n") == "no acl b\nacl b\n")
        #expect(
            try commands(body, "acl a\nacl b\nacl c\nacl d\n", "acl b\nacl c\nacl d\nacl a\n") == "no acl a\nacl a\n")
        #expect(
            try commands(body, "full a\nfull b\n", "full a\nfull b\nfull c\n")
                == "no full a\nno full b\nfull a\nfull b\nfull c\n")
    }

    @Test func circlesAreOpenedWhereAValueChanges() throws {
        // The pool may only be made once the old one is gone, which is in use until the reference changes.
        let body = """
            leaf use { type leafref { path "/m:pool/m:name"; } }
            list pool { tailf:cli-suppress-mode; key name; leaf name { type string; }
              tailf:cli-diff-create-after "/m:pool" { tailf:cli-when-target-delete; } }
            """
        #expect(
            try commands(body, "use a\npool a\n", "use b\npool b\n") == "no use a\nno pool a\npool b\nuse b\n")
    }

    @Test func listsRemoveWhatChangesInTheirEntries() throws {
        let body = """
            list peer { tailf:cli-remove-before-change; key name; leaf name { type string; } leaf as { type uint32; } }
            """
        #expect(try commands(body, "peer a\n as 1\n!\n", "peer a\n as 2\n!\n") == "peer a\n no as 1\n as 2\nexit\n")
    }

    @Test func annotationsInVainAreNamed() throws {
        let grammar = CLIGrammar(
            model: try TestModels.model(
                """
                leaf a { tailf:cli-column-width 7; tailf:cli-diff-after "../nothing"; type string; }
                leaf b { tailf:cli-column-width 7; type string; } leaf c { tailf:cli-multi-value; type string; }
                """), dialect: .i)
        let found = grammar.annotationFindings()
        #expect(found.map(\.severity) == [.note, .warning])
        #expect(found[0].summary.hasPrefix("cli-column-width is not acted on (2 nodes)"))
        #expect(found[1].summary == "cli-diff-after of /m:a names no node: ../nothing")
    }

    @Test func everyAnnotationOfTheManualIsSpokenFor() throws {
        let file = TestModels.packageRoot.appending(path: "yang/tailf/tailf-cli-extensions.yang")
        let text = try String(contentsOf: file, encoding: .utf8)
        let names = text.matches(of: /(?m)^\s*extension (cli-[a-z-]+)/).map { String($0.output.1) }
        #expect(names.count > 120)
        for name in names where name != "cli-no-keyword" {
            let isIdle = CLIAnnotations.idle[name] != nil
            #expect(isIdle != CLIAnnotations.effective.contains(name), "\(name)")
        }
    }

    @Test func curlyDifferencesMarkTheirLines() throws {
        let body = """
            container devices { list device { key name; leaf name { type string; } leaf port { type uint16; }
              leaf-list group { type string; } container state { leaf up { type empty; } } } }
            """
        let grammar = CLIGrammar(model: try TestModels.model(body), dialect: .c)
        let a = try grammar.parse("devices device a\n port 1\n group [ x y ]\n!\ndevices device b\n!\n").tree
        let b = try grammar.parse(
            "devices device a\n port 2\n group [ x ]\n state up\n!\ndevices device c\n port 3\n!\n"
        ).tree
        #expect(
            grammar.curlyDiff(from: a, to: b) == """
                 devices {
                     device a {
                -        port 1;
                +        port 2;
                -        group [ y ];
                +        state {
                +            up;
                +        }
                     }
                -    device b;
                +    device c {
                +        port 3;
                +    }
                 }

                """)
    }
}

extension CLIGrammar {
    /// What goes wrong when the commands from `a` to `b` are typed line by line; nil if the result is `b`.
    func applyFaults(_ a: DataTree, _ b: DataTree) throws -> String? {
        let lines = commands(from: a, to: b).map(\.text)
        let text = lines.joined(separator: "\n") + "\n"
        let result = try parse(Array(text.utf8), over: a)
        if let skipped = result.skipped.first {
            return "line \(skipped.number) \(skipped.text): \(skipped.reason)\n\(text)"
        }
        let difference = settled(result.tree).diff(to: settled(b))
        if difference.isEmpty { return nil }
        return "\(ChangeSet(difference).json)\n\(text)"
    }
}

extension CLIGrammar {
    /// Without booleans that say what they would say if they were not there: `no name` cannot take one away.
    func settled(_ tree: DataTree) -> DataTree {
        var result = tree
        func walk(_ instance: Instance) {
            for child in instance.children() {
                guard child.node.kind == .leaf, child.node.type?.base == .boolean, !child.node.isKey else {
                    walk(child)
                    // What goes with the last of its content cannot be empty on a device.
                    let vanishes = child.node.annotation("cli-delete-when-empty") != nil
                    if vanishes, result.instance(child.path)?.row?.isBare(child.node) == true {
                        result = (try? result.applying(.delete, at: child.path)) ?? result
                    }
                    continue
                }
                let node = node(child.node)
                let fallback = node.schema.defaults.first ?? (node.has(.reversed) ? "true" : "false")
                if node.has(.booleanNo), child.value == fallback {
                    result = (try? result.applying(.delete, at: child.path)) ?? result
                    var path = child.path.parent
                    while path.last?.node.isNonPresenceContainer == true, result.instance(path)?.row?.isEmpty == true {
                        result = (try? result.applying(.delete, at: path)) ?? result
                        path = path.parent
                    }
                }
            }
        }
        walk(tree.rootInstance)
        return result
    }
}
