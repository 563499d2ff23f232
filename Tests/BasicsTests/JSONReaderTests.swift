import Basics
import Testing

private func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws -> JSONValue {
    try JSONValue.parse(Array(text.utf8), file: "f.json", limits: limits)
}

private func jsonFault(_ text: String, limits: JSONLimits = JSONLimits()) -> String {
    do {
        return "no fault: \(try parse(text, limits: limits).print())"
    } catch let error as DiagnosticsError {
        let first = error.diagnostics[0]
        return "\(first.place?.line ?? 0):\(first.place?.column ?? 0) \(first.summary)"
    } catch {
        return "\(error)"
    }
}

private func jsonEvents(_ bytes: [UInt8], step: Int) throws -> [String] {
    var offset = 0
    var reader = JSONReader(file: "f.json") { target in
        let count = min(step, target.count, bytes.count - offset)
        target.copyBytes(from: bytes[offset..<offset + count])
        offset += count
        return count
    }
    var lines: [String] = []
    while true {
        let event = try reader.next()
        if event == .endOfDocument { return lines }
        let hasText = event == .key || event == .string || event == .number
        lines.append("\(reader.place.line):\(reader.place.column) \(event)" + (hasText ? " " + reader.text : ""))
    }
}

let routerJSON = """
    {
      "data": {
        "tailf-ncs:devices": {
          "device" : [ { "name": "ce0\\u00e9\\ud83d\\ude00é", "port": 22, "big": -12345678901234567890.50E+3,
            "up": true, "down": false, "none": [null], "empty": {}, "list": [] } ]
        }
      }
    }
    """

@Test func jsonKeepsOrderNumbersAndEscapes() throws {
    let value = try parse(routerJSON)
    let device = value["data"]?["tailf-ncs:devices"]?["device"]?.array?.first
    #expect(device?["name"]?.string == "ce0é😀é")
    #expect(device?["big"] == .number("-12345678901234567890.50E+3"))
    #expect(device?.object?.keys == ["name", "port", "big", "up", "down", "none", "empty", "list"])
    #expect(try parse(value.print()) == value)
    #expect(try parse(value.print(pretty: true)) == value)
}

@Test func jsonPrintsAsDisplayJSON() throws {
    let value = try parse(#"{"data":{"a:b":[{"name":"x","groups":["r","w"]},{}],"n":[null],"e":[]}}"#)
    let expected = """
        {
          "data": {
            "a:b": [
              {
                "name": "x",
                "groups": ["r", "w"]
              },
              {}
            ],
            "n": [null],
            "e": []
          }
        }
        """
    #expect(value.print(pretty: true) == expected)
}

@Test(arguments: [
    ("", "1:1 The document ends within a value"),
    ("{", "1:2 The document ends within a value"),
    ("{\"a\":1,}", "1:8 '}' may not stand here"),
    ("[1,]", "1:4 ']' may not stand here"),
    ("[1 2]", "1:4 '2' may not stand here"),
    ("[1}", "1:3 '}' may not stand here"),
    ("{1:2}", "1:2 '1' may not stand here"),
    ("{\"a\" 1}", "1:6 '1' may not stand here"),
    ("1 1", "1:3 '1' may not stand here"),
    ("01", "1:1 A number may not begin with 0"),
    ("-", "1:2 The document ends within a value"),
    ("1.", "1:3 The document ends within a value"),
    ("1e+x", "1:4 'x' may not stand here"),
    ("+1", "1:1 '+' may not stand here"),
    ("nul", "1:1 'n' may not stand here"),
    ("NaN", "1:1 'N' may not stand here"),
    ("\"abc", "1:1 The string that begins here does not end"),
    ("\"a\nb\"", "1:3 Control character 10 must be escaped in a string"),
    ("\"\\x\"", "1:2 This is no escape of JSON"),
    ("\"\\u12g4\"", "1:2 \\u must be followed by four hexadecimal digits"),
    ("\"\\ud800\"", "1:8 Half a surrogate pair is no character"),
    ("{\"a\":1,\n \"a\":2}", "2:2 The member \"a\" stands twice in the object"),
    ("'a'", "1:1 ''' may not stand here"),
    ("// c\n1", "1:1 '/' may not stand here"),
])
func jsonFaultsSayWhere(text: String, fault: String) {
    #expect(jsonFault(text) == fault)
}

@Test func jsonDuplicateKeysAreFoundInLargeAndNestedObjects() throws {
    let members = (0..<50).map { "\"k\($0)\":{\"k0\":1,\"k1\":2}" }
    #expect(try parse("{" + members.joined(separator: ",") + "}").object?.members.count == 50)
    let fault = jsonFault("{" + (members + ["\"k3\":1"]).joined(separator: ",") + "}")
    #expect(fault.hasSuffix("\"k3\" stands twice in the object"))
    var lax = JSONLimits()
    lax.refusesDuplicateKeys = false
    #expect(try parse("{\"a\":1,\"a\":2}", limits: lax).object?.members.count == 2)
}

@Test func jsonDeepNestingAndBadUTF8AreRefused() {
    #expect(jsonFault(String(repeating: "[", count: 100_000)) == "1:257 Values are nested deeper than 256")
    for bad: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] {
        #expect(throws: DiagnosticsError.self) { try JSONValue.parse([0x22] + bad + [0x22], file: "f") }
    }
}

@Test func mutatedJSONNeverCrashesAndEventsDoNotDependOnPieces() {
    var generator = SeededGenerator(seed: 11)
    let seed = Array(routerJSON.utf8)
    for _ in 0..<3000 {
        let bytes = mutated(seed, with: &generator)
        let whole = Result { try jsonEvents(bytes, step: 1 << 20) }
        let pieces = Result { try jsonEvents(bytes, step: Int.random(in: 1...9, using: &generator)) }
        #expect("\(whole)" == "\(pieces)")
    }
}
