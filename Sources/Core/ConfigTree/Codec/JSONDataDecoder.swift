package import Basics
package import YANG

/// Reads instance data in JSON (RFC 7951) into trees and edits.
///
/// All faults come as a list with line and instance path. A document may be wrapped in `data` as `display json` prints.
/// Metadata members (`@`, RFC 7952) may stand before or after what they speak of.
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

    /// A whole document that comes in pieces and is to be merged. Throws what its source throws.
    package static func merge(
        document reader: consuming JSONReader, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) throws -> Decoded<DecodedMerge> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: false, isJSON: true, file: reader.file,
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
        document reader: consuming JSONReader, model: DataModel, options: DecodeOptions = DecodeOptions()
    ) throws -> Decoded<DataTree> {
        let file = reader.file
        let decoder = TreeDecoder(model: model, options: options, collectsEdits: false, isJSON: true, file: file)
        do {
            try readDocument(decoder, &reader)
        } catch let error as DiagnosticsError {
            error.diagnostics.forEach(decoder.add)
        }
        return decoder.finishedTree()
    }

    /// A whole document as the content of `node`: the input or output of an operation, a notification, a structure (RFC
    /// 8791), a container or list entry. The object holds the members of the node, or one member of its name.
    package static func content(
        _ bytes: [UInt8], file: String, of node: SchemaNode, model: DataModel,
        options: DecodeOptions = DecodeOptions(content: .all)
    ) -> Decoded<Row> {
        let decoder = TreeDecoder(
            model: model, options: options, collectsEdits: false, isJSON: true, file: file, node: node)
        run(decoder, JSONReader(bytes, file: file, limits: limits(options)))
        return decoder.finishedRow()
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
            decoder.add(.error("\(error)", place: decoder.lastPosition.place(in: decoder.file)))
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
            let token = UInt64(UInt32(reader.keyNumber))
            let position = reader.position
            if reader.keyIsMetadata {
                let name = name(reader)
                let event = try reader.next()
                try readMetadata(decoder, &reader, name, event, position)
            } else if isTop, isWrapper(name(reader), decoder) {
                let name = name(reader)
                let event = try reader.next()
                if event == .startObject {
                    try readObject(decoder, &reader)
                } else {
                    try readMember(decoder, &reader, token, event, position) { name }
                }
            } else {
                let names = reader.names(ofKey: reader.keyNumber)
                let event = try reader.next()
                try readMember(decoder, &reader, token, event, position) {
                    TreeDecoder.Name(local: names.local, qualifier: names.qualifier, token: token)
                }
            }
        }
    }

    private static func name(_ reader: borrowing JSONReader) -> TreeDecoder.Name {
        TreeDecoder.Name(
            local: reader.keyLocal, qualifier: reader.keyQualifier, token: UInt64(UInt32(reader.keyNumber)))
    }

    /// Whether a top-level member is no data but around it.
    private static func isWrapper(_ name: TreeDecoder.Name, _ decoder: TreeDecoder) -> Bool {
        let frame = decoder.frames[0]
        if frame.hasStep {
            return name.qualifier == frame.node.module.name && name.local == frame.node.name
                && frame.node.dataChild(named: name.local, module: frame.node.module.name) == nil
        }
        return isWrapper(name, decoder.model)
    }

    private static func isWrapper(_ name: TreeDecoder.Name, _ model: DataModel) -> Bool {
        ["data", "config"].contains(name.local) && [nil, "ietf-restconf"].contains(name.qualifier)
            && model.schema.root.dataChildren.allSatisfy { $0.name != name.local }
    }

    private static func readMember(
        _ decoder: TreeDecoder, _ reader: inout JSONReader, _ token: UInt64, _ event: JSONEvent,
        _ position: TextPosition, _ name: () -> TreeDecoder.Name
    ) throws {
        guard event == .startArray else {
            return try readElement(decoder, &reader, token, event, position, .single, name)
        }
        var isEmpty = true
        while true {
            let element = try reader.next()
            if element == .endArray { break }
            isEmpty = false
            let shape = element == .null ? TreeDecoder.Shape.nullInArray : .inArray
            try readElement(decoder, &reader, token, element, reader.position, shape, name)
        }
        if isEmpty { decoder.checkEmptyArray(name(), at: position) }
    }

    private static func readElement(
        _ decoder: TreeDecoder, _ reader: inout JSONReader, _ token: UInt64, _ event: JSONEvent,
        _ position: TextPosition, _ shape: TreeDecoder.Shape, _ name: () -> TreeDecoder.Name
    ) throws {
        decoder.open(token, at: position, shape: shape, name: name)
        switch event {
        case .startObject: try readObject(decoder, &reader)
        case .string: reader.withTextBytes { decoder.value($0) }
        case .number: reader.withTextBytes { decoder.value($0, form: .number) }
        case .true: decoder.value("true", .bool)
        case .false: decoder.value("false", .bool)
        case .null: decoder.value("", .null)
        default:
            decoder.fault("An array stands in an array", "expected a value or an object", at: reader.position)
            try reader.skipValue()
        }
        decoder.close()
    }

    // MARK: Metadata

    /// A member whose name begins with `@` (RFC 7952 section 5.2): an object, or for a leaf-list an array of them.
    private static func readMetadata(
        _ decoder: TreeDecoder, _ reader: inout JSONReader, _ name: TreeDecoder.Name, _ event: JSONEvent,
        _ position: TextPosition
    ) throws {
        var target: TreeDecoder.Name?
        if name.local != "@" || name.qualifier != nil {
            let isQualified = name.qualifier != nil
            let local = isQualified ? name.local : String(name.local.dropFirst())
            target = TreeDecoder.Name(
                local: local, qualifier: name.qualifier.map { String($0.dropFirst()) }, token: 1 << 40 | name.token)
        }
        var items: [RawMetadata] = []
        switch event {
        case .startObject: items = try readMetadataObject(decoder, &reader, index: nil)
        case .startArray:
            var index = 0
            while true {
                let element = try reader.next()
                if element == .endArray { break }
                if element == .startObject { items += try readMetadataObject(decoder, &reader, index: index) }
                if element == .startArray { try reader.skipValue() }
                index += 1
            }
        default:
            decoder.fault(
                "\(name.local) must be an object in JSON", "expected { \"module:name\": value }", at: position)
        }
        if !items.isEmpty { decoder.metadata(items, of: target) }
    }

    private static func readMetadataObject(
        _ decoder: TreeDecoder, _ reader: inout JSONReader, index: Int?
    ) throws -> [RawMetadata] {
        var items: [RawMetadata] = []
        while try reader.next() == .key {
            let name = name(reader)
            var value: String?
            switch try reader.next() {
            case .string, .number: value = reader.text
            case .true: value = "true"
            case .false: value = "false"
            case .null: value = ""
            case .startArray:
                // Tags are a set: NSO writes them as an array; `[null]` is an empty value.
                var parts: [String] = []
                while true {
                    let element = try reader.next()
                    if element == .endArray { break }
                    if element == .string { parts.append(reader.text) }
                    if element == .startArray || element == .startObject { try reader.skipValue() }
                }
                value = parts.joined(separator: " ")
            default: try reader.skipValue()
            }
            guard let value else { continue }
            items.append(RawMetadata(name: name.local, qualifier: name.qualifier ?? "", value: value, index: index))
        }
        return items
    }
}

extension TreeDecoder {
    fileprivate func value(_ word: StaticString, _ form: ValueForm) {
        value(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount), form: form)
    }

    /// An array without elements stands for a list or leaf-list without entries, and for nothing else.
    func checkEmptyArray(_ name: Name, at position: TextPosition) {
        let frame = top
        guard options.policy == .strict, frame.role == .container || frame.role == .entry, !frame.isTaping else {
            return
        }
        var guess = 0
        guard let info = frame.scope.child(name.token, guess: &guess, find: { findChild(name, in: frame.scope) }) else {
            return
        }
        lastPosition = position
        checkShape(.inArray, info)
    }
}
