import Testing
import YANG

@testable import ConfigTree

@Suite struct TreeDiffTests {
    private static let body = """
        container c {
          list l { key id; leaf id { type uint32; } leaf v { type string; } container in { leaf w { type string; } } }
          list u { key id; ordered-by user; leaf id { type string; } leaf v { type string; } }
          leaf z { type string; }
          container p { presence "on"; leaf q { type string; } }
        }
        """

    private func model() throws -> DataModel { try TreeModels.model(Self.body) }

    private func tree(_ model: DataModel, entries: Int, in name: String = "l") throws -> DataTree {
        let draft = RowDraft(model.schema.root)
        let container = try #require(model.schema.root.dataChild(named: "c"))
        let list = try #require(container.dataChild(named: name))
        let leaf = try #require(list.dataChild(named: "v"))
        for id in 0..<entries { draft.container(container).entry(of: list, keys: [String(id)]).set("v", for: leaf) }
        return DataTree(draft, model: model)
    }

    @Test func costFollowsTheChangeNotTheSize() throws {
        let model = try model()
        let old = try tree(model, entries: 100_000)
        let new = try old.with((.set("w"), "/m:c/l{70000}/v"))
        let list = try #require(model.schema.root.dataChild(named: "c")?.dataChild(named: "l"))
        let a = try #require(old.root.child(in: 0)?.entries(in: list.slot))
        let b = try #require(new.root.child(in: 0)?.entries(in: list.slot))
        var calls = 0
        Entries.forEachDifference(a, b) { _, _ in calls += 1 }
        #expect(calls == 1)
        // The walk itself: rows at which the two cursors stop, chunks being stepped over.
        var left = try #require(a.cursorByKey)
        var right = try #require(b.cursorByKey)
        var stops = 0
        while left.row != nil || right.row != nil {
            EntryCursor.skipShared(&left, &right)
            guard left.row != nil else { break }
            stops += 1
            left.advance()
            right.advance()
        }
        #expect(stops <= EntryNode.width)
        #expect(ChangeSet(old.diff(to: new)).items == [.init(.set("w"), "/m:c/l[id='70000']/v")])
    }

    @Test func newEntryOfAUserOrderedListIsFoundWithoutWalkingTheList() throws {
        let model = try model()
        let old = try tree(model, entries: 20_000, in: "u")
        let new = try old.with((.place(.after(["12345"])), "/m:c/u{new}"), (.set("x"), "/m:c/u{5}/v"))
        let diff = try #require(old.diff(to: new).first).children
        #expect(diff.map(\.keys) == [["5"], ["new"]])
        #expect(diff.map(\.change) == [.inside, .created])
        #expect(diff[1].after == ["12345"])
    }

    @Test func fewestEntriesCountAsMoved() throws {
        let model = try model()
        let old = try tree(model, entries: 10, in: "u")
        let new = try old.with((.place(.first), "/m:c/u{7}"), (.set("x"), "/m:c/u{7}/v"), (.delete, "/m:c/u{3}"))
        let diff = try #require(old.diff(to: new).first).children
        #expect(diff.map(\.change) == [.deleted, .moved])
        #expect(diff[1].keys == ["7"] && diff[1].after == [] && diff[1].children.map(\.newValue) == ["x"])
        let back = try new.with((.set("v"), "/m:c/u{7}/v"), (.place(.after(["6"])), "/m:c/u{7}"))
        #expect(old.diff(to: back).flatMap(\.children).map(\.change) == [.deleted])
    }

    @Test func createdAndDeletedSubtreesAreOneNode() throws {
        let model = try model()
        let empty = DataTree(model)
        let full = try empty.with(
            (.set("a"), "/m:c/z"), (.create, "/m:c/p"), (.set("b"), "/m:c/l{1}/in/w"), (.create, "/m:c/u{x}"))
        let created = empty.diff(to: full)
        #expect(created.map(\.change) == [.created])
        #expect(try empty.applying(ChangeSet(created)).lines == full.lines)
        #expect(ChangeSet(full.diff(to: empty)).items == [.init(.delete, "/m:c")])
        let without = try full.with((.delete, "/m:c/p"), (.delete, "/m:c/l"))
        #expect(ChangeSet(full.diff(to: without)).items.map(\.edit) == [.delete, .delete])
        #expect(try without.applying(ChangeSet(without.diff(to: full))).lines == full.lines)
    }

    @Test func childrenComeInSchemaOrder() throws {
        let model = try TreeModels.model(
            "leaf a {type string;} container b { leaf x {type string;} } leaf c {type string;} leaf d {type string;}")
        let old = try DataTree(model).with((.set("1"), "/m:a"), (.set("1"), "/m:d"))
        let new = try DataTree(model).with((.set("2"), "/m:d"), (.set("1"), "/m:c"), (.set("1"), "/m:b/x"))
        #expect(old.diff(to: new).map(\.node.name) == ["a", "b", "c", "d"])
    }
}
