import ConfigTree
import Testing
import YANG

/// What is mounted, told as a whole in a change set.
@Suite struct PackedChangeTests {
    private static let config = "/ncs:devices/device[name='a']/config"

    private static let model = Result { try TreeModels.devices() }

    /// Two devices, one with so many entries.
    private static func tree(_ count: Int, from first: Int = 0) throws -> DataTree {
        let start = try DataTree(try model.get()).with(
            (.set("one"), "/ncs:devices/device{a}/kind"), (.set("one"), "/ncs:devices/device{b}/kind"),
            (.set("h"), "/ncs:devices/device{b}/config/one:host"))
        guard count > 0 else { return start }
        let items = (first..<first + count).map { number in
            ChangeSet.Item(.create, "\(config)/one:i[k='\(number)']")
        }
        var replay = TreeReplay(start)
        try replay.apply(json: ChangeSet(items).jsonBytes[...])
        return try replay.finish()
    }

    private static let many = ChangeSet.mountLimit + 1_000

    /// Applies the changes in every way in which the log is read.
    private static func requireSame(_ changes: ChangeSet, _ from: DataTree, _ to: DataTree) throws {
        let read = try ChangeSet(json: changes.jsonBytes)
        #expect(read == changes)
        #expect(try from.applying(read).diff(to: to, includingMetadata: true).isEmpty)
        var replay = TreeReplay(from)
        try replay.apply(json: changes.jsonBytes[...])
        #expect(try replay.finish().diff(to: to, includingMetadata: true).isEmpty)
        let outline = OutlineTree()
        try outline.apply(ChangeSet(DataTree(from.model).diff(to: from)))
        try outline.apply(changes)
        var chunks: [[UInt8]] = []
        let root = try outline.write { chunk in
            chunks.append(chunk)
            return [UInt8](repeating: UInt8(chunks.count), count: 32)
        }
        let reader = TreeImageReader { digest in chunks[Int(digest[0]) - 1] }
        #expect(try reader.read(root, to.model).diff(to: to).isEmpty)
    }

    @Test func aLargeConfigurationThatComesIsOneItem() throws {
        let (small, large) = (try Self.tree(0), try Self.tree(Self.many))
        let changes = ChangeSet(small.diff(to: large), packing: .new)
        #expect(changes.items.map(\.path) == [Self.config])
        #expect(changes.jsonBytes.count < Self.many * 12)
        try Self.requireSame(changes, small, large)
        // Together with its device, whose leaves say which model it has.
        let all = ChangeSet(DataTree(large.model).diff(to: large), packing: .all)
        #expect(all.items.last?.path != Self.config && all.items.contains { $0.path == Self.config })
        #expect(all.items.count < 20)
        try Self.requireSame(all, DataTree(large.model), large)
    }

    @Test func oneThatIsAltogetherAnotherIsPackedWhereThatIsWanted() throws {
        let (old, new) = (try Self.tree(Self.many), try Self.tree(Self.many, from: Self.many / 2))
        let changes = ChangeSet(old.diff(to: new), packing: .all)
        #expect(changes.items.map(\.path) == [Self.config])
        try Self.requireSame(changes, old, new)
        // Laid over what somebody else has changed meanwhile, a whole would go over that.
        for packing in [ChangeSet.Packing.none, .new] {
            #expect(ChangeSet(old.diff(to: new), packing: packing).items.count > ChangeSet.mountLimit)
        }
    }

    /// The first change is one that drafts cannot make: one with an escape in it.
    @Test func manyChangesOfWhichTheFirstIsSpecialAreReplayed() throws {
        let start = try Self.tree(0)
        let items = (0..<1_000).map { ChangeSet.Item(.create, "\(Self.config)/one:i[k='\($0)']") }
        let host = ChangeSet.Item(.set("a \"b\""), "\(Self.config)/one:host")
        var replay = TreeReplay(start)
        try replay.apply(json: ChangeSet([host] + items).jsonBytes[...])
        #expect(try replay.finish().diff(to: start.applying(ChangeSet([host] + items))).isEmpty)
    }

    @Test func fewChangesStayItems() throws {
        let (none, few, more) = (try Self.tree(0), try Self.tree(1_000), try Self.tree(1_001))
        #expect(ChangeSet(none.diff(to: few), packing: .all).items.count == 1_000)
        #expect(ChangeSet(few.diff(to: more), packing: .all) == ChangeSet(few.diff(to: more)))
    }

    @Test func aDamagedImageIsAnErrorThatSaysSo() throws {
        let small = try Self.tree(0)
        let item = ChangeSet.Item(.fill(MountedImage(try Self.tree(2))), Self.config)
        let wrong = #expect(throws: PathError.self) { try small.applying(ChangeSet([item])) }
        #expect(wrong?.description.contains("the models have no such node") == true)
        #expect(throws: PathError.self) { try ChangeSet(words: [["fill", Self.config, "no base64!"]]) }
        let cut = try ChangeSet(words: [["fill", Self.config, "TkVEVFJFRTE="]])
        let damaged = #expect(throws: PathError.self) { try small.applying(cut) }
        #expect(damaged?.description.contains("damaged") == true)
        let elsewhere = ChangeSet([ChangeSet.Item(item.edit, "/ncs:devices/device[name='a']/kind")])
        #expect(throws: PathError(.notEditable, "")) { try small.applying(elsewhere) }
    }
}
