import ConfigTree
import Foundation
import Netsim
import Testing
import YANG

@testable import CLIGrammar

/// J-style configuration: statements in braces, `set` commands.
@Suite struct StatementTests {
    private func grammar() throws -> CLIGrammar { CLIGrammar(model: try TestModels.junos.get(), dialect: .j) }

    private func commands(_ from: String, _ to: String) throws -> [String] {
        let grammar = try grammar()
        return grammar.commands(from: try grammar.parse(from).tree, to: try grammar.parse(to).tree).map(\.text)
    }

    /// The lines of a text after they were taken over and printed with braces.
    private func braces(_ text: String) throws -> String { try grammar().again(text) }

    @Test func theSampleComesBackWordForWord() throws {
        let grammar = try grammar()
        let path = TestModels.packageRoot.appending(path: "packages/openned-junos-cli-1.0/test/branch.cfg")
        let text = String(decoding: try Data(contentsOf: path), as: UTF8.self)
        let tree = try grammar.parse(text).tree
        #expect(grammar.render(tree) == text)
        let again = try grammar.parse(try #require(grammar.setCommands(tree)))
        #expect(tree.diff(to: again.tree).isEmpty)
        #expect(again.lineCount == again.takenCount)
    }

    @Test func bothFormsOfRandomTreesComeBack() throws {
        let grammar = try grammar()
        var trees = RandomTrees(grammar.model, seed: 41)
        for _ in 0..<200 {
            // An entry made twice may have two cases of a choice: the text settles that.
            let tree = try grammar.parse(grammar.render(trees.tree(width: 3)), strict: false).tree
            for text in [grammar.render(tree), try #require(grammar.setCommands(tree))] {
                let again = try grammar.parse(text, strict: false)
                #expect(again.skipped == [], "\(text)")
                #expect(ChangeSet(tree.diff(to: again.tree)).json == "[]", "\(text)")
            }
            var options = ParseOptions()
            options.isLineByLine = true
            let text = Array(grammar.render(tree).utf8)
            #expect(ChangeSet(tree.diff(to: try grammar.parse(text, options: options).tree)).json == "[]")
        }
    }

    @Test func statementsMayBeWrittenInManyWays() throws {
        let usual = """
            interfaces {
                ge-0/0/0 {
                    description "a b";
                    unit 0 {
                        family inet {
                            address 10.0.0.1/24;
                        }
                        family mpls;
                    }
                }
            }

            """
        for text in [
            "interfaces ge-0/0/0 { description \"a b\"; unit 0 family { inet { address 10.0.0.1/24 { } } mpls; } }",
            "/* why\n not */ interfaces { ge-0/0/0 { # a comment; with { signs\n description \"a b\" /* x */ ;;"
                + "unit 0 { family inet address 10.0.0.1/24; family mpls; } } } ## Last commit: never\n",
            "set interfaces ge-0/0/0 description \"a b\"\r\n# a comment\n\n"
                + "set interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/24\n"
                + "set interfaces ge-0/0/0 unit 0 family mpls",
            "edit interfaces ge-0/0/0\nset description \"a b\" mtu 900\ndelete mtu\nedit unit 0\n"
                + "set family inet address 10.0.0.1/24\nup\nset unit 0 family mpls\ntop\n",
        ] {
            #expect(try braces(text) == usual, "\(text)")
        }
    }

    @Test func valuesThatStatementsNeedAreQuoted() throws {
        let grammar = try grammar()
        for value in ["a b", "a;", "{", "}", "[", "a]", "#x", "/* x", "a\"b", "a\\b", "inactive:", "$9$x", "é", "*"] {
            let path = try DataTree(grammar.model).path("/system/login/message")
            let tree = try DataTree(grammar.model).applying(.set(value), at: path)
            for text in [grammar.render(tree), try #require(grammar.setCommands(tree))] {
                #expect(try grammar.parse(text).tree.instance(path)?.value == value, "\(text)")
            }
        }
        #expect(grammar.writer.word("uplink") == Array("uplink".utf8))
    }

    @Test func whatTheModelDoesNotKnowIsSkippedWhole() throws {
        let text = """
            system {
                host-name a;
                magic {
                    host-name b;
                    deep { deeper { domain-name c; } }
                }
                services { ssh { ciphers [ x y ]; root-login maybe; } }
            }
            snmp location "no end" }
            system { domain-name d; }

            """
        let parsed = try grammar().parse(text, strict: false)
        #expect(
            parsed.skipped.map { "\($0.number) \($0.text) \($0.mode) \($0.reason)" } == [
                "3 magic { [\"system\"] unknown command",
                "4 host-name b; [\"system\"] inside a statement that is not known",
                "5 deep { [\"system\"] inside a statement that is not known",
                "5 deeper { [\"system\"] inside a statement that is not known",
                "5 domain-name c; [\"system\"] inside a statement that is not known",
                "7 ciphers [ x y ]; [\"system\", \"services\", \"ssh\"] unknown command",
                "7 root-login maybe; [\"system\", \"services\", \"ssh\"] \"maybe\" is not a valid value",
                "9 snmp location \"no end\" [] ';' is missing", "9 } [] nothing is open",
            ])
        #expect(
            try grammar().render(parsed.tree) == """
                system {
                    host-name a;
                    domain-name d;
                    services {
                        ssh;
                    }
                }

                """)
        #expect(throws: CLIFault.self) { try grammar().parse(text) }
        let lines = try grammar().parse("set system host-name a\nset system magic x\nshow nothing\n", strict: false)
        #expect(lines.skipped.map(\.number) == [2, 3])
        for unfinished in ["system {", "/* no end", "system { host-name \"a; }"] {
            #expect(try !grammar().parse(unfinished, strict: false).skipped.isEmpty, "\(unfinished)")
        }
    }

    @Test func inactiveStatementsStayInactive() throws {
        let grammar = try grammar()
        let text = """
            interfaces {
                inactive: ge-0/0/0 {
                    inactive: mtu 1500;
                }
                ge-0/0/1 {
                    unit 0 {
                        inactive: family {
                            inet;
                        }
                    }
                }
            }

            """
        #expect(grammar.render(try grammar.parse(text).tree) == text)
        let tree = try grammar.parse(text).tree
        let set = try #require(grammar.setCommands(tree))
        #expect(set.contains("\ndeactivate interfaces ge-0/0/0\n"), "\(set)")
        #expect(grammar.render(try grammar.parse(set).tree) == text)
        let active = text.replacing("inactive: ", with: "")
        #expect(
            try commands(text, active) == [
                "activate interfaces ge-0/0/0 mtu", "activate interfaces ge-0/0/0",
                "activate interfaces ge-0/0/1 unit 0 family",
            ])
        #expect(
            try commands(active, text) == [
                "deactivate interfaces ge-0/0/0 mtu", "deactivate interfaces ge-0/0/0",
                "deactivate interfaces ge-0/0/1 unit 0 family",
            ])
    }

    @Test func differencesAreCommands() throws {
        #expect(
            try commands(
                "system { host-name a; services { telnet; } login { user u { class operator; uid 2000; } } }",
                "system { host-name b; ntp { server 192.0.2.1 prefer; } login { user u { class read-only; } } }")
                == [
                    "delete system services telnet", "set system host-name b", "delete system login user u uid",
                    "set system login user u class read-only", "set system ntp server 192.0.2.1 prefer",
                ])
        // What is referred to is made before the reference, and goes after it.
        let with = "firewall { policer p { then discard; } family inet { filter f { term t { then policer p; } } } }"
        let term = "firewall family inet filter f term t"
        #expect(
            try commands("", with) == ["set firewall policer p then discard", "set \(term) then policer p"])
        #expect(
            try commands(with, "firewall { family inet { filter f { term t { then accept; } } } }")
                == ["delete \(term) then policer", "set \(term) then accept", "delete firewall policer p"])
        #expect(try commands(with, "") == ["delete firewall family inet filter f", "delete firewall policer p"])
    }

    @Test func entriesMoveByTheFewestInserts() throws {
        func policy(_ terms: [String]) -> String {
            "policy-options { policy-statement p { \(terms.map { "term \($0) { then accept; }" }.joined()) } }"
        }
        let statement = "policy-options policy-statement p"
        #expect(
            try commands(policy(["a", "b", "c", "d"]), policy(["d", "a", "x", "b"])) == [
                "delete \(statement) term c", "set \(statement) term x then accept",
                "insert \(statement) term a after term d", "insert \(statement) term b after term x",
            ])
        #expect(
            try commands(
                "system { authentication-order [ radius password ]; }",
                "system { authentication-order [ tacplus password radius ]; }") == [
                    "set system authentication-order tacplus",
                    "insert system authentication-order password after tacplus",
                    "insert system authentication-order radius after password",
                ])
        let grammar = try grammar()
        var random = SeededGenerator(state: 43)
        let names = (0..<9).map { "t\($0)" }
        for _ in 0..<60 {
            let trees = try [names.shuffled(using: &random), names.shuffled(using: &random)].map {
                try grammar.parse(policy(Array($0.prefix(6)))).tree
            }
            let fault = StrictOrderTests.fault(
                grammar, StrictRules(grammar.model), from: trees[0], to: trees[1], tolerating: [])
            #expect(fault == nil)
        }
    }

    @Test func configurationsLeadToEachOther() throws {
        let grammar = try grammar()
        let folder = TestModels.packageRoot.appending(path: "packages/openned-junos-cli-1.0/test")
        let names = ["branch.cfg", "core.cfg", "access.set"]
        let trees = try names.map { try grammar.parse(Array(try Data(contentsOf: folder.appending(path: $0)))) }
        #expect(trees.allSatisfy { $0.skipped == [] })
        let rules = StrictRules(grammar.model)
        for (a, from) in trees.enumerated() {
            for (b, to) in trees.enumerated() where a != b {
                let fault = StrictOrderTests.fault(grammar, rules, from: from.tree, to: to.tree, tolerating: [])
                #expect(fault == nil, "\(names[a]) to \(names[b])")
            }
        }
    }

    @Test func mutatedTextsAreReadOrSkipped() throws {
        let grammar = try grammar()
        var trees = RandomTrees(grammar.model, seed: 44)
        let signs = Array("{};[]\"#/*\\: \n".utf8) + [0, 0xff]
        for round in 0..<150 {
            let tree = trees.tree(width: 2)
            var bytes = Array((round % 2 == 0 ? grammar.render(tree) : try #require(grammar.setCommands(tree))).utf8)
            guard !bytes.isEmpty else { continue }
            for _ in 0..<4 {
                let at = Int.random(in: 0..<bytes.count, using: &trees.random)
                bytes[at] = signs.randomElement(using: &trees.random) ?? 0
            }
            let parsed = try grammar.parse(bytes)
            let again = try grammar.parse(grammar.render(parsed.tree), strict: false)
            #expect(ChangeSet(parsed.tree.diff(to: again.tree)).json == "[]")
            #expect(again.skipped == [])
        }
    }
}
