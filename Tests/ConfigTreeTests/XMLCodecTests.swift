import Basics
import ConfigTree
import Testing

let devicesXML = """
    <config xmlns="http://tail-f.com/ns/config/1.0">
      <devices xmlns="http://tail-f.com/ns/ncs">
        <device>
          <name>ce0</name>
          <address>10.0.0.1</address>
          <port>10022</port>
          <device-type>
            <cli>
              <ned-id xmlns:id="http://tail-f.com/ns/ned-id/ios">id:ios</ned-id>
            </cli>
          </device-type>
          <config>
            <hostname xmlns="urn:ios">edge &lt;1&gt;</hostname>
            <interface xmlns="urn:ios">
              <name>Gi0</name>
              <mtu>9000</mtu>
            </interface>
            <interface xmlns="urn:ios">
              <name>Gi1</name>
            </interface>
            <acl xmlns="urn:ios">
              <seq>20</seq>
              <action>deny</action>
            </acl>
            <acl xmlns="urn:ios">
              <seq>10</seq>
              <action>permit</action>
            </acl>
          </config>
          <authgroup>default</authgroup>
          <tag>x</tag>
          <tag>y</tag>
          <order>2</order>
          <order>1</order>
          <trace/>
          <serial>18446744073709551615</serial>
          <flag/>
          <up>true</up>
          <peer xmlns:ncs="http://tail-f.com/ns/ncs">/ncs:devices/ncs:device[ncs:name='a:b']</peer>
          <extra><a xmlns="urn:a"><b>1</b></a></extra>
        </device>
        <pair>
          <b>2</b>
          <a>1</a>
          <inner>
            <sub>
              <k>k1</k>
              <v>v1</v>
            </sub>
          </inner>
        </pair>
      </devices>
    </config>

    """

func decodeXML(_ text: String, _ options: DecodeOptions = .init()) -> Decoded<DataTree> {
    XMLDataDecoder.tree(Array(text.utf8), file: "f.xml", model: CodecFixture.model, options: options)
}

func encodeXML(_ tree: DataTree, _ options: EncodeOptions = .init()) -> String {
    String(decoding: XMLDataEncoder.bytes(tree, options), as: UTF8.self)
}

/// The content of one device, wrapped.
private func device(_ content: String, name: String = "<name>ce0</name>") -> String {
    """
    <devices xmlns="http://tail-f.com/ns/ncs"><device>\(name)
    \(content)
    </device></devices>
    """
}

private func faults(_ text: String, _ options: DecodeOptions = .init()) -> [String] {
    decodeXML(text, options).diagnostics.map { "\($0.place?.line ?? 0): \($0.summary); \($0.remedy)" }
}

@Test func xmlSurvivesARoundTripByteForByte() {
    let decoded = decodeXML(devicesXML)
    #expect(decoded.diagnostics.map(\.description) == [])
    #expect(encodeXML(decoded.content) == devicesXML)
}

@Test func keysAndNedIDMayComeLast() throws {
    let text = """
        <config xmlns="http://tail-f.com/ns/config/1.0"><devices xmlns="http://tail-f.com/ns/ncs">
        <pair><inner><sub><v>v1</v><k>k1</k></sub></inner><a>1</a><b>2</b></pair>
        <device><config><hostname xmlns="urn:ios">h</hostname></config>
        <device-type><cli><ned-id xmlns:x="http://tail-f.com/ns/ned-id/ios">x:ios</ned-id></cli></device-type>
        <name>ce0</name></device></devices></config>
        """
    let decoded = decodeXML(text)
    #expect(decoded.diagnostics.map(\.description) == [])
    let tree = decoded.content
    #expect(try tree.value(tree.path("/ncs:devices/device{ce0}/config/ios:hostname")) == "h")
    #expect(try tree.value(tree.path("/ncs:devices/pair{2 1}/inner/sub{k1}/v")) == "v1")
}

@Test(arguments: [
    ("<adress>1</adress>", "2: device has no child adress; is it address?"),
    ("<port>70000</port>", "2: port: \"70000\" is not a valid value; expected an integer in 0..65535"),
    ("<port>1</port><port>2</port>", "2: The leaf port stands twice; remove one of them"),
    (
        "<port xmlns='urn:x'>1</port>",
        "2: port under device has the namespace urn:x; write xmlns=\"http://tail-f.com/ns/ncs\""
    ),
    (
        "<zzzzzz xmlns='urn:x'>1</zzzzzz>",
        "2: zzzzzz under device: no module with the namespace urn:x is loaded; load it, or remove this"
    ),
    ("<port><x/></port>", "2: x stands inside the leaf port; expected a value"),
    ("<state>text</state>", "2: The container state cannot have the value \"text\"; expected nodes in it"),
    ("<tag>a</tag><tag>a</tag>", "2: The value \"a\" of leaf-list tag stands twice; remove one of them"),
    (
        "<authgroup>a</authgroup><remote-name>b</remote-name>",
        "2: remote-name and authgroup are of different cases of a choice; remove one of them"
    ),
    (
        "<state><oper-state>up</oper-state></state>",
        "2: oper-state is state data; remove it: only configuration can be loaded"
    ),
    (
        "<config><hostname xmlns='urn:ios'>h</hostname></config>",
        "2: What is mounted in config is not known; load the driver that the entry names (ned-id)"
    ),
    ("<name>ce1</name>", "2: The key name stands twice; remove one of them"),
    (
        "<port operation='delete'/>",
        "2: Operation delete has no meaning here; this document is read as data, not as edits"
    ),
])
func xmlFaultsNameLineAndRemedy(content: String, fault: String) {
    #expect(faults(device(content)).first?.hasPrefix(fault) == true, "\(faults(device(content)))")
}

/// As netconfd writes what holds nothing; before the keys are known it is read later.
@Test(arguments: ["state", "config"], ["\n  ", "\r\n\t<!-- nothing --> "])
func anEmptyContainerMayEndOnAnotherLine(name: String, blanks: String) {
    let (short, long) = ("<\(name)/>", "<\(name)>\(blanks)</\(name)>")
    #expect(faults(device(long)) == faults(device(short)))
    let key = "<name>ce0</name>"
    #expect(faults(device(long + key, name: "")) == faults(device(short + key, name: "")))
    #expect(faults(device("<state>\(blanks)\u{A0}</state>")).count == 1)
}

@Test func allFaultsAreListedWithTheirPaths() {
    let text = device("<port>x</port>\n<speed>1</speed>\n<up>maybe</up>") + "\n"
    let found = decodeXML(text).diagnostics
    #expect(found.map { $0.place?.line } == [2, 3, 4])
    #expect(
        found.map(\.path) == [
            "/ncs:devices/device{ce0}/port", "/ncs:devices/device{ce0}", "/ncs:devices/device{ce0}/up",
        ])
}

@Test func missingKeysAndDuplicateEntriesAreFaults() {
    #expect(
        faults(device("<port>1</port>", name: "")).first
            == "1: An entry of list device has no key name; each entry needs name")
    let two = """
        <devices xmlns="http://tail-f.com/ns/ncs">
        <device><name>a</name></device>
        <device><name>a</name><port>7</port></device></devices>
        """
    #expect(faults(two) == ["3: The entry {a} of list device stands twice; remove one of them"])
    let lax = decodeXML(two, DecodeOptions(.lax))
    #expect(!lax.hasErrors && lax.diagnostics.count == 1)
    #expect(encodeXML(lax.content).contains("<port>7</port>"))
}

@Test func laxReadingSkipsWhatIsUnknownWithAWarning() {
    let text = device(
        "<new><deep><port>1</port></deep></new><state><oper-state>up</oper-state></state><port>5</port>")
    let lax = decodeXML(text, DecodeOptions(.lax))
    #expect(!lax.hasErrors && lax.diagnostics.count == 2)
    #expect(encodeXML(lax.content).contains("<port>5</port>"))
    #expect(!encodeXML(lax.content).contains("new"))
    #expect(decodeXML("<devices><device><name>a</name></device></devices>", DecodeOptions(.lax)).diagnostics.isEmpty)
}

@Test func brokenDocumentsAreFaultsWithTheirPlace() {
    let cut = faults("<devices xmlns='http://tail-f.com/ns/ncs'>\n<device>")
    #expect(cut.last?.hasPrefix("2: The document ends inside") == true)
    let deep = String(repeating: "<a>", count: 10_000)
    #expect(faults(deep).last?.contains("nested deeper than") == true)
}

@Test func faultsAreCountedBeyondTheLimit() {
    var options = DecodeOptions()
    options.faultLimit = 5
    let found = decodeXML(device(String(repeating: "<nope/>", count: 50)), options).diagnostics
    #expect(found.count == 6)
    #expect(found.last?.summary == "There are 45 more faults")
}

@Test func documentsMayComeInPiecesOrInsideAMessage() throws {
    let bytes = Array(devicesXML.utf8)
    var offset = 0
    let reader = XMLReader(file: "pieces.xml") { target in
        let count = min(7, bytes.count - offset)
        target.copyBytes(from: bytes[offset..<offset + count])
        offset += count
        return count
    }
    let pieces = try XMLDataDecoder.tree(document: reader, model: CodecFixture.model)
    #expect(encodeXML(pieces.content) == devicesXML)

    let message = """
        <rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><data>
        <hostname xmlns="urn:ios">h</hostname></data><after/></rpc-reply>
        """
    var inside = XMLReader(Array(message.utf8), file: "reply")
    _ = try inside.next()
    _ = try inside.next()
    let data = try XMLDataDecoder.tree(inside: &inside, model: CodecFixture.deviceModel)
    #expect(encodeXML(data.content, EncodeOptions(wrapped: false)) == "<hostname xmlns=\"urn:ios\">h</hostname>\n")
    #expect(try inside.next() == .startElement)
    #expect(inside.name == "after")
}

@Test func operationsBecomeEditsWithTheirRequirements() throws {
    let base = decodeXML(devicesXML).content
    let text = """
        <config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"
          xmlns:yang="urn:ietf:params:xml:ns:yang:1">
        <devices xmlns="http://tail-f.com/ns/ncs"><device><name>ce0</name>
        <port nc:operation="delete"/>
        <tag nc:operation="remove">x</tag><tag>z</tag>
        <order yang:insert="before" yang:value="2">0</order>
        <trace nc:operation="remove"/>
        <config>
        <interface xmlns="urn:ios" nc:operation="replace"><name>Gi0</name><description>d</description></interface>
        <interface xmlns="urn:ios" nc:operation="delete"><name>Gi1</name></interface>
        <i:acl xmlns:i="urn:ios" yang:insert="after" yang:key="[i:seq='20']"><i:seq>15</i:seq></i:acl>
        </config></device></devices></config>
        """
    let edits = XMLDataDecoder.edits(
        Array(text.utf8), file: "e.xml", model: CodecFixture.model, options: DecodeOptions(base: base))
    #expect(edits.diagnostics.map(\.description) == [])
    let result = base.applying(edits.content)
    #expect(result.diagnostics.map(\.description) == [])
    let printed = encodeXML(result.content)
    #expect(!printed.contains("<port>"))
    #expect(!printed.contains("<trace/>"))
    #expect(printed.contains("<tag>y</tag>\n      <tag>z</tag>"))
    #expect(printed.contains("<order>0</order>\n      <order>2</order>\n      <order>1</order>"))
    #expect(printed.contains("<name>Gi0</name>\n          <description>d</description>\n        </interface>"))
    #expect(!printed.contains("Gi1"))
    let sequence = ["20", "15", "10"].map { printed.firstRange(of: "<seq>\($0)</seq>")!.lowerBound }
    #expect(sequence == sequence.sorted())
}

@Test func createAndDeleteDemandWhatTheySay() {
    let base = decodeXML(devicesXML).content
    let text = """
        <devices xmlns="http://tail-f.com/ns/ncs" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0">
        <device nc:operation="create"><name>ce0</name></device>
        <device nc:operation="delete"><name>ce9</name></device>
        <device nc:operation="remove"><name>ce8</name></device>
        <device nc:operation="create"><name>ce7</name><port>7</port></device>
        </devices>
        """
    let edits = XMLDataDecoder.edits(Array(text.utf8), file: "e.xml", model: CodecFixture.model)
    let result = base.applying(edits.content)
    let found = result.diagnostics.map { "\($0.place?.line ?? 0) \($0.appTag ?? "")" }
    #expect(found == ["2 data-exists", "3 data-missing"])
    #expect(encodeXML(result.content).contains("<name>ce7</name>"))
}

@Test func encodingFollowsPathDefaultsAndContent() throws {
    let tree = decodeXML(devicesXML).content
    var encoder = XMLDataEncoder()
    var printed = ""
    encoder = XMLDataEncoder(sink: { printed += String(decoding: $0, as: UTF8.self) })
    try encoder.encode(tree, at: tree.path("/ncs:devices/device{ce0}/config/ios:interface{Gi0}/mtu"))
    #expect(
        printed == """
            <config xmlns="http://tail-f.com/ns/config/1.0">
              <devices xmlns="http://tail-f.com/ns/ncs">
                <device>
                  <name>ce0</name>
                  <config>
                    <interface xmlns="urn:ios">
                      <name>Gi0</name>
                      <mtu>9000</mtu>
                    </interface>
                  </config>
                </device>
              </devices>
            </config>

            """)
    let all = encodeXML(tree, EncodeOptions(defaults: .all))
    #expect(all.contains("<name>Gi1</name>\n          <mtu>1500</mtu>"))
    let compact = encodeXML(tree, EncodeOptions(pretty: false, wrapped: false))
    #expect(compact.hasPrefix("<devices xmlns=\"http://tail-f.com/ns/ncs\"><device><name>ce0</name><address>"))
}

@Test func aBigDocumentIsReadAndWrittenInReasonableTime() throws {
    var text = "<config xmlns=\"http://tail-f.com/ns/config/1.0\"><devices xmlns=\"http://tail-f.com/ns/ncs\">"
    for index in 0..<40_000 {
        text += "<device><name>ce\(index)</name><address>10.0.0.1</address><port>\(index)</port>"
        text += "<state><admin-state>unlocked</admin-state></state></device>"
    }
    text += "</devices></config>"
    let clock = ContinuousClock()
    var tree = DataTree(CodecFixture.model)
    let decoding = clock.measure { tree = decodeXML(text).content }
    var size = 0
    let encoding = try clock.measure {
        var encoder = XMLDataEncoder(EncodeOptions(pretty: false), sink: { size += $0.count })
        try encoder.encode(tree)
    }
    #expect(size == text.utf8.count)
    // A debug build on a busy machine: this finds what is quadratic, not what is slow.
    #expect(decoding < .seconds(60) && encoding < .seconds(60), "\(decoding) \(encoding)")
}
