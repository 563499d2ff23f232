package import Basics
import YANG

/// Reads instance data in JSON (RFC 7951) into trees and edits.
///
/// All faults come as a list with line and instance path. A document may be wrapped in `data` as `display json` prints.
/// Metadata members (`@`, RFC 7952) are passed over.
package enum JSONDataDecoder {
    /// The data of a whole document.
    package static func tree(
        _ bytes: [UInt8], file: String, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) -> Decoded<DataTree> {
        let decoder = TreeDecoder(model: model, options: options, collectsEdits: false, isJSON: true, file: file)
        run(decoder, JSONReader(bytes, file: file, limits: limits(options)))
        return decoder.finishedTree()
    }

    /// A whole document as edits that merge it.
    package static func edits(
        _ bytes: [UInt8], file: String, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) -> Decoded<[DecodedEdit]> {
        let decoder = TreeDecoder(model: model, options: options, collectsEdits: true, isJSON: true, file: file)
        run(decoder, JSONReader(bytes, file: file, limits: limits(options)))
        return decoder.finishedEdits()
    }

    /// The data of a whole document that comes in pieces. Throws what its source throws.
    package static func tree(
        document reader: consuming JSONReader, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) throws -> Decoded<DataTree> {
        let file = reader.place.file
        let decoder = TreeDecoder(model: model, options: options, collectsEdits: false, isJSON: true, file: file)
        do {
            try readDocument(decoder, &reader)
        } catch let error as DiagnosticsError {
            error.diagnostics.forEach(decoder.add)
        }
        return decoder.finishedTree()
    }

    private static func limits(_ options: DecodeOptions) -> JSONLimits {
        var limits = JSONLimits()
        limits.refusesDuplicateKeys = options.policy == .strict
        return limits
    }

    private static func run(_ decoder: TreeDecoder, _ reader: consuming JSONReader) {
        do {
            try readDocument(decoder, &reader)
        } catch let error as DiagnosticsError {
            error.diagnostics.forEach(decoder.add)
        } catch {
            decoder.add(.error("\(error)", place: decoder.lastPlace))
        }
    }

    private static func readDocument(_ decoder: TreeDecoder, _ reader: inout JSONReader) throws {
        guard try reader.next() == .startObject else {
            return decoder.add(reader.fault("The document is no object", remedy: "expected { \"data\": { ... } }"))
        }
        try readObject(decoder, &reader, isTop: true)
        _ = try reader.next()
    }

    /// After `{`: reads to the matching `}`.
    private static func readObject(_ decoder: TreeDecoder, _ reader: inout JSONReader, isTop: Bool = false) throws {
        while try reader.next() == .key {
            let name = TreeDecoder.Name(
                local: reader.keyLocal, qualifier: reader.keyQualifier, token: UInt64(UInt32(reader.keyNumber)))
            let place = reader.place
            let event = try reader.next()
            if (name.qualifier ?? name.local).utf8.first == UInt8(ascii: "@") {
                try reader.skipValue()
            } else if isTop, event == .startObject, isWrapper(name, decoder) {
                try readObject(decoder, &reader)
            } else {
                try readMember(decoder, &reader, name, event, place)
            }
        }
    }

    private static func isWrapper(_ name: TreeDecoder.Name, _ decoder: TreeDecoder) -> Bool {
        ["data", "config"].contains(name.local) && [nil, "ietf-restconf"].contains(name.qualifier)
            && decoder.model.schema.root.dataChildren.allSatisfy { $0.name != name.local }
    }

    private static func readMember(
        _ decoder: TreeDecoder, _ reader: inout JSONReader, _ name: TreeDecoder.Name, _ event: JSONEvent,
        _ place: SourcePlace
    ) throws {
        guard event == .startArray else {
            return try readElement(decoder, &reader, name, event, place, inArray: false)
        }
        while true {
            let element = try reader.next()
            if element == .endArray { return }
            try readElement(decoder, &reader, name, element, reader.place, inArray: true)
        }
    }

    private static func readElement(
        _ decoder: TreeDecoder, _ reader: inout JSONReader, _ name: TreeDecoder.Name, _ event: JSONEvent,
        _ place: SourcePlace, inArray: Bool
    ) throws {
        decoder.open(name, .init(), at: place)
        decoder.checkArray(inArray, isNull: event == .null)
        switch event {
        case .startObject: try readObject(decoder, &reader)
        case .string: decoder.value(reader.text)
        case .number: decoder.value(reader.text, form: .number)
        case .true: decoder.value("true", form: .bool)
        case .false: decoder.value("false", form: .bool)
        case .null: decoder.value("", form: .null)
        default:
            decoder.fault("An array stands in an array", "expected a value or an object", at: reader.place)
            try reader.skipValue()
        }
        decoder.close()
    }
}

extension TreeDecoder {
    /// Strictly, lists and leaf-lists are arrays and nothing else is, but for `[null]` (RFC 7951 section 5).
    func checkArray(_ isArray: Bool, isNull: Bool) {
        let frame = top
        guard options.policy == .strict, !frame.isTaping, frame.role != .skipped, frame.role != .opaque,
            let node = frame.step, !(isArray && isNull)
        else { return }
        let needsArray = node.kind == .list || node.kind == .leafList
        guard needsArray != isArray else { return }
        fault("The \(node.kind.word) \(node.name) must \(needsArray ? "" : "not ")be an array", at: frame.place)
    }
}
