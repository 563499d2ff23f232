import Basics
import Synchronization
import Testing
import YANG

@testable import ConfigTree

/// What of a change a device of an older revision gets.
struct RevisionViewTests {
    private static let old = """
        module m { yang-version 1.1; namespace "urn:m"; prefix m; revision 2020-01-01;
          container box { leaf label { type string; } leaf gone { type string; } }
          list item { key id; ordered-by user; leaf id { type string; } leaf size { type uint8; } }
          leaf-list color { type enumeration { enum red; } }
          leaf mode { type enumeration { enum a; } }
        }
        """
    private static let new = """
        module m { yang-version 1.1; namespace "urn:m"; prefix m; revision 2024-04-04;
          container box { leaf label { type string; } container inner { leaf x { type string; } } }
          list item { key id; ordered-by user; leaf id { type string; } leaf size { type uint16; } leaf price { type int8; } }
          leaf-list color { type enumeration { enum red; enum blue; } }
          leaf mode { type enumeration { enum a; enum b; } }
          container fresh { presence "it is"; leaf y { type string; } }
        }
        """

    private let model: DataModel
    private let view: RevisionView

    init() throws {
        let sources = [Self.old, Self.new].enumerated().map {
            SchemaCompiler.Source(path: "m\($0.offset).yang", bytes: Array($0.element.utf8))
        }
        var options = SchemaCompiler.Options()
        options.mergesRevisions = true
        model = DataModel(try #require(SchemaCompiler(options: options).compile(sources).schema))
        options.announced = ["m": "2020-01-01"]
        view = RevisionView(try #require(SchemaCompiler(options: options).compile(sources).schema))
    }

    private func tree(_ edits: [(String, String?)], from base: DataTree? = nil) throws -> DataTree {
        var tree = base ?? DataTree(model)
        for (path, value) in edits {
            let edit: Edit = value.map { $0 == "+" ? .create : .set($0) } ?? .delete
            tree = try tree.applying(edit, at: tree.path(path))
        }
        return tree
    }

    private func sent(_ change: RevisionView.Change) -> [String] {
        ChangeSet(change.before.diff(to: change.after)).items.map { "\($0.edit) \($0.path)" }
    }

    @Test func knownNodesAreSentAndOthersNamed() throws {
        let after = try tree([
            ("/m:box/label", "l"), ("/m:box/inner/x", "1"), ("/m:box/gone", "g"), ("/m:item[id='i']/size", "7"),
            ("/m:item[id='i']/price", "1"), ("/m:item[id='j']/size", "700"), ("/m:color[.='blue']", "+"),
            ("/m:color[.='red']", "+"), ("/m:mode", "b"), ("/m:fresh", "+"), ("/m:fresh/y", "1"),
        ])
        let change = view.change(from: DataTree(model), to: after)
        let expected = try tree([
            ("/m:box/label", "l"), ("/m:box/gone", "g"), ("/m:item[id='i']/size", "7"), ("/m:item[id='j']", "+"),
            ("/m:color[.='red']", "+"),
        ])
        #expect(change.after.diff(to: expected).isEmpty && change.before.isEmpty)
        #expect(
            Set(change.dropped.map(\.path.description)) == [
                "/m:box/inner", "/m:item[id='i']/price", "/m:item[id='j']/size", "/m:color[.='blue']", "/m:mode",
                "/m:fresh",
            ])
        let reasons = Dictionary(uniqueKeysWithValues: change.dropped.map { ($0.path.description, $0.reason) })
        #expect(reasons["/m:fresh"] == "it is not in revision 2020-01-01 of module m, which the device has")
        #expect(reasons["/m:mode"] == "revision 2020-01-01 of module m, which the device has, does not allow b")
    }

    @Test func whatTheDeviceNeverGotIsNotTakenAway() throws {
        let before = try tree([
            ("/m:fresh/y", "1"), ("/m:item[id='i']/price", "1"), ("/m:box/inner/x", "1"), ("/m:mode", "b"),
        ])
        let change = view.change(from: before, to: DataTree(model))
        #expect(change.dropped.isEmpty)
        #expect(sent(change) == ["delete /m:item[id='i']"])
    }

    @Test func valueOnlyNewerRevisionsHaveLeavesTheOldOne() throws {
        let before = try tree([("/m:mode", "a")])
        let change = view.change(from: before, to: try tree([("/m:mode", "b")], from: before))
        #expect(sent(change).isEmpty && change.dropped.count == 1)
        // Back again: the device has it still or has none; it is set.
        let back = view.change(from: try tree([("/m:mode", "b")]), to: before)
        #expect(sent(back) == ["set(\"a\") /m:mode"] && back.dropped.isEmpty)
    }

    @Test func whatDoesNotDifferIsNotLookedAt() throws {
        let before = try tree([("/m:fresh/y", "1"), ("/m:item[id='i']/price", "1"), ("/m:box/label", "l")])
        let after = try tree([("/m:box/label", "k")], from: before)
        let change = view.change(from: before, to: after)
        #expect(sent(change) == ["set(\"k\") /m:box/label"] && change.dropped.isEmpty)
        let path = try after.path("/m:fresh")
        #expect(change.after.instance(path)?.row === before.instance(path)?.row)
    }

    @Test func driverChoosesRevisionsByWhatIsAnnounced() throws {
        let compiled = Mutex<[[String: String]]>([])
        let view = view
        let revisions = DriverRevisions(available: ["m": ["2024-04-04", "2020-01-01"], "n": ["1"]], union: nil) {
            selection in
            compiled.withLock { $0.append(selection) }
            return (view.schema, [])
        }
        func selection(_ modules: [(String, String)], isComplete: Bool) -> [String: String]? {
            revisions.selection(
                for: ModuleAnnouncement(
                    modules: modules.map { AnnouncedModule(name: $0.0, revision: $0.1) }, isComplete: isComplete))
        }
        #expect(selection([("m", "2020-01-01")], isComplete: true) == ["m": "2020-01-01"])
        #expect(selection([("m", "2020-01-01")], isComplete: false) == ["m": "2020-01-01", "n": "1"])
        #expect(selection([], isComplete: false) == ["m": "2024-04-04", "n": "1"])
        for _ in 0..<2 { #expect(try revisions.view(for: .none) != nil) }
        #expect(compiled.withLock { $0 } == [["m": "2024-04-04", "n": "1"]])
        #expect(DriverRevisions.single.selection(for: .none) == nil)
        let plain = DriverRevisions(available: ["m": ["1"], "n": ["1"]], union: view.schema) { _ in (nil, []) }
        #expect(plain.selection(for: .none) == nil)
        let one = ModuleAnnouncement(modules: [AnnouncedModule(name: "n", revision: "1")], isComplete: true)
        #expect(plain.selection(for: one) == ["n": "1"])
        let part = try #require(try plain.view(for: one))
        let change = part.change(from: DataTree(model), to: try tree([("/m:box/label", "l")]))
        #expect(change.dropped.map(\.reason) == ["the device does not have module m"] && change.after.isEmpty)
    }

    @Test func setThatDoesNotCompileIsAFault() {
        let revisions = DriverRevisions(available: ["m": ["2", "1"]], union: nil) { _ in (nil, [.error("broken")]) }
        #expect(throws: DiagnosticsError.self) { try revisions.view(for: .none) }
    }
}
