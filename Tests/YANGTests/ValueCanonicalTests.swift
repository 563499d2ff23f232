import Testing

@testable import YANG

private func type(_ base: BuiltInType, _ edit: (inout ResolvedType) -> Void = { _ in }) -> ResolvedType {
    var type = ResolvedType(base: base)
    edit(&type)
    return type
}

private func canonical(_ type: ResolvedType, _ text: String, _ context: ValueContext = ValueContext()) -> String? {
    try? type.canonical(text, in: context)
}

@Test(
    arguments: [
        (BuiltInType.int8, "-128", "-128"), (.int8, "-129", nil), (.int8, "127", "127"), (.uint8, "256", nil),
        (.uint8, "-1", nil), (.uint8, "-0", "0"), (.uint8, "+7", "7"), (.uint8, "0xff", "255"), (.uint8, "0XfF", "255"),
        (.uint8, "010", "8"), (.uint8, "08", nil), (.uint8, "", nil), (.uint8, "0x", nil), (.uint8, " 7\n", "7"),
        (.uint8, "7a", nil), (.uint8, "1 2", nil), (.uint64, "18446744073709551615", "18446744073709551615"),
        (.uint64, "18446744073709551616", nil), (.int64, "-9223372036854775808", "-9223372036854775808"),
        (.int64, "9223372036854775808", nil), (.uint64, "99999999999999999999999999999999999999999999", nil),
        (.uint64, "0xFFFFFFFFFFFFFFFF", "18446744073709551615"), (.int32, "--1", nil),
        (.boolean, "true", "true"), (.boolean, "TRUE", nil), (.empty, "", ""), (.empty, "x", nil),
    ] as [(BuiltInType, String, String?)])
func integersAndBooleansHaveOneForm(base: BuiltInType, text: String, expected: String?) {
    #expect(canonical(type(base), text) == expected)
}

@Test func rangesAreUnionsAndTheErrorNamesThem() throws {
    let port = type(.uint16) { $0.ranges = [1...10, 20...20, 30...65535] }
    #expect(canonical(port, "20") == "20")
    #expect(canonical(port, "21") == nil)
    let error = #expect(throws: ValueError.self) { try port.canonical("70000", in: ValueContext()) }
    #expect(error?.message == "\"70000\" is not a valid value")
    #expect(error?.detail == "expected an integer in 1..10 | 20 | 30..65535")
}

@Test(
    arguments: [
        ("1", "1.0"), ("1.50", "1.5"), ("-0.25", "-0.25"), ("0", "0.0"), ("-0.0", "0.0"), ("001.10", "1.1"),
        ("1.234", nil), ("1.230", "1.23"), ("1.", nil), (".5", nil), ("", nil), ("1e3", nil), ("1.2.3", nil),
        ("92233720368547758.07", "92233720368547758.07"), ("92233720368547758.08", nil), ("+3.1", "3.1"),
        ("-92233720368547758.08", "-92233720368547758.08"), ("1111111111111111111111111111111", nil),
    ] as [(String, String?)])
func decimalsKeepTheirFraction(text: String, expected: String?) {
    #expect(canonical(type(.decimal64) { $0.fractionDigits = 2 }, text) == expected)
}

@Test func decimalRangesAreScaled() {
    let percent = type(.decimal64) {
        $0.fractionDigits = 1
        $0.ranges = [0...1000]
    }
    #expect(canonical(percent, "100") == "100.0")
    #expect(canonical(percent, "100.1") == nil)
}

@Test func stringsObeyLengthsAndPatterns() throws {
    let matcher = try PatternMatcher("[a-zé]*")
    let no = try PatternMatcher("x.*")
    let name = type(.string) {
        $0.lengths = [1...3, 5...5]
        $0.patterns = [
            TypePattern(
                source: "[a-zé]*", isInverted: false, errorMessage: "letters only", errorAppTag: "bad-name",
                matcher: matcher),
            TypePattern(source: "x.*", isInverted: true, errorMessage: nil, errorAppTag: nil, matcher: no),
        ]
    }
    #expect(canonical(name, "aéb") == "aéb")
    #expect(canonical(name, "abcd") == nil)
    #expect(canonical(name, "xy") == nil)
    #expect(canonical(name, "") == nil)
    let error = #expect(throws: ValueError.self) { try name.canonical("A", in: ValueContext()) }
    #expect(error?.message == "letters only")
    #expect(error?.appTag == "bad-name")
}

@Test func bitsStandInOrderOfPosition() {
    let flags = type(.bits) {
        $0.bits = [EnumMember(name: "c", value: 9), EnumMember(name: "a", value: 0), EnumMember(name: "b", value: 4)]
    }
    #expect(canonical(flags, " c  a") == "a c")
    #expect(canonical(flags, "") == "")
    #expect(canonical(flags, "a a") == nil)
    #expect(canonical(flags, "d") == nil)
}

@Test(
    arguments: [
        ("aGk=", "aGk="), ("aG k=\n", "aGk="), ("aGl=", "aGk="), ("aGk", nil), ("aGk==", nil), ("aGk=a", nil), ("", ""),
        ("aGkh", "aGkh"), ("a*==", nil), ("/+8=", "/+8="),
    ] as [(String, String?)])
func binariesArePaddedBase64(text: String, expected: String?) {
    #expect(canonical(type(.binary), text) == expected)
}

@Test func binaryLengthsCountOctets() {
    let key = type(.binary) { $0.lengths = [2...2] }
    #expect(canonical(key, "aGk=") == "aGk=")
    #expect(canonical(key, "aGkh") == nil)
}

private let identities = IdentityTable(
    ancestors: ["m:base": [], "m:ether": ["m:base"], "n:fast": ["m:base", "m:ether"], "o:fast": []],
    abstract: ["m:ether"])

@Test func identitiesBearTheirModule() {
    let reference = type(.identityref) { $0.identityBases = ["m:base"] }
    var context = ValueContext(identities: identities, moduleForPrefix: { $0 == "x" ? "n" : nil }, defaultModule: "m")
    #expect(canonical(reference, "x:fast", context) == "n:fast")
    #expect(canonical(reference, "n:fast", context) == "n:fast")
    #expect(canonical(reference, "fast", context) == "n:fast")
    #expect(canonical(reference, "o:fast", context) == nil)
    #expect(canonical(reference, "m:ether", context) == nil, "abstract")
    #expect(canonical(reference, "base", context) == nil, "an identity is not derived from itself")
    context.defaultModule = "n"
    #expect(canonical(reference, "fast", context) == "n:fast")
    let error = #expect(throws: ValueError.self) { try reference.canonical("slow", in: context) }
    #expect(error?.detail == "expected one of n:fast")
}

@Test func aUnionTakesItsFirstMemberThatAccepts() {
    let union = type(.union) {
        $0.members = [
            type(.uint8), type(.enumeration) { $0.enums = [EnumMember(name: "any", value: 0)] },
            type(.decimal64) { $0.fractionDigits = 1 },
        ]
    }
    #expect(canonical(union, "0x10") == "16")
    #expect(canonical(union, "any") == "any")
    #expect(canonical(union, "300") == "300.0")
    #expect(canonical(union, "none") == nil)
}

@Test func leafrefsTakeTheFormOfTheirTarget() {
    let reference = type(.leafref) { $0.leafrefTarget = NodeID(7) }
    let context = ValueContext(leafrefType: { $0 == NodeID(7) ? type(.int32) : nil })
    #expect(canonical(reference, "0x1F", context) == "31")
    #expect(canonical(reference, "x", context) == nil)
    let circle = ValueContext(leafrefType: { _ in reference })
    #expect(canonical(reference, "x", circle) == nil, "a circle of leafrefs ends")
}

@Test(
    arguments: [
        ("/x:a/x:b[x:k='v']/x:c", "/mod:a/b[k='v']/c"), ("/a/b", "/m:a/b"), ("/mod:a/m:b", "/mod:a/m:b"),
        ("/x:a[ k = \"it's\" ]", "/mod:a[k=\"it's\"]"), ("/x:a[.='5']", "/mod:a[.='5']"), ("/x:a[3]", "/mod:a[3]"),
        ("x:a", nil), ("/", nil), ("/x:a/", nil), ("/x:a[k]", nil), ("/x:a//b", nil), ("/x:a[k='1' or 1]", nil),
        ("/x:a/*", nil), ("", nil),
    ] as [(String, String?)])
func instanceIdentifiersAreNormalised(text: String, expected: String?) {
    let context = ValueContext(moduleForPrefix: { $0 == "x" ? "mod" : nil }, defaultModule: "m")
    #expect(canonical(type(.instanceIdentifier), text, context) == expected)
}

@Test(arguments: [
    ("ietf-inet-types:ipv6-address", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
    ("ietf-inet-types:ipv6-address", "0:0:1:0:0:0:0:0", "0:0:1::"), ("ietf-inet-types:ipv6-address", "::", "::"),
    ("ietf-inet-types:ipv6-address", "1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"),
    ("ietf-inet-types:ipv6-address", "::FFFF:1.2.3.4", "::ffff:1.2.3.4"),
    ("ietf-inet-types:ipv6-address", "FE80::1%Eth0", "fe80::1%Eth0"),
    ("ietf-inet-types:ipv6-prefix", "2001:DB8::FF/32", "2001:db8::/32"),
    ("ietf-inet-types:ipv6-prefix", "::1/0", "::/0"), ("ietf-inet-types:ipv4-prefix", "10.1.2.3/8", "10.0.0.0/8"),
    ("ietf-inet-types:ipv4-prefix", "10.1.2.3/32", "10.1.2.3/32"),
    ("tailf-common:ipv4-address-and-prefix-length", "10.1.2.3/8", "10.1.2.3/8"),
    ("ietf-yang-types:mac-address", "00:AB:cd:00:00:0F", "00:ab:cd:00:00:0f"),
    ("ietf-yang-types:date-and-time", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), ("m:name", "ABC", "ABC"),
])
func wellKnownTypesHaveTheirOwnForm(typedef: String, text: String, expected: String) {
    #expect(canonical(type(.string) { $0.typedefs = ["m:own", typedef] }, text) == expected)
}

@Test func secretsAreLeftToTheirLayer() {
    let secret = type(.string) {
        $0.secret = .aes256CFB128
        $0.lengths = [1...2]
    }
    #expect(canonical(secret, "plain text") == "plain text")
}

// MARK: Order

private func sorted(_ type: ResolvedType, _ values: [String]) -> [String] {
    values.sorted { type.compare($0, $1) < 0 }
}

@Test func valuesAreOrderedByMeaning() {
    #expect(sorted(type(.int32), ["10", "-5", "9", "-10", "0"]) == ["-10", "-5", "0", "9", "10"])
    #expect(
        sorted(type(.decimal64), ["1.5", "1.25", "-1.5", "-1.25", "10.0", "1.0"])
            == ["-1.5", "-1.25", "1.0", "1.25", "1.5", "10.0"])
    #expect(sorted(type(.string), ["b", "B", "é", "a10", "a9"]) == ["B", "a10", "a9", "b", "é"])
    let enumeration = type(.enumeration) {
        $0.enums = [
            EnumMember(name: "zero", value: 0), EnumMember(name: "minus", value: -1), EnumMember(name: "two", value: 2),
        ]
    }
    #expect(sorted(enumeration, ["two", "zero", "minus"]) == ["minus", "zero", "two"])
    let v4 = type(.string) { $0.typedefs = ["ietf-inet-types:ipv4-address"] }
    let v6 = type(.string) { $0.typedefs = ["ietf-inet-types:ipv6-prefix"] }
    #expect(sorted(v4, ["10.0.0.10", "10.0.0.9", "9.0.0.1"]) == ["9.0.0.1", "10.0.0.9", "10.0.0.10"])
    let union = type(.union) { $0.members = [v4, v6, type(.uint8), type(.string)] }
    #expect(
        sorted(union, ["x", "2001:db8::/32", "::1", "10.0.0.1", "9.9.9.9", "10", "9", "2001:db8::/16"])
            == ["9", "10", "9.9.9.9", "10.0.0.1", "::1", "2001:db8::/16", "2001:db8::/32", "x"])
}

@Test func everyOrderIsTotal() {
    let pool = [
        "", "-", "-1", "1", "01", "1.0", "1.", "1.5", "a", "10", "1.2.3.4", "1.2.3.4/8", "::1", "::1%a", "::1%b", "1:2",
        "-1.5", "-10",
    ]
    let v4 = type(.string) { $0.typedefs = ["x:ipv4-address"] }
    for type in [type(.int8), type(.string), v4, type(.union) { $0.members = [v4, type(.int8)] }] {
        for a in pool {
            for b in pool {
                let order = type.compare(a, b).signum()
                #expect(order == -type.compare(b, a).signum())
                #expect((order == 0) == (a == b))
                for c in pool where order <= 0 && type.compare(b, c) <= 0 { #expect(type.compare(a, c) <= 0) }
            }
        }
    }
}
