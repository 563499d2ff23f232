import Foundation

/// A node of data as XPath sees it (XPath 1.0 section 5; RFC 7950 section 6.4.1).
///
/// The tree that it stands in holds what RFC 7950 calls the accessible tree: defaults in use are nodes too. The only
/// child of a leaf or leaf-list entry is its text, if it has any; there are no attributes or comments.
package protocol XPathNode: Hashable {
    /// That of a text is its leaf's. Nil only for nodes that no schema describes; those have no keys, types or
    /// identities.
    var schemaNode: SchemaNode? { get }
    /// Whether this is the text in a leaf.
    var isText: Bool { get }
    /// Empty for the root and for texts.
    var name: String { get }
    /// The name of the module; empty for the root and for texts.
    var module: String { get }
    /// The canonical value of a leaf, leaf-list entry or text; "" for other nodes, whose string-value is that of the
    /// leaves in them.
    var ownValue: String { get }
    var parent: Self? { get }
    /// The root of the accessible tree of this node.
    var root: Self { get }
    /// In document order.
    var children: [Self] { get }
    /// The children of that name, in document order; without a module those of any module.
    func children(named name: String, module: String?) -> [Self]
    /// The entry of the child `list` with these canonical key values, in the order of the list's `key` statement.
    func entry(of list: SchemaNode, keys: [String]) -> Self?
    /// How many entries the child `list` has.
    func entryCount(of list: SchemaNode) -> Int
    /// Whether this node comes before `other`, of the same tree, in document order.
    func precedes(_ other: Self) -> Bool
}

extension XPathNode {
    package func entryCount(of list: SchemaNode) -> Int {
        children(named: list.name, module: list.module.name).count
    }

    /// The string-value of XPath 1.0 section 5: of an inner node the values of all leaves below it, one after the other.
    package var stringValue: String {
        if isText || schemaNode?.isTerminal == true { return ownValue }
        var result = ownValue
        var pending: [Self] = children.reversed()
        while let next = pending.popLast() {
            result += next.ownValue
            if !next.isText, next.schemaNode?.isTerminal != true { pending += next.children.reversed() }
        }
        return result
    }
}

/// What an expression gives.
package enum XPathValue<Node: XPathNode>: Sendable where Node: Sendable {
    /// Without duplicates, in no particular order.
    case nodeSet([Node])
    case string(String)
    case number(Double)
    case boolean(Bool)
}

/// Why an expression has no value: nothing that the parser accepts fails but for the work limit and for a pattern that
/// comes from data.
package struct XPathError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// The work limit was reached.
        case tooMuchWork
        /// An operand is of the wrong kind, such as a number where a node set must stand. The parser refuses such
        /// expressions; only those made by hand can have them.
        case wrongOperand
        /// What `re-match()` takes as its pattern from data is none. A literal is checked by the parser.
        case malformedArgument
    }

    package var code: Code
    package var message: String

    package var description: String { message }
}

/// Numbers of XPath and their texts (XPath 1.0 sections 4.2 and 4.4).
enum XPathNumber {
    /// The number that `text` denotes: optional white space, sign, digits and one point; anything else is not a number.
    static func parse(_ text: some Collection<UInt8>) -> Double {
        var bytes = text[...]
        while let first = bytes.first, isSpace(first) { bytes = bytes.dropFirst() }
        var digits: [UInt8] = []
        var isEnded = false
        var points = 0
        var count = 0
        for byte in bytes {
            if isSpace(byte) {
                isEnded = true
                continue
            }
            if isEnded { return .nan }
            switch byte {
            case UInt8(ascii: "-") where digits.isEmpty: break
            case UInt8(ascii: "."): points += 1
            case UInt8(ascii: "0")...UInt8(ascii: "9"): count += 1
            default: return .nan
            }
            digits.append(byte)
        }
        guard count > 0, points <= 1 else { return .nan }
        if count <= 15, points == 0 { return Double(Int(String(decoding: digits, as: UTF8.self)) ?? 0) }
        return strtod(String(decoding: digits, as: UTF8.self), nil)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        if number == number.rounded(), abs(number) < 0x1p63 { return String(Int64(number)) }
        let text = number.description
        guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else {
            return text
        }
        return expand(text[..<mark], exponent)
    }

    /// Writes `mantissa` × 10^`exponent` without an exponent.
    private static func expand(_ mantissa: Substring, _ exponent: Int) -> String {
        let isNegative = mantissa.hasPrefix("-")
        let parts = mantissa.drop { $0 == "-" }.split(separator: ".")
        let whole = parts.first.map(String.init) ?? "0"
        var fraction = parts.count > 1 ? String(parts[1]) : ""
        if fraction == "0" { fraction = "" }
        let digits = whole + fraction
        let point = whole.count + exponent
        let body: String
        if point <= 0 {
            body = "0." + String(repeating: "0", count: -point) + digits
        } else if point >= digits.count {
            body = digits + String(repeating: "0", count: point - digits.count)
        } else {
            body = String(digits.prefix(point)) + "." + String(digits.dropFirst(point))
        }
        return isNegative ? "-" + body : body
    }
}
