import Basics
import ConfigTree
import NETCONF
import Synchronization
import Testing
import YANG

@testable import NEDRuntime

/// What a NETCONF device tells and does besides its configuration.
struct NETCONFOperationalTests {
    private static let state = """
        <config><box xmlns="urn:box"><name>n</name>
          <item><id>x</id><note>1</note><load>7</load></item><item><id>y</id><load>8</load></item>
          <health><fans>2</fans></health></box></config>
        """

    private func bench() throws -> NETCONFBench {
        let bench = try NETCONFBench { _ in }
        let tree = XMLDataDecoder.tree(
            Array(Self.state.utf8), file: "s.xml", model: MemoryDevice.model, options: DecodeOptions(content: .all))
        let content = try tree.get()
        bench.device.state.withLock { $0.running = content }
        return bench
    }

    private func text(_ tree: DataTree) -> String {
        let options = EncodeOptions(content: .all, pretty: false, wrapped: false)
        return String(decoding: XMLDataEncoder.bytes(tree, options), as: UTF8.self)
    }

    @Test func stateIsReadWithoutConfiguration() throws {
        let bench = try bench()
        let session = try bench.connect()
        let schema = MemoryDevice.model.schema
        let box = try #require(schema.root.dataChild(named: "box"))
        let item = try #require(box.dataChild(named: "item"))
        let load = try #require(item.dataChild(named: "load"))
        let all = try session.state(at: [])
        #expect(all.faults.isEmpty)
        #expect(
            text(all.tree) == """
                <box xmlns="urn:box"><item><id>x</id><load>7</load></item><item><id>y</id><load>8</load></item>\
                <health><fans>2</fans></health></box>
                """)
        let one = InstancePath().appending(box).appending(item, keys: ["y"])
        #expect(text(try session.state(at: [one]).tree).contains("<item><id>y</id><load>8</load></item>"))
        #expect(!text(try session.state(at: [one]).tree).contains("7"))
        let column = InstancePath().appending(box).appending(item).appending(load)
        let loads = text(try session.state(at: [column]).tree)
        #expect(loads.contains("<load>7</load>") && loads.contains("<load>8</load>") && !loads.contains("fans"))
        #expect(try session.show().tree.diff(to: bench.tree("<name>n</name>")).isEmpty == false)
    }

    @Test func operationsAndActionsAreCarriedOut() throws {
        let bench = try bench()
        let session = try bench.connect()
        let schema = MemoryDevice.model.schema
        let reboot = try #require(schema.root.dataChildren.first { $0.kind == .rpc })
        let box = try #require(schema.root.dataChild(named: "box"))
        let item = try #require(box.dataChild(named: "item"))
        let reset = try #require(item.dataChild(named: "reset"))
        func call(_ node: SchemaNode, _ path: InstancePath, delay: String) throws -> [String: String] {
            let input = try #require(node.dataChild(named: "input"))
            let row = RowDraft(input)
            row.set(delay, for: try #require(input.dataChild(named: "delay")))
            let operation = DeviceOperation(node: node, path: path, input: row.freeze(in: MemoryDevice.model))
            let output = try session.carryOut(operation).output
            let answer = Instance(
                detached: try #require(node.dataChild(named: "output")), row: output, model: MemoryDevice.model)
            return Dictionary(uniqueKeysWithValues: answer.children().map { ($0.node.name, $0.value ?? "") })
        }
        #expect(try call(reboot, InstancePath(), delay: "5") == ["message": "reboot after 5"])
        let path = InstancePath().appending(box).appending(item, keys: ["x"])
        #expect(try call(reset, path, delay: "6") == ["when": "reset after 6"])
        let gone = InstancePath().appending(box).appending(item, keys: ["z"])
        let refused = #expect(throws: NEDError.self) { try call(reset, gone, delay: "6") }
        #expect(refused?.code == .refused && refused?.message.contains("data-missing") == true)
        #expect(session.isUsable)
    }

    @Test func eventsComeAndAreReplayed() throws {
        let bench = try bench()
        let session = try bench.connect()
        let stream = try #require(try session.streams().first { $0.name == "NETCONF" })
        #expect(stream.hasReplay)
        let refused = #expect(throws: NEDError.self) {
            try bench.connect().subscribe(to: "no-such-stream", filter: nil, since: nil)
        }
        #expect(refused?.code == .refused)
        try session.subscribe(to: "NETCONF", filter: nil, since: nil)
        #expect(try session.nextEvent(within: .milliseconds(1)) == nil)
        #expect(session.isUsable)
        let other = try bench.connect()
        let event = try #require(try session.nextEvent(within: .seconds(120)))
        #expect(event.content.name == "netconf-session-start")
        let later = try bench.connect()
        try later.subscribe(to: "NETCONF", filter: nil, since: event.time)
        #expect(try #require(try later.nextEvent(within: .seconds(120))).content.name == "netconf-session-start")
        for session in [session, other, later] { session.close() }
    }

    @Test func aCommitThatCommitsNothingIsFound() throws {
        let bench = try NETCONFBench { $0.confirmedCommit = false }
        let (old, new) = (try bench.tree(""), try bench.tree("<name>n</name><item><id>x</id></item>"))
        bench.device.state.withLock { $0.ignoresCommitsAfterValidate = true }
        let session = try bench.connect()
        try session.prepare(bench.driver.change(from: old, to: new))
        try session.commit()
        #expect(bench.device.running.diff(to: new).isEmpty)
        #expect(!session.believesValidate && session.isProven)
        try session.persist()
        // Nothing that the device could be told helps: then it is said.
        bench.device.state.withLock { $0.ignoresCommits = true }
        let second = try bench.connect()
        let failure = #expect(throws: NEDError.self) {
            try second.prepare(bench.driver.change(from: new, to: old))
            try second.commit()
        }
        #expect(failure?.message.contains("its running configuration is as it was before") == true)
        // What is there already is no lie.
        let third = try bench.connect()
        try third.prepare(bench.driver.change(from: old, to: new))
        try third.commit()
    }
}
