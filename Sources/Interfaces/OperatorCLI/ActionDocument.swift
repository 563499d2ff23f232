import Basics
import ConfigTree
import ControlProtocol
import YANG

/// The answer of an action as a document of its own, for programs: in the form of RFC 8040 section 3.6.2.
enum ActionDocument {
    static let formats: [DisplayFormat] = [.xml, .json]

    static func text(_ output: ActionOutput, _ format: DisplayFormat) throws -> String {
        let module = output.node.module
        let options = EncodeOptions(content: .all)
        guard format == .xml else {
            let bytes = JSONDataEncoder.bytes(
                contentOf: output.node, output.content, output.model, member: "\(module.name):output", options: options)
            return ended(bytes)
        }
        var writer = XMLWriter(pretty: true, sink: nil)
        try writer.start("output", namespace: module.namespace)
        try XMLDataEncoder.write(contentOf: output.node, output.content, output.model, to: &writer, options: options)
        try writer.end()
        try writer.finish()
        return ended(writer.output.bytes)
    }

    private static func ended(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? text : text + "\n"
    }
}
