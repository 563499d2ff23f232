import NETCONF
import Synchronization
import Testing

@Suite struct NotificationTests {
    private let create = "create-subscription xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\""

    private func subscribe(_ session: TestSession, _ content: String = "") -> String {
        session.tag("<\(create)>\(content)</create-subscription>")
    }

    private func names(_ messages: [String]) -> [String] {
        messages.map { message in
            let event = message.split(separator: "</eventTime><").last ?? ""
            return String(event.prefix { $0 != " " && $0 != ">" && $0 != "/" })
        }
    }

    private func set(_ session: TestSession, _ name: String) {
        #expect(session.edit("<box xmlns=\"urn:box\"><name>\(name)</name></box>", target: "running") == "ok")
    }

    @Test func changesAndSessionsAreTold() throws {
        let server = TestServer()
        let listener = server.session()
        let worker = server.session()
        #expect(worker.edit("<box xmlns=\"urn:box\"><size>4</size></box>", target: "running") == "ok")
        #expect(subscribe(listener) == "ok")
        #expect(listener.heard().isEmpty)
        set(worker, "a")
        #expect(listener.wakes.value == 1)
        let change = try #require(listener.heard().first)
        #expect(change.hasPrefix("<notification xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\"><eventTime>"))
        #expect(change.components("session-id") == ["\(worker.session.info.id)"])
        #expect(change.contains("<datastore>running</datastore>"))
        #expect(change.contains("<target xmlns:box=\"urn:box\">/box:box/name</target><operation>create</operation>"))
        set(worker, "a")
        #expect(listener.heard().isEmpty)
        let killed = server.session()
        #expect(
            worker.tag("<kill-session><session-id>\(killed.session.info.id)</session-id></kill-session>") == "ok")
        #expect(worker.tag("<close-session/>") == "ok")
        let events = listener.heard()
        #expect(names(events) == ["netconf-session-start", "netconf-session-end", "netconf-session-end"])
        #expect(events[1].components("termination-reason") == ["killed"])
        #expect(events[1].components("killed-by") == ["\(worker.session.info.id)"])
        #expect(events[2].components("termination-reason") == ["closed"])
        // Requests are answered meanwhile.
        #expect(listener.config().contains("<name>a</name>"))
        #expect(subscribe(listener) == "in-use")
    }

    @Test func confirmedCommitsAreTold() {
        let server = TestServer()
        let (listener, worker) = (server.session(), server.session())
        let only =
            "<filter><netconf-confirmed-commit xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-notifications\"/>"
        #expect(subscribe(listener, only + "</filter>") == "ok")
        func commit(_ options: String) { #expect(worker.tag("<commit>\(options)</commit>") == "ok") }
        commit("<confirmed/><confirm-timeout>7</confirm-timeout>")
        commit("<confirmed/>")
        commit("")
        commit("<confirmed/>")
        #expect(worker.tag("<cancel-commit/>") == "ok")
        commit("<confirmed/>")
        server.store.state.withLock { $0.timers.last?.work }?()
        let events = listener.heard().flatMap { $0.components("confirm-event") }
        #expect(events == ["start", "extend", "complete", "start", "cancel", "start", "timeout"])
    }

    @Test func whatHappenedIsReplayed() {
        let server = TestServer()
        func at(_ second: Int) { server.store.state.withLock { $0.time = "2024-01-01T00:00:0\(second)Z" } }
        let worker = server.session()
        #expect(worker.edit("<box xmlns=\"urn:box\"><size>4</size></box>", target: "running") == "ok")
        for second in 1...4 {
            at(second)
            set(worker, "n\(second)")
        }
        let listener = server.session()
        #expect(
            subscribe(
                listener, "<startTime>2024-01-01T01:00:02+01:00</startTime><stopTime>2024-01-01T00:00:06Z</stopTime>")
                == "ok")
        let past = listener.heard()
        let times = past.flatMap { $0.components("eventTime") }
        #expect(times.prefix(3).elementsEqual((2...4).map { "2024-01-01T00:00:0\($0)Z" }))
        #expect(names(past).last == "replayComplete")
        at(5)
        set(worker, "n5")
        #expect(names(listener.heard()) == ["netconf-config-change"])
        #expect(server.store.state.withLock { $0.timers.map(\.seconds) } == [3])
        at(7)
        #expect(names(listener.heard()) == ["notificationComplete"])
        set(worker, "n7")
        #expect(listener.heard().isEmpty)
        #expect(subscribe(listener) == "ok")
    }

    @Test func slowReadersLoseTheOldestEvents() throws {
        let server = TestServer()
        let (listener, worker) = (server.session(), server.session())
        #expect(subscribe(listener) == "ok")
        for number in 0..<300 { set(worker, "n\(number)") }
        let heard = listener.heard()
        #expect(heard.count == 256)
        let state = listener.ask(
            "<get><filter><netconf xmlns=\"urn:ietf:params:xml:ns:netmod:notification\"/></filter></get>")
        #expect(state.components("name") == ["NETCONF"] && !state.components("replayLogAgedTime").isEmpty)
    }

    @Test(arguments: [
        ("<stream>SYSLOG</stream>", "invalid-value"), ("<stopTime>2025-01-01T00:00:00Z</stopTime>", "missing-element"),
        ("<startTime>2030-01-01T00:00:00Z</startTime>", "bad-element"),
        ("<startTime>2023-01-02T00:00:00Z</startTime><stopTime>2023-01-01T00:00:00Z</stopTime>", "bad-element"),
        ("<startTime>yesterday</startTime>", "invalid-value"), ("<colour/>", "unknown-element"),
        ("<filter type=\"xpath\" select=\"/a[\"/>", "invalid-value"), ("<filter type=\"regex\"/>", "bad-attribute"),
    ])
    func badSubscriptionsAreRefused(content: String, tag: String) {
        #expect(subscribe(TestServer().session(), content) == tag)
    }

    @Test func eventsAreFilteredByXPath() {
        let server = TestServer()
        let (listener, worker) = (server.session(), server.session())
        let space = "xmlns:n=\"urn:ietf:params:xml:ns:yang:ietf-netconf-notifications\""
        let select = "/n:netconf-config-change/n:edit[contains(n:target, 'size')]"
        #expect(subscribe(listener, "<filter type=\"xpath\" \(space) select=\"\(select)\"/>") == "ok")
        set(worker, "a")
        #expect(worker.edit("<box xmlns=\"urn:box\"><size>4</size></box>", target: "running") == "ok")
        set(worker, "b")
        let heard = listener.heard()
        #expect(heard.count == 1 && heard[0].contains("/box:box/size"))
    }
}
