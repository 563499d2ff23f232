import Basics
import Foundation
import Testing

/// The events of a document, one line each.
private func xmlEvents(_ text: String, limits: XMLLimits = XMLLimits(), step: Int? = nil) throws -> [String] {
    let bytes = Array(text.utf8)
    var offset = 0
    var reader = XMLReader(file: "f.xml", limits: limits) { target in
        let count = min(step ?? target.count, target.count, bytes.count - offset)
        target.copyBytes(from: bytes[offset..<offset + count])
        offset += count
        return count
    }
    var lines: [String] = []
    while true {
        switch try reader.next() {
        case .startElement:
            let attributes = reader.attributes.map { " \($0.namespace)|\($0.name)=\($0.value)" }.joined()
            let place = reader.place
            lines.append("\(place.line):\(place.column) <\(reader.namespace)|\(reader.name)\(attributes)>")
        case .text: lines.append("\(reader.place.line):\(reader.place.column) '\(reader.text)'")
        case .endElement: lines.append("</\(reader.name)>")
        case .endOfDocument: return lines
        }
    }
}

private func xmlFault(_ text: String, limits: XMLLimits = XMLLimits()) -> String {
    do {
        return "no fault: \(try xmlEvents(text, limits: limits))"
    } catch let error as DiagnosticsError {
        let first = error.diagnostics[0]
        return "\(first.place?.line ?? 0):\(first.place?.column ?? 0) \(first.summary)"
    } catch {
        return "\(error)"
    }
}

let routerXML = """
    <?xml version="1.0" encoding="UTF-8"?>
    <!-- saved -->
    <config xmlns="http://tail-f.com/ns/config/1.0">
      <devices xmlns="http://tail-f.com/ns/ncs" xmlns:ios="urn:ios">
        <device ios:tag="a &amp; b">
          <name>ce0</name><empty/>
          <ned-id>ios:cisco</ned-id>
          <text>1 &lt; 2 <![CDATA[<raw> & ]]>&#xe9;é</text>
        </device>
      </devices>
    </config>
    """

@Test func xmlEventsCarryNamespacesTextAndPlaces() throws {
    let expected = [
        "3:1 <http://tail-f.com/ns/config/1.0|config>", "4:3 <http://tail-f.com/ns/ncs|devices>",
        "5:5 <http://tail-f.com/ns/ncs|device urn:ios|tag=a & b>", "6:7 <http://tail-f.com/ns/ncs|name>", "6:13 'ce0'",
        "</name>", "6:23 <http://tail-f.com/ns/ncs|empty>", "</empty>", "7:7 <http://tail-f.com/ns/ncs|ned-id>",
        "7:15 'ios:cisco'", "</ned-id>", "8:7 <http://tail-f.com/ns/ncs|text>", "8:13 '1 < 2 <raw> & éé'", "</text>",
        "</device>", "</devices>", "</config>",
    ]
    #expect(try xmlEvents(routerXML) == expected)
    for step in [1, 2, 3, 7, 64] { #expect(try xmlEvents(routerXML, step: step) == expected) }
}

@Test func xmlPrefixesResolveWhereTheyStand() throws {
    var reader = XMLReader(
        Array("<a xmlns:p='urn:1'><b xmlns:p='urn:2' xmlns='urn:d'>p:x</b><c>p:x</c></a>".utf8), file: "f")
    var seen: [String] = []
    while true {
        let event = try reader.next()
        if event == .endOfDocument { break }
        if event == .text {
            seen.append("\(reader.namespace(forPrefix: "p") ?? "-") \(reader.namespace(forPrefix: "") ?? "-")")
        }
    }
    #expect(seen == ["urn:2 urn:d", "urn:1 "])
    #expect(reader.namespace(forPrefix: "unseen") == nil)
}

@Test func xmlBlankTextIsContentOnlyWhenItIsAllThereIs() throws {
    #expect(
        try xmlEvents("<a> <b> </b> <c>\n<!-- x --></c></a>") == [
            "1:1 <|a>", "1:5 <|b>", "1:8 ' '", "</b>", "1:14 <|c>", "1:17 '\n'", "</c>", "</a>",
        ])
    #expect(try xmlEvents("<a>\r\nx\ry</a>")[1] == "1:4 '\nx\ny'")
}

@Test(arguments: [
    ("", "1:1 The document has no element"),
    ("  x", "1:3 There is text outside the root element"),
    ("<a>", "1:4 The document ends inside <a>"),
    ("<a>\n</b></a>", "2:1 </b> closes <a>"),
    ("<a/><b/>", "1:5 There is a second root element"),
    ("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "1:1 The document has a document type declaration"),
    ("<a>&unknown;</a>", "1:4 '&' begins no known reference"),
    ("<a>&#0;</a>", "1:4 '&' begins no known reference"),
    ("<a>&#xD800;</a>", "1:4 '&' begins no known reference"),
    ("<p:a/>", "1:2 The prefix p is not declared"),
    ("<a b='1' b='2'/>", "1:10 Attribute b stands twice in the tag"),
    ("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", "1:36 Attribute q:b stands twice in the tag"),
    ("<a b=1/>", "1:6 The value of attribute b must stand in quotes"),
    ("<a b='<'/>", "1:7 '<' may not stand in an attribute value"),
    ("<1a/>", "1:2 This is not a name"),
    ("<a:b:c/>", "1:5 This is not a name"),
    ("<a>1 < 2</a>", "1:7 '<' must begin a tag"),
    ("<a>\u{1}</a>", "1:4 Control character 1 may not stand in XML"),
    ("<a><!-- </a>", "1:4 The comment that begins here does not end"),
    ("<a><![CDATA[ </a>", "1:4 The CDATA section that begins here does not end"),
    ("<?xml version='1.0' encoding='latin1'?><a/>", "1:1 The document says that its encoding is LATIN1"),
])
func xmlFaultsSayWhere(text: String, fault: String) {
    #expect(xmlFault(text) == fault)
}

@Test func xmlInvalidUTF8IsRefused() {
    for bad: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF5, 0x80, 0x80, 0x80]] {
        for wrap in [("<a>", "</a>"), ("<a b='", "'/>"), ("<", "/>")] {
            let bytes = Array(wrap.0.utf8) + bad + Array(wrap.1.utf8)
            #expect(throws: DiagnosticsError.self) { try XMLElement.parse(bytes, file: "f") }
        }
    }
}

@Test func xmlLimitsRefuseHugeDocuments() {
    var limits = XMLLimits()
    limits.depth = 5
    limits.attributes = 3
    limits.nameLength = 10
    limits.textLength = 100_000
    limits.tagLength = 1000
    limits.totalLength = 300_000
    let many = (0..<4).map { " a\($0)=''" }.joined()
    let text = String(repeating: "x", count: 200_000)
    #expect(xmlFault("<a><a><a><a><a><a>", limits: limits) == "1:16 Elements are nested deeper than 5")
    #expect(xmlFault("<a\(many)/>", limits: limits) == "1:22 The element has more than 3 attributes")
    #expect(xmlFault("<abcdefghijkl/>", limits: limits) == "1:2 The name is longer than 10 bytes")
    #expect(xmlFault("<a>\(text)</a>", limits: limits).hasSuffix("The text is longer than 100000 bytes"))
    #expect(xmlFault("<a b='\(text)'/>", limits: limits).hasSuffix("The start tag is longer than 1000 bytes"))
    #expect(xmlFault("<a>\(text)\(text)</a>", limits: limits).contains("longer than"))
    #expect(
        xmlFault("<a>" + String(repeating: "<b/>", count: 100_000), limits: limits)
            .hasSuffix("The document is longer than 300000 bytes"))
}

@Test func xmlWriterPrintsAsNSO() throws {
    var writer = XMLWriter()
    try writer.start("config", namespace: "http://tail-f.com/ns/config/1.0")
    try writer.start("devices", namespace: "http://tail-f.com/ns/ncs")
    try writer.leaf("name", text: "a<b>&\"c\"")
    try writer.leaf("none", attributes: [("tags", "x \"y\"\n")], text: "")
    try writer.start("holder")
    try writer.finish()
    let text = """
        <config xmlns="http://tail-f.com/ns/config/1.0">
          <devices xmlns="http://tail-f.com/ns/ncs">
            <name>a&lt;b&gt;&amp;"c"</name>
            <none tags="x &quot;y&quot;&#10;"/>
            <holder/>
          </devices>
        </config>

        """
    #expect(String(decoding: writer.output.bytes, as: UTF8.self) == text)
}

@Test func xmlElementsSurviveARoundTrip() throws {
    let first = try XMLElement.parse(Array(routerXML.utf8), file: "f")
    let second = try XMLElement.parse(try first.print(), file: "f")
    #expect(
        second.child("devices", namespace: "http://tail-f.com/ns/ncs")?.child("device")?.child("text")?.text
            == "1 < 2 <raw> & éé")
    #expect(second.children[0].children[0].attribute("tag", namespace: "urn:ios") == "a & b")
}

@Test func mutatedXMLNeverCrashesAndEventsDoNotDependOnPieces() {
    var generator = SeededGenerator(seed: 7)
    let seed = Array(routerXML.utf8)
    for _ in 0..<3000 {
        let text = String(decoding: mutated(seed, with: &generator), as: UTF8.self)
        let whole = Result { try xmlEvents(text) }
        let pieces = Result { try xmlEvents(text, step: Int.random(in: 1...9, using: &generator)) }
        #expect("\(whole)" == "\(pieces)")
    }
}

/// SplitMix64: the same numbers for the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// The document with a few bytes changed, doubled, moved or lost.
func mutated(_ seed: [UInt8], with generator: inout SeededGenerator) -> [UInt8] {
    var bytes = seed
    let pool = Array("<>/&;\"'=:!?-[]{},.0eE+\\u \n\r\u{0}\u{7f}é".utf8) + [0xFF, 0xC0]
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        let until = min(bytes.count, at + Int.random(in: 1...12, using: &generator))
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: bytes[at] = pool.randomElement(using: &generator)!
        case 1: bytes.insert(pool.randomElement(using: &generator)!, at: at)
        case 2: bytes.removeSubrange(at..<until)
        case 3: bytes.insert(contentsOf: bytes[at..<until], at: Int.random(in: 0..<bytes.count, using: &generator))
        default: bytes.removeSubrange(at...)
        }
    }
    return bytes
}
