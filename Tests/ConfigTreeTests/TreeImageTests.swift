import Foundation
import Testing
import YANG

@testable import ConfigTree

/// Chunks by a number in place of a digest.
private final class Chunks {
    var all: [[UInt8]: [UInt8]] = [:]

    func write(_ tree: DataTree) throws -> [UInt8] {
        try TreeImageWriter { bytes in
            // Any name will do that equal bytes have in common.
            var hash: UInt64 = 1
            for byte in bytes { hash = hash &* 0x100_0000_01B3 ^ UInt64(byte) }
            let name = (0..<32).map { UInt8(truncatingIfNeeded: hash >> UInt64($0 % 8 * 8)) &+ UInt8($0) }
            self.all[name] = bytes
            return name
        }.write(tree)
    }

    func read(_ digest: [UInt8], _ model: DataModel) throws -> DataTree {
        try TreeImageReader { name in
            guard let bytes = self.all[name] else { throw ImageFault.damaged("a chunk is missing") }
            return bytes
        }.read(digest, model)
    }
}

@Suite struct TreeImageTests {
    private func sameAgain(_ tree: DataTree) throws {
        let chunks = Chunks()
        let again = try chunks.read(try chunks.write(tree), tree.model)
        #expect(again.lines == tree.lines)
        #expect(tree.diff(to: again).isEmpty)
        // And again written, the same bytes.
        let second = Chunks()
        _ = try second.write(again)
        #expect(second.all == chunks.all)
    }

    @Test func everyShapeComesBack() throws {
        let model = try TreeModels.model(TreeModels.every)
        for seed in 0..<20 { try sameAgain(RandomTree.make(model, seed: UInt64(seed), limit: 300)) }
        try sameAgain(DataTree(model))
        let annotated = try DataTree(model).with(
            (.set("1"), "/m:top/a"), (.create, "/m:top/ul[.='x']"), (.create, "/m:top/p"),
            (.annotate("t:n", "of a leaf"), "/m:top/a"), (.annotate("t:n", "of an entry"), "/m:top/ul[.='x']"),
            (.annotate("t:n", "of a container"), "/m:top/p"))
        let chunks = Chunks()
        let again = try chunks.read(try chunks.write(annotated), model)
        #expect(annotated.diff(to: again, includingMetadata: true).isEmpty)
    }

    @Test func whatIsMountedComesBackUnderItsModel() throws {
        let model = try TreeModels.devices()
        let tree = try DataTree(model).with(
            (.set("one"), "/ncs:devices/device{a}/kind"), (.set("h"), "/ncs:devices/device{a}/config/one:host"),
            (.create, "/ncs:devices/device{a}/config/one:i{1}"),
            (.set("two"), "/ncs:devices/device{b}/kind"), (.set("g"), "/ncs:devices/device{b}/config/two:host"),
            (.create, "/ncs:devices/device{b}/config/two:s[.='x']"))
        try sameAgain(tree)
        let chunks = Chunks()
        let root = try chunks.write(tree)
        let fault = #expect(throws: ImageFault.self) {
            try chunks.read(root, try TreeModels.model(named: "ncs", "container devices { leaf x { type string; } }"))
        }
        #expect("\(fault!)" == "/ncs:devices/ncs:device: the models have no such node")
    }

    @Test func aLongListLiesInChunksOfWhichAnEditChangesOne() throws {
        let model = try TreeModels.model(
            "container top { list e { key k; leaf k { type string; } leaf v { type string; } } }")
        let draft = RowDraft(model.schema.root)
        let top = model.schema.root.dataChild(named: "top")!
        let list = top.dataChild(named: "e")!
        for number in 0..<30_000 {
            draft.container(top).entry(of: list, keys: ["entry-\(number)"])
                .set(String(repeating: "v", count: 30) + "\(number)", for: list.dataChild(named: "v")!)
        }
        let tree = DataTree(draft, model: model)
        let chunks = Chunks()
        let root = try chunks.write(tree)
        #expect(try chunks.read(root, model).diff(to: tree).isEmpty)
        #expect(chunks.all.count > 4)
        let before = Set(chunks.all.keys)
        _ = try chunks.write(try tree.with((.delete, "/m:top/e{entry-15000}")))
        #expect((1...3).contains(Set(chunks.all.keys).subtracting(before).count))
    }

    /// The digests that keep damage away are others' affair; here it must do no harm.
    @Test func aDamagedImageIsRefusedOrHarmless() throws {
        let model = try TreeModels.model(TreeModels.every)
        let chunks = Chunks()
        let root = try chunks.write(RandomTree.make(model, seed: 3, limit: 300))
        let good = try #require(chunks.all[root])
        var random = SeededGenerator(11)
        for _ in 0..<2_000 {
            var bad = good
            let bit = Int.random(in: 0..<bad.count * 8, using: &random)
            bad[bit >> 3] ^= 1 << UInt8(bit & 7)
            if bit % 3 == 0 { bad.removeLast(Int.random(in: 1..<bad.count, using: &random)) }
            chunks.all[root] = bad
            _ = try? chunks.read(root, model)
        }
    }
}

@Suite struct TreeReplayTests {
    /// Many edits at once, as drafts, and one by one.
    @Test(arguments: 0..<6) func draftsComeToTheSameAsSingleEdits(seed: Int) throws {
        let model = try TreeModels.model(TreeModels.every)
        var replay = TreeReplay(DataTree(model))
        var tree = DataTree(model)
        for step in 0..<8 {
            let next =
                step % 3 == 2
                ? DataTree(model) : RandomTree.make(model, seed: UInt64(seed * 10 + step), limit: 2_000)
            let changes = ChangeSet(tree.diff(to: next))
            try replay.apply(json: changes.jsonBytes[...])
            tree = try tree.applying(changes)
        }
        let result = try replay.finish()
        #expect(result.lines == tree.lines)
    }

    @Test func aDeviceIsFilledThroughItsMountPoint() throws {
        let model = try TreeModels.devices()
        var edits = [["set", "/ncs:devices/device[name='a']/kind", "one"]]
        for number in 0..<600 { edits.append(["create", "/ncs:devices/device[name='a']/config/one:i[k='\(number)']"]) }
        edits += [
            ["delete", "/ncs:devices/device[name='a']/config"],
            ["set", "/ncs:devices/device[name='a']/kind", "two"],
            ["set", "/ncs:devices/device[name='a']/config/two:host", "h \\ \"x\""],
            ["delete", "/ncs:devices/device[name='b']/config"],
        ]
        let changes = try ChangeSet(words: edits)
        var replay = TreeReplay(DataTree(model))
        try replay.apply(json: changes.jsonBytes[...])
        #expect(try replay.finish().lines == DataTree(model).applying(changes).lines)
    }

    @Test func aPathWithoutAPlaceIsNamed() throws {
        let model = try TreeModels.devices()
        var edits: [[String]] = []
        for number in 0..<600 { edits.append(["create", "/ncs:devices/device[name='\(number)']"]) }
        edits.append(["set", "/ncs:devices/device[name='a']/unknown", "x"])
        let changes = try ChangeSet(words: edits)
        let error = #expect(throws: PathError.self) {
            var replay = TreeReplay(DataTree(model))
            try replay.apply(json: changes.jsonBytes[...])
            _ = try replay.finish()
        }
        #expect(error?.description.contains("has no child unknown") == true)
    }
}
