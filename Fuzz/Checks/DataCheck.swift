import Basics
import ConfigTree
import YANG

/// The decoders of instance data.
///
/// - A document that is refused has an error to show for it; every finding is a sentence.
/// - Data that is accepted and written, in XML or in JSON, reads the same.
/// - A document in pieces gives what it gives whole; written in pieces, data look as written at once.
/// - A document that is laid over data as a tree does what its edits do one by one.
/// - What `strict` accepts, `lax` accepts with the same data.
enum DataCheck {
    private typealias Reading = ([UInt8], DecodeOptions.Policy) -> Decoded<DataTree>

    private static let model = FuzzModels.model

    private static func readXML(_ bytes: [UInt8], _ policy: DecodeOptions.Policy) -> Decoded<DataTree> {
        XMLDataDecoder.tree(bytes, file: "d.xml", model: model, options: DecodeOptions(policy, content: .all))
    }

    private static func readJSON(_ bytes: [UInt8], _ policy: DecodeOptions.Policy) -> Decoded<DataTree> {
        JSONDataDecoder.tree(bytes, file: "d.json", model: model, options: DecodeOptions(policy, content: .all))
    }

    static func fault(onXML bytes: [UInt8]) -> String? {
        if let fault = fault(on: bytes, readXML) { return fault }
        let whole = readXML(bytes, .strict)
        let pieces = try? XMLDataDecoder.tree(
            document: XMLReader(file: "d.xml", source: pieces(of: bytes)), model: model,
            options: DecodeOptions(.strict, content: .all))
        if let fault = difference(whole, pieces) { return fault }
        if !whole.hasErrors, let fault = streamFault(whole.content) { return fault }
        return mergeFault(bytes)
    }

    private static func streamFault(_ tree: DataTree) -> String? {
        for defaults in [EncodeOptions.Defaults.explicit, .all, .allTagged, .trim] {
            var options = EncodeOptions(content: .all, defaults: defaults, pretty: false, wrapped: false)
            for includesMetadata in [false, true] {
                options.includesMetadata = includesMetadata
                let whole = XMLDataEncoder.bytes(tree, options)
                for smallSize in [0, 4, 256] {
                    var stream = XMLDataStream(tree, options, smallSize: smallSize)
                    var writer = XMLWriter(pretty: false)
                    var bytes: [UInt8] = []
                    var goesOn = true
                    while goesOn {
                        goesOn = (try? stream.advance(&writer, to: 1)) ?? false
                        bytes += writer.output.take()
                    }
                    if bytes != whole { return "written in pieces \(defaults) looks otherwise" }
                }
            }
        }
        return nil
    }

    private static func mergeFault(_ bytes: [UInt8]) -> String? {
        let base = FuzzModels.tree
        let options = DecodeOptions(.strict, base: base)
        let edits = XMLDataDecoder.edits(bytes, file: "d.xml", model: model, options: options)
        let merge = try? XMLDataDecoder.merge(
            document: XMLReader(bytes, file: "d.xml"), model: model, options: options)
        guard let merge, edits.hasErrors == merge.hasErrors else { return "a merge is refused otherwise than edits" }
        if edits.hasErrors { return nil }
        let (one, other) = (base.applying(edits.content), base.applying(merge.content))
        guard one.diagnostics.isEmpty == other.diagnostics.isEmpty else {
            return "a merge fails otherwise than edits: \(one.diagnostics) \(other.diagnostics)"
        }
        guard one.diagnostics.isEmpty, !one.content.diff(to: other.content).isEmpty else { return nil }
        return "a merge does otherwise than edits"
    }

    static func fault(onJSON bytes: [UInt8]) -> String? {
        if let fault = fault(on: bytes, readJSON) { return fault }
        let pieces = try? JSONDataDecoder.tree(
            document: JSONReader(file: "d.json", source: pieces(of: bytes)), model: model,
            options: DecodeOptions(.strict, content: .all))
        if let fault = difference(readJSON(bytes, .strict), pieces) { return fault }
        let edits = JSONDataDecoder.edits(bytes, file: "d.json", model: model)
        if !edits.hasErrors { _ = DataTree(model).applying(edits.content) }
        return nil
    }

    /// A source that hands out a document some bytes at a time.
    private static func pieces(of bytes: [UInt8]) -> ByteInput.Source {
        var offset = 0
        return { target in
            let count = min(target.count, bytes.count - offset, 1 + offset % 7)
            target.copyBytes(from: bytes[offset..<offset + count])
            offset += count
            return count
        }
    }

    private static func difference(_ whole: Decoded<DataTree>, _ pieces: Decoded<DataTree>?) -> String? {
        guard let pieces else { return "a document in pieces is refused without a finding" }
        if whole.diagnostics != pieces.diagnostics {
            return "in pieces: \(pieces.diagnostics), whole: \(whole.diagnostics)"
        }
        return whole.content.diff(to: pieces.content).isEmpty ? nil : "in pieces a document has other data"
    }

    private static func fault(on bytes: [UInt8], _ read: Reading) -> String? {
        let strict = read(bytes, .strict)
        let lax = read(bytes, .lax)
        for finding in strict.diagnostics + lax.diagnostics where finding.summary.isEmpty {
            return "a finding without a word"
        }
        if !strict.hasErrors {
            if lax.hasErrors { return "lax refuses what strict accepts: \(lax.diagnostics)" }
            guard strict.content.diff(to: lax.content).isEmpty else { return "lax reads other data than strict" }
        }
        if lax.hasErrors { return nil }
        _ = Validator(model).violations(in: lax.content)
        return faultOfWriting(lax.content)
    }

    /// The content of anydata is kept as XML, which JSON does not say again exactly.
    private static func hasAnydata(_ tree: DataTree) -> Bool {
        tree.rootInstance.child("top")?.child("any")?.value != nil
    }

    private static func faultOfWriting(_ tree: DataTree) -> String? {
        let options = EncodeOptions(content: .all)
        let xml = XMLDataEncoder.bytes(tree, options)
        let fromXML = readXML(xml, .strict)
        guard !fromXML.hasErrors else { return "our own XML is refused: \(fromXML.diagnostics)\n\(text(xml))" }
        if hasAnydata(tree) { return nil }
        guard tree.diff(to: fromXML.content).isEmpty else { return "XML changes the data: \(text(xml))" }
        guard XMLDataEncoder.bytes(fromXML.content, options) == xml else { return "XML is written in two ways" }
        let json = JSONDataEncoder.bytes(tree, options)
        let fromJSON = readJSON(json, .strict)
        guard !fromJSON.hasErrors else { return "our own JSON is refused: \(fromJSON.diagnostics)\n\(text(json))" }
        guard tree.diff(to: fromJSON.content).isEmpty else { return "JSON changes the data: \(text(json))" }
        return nil
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // MARK: Seeds

    static let xmlSeeds =
        [
            FuzzModels.document,
            """
            <?xml version="1.0" encoding="UTF-8"?><!-- c --><top xmlns="urn:m"><s><![CDATA[x]]>&#65;&amp;</s>
            <any><a xmlns="urn:q" b="c">t<d/></a></any><state>up</state><log><text>1</text></log><log/></top>
            """,
            """
            <config xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:y="urn:ietf:params:xml:ns:yang:1"
            ><top xmlns="urn:m"><l nc:operation="delete"><k>a</k><n>1</n></l><ul y:insert="before" y:value="[.='b']">q</ul>
            <on nc:operation="create"/><l nc:operation="replace"><n>2</n><k>b</k><sub y:insert="first"><id>z</id></sub></l>
            </top></config>
            """,
        ]
        + FuzzModels.document.split(separator: "\n").dropFirst().dropLast(2).map { line in
            "<top xmlns=\"urn:m\" xmlns:o=\"urn:o\">\(line)</top>".replacing("</top></top>", with: "</top>")
        }

    static let jsonSeeds =
        [
            text(JSONDataEncoder.bytes(FuzzModels.tree, EncodeOptions(content: .all))),
            text(JSONDataEncoder.bytes(FuzzModels.tree, EncodeOptions(defaults: .all, pretty: false, wrapped: false))),
            """
            {"m:top":{"s":"\\u00e9\\ud83d\\ude00\\n","e":[null],"big":"1","d":"-0.5","u":12,"id":"o:slow","@s":{"x:y":1},
            "l":[{"k":"a","n":1,"sub":[]},{"n":2,"k":"a"}],"any":{"q:a":[1,true,null,{"b":"c"}]},"o:s":"t",
            "inst":"/m:top/l[k='a'][n='1']","y2":[1,2,-3],"state":"s","log":[{},{"text":"a"}]},"m:device":
            [{"config":{"dev:host":"h"},"driver":"dev","name":"n"}]}
            """,
        ]

    static let xmlWords =
        names.flatMap { ["<\($0)>", "</\($0)>", "<\($0)/>", $0] } + [
            " xmlns=\"urn:m\"", " xmlns:o=\"urn:o\"", "<![CDATA[", "]]>", "<!--", "-->", "&lt;", "&#x10FFFF;", "&#0;",
            "<?xml version=\"1.0\"?>", "<!DOCTYPE a>", " operation=\"delete\"", " operation=\"replace\"",
            " insert=\"last\"", "m:fast", "o:slow", "true", "false", "\"", "'", "=", ">", "<", "/>", "-0", "1e5",
            "\u{0}",
            "\u{FFFE}", "\u{85}", "\r\n", "é",
        ]

    static let jsonWords =
        names.map { "\"\($0)\":" } + [
            "{", "}", "[", "]", ",", ":", "null", "true", "false", "\"", "\\", "\\u0000", "\\ud800", "\\n", "0", "-0",
            "1e5",
            "1.50", "18446744073709551616", "[null]", "\"m:top\":", "\"@\":", "\"@s\":", "\"o:s\":", "\"dev:host\":",
            "\"data\":", "\u{0}", "\u{FEFF}", "é", " ", "\n",
        ]

    private static let names = [
        "top", "s", "p", "b", "e", "n", "big", "d", "bin", "flags", "level", "id", "inst", "ref", "near", "u", "x1",
        "xc",
        "x2", "y1", "y2", "on", "q", "sl", "ul", "l", "k", "v", "sub", "w", "t", "any", "state", "log", "text", "lone",
        "device", "name", "driver", "config", "host", "i", "extra",
    ]
}
