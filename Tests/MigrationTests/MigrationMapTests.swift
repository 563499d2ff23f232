import Basics
import ConfigTree
import Foundation
import Testing
import YANG

@testable import Migration

@Suite struct MigrationMapTests {
    private func map(_ text: String, _ old: Schema, _ new: Schema) throws -> (map: BoundMap?, faults: [String]) {
        let (maps, faults) = MigrationMap.read(Array(text.utf8), path: "m.map")
        guard let map = maps.first, faults.isEmpty else { return (nil, faults.map(\.description)) }
        let bound = BoundMap.bind(map, from: old, to: new)
        return (bound.map, bound.faults.map(\.description))
    }

    private func carry(
        _ rules: String, _ old: String, _ new: String, _ edits: [(Edit, String)]
    ) throws -> (items: [String], losses: [String], counts: CarryCounts) {
        let (before, after) = (try MigrationModels.schema(old), try MigrationModels.schema(new))
        let bound = try map("migration t { \(rules) }", before, after)
        #expect(bound.faults == [])
        let plans = CarryPlans { _, _ in bound.map }
        let carried = DataCarrier.carry(try DataTree(DataModel(before), edits), to: DataModel(after), plans: plans)
        return (carried.tree.items, carried.losses.map { "\($0.path) \($0.instances): \($0.reason)" }, carried.counts)
    }

    @Test func renamesKeepWhatIsBelow() throws {
        let inner = "key k; leaf k { type string; } leaf v { type string; }"
        let carried = try carry(
            "rename /m:l { to list; } rename /m:c/m:x { to y; }",
            "list l { \(inner) } container c { leaf x { type string; } leaf z { type string; } }",
            "list list { \(inner) } container c { leaf y { type string; } leaf z { type string; } }",
            [(.set("1"), "/m:l{a}/v"), (.set("2"), "/m:c/x"), (.set("3"), "/m:c/z")])
        #expect(carried.items == ["/m:list[k='a']", "/m:list[k='a']/v 1", "/m:c/y 2", "/m:c/z 3"])
        #expect(carried.losses == [])
    }

    @Test func movesFindTheirPlaceAboveAndBelow() throws {
        let carried = try carry(
            """
            move /m:i/m:mtu { to /m:i/m:link/m:mtu; } move /m:i/m:tags { to /m:i/m:link/m:labels; }
            move /m:dns { to /m:system/m:server/m:address; key name { value "'main'"; } }
            """,
            """
            list i { key n; leaf n { type string; } leaf mtu { type uint16; } leaf-list tags { type string; } }
            leaf dns { type string; }
            """,
            """
            list i { key n; leaf n { type string; }
              container link { leaf mtu { type uint32; } leaf-list labels { type string; } } }
            container system { list server { key name; leaf name { type string; } leaf address { type string; } } }
            """,
            [
                (.set("9000"), "/m:i{a}/mtu"), (.create, "/m:i{a}/tags{x}"), (.create, "/m:i{b}"),
                (.set("192.0.2.1"), "/m:dns"),
            ])
        #expect(
            carried.items == [
                "/m:i[n='a']", "/m:i[n='a']/link/mtu 9000", "/m:i[n='a']/link/labels[.='x']", "/m:i[n='b']",
                "/m:system/server[name='main']", "/m:system/server[name='main']/address 192.0.2.1",
            ])
        #expect(carried.losses == [])
    }

    @Test func valuesAreConvertedSplitAndJoined() throws {
        let carried = try carry(
            """
            convert /m:i/m:speed { value ". * 1000"; }
            split /m:i/m:prefix {
              to /m:i/m:ip { value "substring-before(., '/')"; } to /m:i/m:length { value "substring-after(., '/')"; } }
            join /m:name { from /m:first; from /m:last; value "concat(., ' ', ../m:last)"; }
            drop /m:old { reason "nobody needs it"; }
            """,
            """
            list i { key n; leaf n { type string; } leaf speed { type uint32; } leaf prefix { type string; } }
            leaf first { type string; } leaf last { type string; } leaf old { type string; }
            """,
            """
            list i { key n; leaf n { type string; } leaf speed { type uint32 { range "1000..100000"; } default 1000; }
              leaf ip { type string; } leaf length { type uint8; } }
            leaf name { type string; }
            """,
            [
                (.set("10"), "/m:i{a}/speed"), (.set("500"), "/m:i{b}/speed"), (.set("192.0.2.1/24"), "/m:i{a}/prefix"),
                (.set("Ada"), "/m:first"), (.set("Byron"), "/m:last"), (.set("x"), "/m:old"),
            ])
        #expect(
            carried.items == [
                "/m:i[n='a']", "/m:i[n='a']/speed 10000", "/m:i[n='a']/ip 192.0.2.1", "/m:i[n='a']/length 24",
                "/m:i[n='b']", "/m:name Ada Byron",
            ])
        #expect(carried.losses.count == 2)
        #expect(carried.losses.contains("/m:old 1: nobody needs it"))
        #expect(carried.losses.contains { $0.hasPrefix("/m:i/speed 1: what the migration map makes of it") })
        #expect(carried.counts.defaulted == 1)
    }

    @Test func keysMayBeRenamedAndModulesMerged() throws {
        let renamed = try carry(
            "rename /m:l/m:id { to name; }",
            "list l { key id; leaf id { type uint8; } leaf name2 { type string; } }",
            "list l { key name; leaf name { type string; } leaf id { type string; } leaf name2 { type string; } }",
            [(.set("v"), "/m:l{7}/name2")])
        #expect(renamed.items == ["/m:l[name='7']", "/m:l[name='7']/name2 v"])
        #expect(renamed.losses == [])
        func model(_ name: String, _ leaf: String) -> String {
            "module \(name) { namespace \"urn:\(name)\"; prefix \(name); container c { \(leaf) } }"
        }
        let old = try MigrationModels.compile([
            model("a", "leaf x { type string; }"), model("b", "leaf y { type string; } leaf x { type string; }"),
        ])
        let new = try MigrationModels.compile([model("c", "leaf x { type string; } leaf y { type string; }")])
        let bound = try map("migration t { module a { to c; } module b { to c; } }", old, new)
        let tree = try DataTree(
            DataModel(old), [(.set("1"), "/a:c/x"), (.set("2"), "/b:c/y"), (.set("3"), "/b:c/x")])
        let carried = DataCarrier.carry(tree, to: DataModel(new), plans: CarryPlans { _, _ in bound.map })
        #expect(carried.tree.items == ["/c:c/x 1", "/c:c/y 2"])
        #expect(carried.losses.map(\.reason) == ["another value is there"])
    }

    @Test(arguments: [
        ("nonsense { }", "m.map:1:1: error: 'nonsense' begins no migration map"),
        ("migration t {\n rename /m:a; }", "m.map:2:2: error: 'rename /m:a' has no 'to'"),
        ("migration t {\n rename /m:x { to b; } }", "m.map:2:2: error: /m:x: the old model has no m:x below /"),
        ("migration t {\n rename /m:a {\n to y; } }", "m.map:3:2: error: /y: the new model has no y below /"),
        ("migration t { drop m:a { reason r; } }", "m.map:1:15: error: 'm:a' is no path"),
        ("migration t { convert /m:a {\n value \"1 +\"; } }", "m.map:1:15: error: the expression 1 + cannot be read"),
        ("migration t { module q { to m; } }", "m.map:1:1: error: the old models have no module 'q'"),
        ("migration t { move /m:a { to /m:l/m:v; } }", "m.map:1:27: error: /m:l/m:v is in the list /m:l"),
        ("migration t { drop /m:a { reason r; } drop /m:a { reason s; } }", "there are two rules for /m:a"),
    ])
    func faultsNameTheirPlace(_ text: String, _ fault: String) throws {
        let schema = try MigrationModels.schema(
            "leaf a { type string; } leaf b { type string; } list l { key k; leaf k { type string; } leaf v { type string; } }"
        )
        let result = try map(text, schema, schema)
        #expect(result.map == nil)
        #expect(result.faults.contains { $0.contains(fault) }, "\(result.faults)")
    }

    /// As `ncs-package build` does: the package's own models always, the old ones if they are found.
    @Test func mapsAreCheckedWhenThePackageIsBuilt() throws {
        let place = FileManager.default.temporaryDirectory.appending(path: "maps-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        func write(_ name: String, _ text: String) throws {
            let file = place.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        func faults(_ origins: [MapCheck.Origin] = []) throws -> [String] {
            try MapCheck(package: place.appending(path: "m-cli-2.0").path, searchPath: []).faults(origins: origins)
                .map { $0.description.replacing(place.path + "/m-cli-2.0/", with: "") }
        }
        let module = "module m { namespace \"urn:m\"; prefix m; leaf NAME { type string; } }"
        for (package, leaf) in [("m-cli-1.0", "a"), ("m-cli-2.0", "b")] {
            try write("\(package)/package-meta-data.xml", "<ncs-package/>")
            try write("\(package)/src/yang/m.yang", module.replacing("NAME", with: leaf))
        }
        #expect(try faults() == [])
        let map = "migration x {\n from FROM;\n rename /m:a { to NAME; value \"VALUE\"; }\n}\n"
        func writeMap(from: String, to: String, _ value: String) throws {
            let text = map.replacing("FROM", with: from).replacing("NAME", with: to).replacing("VALUE", with: value)
            try write("m-cli-2.0/migration/x.map", text)
        }
        try writeMap(from: "m-cli-1.0", to: "b", ".")
        #expect(try faults() == [])
        try writeMap(from: "elsewhere", to: "c", "1 +")
        let own = try faults()
        #expect(own.count == 2 && own.allSatisfy { $0.hasPrefix("migration/x.map:3:") }, "\(own)")
        #expect(own[0].contains("/c: the new model has no c below /; there are b"), "\(own)")
        try writeMap(from: "m-cli-1.0", to: "b", ".")
        try write("m-cli-1.0/src/yang/m.yang", module.replacing("NAME", with: "other"))
        let beside = try faults()
        #expect(beside.count == 1 && beside[0].contains("the old model has no m:a below /"), "\(beside)")
        try writeMap(from: "elsewhere", to: "b", ".")
        #expect(try faults() == [])
        let named = try faults([.init(path: place.appending(path: "m-cli-1.0").path, nedID: nil)])
        #expect(named == beside, "\(named)")

        func check(_ arguments: String...) -> (status: Int32, lines: [String]) {
            var lines: [String] = []
            let status = MapCheckCommand.run(arguments: ["--check-maps"] + arguments, environment: [:]) {
                lines.append($0)
            }
            return (status, lines)
        }
        let package = place.path + "/m-cli-2.0"
        #expect(check(package).status == 0)
        let old = check(package, "--from", place.path + "/m-cli-1.0")
        #expect(old.status == 1 && old.lines.count == 1 && old.lines[0].contains("x.map:3:"), "\(old)")
        #expect(
            check().status == 3 && check(package, "--form", "x").status == 3 && check(package, "--from").status == 3)
    }
}
