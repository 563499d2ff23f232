import ConfigTree
import Testing
import YANG

@testable import Migration

@Suite struct DataCarrierTests {
    private func carry(
        _ old: String, _ new: String, _ edits: [(Edit, String)]
    ) throws -> (items: [String], losses: [String]) {
        let tree = try DataTree(DataModel(try MigrationModels.schema(old)), edits)
        let carried = DataCarrier.carry(tree, to: DataModel(try MigrationModels.schema(new)))
        return (carried.tree.items, carried.losses.map { "\($0.path) \($0.instances): \($0.reason)" })
    }

    @Test func whatIsTheSameStaysTheSame() throws {
        let body = """
            leaf a { type string; } container p { presence on; } leaf-list u { type string; ordered-by user; }
            list l { key k; leaf k { type uint8; } leaf v { type string; } }
            """
        let edits: [(Edit, String)] = [
            (.set("1"), "/m:a"), (.create, "/m:p"), (.create, "/m:u{z}"), (.create, "/m:u{a}"),
            (.set("v"), "/m:l{10}/v"),
            (.create, "/m:l{9}"),
        ]
        let model = DataModel(try MigrationModels.schema(body))
        let tree = try DataTree(model, edits)
        let same = DataCarrier.carry(tree, to: model)
        #expect(same.tree.root === tree.root)
        let carried = try carry(body, body, edits)
        #expect(carried.items == tree.items)
        #expect(carried.losses == [])
    }

    @Test func whatIsGoneIsCounted() throws {
        let old = """
            leaf a { type string; } container c { presence p; leaf x { type string; } container d { leaf y { type string; } } }
            list l { key k; leaf k { type string; } leaf v { type string; } } leaf-list ll { type string; }
            """
        let carried = try carry(
            old, "leaf b { type string; }",
            [
                (.set("1"), "/m:a"), (.set("1"), "/m:c/x"), (.set("1"), "/m:c/d/y"), (.create, "/m:c"),
                (.create, "/m:l{1}"),
                (.set("v"), "/m:l{2}/v"), (.create, "/m:ll{1}"), (.create, "/m:ll{2}"),
            ])
        #expect(carried.items == [])
        #expect(
            carried.losses == [
                "/m:a 1: the node is gone", "/m:c 3: the sub-tree is gone", "/m:l 5: the sub-tree is gone",
                "/m:ll 2: the sub-tree is gone",
            ])
    }

    @Test func valuesAreConvertedWhereTheyFit() throws {
        let carried = try carry(
            "leaf a { type uint8; } leaf b { type uint16; } leaf c { type string; } leaf d { type string; }",
            """
            leaf a { type uint32; } leaf b { type uint8; } leaf c { type uint8; }
            leaf d { type enumeration { enum x; } }
            """,
            [(.set("5"), "/m:a"), (.set("300"), "/m:b"), (.set("007"), "/m:c"), (.set("y"), "/m:d")])
        #expect(carried.items == ["/m:a 5", "/m:c 7"])
        #expect(carried.losses.count == 2)
        #expect(carried.losses[0].hasPrefix("/m:b 1: a value does not fit the new type: "))
    }

    @Test func otherKindsOfNodes() throws {
        let old = """
            leaf one { type string; } leaf-list many { type string; } leaf-list some { type string; }
            container p { presence on; } container q { leaf v { type string; } } leaf s { type string; }
            """
        let new = """
            leaf-list one { type string; } leaf many { type string; } list some { key k; leaf k { type string; } }
            container p { leaf v { type string; } } container q { presence on; leaf w { type string; } }
            leaf s { config false; type string; }
            """
        let carried = try carry(
            old, new,
            [
                (.set("1"), "/m:one"), (.create, "/m:many{a}"), (.create, "/m:many{b}"), (.create, "/m:some{a}"),
                (.create, "/m:p"), (.set("1"), "/m:q/v"), (.set("1"), "/m:s"),
            ])
        #expect(carried.items == ["/m:one[.='1']", "/m:many a", "/m:some[k='a']"])
        #expect(
            Set(carried.losses) == [
                "/m:s 1: the node is no longer configuration",
                "/m:many 1: the leaf-list is now a leaf, which holds one value",
                "/m:p 1: the container has no presence any more", "/m:q/v 1: the node is gone",
            ])
    }

    @Test func keysAreConvertedTogether() throws {
        let old = "list l { key k; leaf k { type string; } leaf n { type uint8; } leaf v { type string; } }"
        let edits: [(Edit, String)] = [
            (.set("a"), "/m:l{1}/v"), (.set("b"), "/m:l{01}/v"), (.set("c"), "/m:l{x}/v"), (.set("5"), "/m:l{1}/n"),
        ]
        let typed = try carry(
            old, "list l { key k; leaf k { type uint8; } leaf n { type uint8; } leaf v { type string; } }", edits)
        #expect(typed.items == ["/m:l[k='1']", "/m:l[k='1']/v b"])
        #expect(typed.losses.count == 2)
        #expect(typed.losses.contains("/m:l 4: another entry has the same keys now"))
        #expect(typed.losses.contains { $0.hasPrefix("/m:l 3: key k: a value does not fit the new type: ") })
        let more = try carry(
            old, "list l { key \"n k\"; leaf k { type string; } leaf n { type uint8; } leaf v { type string; } }", edits
        )
        #expect(more.items == ["/m:l[n='5'][k='1']", "/m:l[n='5'][k='1']/v a"])
        #expect(more.losses == ["/m:l 6: an entry has no value for the key n"])
        let fewer = try carry(
            "list l { key \"a b\"; leaf a { type string; } leaf b { type string; } }",
            "list l { key a; leaf a { type string; } leaf b { type string; } }",
            [(.create, "/m:l{x 1}"), (.create, "/m:l{x 2}"), (.create, "/m:l{y 1}")])
        #expect(fewer.items == ["/m:l[a='x']", "/m:l[a='x']/b 1", "/m:l[a='y']", "/m:l[a='y']/b 1"])
        #expect(fewer.losses == ["/m:l 3: another entry has the same keys now"])
    }

    @Test func aKeyUnderAnotherNameIsTheSameKey() throws {
        let renamed = try carry(
            "list l { key \"a b\"; leaf a { type string; } leaf b { type string; } leaf v { type string; } }",
            "list l { key \"a c\"; leaf a { type string; } leaf c { type string; } leaf v { type string; } }",
            [(.set("v"), "/m:l{x 1}/v")])
        #expect(renamed.items == ["/m:l[a='x'][c='1']", "/m:l[a='x'][c='1']/v v"])
        #expect(renamed.losses == [])
        let moved = try carry(
            "list l { key \"a b\"; leaf a { type string; } leaf b { type string; } }",
            "list l { key \"b c\"; leaf b { type string; } leaf c { type string; } leaf a { type string; } }",
            [(.create, "/m:l{x 1}")])
        #expect(moved.items == [])
        #expect(moved.losses == ["/m:l 3: an entry has no value for the key c"])
    }

    @Test func oneCaseOfAChoiceIsCarried() throws {
        let carried = try carry(
            "leaf a { type string; } container c { leaf b { type string; } }",
            "choice x { leaf a { type string; } container c { leaf b { type string; } } }",
            [(.set("1"), "/m:a"), (.set("1"), "/m:c/b")])
        #expect(carried.items == ["/m:a 1"])
        #expect(carried.losses == ["/m:c 1: data of another case is there"])
    }

    @Test func identitiesThatMovedToAnotherModuleAreFound() throws {
        func model(_ identities: String, _ other: String) throws -> DataModel {
            DataModel(
                try MigrationModels.compile([
                    """
                    module m { namespace "urn:m"; prefix m; identity base; \(identities)
                      leaf a { type identityref { base base; } } leaf b { type identityref { base base; } } }
                    """, "module o { namespace \"urn:o\"; prefix o; import m { prefix m; } \(other) }",
                ]))
        }
        let old = try DataTree(
            model("identity i { base base; } identity j { base base; }", ""),
            [(.set("m:i"), "/m:a"), (.set("m:j"), "/m:b")])
        let carried = DataCarrier.carry(old, to: try model("", "identity i { base m:base; }"))
        #expect(carried.tree.items == ["/m:a o:i"])
        #expect(carried.losses.map(\.path) == ["/m:b"])
    }

    @Test func sameNamesInOtherModulesAreNotMixedUp() throws {
        func model(_ names: [String]) throws -> DataModel {
            DataModel(
                try MigrationModels.compile(
                    names.map {
                        "module \($0) { namespace \"urn:\($0)\"; prefix \($0); container c { leaf v { type string; } } }"
                    }))
        }
        let old = try DataTree(model(["a", "b"]), [(.set("1"), "/a:c/v"), (.set("2"), "/b:c/v")])
        let carried = DataCarrier.carry(old, to: try model(["c", "b"]))
        #expect(carried.tree.items == ["/b:c/v 2"])
        #expect(carried.losses == [Loss(path: "/a:c", reason: "the sub-tree is gone", instances: 1)])
    }

    @Test func secretsStayInTheirForm() throws {
        func model(_ type: String) throws -> DataModel {
            let text = """
                module s { namespace "urn:s"; prefix s; import tailf-common { prefix tailf; }
                  leaf a { type \(type); } }
                """
            return DataModel(try MigrationModels.compile([text]))
        }
        let aes = "tailf:aes-256-cfb-128-encrypted-string"
        let old = try DataTree(model(aes), [(.set("$9$1$AAAA"), "/s:a")])
        #expect(DataCarrier.carry(old, to: try model(aes)).tree.items == ["/s:a $9$1$AAAA"])
        for type in ["string", "tailf:md5-digest-string"] {
            let carried = DataCarrier.carry(old, to: try model(type))
            #expect(carried.tree.isEmpty)
            #expect(carried.losses.map(\.instances) == [1])
        }
    }

    @Test func mountedTreesGoToTheModelThatTheirEntryNames() throws {
        let one = DataModel(try MigrationModels.schema("leaf h { type string; } leaf x { type string; }"))
        let two = DataModel(try MigrationModels.schema("leaf h { type string; }"))
        let extensions = """
            module openned-extensions { namespace "urn:oned"; prefix oned; extension mount-point { argument name; } }
            """
        func outer(_ models: [String: DataModel]) throws -> DataModel {
            let text = """
                module ncs { namespace "urn:ncs"; prefix ncs; import openned-extensions { prefix oned; }
                  list device { key name; leaf name { type string; } container config { oned:mount-point c; }
                    leaf kind { type string; } } }
                """
            return DataModel(try MigrationModels.compile([text, extensions])) { row, point in
                point.dataParent?.dataChild(named: "kind").flatMap { row.value(in: $0.slot) }.flatMap { models[$0] }
            }
        }
        let old = try DataTree(
            outer(["a": one, "b": one, "c": one]),
            ["a", "b", "c"].flatMap { name -> [(Edit, String)] in
                [
                    (.set(name), "/ncs:device{\(name)}/kind"), (.set("h"), "/ncs:device{\(name)}/config/m:h"),
                    (.set("x"), "/ncs:device{\(name)}/config/m:x"),
                ]
            })
        let carried = DataCarrier.carry(old, to: try outer(["a": one, "b": two]))
        func mounted(_ name: String) throws -> DataTree? {
            let path = try carried.tree.path("/ncs:device{\(name)}/config")
            return carried.tree.instance(path)?.mountedTree
        }
        let before = old.instance(try old.path("/ncs:device{a}/config"))?.mountedTree
        #expect(try mounted("a")?.root === before?.root, "a tree under a model that stays is shared")
        #expect(try mounted("b")?.items == ["/m:h h"])
        #expect(try mounted("c") == nil)
        #expect(
            carried.losses == [
                Loss(path: "/ncs:device/config/m:x", reason: "the node is gone", instances: 1),
                Loss(path: "/ncs:device/config", reason: "no driver is loaded for it", instances: 2),
            ])
    }

    /// A driver for several releases has several revisions of a module in one model.
    @Test func dataGoesBetweenModelsOfMergedRevisions() throws {
        func model(_ bodies: [(revision: String, body: String)]) throws -> DataModel {
            var options = SchemaCompiler.Options()
            options.mergesRevisions = true
            let sources = bodies.map { revision, body in
                let text = "module m { namespace \"urn:m\"; prefix m; revision \(revision); \(body) }"
                return SchemaCompiler.Source(path: "m@\(revision).yang", bytes: Array(text.utf8))
            }
            return DataModel(try #require(SchemaCompiler(options: options).compile(sources).schema))
        }
        let first = ("2020-01-01", "leaf old { type string; } leaf size { type uint8; }")
        let second = ("2022-02-02", "leaf both { type string; } leaf size { type uint16; }")
        let third = ("2024-04-04", "leaf both { type string; } leaf fresh { type string; } leaf size { type uint32; }")
        let (before, after) = (try model([first, second]), try model([second, third]))
        let tree = try DataTree(before, [(.set("a"), "/m:old"), (.set("b"), "/m:both"), (.set("7"), "/m:size")])
        let carried = DataCarrier.carry(tree, to: after)
        #expect(carried.tree.items == ["/m:both b", "/m:size 7"])
        #expect(carried.losses.map(\.path) == ["/m:old"])
        let back = DataCarrier.carry(carried.tree, to: before)
        #expect(back.tree.items == ["/m:both b", "/m:size 7"])
        #expect(back.losses == [])
    }
}
