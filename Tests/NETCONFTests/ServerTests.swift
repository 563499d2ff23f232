import Foundation
import NETCONF
import Synchronization
import Testing

@Suite struct ServerTests {
    private let box = "xmlns=\"urn:box\""
    private let nc = "xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\""

    private func boxed(_ content: String) -> String { "<box \(box) \(nc)>\(content)</box>" }

    @Test func candidateIsEditedAndCommitted() {
        let session = TestServer().session()
        #expect(session.edit(boxed("<name>a</name><item><id>x</id><weight>1</weight></item>")) == "ok")
        #expect(session.config() == "<data/>")
        #expect(session.config("candidate").contains("<name>a</name>"))
        #expect(session.tag("<validate><source><candidate/></source></validate>") == "ok")
        #expect(session.tag("<commit/>") == "ok")
        let expected = "<data><box \(box)><name>a</name><item><id>x</id><weight>1</weight></item></box></data>"
        #expect(session.config() == expected)
        #expect(session.edit(boxed("<name>b</name>")) == "ok")
        #expect(session.tag("<discard-changes/>") == "ok")
        #expect(session.config("candidate") == expected)
    }

    /// Of a megabyte, in both framings: replies in several pieces, requests that are not joined.
    @Test(arguments: [true, false])
    func largeMessagesAreCarriedOutAndAnswered(base11: Bool) {
        let session = TestServer().session(base11: base11)
        let note = String(repeating: "n", count: 80)
        let items = (10_000..<16_000).map { "<item><id>i\($0)</id><weight>\($0)</weight><note>\(note)</note></item>" }
        let content = items.joined()
        #expect(session.edit(boxed(content)) == "ok")
        #expect(session.tag("<commit/>") == "ok")
        #expect(session.config() == "<data><box \(box)>\(content)</box></data>")
        let config = "<config>\(boxed(items[5]))</config>"
        let copy = "<copy-config><target><candidate/></target><source>\(config)</source></copy-config>"
        #expect(session.tag(copy) == "ok")
        #expect(session.config("candidate") == "<data><box \(box)>\(items[5])</box></data>")
        #expect(session.edit("<box \(box)><item><id>x</id><weight>none</weight></item>\(items.joined())</box>") != "ok")
        #expect(session.config("candidate") == "<data><box \(box)>\(items[5])</box></data>")
    }

    @Test func eachOperationOfAnEditDoesWhatItSays() {
        let session = TestServer().session()
        let item = { (operation: String, rest: String) in
            "<item nc:operation=\"\(operation)\"><id>x</id>\(rest)</item>"
        }
        func edit(_ content: String, _ options: String = "") -> String {
            session.edit(boxed(content), target: "running", options: options)
        }
        #expect(edit(item("create", "<weight>1</weight><note>n</note>")) == "ok")
        #expect(edit(item("create", "<weight>1</weight>")) == "data-exists")
        #expect(edit(item("merge", "<weight>2</weight>")) == "ok")
        #expect(session.config().contains("<weight>2</weight><note>n</note>"))
        #expect(edit(item("replace", "<weight>3</weight>")) == "ok")
        #expect(session.config().contains("<weight>3</weight></item>"))
        #expect(
            edit(
                "<item><id>y</id><weight nc:operation=\"delete\"/></item>",
                "<default-operation>none</default-operation>")
                != "ok")
        #expect(edit(item("delete", "")) == "ok")
        #expect(edit(item("delete", "")) == "data-missing")
        #expect(edit(item("remove", "")) == "ok")
        #expect(edit("<name>n</name>", "<default-operation>replace</default-operation>") == "ok")
        #expect(session.config() == "<data><box \(box)><name>n</name></box></data>")
        #expect(edit("<name>m</name>", "<test-option>test-only</test-option>") == "ok")
        #expect(session.config().contains("<name>n</name>"))
        let partly = "<item nc:operation=\"delete\"><id>q</id></item><name>p</name>"
        #expect(edit(partly, "<error-option>rollback-on-error</error-option>") == "data-missing")
        #expect(session.config().contains("<name>n</name>"))
        #expect(edit(partly, "<error-option>continue-on-error</error-option>") == "data-missing")
        #expect(session.config().contains("<name>p</name>"))
    }

    @Test func whatTheModelForbidsIsRefusedWithItsTag() {
        let session = TestServer().session()
        func edit(_ content: String) -> String { session.edit(boxed(content), target: "running") }
        #expect(edit("<size>10</size>") == "invalid-value")
        #expect(edit("<nonsense/>") == "unknown-element")
        #expect(edit("<item><weight>1</weight></item>") == "missing-element")
        #expect(edit("<item><id>x</id></item>") == "data-missing")
        #expect(edit("<ref>nobody</ref>") == "data-missing")
        #expect(edit("<name>bad</name>") == "operation-failed")
        #expect(edit("<name nc:operation=\"rename\">x</name>") == "bad-attribute")
        #expect(session.edit("<box xmlns=\"urn:other\"/>", target: "running") == "unknown-namespace")
        #expect(session.config() == "<data/>")
        let reply = session.ask(
            "<edit-config><target><running/></target><config>\(boxed("<ref>nobody</ref>"))</config></edit-config>")
        #expect(reply.components("error-app-tag") == ["instance-required"])
        #expect(reply.contains("<error-path xmlns:box=\"urn:box\">/box:box/ref</error-path>"))
    }

    @Test func locksKeepOthersOut() {
        let server = TestServer()
        let (a, b) = (server.session(), server.session())
        #expect(a.tag("<lock><target><candidate/></target></lock>") == "ok")
        let refusal = b.ask("<lock><target><candidate/></target></lock>")
        #expect(refusal.components("error-tag") == ["lock-denied"])
        #expect(refusal.components("session-id") == ["\(a.session.info.id)"])
        #expect(b.edit(boxed("<name>b</name>")) == "in-use")
        #expect(b.tag("<unlock><target><candidate/></target></unlock>") == "operation-failed")
        #expect(a.edit(boxed("<name>a</name>")) == "ok")
        #expect(a.tag("<unlock><target><candidate/></target></unlock>") == "ok")
        #expect(a.config("candidate") == "<data/>")
        #expect(a.tag("<lock><target><running/></target></lock>") == "ok")
        #expect(b.tag("<commit/>") == "in-use")
        #expect(b.tag("<kill-session><session-id>\(a.session.info.id)</session-id></kill-session>") == "ok")
        #expect(b.tag("<lock><target><running/></target></lock>") == "ok")
        #expect(b.tag("<kill-session><session-id>\(b.session.info.id)</session-id></kill-session>") == "invalid-value")
        #expect(b.tag("<close-session/>") == "ok")
        #expect(b.isClosed)
    }

    @Test func confirmedCommitsComeBackUnlessConfirmed() throws {
        let server = TestServer()
        let (a, b) = (server.session(), server.session())
        func timers() -> [@Sendable () -> Void] { server.store.state.withLock { $0.timers.map(\.work) } }
        _ = a.edit(boxed("<name>one</name>"))
        #expect(a.tag("<commit><confirmed/><confirm-timeout>5</confirm-timeout></commit>") == "ok")
        #expect(server.store.state.withLock { $0.timers.map(\.seconds) } == [5])
        #expect(b.tag("<commit/>") == "in-use")
        timers()[0]()
        #expect(a.config() == "<data/>")
        _ = a.edit(boxed("<name>two</name>"))
        #expect(a.tag("<commit><confirmed/><persist>p1</persist></commit>") == "ok")
        a.session.end()
        #expect(b.config().contains("two"))
        #expect(b.tag("<commit/>") == "invalid-value")
        #expect(b.tag("<commit><persist-id>p2</persist-id></commit>") == "invalid-value")
        #expect(b.tag("<commit><persist-id>p1</persist-id></commit>") == "ok")
        timers()[1]()
        #expect(b.config().contains("two"))
        _ = b.edit(boxed("<name>three</name>"))
        #expect(b.tag("<commit><confirmed/></commit>") == "ok")
        _ = b.edit(boxed("<name>four</name>"))
        #expect(b.tag("<commit><confirmed/></commit>") == "ok")
        timers()[2]()
        #expect(b.config().contains("four"))
        #expect(b.tag("<cancel-commit/>") == "ok")
        #expect(b.config().contains("two"))
        #expect(b.tag("<cancel-commit/>") == "operation-failed")
        _ = b.edit(boxed("<name>five</name>"))
        #expect(b.tag("<commit><confirmed/></commit>") == "ok")
        b.session.end()
        #expect(server.session().config().contains("two"))
    }

    @Test func startupIsCopiedAndDeleted() {
        let session = TestServer().session()
        #expect(session.edit(boxed("<name>a</name>"), target: "running") == "ok")
        #expect(
            session.tag("<copy-config><target><startup/></target><source><running/></source></copy-config>") == "ok")
        #expect(session.config("startup").contains("<name>a</name>"))
        #expect(session.tag("<delete-config><target><startup/></target></delete-config>") == "ok")
        #expect(session.config("startup") == "<data/>")
        #expect(session.tag("<delete-config><target><running/></target></delete-config>") == "operation-not-supported")
        let inline = "<source><config>\(boxed("<name>i</name>"))</config></source>"
        #expect(session.tag("<copy-config><target><running/></target>\(inline)</copy-config>") == "ok")
        #expect(session.config() == "<data><box \(box)><name>i</name></box></data>")
        #expect(
            session.tag("<validate><source><config>\(boxed("<name>bad</name>"))</config></source></validate>")
                == "operation-failed")
        #expect(
            session.tag("<copy-config><target><running/></target><source><url>ftp://x</url></source></copy-config>")
                == "operation-not-supported")
    }

    @Test func whatAServerHasNotIsNotSupported() {
        let session = TestServer { profile in
            profile.candidate = false
            profile.startup = false
            profile.validate = false
        }.session()
        #expect(session.tag("<commit/>") == "operation-not-supported")
        #expect(session.config("candidate").components("error-tag") == ["operation-not-supported"])
        #expect(session.tag("<validate><source><running/></source></validate>") == "operation-not-supported")
        #expect(session.tag("<partial-lock/>") == "operation-not-supported")
        #expect(session.tag("<shake xmlns=\"urn:box\"/>") == "operation-not-supported")
        #expect(session.tag("<quake xmlns=\"urn:box\"/>") == "unknown-element")
        #expect(session.tag("<shake xmlns=\"urn:quake\"/>") == "unknown-namespace")
        #expect(
            session.tag("<delete-subscription xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\"/>")
                == "unknown-element")
        #expect(session.tag("<get-config/>") == "missing-element")
        #expect(session.tag("<get-config><source><running/></source><colour/></get-config>") == "unknown-element")
    }

    // MARK: Filters

    @Test func filtersSelect() {
        let session = TestServer().session()
        let items = (1...3).map { "<item><id>i\($0)</id><weight>\($0)</weight></item>" }.joined()
        #expect(session.edit(boxed("<name>a</name>\(items)<tag>t</tag>"), target: "running") == "ok")
        func subtree(_ content: String) -> String {
            session.config("running", "<filter type=\"subtree\">\(content)</filter>")
        }
        #expect(subtree("") == "<data/>")
        #expect(subtree("<box \(box)><name/></box>") == "<data><box \(box)><name>a</name></box></data>")
        #expect(subtree("<box xmlns=\"\"><name/></box>") == "<data><box \(box)><name>a</name></box></data>")
        #expect(subtree("<box xmlns=\"urn:other\"/>") == "<data/>")
        #expect(
            subtree("<box \(box)><item><id>i2</id></item></box>")
                == "<data><box \(box)><item><id>i2</id><weight>2</weight></item></box></data>")
        #expect(
            subtree("<box \(box)><item><weight>3</weight><id/></item></box>")
                == "<data><box \(box)><item><id>i3</id><weight>3</weight></item></box></data>")
        #expect(subtree("<box \(box)><item><id>i9</id></item></box>") == "<data/>")
        #expect(subtree("<box \(box)><name>b</name></box>") == "<data/>")
        #expect(subtree("<box \(box)><item><id/></item></box>").components("id") == ["i1", "i2", "i3"])
        func xpath(_ select: String) -> String {
            session.config("running", "<filter type=\"xpath\" xmlns:q=\"urn:box\" select=\"\(select)\"/>")
        }
        #expect(
            xpath("/q:box/q:item[q:weight>2]")
                == "<data><box \(box)><item><id>i3</id><weight>3</weight></item></box></data>")
        #expect(xpath("/q:box/q:name").components("name") == ["a"])
        #expect(xpath("/q:box[").components("error-tag") == ["invalid-value"])
        #expect(xpath("/zzz:box").components("error-tag") == ["invalid-value"])
        #expect(session.config("running", "<filter type=\"xpath\"/>").components("error-tag") == ["missing-attribute"])
        let mode =
            "<with-defaults xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults\">report-all</with-defaults>"
        #expect(session.config("running", mode).contains("<size>3</size>"))
        #expect(
            session.config("running", mode.replacing("report-all", with: "report-all-tagged")).contains(
                "default=\"true\""))
    }

    @Test func stateOfTheServerIsInGet() {
        let session = TestServer().session()
        let all = session.ask("<get/>")
        #expect(all.contains("<identifier>box</identifier>") && all.contains("<module-set-id>"))
        let namespace = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"
        let filter = "<filter><netconf-state xmlns=\"\(namespace)\"><sessions/></netconf-state></filter>"
        let part = session.ask("<get>\(filter)</get>")
        #expect(part.components("session-id") == ["\(session.session.info.id)"])
        #expect(!part.contains("<capability>"))
        let schema = "<get-schema xmlns=\"\(namespace)\"><identifier>box</identifier>"
        #expect(session.ask("\(schema)</get-schema>").contains("module box { }"))
        #expect(session.tag("\(schema)<version>1999-01-01</version></get-schema>") == "invalid-value")
        #expect(session.tag("\(schema)<format>yin</format></get-schema>") == "invalid-value")
    }

    // MARK: Bad input

    @Test func brokenMessagesGetTheAnswerOfTheirBaseVersion() {
        let server = TestServer()
        let new = server.session()
        #expect(new.raw("<rpc").components("error-tag") == ["malformed-message"])
        #expect(
            new.raw("<rpc xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><get/></rpc>").components("bad-attribute")
                == ["message-id"])
        #expect(new.raw("<rpc message-id=\"1\"><get/></rpc>").components("error-tag") == ["unknown-namespace"])
        #expect(
            new.raw("<hi xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"/>").components("error-tag")
                == ["unknown-element"])
        let deep = String(repeating: "<a>", count: 10_000) + String(repeating: "</a>", count: 10_000)
        #expect(new.ask("<get><filter>\(deep)</filter></get>").components("error-tag") == ["malformed-message"])
        #expect(new.raw("<!DOCTYPE x [<!ENTITY a \"b\">]><rpc/>").components("error-tag") == ["malformed-message"])
        let wide = String(repeating: "<a/>", count: 60_000)
        #expect(new.ask("<get><filter>\(wide)</filter></get>").components("error-tag") == ["malformed-message"])
        #expect(!new.isClosed)
        #expect(new.send(Array("\n#4294967295\n".utf8)).isEmpty)
        #expect(new.isClosed)
        let old = server.session(base11: false)
        #expect(old.ask("<get-config><source><running/></source></get-config>") == "<data/>")
        #expect(old.raw("<rpc") == "nothing")
        #expect(old.isClosed)
        let wrong = server.session()
        #expect(wrong.send(Array("<rpc/>]]>]]>".utf8)).isEmpty && wrong.isClosed)
    }

    @Test(arguments: [
        "<hello/>]]>]]>", "nonsense]]>]]>",
        "<hello xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><capabilities><capability>urn:x</capability></capabilities></hello>]]>]]>",
    ])
    func whoDoesNotGreetIsNotServed(text: String) {
        let session = ServerSession(TestServer().server, user: "a", source: "b", end: {})
        session.append(Array(text.utf8))
        #expect(session.step()?.closes == true)
        #expect(session.step() == nil)
    }

    @Test func attributesComeBackWithTheReply() throws {
        let session = TestServer().session()
        let message =
            "<x:rpc xmlns:x=\"urn:ietf:params:xml:ns:netconf:base:1.0\" xmlns:e=\"urn:e\" message-id=\"a&lt;b\""
            + " e:user=\"fred\"><x:get-config><x:source><x:running/></x:source></x:get-config></x:rpc>"
        let reply = try #require(session.send(MessageFraming.chunked.frame(Array(message.utf8))).first)
        #expect(reply.contains("xmlns:e=\"urn:e\"") && reply.contains("e:user=\"fred\""))
        #expect(reply.contains("message-id=\"a&lt;b\""))
    }

    @Test func misbehaviourOnDemand() {
        let server = TestServer()
        server.store.state.withLock {
            $0.interference = ["commit": .refuse("no"), "validate": .hangUp, "lock": .silence]
        }
        let session = server.session()
        #expect(session.tag("<commit/>") == "operation-failed")
        #expect(session.tag("<lock><target><running/></target></lock>") == "nothing")
        let other = server.session()
        #expect(other.tag("<validate><source><running/></source></validate>") == "nothing")
        #expect(other.isClosed)
    }

    @Test func replyIsReadByAClient() throws {
        let error = RPCFailure(RPCError.invalidValue("x", "wrong"))
        #expect(error.description.contains("invalid-value"))
        let ok = Array(
            "<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"7\"><ok/></rpc-reply>".utf8)
        guard case .ok = try ClientExchange.read(ok, id: 7) else { Issue.record("no ok"); return }
        #expect(throws: FramingError.self) { _ = try ClientExchange.read(ok, id: 8) }
    }
}
