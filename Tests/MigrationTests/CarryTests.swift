import ConfigTree
import Testing
import YANG

@testable import Migration

/// What is provable without a map, and what is shared.
@Suite struct CarryTests {
    private func carry(
        _ old: String, _ new: String, _ edits: [(Edit, String)]
    ) throws -> (items: [String], losses: [String]) {
        let tree = try DataTree(DataModel(try MigrationModels.schema(old)), edits)
        let carried = DataCarrier.carry(tree, to: DataModel(try MigrationModels.schema(new)))
        return (carried.tree.items, carried.losses.map { "\($0.path) \($0.instances): \($0.reason)" })
    }

    @Test(arguments: [
        ("uint8", "uint32", "5", "5"), ("uint16", "uint8", "5", "5"), ("string", "uint8", "007", "7"),
        ("uint8", "string", "7", "7"), ("enumeration { enum a; }", "string", "a", "a"),
        ("string", "enumeration { enum a; enum b; }", "b", "b"),
        ("decimal64 { fraction-digits 2; }", "int8", "5.0", "5"),
        ("int8", "decimal64 { fraction-digits 1; }", "5", "5.0"), ("empty", "boolean", "", "true"),
        ("boolean", "empty", "true", ""), ("string", "union { type uint8; type string; }", "7", "7"),
        ("identityref { base one; }", "enumeration { enum one-a; }", "m:one-a", "one-a"),
        ("identityref { base one; }", "string", "m:one-a", "m:one-a"),
        ("string", "identityref { base one; }", "one-a", "m:one-a"),
        ("boolean", "string", "true", "true"), ("string { length 1..3; }", "string { length 1..9; }", "abc", "abc"),
    ])
    func valuesAreCarriedBetweenTypes(_ old: String, _ new: String, _ value: String, _ result: String) throws {
        func body(_ type: String) -> String {
            "identity one; identity one-a { base one; } leaf v { type \(type)\(type.hasSuffix("}") ? "" : ";") }"
        }
        let carried = try carry(body(old), body(new), [(.set(value), "/m:v")])
        #expect(carried.items == ["/m:v \(result)"])
        #expect(carried.losses == [])
    }

    @Test func whatSaysTheSameInAnotherKindOfNodeIsCarried() throws {
        let carried = try carry(
            """
            container on { presence p; } leaf flag { type empty; } leaf-list names { type string; ordered-by user; }
            list servers { key a; leaf a { type string; } leaf port { type uint16; } } container sw { presence p; }
            """,
            """
            leaf on { type boolean; } container flag { presence p; }
            list names { key n; ordered-by user; leaf n { type string; } } leaf-list servers { type string; }
            leaf sw { type empty; }
            """,
            [
                (.create, "/m:on"), (.set(""), "/m:flag"), (.create, "/m:names{z}"), (.create, "/m:names{a}"),
                (.create, "/m:servers{s1}"), (.set("53"), "/m:servers{s2}/port"), (.create, "/m:sw"),
            ])
        #expect(
            carried.items == [
                "/m:on true", "/m:flag", "/m:names[n='z']", "/m:names[n='a']", "/m:servers[.='s1']",
                "/m:servers[.='s2']", "/m:sw ",
            ])
        #expect(carried.losses == ["/m:servers 1: the node is now a leaf-list"])
    }

    @Test func whatDoesNotChangeIsNotCopied() throws {
        let lists = """
            list big { key k; leaf k { type string; } leaf v { type uint8; } list in { key i; leaf i { type int8; } } }
            """
        let edits: [(Edit, String)] = (0..<100).map { (.set("\($0)"), "/m:big{e\($0)}/v") } + [(.set("1"), "/m:gone")]
        let old = try DataTree(DataModel(try MigrationModels.schema("leaf gone { type int8; } " + lists)), edits)
        let widened = lists.replacing("uint8", with: "uint16")
        let same = DataCarrier.carry(
            old, to: DataModel(try MigrationModels.schema("leaf other { type int8; } " + widened)))
        guard case .entries(let before)? = old.root.kids.first?.kid,
            case .entries(let after)? = same.tree.root.kids.first?.kid
        else {
            Issue.record("the list is missing")
            return
        }
        #expect(before === after)
        #expect(same.losses.map(\.path) == ["/m:gone"])
        #expect(same.counts.kept == 300)
        let narrow = lists.replacing("uint8;", with: "uint8 { range \"0..98\"; }")
        let one = DataCarrier.carry(old, to: DataModel(try MigrationModels.schema(narrow)))
        guard case .entries(let rest)? = one.tree.root.kids.first?.kid else { return }
        let kept = zip(before.rows, rest.rows).filter { $0.0 === $0.1 }.count
        #expect(kept == 99, "only the entry that lost a value is a new one")
    }

    @Test func everyFateIsReported() throws {
        let old = DataModel(
            try MigrationModels.schema("leaf a { type uint16; } leaf b { type string; } leaf c { type int8; }"))
        let new = DataModel(
            try MigrationModels.schema("leaf a { type uint8; default 9; } leaf b { type uint8; }"))
        let tree = try DataTree(old, [(.set("300"), "/m:a"), (.set("07"), "/m:b"), (.set("1"), "/m:c")])
        var lines: [String] = []
        let carried = DataCarrier.carry(tree, to: new) { event in
            switch event.fate {
            case .converted(let value, _): lines.append("\(event.path) \(event.value ?? "") -> \(value ?? "")")
            case .defaulted(let value, _): lines.append("\(event.path) \(event.value ?? "") default \(value)")
            case .dropped: lines.append("\(event.path) \(event.value ?? "") dropped")
            }
        }
        #expect(lines == ["/m:a 300 default 9", "/m:b 07 -> 7", "/m:c 1 dropped"])
        #expect((carried.counts.kept, carried.counts.converted) == (0, 1))
        #expect((carried.counts.defaulted, carried.counts.dropped) == (1, 1))
    }
}
