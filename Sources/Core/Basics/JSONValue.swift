/// A small JSON document: members keep their order, numbers their text. Data goes through `JSONReader` instead.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The number as it was written, so that nothing is lost in a Double.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Parses a whole document (RFC 8259); a key that stands twice in an object is a fault.
    package static func parse(_ bytes: [UInt8], file: String, limits: JSONLimits = JSONLimits()) throws -> JSONValue {
        var reader = JSONReader(bytes, file: file, limits: limits)
        let value = try JSONValue(from: &reader, at: reader.next())
        _ = try reader.next()
        return value
    }

    /// Reads the value that `event` begins and moves to its last event.
    package init(from reader: inout JSONReader, at event: JSONEvent) throws {
        switch event {
        case .null: self = .null
        case .true: self = .bool(true)
        case .false: self = .bool(false)
        case .number: self = .number(reader.text)
        case .string: self = .string(reader.text)
        case .startArray:
            var elements: [JSONValue] = []
            while true {
                let next = try reader.next()
                if next == .endArray { break }
                elements.append(try JSONValue(from: &reader, at: next))
            }
            self = .array(elements)
        default:
            var object = JSONObject()
            while try reader.next() == .key {
                let key = reader.text
                object.append(key, try JSONValue(from: &reader, at: reader.next()))
            }
            self = .object(object)
        }
    }

    package func write(to writer: inout JSONWriter) throws {
        switch self {
        case .null: try writer.null()
        case .bool(let value): try writer.bool(value)
        case .number(let text): try writer.number(text)
        case .string(let text): try writer.string(text)
        case .array(let elements):
            try writer.startArray(inline: elements.allSatisfy(\.isScalar))
            for element in elements { try element.write(to: &writer) }
            try writer.endArray()
        case .object(let object):
            try writer.startObject()
            for member in object.members {
                writer.key(member.key)
                try member.value.write(to: &writer)
            }
            try writer.endObject()
        }
    }

    package func print(pretty: Bool = false) -> String {
        var writer = JSONWriter(pretty: pretty)
        // Without a sink nothing throws.
        try? write(to: &writer)
        return String(decoding: writer.output.bytes, as: UTF8.self)
    }

    private var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var int: Int? { if case .number(let text) = self { Int(text) } else { nil } }
    package var double: Double? { if case .number(let text) = self { Double(text) } else { nil } }
    package var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    package var object: JSONObject? { if case .object(let object) = self { object } else { nil } }
    /// The member of an object; nil for anything else.
    package subscript(_ key: String) -> JSONValue? { object?[key] }
}

/// The members of a JSON object in their order. Two objects with equal members in another order are not equal.
package struct JSONObject: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    package struct Member: Hashable, Sendable {
        package var key: String
        package var value: JSONValue
    }

    package private(set) var members: [Member] = []

    package init() {}
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        for element in elements { self[element.0] = element.1 }
    }

    package var keys: [String] { members.map(\.key) }

    /// The first member of that name. Setting nil removes it, setting a new key appends it.
    package subscript(_ key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Appends a member whose key is known to be new.
    package mutating func append(_ key: String, _ value: JSONValue) { members.append(Member(key: key, value: value)) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(nilLiteral: ()) { self = .null }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for element in elements { object[element.0] = element.1 }
        self = .object(object)
    }
}
