import CLIGrammar
import ConfigTree
import Foundation
import Netsim
import Testing
import YANG

/// Each annotation of the driver for switches that decides an order is needed: without it, the commands are refused by
/// a simulated switch that knows it.
@Suite struct OrderingAnnotationTests {
    private static let driver = "openned-nx-cli-1.0"

    /// For each annotation, in the order of the model: which one it is, and a change that needs it.
    private static let changes: [(annotation: String, from: String, to: String)] = [
        (
            "cli-diff-set-before \"../host\"", "",
            "snmp-server host 192.0.2.9\nsnmp-server source-interface loopback0\n"
        ),
        ("cli-diff-after \"../server\"", "", "logging level 5\nlogging server 192.0.2.8\n"),
        (
            "cli-diff-modify-after \"../ip/address\"",
            "interface Ethernet1/1\n no switchport\n ip address 10.0.0.1/8\n ip router ospf 1 area 0.0.0.0\n",
            "interface Ethernet1/1\n switchport\n ip router ospf 1 area 0.0.0.0\n"
        ),
        (
            "cli-diff-delete-after \"../ip/address\"",
            "interface Ethernet1/1\n no switchport\n ip address 10.0.0.1/8\n ip router ospf 1 area 0.0.0.0\n",
            "interface Ethernet1/1\n ip router ospf 1 area 0.0.0.0\n"
        ),
        (
            "cli-diff-modify-before \"../duplex\"", "interface Ethernet1/1\n duplex full\n speed 100\n",
            "interface Ethernet1/1\n duplex half\n speed 10\n"
        ),
        (
            "cli-diff-set-after \"/system/jumbomtu\"", "interface Ethernet1/1\n mtu 1500\n",
            "interface Ethernet1/1\n mtu 9000\nsystem jumbomtu 9216\n"
        ),
        (
            "cli-diff-dependency \"/spanning-tree/mode\"",
            "spanning-tree mode mst\ninterface Ethernet1/1\n description a\n spanning-tree-cost 10 5\n",
            "spanning-tree mode rapid-pvst\ninterface Ethernet1/1\n description a\n"
        ),
        (
            "cli-diff-create-after \"../../port-channel\"", "",
            "interface Ethernet1/1\n channel-group 5\ninterface port-channel5\n"
        ),
        (
            "cli-diff-create-before \"../../ip/address\"", "",
            "interface Ethernet1/1\n ip address 10.0.0.1/8\n vrf member blue\n"
        ),
        (
            "cli-diff-delete-after \"../Ethernet/channel-group\"",
            "interface Ethernet1/1\n description a\n channel-group 5\ninterface port-channel5\n",
            "interface Ethernet1/1\n description a\n"
        ),
        (
            "cli-diff-delete-before \"/feature/interface-vlan\"", "feature interface-vlan\ninterface Vlan10\n",
            ""
        ),
        ("cli-diff-delete-before \"/feature/ospf\"", "feature ospf\nrouter ospf 1\n", ""),
        (
            "cli-diff-before \"../redistribute\"", "router ospf 1\n router-id 192.0.2.1\n redistribute static\n",
            "router ospf 1\n router-id 192.0.2.2\n redistribute direct\n"
        ),
        (
            "cli-diff-dependency \"../router-id\"", "router bgp 1\n",
            "router bgp 1\n log-neighbor-changes\n router-id 192.0.2.2\n"
        ),
        (
            "cli-remove-before-change", "router bgp 1\n neighbor 192.0.2.9\n  remote-as 1\n",
            "router bgp 1\n neighbor 192.0.2.9\n  remote-as 2\n"
        ),
    ]

    private static func grammar(without annotation: Int? = nil) throws -> CLIGrammar {
        var sources = try ShippedSources.yangFiles("packages/\(driver)/src/yang")
        let main = try #require(sources.firstIndex { $0.path.hasSuffix("/openned-nx.yang") })
        var text = String(decoding: sources[main].bytes, as: UTF8.self)
        let pattern = /tailf:cli-(diff-[a-z-]+\s+"[^"]*"|remove-before-change)\s*(;|\{[^{}]*\})/
        let found = text.matches(of: pattern)
        #expect(found.count == changes.count)
        for (match, change) in zip(found, changes) { #expect(match.output.0.hasPrefix("tailf:" + change.annotation)) }
        if let annotation, annotation < found.count { text.removeSubrange(found[annotation].range) }
        for (index, source) in sources.enumerated() where index != main {
            #expect(String(decoding: source.bytes, as: UTF8.self).firstMatch(of: pattern) == nil, "\(source.path)")
        }
        sources[main].bytes = Array(text.utf8)
        let outcome = ShippedSources.compile(sources)
        return CLIGrammar(model: DataModel(try #require(outcome.schema)), dialect: .nx)
    }

    private static func commands(_ grammar: CLIGrammar, _ from: String, _ to: String) throws -> [String] {
        var options = ParseOptions()
        options.isStrict = true
        let trees = try [from, to].map { try grammar.parse(Array($0.utf8), options: options).tree }
        return grammar.commands(from: trees[0], to: trees[1]).map(\.text)
    }

    /// A switch that is told a default value holds it, which makes no difference.
    private static func withoutDefaults(_ tree: DataTree) -> DataTree {
        var result = tree
        func walk(_ instance: Instance) {
            for child in instance.children() {
                if child.node.kind == .leaf, let value = child.value, child.node.defaults.first == value {
                    result = (try? result.applying(.delete, at: child.path)) ?? result
                } else {
                    walk(child)
                }
            }
        }
        walk(tree.rootInstance)
        return result
    }

    @Test func eachIsNeeded() throws {
        let whole = try Self.grammar()
        let rules = StrictRules(whole.model)
        for (index, change) in Self.changes.enumerated() {
            let start = try whole.parse(Array(change.from.utf8)).tree
            let wanted = try whole.parse(Array(change.to.utf8)).tree
            var router = StrictRouter(whole, rules: rules, holding: start)
            let commands = try Self.commands(whole, change.from, change.to)
            #expect(router.enter(commands) == nil, "\(change.annotation): \(commands)")
            let reached = Self.withoutDefaults(router.tree)
            #expect(reached.diff(to: Self.withoutDefaults(wanted)).isEmpty, "\(change.annotation): \(commands)")
            var other = StrictRouter(whole, rules: rules, holding: start)
            let unordered = try Self.commands(try Self.grammar(without: index), change.from, change.to)
            #expect(other.enter(unordered) != nil, "not needed: \(change.annotation): \(unordered)")
        }
    }

    @Test func everyKindIsUsed() throws {
        let kinds = Set(Self.changes.map { $0.annotation.split(separator: " ")[0] })
        let sides = ["after", "before"]
        for kind in ["", "create-", "delete-", "modify-", "set-"] {
            for side in sides { #expect(kinds.contains("cli-diff-\(kind)\(side)"), "\(kind)\(side)") }
        }
        #expect(kinds.contains("cli-diff-dependency"))
    }
}
