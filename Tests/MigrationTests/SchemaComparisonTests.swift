import Testing
import YANG

@testable import Migration

/// A pair of models and what is said of it, there and back.
struct ChangeCase: CustomTestStringConvertible, Sendable {
    var old: String
    var new: String
    /// `PATH: INFO (VERDICT)`
    var forward: [String]
    var backward: [String]

    var testDescription: String { "\(old) => \(new)" }

    init(_ old: String, _ new: String, _ forward: [String], _ backward: [String]) {
        (self.old, self.new, self.forward, self.backward) = (old, new, forward, backward)
    }

    /// Two types of `leaf a`.
    static func type(_ old: String, _ new: String, _ forward: String?, _ backward: String?) -> ChangeCase {
        func said(_ text: String?) -> [String] { text.map { ["/m:a: leaf/leaf-list type \($0)"] } ?? [] }
        return ChangeCase("leaf a { type \(old) }", "leaf a { type \(new) }", said(forward), said(backward))
    }
}

@Suite struct SchemaComparisonTests {
    private static let leaf = "leaf a { type string; }"

    private func changes(_ old: Schema, _ new: Schema) -> [String] {
        SchemaComparison(from: old, to: new).changes.map { "\($0.path): \($0.info) (\($0.compatibility.rawValue))" }
    }

    private static let nodes: [ChangeCase] = [
        ChangeCase(leaf, leaf, [], []),
        ChangeCase(leaf, "", ["/m:a: leaf has been removed (false)"], ["/m:a: leaf has been added (true)"]),
        ChangeCase(
            "container c { \(leaf) }", "", ["/m:c: sub-tree has been deleted (false)"],
            ["/m:c: sub-tree has been added (true)"]),
        ChangeCase(
            "", "container c { container d { leaf a { type string; mandatory true; } } }",
            ["/m:c: mandatory sub-tree has been added (false)"], ["/m:c: sub-tree has been deleted (false)"]),
        ChangeCase(
            "", "container c { presence p; leaf a { type string; mandatory true; } }",
            ["/m:c: sub-tree has been added (true)"], ["/m:c: sub-tree has been deleted (false)"]),
        ChangeCase(
            "container c { \(leaf) }", "container c { presence p; \(leaf) }",
            ["/m:c: node type has changed from non-presence container to presence container (false)"],
            ["/m:c: node type has changed from presence container to non-presence container (false)"]),
        ChangeCase(
            "leaf c { type string; }", "leaf-list c { type string; }",
            ["/m:c: node type has changed from leaf to leaf-list (false)"],
            ["/m:c: node type has changed from leaf-list to leaf (false)"]),
        ChangeCase(
            "list c { key k; leaf k { type string; } }", "leaf-list c { type string; }",
            ["/m:c: node type has changed from list to leaf-list (false)"],
            ["/m:c: node type has changed from leaf-list to list (false)"]),
        ChangeCase(
            leaf, "leaf a { type string; mandatory true; }", ["/m:a: node is now mandatory (false)"],
            ["/m:a: node is no longer mandatory (true)"]),
        ChangeCase(
            leaf, "leaf a { config false; type string; }", ["/m:a: node is no longer configuration (false)"],
            ["/m:a: node has become configuration (true)"]),
        ChangeCase(
            leaf, "leaf a { type string; default x; }", ["/m:a: default value has been added (true)"],
            ["/m:a: default value has been removed (false)"]),
        ChangeCase(
            "leaf a { type string; default y; }", "leaf a { type string; default x; }",
            ["/m:a: default value has changed (false)"], ["/m:a: default value has changed (false)"]),
        ChangeCase(
            leaf, "leaf a { type string; status deprecated; }", ["/m:a: status has changed to deprecated (true)"],
            ["/m:a: status has changed to current (false)"]),
        ChangeCase(
            "leaf-list c { type string; max-elements 3; }", "leaf-list c { type string; max-elements 6; }",
            ["/m:c: min/max has been relaxed (true)"], ["/m:c: min/max has been tightened (false)"]),
        ChangeCase(
            "leaf-list c { type string; }", "leaf-list c { type string; ordered-by user; }",
            ["/m:c: ordered-by has changed (false)"], ["/m:c: ordered-by has changed (false)"]),
        ChangeCase(
            "\(leaf)", "\(leaf) leaf b { type string; mandatory true; }",
            ["/m:b: mandatory leaf has been added (false)"], ["/m:b: leaf has been removed (false)"]),
        ChangeCase(
            "container c { \(leaf) }", "container c { must \"a\"; \(leaf) }",
            ["/m:c: must expression has been added (false)"], ["/m:c: must expression has been removed (true)"]),
        ChangeCase(
            "container c { must \"a = 1\"; \(leaf) }", "container c { must \"a\"; \(leaf) }",
            ["/m:c: must expression has changed (unknown)"], ["/m:c: must expression has changed (unknown)"]),
        ChangeCase(
            "\(leaf) leaf b { type string; }", "\(leaf) leaf b { when \"../a\"; type string; }",
            ["/m:b: when expression has been added (false)"], ["/m:b: when expression has been removed (true)"]),
    ]

    private static let body = "leaf k { type string; } leaf n { type uint8; } leaf v { type string; }"

    private static let listsAndChoices: [ChangeCase] = [
        ChangeCase(
            "list l { key k; \(body) }", "list l { key \"k n\"; \(body) }",
            ["/m:l: list key has changed (false)", "/m:l/n: leaf is now a list key (false)"],
            ["/m:l: list key has changed (false)"]),
        ChangeCase(
            "list l { key \"n k\"; \(body) }", "list l { key \"k n\"; \(body) }",
            ["/m:l: list key has changed (false)"], ["/m:l: list key has changed (false)"]),
        ChangeCase(
            "list l { key k; leaf k { type string; } }", "list l { key k; leaf k { type uint8; } }",
            [
                "/m:l: list key has changed; leaf 'k' has changed type (false)",
                "/m:l/k: leaf/leaf-list type has changed (false)",
            ],
            [
                "/m:l: list key has changed; leaf 'k' has changed type (false)",
                "/m:l/k: leaf/leaf-list type has changed (false)",
            ]),
        ChangeCase(
            "list l { key k; \(body) }", "list l { key k; unique v; \(body) }",
            ["/m:l: unique has changed (false)"], ["/m:l: unique has changed (true)"]),
        ChangeCase(
            "\(leaf) leaf b { type string; }", "choice c { \(leaf) leaf b { type string; } }",
            ["/m:a: node has moved to another case (false)", "/m:b: node has moved to another case (false)"],
            ["/m:a: node is no longer in a choice (true)", "/m:b: node is no longer in a choice (true)"]),
        ChangeCase(
            "choice c { \(leaf) leaf b { type string; } }",
            "choice c { mandatory true; \(leaf) leaf b { type string; } }",
            ["/m:c: node is now mandatory (false)"], ["/m:c: node is no longer mandatory (true)"]),
        ChangeCase(
            "choice c { default a; \(leaf) leaf b { type string; } }",
            "choice c { default b; \(leaf) leaf b { type string; } }",
            ["/m:c: default case has changed (false)"], ["/m:c: default case has changed (false)"]),
        ChangeCase(
            "choice c { \(leaf) }", "choice c { case a { \(leaf) } }", [], []),
        ChangeCase(
            "", "choice c { mandatory true; leaf x { type string; } }",
            ["/m:x: leaf has been added (true)", "/m:c: mandatory choice has been added (false)"],
            ["/m:x: leaf has been removed (false)"]),
    ]

    private static let widened = "has been widened (true)"
    private static let narrowed = "has been narrowed (false)"

    private static let changed = "has changed (false)"
    private static let renumbered = "has been renumbered (false)"

    private static let types: [ChangeCase] = [
        .type("uint8;", "string;", changed, changed),
        .type("uint8 { range 1..5; }", "uint8 { range 1..9; }", widened, narrowed),
        .type("uint8 { range 1..9; }", "uint8 { range \"1..5 | 6..9\"; }", nil, nil),
        .type("uint8;", "uint8 { range 1..9; }", narrowed, widened),
        .type("string { length 1..5; }", "string { length 1..9; }", widened, narrowed),
        .type("string;", "string { pattern a*; }", narrowed, widened),
        .type(
            "string { pattern a*; }", "string { pattern b*; }", narrowed,
            narrowed),
        .type("string { pattern a*; }", "string { length 1..9; }", narrowed, narrowed),
        .type("enumeration { enum x; }", "enumeration { enum x; enum y; }", widened, narrowed),
        .type("enumeration { enum x; enum y; }", "enumeration { enum y; enum x; }", renumbered, renumbered),
        .type("bits { bit x; }", "bits { bit x; bit y; }", widened, narrowed),
        .type("decimal64 { fraction-digits 2; }", "decimal64 { fraction-digits 3; }", changed, changed),
        .type("union { type uint8; type string; }", "union { type uint8; type string; type empty; }", widened, changed),
        .type("union { type uint8; }", "union { type uint16; }", changed, changed),
        ChangeCase(
            "leaf z { type string; } leaf a { type instance-identifier; }",
            "leaf z { type string; } leaf a { type instance-identifier { require-instance false; } }",
            ["/m:a: leaf/leaf-list type \(widened)"], ["/m:a: leaf/leaf-list type \(narrowed)"]),
    ]

    static let all = nodes + listsAndChoices + types

    @Test(arguments: all) func everyKindOfChangeIsSaidBothWays(_ pair: ChangeCase) throws {
        let (old, new) = (try MigrationModels.schema(pair.old), try MigrationModels.schema(pair.new))
        #expect(changes(old, new).sorted() == pair.forward.sorted())
        #expect(changes(new, old).sorted() == pair.backward.sorted())
        #expect(changes(old, try MigrationModels.schema(pair.old)) == [])
    }

    @Test func anotherStackOfTypedefsIsSaid() throws {
        let typedefs = "typedef t { type string; } typedef u { type t; }"
        let old = try MigrationModels.schema("\(typedefs) leaf a { type t; } leaf-list b { type t; }")
        let new = try MigrationModels.schema("\(typedefs) leaf a { type u; } leaf-list b { type u; }")
        #expect(
            changes(old, new) == [
                "/m:a: leaf type stack has changed (false)", "/m:b: leaf-list type stack has changed (false)",
            ])
    }

    @Test func leafrefsAndIdentitiesAreCompared() throws {
        let top = "leaf x { type string; } leaf y { type string; } identity b; identity i { base b; }"
        let old = try MigrationModels.schema(
            "\(top) leaf a { type leafref { path /x; } } leaf d { type identityref { base b; } }")
        let new = try MigrationModels.schema(
            "\(top) identity j { base b; } leaf a { type leafref { path /y; } } leaf d { type identityref { base b; } }"
        )
        #expect(
            changes(old, new) == [
                "/m:a: leafref target has changed (false)",
                "/m:d: leaf/leaf-list type has been widened (true)",
            ])
        #expect(changes(new, old).last == "/m:d: leaf/leaf-list type has been narrowed (false)")
    }

    @Test func sameNamesInOtherModulesAreOtherNodes() throws {
        func schema(_ name: String) throws -> Schema {
            try MigrationModels.compile([
                "module \(name) { namespace \"urn:\(name)\"; prefix \(name); container c { leaf v { type string; } } }"
            ])
        }
        #expect(
            changes(try schema("a"), try schema("b")) == [
                "/a:c: sub-tree has been deleted (false)", "/b:c: sub-tree has been added (true)",
            ])
    }
}
