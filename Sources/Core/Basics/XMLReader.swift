/// What `XMLReader.next` came to.
package enum XMLEvent: Sendable { case startElement, text, endElement, endOfDocument }

/// Bounds on a document; a document beyond them is refused at the place where it passes them.
package struct XMLLimits: Sendable {
    package var depth = 256
    package var nameLength = 1024
    /// Attributes and namespace declarations of one element.
    package var attributes = 128
    /// Bytes of one start tag.
    package var tagLength = 1 << 20
    /// Bytes of one run of text.
    package var textLength = 1 << 26
    package var totalLength = 1 << 30

    package init() {}
}

/// An attribute with its namespace resolved; namespace declarations are not among the attributes.
package struct XMLAttribute: Hashable, Sendable {
    package var name: String
    package var namespace: String
    package var value: String

    package init(name: String, namespace: String = "", value: String) {
        self.name = name
        self.namespace = namespace
        self.value = value
    }
}

/// A pull parser for XML 1.0 with namespaces over UTF-8 bytes, whole or piece by piece, in bounded memory.
///
/// `next` moves to the next event, about which the properties then speak. Comments and processing instructions are
/// skipped; text around them and CDATA sections is one event. Text that is only white space is an event only as the
/// whole content of an element. A document type declaration is refused: it can neither expand nor fetch anything.
/// Every fault is a thrown `DiagnosticsError` with file, line and column.
package struct XMLReader: ~Copyable {
    struct Frame {
        var name: Int32
        var namespace: Int32
        var undoCount: Int
    }

    struct AttributeRecord {
        var name: Int32
        var namespace: Int32 = 0
        /// Offsets of the name and of the value, in the window or, if `isDecoded`, in `decoded`.
        var offset: Int
        var start: Int
        var length: Int
        var isDecoded: Bool
    }

    var input: ByteInput
    var names = NameTable()
    let limits: XMLLimits
    let classes = CharacterClass.table
    var namespaces = ["", XMLReader.xmlNamespace]
    var namespaceNumbers: [String: Int32] = ["": 0, XMLReader.xmlNamespace: 1]
    /// By number of the prefix: the number of the namespace that it is bound to here, or -1.
    var bindings: [Int32] = [0]
    var undo: [(prefix: Int32, namespace: Int32)] = []
    var open: [Frame] = []
    var attributeRecords: [AttributeRecord] = []
    /// Text or attribute values that are not the document's own bytes: after references, CDATA, line ends.
    var decoded: [UInt8] = []
    var textIsDecoded = false
    var textLength = 0
    /// First byte that must stay in the window; start of the current token.
    var anchor = 0
    var eventPlace: SourcePlace?
    var event = XMLEvent.startElement
    var hasStarted = false
    var hasRoot = false
    var isEmptyElement = false
    var isClosing = false
    let xmlnsNumber: Int32

    static let xmlNamespace = "http://www.w3.org/XML/1998/namespace"

    /// Reads what `source` brings; `file` names the document in faults.
    package init(file: String, limits: XMLLimits = XMLLimits(), source: @escaping ByteInput.Source) {
        self.init(input: ByteInput(file: file, limit: limits.totalLength, source: source), limits: limits)
    }

    package init(_ bytes: [UInt8], file: String, limits: XMLLimits = XMLLimits()) {
        self.init(file: file, limits: limits, source: ByteInput.source(bytes))
    }

    /// Reads memory that the caller keeps valid while the reader lives.
    package init(_ bytes: UnsafeRawBufferPointer, file: String, limits: XMLLimits = XMLLimits()) {
        self.init(file: file, limits: limits, source: ByteInput.source(bytes))
    }

    private init(input: consuming ByteInput, limits: XMLLimits) {
        self.input = input
        self.limits = limits
        xmlnsNumber = names.number(of: "xmlns")
        let xml = names.number(of: "xml")
        bindings += [Int32](repeating: -1, count: Int(xml))
        bindings[Int(xml)] = 1
    }

    // MARK: The current event

    /// Local name of the element that starts or ends here, or that the text is in.
    package var name: String { names[names[open[open.count - 1].name].local].text }
    /// Namespace URI of that element; empty without one.
    package var namespace: String { namespaces[Int(open[open.count - 1].namespace)] }
    package var prefix: String { names[names[open[open.count - 1].name].prefix].text }
    /// Number of `name` in this document: equal names have equal numbers, small and dense, so that they index a cache.
    package var nameNumber: Int32 { names[open[open.count - 1].name].local }
    /// Number of `namespace` in this document, likewise.
    package var namespaceNumber: Int32 { open[open.count - 1].namespace }
    /// How many elements are open, that which starts or ends here included.
    package var depth: Int { open.count }
    package var file: String { input.file }

    /// Where the current event begins. Asking at each event costs one pass over the document in all.
    package var place: SourcePlace {
        mutating get { eventPlace ?? input.passingPlace(of: anchor) }
    }

    /// Line and column of `place`.
    package var position: TextPosition {
        mutating get {
            if let place = eventPlace {
                return TextPosition(line: Int32(clamping: place.line), column: Int32(clamping: place.column))
            }
            return input.passingPosition(of: anchor)
        }
    }

    /// The URI that `prefix` is bound to in the current element; the empty prefix asks for the default namespace.
    package func namespace(forPrefix prefix: String) -> String? {
        var prefix = prefix
        let number = prefix.withUTF8 { $0.isEmpty ? 0 : names.find($0.baseAddress!, length: $0.count).number }
        guard number >= 0, let bound = binding(number) else { return nil }
        return namespaces[Int(bound)]
    }

    func binding(_ prefix: Int32) -> Int32? {
        guard prefix < bindings.count, bindings[Int(prefix)] >= 0 else { return nil }
        return bindings[Int(prefix)]
    }

    package var text: String { withTextBytes { String(decoding: $0, as: UTF8.self) } }

    /// The bytes of the text event: valid UTF-8, valid only within `body`.
    package func withTextBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        if textIsDecoded { return try decoded.withUnsafeBytes(body) }
        return try body(UnsafeRawBufferPointer(start: input.base + anchor, count: textLength))
    }

    package var attributeCount: Int { event == .startElement ? attributeRecords.count : 0 }

    package func attribute(at index: Int) -> XMLAttribute {
        let record = attributeRecords[index]
        return XMLAttribute(
            name: names[names[record.name].local].text, namespace: namespaces[Int(record.namespace)],
            value: value(of: record))
    }

    package var attributes: [XMLAttribute] { (0..<attributeCount).map { attribute(at: $0) } }

    /// The value of the attribute, or nil; attributes without prefix have no namespace.
    package func attribute(_ name: String, namespace: String = "") -> String? {
        for index in 0..<attributeCount {
            let record = attributeRecords[index]
            if names[names[record.name].local].text == name, namespaces[Int(record.namespace)] == namespace {
                return value(of: record)
            }
        }
        return nil
    }

    func value(of record: AttributeRecord) -> String {
        if record.isDecoded {
            return String(decoding: decoded[record.start..<record.start + record.length], as: UTF8.self)
        }
        let bytes = UnsafeBufferPointer(start: input.base + record.start, count: record.length)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A fault at the current event, for a reader's user to throw or collect.
    package func fault(_ summary: String, remedy: String = "") -> Diagnostic {
        .error(summary, remedy: remedy, place: eventPlace ?? input.place(of: anchor))
    }

    // MARK: Helpers over events

    /// At a start tag: moves to the end tag of that element.
    package mutating func skipElement() throws {
        let outer = open.count
        while true {
            let event = try next()
            if event == .endElement, open.count == outer { return }
        }
    }

    /// At a start tag: the text content of that element; moves to its end tag. An element inside is a fault.
    package mutating func readText() throws -> String {
        var content = ""
        while true {
            switch try next() {
            case .text: content = text
            case .startElement:
                throw DiagnosticsError(fault("<\(name)> stands where only text may stand"))
            case .endElement, .endOfDocument: return content
            }
        }
    }
}

/// Which bytes mean something to the scanner; bits of a byte per byte.
enum CharacterClass {
    static let textStop: UInt8 = 1
    static let name: UInt8 = 2
    static let space: UInt8 = 4
    static let valueStop: UInt8 = 8
    static let spaceOrStop: UInt8 = 5

    /// 256 bytes that live as long as the process and are never written again.
    nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        for index in 0..<256 {
            let byte = UInt8(index)
            var bits: UInt8 = 0
            switch byte {
            case 9, 10: bits = space | valueStop
            case 13: bits = space | textStop | valueStop
            case 32: bits = space
            case UInt8(ascii: "<"), UInt8(ascii: "&"): bits = textStop | valueStop
            case UInt8(ascii: "\""), UInt8(ascii: "'"): bits = valueStop
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: ":"):
                bits = name
            case 0x80...: bits = name | textStop | valueStop
            case 0..<32: bits = textStop | valueStop
            default: bits = 0
            }
            table[index] = bits
        }
        return UnsafePointer(table)
    }()
}
