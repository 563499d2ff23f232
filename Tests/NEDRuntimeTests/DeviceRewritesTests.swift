import Basics
import ConfigTree
import TestSupport
import Testing
import YANG

@testable import NEDRuntime

/// What a device makes of what it was sent, and how it is taken back from what it shows.
struct DeviceRewritesTests {
    private static let model = Result {
        let text = """
            module m { yang-version 1.1; namespace "urn:m"; prefix m;
              leaf hostname { type string; }
              list user { key name; leaf name { type string; }
                choice form {
                  container password { presence "p"; leaf type { type uint8; } leaf value { type string; } }
                  container secret { presence "s"; leaf type { type uint8; } leaf value { type string; } } } }
              list interface { key name; leaf name { type string; }
                leaf description { type string; } leaf mtu { type uint16; }
                container ip { leaf redirects { type boolean; } leaf-list helper { type string; } } }
              list rule { key name; ordered-by user; leaf name { type string; } leaf text { type string; } }
            }
            """
        let outcome = SchemaCompiler().compile([SchemaCompiler.Source(path: "m.yang", bytes: Array(text.utf8))])
        return DataModel(try #require(outcome.schema, "\(outcome.diagnostics)"))
    }

    private func tree(_ json: String) throws -> DataTree {
        try JSONDataDecoder.tree(Array(json.utf8), file: "data", model: try Self.model.get()).get()
    }

    /// What is sent and what the device makes of it; each must be taken back as a whole.
    private static let cases: [(String, sent: String, shown: String)] = [
        (
            "a hash instead of a password",
            #"{"m:user":[{"name":"a","password":{"type":0,"value":"x"}}]}"#,
            #"{"m:user":[{"name":"a","password":{"type":7,"value":"08351F"}}]}"#
        ),
        (
            "another case of the choice",
            #"{"m:user":[{"name":"a","password":{"type":0,"value":"x"}}]}"#,
            #"{"m:user":[{"name":"a","secret":{"type":9,"value":"$9$abc"}}]}"#
        ),
        (
            "another spelling of a key",
            #"{"m:interface":[{"name":"gigabitethernet0/1","mtu":1500,"ip":{"helper":["2001:DB8::1"]}}]}"#,
            #"{"m:interface":[{"name":"GigabitEthernet0/1","mtu":1500,"ip":{"helper":["2001:db8::1"]}}]}"#
        ),
        (
            "lines added and dropped",
            #"{"m:hostname":"r1","m:interface":[{"name":"e0","mtu":1500}]}"#,
            #"{"m:hostname":"r1","m:interface":[{"name":"e0","description":"-","ip":{"redirects":true}},{"name":"Null0"}]}"#
        ),
        (
            "another order",
            #"{"m:rule":[{"name":"b","text":"1"},{"name":"a","text":"2"},{"name":"C","text":"3"}]}"#,
            #"{"m:rule":[{"name":"a","text":"2"},{"name":"b","text":"1"},{"name":"c","text":"3"}]}"#
        ),
    ]

    @Test func whatADeviceMadeOfItIsTakenBackFromWhatItShows() throws {
        for (name, sent, shown) in Self.cases {
            let (sent, shown) = (try tree(sent), try tree(shown))
            let rewrites = DeviceRewrites.learnt(sent: sent, shown: shown)
            #expect(!rewrites.isEmpty, "\(name)")
            #expect(rewrites.applied(to: shown).isSame(as: sent), "\(name)")
            // What is shown as it was sent stays so, apart from what would be dropped or added.
            let again = try #require(DeviceRewrites(json: JSONValue.parse(Array(rewrites.json.print().utf8), file: "")))
            #expect(again == rewrites, "\(name)")
        }
        let same = try tree(Self.cases[0].sent)
        #expect(DeviceRewrites.learnt(sent: same, shown: same).isEmpty)
    }

    @Test func changesByOthersAreNotHidden() throws {
        for (name, sent, shown, foreign, expected) in [
            (
                "another hash", Self.cases[0].sent, Self.cases[0].shown,
                #"{"m:user":[{"name":"a","password":{"type":7,"value":"FFFF"}}]}"#,
                #"{"m:user":[{"name":"a","password":{"type":0,"value":"FFFF"}}]}"#
            ),
            ("the entry is gone", Self.cases[2].sent, Self.cases[2].shown, "{}", "{}"),
            (
                "the entry has something else", Self.cases[2].sent, Self.cases[2].shown,
                #"{"m:interface":[{"name":"GigabitEthernet0/1","mtu":9000}]}"#,
                #"{"m:interface":[{"name":"gigabitethernet0/1","mtu":9000}]}"#
            ),
            (
                "what was added has another value", Self.cases[3].sent, Self.cases[3].shown,
                #"{"m:hostname":"r1","m:interface":[{"name":"e0","description":"new"}]}"#,
                #"{"m:hostname":"r1","m:interface":[{"name":"e0","description":"new","mtu":1500}]}"#
            ),
            (
                "what holds it is gone", Self.cases[3].sent, Self.cases[3].shown, #"{"m:hostname":"r1"}"#,
                #"{"m:hostname":"r1"}"#
            ),
            (
                "another entry in the order", Self.cases[4].sent, Self.cases[4].shown,
                #"{"m:rule":[{"name":"a","text":"2"},{"name":"x"},{"name":"b","text":"1"},{"name":"c","text":"3"}]}"#,
                #"{"m:rule":[{"name":"a","text":"2"},{"name":"x"},{"name":"b","text":"1"},{"name":"C","text":"3"}]}"#
            ),
        ] {
            let rewrites = DeviceRewrites.learnt(sent: try tree(sent), shown: try tree(shown))
            let difference = rewrites.applied(to: try tree(foreign))
            let text = String(decoding: JSONDataEncoder.bytes(difference), as: UTF8.self)
            #expect(difference.isSame(as: try tree(expected)), "\(name): \(text)")
        }
    }

    @Test func brokenMemoryIsNone() throws {
        for text in [#"{}"#, #"[["value","/m:hostname"]]"#, #"[["order","/m:rule","0"]]"#, #"[["other","/x","y"]]"#] {
            #expect(DeviceRewrites(json: try JSONValue.parse(Array(text.utf8), file: "")) == nil, "\(text)")
        }
        let stray = try #require(
            DeviceRewrites(json: JSONValue.parse(Array(#"[["value","/m:nowhere","a","b"]]"#.utf8), file: "")))
        let shown = try tree(Self.cases[0].shown)
        #expect(stray.applied(to: shown).isSame(as: shown))
    }
}
