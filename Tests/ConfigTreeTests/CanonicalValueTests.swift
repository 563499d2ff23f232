import Basics
import ConfigTree
import Testing
import YANG

/// RFC 7950 section 9 and RFC 6991: what is written, and what is kept; nil where it is no value.
@Suite struct CanonicalValueTests {
    private static let module = (
        "kinds",
        """
        module kinds {
          yang-version 1.1; namespace "urn:kinds"; prefix k;
          import ietf-inet-types { prefix inet; } import ietf-yang-types { prefix yang; }
          identity base; identity one { base base; }
          container top {
            leaf i8 { type int8; } leaf u64 { type uint64; } leaf ranged { type int32 { range "-5..-1 | 10..20"; } }
            leaf d2 { type decimal64 { fraction-digits 2; } } leaf d18 { type decimal64 { fraction-digits 18; } }
            leaf bool { type boolean; } leaf bits { type bits { bit c { position 2; } bit a; bit b { position 1; } } }
            leaf bin { type binary { length "0..4"; } } leaf enum { type enumeration { enum a; enum "b c"; } }
            leaf str { type string { length "1..3"; pattern '[a-zé]*'; } } leaf id { type identityref { base base; } }
            leaf path { type instance-identifier { require-instance false; } }
            leaf mac { type yang:mac-address; } leaf hex { type yang:hex-string; } leaf uuid { type yang:uuid; }
            leaf v6 { type inet:ipv6-address; } leaf v6p { type inet:ipv6-prefix; } leaf v4p { type inet:ipv4-prefix; }
            leaf ip { type inet:ip-address; } leaf date { type yang:date-and-time; } leaf xp { type yang:xpath1.0; }
            leaf any { type union { type int8; type boolean; type string; } }
            list l { key "a b"; leaf a { type string; } leaf b { type int8; } }
          }
        }
        """
    )

    private static let inet = (
        "ietf-inet-types",
        """
        module ietf-inet-types {
          namespace "urn:ietf:params:xml:ns:yang:ietf-inet-types"; prefix inet;
          typedef ipv4-address { type string { pattern '[0-9.]+(%[0-9a-zA-Z]+)?'; } }
          typedef ipv6-address { type string { pattern '[0-9a-fA-F:.]+(%[0-9a-zA-Z]+)?'; } }
          typedef ip-address { type union { type ipv4-address; type ipv6-address; } }
          typedef ipv4-prefix { type string { pattern '[0-9.]+/[0-9]+'; } }
          typedef ipv6-prefix { type string { pattern '[0-9a-fA-F:.]+/[0-9]+'; } }
        }
        """
    )

    private static let yang = (
        "ietf-yang-types",
        """
        module ietf-yang-types {
          namespace "urn:ietf:params:xml:ns:yang:ietf-yang-types"; prefix yang;
          typedef mac-address { type string { pattern '[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}'; } }
          typedef hex-string { type string { pattern '([0-9a-fA-F]{2}(:[0-9a-fA-F]{2})*)?'; } }
          typedef uuid { type string { pattern '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'; } }
          typedef date-and-time { type string { pattern '\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[\\+\\-]\\d{2}:\\d{2})'; } }
          typedef xpath1.0 { type string; }
        }
        """
    )

    static let table: [(leaf: String, written: String, kept: String?)] = [
        ("i8", "+5", "5"), ("i8", " 5\n", "5"), ("i8", "-0", "0"), ("i8", "0x1F", "31"), ("i8", "017", "15"),
        ("i8", "128", nil), ("i8", "-128", "-128"), ("i8", "-129", nil), ("i8", "", nil), ("i8", "5.0", nil),
        ("i8", "--5", nil), ("i8", "08", nil), ("u64", "18446744073709551615", "18446744073709551615"),
        ("u64", "18446744073709551616", nil), ("u64", "-1", nil), ("u64", "000", "0"), ("ranged", "-5", "-5"),
        ("ranged", "0", nil), ("ranged", "20", "20"), ("ranged", "21", nil), ("d2", "1", "1.0"), ("d2", "1.50", "1.5"),
        ("d2", "-0.05", "-0.05"), ("d2", "1.234", nil), ("d2", "1.230", "1.23"), ("d2", ".5", nil), ("d2", "5.", nil),
        ("d2", "+3.10", "3.1"), ("d2", "92233720368547758.07", "92233720368547758.07"),
        ("d2", "92233720368547758.08", nil), ("d18", "9.223372036854775807", "9.223372036854775807"),
        ("d18", "10", nil), ("bool", "true", "true"), ("bool", "True", nil), ("bool", "1", nil), ("bits", "a c", "c a"),
        ("bits", "", ""), ("bits", " a\n b ", "b a"), ("bits", "a a", nil), ("bits", "d", nil), ("bin", "AAEC", "AAEC"),
        ("bin", "AA EC\n", "AAEC"), ("bin", "AAE", nil), ("bin", "AAEF=", nil), ("bin", "AB==", "AA=="),
        ("bin", "AAECAwQ=", nil), ("enum", "b c", "b c"), ("enum", "b  c", nil), ("enum", "B", nil), ("str", "é", "é"),
        ("str", "abcd", nil), ("str", "", nil), ("str", "A", nil), ("str", "ééé", "ééé"), ("id", "k:one", "kinds:one"),
        ("id", "one", "kinds:one"), ("id", "base", nil), ("id", "two", nil),
        ("path", "/k:top/k:l[k:a='x'][k:b='1']/k:b", "/kinds:top/l[a='x'][b='1']/b"), ("path", "k:top", nil),
        ("path", "/k:top/k:bits[.=\"a\"]", "/kinds:top/bits[.='a']"), ("mac", "00:AA:bB:0c:DD:ee", "00:aa:bb:0c:dd:ee"),
        ("mac", "00:aa:bb:0c:dd", nil), ("hex", "Ff:00", "ff:00"), ("hex", "", ""),
        ("uuid", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        ("v6", "2001:0DB8:0:0:0:0:0:1", "2001:db8::1"), ("v6", "::FFFF:1.2.3.4", "::ffff:1.2.3.4"),
        ("v6", "1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("v6", "0:0:0:0:0:0:0:0", "::"),
        ("v6", "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("v6p", "2001:DB8::1/32", "2001:db8::/32"), ("v6p", "::/0", "::/0"), ("v4p", "10.1.2.3/8", "10.0.0.0/8"),
        ("v4p", "10.1.2.3/32", "10.1.2.3/32"), ("ip", "10.0.0.1", "10.0.0.1"), ("ip", "2001:DB8::0:1", "2001:db8::1"),
        ("ip", "x", nil), ("date", "2026-11-21T06:00:00Z", "2026-11-21T06:00:00Z"),
        ("date", "2026-11-21T06:00:00.5+01:00", "2026-11-21T06:00:00.5+01:00"), ("date", "2026-11-21", nil),
        ("xp", "/k:top/k:l[k:a = 'k:x']/child::k:b", "/kinds:top/kinds:l[kinds:a = 'k:x']/child::kinds:b"),
        ("any", "007", "7"), ("any", "true", "true"), ("any", "300", "300"), ("any", " 5", "5"), ("any", "x", "x"),
    ]

    @Test func everyTypeKeepsItsCanonicalForm() throws {
        let model = try CodecModels.model([Self.inet, Self.yang, Self.module])
        for row in Self.table {
            let escaped = row.written.replacing("<", with: "&lt;")
            let text = "<top xmlns='urn:kinds' xmlns:k='urn:kinds'><\(row.leaf)>\(escaped)</\(row.leaf)></top>"
            let decoded = XMLDataDecoder.tree(Array(text.utf8), file: "k.xml", model: model)
            let tree = decoded.content
            let value = decoded.hasErrors ? nil : tree.value(try tree.path("/k:top/\(row.leaf)"))
            #expect(value == row.kept, "\(row.leaf) \(row.written): \(decoded.diagnostics)")
            guard let kept = row.kept else { continue }
            // What is canonical stays so, in both encodings.
            let xml = XMLDataEncoder.bytes(tree)
            let json = JSONDataEncoder.bytes(tree)
            for again in [
                XMLDataDecoder.tree(xml, file: "k.xml", model: model),
                JSONDataDecoder.tree(json, file: "k.json", model: model),
            ] {
                #expect(again.diagnostics.map(\.description) == [])
                #expect(try again.content.value(tree.path("/k:top/\(row.leaf)")) == kept)
            }
        }
    }
}
