import Basics
import ConfigTree
import Testing

/// A document that is merged without an edit for each node comes to what its edits come to.
@Suite struct MergeDecodingTests {
    private static let head = """
        <config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"
          xmlns:yang="urn:ietf:params:xml:ns:yang:1"><devices xmlns="http://tail-f.com/ns/ncs">
        """
    static let documents = [
        """
        <device><name>ce0</name><port nc:operation="delete"/>
        <tag nc:operation="remove">x</tag><tag>z</tag>
        <order yang:insert="before" yang:value="2">0</order><trace nc:operation="remove"/>
        <config>
        <interface xmlns="urn:ios" nc:operation="replace"><name>Gi0</name><description>d</description></interface>
        <interface xmlns="urn:ios" nc:operation="delete"><name>Gi1</name></interface>
        <i:acl xmlns:i="urn:ios" yang:insert="after" yang:key="[i:seq='20']"><i:seq>15</i:seq></i:acl>
        </config></device>
        """,
        """
        <device nc:operation="create"><name>ce0</name></device>
        <device nc:operation="delete"><name>ce9</name></device>
        <device nc:operation="remove"><name>ce8</name></device>
        <device nc:operation="create"><name>ce7</name><port>7</port></device>
        """,
        """
        <device nc:operation="replace"><name>ce0</name><address>1.1.1.1</address></device>
        <device><name>ce1</name><port nc:operation="create">9</port><tag nc:operation="create">q</tag></device>
        """,
    ]

    @Test(arguments: documents) func mergedDocumentsAreAsTheirEdits(body: String) throws {
        let base = decodeXML(devicesXML).content
        let text = Array((Self.head + body + "</devices></config>").utf8)
        let options = DecodeOptions(base: base)
        let edits = XMLDataDecoder.edits(text, file: "e.xml", model: CodecFixture.model, options: options)
        let expected = base.applying(edits.content)
        let merge = try XMLDataDecoder.merge(
            document: XMLReader(text, file: "e.xml"), model: CodecFixture.model, options: options)
        #expect(merge.diagnostics.map(\.description) == [])
        let before = base.applying(merge.content.before)
        let after = before.content.merging(merge.content.tree).applying(merge.content.after)
        #expect(encodeXML(after.content) == encodeXML(expected.content))
        #expect(
            (before.diagnostics + after.diagnostics).map(\.description) == expected.diagnostics.map(\.description))
    }

    @Test func plainDocumentNeedsNoEdits() throws {
        let merge = try XMLDataDecoder.merge(
            document: XMLReader(Array(devicesXML.utf8), file: "e.xml"), model: CodecFixture.model)
        #expect(merge.content.before.isEmpty && merge.content.after.isEmpty)
        #expect(encodeXML(merge.content.tree) == encodeXML(decodeXML(devicesXML).content))
    }

    @Test func replacingKeepsWhatTheDocumentDoesNotName() throws {
        let base = decodeXML(devicesXML).content
        let upper = decodeXML(
            """
            <devices xmlns="http://tail-f.com/ns/ncs"><device><name>ce0</name><port>1</port></device>
            <device><name>ce1</name></device></devices>
            """
        ).content
        let printed = encodeXML(base.merging(upper, as: .replace))
        #expect(printed.contains("<name>ce0</name>\n      <port>1</port>\n    </device>"), "\(printed)")
        #expect(printed.contains("<pair>"))
    }

    @Test func stateDataIsPassedOverWhereThatIsAskedFor() throws {
        let text = """
            <devices xmlns="http://tail-f.com/ns/ncs"><device><name>ce0</name><state><oper-state>up</oper-state></state></device></devices>
            """
        var options = DecodeOptions()
        let refused = XMLDataDecoder.tree(
            Array(text.utf8), file: "e.xml", model: CodecFixture.model, options: options)
        #expect(refused.hasErrors)
        options.content = .configOnly
        let taken = XMLDataDecoder.tree(Array(text.utf8), file: "e.xml", model: CodecFixture.model, options: options)
        #expect(taken.diagnostics.isEmpty)
        #expect(encodeXML(taken.content).contains("<name>ce0</name>"))
    }
}
