import NETCONF
import Synchronization
import Testing

/// NMDA, and operations of the model's own.
@Suite struct DatastoreTests {
    private let nmda = "xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-nmda\""
    private let names = "xmlns:ds=\"urn:ietf:params:xml:ns:yang:ietf-datastores\""

    private func getData(_ session: TestSession, _ store: String, _ rest: String = "") -> String {
        session.ask("<get-data \(nmda) \(names)><datastore>\(store)</datastore>\(rest)</get-data>")
    }

    private func editData(_ session: TestSession, _ store: String, _ config: String) -> String {
        session.tag(
            "<edit-data \(nmda) \(names)><datastore>\(store)</datastore><config>\(config)</config></edit-data>")
    }

    @Test func datastoresAreReadAndEditedByName() {
        let session = TestServer().session()
        #expect(editData(session, "ds:candidate", "<box xmlns=\"urn:box\"><name>a</name></box>") == "ok")
        #expect(getData(session, "ds:running") == "<data \(nmda)/>")
        #expect(getData(session, "ds:candidate") == "<data \(nmda)><box xmlns=\"urn:box\"><name>a</name></box></data>")
        #expect(session.tag("<commit/>") == "ok")
        #expect(getData(session, "ds:intended").contains("<name>a</name>"))
        let operational = getData(session, "ds:operational")
        #expect(operational.contains("<size>3</size>") && operational.contains("<yang-library"))
        #expect(!getData(session, "ds:running").contains("<size>"))
        let filter = "<subtree-filter><box xmlns=\"urn:box\"><name/></box></subtree-filter>"
        #expect(getData(session, "ds:operational", filter).components("name") == ["a"])
        let xpath = "<xpath-filter xmlns:b=\"urn:box\">/b:box/b:name</xpath-filter>"
        #expect(getData(session, "ds:running", xpath).components("name") == ["a"])
        #expect(!getData(session, "ds:operational", "<config-filter>false</config-filter>").contains("<name>a</name>"))
        #expect(!getData(session, "ds:operational", "<config-filter>true</config-filter>").contains("<yang-library"))
    }

    @Test func whatDatastoresCannotDoIsRefused() {
        let session = TestServer().session()
        #expect(getData(session, "ds:ephemeral").components("error-tag") == ["invalid-value"])
        #expect(getData(session, "x:running").components("error-tag") == ["invalid-value"])
        #expect(
            getData(session, "ds:running", "<max-depth>2</max-depth>").components("error-tag")
                == ["operation-not-supported"])
        #expect(getData(session, "ds:running", "<with-origin/>").components("error-tag") == ["unknown-element"])
        #expect(editData(session, "ds:operational", "") == "invalid-value")
        #expect(editData(session, "ds:running", "<box xmlns=\"urn:box\"><size>99</size></box>") == "invalid-value")
        let lock = "<lock><target><datastore \(nmda) \(names)>ds:candidate</datastore></target></lock>"
        #expect(session.tag(lock) == "ok")
        #expect(session.tag(lock) == "lock-denied")
    }

    @Test func stateIsSelectedByXPath() {
        let session = TestServer().session()
        let space = "xmlns:m=\"urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring\""
        func get(_ select: String) -> String {
            session.ask("<get><filter type=\"xpath\" \(space) select=\"\(select)\"/></get>")
        }
        #expect(
            get("/m:netconf-state/m:schemas/m:schema[m:identifier='box']/m:version").components("version")
                == ["2024-01-01"])
        #expect(get("//m:session/m:username").components("username") == ["admin"])
        #expect(get("/m:netconf-state/m:nothing") == "<data/>")
    }

    @Test func operationsOfTheModelAreCheckedAndCalled() {
        let server = TestServer()
        let session = server.session()
        #expect(session.tag("<shake xmlns=\"urn:box\"><force>3</force></shake>") == "operation-not-supported")
        #expect(session.tag("<shake xmlns=\"urn:box\"><force>300</force></shake>") == "invalid-value")
        #expect(session.tag("<shake xmlns=\"urn:box\"><colour/></shake>") == "unknown-element")
        server.store.state.withLock { $0.outcomes = ["shake": .output([]), "polish": .done] }
        #expect(session.ask("<shake xmlns=\"urn:box\"/>").hasSuffix("/>"))
        func polish(_ content: String) -> String {
            session.tag(
                "<action xmlns=\"urn:ietf:params:xml:ns:yang:1\"><box xmlns=\"urn:box\">\(content)</box></action>")
        }
        let action = "<item><id>x</id><polish><times>2</times></polish></item>"
        #expect(polish(action) == "data-missing")
        #expect(
            session.edit("<box xmlns=\"urn:box\"><item><id>x</id><weight>1</weight></item></box>", target: "running")
                == "ok")
        #expect(polish(action) == "ok")
        #expect(polish("<item><polish/></item>") == "missing-element")
        #expect(polish("<item><id>x</id><paint/></item>") == "unknown-element")
        #expect(polish("<name/>") == "bad-element")
        #expect(server.store.state.withLock(\.calls) == ["shake", "shake", "polish /b:box/item{x}"])
    }
}
