import ConfigTree
import Testing
import YANG

@Suite struct MountTests {
    private func filled() throws -> DataTree {
        try DataTree(try TreeModels.devices()).with(
            (.set("one"), "/ncs:devices/device{a}/kind"), (.set("h"), "/ncs:devices/device{a}/config/one:host"),
            (.create, "/ncs:devices/device{a}/config/one:i{1}"))
    }

    @Test func editsCrossIntoTheMountedTree() throws {
        let tree = try filled()
        #expect(tree.value(try tree.path("/ncs:devices/device{a}/config/host")) == "h")
        let path = try tree.path("/ncs:devices/device[name='a']/config/one:i[k='1']")
        #expect(path.description == "/ncs:devices/device[name='a']/config/one:i[k='1']")
        #expect(tree.instance(path)?.path == path)
        let less = try tree.with((.delete, "/ncs:devices/device{a}/config"))
        #expect(less.lines.count == 3)
        let same = try tree.with(
            (.delete, "/ncs:devices/device{a}/config/host"), (.delete, "/ncs:devices/device{a}/config/i"))
        #expect(same.lines == less.lines)
    }

    @Test func withoutAModelAnEditIsAnErrorThatSaysSo() throws {
        let tree = try filled()
        let other = try tree.with((.set("none"), "/ncs:devices/device{b}/kind"))
        let host = try tree.path("/ncs:devices/device{a}/config/one:host")
        var path = host
        path.steps[1].keys = ["b"]
        let error = #expect(throws: PathError.self) { try other.applying(.set("x"), at: path) }
        #expect(error?.code == .noModel)
        #expect(
            error?.description == "/ncs:devices/device[name='b']/config: no driver is loaded for what is mounted here")
        #expect(throws: PathError(.unknownNode, "")) { try other.path("/ncs:devices/device{b}/config/one:host") }
        #expect(try other.applying(.delete, at: path).lines == other.lines)
    }

    @Test func anotherModelBelowIsADeletionAndACreation() throws {
        let old = try filled()
        let bare = try old.with(
            (.delete, "/ncs:devices/device{a}/config"), (.set("two"), "/ncs:devices/device{a}/kind"))
        let new = try bare.with(
            (.set("g"), "/ncs:devices/device{a}/config/two:host"), (.create, "/ncs:devices/device{a}/config/s{1}"))
        for (from, to) in [(old, new), (new, old), (DataTree(old.model), new), (old, bare), (bare, old)] {
            let changes = ChangeSet(from.diff(to: to))
            let result = try from.applying(changes)
            #expect(result.lines == to.lines)
            #expect(result.diff(to: to).isEmpty)
        }
        let inside = try #require(old.diff(to: new).first?.children.first).children
        #expect(inside.map(\.change) == [.deleted, .created, .modified])
        #expect(inside[0].oldModel !== inside[1].newModel)
    }

    @Test func mountedTreesAreMergedAndReplaced() throws {
        let tree = try filled()
        let more = try DataTree(tree.model).with(
            (.set("one"), "/ncs:devices/device{a}/kind"), (.create, "/ncs:devices/device{a}/config/one:i{2}"))
        #expect(tree.merging(more).lines.filter { $0.hasSuffix("']") }.count == 3)
        let point = try tree.path("/ncs:devices/device{a}/config")
        let mounted = try #require(more.instance(point)?.mountedTree)
        let replaced = try tree.replacingMount(at: point, with: mounted)
        #expect(replaced.lines == more.lines)
        #expect(try tree.replacingMount(at: point, with: nil).lines.count == 3)
    }

    @Test func aRowIsTheSameWhateverIsMountedInIt() throws {
        let old = try filled()
        func entry(_ tree: DataTree) throws -> Row {
            try #require(try tree.instance(tree.path("/ncs:devices/device{a}"))?.row)
        }
        let inside = try old.with((.create, "/ncs:devices/device{a}/config/one:i{7}"))
        let bare = try old.with((.delete, "/ncs:devices/device{a}/config"))
        let beside = try old.with((.set("two"), "/ncs:devices/device{a}/kind"))
        #expect(try entry(inside) !== entry(old) && entry(inside).isSameBesideMounts(entry(old)))
        #expect(try entry(bare).isSameBesideMounts(entry(old)) && entry(old).isSameBesideMounts(entry(bare)))
        #expect(try !entry(beside).isSameBesideMounts(entry(old)))
    }

    @Test func aDraftMountsEitherADraftOrATree() throws {
        let tree = try filled()
        let point = try tree.path("/ncs:devices/device{a}/config")
        let mounted = try #require(tree.instance(point)?.mountedTree)
        let draft = RowDraft(tree.model.schema.root)
        let entry = draft.container(point.steps[0].node).entry(of: point.steps[1].node, keys: ["a"])
        entry.mount(point.steps[2].node, mounted)
        #expect(DataTree(draft, model: tree.model).lines.count == 5)
        _ = entry.mount(point.steps[2].node, model: mounted.model)
        #expect(DataTree(draft, model: tree.model).lines.count == 2)
        entry.mount(point.steps[2].node, mounted)
        entry.remove(point.steps[2].node)
        #expect(DataTree(draft, model: tree.model).lines.count == 2)
    }
}
