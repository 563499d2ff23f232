import ConfigTree
import TestSupport
import Testing
import YANG

@testable import Migration

/// Verdicts of class `validity` are claims about data: where all are compatible, data of the old model is data of the
/// new one; where one is not, there is data of the old model that is none of the new one.
@Suite struct ValidityPropertyTests {
    private static let steps = Soak.seeds == nil ? 60 : 2_000

    /// More kinds of changes than the table of wordings has.
    private static let more: [ChangeCase] = [
        ChangeCase(
            "leaf a { type uint8; } leaf b { type uint8; must \"../a\"; }",
            "leaf a { type uint8; } leaf b { type uint8; must \"../a or ../b\"; }",
            ["/m:b: must expression has been relaxed (true)"], ["/m:b: must expression has been tightened (false)"]),
        ChangeCase(
            "leaf a { type uint8; } leaf b { type uint8; must \"../a\"; }",
            "leaf a { type uint8; } leaf b { type uint8; must \"../a\"; must \"../a > 2\"; }",
            ["/m:b: must expression has been added (false)"], ["/m:b: must expression has been removed (true)"]),
        ChangeCase(
            "leaf a { type uint8; } leaf b { type uint8; must \"../a and . > 1\"; }",
            "leaf a { type uint8; } leaf b { type uint8; must \"(../m:a) and (. > 1)\"; }", [], []),
        ChangeCase(
            "leaf b { type uint8; }", "leaf b { type uint8; must \"true()\"; }", [], []),
        ChangeCase(
            "leaf a { type string { pattern 'a+'; } }", "leaf a { type string { pattern 'a*'; pattern '[a-z]*'; } }",
            ["/m:a: leaf/leaf-list type has been widened (true)"],
            ["/m:a: leaf/leaf-list type has been narrowed (false)"]),
        ChangeCase(
            "leaf a { type string { pattern 'a{3}'; } }", "leaf a { type string { pattern 'aaa'; length 3; } }", [], []),
        ChangeCase(
            "leaf a { type string { pattern '[ab]+'; length 1..4; } }",
            "leaf a { type string { pattern '[abc]+'; length 1..3; } }",
            ["/m:a: leaf/leaf-list type has been narrowed (false)"],
            ["/m:a: leaf/leaf-list type has been narrowed (false)"]),
        ChangeCase(
            "leaf a { type string { pattern 'x.*'; } }",
            "leaf a { type string { pattern 'x.*' { modifier invert-match; } } }",
            ["/m:a: leaf/leaf-list type has been narrowed (false)"],
            ["/m:a: leaf/leaf-list type has been narrowed (false)"]),
        ChangeCase(
            "choice c { case x { leaf a { type uint8; } } }",
            "choice c { case x { leaf a { type uint8; } leaf b { type uint8; mandatory true; } } }",
            ["/m:b: mandatory leaf has been added (false)"], ["/m:b: leaf has been removed (false)"]),
        ChangeCase(
            "choice c { case x { leaf a { type uint8; } } }",
            "choice c { case x { leaf a { type uint8; } } case y { leaf b { type uint8; mandatory true; } } }",
            ["/m:b: leaf has been added (true)"], ["/m:b: leaf has been removed (false)"]),
        ChangeCase(
            "leaf a { type uint8; units s; }", "leaf a { type uint8; units ms; }", ["/m:a: units have changed (false)"],
            ["/m:a: units have changed (false)"]),
        ChangeCase(
            "leaf a { type uint8; }", "leaf a { type uint8; units ms; }", ["/m:a: units have been added (true)"],
            ["/m:a: units have been removed (false)"]),
        ChangeCase(
            "leaf a { type binary { length 2; } }", "leaf a { type binary { length 1..4; } }",
            ["/m:a: leaf/leaf-list type has been widened (true)"],
            ["/m:a: leaf/leaf-list type has been narrowed (false)"]),
        ChangeCase(
            "leaf a { type decimal64 { fraction-digits 2; range 1..2.5; } }",
            "leaf a { type decimal64 { fraction-digits 2; range 1..2.4; } }",
            ["/m:a: leaf/leaf-list type has been narrowed (false)"],
            ["/m:a: leaf/leaf-list type has been widened (true)"]),
        ChangeCase(
            "leaf a { type union { type uint8; type enumeration { enum x; } } }",
            "leaf a { type union { type uint8 { range 0..9; } type enumeration { enum x; } } }",
            ["/m:a: leaf/leaf-list type has been narrowed (false)"],
            ["/m:a: leaf/leaf-list type has been widened (true)"]),
        ChangeCase(
            "identity b; identity c; identity i { base b; base c; } leaf a { type identityref { base b; } }",
            "identity b; identity c; identity i { base b; base c; } leaf a { type identityref { base b; base c; } }",
            ["/m:a: identityref base has changed (false)"], ["/m:a: identityref base has changed (true)"]),
        ChangeCase(
            "rpc r { input { leaf a { type uint8; } leaf b { type uint8; } } }",
            "rpc r { input { leaf b { type uint8; } leaf a { type uint8; } } }",
            ["/m:r/input: order of nodes has changed (false)"], ["/m:r/input: order of nodes has changed (false)"]),
        ChangeCase(
            "rpc r { input { leaf a { type uint8; } } }",
            "rpc r { input { leaf a { type uint8; } leaf b { type uint8; mandatory true; } } }",
            ["/m:r/input/b: mandatory leaf has been added (false)"], ["/m:r/input/b: leaf has been removed (false)"]),
        ChangeCase(
            "notification n { leaf a { type uint8; } }", "", ["/m:n: sub-tree has been deleted (false)"],
            ["/m:n: sub-tree has been added (true)"]),
        ChangeCase(
            "container c { action r { output { leaf a { type uint8; } } } }",
            "container c { action r { output { leaf a { type uint16; } } } }",
            ["/m:c/r/output/a: leaf/leaf-list type has changed (false)"],
            ["/m:c/r/output/a: leaf/leaf-list type has changed (false)"]),
        ChangeCase(
            "anydata c;", "anyxml c;", ["/m:c: node type has changed from anydata to anyxml (false)"],
            ["/m:c: node type has changed from anyxml to anydata (false)"]),
    ]

    @Test(arguments: more) func moreKindsOfChangesAreSaid(_ pair: ChangeCase) throws {
        let (old, new) = (try MigrationModels.schema(pair.old), try MigrationModels.schema(pair.new))
        func said(_ a: Schema, _ b: Schema) -> [String] {
            SchemaComparison(from: a, to: b).changes.map { "\($0.path): \($0.info) (\($0.compatibility.rawValue))" }
        }
        #expect(said(old, new) == pair.forward)
        #expect(said(new, old) == pair.backward)
    }

    @Test(arguments: SchemaComparisonTests.all + more) func dataBearsTheVerdictsOut(_ pair: ChangeCase) throws {
        try check(pair.old, pair.new)
        try check(pair.new, pair.old)
    }

    private func check(_ before: String, _ after: String) throws {
        let (old, new) = (DataModel(try MigrationModels.schema(before)), DataModel(try MigrationModels.schema(after)))
        let changes = SchemaComparison(from: old.schema, to: new.schema).changes.filter { $0.changeClass == .validity }
        let isClaimed = changes.contains { $0.compatibility == .incompatible }
        if changes.contains(where: { $0.compatibility == .unknown }) { return }
        let refused = try refusedInstance(
            old, new, changes.compactMap { change in change.witness.map { (change, $0) } })
        if isClaimed {
            #expect(refused != nil, "no data of \(before) is refused by \(after)")
        } else {
            #expect(refused == nil, "\(after) refuses data of \(before): \(refused ?? "")")
        }
    }

    /// Valid data of the old model that is none of the new one.
    private func refusedInstance(
        _ old: DataModel, _ new: DataModel, _ witnesses: [(SchemaChange, String)]
    ) throws -> String? {
        let (valid, accepted) = (Validator(old), Validator(new))
        func isRefused(_ tree: DataTree) -> Bool {
            let same = XMLDataDecoder.tree(XMLDataEncoder.bytes(tree), file: "old.xml", model: new)
            return same.hasErrors || !accepted.violations(in: same.content).isEmpty
        }
        for (change, value) in witnesses {
            guard let leaf = change.old, leaf.dataParent?.kind == .root else { continue }
            let path = InstancePath().appending(leaf, keys: leaf.kind == .leafList ? [value] : [])
            let tree = try DataTree(old).applying(leaf.kind == .leafList ? .create : .set(value), at: path)
            if valid.violations(in: tree).isEmpty, isRefused(tree) { return tree.items.joined(separator: " ") }
        }
        for seed in 1...UInt64(3) {
            var data = RandomData(old, seed: seed, breadth: 12)
            var tree = DataTree(old)
            for _ in 0..<Self.steps {
                if valid.violations(in: tree).isEmpty, isRefused(tree) { return tree.items.joined(separator: " ") }
                tree = try data.edit(tree)
            }
        }
        return nil
    }
}
