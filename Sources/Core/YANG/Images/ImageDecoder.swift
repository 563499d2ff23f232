import Basics

/// Bytes of an image that are none that `ImageEncoder` writes.
struct ImageFault: Error {}

/// Reads what `ImageEncoder` wrote. Every read is checked: no bytes lead outside the section, to deep recursion or to
/// large allocations.
struct ImageDecoder {
    /// Deeper than what the encoder is given: the parsers that made it allow less.
    static let depthLimit = 1000

    let texts: ImagePool
    private var rest: UnsafeRawBufferPointer
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer, texts: ImagePool) {
        rest = bytes
        self.texts = texts
    }

    var isAtEnd: Bool { rest.isEmpty }

    // MARK: Numbers and texts

    mutating func byte() throws(ImageFault) -> UInt8 {
        guard let first = rest.first else { throw ImageFault() }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
        return first
    }

    mutating func number<Value: FixedWidthInteger & UnsignedInteger>(_ type: Value.Type) throws(ImageFault) -> Value {
        var value: UInt128 = 0
        var shift: UInt128 = 0
        while true {
            let next = try byte()
            guard shift < 128 else { throw ImageFault() }
            value |= UInt128(next & 0x7F) << shift
            if next < 0x80 { break }
            shift += 7
        }
        guard let result = Value(exactly: value) else { throw ImageFault() }
        return result
    }

    mutating func signed<Value: FixedWidthInteger & SignedInteger>(_ type: Value.Type) throws(ImageFault) -> Value {
        let folded = try number(UInt128.self)
        let value = Int128(bitPattern: folded >> 1) ^ -Int128(bitPattern: folded & 1)
        guard let result = Value(exactly: value) else { throw ImageFault() }
        return result
    }

    mutating func count() throws(ImageFault) -> Int {
        guard let value = Int(exactly: try number(UInt.self)) else { throw ImageFault() }
        return value
    }

    mutating func flag() throws(ImageFault) -> Bool { try byte() != 0 }

    mutating func text() throws(ImageFault) -> String { try text(at: try number(UInt32.self)) }

    mutating func optionalText() throws(ImageFault) -> String? {
        let number = try number(UInt32.self)
        return number == 0 ? nil : try text(at: number - 1)
    }

    private func text(at number: UInt32) throws(ImageFault) -> String {
        guard number < texts.count else { throw ImageFault() }
        return texts.text(Int(number))
    }

    mutating func list<Element>(
        _ element: (inout ImageDecoder) throws(ImageFault) -> Element
    ) throws(ImageFault) -> [Element] {
        let count = try count()
        // Each element takes a byte at least.
        guard count <= rest.count, depth < Self.depthLimit else { throw ImageFault() }
        if count == 0 { return [] }
        depth += 1
        defer { depth -= 1 }
        var result: [Element] = []
        for _ in 0..<count { result.append(try element(&self)) }
        return result
    }

    mutating func place() throws(ImageFault) -> SourcePlace {
        SourcePlace(file: try text(), line: try count(), column: try count())
    }

    private mutating func value<Value: RawRepresentable>(
        _ type: Value.Type
    ) throws(ImageFault) -> Value where Value.RawValue == String {
        guard let value = Value(rawValue: try text()) else { throw ImageFault() }
        return value
    }

    // MARK: Types

    mutating func type() throws(ImageFault) -> ResolvedType {
        var type = ResolvedType(base: try value(BuiltInType.self))
        type.typedefs = try list { d throws(ImageFault) in try d.text() }
        type.ranges = try list { d throws(ImageFault) in
            try Self.range(try d.signed(Int128.self), try d.signed(Int128.self))
        }
        type.lengths = try list { d throws(ImageFault) in try Self.range(try d.count(), try d.count()) }
        type.patterns = try list { d throws(ImageFault) in try d.pattern() }
        type.fractionDigits = try count()
        type.enums = try list { d throws(ImageFault) in try d.enumMember() }
        type.bits = try list { d throws(ImageFault) in try d.enumMember() }
        type.identityBases = try list { d throws(ImageFault) in try d.text() }
        type.leafref = try list { d throws(ImageFault) in try d.expression() }.first
        type.leafrefSource = try optionalText()
        type.requireInstance = try flag()
        let target = try signed(Int32.self)
        type.leafrefTarget = target < 0 ? nil : NodeID(target)
        type.members = try list { d throws(ImageFault) in try d.type() }
        if let secret = try optionalText() { type.secret = SecretKind(rawValue: secret) }
        return type
    }

    private static func range<Bound: Comparable>(
        _ low: Bound, _ high: Bound
    ) throws(ImageFault) -> ClosedRange<Bound> {
        guard low <= high else { throw ImageFault() }
        return low...high
    }

    private mutating func pattern() throws(ImageFault) -> TypePattern {
        let source = try text()
        let isInverted = try flag()
        let matcher = PatternMatcher(compiledBefore: source, acceptingExtraEscapes: try flag())
        return TypePattern(
            source: source, isInverted: isInverted, errorMessage: try optionalText(),
            errorAppTag: try optionalText(), matcher: matcher)
    }

    private mutating func enumMember() throws(ImageFault) -> EnumMember {
        let name = try text()
        let value = try signed(Int64.self)
        guard let status = NodeStatus(rawValue: try byte()) else { throw ImageFault() }
        return EnumMember(name: name, value: value, status: status)
    }

    // MARK: Rare properties of nodes

    mutating func extra() throws(ImageFault) -> NodeExtra {
        var extra = NodeExtra()
        extra.minElements = try number(UInt32.self)
        extra.maxElements = UInt32.max - (try number(UInt32.self))
        extra.keys = try list { d throws(ImageFault) in try d.signed(Int32.self) }
        extra.uniques = try list { d throws(ImageFault) in
            try d.list { d throws(ImageFault) in try d.signed(Int32.self) }
        }
        extra.defaults = try list { d throws(ImageFault) in try d.text() }
        extra.musts = try list { d throws(ImageFault) in try d.constraint() }
        extra.whens = try list { d throws(ImageFault) in try d.constraint() }
        extra.extensions = try list { d throws(ImageFault) in try d.extensionInstance() }
        extra.units = try optionalText()
        return extra
    }

    private mutating func constraint() throws(ImageFault) -> Constraint {
        Constraint(
            expression: try expression(), source: try text(), errorMessage: try optionalText(),
            errorAppTag: try optionalText(), contextIsParent: try flag(), place: try place())
    }

    private mutating func extensionInstance() throws(ImageFault) -> ExtensionInstance {
        ExtensionInstance(
            module: try text(), name: try text(), argument: try optionalText(),
            substatements: try list { d throws(ImageFault) in try d.extensionInstance() }, place: try place())
    }

    // MARK: Expressions

    private mutating func expression() throws(ImageFault) -> XPathExpression {
        guard depth < Self.depthLimit, let tag = ImageEncoder.ExpressionTag(rawValue: try byte()) else {
            throw ImageFault()
        }
        depth += 1
        defer { depth -= 1 }
        switch tag {
        case .or: return .or(try expression(), try expression())
        case .and: return .and(try expression(), try expression())
        case .union: return .union(try expression(), try expression())
        case .negate: return .negate(try expression())
        case .comparison:
            let (a, b) = (try expression(), try expression())
            return .comparison(try value(XPathExpression.Comparison.self), a, b)
        case .arithmetic:
            let (a, b) = (try expression(), try expression())
            return .arithmetic(try value(XPathExpression.Arithmetic.self), a, b)
        case .literal: return .literal(try text())
        case .qualifiedName: return .qualifiedName(try text(), identity: try text())
        case .number: return .number(Double(bitPattern: try number(UInt64.self)))
        case .call: return .call(try text(), try list { d throws(ImageFault) in try d.expression() })
        case .rootPath: return .path(start: .root, steps: try steps())
        case .contextPath: return .path(start: .context, steps: try steps())
        case .expressionPath:
            let start = try expression()
            let predicates = try list { d throws(ImageFault) in try d.expression() }
            return .path(start: .expression(start, predicates: predicates), steps: try steps())
        }
    }

    private mutating func steps() throws(ImageFault) -> [XPathExpression.Step] {
        try list { d throws(ImageFault) in
            XPathExpression.Step(
                axis: try d.value(XPathExpression.Axis.self), test: try d.nodeTest(),
                predicates: try d.list { d throws(ImageFault) in try d.expression() })
        }
    }

    private mutating func nodeTest() throws(ImageFault) -> XPathExpression.NodeTest {
        switch ImageEncoder.TestTag(rawValue: try byte()) {
        case .name: return .name(module: try optionalText(), name: try text())
        case .anyName: return .anyName(module: try optionalText())
        case .anyNode: return .anyNode
        case .text: return .text
        case .comment: return .comment
        case .processingInstruction: return .processingInstruction(try optionalText())
        case nil: throw ImageFault()
        }
    }

    // MARK: Lists

    mutating func module() throws(ImageFault) -> SchemaModule {
        var module = SchemaModule(name: try text(), namespace: try text(), prefix: try text())
        module.revision = try optionalText()
        module.features = try list { d throws(ImageFault) in try d.text() }
        module.digest = try text()
        module.isImplemented = try flag()
        module.imports = try list { d throws(ImageFault) in try d.text() }
        module.definedFeatures = Set(try list { d throws(ImageFault) in try d.text() })
        module.submodules = try list { d throws(ImageFault) in
            SchemaModule.Submodule(name: try d.text(), revision: try d.optionalText())
        }
        module.extensions = try list { d throws(ImageFault) in try d.extensionInstance() }
        return module
    }

    mutating func identities() throws(ImageFault) -> IdentityTable {
        let entries = try list { d throws(ImageFault) in
            (key: try d.text(), bases: Set(try d.list { d throws(ImageFault) in try d.text() }))
        }
        let abstract = Set(try list { d throws(ImageFault) in try d.text() })
        let ancestors = Dictionary(entries.map { ($0.key, $0.bases) }, uniquingKeysWith: { first, _ in first })
        return IdentityTable(ancestors: ancestors, abstract: abstract)
    }

    mutating func diagnostic() throws(ImageFault) -> Diagnostic {
        guard let severity = Diagnostic.Severity(rawValue: try count()) else { throw ImageFault() }
        var diagnostic = Diagnostic(
            severity, try text(), remedy: try text(),
            place: try list { d throws(ImageFault) in try d.place() }.first, path: try optionalText(),
            appTag: try optionalText())
        diagnostic.code = try optionalText()
        return diagnostic
    }

    mutating func definitions() throws(ImageFault) -> SchemaDefinitions {
        var result = SchemaDefinitions()
        result.structures = try list { d throws(ImageFault) in try d.structure() }
        result.metadataAnnotations = try list { d throws(ImageFault) in try d.metadataAnnotation() }
        let origins = try list { d throws(ImageFault) in
            (NodeID(try d.signed(Int32.self)), try d.list { d throws(ImageFault) in try d.extensionInstance() })
        }
        let degradations = try list { d throws(ImageFault) in
            (NodeID(try d.signed(Int32.self)), try d.list { d throws(ImageFault) in try d.text() })
        }
        result.originExtensions = Dictionary(origins, uniquingKeysWith: { first, _ in first })
        result.degradations = Dictionary(degradations, uniquingKeysWith: { first, _ in first })
        return result
    }

    private mutating func structure() throws(ImageFault) -> SchemaStructure {
        guard let kind = SchemaStructure.Kind(rawValue: try byte()) else { throw ImageFault() }
        return SchemaStructure(
            kind: kind, name: try text(), module: try text(), root: NodeID(try signed(Int32.self)))
    }

    private mutating func metadataAnnotation() throws(ImageFault) -> MetadataAnnotation {
        let (name, module) = (try text(), try text())
        let (type, units) = (try type(), try optionalText())
        guard let status = NodeStatus(rawValue: try byte()) else { throw ImageFault() }
        return MetadataAnnotation(
            name: name, module: module, type: type, units: units, status: status, description: try optionalText(),
            place: try place())
    }
}
