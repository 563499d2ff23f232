import Basics
import Testing

@testable import YANG

struct TypeResolverTests {
    private func type(_ text: String, _ definitions: String = "") -> ResolvedType? {
        let outcome = compile(module("a", "\(definitions) leaf l { \(text) }"))
        if outcome.schema == nil { Issue.record("\(outcome.findings)") }
        return outcome.schema?.node("l")?.type
    }

    @Test func restrictionsCollectOverTheChain() throws {
        let resolved = try #require(
            type(
                "type two { range '2..3 | 9'; }",
                "typedef one { type int32 { range 'min..10'; } } typedef two { type one { range '1..max'; } }"))
        #expect(resolved.ranges == [2...3, 9...9] && resolved.typedefs == ["a:two", "a:one"])
        let text = try #require(
            type(
                "type s { pattern 'b*' { modifier invert-match; error-message m; } length 2; }",
                "typedef s { type string { pattern 'a*'; length '1..4'; } }"))
        #expect(text.lengths == [2...2] && text.patterns.map(\.source) == ["a*", "b*"])
        #expect(text.patterns[1].isInverted && text.patterns[1].errorMessage == "m")
        #expect(type("type decimal64 { fraction-digits 2; range '1.5..3'; }")?.ranges == [150...300])
        #expect(type("type uint8;")?.ranges == [0...255])
    }

    @Test func enumsAndBitsAreNumbered() throws {
        let enums = try #require(type("type enumeration { enum a; enum b { value 5; } enum c; enum d { value -1; } }"))
        #expect(enums.enums.map(\.value) == [0, 5, 6, -1])
        let narrowed = try #require(
            type("type e { enum c; }", "typedef e { type enumeration { enum a; enum b { value 7; } enum c; } }"))
        #expect(narrowed.enums == [EnumMember(name: "c", value: 8)])
        let bits = try #require(type("type bits { bit x { position 3; } bit y; }"))
        #expect(bits.bits.map(\.value) == [3, 4])
    }

    @Test func identityTables() throws {
        let outcome = compile(
            module("i", "identity base; identity mid { base base; }"),
            module(
                "a",
                """
                identity leafy { base i:mid; tailf-common:abstract; } identity own { base i:base; }
                leaf l { type identityref { base i:base; } default own; }
                leaf m { type identityref { base i:base; } default i:mid; }
                """, imports: ["i", "tailf-common"]), library: [tailf])
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.identities.isDerived("a:leafy", from: "i:base"))
        #expect(schema.identities.values(of: ["i:base"]) == ["a:own", "i:mid"])
        #expect(schema.node("l")?.defaults == ["a:own"] && schema.node("m")?.defaults == ["i:mid"])
        #expect(schema.node("l")?.type?.identityBases == ["i:base"])
    }

    @Test func leafrefsFindTheirTargets() throws {
        let outcome = compile(
            module(
                "a",
                """
                typedef ref { type leafref { path "/c/l/k"; } }
                container c { list l { key k; leaf k { type int8; } leaf v { type string; }
                    choice x { leaf hidden { type string; } } }
                  leaf r { type ref; default 5; }
                  leaf s { type leafref { path "../l[k = current()/../r]/v"; } }
                  leaf d { type leafref { path "deref(../r)/../v"; } }
                  leaf h { type leafref { path "../l/hidden"; } }
                  leaf u { type union { type int8; type leafref { path "../r"; require-instance false; } } } }
                rpc op { input { leaf a { type string; } leaf b { type leafref { path "../a"; } } } }
                """))
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        func target(_ path: String) -> String? {
            schema.node(path)?.type?.leafrefTargets.first.map { schema[$0].path }
        }
        #expect(target("c/r") == "/a:c/l/k" && target("c/s") == "/a:c/l/v" && target("c/d") == "/a:c/l/v")
        #expect(
            target("c/h") == "/a:c/l/hidden" && target("c/u") == "/a:c/r" && target("op/input/b") == "/a:op/input/a")
        #expect(schema.node("c/r")?.defaults == ["5"])
        #expect(schema.node("c/u")?.type?.members[1].requireInstance == false)
    }

    @Test func namesInAGroupingBelongToItsUser() throws {
        let outcome = compile(
            module("g", "grouping g { leaf x { type string; } leaf r { type leafref { path '../x'; } } }"),
            module("a", "container c { uses g:g; }", imports: ["g"]),
            module("b", "container d { uses g:g; }", imports: ["g"]))
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.node("c/r")?.type?.leafrefTarget == schema.node("c/x")?.id)
        #expect(schema.node("d/r")?.type?.leafrefTarget == schema.node("d/x")?.id)
    }
}
