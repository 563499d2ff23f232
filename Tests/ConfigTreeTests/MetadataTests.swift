import Basics
import ConfigTree
import Testing
import YANG

@Suite struct MetadataTests {
    private static let xml = """
        <top xmlns="urn:things" annotation="all of it" tags="a b"><name xmlns:t="urn:things" t:seen="3">n</name>\
        <tag>one</tag><tag xmlns:t="urn:things" t:owner="me">two</tag>\
        <item inactive="inactive"><id>i</id></item><box xmlns:t="urn:things" t:owner="you"/></top>
        """

    private static let json = """
        {"things:top":{"@":{"tailf_netmod:annotation":"all of it","tailf_netmod:tags":"a b"},\
        "name":"n","@name":{"things:seen":3},"tag":["one", "two"],"@tag":[null,{"things:owner":"me"}],\
        "item":[{"@":{"tailf_netmod:inactive":"inactive"},"id":"i"}],"box":{"@":{"things:owner":"you"}}}}
        """

    private func decode(_ text: String, _ model: DataModel) -> Decoded<DataTree> {
        text.hasPrefix("<")
            ? XMLDataDecoder.tree(Array(text.utf8), file: "m.xml", model: model)
            : JSONDataDecoder.tree(Array(text.utf8), file: "m.json", model: model)
    }

    @Test func metadataSurvivesBothEncodings() throws {
        let model = try CodecModels.thingsModel()
        for text in [Self.xml, Self.json] {
            let decoded = decode(text, model)
            #expect(decoded.diagnostics.map(\.description) == [])
            #expect(CodecModels.printXML(decoded.content) { $0.includesMetadata = true } == Self.xml)
            let json = CodecModels.printJSON(decoded.content) { $0.includesMetadata = true }
            #expect(json.replacing(", ", with: ",") == Self.json.replacing(", ", with: ","))
        }
    }

    @Test func metadataIsWrittenOnlyWhenAsked() throws {
        let tree = decode(Self.xml, try CodecModels.thingsModel()).content
        #expect(!CodecModels.printXML(tree).contains("owner") && !CodecModels.printXML(tree).contains("tags"))
        #expect(!CodecModels.printJSON(tree).contains("@"))
    }

    @Test func metadataOfJSONMayComeFirst() throws {
        let model = try CodecModels.thingsModel()
        let tree = CodecModels.json("\"@name\":{\"things:seen\":3},\"name\":\"n\"", model)
        #expect(tree.diagnostics.isEmpty)
        #expect(CodecModels.printXML(tree.content) { $0.includesMetadata = true }.contains("t:seen=\"3\""))
    }

    @Test func metadataIsPartOfDiffAndChangeSet() throws {
        let model = try CodecModels.thingsModel()
        let new = decode(Self.xml, model).content
        let plain = decode(CodecModels.printXML(new), model).content
        #expect(plain.diff(to: new).isEmpty)
        let diff = plain.diff(to: new, includingMetadata: true)
        #expect(diff.map(\.change) == [.inside])
        #expect(diff.first?.metadata.map(\.name) == ["tailf_netmod:annotation", "tailf_netmod:tags"])
        for (from, to) in [(plain, new), (new, plain), (DataTree(model), new), (new, DataTree(model))] {
            let changes = ChangeSet(from.diff(to: to, includingMetadata: true))
            let result = try from.applying(changes)
            #expect(result.diff(to: to, includingMetadata: true).isEmpty, "\(changes.json)")
            #expect(try ChangeSet(words: changes.items.map(words)) == changes)
        }
    }

    private func words(_ item: ChangeSet.Item) -> [String] {
        let line = ChangeSet([item]).json.dropFirst(3).dropLast(3)
        return line.split(separator: "\",\"", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func metadataStaysWithItsNodeThroughEditsAndMerges() throws {
        let model = try CodecModels.thingsModel()
        let tree = decode(Self.xml, model).content
        let edited = try tree.with((.set("m"), "/t:top/name"), (.set("1"), "/t:top/big"), (.delete, "/t:top/item{i}"))
        let printed = CodecModels.printXML(edited) { $0.includesMetadata = true }
        #expect(printed.contains("t:seen=\"3\">m</name>") && printed.contains("tags=\"a b\""))
        let less = try edited.with((.delete, "/t:top/name"), (.set("n"), "/t:top/name"))
        #expect(!CodecModels.printXML(less) { $0.includesMetadata = true }.contains("seen"))
        let merged = less.merging(tree)
        #expect(CodecModels.printXML(merged) { $0.includesMetadata = true }.contains("t:seen=\"3\">n</name>"))
        #expect(throws: PathError.self) { try less.with((.annotate("things:seen", "1"), "/t:top/ratio")) }
    }

    @Test func valuesOfMetadataHaveTypes() throws {
        let model = try CodecModels.thingsModel()
        let bad = CodecModels.xml("<name t:seen='x'>n</name>", model)
        #expect(bad.diagnostics.map(\.summary).first?.hasPrefix("seen of name: \"x\" is not a valid value") == true)
        #expect(CodecModels.xml("<name other='x'>n</name>", model).diagnostics.isEmpty)
    }

    @Test func documentsOfEditsAnnotate() throws {
        let model = try CodecModels.thingsModel()
        let edits = XMLDataDecoder.edits(Array(Self.xml.utf8), file: "m.xml", model: model)
        let result = DataTree(model).applying(edits.content)
        #expect((edits.diagnostics + result.diagnostics).map(\.description) == [])
        #expect(CodecModels.printXML(result.content) { $0.includesMetadata = true } == Self.xml)
    }
}
