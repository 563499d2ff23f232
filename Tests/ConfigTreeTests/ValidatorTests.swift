import Basics
import Testing
import YANG

@testable import ConfigTree

/// A model with every kind of constraint, and all of them at odds with each other.
private let boxModule = """
    module box {
      yang-version 1.1;
      namespace "urn:box";
      prefix b;
      identity kind;
      identity ether { base kind; }
      identity optical { base kind; }
      container limits {
        leaf max-mtu { type uint16; default 9000; }
        leaf strict { type boolean; default false; }
      }
      list port {
        key name;
        max-elements 4;
        unique "address/ip address/mask";
        leaf name { type string; }
        leaf kind { type identityref { base kind; } }
        leaf mtu {
          type uint16;
          default 1500;
          must ". >= 64 and . <= /b:limits/b:max-mtu" {
            error-message "mtu out of bounds";
            error-app-tag mtu-bound;
          }
        }
        leaf peer {
          type leafref { path "../../port/name"; }
          must "current() != ../name";
        }
        container address {
          leaf ip { type string; }
          leaf mask { type uint8; default 24; }
          leaf gateway { when "../ip"; type string; mandatory true; }
        }
        container light {
          when "derived-from(../kind, 'b:optical') or ../kind = 'b:optical'";
          leaf power { type int8; mandatory true; }
          leaf color { type string; }
        }
      }
      augment "/b:port" {
        when "b:kind = 'b:ether'";
        leaf duplex { type string; default full; must "../b:mtu < 9000"; }
      }
      container qos {
        when "/b:limits/b:strict = 'true'";
        leaf weight { type uint8; mandatory true; }
      }
      list tunnel {
        key id;
        leaf id { type uint8; }
        leaf from { type leafref { path "/b:port/b:name"; } mandatory true; }
        leaf to { type leafref { path "/b:port/b:name"; } must ". != ../from"; }
        leaf source { type leafref { path "/b:port[b:name = current()/../from]/b:address/b:ip"; } }
        leaf-list via { type leafref { path "/b:port/b:name"; } min-elements 1; max-elements 2; }
        leaf backup { type union { type leafref { path "/b:tunnel/b:id"; } type enumeration { enum none; } } }
        leaf watch { type instance-identifier; }
        leaf hint { type leafref { path "/b:port/b:name"; require-instance false; } }
      }
      container pool {
        must "count(/b:port) <= 3" { error-message "too many ports for the pool"; }
        choice method {
          default auto;
          case auto { leaf timer { type uint8; default 5; must ". < 10 or /b:limits/b:strict = 'false'"; } }
          case manual {
            leaf value { type uint8; }
            leaf unit { type string; mandatory true; }
            container extra { leaf a { type string; mandatory true; } leaf b { type string; } }
          }
        }
        leaf check { type string; must "../timer = 5 or ../value"; }
      }
      container session {
        presence "sessions are kept";
        choice store {
          mandatory true;
          leaf disk { type string; }
          case memory { leaf megabytes { type uint8; } leaf swap { type string; } }
        }
      }
      list rule {
        key n;
        ordered-by user;
        must "not(preceding-sibling::b:rule[b:kind = 'deny-all'])";
        leaf n { type uint8; }
        leaf kind { type string; }
      }
    }
    """

private func model(_ text: String) throws -> DataModel {
    let source = SchemaCompiler.Source(path: "box.yang", bytes: Array(text.utf8))
    let outcome = SchemaCompiler().compile([source])
    return DataModel(try #require(outcome.schema, "\(outcome.diagnostics)"))
}

private func tree(_ model: DataModel, _ settings: [(String, String?)]) throws -> DataTree {
    var tree = DataTree(model)
    for (path, value) in settings { try tree.apply(value.map(Edit.set) ?? .create, at: tree.path(path)) }
    return tree
}

private let valid: [(String, String?)] = [
    ("/b:port{p1}", nil), ("/b:port{p1}/kind", "box:ether"), ("/b:port{p2}", nil), ("/b:port{p2}/peer", "p1"),
    ("/b:tunnel{1}/from", "p1"), ("/b:tunnel{1}/via{p2}", nil),
]

/// The violations after further settings, as `summary` texts.
private func faults(_ settings: [(String, String?)], deleting deleted: [String] = []) throws -> [String] {
    let model = try model(boxModule)
    var changed = try tree(model, valid + settings)
    for path in deleted { try changed.apply(.delete, at: changed.path(path)) }
    return Validator(model).violations(in: changed).map(\.summary)
}

@Test func aValidTreeHasNoViolations() throws {
    #expect(try faults([]) == [])
}

@Test func mandatoryNodesAreMissedWhereTheyAreWanted() throws {
    #expect(try faults([("/b:tunnel{2}/via{p1}", nil)]) == ["\"/b:tunnel{2}/from\" is not configured"])
    #expect(
        try faults([("/b:port{p1}/address/ip", "1.1.1.1")]) == ["\"/b:port{p1}/address/gateway\" is not configured"])
    #expect(try faults([("/b:limits/strict", "true")]) == ["\"/b:qos/weight\" is not configured"])
    #expect(try faults([("/b:port{p2}/kind", "box:optical")]) == ["\"/b:port{p2}/light/power\" is not configured"])
    #expect(try faults([("/b:session", nil)]) == ["choice \"store\" of \"/b:session\" is not configured"])
    #expect(
        try faults([("/b:pool/value", "3")])
            == ["\"/b:pool/unit\" is not configured", "\"/b:pool/extra/a\" is not configured"])
}

@Test func referencesMustHitSomething() throws {
    #expect(try faults([("/b:tunnel{1}/to", "p9")]) == ["illegal reference /b:tunnel{1}/to"])
    #expect(try faults([("/b:tunnel{1}/hint", "p9")]) == [])
    #expect(try faults([("/b:tunnel{1}/source", "1.1.1.1")]) == ["illegal reference /b:tunnel{1}/source"])
    #expect(
        try faults([
            ("/b:port{p1}/address/ip", "1.1.1.1"), ("/b:port{p1}/address/gateway", "g"),
            ("/b:tunnel{1}/source", "1.1.1.1"),
        ]) == [])
    #expect(try faults([("/b:tunnel{1}/backup", "none")]) == [])
    #expect(try faults([("/b:tunnel{1}/backup", "1")]) == [])
    #expect(try faults([("/b:tunnel{1}/backup", "7")]) == ["illegal reference /b:tunnel{1}/backup"])
    #expect(try faults([("/b:tunnel{1}/watch", "/box:port[name='p1']/kind")]) == [])
    #expect(
        try faults([("/b:tunnel{1}/watch", "/box:port[name='p2']/kind")]) == ["illegal reference /b:tunnel{1}/watch"])
    #expect(
        try faults([], deleting: ["/b:port{p1}"])
            == ["illegal reference /b:port{p2}/peer", "illegal reference /b:tunnel{1}/from"])
}

@Test func countsAreKept() throws {
    #expect(
        try faults([], deleting: ["/b:tunnel{1}/via{p2}"])
            == ["too few /b:tunnel{1}/via, 0 configured, at least 1 must be configured"])
    #expect(
        try faults([("/b:port{p3}", nil), ("/b:port{p4}", nil), ("/b:port{p5}", nil)])
            == ["too many /b:port, 5 configured, at most 4 must be configured", "too many ports for the pool"])
}

@Test func uniqueCountsDefaultsAndSkipsWhatIsIncomplete() throws {
    let same: [(String, String?)] = [
        ("/b:port{p1}/address/ip", "1.1.1.1"), ("/b:port{p1}/address/gateway", "g"),
        ("/b:port{p2}/address/ip", "1.1.1.1"), ("/b:port{p2}/address/gateway", "g"),
    ]
    #expect(try faults(same) == ["/b:port{p1} and /b:port{p2} have the same ip, mask"])
    #expect(try faults(same + [("/b:port{p2}/address/mask", "24")]).count == 1, "24 is the default")
    #expect(try faults(same + [("/b:port{p2}/address/mask", "25")]) == [])
}

@Test func mustsSpeakTheirOwnWords() throws {
    let model = try model(boxModule)
    let found = Validator(model).violations(in: try tree(model, valid + [("/b:port{p1}/mtu", "63")]))
    #expect(found.map(\.summary) == ["mtu out of bounds"])
    #expect(found.first?.appTag == "mtu-bound")
    #expect(found.first?.path == "/box:port[name='p1']/mtu")
    #expect(
        try faults([("/b:port{p1}/peer", "p1")])
            == ["the expression 'current() != ../name' of /b:port{p1}/peer failed"])
    // A default in use is checked as if it were written.
    #expect(try faults([("/b:limits/max-mtu", "1000")]) == ["mtu out of bounds", "mtu out of bounds"])
    #expect(try faults([("/b:pool/check", "x"), ("/b:pool/timer", "6")]).count == 1)
}

@Test func nodesWhoseConditionIsFalseAreReportedOnce() throws {
    #expect(
        try faults([("/b:port{p1}/light/color", "red")])
            == [
                "/b:port{p1}/light is not allowed: the 'when' expression "
                    + "'derived-from(../kind, 'b:optical') or ../kind = 'b:optical'' failed"
            ])
    #expect(try faults([("/b:port{p2}/duplex", "half")]).count == 1)
}

@Test func aChangeThatMakesAConditionFalseTakesItsNodesAlong() throws {
    let model = try model(boxModule)
    let old = try tree(
        model,
        valid + [
            ("/b:port{p2}/kind", "box:optical"), ("/b:port{p2}/light/power", "3"), ("/b:limits/strict", "true"),
            ("/b:qos/weight", "1"),
        ])
    let validator = Validator(model)
    #expect(validator.violations(in: old) == [])
    var new = old
    try new.apply(.set("box:ether"), at: new.path("/b:port{p2}/kind"))
    try new.apply(.delete, at: new.path("/b:limits/strict"))
    // Set in the same change: not removed behind the operator's back.
    try new.apply(.set("1.1.1.1"), at: new.path("/b:port{p1}/address/gateway"))
    let (pruned, removed) = try validator.pruned(new, changedFrom: old)
    #expect(Set(removed.map(\.keypath)) == ["/b:port{p2}/light", "/b:qos"])
    #expect(validator.violations(in: pruned, changedFrom: old).map(\.path) == ["/box:port[name='p1']/address/gateway"])
}

@Test func anExpressionThatCannotBeEvaluatedIsAWarning() throws {
    let model = try model(
        """
        module odd { namespace "urn:odd"; prefix o; leaf a { type string; must "re-match(., ../b)"; } leaf b { type string; } }
        """)
    let found = Validator(model).violations(in: try tree(model, [("/o:a", "x"), ("/o:b", "(")]))
    #expect(found.map(\.severity) == [.warning])
}

@Test func theNumberOfViolationsIsLimited() throws {
    let model = try model(
        """
        module many { namespace "urn:many"; prefix m; list l { key k; leaf k { type string; } leaf v { type string; mandatory true; } } }
        """)
    let big = try tree(model, (0..<50).map { ("/m:l{k\($0)}", nil) })
    #expect(Validator(model).violations(in: big).count == 50)
    #expect(Validator(model).violations(in: big, limit: 10).count == 10)
}

@Test func mountedTreesAreValidatedWithTheirOwnRoot() throws {
    let inner = try model(boxModule)
    let outerSchema = try #require(SchemaCompiler().compile(mountModules).schema)
    #expect(outerSchema.root.dataChild(named: "device")?.dataChild(named: "config")?.kind == .mountPoint)
    let outer = DataModel(outerSchema, mounted: { _, _ in inner })
    var tree = DataTree(outer)
    try tree.apply(.create, at: tree.path("/d:device{ce0}"))
    let validator = Validator(outer)
    for (path, value) in valid {
        try tree.apply(value.map(Edit.set) ?? .create, at: tree.path("/d:device{ce0}/config" + path))
    }
    #expect(validator.violations(in: tree) == [])
    let old = tree
    try tree.apply(.delete, at: tree.path("/d:device{ce0}/config/b:port{p1}"))
    let found = validator.violations(in: tree)
    #expect(found.map(\.summary).contains("illegal reference /d:device{ce0}/config/b:tunnel{1}/from"))
    #expect(Set(validator.violations(in: tree, changedFrom: old)) == Set(found))
    let sealed = try old.applying(.set("true"), at: old.path("/d:sealed"))
    #expect(validator.violations(in: sealed, changedFrom: old).map(\.path) == ["/dev:device[name='ce0']"])
    let bare = try sealed.applying(.delete, at: old.path("/d:device{ce0}/config"))
    #expect(validator.violations(in: bare, changedFrom: old) == [])
    #expect(Set(validator.violations(in: old, changedFrom: bare)) == [])
}

private let mountModules = [
    """
    module ietf-yang-schema-mount {
      yang-version 1.1; namespace "urn:ietf:params:xml:ns:yang:ietf-yang-schema-mount"; prefix yangmnt;
      extension mount-point { argument label; }
    }
    """,
    """
    module dev {
      yang-version 1.1; namespace "urn:dev"; prefix d;
      import ietf-yang-schema-mount { prefix m; }
      leaf sealed { type boolean; default false; }
      list device {
        key name;
        must "/d:sealed = 'false' or count(config/*) < 5";
        leaf name { type string; }
        container config { m:mount-point root; }
      }
    }
    """,
].map { SchemaCompiler.Source(path: "text.yang", bytes: Array($0.utf8)) }

// MARK: Changes

/// Edits to choose from; deletions of each path come on top.
private let pool: [(String, String?)] =
    valid + [
        ("/b:limits/max-mtu", "1400"), ("/b:limits/max-mtu", "9100"), ("/b:limits/strict", "true"),
        ("/b:limits/strict", "false"), ("/b:qos/weight", "3"), ("/b:port{p3}", nil), ("/b:port{p4}", nil),
        ("/b:port{p1}/kind", "box:optical"), ("/b:port{p2}/kind", "box:optical"), ("/b:port{p2}/kind", "box:ether"),
        ("/b:port{p1}/mtu", "9050"), ("/b:port{p2}/mtu", "64"), ("/b:port{p2}/mtu", "1400"), ("/b:port{p1}/peer", "p2"),
        ("/b:port{p1}/peer", "p3"), ("/b:port{p3}/peer", "p1"), ("/b:port{p1}/address/ip", "1.1.1.1"),
        ("/b:port{p2}/address/ip", "1.1.1.1"), ("/b:port{p2}/address/ip", "2.2.2.2"),
        ("/b:port{p1}/address/gateway", "g"), ("/b:port{p2}/address/gateway", "g"), ("/b:port{p1}/address/mask", "24"),
        ("/b:port{p2}/address/mask", "25"), ("/b:port{p1}/light/power", "1"), ("/b:port{p2}/light/power", "2"),
        ("/b:port{p2}/light/color", "red"), ("/b:port{p1}/duplex", "half"), ("/b:port{p2}/duplex", "full"),
        ("/b:tunnel{2}/from", "p2"), ("/b:tunnel{2}/via{p1}", nil), ("/b:tunnel{1}/via{p1}", nil),
        ("/b:tunnel{1}/via{p3}", nil), ("/b:tunnel{1}/from", "p2"), ("/b:tunnel{1}/to", "p2"),
        ("/b:tunnel{1}/to", "p1"), ("/b:tunnel{1}/source", "1.1.1.1"), ("/b:tunnel{2}/source", "2.2.2.2"),
        ("/b:tunnel{1}/backup", "2"), ("/b:tunnel{2}/backup", "1"), ("/b:tunnel{1}/backup", "none"),
        ("/b:tunnel{1}/watch", "/box:port[name='p1']/kind"), ("/b:tunnel{1}/watch", "/box:port[name='p3']"),
        ("/b:pool/timer", "5"), ("/b:pool/timer", "20"), ("/b:pool/value", "1"), ("/b:pool/unit", "s"),
        ("/b:pool/extra/a", "x"), ("/b:pool/extra/b", "y"), ("/b:pool/check", "c"), ("/b:session", nil),
        ("/b:session/disk", "d"), ("/b:session/megabytes", "9"), ("/b:session/swap", "s"), ("/b:rule{1}", nil),
        ("/b:rule{2}", nil), ("/b:rule{3}", nil), ("/b:rule{1}/kind", "deny-all"), ("/b:rule{2}/kind", "deny-all"),
        ("/b:rule{3}/kind", "permit"),
    ]

private let containers = [
    "/b:limits", "/b:port{p2}/address", "/b:port{p1}/light", "/b:pool", "/b:pool/extra", "/b:qos",
]

private func randomEdit(_ tree: DataTree, _ seed: inout Seed) throws -> DataTree {
    let (path, value) = pool.randomElement(using: &seed) ?? ("/b:session", nil)
    switch Int.random(in: 0..<10, using: &seed) {
    case 0...5: return try tree.applying(value.map(Edit.set) ?? .create, at: tree.path(path))
    case 6: return try tree.applying(.delete, at: tree.path(containers.randomElement(using: &seed) ?? "/b:pool"))
    case 7:
        let rule = try tree.path("/b:rule{\(Int.random(in: 1...3, using: &seed))}")
        return try tree.applying(.place(Bool.random(using: &seed) ? .first : .last), at: rule)
    default: return try tree.applying(.delete, at: tree.path(path))
    }
}

private struct Seed: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

@Test(arguments: 1...4)
func aChangeBringsTheViolationsThatAFullValidationFinds(number: UInt64) throws {
    var seed = Seed(state: number &* 0x9E37_79B9_7F4A_7C15)
    let model = try model(boxModule)
    let validator = Validator(model)
    var old = try tree(model, valid)
    var accepted = 0
    var refused = 0
    for round in 0..<1_500 {
        var new = old
        for _ in 0...Int.random(in: 0..<5, using: &seed) { new = try randomEdit(new, &seed) }
        let full = Set(validator.violations(in: new))
        let found = Set(validator.violations(in: new, changedFrom: old))
        let edits = ChangeSet(old.diff(to: new)).json
        #expect(found == full, "seed \(number), round \(round): \(edits)\nmissing \(full.subtracting(found))")
        guard found == full else { return }
        if full.isEmpty {
            accepted += 1
            old = new
        } else {
            refused += 1
        }
    }
    #expect(accepted > 100 && refused > 100, "\(accepted) accepted, \(refused) refused")
}

@Test func aSmallChangeOfALargeTreeIsCheap() throws {
    let model = try model(
        boxModule.replacing("max-elements 4;", with: "").replacing("count(/b:port) <= 3", with: "true()"))
    let draft = RowDraft(model.schema.root)
    let list = try #require(model.schema.root.dataChild(named: "port"))
    let mtu = try #require(list.dataChild(named: "mtu"))
    let peer = try #require(list.dataChild(named: "peer"))
    for index in 0..<10_000 {
        let entry = draft.entry(of: list, keys: ["p\(index)"])
        if index > 0 { entry.set("p\(index - 1)", for: peer) }
    }
    let old = DataTree(draft, model: model)
    let validator = Validator(model)
    let clock = ContinuousClock()
    let full = clock.measure { #expect(validator.violations(in: old) == []) }
    let new = try old.applying(.set("2000"), at: InstancePath().appending(list, keys: ["p77"]).appending(mtu))
    let small = clock.measure { #expect(validator.violations(in: new, changedFrom: old) == []) }
    #expect(small * 20 < full, "full \(full), change \(small)")
}

@Test func entriesStandInTheOrderOfTheirKeysMeaning() throws {
    let model = try model(
        """
        module keyed {
          namespace "urn:keyed"; prefix k;
          typedef ipv4-address { type string; }
          list host { key "ip port"; leaf ip { type ipv4-address; } leaf port { type leafref { path "/k:number"; } } }
          leaf number { type int32; }
        }
        """)
    let keys = [("10.0.0.10", "2"), ("9.1.1.1", "1"), ("10.0.0.9", "1"), ("10.0.0.10", "-3"), ("10.0.0.10", "10")]
    let tree = try tree(model, keys.map { ("/k:host{\($0.0) \($0.1)}", nil) })
    #expect(
        tree.rootInstance.entries("host").map { $0.keys.joined(separator: " ") }
            == ["9.1.1.1 1", "10.0.0.9 1", "10.0.0.10 -3", "10.0.0.10 2", "10.0.0.10 10"])
}

@Test func referencesToLeavesThatAreNoKeysDoNotSearchThemAgainAndAgain() throws {
    let model = try model(
        """
        module refs {
          namespace "urn:refs"; prefix r;
          list host { key id; leaf id { type uint32; } container net { leaf ip { type string; } } }
          list use { key id; leaf id { type uint32; } leaf ip { type leafref { path "../../r:host/r:net/r:ip"; } } }
        }
        """)
    let host = try #require(model.schema.root.dataChild(named: "host"))
    let net = try #require(host.dataChild(named: "net"))
    let ip = try #require(net.dataChild(named: "ip"))
    let use = try #require(model.schema.root.dataChild(named: "use"))
    let reference = try #require(use.dataChild(named: "ip"))
    let draft = RowDraft(model.schema.root)
    for index in 0..<4_000 {
        draft.entry(of: host, keys: ["\(index)"]).container(net).set("ip\(index)", for: ip)
        draft.entry(of: use, keys: ["\(index)"]).set("ip\(index + 1)", for: reference)
    }
    let clock = ContinuousClock()
    let time = clock.measure {
        let found = Validator(model).violations(in: DataTree(draft, model: model))
        #expect(found.map(\.summary) == ["illegal reference /r:use{3999}/ip"])
    }
    #expect(time < .seconds(10), "\(time)")
}
