import Testing
import YANG

@testable import ConfigTree

/// What validation says that it has read: as little as its outcome hangs on.
@Suite struct ReadCollectorTests {
    private static let body = """
        container sys {
          leaf limit { type uint16; default 100; }
          leaf other { type string; }
          list port {
            key name;
            unique label;
            max-elements 90;
            leaf name { type string; }
            leaf label { type string; }
            leaf mtu { type uint16; must ". <= ../../limit"; }
            leaf peer { type leafref { path "/m:sys/m:port/m:name"; } }
          }
          list note { key id; leaf id { type uint16; } leaf text { type string; } }
          leaf total { type uint16; must ". >= count(../note)"; }
          leaf sum { type uint16; must ". >= sum(../port/mtu)"; }
        }
        """

    private func reads(_ old: [(Edit, String)], _ new: [(Edit, String)]) throws -> Set<ReadCollector.Read> {
        let model = try TreeModels.model(Self.body)
        var before = DataTree(model)
        for (edit, path) in old { before = try before.applying(edit, at: before.path(path)) }
        var after = before
        for (edit, path) in new { after = try after.applying(edit, at: after.path(path)) }
        let collector = ReadCollector()
        let found = collector.collect { Validator(model).violations(in: after, changedFrom: before) }
        #expect(found.isEmpty, "\(found)")
        return collector.reads
    }

    private func read(_ aspect: ReadCollector.Aspect, _ path: String...) -> ReadCollector.Read {
        ReadCollector.Read(path: path, aspect: aspect)
    }

    @Test func aLeafWithoutConstraintsReadsNothing() throws {
        #expect(try reads([(.set("y"), "/m:sys/other")], [(.set("x"), "/m:sys/other")]).isEmpty)
    }

    @Test func anExpressionReadsTheValuesThatItComesToAndNoOthers() throws {
        let found = try reads(
            [(.set("1"), "/m:sys/port[name='a']/mtu"), (.set("1"), "/m:sys/port[name='b']/mtu")],
            [(.set("2"), "/m:sys/port[name='a']/mtu")])
        #expect(found.contains(read(.value, "/m:sys", "/limit")))
        #expect(!found.contains { $0.path.contains("{b}") })
    }

    @Test func aReferenceReadsThatItsTargetIsThere() throws {
        let found = try reads(
            [(.create, "/m:sys/port[name='a']"), (.create, "/m:sys/port[name='b']")],
            [(.set("b"), "/m:sys/port[name='a']/peer")])
        #expect(found.contains(read(.value, "/m:sys", "/port", "{b}")))
        #expect(!found.contains { $0.aspect == .subtree })
    }

    @Test func aCountReadsWhichEntriesThereAre() throws {
        let found = try reads([(.set("7"), "/m:sys/total")], [(.set("x"), "/m:sys/note[id='1']/text")])
        #expect(found.contains(read(.instances, "/m:sys", "/note")))
    }

    @Test func aUniqueValueIsClaimedByItself() throws {
        let found = try reads(
            [(.set("x"), "/m:sys/port[name='a']/label")], [(.set("y"), "/m:sys/port[name='b']/label")])
        let claims = found.filter { $0.aspect == .claim }
        #expect(claims.count == 1 && claims.first?.path.starts(with: ["/m:sys", "/port"]) == true)
        #expect(found.contains(read(.instances, "/m:sys", "/port")), "their number is bounded")
    }

    @Test func aLongListIsReadAsAWhole() throws {
        var old: [(Edit, String)] = [(.set("1000"), "/m:sys/sum")]
        for number in 0..<80 { old.append((.set("1"), "/m:sys/port[name='p\(number)']/mtu")) }
        let found = try reads(old, [(.set("2"), "/m:sys/port[name='p7']/mtu")])
        #expect(found.contains(read(.subtree, "/m:sys", "/port")))
        #expect(found.count < 20, "\(found.count)")
    }
}
