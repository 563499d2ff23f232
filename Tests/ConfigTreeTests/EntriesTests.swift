import Testing
import YANG

@testable import ConfigTree

@Suite struct EntriesTests {
    private let model: DataModel
    private let list: SchemaNode

    init() throws {
        model = try TreeModels.model(
            """
            list plain { key id; leaf id { type uint32; } leaf v { type string; } }
            list ordered { key id; ordered-by user; leaf id { type uint32; } leaf v { type string; } }
            """)
        list = model.schema.root.dataChild(named: "plain")!
    }

    private func row(_ id: Int, _ list: SchemaNode, order: UInt64 = 0) -> Row {
        Row.empty(list.id).placed(at: order).setting(String(id), in: list.keys[0].slot)
    }

    private func ids(_ entries: Entries?) -> [Int] { entries?.rows.map { Int($0.value(at: 0)) ?? -1 } ?? [] }

    private func check(_ node: EntryNode, isRoot: Bool = true) -> Int {
        #expect(max(node.rows.count, node.children.count) <= EntryNode.width)
        if node.isChunk {
            #expect(!node.rows.isEmpty && node.count == node.rows.count)
            return 1
        }
        #expect(node.count == node.children.reduce(0) { $0 + $1.count })
        if isRoot { #expect(node.children.count > 1) }
        let heights = Set(node.children.map { check($0, isRoot: false) })
        #expect(heights.count == 1, "children of unequal height")
        return 1 + (heights.first ?? 0)
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func treeKeepsOrderAndShapeUnderRandomEdits(seed: UInt64) {
        var random = SeededGenerator(seed)
        let order = model.order(of: list)
        let all = (0..<3000).map { row($0, list) }
        var node = EntryNode(rows: [all[0]])
        for row in all[1...].shuffled(using: &random) { node = node.upserting(row, by: order.compare) }
        #expect(check(node) < 5)
        #expect(EntrySequence(root: node).map { $0.value(at: 0) } == (0..<3000).map(String.init))
        var left = Set(0..<3000)
        for (step, id) in (0..<3000).shuffled(using: &random).dropLast().enumerated() {
            node = node.removing(all[id], by: order.compare)
            left.remove(id)
            guard step % 300 == 0 || left.count < 60 else { continue }
            _ = check(node)
            let sorted = left.sorted()
            #expect(node.count == sorted.count)
            #expect(EntrySequence(root: node).map { $0.value(at: 0) } == sorted.map(String.init))
            for (position, id) in sorted.enumerated() where position % 7 == 0 {
                #expect(node.position { order.compare($0, all[id]) } == position)
                #expect(node.find { order.compare($0, all[id]) } === all[id])
                #expect(node.row(at: position) === all[id])
            }
            #expect(node.find { order.compare($0, all[id]) } == nil)
            #expect(node.position { order.compare($0, all[id]) } == nil)
        }
        #expect(node.isChunk && node.count == 1)
    }

    @Test func manyRemovalsLeaveNoTreeOfCrumbs() {
        let order = model.order(of: list)
        let all = ContiguousArray((0..<10_000).map { row($0, list) })
        var node = EntryNode.packed(all)
        for id in 0..<10_000 where id % 20 != 0 { node = node.removing(all[id], by: order.compare) }
        func chunks(_ node: EntryNode) -> Int { node.isChunk ? 1 : node.children.reduce(0) { $0 + chunks($1) } }
        #expect(node.count == 500)
        #expect(chunks(node) <= 4 * 500 / (EntryNode.width / 4))
    }

    @Test func keysAreSortedByTheirType() throws {
        var tree = DataTree(model)
        for id in [10, 9, 100, 1] { tree = try tree.with((.create, "/m:plain{\(id)}")) }
        #expect(ids(tree.root.entries(in: list.slot)) == [1, 9, 10, 100])
    }

    @Test func entriesGoWhereTheUserPutsThem() throws {
        var tree = DataTree(model)
        func order() -> [Int] { ids(tree.root.entries(in: 1)) }
        for id in 1...4 { tree = try tree.with((.create, "/m:ordered{\(id)}")) }
        #expect(order() == [1, 2, 3, 4])
        tree = try tree.with((.place(.first), "/m:ordered{3}"), (.place(.last), "/m:ordered{1}"))
        #expect(order() == [3, 2, 4, 1])
        tree = try tree.with((.place(.before(["2"])), "/m:ordered{1}"), (.place(.after(["4"])), "/m:ordered{3}"))
        #expect(order() == [1, 2, 4, 3])
        tree = try tree.with((.place(.after(["3"])), "/m:ordered{5}"), (.place(.before(["1"])), "/m:ordered{6}"))
        #expect(order() == [6, 1, 2, 4, 3, 5])
        tree = try tree.with((.place(.before(["2"])), "/m:ordered{2}"), (.place(.after(["77"])), "/m:ordered{6}"))
        #expect(order() == [1, 2, 4, 3, 5, 6])
        tree = try tree.with((.set("x"), "/m:ordered{4}/v"), (.create, "/m:ordered{4}"))
        #expect(order() == [1, 2, 4, 3, 5, 6])
        #expect(tree.value(try tree.path("/m:ordered{4}/v")) == "x")
    }

    @Test func labelsAreMadeAnewWhenThereIsNoRoomBetweenTwo() throws {
        var tree = try DataTree(model).with((.create, "/m:ordered{1}"), (.create, "/m:ordered{2}"))
        let before = tree
        var wanted = [1, 2]
        for id in 3..<203 {
            // Always into the same gap: 32 halvings use it up.
            tree = try tree.with((.place(.after(["1"])), "/m:ordered{\(id)}"))
            wanted.insert(id, at: 1)
        }
        let entries = try #require(tree.root.entries(in: 1))
        #expect(ids(entries) == wanted)
        for (position, id) in wanted.enumerated() {
            let row = try #require(entries.entry([String(id)]))
            #expect(entries.position(of: row) == position)
            #expect(entries[position] === row)
        }
        let labels = entries.rows.map(\.order)
        #expect(zip(labels, labels.dropFirst()).allSatisfy { $0 < $1 })
        #expect(labels.last != before.root.entries(in: 1)?.entry(["2"])?.order, "nothing was labelled anew")
        let changes = ChangeSet(before.diff(to: tree))
        #expect(changes.items.filter { if case .place = $0.edit { true } else { false } }.count == 200)
        #expect(try before.applying(changes).lines == tree.lines)
    }

    @Test func entriesBeforeTheFirstNeedNoNewLabels() throws {
        var tree = try DataTree(model).with((.create, "/m:ordered{0}"))
        let label = tree.root.entries(in: 1)?.entry(["0"])?.order
        for id in 1...500 { tree = try tree.with((.place(.first), "/m:ordered{\(id)}")) }
        #expect(ids(tree.root.entries(in: 1)) == Array((0...500).reversed()))
        #expect(tree.root.entries(in: 1)?.entry(["0"])?.order == label)
    }

    @Test func sharedChunksAreSkippedWhateverTheirNeighboursAre() throws {
        let order = model.order(of: list)
        let old = Entries(list: list, order: order, rows: ContiguousArray((0..<5000).map { row($0 * 2, list) }))
        var random = SeededGenerator(7)
        for _ in 0..<40 {
            var new = old
            var touched: Set<Int> = []
            for _ in 0..<Int.random(in: 1...80, using: &random) {
                // Close together, so that chunks split and join.
                let id = Int.random(in: 3000..<3400, using: &random)
                touched.insert(id)
                if new.entry([String(id)]) != nil, let rest = new.removing([String(id)]) {
                    new = rest
                } else {
                    new = new.upserting(row(id, list).setting("x", in: 1))
                }
            }
            var seen: Set<Int> = []
            var calls = 0
            Entries.forEachDifference(old, new) { a, b in
                calls += 1
                let id = Int((a ?? b)!.value(at: 0))!
                if let a, let b { #expect(a.value(at: 0) == b.value(at: 0)) }
                #expect(old.entry([String(id)]) === a)
                #expect(new.entry([String(id)]) === b)
                seen.insert(id)
            }
            let differing = touched.filter { !(old.entry([String($0)]) === new.entry([String($0)])) }
            #expect(seen == differing)
            #expect(calls == differing.count)
        }
    }
}
