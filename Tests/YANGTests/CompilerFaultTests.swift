import Basics
import Testing

@testable import YANG

/// Every fault with its place; `module` puts its body on line 2.
struct CompilerFaultTests {
    private func findings(_ body: String, policy: CompilePolicy = .strict) -> [String] {
        compile(module("a", body), policy: policy).findings
    }

    @Test(arguments: [
        ("leaf l { type nope; }", "a.yang:2:10: type 'nope' is not defined"),
        ("leaf l { }", "a.yang:2:1: 'leaf l' has no 'type'"),
        ("leaf l { type string; type int8; }", "a.yang:2:23: 'leaf l' has more than one 'type'"),
        ("leaf l { key x; type string; }", "a.yang:2:10: 'key' may not stand in 'leaf'"),
        ("leef l;", "a.yang:2:1: unknown statement 'leef'"),
        ("leaf 9 { type string; }", "a.yang:2:1: '9' is no argument of 'leaf'"),
        ("list l { leaf k { type string; } }", "a.yang:2:1: list 'l' has no key"),
        ("list l { key x; leaf k { type string; } }", "a.yang:2:10: key 'x' is no leaf of list 'l'"),
        ("container c { uses g; }", "a.yang:2:15: grouping 'g' is not defined in module 'a'"),
        ("grouping g { uses g; } container c { uses g; }", "a.yang:2:14: grouping 'g' uses itself"),
        ("typedef t { type t; } leaf l { type t; }", "a.yang:2:1: typedef 't' is defined by itself"),
        ("leaf l { type p:x; }", "a.yang:2:10: prefix 'p' is not known here"),
        ("leaf l { if-feature f; type int8; }", "a.yang:2:10: feature 'f' is not defined in module 'a'"),
        ("leaf l { if-feature 'not'; type int8; }", "a.yang:2:10: 'not' is no feature expression"),
        ("identity i { base i; }", "a.yang:2:1: identity 'a:i' is derived from itself"),
        ("leaf l { type identityref { base j; } }", "a.yang:2:29: identity 'j' is not defined in module 'a'"),
        ("leaf l { type int8 { length 3; } }", "a.yang:2:22: 'length' does not restrict a int8"),
        ("leaf l { type int8 { range '5..1'; } }", "a.yang:2:22: '5..1' is no range"),
        ("leaf l { type enumeration { enum a; enum a; } }", "a.yang:2:37: 'a' (1) is there twice"),
        ("leaf l { type union; }", "a.yang:2:10: union without 'type'"),
        ("leaf l { type string; } container l;", "a.yang:2:25: 'l' is defined twice in the module"),
        ("typedef t { type string; } typedef t { type int8; }", "a.yang:2:28: typedef 't' is defined twice"),
        (
            "leaf a { type leafref { path ../b; } } leaf b { type leafref { path ../a; } }",
            "a.yang:2:1: leafref 'a' refers to itself"
        ),
        (
            "container c { leaf x { type string; } } container d { uses c; }",
            "a.yang:2:55: grouping 'c' is not defined in module 'a'"
        ),
        ("import nowhere { prefix n; }", "a.yang:2:1: module 'nowhere' is not found"),
        ("include nowhere;", "a.yang:2:1: submodule 'nowhere' is not found"),
    ])
    func faultIsPlaced(body: String, expected: String) {
        let outcome = compile(module("a", body), policy: .vendor)
        #expect(outcome.findings.contains(expected), "\(outcome.findings)")
        #expect(outcome.schema == nil)
    }

    /// What `vendor` policy gives up, `strict` refuses.
    @Test(arguments: [
        ("leaf l { type int8; default 300; }", "a.yang:2:21: the default of 'l' is no value of its type"),
        ("leaf l { type string { pattern '['; } }", "a.yang:2:24: pattern '[' is faulty"),
        ("leaf l { must '1 +'; type string; }", "a.yang:2:10: must \"1 +\" is no XPath expression"),
        ("leaf l { when ')'; type string; }", "a.yang:2:10: when \")\" is no XPath expression"),
        ("leaf l { type leafref { path ../nope; } }", "a.yang:2:25: leafref path \"../nope\" of 'l' leads nowhere"),
        (
            "leaf o { config false; type int8; } leaf l { type leafref { path ../o; } }",
            "a.yang:2:61: configuration leafref 'l' refers to 'o'"
        ),
        ("list l { key k; unique x; leaf k { type int8; } }", "a.yang:2:17: unique names 'x'"),
        (
            "container c { status deprecated; leaf l { status current; type int8; } }",
            "a.yang:2:43: 'l' is current below"
        ),
        ("leaf l { type int8 { range '1..300'; } }", "a.yang:2:22: range \"1..300\" allows more"),
        ("choice c { default x; leaf l { type int8; } }", "a.yang:2:12: choice 'c' has no case 'x'"),
        ("container c { config false; leaf l { config true; type int8; } }", "a.yang:2:38: 'l' is 'config true'"),
        ("augment /x { leaf y { type string; } }", "a.yang:2:1: 'augment /x' names no node: there is no 'x'"),
        ("leaf l { type int8; default 1; mandatory true; }", "a.yang:2:21: 'l' is mandatory and has a default"),
    ])
    func vendorPolicySurvives(body: String, expected: String) {
        let strict = compile(module("a", body))
        #expect(strict.schema == nil && strict.findings.contains { $0.hasPrefix(expected) }, "\(strict.findings)")
        let vendor = compile(module("a", body), policy: .vendor)
        #expect(vendor.schema != nil && vendor.findings.contains { $0.hasPrefix(expected) }, "\(vendor.findings)")
        #expect(vendor.schema?.diagnostics.allSatisfy { $0.severity == .warning } == true)
    }

    @Test func allFaultsAreReportedOnce() {
        let found = findings(
            """
            grouping g { leaf x { type nope; } }
            container one { uses g; } container two { uses g; }
            leaf l { type string; }}
            leaf m { type
            """)
        #expect(found.filter { $0.contains("'nope'") } == ["a.yang:2:23: type 'nope' is not defined"])
        #expect(found.count >= 2)
    }

    @Test func importCyclesAreNamed() {
        let outcome = compile(
            module("a", "leaf x { type b:t; }", imports: ["b"]), module("b", "typedef t { type int8; }", imports: ["a"])
        )
        #expect(outcome.findings == ["b.yang:1:59: modules import each other: a → b → a"])
    }

    @Test func unknownExtensionsAreWarnings() {
        let outcome = compile(
            module("a", "leaf l { tailf-common:frobnicate x; type int8; }", imports: ["tailf-common"]), library: [tailf]
        )
        #expect(outcome.schema != nil)
        #expect(outcome.findings == ["a.yang:2:10: extension 'frobnicate' is not defined in module 'tailf-common'"])
    }

    @Test func mandatoryNodesMayNotBeAddedToOtherModules() {
        let base = module("b", "container c;")
        let augmenting = module("a", "augment /b:c { leaf m { type int8; mandatory true; } }", imports: ["b"])
        #expect(compile(base, augmenting).findings.first?.hasPrefix("a.yang:2:1: augment adds the mandatory") == true)
        #expect(compile(base, augmenting, policy: .vendor).schema?.node("c/m") != nil)
    }

    @Test func explosionsAreBounded() {
        var chain = "typedef t0 { type int8; } grouping h0 { leaf y { type int8; } } feature f0;\n"
        for level in 1...5000 {
            chain += "typedef t\(level) { type t\(level - 1); } grouping h\(level) { uses h\(level - 1); }\n"
            chain += "feature f\(level) { if-feature f\(level - 1); }\n"
        }
        let outcome = compile(
            module(
                "a",
                chain + "container c { uses h5000; leaf l { type t5000; } leaf m { if-feature f5000; type int8; } }"))
        #expect(outcome.schema == nil)
        #expect(outcome.findings.contains { $0.contains("types are nested too deeply") })
        #expect(outcome.findings.contains { $0.contains("groupings use each other too deeply") })
        #expect(outcome.findings.contains { $0.contains("depends on too many others") })
    }

    @Test func noBytesCrashTheCompiler() {
        let text = Array(
            module("a", "container c { list l { key k; leaf k { type string { length '1..4'; } } } }").utf8)
        var generator = SplitMix(state: 7)
        for _ in 0..<2000 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let position = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: position)
                default: bytes.insert(Array("{};\"'/*+\\".utf8).randomElement(using: &generator)!, at: position)
                }
            }
            let outcome = SchemaCompiler().compile([.init(path: "f.yang", bytes: bytes)])
            #expect((outcome.schema == nil) == outcome.hasErrors)
        }
    }
}
