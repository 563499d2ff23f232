import Basics
import ConfigTree
import Testing
import YANG

@Suite struct EditAndDefaultTests {
    @Test func keysComeAndGoWithTheirEntry() throws {
        let tree = try DataTree(try TreeModels.model(TreeModels.every)).with((.create, "/m:top/l{a 1}"))
        for (edit, path) in [(Edit.set("b"), "k"), (.delete, "k"), (.set("2"), "n")] {
            #expect(throws: PathError(.notEditable, "")) { try tree.with((edit, "/m:top/l{a 1}/\(path)")) }
        }
        #expect(try tree.with((.set("a"), "/m:top/l{a 1}/k")).lines == tree.lines)
        let list = try tree.path("/m:top/l{a 1}").steps
        for keys in [["a"], ["a", "1", "2"]] {
            let path = InstancePath([list[0], .init(list[1].node, keys: keys)])
            for edit in [Edit.create, .delete] {
                #expect(throws: PathError(.wrongKeys, "")) { try tree.applying(edit, at: path) }
            }
        }
    }

    @Test func aCaseGoesOnlyWhenSomethingOfAnotherIsStored() throws {
        let tree = try DataTree(try TreeModels.model(TreeModels.every)).with((.set("1"), "/m:top/y1"))
        #expect(try tree.with((.delete, "/m:top/xc/x2")).lines == tree.lines)
        #expect(try tree.with((.create, "/m:top/xc")).lines == tree.lines)
        #expect(try tree.with((.set("2"), "/m:top/xc/x2")).lines == ["/m:top/xc/x2 2"])
        #expect(try tree.with((.set("2"), "/m:top/i1"), (.set("3"), "/m:top/i2")).lines.count == 2)
    }

    @Test func whatCannotBeEditedIsAnError() throws {
        let tree = DataTree(try TreeModels.model(TreeModels.every))
        let cases: [(Edit, String)] = [
            (.create, "/m:top/a"), (.set("x"), "/m:top"), (.set("x"), "/m:top/l{a 1}"), (.place(.first), "/m:top/a"),
            (.create, "/m:top/l"), (.create, "/m:top/ul"), (.set("x"), "/"),
        ]
        for (edit, path) in cases {
            #expect(throws: PathError(.notEditable, ""), "\(edit) \(path)") { try tree.with((edit, path)) }
        }
        for path in ["/m:top/nothing", "/x:top"] {
            #expect(throws: PathError(.unknownNode, "")) { try tree.path(path) }
        }
        for path in ["/m:top/l[k='a']", "/m:top/l[k='a'][n='1'][v='2']", "/m:top[a='1']", "/m:top/l{a}"] {
            #expect(throws: PathError(.wrongKeys, ""), "\(path)") { try tree.path(path) }
        }
        for path in ["/m:top/l[k='a'", "/m:top/l{a", "/m:top/l[k=a]", "/m:top/l{a 1}x", "//", "/m:top/l[k='a'][k='b']"]
        {
            #expect(throws: PathError(.syntax, ""), "\(path)") { try tree.path(path) }
        }
    }

    private static let defaults = """
        container top {
          leaf d { type string; default "dd"; }
          leaf-list ld { type string; default "p"; default "q"; }
          choice c {
            default x;
            case x { leaf x1 { type string; default "dx"; } leaf x2 { type string; } }
            case y {
              leaf y1 { type string; default "dy"; }
              leaf-list y2 { type string; default "e"; }
              container yc { leaf y3 { type string; default "dz"; } }
              leaf y4 { type string; }
            }
          }
          container p { presence "on"; leaf q { type string; default "dq"; } }
        }
        """

    @Test func defaultsAreInUseWhereTheirCaseIs() throws {
        let empty = DataTree(try TreeModels.model(Self.defaults))
        func value(_ tree: DataTree, _ path: String) throws -> String? { tree.value(try tree.path("/m:top/" + path)) }
        #expect(try value(empty, "d") == "dd")
        #expect(try value(empty, "x1") == "dx")
        #expect(try value(empty, "y1") == nil)
        #expect(try value(empty, "yc/y3") == nil)
        #expect(try value(empty, "p/q") == nil)
        let chosen = try empty.with((.set("1"), "/m:top/y4"), (.create, "/m:top/p"))
        #expect(try value(chosen, "x1") == nil)
        #expect(try value(chosen, "y1") == "dy")
        #expect(try value(chosen, "yc/y3") == "dz")
        #expect(try value(chosen, "p/q") == "dq")
        let top = try #require(empty.rootInstance.child("top"))
        let node = try #require(top.childSchema)
        #expect(top.values(try #require(node.dataChild(named: "ld"))) == ["p", "q"])
        #expect(top.values(try #require(node.dataChild(named: "y2"))) == [])
        let chosenTop = try #require(chosen.rootInstance.child("top"))
        #expect(chosenTop.values(try #require(node.dataChild(named: "y2"))) == ["e"])
        #expect(top.children(withDefaults: true).map(\.node.name) == ["d", "ld", "ld", "x1"])
        #expect(
            chosenTop.children(withDefaults: true).map(\.node.name) == ["d", "ld", "ld", "y1", "y2", "yc", "y4", "p"])
        #expect(chosenTop.children().map(\.node.name) == ["y4", "p"])
    }

    @Test func nodesWithMoreChildrenThanARowCanNumberAreRefused() {
        let leaves = (0...65_535).map { "leaf l\($0) { type string; }" }.joined(separator: "\n")
        let text = TreeModels.module("m", "container big {\n\(leaves) }")
        let outcome = SchemaCompiler().compile([.init(path: "m.yang", bytes: Array(text.utf8))])
        #expect(outcome.schema == nil)
        #expect(outcome.diagnostics.map(\.summary) == ["'big' has 65536 data nodes directly below it"])
    }

    @Test func mergingJoinsEntriesAndReplacesLeaves() throws {
        let model = try TreeModels.model(TreeModels.every)
        let base = try DataTree(model).with(
            (.set("1"), "/m:top/a"), (.set("v"), "/m:top/l{a 1}/v"), (.create, "/m:top/ul{x}"), (.set("1"), "/m:top/y1")
        )
        let over = try DataTree(model).with(
            (.set("2"), "/m:top/a"), (.set("w"), "/m:top/l{a 1}/in/w"), (.create, "/m:top/l{b 2}"),
            (.create, "/m:top/ul{a}"), (.create, "/m:top/ul{x}"), (.set("2"), "/m:top/x1"))
        let wanted = try base.with(
            (.set("2"), "/m:top/a"), (.set("w"), "/m:top/l{a 1}/in/w"), (.create, "/m:top/l{b 2}"),
            (.create, "/m:top/ul{a}"), (.set("2"), "/m:top/x1"))
        #expect(base.merging(over).lines == wanted.lines)
        #expect(base.merging(over).lines.contains("/m:top/ul[.='x']"))
        #expect(!base.merging(over).lines.contains { $0.contains("y1") })
    }

    @Test func topNodesOfTheSameNameAreToldApartByModule() throws {
        let model = DataModel(
            try TreeModels.compile([
                TreeModels.module("a", "container c { leaf v { type string; } }"),
                TreeModels.module(
                    "b",
                    "import a { prefix a; } container c { leaf v { type string; } } augment /a:c { leaf v { type string; } }"
                ),
            ]))
        let tree = try DataTree(model).with((.set("1"), "/a:c/v"), (.set("2"), "/b:c/v"), (.set("3"), "/a:c/b:v"))
        #expect(tree.lines == ["/a:c/v 1", "/a:c/b:v 3", "/b:c/v 2"])
        let again = try DataTree(model).applying(ChangeSet(DataTree(model).diff(to: tree)))
        #expect(again.lines == tree.lines)
    }
}
