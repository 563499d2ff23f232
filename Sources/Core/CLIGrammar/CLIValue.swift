import ConfigTree
import YANG

/// How the values of a leaf are read; the common types without a detour over the type checker.
enum CLIValueKind: Sendable {
    case none
    case empty
    case boolean
    /// A string without restrictions.
    case text
    case typed(Typed)

    /// A type behind a reference: it is large, and one is looked at for each value.
    final class Typed: Sendable {
        let type: ResolvedType
        let check: ValueCheck

        init(_ type: ResolvedType, in schema: Schema) {
            self.type = type
            check = ValueCheck(type) { schema[$0].type }
        }
    }

    init(_ schema: SchemaNode) {
        guard let type = schema.type else {
            self = .none
            return
        }
        switch type.base {
        case .empty: self = .empty
        case .boolean: self = .boolean
        case .string where type.patterns.isEmpty && type.lengths.isEmpty && type.secret == nil: self = .text
        default: self = .typed(Typed(type, in: schema.schema))
        }
    }

    var isEmpty: Bool { if case .empty = self { true } else { false } }
    var isText: Bool { if case .text = self { true } else { false } }
    var check: ValueCheck? { if case .typed(let typed) = self { typed.check } else { nil } }
}

extension CLINode {
    /// The canonical value that a text means for this leaf.
    func canonical(_ string: String, in context: ValueContext) throws(ValueError) -> String {
        if let disallowed, disallowed.matches(string) { throw ValueError(message: Self.invalid(string)) }
        switch value {
        case .none: throw ValueError(message: Self.invalid(string))
        case .empty:
            guard string.isEmpty || matches(string) else { throw ValueError(message: Self.invalid(string)) }
            return ""
        case .boolean:
            guard string == "true" || string == "false" else {
                throw ValueError(message: Self.invalid(string), detail: "expected true or false")
            }
            return string
        case .text: return string
        case .typed(let typed): return try typed.type.canonical(string, in: context)
        }
    }

    func canonical(_ text: CLIBytes, in context: ValueContext) throws(ValueError) -> String {
        try canonical(CLIText.string(text), in: context)
    }

    private func matches(_ string: String) -> Bool {
        var string = string
        return string.withUTF8 { matches(CLIBytes($0)) }
    }

    static func invalid(_ text: String) -> String { "\"\(text)\" is not a valid value." }
}

/// Writes values as the dialect shows them.
struct CLIValueWriter: Sendable {
    let dialect: CLIDialect

    /// A canonical value as a text for people: an identity without its module where only one has that name.
    func plain(_ value: String, of node: CLINode, in schema: Schema) -> String {
        guard case .typed(let typed) = node.value, value.contains(":") else { return value }
        return Self.withoutModule(value, typed.type, schema) ?? value
    }

    private static func withoutModule(_ value: String, _ type: ResolvedType, _ schema: Schema) -> String? {
        switch type.base {
        case .identityref:
            guard let colon = value.lastIndex(of: ":") else { return nil }
            let name = String(value[value.index(after: colon)...])
            let rivals = schema.identities.values(of: type.identityBases).filter { $0.hasSuffix(":" + name) }
            return rivals.count <= 1 ? name : nil
        case .union: return type.members.lazy.compactMap { withoutModule(value, $0, schema) }.first
        case .leafref:
            guard let target = type.leafrefTarget, let inner = schema[target].type else { return nil }
            return withoutModule(value, inner, schema)
        default: return nil
        }
    }

    /// A value as one word.
    func word(_ value: String, inList: Bool = false) -> [UInt8] {
        let bytes = Array(value.utf8)
        return needsQuotes(bytes, inList: inList) ? CLIText.quoted(bytes) : bytes
    }

    private func needsQuotes(_ bytes: [UInt8], inList: Bool) -> Bool {
        guard let first = bytes.first else { return true }
        if dialect.style == .j {
            return !bytes.allSatisfy(Self.isPlainInStatement) || bytes.last == UInt8(ascii: ":")
                || bytes.starts(with: Self.comment)
        }
        if first == CLIText.quote || first == CLIText.bang { return true }
        if inList, first == UInt8(ascii: "[") || first == UInt8(ascii: "]") || bytes.last == UInt8(ascii: "]") {
            return true
        }
        for byte in bytes {
            if byte <= 32 || byte == 127 { return true }
            if dialect.hasEscapes,
                byte == CLIText.quote || byte == CLIText.backslash || byte == UInt8(ascii: ";")
                    || byte == UInt8(ascii: "|") || byte == CLIText.bang
            {
                return true
            }
        }
        return false
    }

    private static let comment = Array("/*".utf8)

    /// Letters, digits and signs that no statement needs for itself. A word that ends in `:` could be a mark.
    private static func isPlainInStatement(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "+"): true
        case UInt8(ascii: "*"), UInt8(ascii: "@"), UInt8(ascii: "="), UInt8(ascii: "%"), UInt8(ascii: ","): true
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "/"): true
        default: byte >= 128
        }
    }

    /// A value that fills the rest of the line: as it is wherever reading it gives it back.
    func rest(_ value: String) -> [UInt8] {
        let bytes = Array(value.utf8)
        return isPlainRest(bytes) ? bytes : CLIText.quoted(bytes)
    }

    private func isPlainRest(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, let last = bytes.last else { return false }
        if CLIText.isBlank(first) || CLIText.isBlank(last) || first == CLIText.bang { return false }
        for byte in bytes {
            if byte < 32 || byte == 127 { return false }
            if dialect.hasEscapes,
                byte == CLIText.backslash || byte == CLIText.quote || byte == CLIText.bang
                    || byte == UInt8(ascii: "|")
            {
                return false
            }
        }
        return bytes.withUnsafeBufferPointer { quotedRest(CLIBytes($0)) == nil }
    }

    /// The value that the rest of a line means, if that is not the text itself. Quotes around the whole of it are text
    /// of the device, unless the value could not have been written without them.
    func quotedRest(_ bytes: CLIBytes) -> [UInt8]? {
        guard CLIText.isOneQuotedWord(bytes) else { return nil }
        let inner = CLIText.unescaped(bytes[(bytes.startIndex + 1)..<(bytes.endIndex - 1)])
        if dialect.alwaysUnquotes { return inner }
        return rest(CLIText.string(inner)).elementsEqual(bytes) ? inner : nil
    }
}
