import Basics
import ConfigTree
import Testing
import YANG

@Suite struct EncodingRuleTests {
    @Test func taggedDefaultsAreWrittenAndReadAsAbsent() throws {
        let model = try CodecModels.thingsModel()
        let tree = CodecModels.xml("<name>n</name><size>7</size><item><id>i</id></item>", model).content
        let tagged = CodecModels.printXML(tree) { $0.defaults = .allTagged }
        let mark = " xmlns:wd=\"urn:ietf:params:xml:ns:netconf:default:1.0\" wd:default=\"true\""
        #expect(tagged.contains("<size>7</size><on\(mark)>true</on>"))
        #expect(tagged.contains("<preset\(mark)>a</preset><preset\(mark)>b</preset>"))
        #expect(tagged.contains("<note\(mark)>-</note>"))
        let json = CodecModels.printJSON(tree) { $0.defaults = .allTagged }
        #expect(json.contains("\"on\":true,\"@on\":{\"ietf-netconf-with-defaults:default\":true}"))
        for (text, isXML) in [(tagged, true), (json, false)] {
            let bytes = Array(text.utf8)
            let back =
                isXML
                ? XMLDataDecoder.tree(bytes, file: "t", model: model)
                : JSONDataDecoder.tree(bytes, file: "t", model: model)
            #expect(back.diagnostics.map(\.description) == [])
            #expect(CodecModels.printXML(back.content).contains("<on>") == false)
            #expect(CodecModels.printXML(back.content).contains("<size>7</size>"))
        }
        let wrong = CodecModels.xml("<on\(mark)>false</on>", model)
        #expect(wrong.diagnostics.first?.summary == "on is marked as default, but \"false\" is not its default value")
    }

    @Test func defaultsAreTrimmedOnEitherSide() throws {
        let model = try CodecModels.thingsModel()
        let text = "<name>n</name><size>7</size><on>false</on><preset>a</preset><preset>b</preset>"
        let tree = CodecModels.xml(text, model).content
        let trimmed = CodecModels.printXML(tree) { $0.defaults = .trim }
        #expect(trimmed == "<top xmlns=\"urn:things\"><name>n</name><on>false</on></top>")
        var options = DecodeOptions()
        options.dropsDefaults = true
        let dropped = CodecModels.xml("<size>7</size><on>false</on>", model, options).content
        #expect(CodecModels.printXML(dropped) == "<top xmlns=\"urn:things\"><on>false</on></top>")
    }

    @Test(arguments: [
        ("\"either\": 5", true), ("\"either\": true", true), ("\"either\": \"x5\"", true), ("\"either\": \"5\"", false),
        ("\"either\": [null]", false), ("\"number\": \"auto\"", true), ("\"number\": 5", true),
        ("\"number\": \"5\"", false), ("\"big\": \"-9223372036854775808\"", true), ("\"big\": 1", false),
        ("\"ratio\": \"1.50\"", true), ("\"ratio\": 1.5", false), ("\"none\": [null]", true), ("\"none\": null", true),
        ("\"none\": []", false), ("\"tag\": []", true), ("\"size\": []", false), ("\"size\": [7]", false),
        ("\"shape\": \"square\"", true), ("\"shape\": \"things:square\"", true), ("\"shape\": \"t:square\"", false),
        ("\"tag\": [\"a\", [\"b\"]]", false), ("\"item\": [{\"id\": \"a\"}, {\"id\": \"a\"}]", false),
        ("\"item\": [{\"note\": \"a\"}]", false), ("\"name\": \"a\", \"name\": \"b\"", false),
        ("\"things:name\": \"a\"", true), ("\"size\": 1e1", false), ("\"size\": 7.0", false),
    ])
    func jsonHasTheFormsOfItsTypes(content: String, isGood: Bool) throws {
        let decoded = CodecModels.json(content, try CodecModels.thingsModel())
        #expect(decoded.diagnostics.isEmpty == isGood, "\(decoded.diagnostics)")
    }

    @Test(arguments: [
        "<name><![CDATA[a<b]]></name>", "<name>a&lt;b</name>", "<name>a&#60;b</name>",
        "<name>a<!-- x -->&#x3c;b</name>",
        "<t:name xml:lang='en'>a&lt;b</t:name>",
    ])
    func xmlTellsTheSameTextInManyWays(content: String) throws {
        let decoded = CodecModels.xml(content, try CodecModels.thingsModel())
        #expect(decoded.diagnostics.map(\.description) == [])
        #expect(CodecModels.printJSON(decoded.content) == "{\"things:top\":{\"name\":\"a<b\"}}")
    }

    @Test(arguments: [
        ("<?xml version='1.0' encoding='UTF-8'?><top xmlns='urn:things'/>", true),
        ("\u{FEFF}<top xmlns='urn:things'/>", true),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><top xmlns='urn:things'/>", false),
        ("<!DOCTYPE top [<!ENTITY a 'b'>]><top xmlns='urn:things'/>", false),
        ("<top xmlns='urn:things'><name>&a;</name></top>", false),
        ("<top xmlns='urn:things'><name>&#0;</name></top>", false),
        ("<top xmlns='urn:things'><t:name/></top>", false), ("<top xmlns='urn:things'></tip>", false),
        ("<top xmlns='urn:things'/><top xmlns='urn:things'/>", false), ("", false),
    ])
    func xmlDocumentsAreWellFormed(text: String, isGood: Bool) throws {
        let model = try CodecModels.thingsModel()
        let decoded = XMLDataDecoder.tree(Array(text.utf8), file: "t.xml", model: model)
        #expect(!decoded.hasErrors == isGood, "\(decoded.diagnostics)")
    }

    @Test func anydataIsTheSameTreeInBothEncodings() throws {
        let model = try CodecModels.thingsModel()
        let xml = """
            <any><name>n</name><item><id>1</id></item><item><id>2</id></item><o xmlns="urn:other">x</o></any><xml>a&lt;b</xml>
            """
        let fromXML = CodecModels.xml(xml, model)
        #expect(fromXML.diagnostics.map(\.description) == [])
        let json = CodecModels.printJSON(fromXML.content)
        #expect(
            json
                == "{\"things:top\":{\"any\":{\"name\":\"n\",\"item\":[{\"id\":\"1\"},{\"id\":\"2\"}],\"o\":\"x\"},\"xml\":\"a<b\"}}"
        )
        let back = JSONDataDecoder.tree(Array(json.utf8), file: "t", model: model)
        #expect(back.diagnostics.map(\.description) == [])
        #expect(CodecModels.printJSON(back.content) == json)
        #expect(CodecModels.printJSON(CodecModels.xml("<any/>", model).content) == "{\"things:top\":{\"any\":{}}}")
    }

    @Test func bodiesOfOperationsAndNotificationsAreRead() throws {
        let model = try CodecModels.thingsModel()
        let rpc = try #require(model.schema.root.dataChild(named: "start", module: "things"))
        let input = try #require(rpc.dataChildren.first { $0.kind == .input })
        let text = "<start xmlns='urn:things'><delay>5</delay><job><n>a</n></job></start>"
        var reader = XMLReader(Array(text.utf8), file: "rpc")
        _ = try reader.next()
        let body = try XMLDataDecoder.content(inside: &reader, of: input, model: model)
        #expect(body.diagnostics.map(\.description) == [])
        let delay = try #require(input.dataChild(named: "delay"))
        #expect(body.content.value(in: delay.slot) == "5")
        let json = JSONDataEncoder.bytes(
            contentOf: input, body.content, model, member: "things:input",
            options: EncodeOptions(content: .all, pretty: false))
        #expect(String(decoding: json, as: UTF8.self) == "{\"things:input\":{\"delay\":5,\"job\":[{\"n\":\"a\"}]}}")
        let again = JSONDataDecoder.content(json, file: "rpc", of: input, model: model)
        #expect(again.diagnostics.map(\.description) == [])
        #expect(again.content.value(in: delay.slot) == "5")
        let alarm = try #require(model.schema.root.dataChild(named: "alarm", module: "things"))
        let bad = JSONDataDecoder.content(Array("{\"severity\": 1}".utf8), file: "n", of: alarm, model: model)
        #expect(bad.diagnostics.map(\.summary) == ["severity must be a string in JSON (type string)"])
    }
}
