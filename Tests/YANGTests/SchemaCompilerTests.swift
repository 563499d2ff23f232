import Basics
import Testing

@testable import YANG

struct SchemaCompilerTests {
    @Test func nodesAndTheirProperties() throws {
        let outcome = compile(
            module(
                "a",
                """
                container c { presence "x"; description "About c";
                  list l { key "k j"; ordered-by user; min-elements 1; max-elements 5; unique "u";
                    leaf k { type string; } leaf j { type uint8; }
                    leaf u { type int8; units ms; default -3; status deprecated; }
                    leaf-list m { type string; ordered-by user; }
                  }
                  leaf s { config false; type boolean; mandatory true; }
                  container n { must "../s"; when "../l" { description "x"; } anydata d; anyxml x; }
                }
                """))
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        let list = try #require(schema.node("c/l"))
        #expect(list.keys.map(\.name) == ["k", "j"] && list.keys.allSatisfy { $0.isKey })
        #expect(list.isUserOrdered && list.minElements == 1 && list.maxElements == 5)
        #expect(list.uniques.map { $0.map(\.name) } == [["u"]])
        let leaf = try #require(schema.node("c/l/u"))
        #expect(leaf.units == "ms" && leaf.defaults == ["-3"] && leaf.status == .deprecated && leaf.slot == 2)
        #expect(schema.node("c/s")?.isConfig == false && schema.node("c/s")?.isMandatory == true)
        #expect(schema.node("c")?.isPresence == true && schema.node("c")?.describingText == "About c")
        let inner = try #require(schema.node("c/n"))
        #expect(inner.musts.count == 1 && inner.whens.count == 1 && inner.whens[0].contextIsParent == false)
        #expect(inner.dataChildren.map(\.kind) == [.anydata, .anyxml])
        #expect(inner.place.description == "a.yang:9:3" && inner.path == "/a:c/n")
    }

    @Test func choicesDissolveAmongDataChildren() throws {
        let schema = try #require(
            compile(
                module(
                    "a",
                    """
                    container c { leaf a { type string; }
                      choice x { default two; leaf one { type empty; }
                        case two { leaf t { type string; } choice y { leaf u { type string; } } } }
                      leaf z { type string; } }
                    """)
            ).schema)
        let container = try #require(schema.node("c"))
        #expect(container.dataChildren.map(\.name) == ["a", "one", "t", "u", "z"])
        #expect(container.dataChildren.map(\.slot) == [0, 1, 2, 3, 4])
        #expect(container.children.map(\.name) == ["a", "x", "z"])
        #expect(container.children.map(\.defaults)[1] == ["two"])
        #expect(schema.node("c/one")?.parent?.kind == .case && schema.node("c/one")?.dataParent == container)
    }

    @Test func operationsAlwaysHaveInputAndOutput() throws {
        let schema = try #require(
            compile(
                module(
                    "a",
                    """
                    rpc r { input { leaf i { type string; } } }
                    list l { key k; leaf k { type string; } action do { output { leaf o { type string; } } }
                      notification n { leaf m { type string; } } tailf-common:action old { input { leaf i { type int8; } } } }
                    """, imports: ["tailf-common"]), library: [tailf]
            ).schema)
        #expect(
            schema.outline == [
                "rpc r", "  input input", "    leaf i", "  output output", "list l", "  leaf k", "  action do",
                "    input input", "    output output", "      leaf o", "  notification n", "    leaf m",
                "  action old", "    input input", "      leaf i", "    output output",
            ])
        #expect(schema.node("r/input/i")?.isConfig == false)
    }

    @Test func groupingsRefineAndAugment() throws {
        let outcome = compile(
            module(
                "g",
                """
                typedef t { type uint8 { range "1..10"; } default 3; units s; }
                grouping inner { leaf x { type t; } container box { leaf y { type string; } } }
                grouping outer { uses inner { refine x { default 7; description "refined"; } } }
                """),
            module(
                "a",
                """
                container one { uses g:outer { when "../flag"; augment box { when "y"; leaf added { type g:t; } } } }
                container two { uses g:inner { refine box { presence p; } if-feature f; } }
                leaf flag { type empty; }
                feature f;
                """, imports: ["g"]))
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.node("one/x")?.defaults == ["7"] && schema.node("one/x")?.describingText == "refined")
        #expect(schema.node("two/x")?.defaults == ["3"] && schema.node("two/x")?.units == "s")
        #expect(schema.node("one/x")?.module.name == "a")
        #expect(schema.node("one/x")?.type?.typedefs == ["g:t"])
        let added = try #require(schema.node("one/box/added"))
        #expect(added.whens.count == 1 && added.whens[0].contextIsParent)
        #expect(schema.node("one/box")?.whens.first?.contextIsParent == true)
        #expect(schema.node("two/box")?.isPresence == true)
        let without = compile(
            module("b", "feature f; container c { uses g { if-feature f; } } grouping g { leaf l { type string; } }"),
            features: FeatureSelection(byModule: ["b": .only([])]))
        #expect(without.schema?.outline == ["container c"])
    }

    @Test func augmentsApplyInAnyOrder() throws {
        let base = module("base", "container top { choice c { case one { leaf o { type string; } } } }")
        let second = module(
            "second", "augment /base:top/first:mid { leaf deep { type string; } }", imports: ["base", "first"])
        let first = module(
            "first",
            """
            augment /base:top { when "base:c" ; container mid; }
            augment /base:top/base:c { leaf two { type string; } }
            """, imports: ["base"])
        let schema = try #require(compile(second, first, base).schema)
        #expect(schema.node("top/mid")?.module.name == "first" && schema.node("top/mid")?.whens.count == 1)
        let deep = try #require(schema.node("top/mid/deep"))
        #expect(deep.path == "/base:top/first:mid/second:deep")
        #expect(schema.node("top/two")?.parent?.kind == .case)
        #expect(schema.root.dataChild(named: "top", namespace: "urn:base") != nil)
    }

    @Test func importedModulesOnlyLend() throws {
        let lender = module("lender", "typedef t { type int8; } container unseen; identity i;")
        let schema = try #require(
            compile(module("a", "leaf l { type lender:t; }", imports: ["lender"]), library: [lender]).schema)
        #expect(schema.outline == ["leaf l"])
        #expect(schema.module(named: "lender")?.isImplemented == false)
        #expect(schema.identities.ancestors["lender:i"] == [])
    }

    @Test func revisionsOfImportsAreKeptApart() throws {
        let old = module("lib", "revision 2020-01-01; typedef t { type int8; }")
        let new = module("lib", "revision 2021-01-01; typedef t { type int16; }")
        let outcome = compile(
            "module a { yang-version 1.1; namespace 'urn:a'; prefix a; import lib { prefix l; revision-date 2020-01-01; } "
                + "leaf x { type l:t; } }",
            "module b { yang-version 1.1; namespace 'urn:b'; prefix b; import lib { prefix l; revision-date 2021-01-01; } "
                + "leaf y { type l:t; } }",
            library: [old, new])
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.node("x")?.type?.base == .int8 && schema.node("y")?.type?.base == .int16)
    }

    @Test func submodulesArePartOfTheirModule() throws {
        let main = module("m", "include s; container c { uses g; leaf l { type t; } }")
        let part = """
            submodule s { yang-version 1.1; belongs-to m { prefix m; } include s2;
              grouping g { leaf x { type m:t; } } leaf top { type t; } }
            """
        let other = "submodule s2 { yang-version 1.1; belongs-to m { prefix m; } typedef t { type uint16; } }"
        let outcome = compile(main, part, other)
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.node("c/x")?.type?.base == .uint16 && schema.node("top") != nil)
        #expect(outcome.texts.map(\.name).sorted() == ["m", "s", "s2"])
    }

    @Test func featuresPrune() throws {
        let text = module(
            "a",
            """
            feature x; feature y { if-feature x; } feature z;
            leaf p { if-feature "x and not z"; type string; }
            leaf q { if-feature "y or (z and x)"; type enumeration { enum one; enum two { if-feature z; } } }
            """)
        #expect(compile(text).schema?.outline == ["leaf q"])
        let some = compile(text, features: FeatureSelection(byModule: ["a": .only(["x"])]))
        #expect(some.schema?.outline == ["leaf p"] && some.schema?.modules[0].features == ["x"])
        let except = compile(text, features: FeatureSelection(byModule: ["a": .except(["z"])]))
        #expect(except.schema?.node("q")?.type?.enums.map(\.name) == ["one"])
    }

    @Test func deviationsChangeTheTree() throws {
        let base = module(
            "base",
            """
            container c { leaf gone { type string; } leaf t { type string; default x; }
              leaf d { type int8; default 1; must "1"; } leaf-list l { type string; } }
            """)
        let deviating = module(
            "dev",
            """
            typedef mine { type uint8; }
            deviation /base:c/base:gone { deviate not-supported; }
            deviation /base:c/base:t { deviate replace { type mine; default 4; } deviate add { must "../base:d"; units m; } }
            deviation /base:c/base:d { deviate delete { default 1; must "1"; } deviate add { mandatory true; } }
            deviation /base:c/base:l { deviate add { max-elements 3; } }
            """, imports: ["base"])
        let outcome = compile(base, deviating)
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.node("c")?.dataChildren.map(\.name) == ["t", "d", "l"])
        let leaf = try #require(schema.node("c/t"))
        #expect(leaf.type?.typedefs == ["dev:mine"] && leaf.defaults == ["4"] && leaf.units == "m")
        #expect(leaf.musts.count == 1)
        let other = try #require(schema.node("c/d"))
        #expect(other.defaults.isEmpty && other.musts.isEmpty && other.isMandatory)
        #expect(schema.node("c/l")?.maxElements == 3)
    }

    @Test func extensionInstancesStayOnNodes() throws {
        let outcome = compile(
            module(
                "a",
                """
                typedef t { tailf-common:info "from the typedef"; type string { tailf-common:hidden deep; } }
                container c { tailf-common:cli-sequence-commands { tailf-common:cli-reset-siblings; }
                  leaf l { tailf-common:info "own"; type t { tailf-common:hidden near; } } }
                leaf secret { type tailf-common:aes-256-cfb-128-encrypted-string; }
                """, imports: ["tailf-common"]), library: [tailf])
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.node("c")?.annotation("cli-sequence-commands")?.substatement("cli-reset-siblings") != nil)
        let leaf = try #require(schema.node("c/l"))
        #expect(leaf.annotation("info")?.argument == "own" && leaf.annotation("info")?.module == "tailf-common")
        #expect(leaf.extensions.map { $0.argument ?? "" } == ["own", "near", "from the typedef", "deep"])
        #expect(schema.node("secret")?.type?.secret == .aes256CFB128)
    }

    @Test func annotationModulesApply() throws {
        let base = module(
            "base",
            "grouping g { leaf a { type string; } leaf b { type string; } }\ncontainer c { uses g; list l { config false; leaf x { type int8; } } }"
        )
        let annotation = module(
            "ann",
            """
            tailf-common:annotate-module base {
              tailf-common:annotate-statement "grouping[name='g']" {
                tailf-common:annotate-statement "leaf[name='b']" { tailf-common:hidden h; mandatory true; }
              }
            }
            tailf-common:annotate "/base:c" { tailf-common:info i;
              tailf-common:annotate "l/*" { tailf-common:hidden all; must "1"; } }
            """, imports: ["tailf-common", "base"])
        let outcome = compile(base, annotations: [annotation], library: [tailf])
        let schema = try #require(outcome.schema, "\(outcome.findings)")
        #expect(schema.node("c/b")?.annotation("hidden")?.argument == "h" && schema.node("c/b")?.isMandatory == true)
        #expect(schema.node("c/a")?.extensions.isEmpty == true)
        #expect(schema.node("c")?.annotation("info")?.argument == "i")
        #expect(schema.node("c/l/x")?.annotation("hidden")?.argument == "all")
        #expect(schema.node("c/l/x")?.musts.count == 1)
        #expect(schema.module(named: "ann") == nil)
    }

    @Test func mountPoints() throws {
        let extensions = module("openned-extensions", "extension mount-point { argument name; }")
        let schema = try #require(
            compile(
                module("a", "container config { openned-extensions:mount-point m; }", imports: ["openned-extensions"]),
                library: [extensions]
            ).schema)
        #expect(schema.node("config")?.kind == .mountPoint)
        let filled = compile(
            module(
                "a", "container config { openned-extensions:mount-point m; leaf l { type string; } }",
                imports: ["openned-extensions"]), library: [extensions])
        #expect(filled.findings.first?.hasPrefix("a.yang:2:1: the mount point 'config'") == true)
    }
}
