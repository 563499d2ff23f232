package import Basics
package import YANG

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
            model: model, options: options, collectsEdits: false, isJSON: false, file: reader.file)
        try readContent(decoder, &reader)
        return decoder.finishedTree()
    }

    /// The edits inside the element at whose start tag `reader` stands; moves to its end tag.
    package static func edits(
        inside reader: inout XMLReader, model: DataModel, options: DecodeOptions = DecodeOptions(),
        defaultOperation: EditOperation = .merge
    ) throws -> Decoded<[DecodedEdit]> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: true, isJSON: false, file: reader.file,
            defaultOperation: defaultOperation)
        try readContent(decoder, &reader)
        return decoder.finishedEdits()
    }

    /// What stands inside the element at whose start tag `reader` stands, to be merged: as `edits`, without an edit for
    /// each node. Moves to its end tag.
    package static func merge(
        inside reader: inout XMLReader, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) throws -> Decoded<DecodedMerge> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: false, isJSON: false, file: reader.file,
            collectsOperations: true)
        try readContent(decoder, &reader)
        return decoder.finishedMerge()
    }

    /// A whole document that comes in pieces and is to be merged. Throws what its source throws.
    package static func merge(
        document reader: consuming XMLReader, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) throws -> Decoded<DecodedMerge> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: false, isJSON: false, file: reader.file,
            collectsOperations: true)
        do {
            try readDocument(decoder, &reader)
        } catch let error as DiagnosticsError {
            error.diagnostics.forEach(decoder.add)
        }
        return decoder.finishedMerge()
    }

    /// The data of a whole document that comes in pieces. Throws what its source throws.
    package static func tree(
        document reader: consuming XMLReader, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) throws -> Decoded<DataTree> {
        let file = reader.file
        let decoder = TreeDecoder(model: model, options: options, collectsEdits: false, isJSON: false, file: file)
        do {
            try readDocument(decoder, &reader)
        } catch let error as DiagnosticsError {
            error.diagnostics.forEach(decoder.add)
        }
        return decoder.finishedTree()
    }

    /// What stands inside the element at whose start tag `reader` stands, as the content of `node`: the input or output
    /// of an operation, a notification, a structure (RFC 8791), a container or list entry. Moves to the end tag.
    package static func content(
        inside reader: inout XMLReader, of node: SchemaNode, model: DataModel,
        options: DecodeOptions = DecodeOptions(content: .all)
    ) throws -> Decoded<Row> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: false, isJSON: false, file: reader.file, node: node)
        try readContent(decoder, &reader)
        return decoder.finishedRow()
    }

    private static func run(_ decoder: TreeDecoder, _ reader: consuming XMLReader) {
        do {
            try readDocument(decoder, &reader)
        } catch let error as DiagnosticsError {
            error.diagnostics.forEach(decoder.add)
        } catch {
            decoder.add(.error("\(error)", place: decoder.lastPosition.place(in: decoder.file)))
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
            case .text: reader.withTextBytes { bytes in decoder.value(bytes) { reader.declaredPrefixes } }
            case .endElement:
                if reader.depth == outer { return }
                decoder.close()
            case .endOfDocument: return
            }
        }
    }

    private static func open(_ decoder: TreeDecoder, _ reader: inout XMLReader) {
        let position = reader.position
        let attributes = reader.attributeCount == 0 ? nil : attributes(decoder, reader, position)
        decoder.open(token(reader), at: position, attributes: attributes) { name(reader) }
    }

    private static func token(_ reader: borrowing XMLReader) -> UInt64 {
        UInt64(UInt32(reader.namespaceNumber)) << 32 | UInt64(UInt32(reader.nameNumber))
    }

    private static func name(_ reader: borrowing XMLReader) -> TreeDecoder.Name {
        TreeDecoder.Name(local: reader.name, qualifier: reader.namespace, token: token(reader))
    }

    private static func attributes(
        _ decoder: TreeDecoder, _ reader: borrowing XMLReader, _ position: TextPosition
    ) -> TreeDecoder.Attributes? {
        var result = TreeDecoder.Attributes()
        for attribute in reader.attributes {
            switch (attribute.namespace, attribute.name) {
            case (Namespace.netconf, "operation"), ("", "operation"):
                result.operation = EditOperation(rawValue: attribute.value).flatMap { $0 == .none ? nil : $0 }
                if result.operation == nil {
                    decoder.fault(
                        "operation=\"\(attribute.value)\" is not known",
                        "expected merge, replace, create, delete or remove", at: position, code: "bad-attribute",
                        subject: Diagnostic.Subject(name: "operation", parent: reader.name))
                }
            case (Namespace.yang, "insert"), ("", "insert"): result.insert = attribute.value
            case (Namespace.yang, "key"), ("", "key"), (Namespace.yang, "value"), ("", "value"):
                result.neighbour = attribute.value
            case (Namespace.withDefaults, "default"):
                result.isTaggedDefault = attribute.value == "true" || attribute.value == "1"
            default:
                result.metadata.append(
                    RawMetadata(name: attribute.name, qualifier: attribute.namespace, value: attribute.value))
            }
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
    /// Values marked as default (RFC 6243).
    package static let withDefaults = "urn:ietf:params:xml:ns:netconf:default:1.0"
    /// The wrapper of configurations that NSO reads and prints.
    package static let config = "http://tail-f.com/ns/config/1.0"
}
