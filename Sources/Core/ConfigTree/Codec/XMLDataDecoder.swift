package import Basics
import YANG

/// Reads instance data in XML (RFC 7950) into trees and edits.
///
/// All faults come as a list with line and instance path. A document may be wrapped in `config` (as `ncs_load` and
/// `display xml` write) or `data`, or be one top-level node.
package enum XMLDataDecoder {
    /// The data of a whole document.
    package static func tree(
        _ bytes: [UInt8], file: String, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) -> Decoded<DataTree> {
        let decoder = TreeDecoder(model: model, options: options, collectsEdits: false, isJSON: false, file: file)
        run(decoder, XMLReader(bytes, file: file))
        return decoder.finishedTree()
    }

    /// The edits of a whole document, by its `operation` and `insert` attributes.
    package static func edits(
        _ bytes: [UInt8], file: String, model: DataModel, options: DecodeOptions = DecodeOptions(),
        defaultOperation: EditOperation = .merge
    ) -> Decoded<[DecodedEdit]> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: true, isJSON: false, file: file,
            defaultOperation: defaultOperation)
        run(decoder, XMLReader(bytes, file: file))
        return decoder.finishedEdits()
    }

    /// The data inside the element at whose start tag `reader` stands (`data`, `config`); moves to its end tag.
    /// Throws what the reader throws: the message itself is broken.
    package static func tree(
        inside reader: inout XMLReader, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) throws -> Decoded<DataTree> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: false, isJSON: false, file: reader.place.file)
        try readContent(decoder, &reader)
        return decoder.finishedTree()
    }

    /// The edits inside the element at whose start tag `reader` stands; moves to its end tag.
    package static func edits(
        inside reader: inout XMLReader, model: DataModel, options: DecodeOptions = DecodeOptions(),
        defaultOperation: EditOperation = .merge
    ) throws -> Decoded<[DecodedEdit]> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: true, isJSON: false, file: reader.place.file,
            defaultOperation: defaultOperation)
        try readContent(decoder, &reader)
        return decoder.finishedEdits()
    }

    /// The data of a whole document that comes in pieces. Throws what its source throws.
    package static func tree(
        document reader: consuming XMLReader, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) throws -> Decoded<DataTree> {
        let file = reader.place.file
        let decoder = TreeDecoder(model: model, options: options, collectsEdits: false, isJSON: false, file: file)
        do {
            try readDocument(decoder, &reader)
        } catch let error as DiagnosticsError {
            error.diagnostics.forEach(decoder.add)
        }
        return decoder.finishedTree()
    }

    private static func run(_ decoder: TreeDecoder, _ reader: consuming XMLReader) {
        do {
            try readDocument(decoder, &reader)
        } catch let error as DiagnosticsError {
            error.diagnostics.forEach(decoder.add)
        } catch {
            decoder.add(.error("\(error)", place: decoder.lastPlace))
        }
    }

    private static func readDocument(_ decoder: TreeDecoder, _ reader: inout XMLReader) throws {
        _ = try reader.next()
        if !isWrapper(reader, decoder) { open(decoder, &reader) }
        let isWrapped = decoder.frames.count == 1
        try readContent(decoder, &reader)
        if !isWrapped { decoder.close() }
        _ = try reader.next()
    }

    /// Whether the root element is no data but around it.
    private static func isWrapper(_ reader: borrowing XMLReader, _ decoder: TreeDecoder) -> Bool {
        guard ["config", "data"].contains(reader.name) else { return false }
        let schema = decoder.model.schema
        let module = schema.module(namespace: reader.namespace)
        return module.flatMap { schema.root.dataChild(named: reader.name, module: $0.name) } == nil
    }

    private static func readContent(_ decoder: TreeDecoder, _ reader: inout XMLReader) throws {
        let outer = reader.depth
        while true {
            switch try reader.next() {
            case .startElement: open(decoder, &reader)
            case .text: decoder.value(reader.text) { reader.declaredPrefixes }
            case .endElement:
                if reader.depth == outer { return }
                decoder.close()
            case .endOfDocument: return
            }
        }
    }

    private static func open(_ decoder: TreeDecoder, _ reader: inout XMLReader) {
        let token = UInt64(UInt32(reader.namespaceNumber)) << 32 | UInt64(UInt32(reader.nameNumber))
        let name = TreeDecoder.Name(local: reader.name, qualifier: reader.namespace, token: token)
        let place = reader.place
        let attributes = reader.attributeCount == 0 ? .init() : attributes(decoder, reader, place)
        decoder.open(name, attributes, at: place)
    }

    private static func attributes(
        _ decoder: TreeDecoder, _ reader: borrowing XMLReader, _ place: SourcePlace
    ) -> TreeDecoder.Attributes {
        var result = TreeDecoder.Attributes()
        if let text = reader.attribute("operation", namespace: Namespace.netconf) ?? reader.attribute("operation") {
            result.operation = EditOperation(rawValue: text)
            if result.operation == nil {
                decoder.fault(
                    "operation=\"\(text)\" is not known", "expected merge, replace, create, delete or remove",
                    at: place)
            }
        }
        for namespace in [Namespace.yang, ""] where result.insert == nil {
            result.insert = reader.attribute("insert", namespace: namespace)
            let key = reader.attribute("key", namespace: namespace)
            result.neighbour = key ?? reader.attribute("value", namespace: namespace)
        }
        return result
    }
}

/// Namespaces that are the protocol's and no module's.
package enum Namespace {
    /// NETCONF base 1.0 (RFC 6241).
    package static let netconf = "urn:ietf:params:xml:ns:netconf:base:1.0"
    /// Attributes of YANG in XML (RFC 7950).
    package static let yang = "urn:ietf:params:xml:ns:yang:1"
    /// The wrapper of configurations that NSO reads and prints.
    package static let config = "http://tail-f.com/ns/config/1.0"
}
