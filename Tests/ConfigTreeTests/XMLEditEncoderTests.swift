import Basics
import ConfigTree
import Testing

@Test func aDiffWrittenAsEditsGivesTheOtherTree() {
    let old = decodeXML(devicesXML).content
    let new = decodeXML(
        devicesXML
            .replacing("<port>10022</port>", with: "").replacing("<tag>x</tag>", with: "<tag>new</tag>")
            .replacing("<order>1</order>", with: "<order>3</order>\n      <order>1</order>")
            .replacing("<seq>10</seq>", with: "<seq>5</seq>").replacing("<mtu>9000</mtu>", with: "<mtu>68</mtu>")
            .replacing("<name>Gi1</name>", with: "<name>Gi2</name>\n<description>a &amp; b</description>")
            .replacing("<trace/>", with: "")
    ).content
    for (from, to, style) in [(old, new, XMLEditEncoder.AttributeStyle.declared), (new, old, .plain)] {
        var encoder = XMLEditEncoder()
        encoder.style = style
        let text = encoder.text(from.diff(to: to))
        let wrapped = "<config xmlns=\"\(Namespace.config)\">\(text)</config>"
        let edits = XMLDataDecoder.edits(
            Array(wrapped.utf8), file: "e", model: CodecFixture.model, options: DecodeOptions(base: from))
        #expect(edits.diagnostics.map(\.description) == [])
        let result = from.applying(edits.content)
        #expect(result.diagnostics.map(\.description) == [])
        #expect(encodeXML(result.content) == encodeXML(to))
    }
}

@Test func deletionsAndPlacesStandInAttributes() {
    let old = decodeXML(devicesXML).content
    let new = decodeXML(
        devicesXML.replacing("<trace/>", with: "")
            .replacing("<order>1</order>", with: "<order>1</order><order>3</order>")
    ).content
    let expected = """
        <devices xmlns="http://tail-f.com/ns/ncs">
          <device>
            <name>ce0</name>
            <order xmlns:yang="urn:ietf:params:xml:ns:yang:1" yang:insert="after" yang:value="1">3</order>
            <trace xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" nc:operation="delete"/>
          </device>
        </devices>

        """
    #expect(XMLEditEncoder().text(old.diff(to: new)) == expected)
}

@Test func theDefaultOperationNoneChangesOnlyWhatSaysSo() {
    let base = decodeXML(devicesXML).content
    let text = """
        <devices xmlns="http://tail-f.com/ns/ncs" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0">
        <device><name>ce0</name><port>1</port><address nc:operation="replace">1.1.1.1</address></device>
        <device><name>other</name></device></devices>
        """
    let edits = XMLDataDecoder.edits(
        Array(text.utf8), file: "e", model: CodecFixture.model, defaultOperation: .none)
    #expect(edits.content.map(\.edit) == [.set("1.1.1.1")])
    let changed = encodeXML(base.applying(edits.content).content)
    #expect(changed == devicesXML.replacing("10.0.0.1", with: "1.1.1.1"))
}

@Test func mutatedDataNeverCrashesTheDecoders() {
    var generator = SeededBytes(seed: 5)
    let (xml, json) = (Array(devicesXML.utf8), Array(devicesJSON.utf8))
    for round in 0..<600 {
        let options = DecodeOptions(round % 2 == 0 ? .strict : .lax)
        let fromXML = XMLDataDecoder.tree(
            generator.mutate(xml), file: "f", model: CodecFixture.model, options: options)
        _ = XMLDataDecoder.edits(generator.mutate(xml), file: "f", model: CodecFixture.model, options: options)
        let fromJSON = JSONDataDecoder.tree(
            generator.mutate(json), file: "f", model: CodecFixture.model, options: options)
        for decoded in [fromXML, fromJSON] where !decoded.hasErrors {
            let printed = encodeXML(decoded.content)
            let again = encodeXML(decodeXML(printed).content)
            let pair = zip(again.split(separator: "\n"), printed.split(separator: "\n")).first { $0 != $1 }
            #expect(pair == nil && again.utf8.count == printed.utf8.count, "\(String(describing: pair))")
        }
    }
}

/// Small seeded changes to a document.
struct SeededBytes {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    private mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % max(bound, 1)
    }

    mutating func mutate(_ seed: [UInt8]) -> [UInt8] {
        var bytes = seed
        for _ in 0...next(3) {
            let at = next(bytes.count)
            let until = min(bytes.count, at + 1 + next(30))
            switch next(4) {
            case 0: bytes[at] = UInt8(next(128))
            case 1: bytes.removeSubrange(at..<until)
            case 2: bytes.insert(contentsOf: bytes[at..<until], at: next(bytes.count))
            default: bytes.insert(Array("<>/\"{}[],:&;".utf8)[next(12)], at: at)
            }
        }
        return bytes
    }
}
