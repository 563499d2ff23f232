import Basics
import Testing

@testable import YANG

/// Several revisions of a module in one schema.
struct RevisionMergeTests {
    private func compile(
        _ texts: String..., merges: Bool = true, announced: [String: String]? = nil
    ) -> SchemaCompiler.Outcome {
        var options = SchemaCompiler.Options()
        options.mergesRevisions = merges
        options.announced = announced
        let sources = texts.enumerated().map {
            SchemaCompiler.Source(path: "\($0.offset).yang", bytes: Array($0.element.utf8))
        }
        return SchemaCompiler(options: options).compile(sources)
    }

    private func module(_ revision: String, _ body: String, name: String = "m", more: String = "") -> String {
        """
        module \(name) { yang-version 1.1; namespace "urn:\(name)"; prefix \(name); \(more)
          revision \(revision);
          \(body)
        }
        """
    }

    private var old: String {
        module(
            "2020-01-01",
            """
            typedef size { type uint8; }
            grouping place { leaf street { type string; } leaf gone { type size; } }
            container home { uses place; choice way { case foot { leaf shoes { type string; } } leaf bus { type size; } } }
            list item { key id; leaf id { type string; } leaf only-old { type leafref { path "/m:home/m:gone"; } } }
            leaf color { type enumeration { enum red; } }
            container past { leaf a { type string; } }
            """)
    }

    private var new: String {
        module(
            "2024-04-04",
            """
            typedef size { type uint16; }
            container home { leaf street { type string; } leaf shoes { type string; } leaf flat { type size; } }
            list item { key id; leaf id { type string; } leaf price { type size; } }
            leaf color { type enumeration { enum red; enum blue; } }
            """)
    }

    @Test(arguments: [false, true]) func unionHasTheNodesOfAllRevisions(isOldFirst: Bool) throws {
        let outcome = isOldFirst ? compile(old, new) : compile(new, old)
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(outcome.diagnostics.isEmpty, "\(outcome.findings)")
        #expect(
            schema.outline == [
                "container home", "  leaf street", "  leaf shoes", "  leaf flat", "  leaf gone", "  choice way",
                "    case bus", "      leaf bus",
                "list item", "  leaf id", "  leaf price", "  leaf only-old", "leaf color", "container past", "  leaf a",
            ])
        #expect(schema.module(named: "m")?.revision == "2024-04-04")
        #expect(
            schema.node("home/gone")?.type?.ranges == [0...255] && schema.node("home/flat")?.type?.ranges == [0...65535]
        )
        #expect(schema.node("color")?.type?.enums.map(\.name) == ["red", "blue"])
        #expect(schema.node("item/only-old")?.type?.leafrefTarget == schema.node("home/gone")?.id)
    }

    @Test func nodesKnowTheirRevisions() throws {
        let schema = try #require(
            compile(old, new, module("2019-09-09", "container past { leaf b { type int8; } }")).schema)
        #expect(schema.node("home")?.revisions == ["2024-04-04", "2020-01-01"])
        #expect(schema.node("home/flat")?.revisions == ["2024-04-04"])
        #expect(schema.node("home/gone")?.revisions == ["2020-01-01"])
        #expect(schema.node("past")?.revisions == ["2020-01-01", "2019-09-09"])
        #expect(schema.node("past/b")?.revisions == ["2019-09-09"])
        #expect(compile(new).schema?.node("home")?.revisions == nil)
    }

    @Test func augmentsOfOlderRevisionsReachWhatIsThere() throws {
        let base = module("2020-01-01", "container a { container b; }", name: "base")
        let imports = "import base { prefix b; }"
        let outcome = compile(
            base,
            module("2020-02-02", "augment /b:a { leaf x { type string; } leaf y { type string; } }", more: imports),
            module("2021-01-01", "augment /b:a { leaf x { type string; } leaf z { type string; } }", more: imports))
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.outline == ["container a", "  container b", "  leaf x", "  leaf z", "  leaf y"])
        #expect(schema.node("a/y")?.revisions == ["2020-02-02"] && schema.node("a/y")?.module.name == "m")
        #expect(schema.node("a/b")?.revisions == nil && schema.node("a/x")?.revisions == nil)
    }

    @Test func augmentsFindNodesThatOnlyOlderRevisionsHave() throws {
        let other = module(
            "2020-02-02", "augment /m:past { leaf z { type string; } }", name: "n", more: "import m { prefix m; }")
        let schema = try #require(compile(new, old, other).schema)
        #expect(schema.node("past")?.dataChild(named: "z", module: "n") != nil)
    }

    @Test func anotherKeyOrKindIsAFaultWithItsPlace() {
        let changed = module(
            "2025-05-05",
            """
            list item { key "id kind"; leaf id { type string; } leaf kind { type string; } }
            container color { leaf name { type string; } }
            """)
        let outcome = compile(old, changed)
        #expect(outcome.schema == nil)
        #expect(
            outcome.findings == [
                "1.yang:3:3: the key of list 'item' is \"id kind\", and in revision 2020-01-01 of module 'm' it is \"id\"",
                "1.yang:4:1: 'color' is a container, and in revision 2020-01-01 of module 'm' it is a leaf",
            ])
        #expect(outcome.diagnostics.allSatisfy { $0.remedy.contains("a package of its own") })
    }

    @Test func submodulesGoWithTheirRevision() throws {
        func part(_ revision: String, _ leaf: String) -> String {
            "submodule s { yang-version 1.1; belongs-to m { prefix m; } revision \(revision); leaf \(leaf) { type int8; } }"
        }
        let outcome = compile(
            part("2020-01-01", "older"), part("2024-04-04", "newer"),
            module("2020-01-01", "", more: "include s;"), module("2024-04-04", "", more: "include s;"))
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.outline == ["leaf newer", "leaf older"])
        #expect(schema.node("older")?.revisions == ["2020-01-01"])
    }

    @Test func announcedRevisionsMakeTheSetOfOneDevice() throws {
        let other = module("2020-02-02", "leaf other { type string; }", name: "n")
        let view = try #require(compile(new, old, other, merges: false, announced: ["m": "2020-01-01"]).schema)
        #expect(view.node("home/gone") != nil && view.node("home/flat") == nil && view.node("other") == nil)
        #expect(view.node("color")?.type?.enums.map(\.name) == ["red"] && view.module(named: "n") == nil)
        let newest = try #require(compile(new, old, other, announced: ["m": "2024-04-04", "n": ""]).schema)
        #expect(newest.node("home/gone") == nil && newest.node("other") != nil)
    }

    @Test func withoutMergingTwoRevisionsAreAFault() {
        #expect(compile(new, old, merges: false).schema == nil)
    }

    @Test(arguments: [
        ("2024-04-04", 0), ("2023-01-01", 1), ("2020-01-01", 1), ("2001-01-01", 1), ("2099-01-01", 0), ("", 0),
    ])
    func nearestRevisionServesADevice(announced: String, position: Int) {
        #expect(ModuleRevisions.choose(announced, among: ["2024-04-04", "2020-01-01"]) == position)
        #expect(ModuleRevisions.choose(announced, among: []) == nil)
    }
}
