import Basics
import ConfigTree
import Foundation
import NETCONF
import Synchronization
import Testing
import YANG

/// A datastore in memory.
final class TestStore: NETCONFDatastore {
    static let model: DataModel = {
        let text = """
            module box {
              yang-version 1.1; namespace "urn:box"; prefix b; revision 2024-01-01;
              container box {
                leaf name { type string; }
                leaf size { type uint8 { range "1..9"; } default 3; }
                leaf ref { type leafref { path "../item/id"; } }
                list item { key id; leaf id { type string; } leaf weight { type uint32; mandatory true; } leaf note { type string; } }
                leaf-list tag { type string; ordered-by user; }
                leaf uptime { config false; type uint32; }
                must "not(name = 'bad')" { error-message "no bad names"; }
              }
              rpc shake { input { leaf force { type uint8; } } output { leaf result { type string; } } }
              augment /box/item { action polish { input { leaf times { type uint8; } } } }
            }
            """
        let outcome = SchemaCompiler(options: SchemaCompiler.Options())
            .compile([SchemaCompiler.Source(path: "box.yang", bytes: Array(text.utf8))])
        guard let schema = outcome.schema else { preconditionFailure("\(outcome.diagnostics)") }
        return DataModel(schema)
    }()

    struct State {
        var running = DataTree(TestStore.model)
        var startup: DataTree?
        var timers: [(seconds: Int, work: @Sendable () -> Void)] = []
        var interference: [String: Interference] = [:]
        var time = "2024-01-01T00:00:00Z"
        var outcomes: [String: OperationOutcome] = [:]
        var calls: [String] = []
    }

    let state = Mutex(State())
    let validator = Validator(TestStore.model)

    var model: DataModel { Self.model }
    var running: DataTree { state.withLock(\.running) }

    func faults(in tree: DataTree, changedFrom old: DataTree) -> [Diagnostic] {
        validator.violations(in: tree, changedFrom: old)
    }

    func replaceRunning(_ old: DataTree, with new: DataTree) throws(RPCFailure) { state.withLock { $0.running = new } }
    func startup() throws(RPCFailure) -> DataTree? { state.withLock(\.startup) }
    func setStartup(_ tree: DataTree?) throws(RPCFailure) { state.withLock { $0.startup = tree } }
    func moduleText(_ name: String, revision: String?) -> [UInt8]? {
        name == "box" && revision != "1999-01-01" ? Array("module box { }".utf8) : nil
    }
    func received(_ operation: String, session: SessionInfo) -> Interference? {
        state.withLock { $0.interference[operation] }
    }
    func schedule(after seconds: Int, _ work: @escaping @Sendable () -> Void) {
        state.withLock { $0.timers.append((seconds, work)) }
    }
    func timestamp() -> String { state.withLock(\.time) }
    func outcome(of call: OperationCall, session: SessionInfo) throws(RPCFailure) -> OperationOutcome {
        state.withLock { state in
            state.calls.append(call.node.name + (call.path.map { " \($0.keypath)" } ?? ""))
            return state.outcomes[call.node.name] ?? .notCarriedOut("nobody does this")
        }
    }
}

/// A server with sessions that a test talks through, in texts.
final class TestServer {
    let store = TestStore()
    let server: NETCONFServer

    init(_ change: (inout ServerProfile) -> Void = { _ in }) {
        var profile = ServerProfile()
        profile.startup = true
        change(&profile)
        server = NETCONFServer(store, profile: profile)
    }

    func session(base11: Bool = true) -> TestSession { TestSession(server, base11: base11) }
}

final class TestSession {
    let session: ServerSession
    private let framing: MessageFraming
    private(set) var isClosed = false
    private var frames = FrameReader(limit: 1 << 26)
    private var number = 0
    private var unread: [String] = []
    let wakes = WakeCount()

    final class WakeCount: Sendable {
        private let count = Mutex(0)
        func withLock(_ body: (inout Int) -> Void) { count.withLock { body(&$0) } }
        var value: Int { count.withLock(\.self) }
    }

    init(_ server: NETCONFServer, base11: Bool) {
        session = ServerSession(
            server, user: "admin", source: "192.0.2.1", wake: { [wakes] in wakes.withLock { $0 += 1 } }, end: {})
        framing = base11 ? .chunked : .endOfMessage
        let capabilities = Capabilities(base11 ? [Capabilities.base10, Capabilities.base11] : [Capabilities.base10])
        _ = send(MessageFraming.endOfMessage.frame(Hello(capabilities).bytes))
        frames.framing = framing
    }

    /// Sends bytes; gives the messages that come back.
    func send(_ bytes: [UInt8]) -> [String] {
        session.append(bytes)
        var replies: [String] = []
        while let output = session.step() {
            if output.closes { isClosed = true }
            frames.append(output.bytes)
            while let message = try? frames.next() { replies.append(String(decoding: message, as: UTF8.self)) }
        }
        return replies
    }

    /// What the server says without being asked.
    func heard() -> [String] {
        defer { unread = [] }
        return unread + send([])
    }

    /// Carries out an operation; the reply without its frame of `<rpc-reply>`.
    func ask(_ operation: String, attributes: String = "") -> String {
        number += 1
        return raw(
            "<rpc xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"\(number)\"\(attributes)>\(operation)</rpc>"
        )
    }

    func raw(_ message: String) -> String {
        var replies = send(framing.frame(Array(message.utf8)))
        // What is told behind a reply is kept for `heard`.
        let notices = replies.drop { !$0.hasPrefix("<notification") }
        unread += notices
        replies.removeLast(notices.count)
        guard replies.count == 1, let reply = replies.first else { return replies.isEmpty ? "nothing" : "\(replies)" }
        guard let start = reply.firstIndex(of: ">"), let end = reply.range(of: "</rpc-reply>") else { return reply }
        return String(reply[reply.index(after: start)..<end.lowerBound])
    }

    /// `ok`, or the tags of the errors.
    func tag(_ operation: String) -> String {
        let reply = ask(operation)
        if reply == "<ok/>" { return "ok" }
        let tags = reply.components("error-tag")
        return tags.isEmpty ? reply : tags.joined(separator: " ")
    }

    func edit(_ content: String, target: String = "candidate", options: String = "") -> String {
        tag("<edit-config><target><\(target)/></target>\(options)<config>\(content)</config></edit-config>")
    }

    func config(_ source: String = "running", _ filter: String = "") -> String {
        ask("<get-config><source><\(source)/></source>\(filter)</get-config>")
    }
}

extension String {
    /// The texts of all elements of that name.
    func components(_ name: String) -> [String] {
        split(separator: "<\(name)>").dropFirst().map { part in
            String(part.split(separator: "</\(name)>", omittingEmptySubsequences: false).first ?? "")
        }
    }
}
