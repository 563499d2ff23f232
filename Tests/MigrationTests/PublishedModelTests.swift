import ConfigTree
import Foundation
import Testing
import YANG

@testable import Migration

/// Migrations between published versions of models.
@Suite struct PublishedModelTests {
    private func lines(_ old: Schema, _ new: Schema) -> [String] {
        SchemaComparison(from: old, to: new).changes.map { "\($0.path) \($0.info) \($0.compatibility.rawValue)" }
    }

    @Test(.enabled(if: MigrationModels.isShared("nso-examples/router-nc-1.1")))
    func countersOfTheExampleRouterBecomeState() throws {
        let folder = MigrationModels.shared.appending(path: "nso-examples")
        let old = try MigrationModels.folder(folder.appending(path: "router-nc-1.0/src/yang"), policy: .vendor)
        let new = try MigrationModels.folder(
            folder.appending(path: "router-nc-1.1/src/yang"), policy: .vendor, except: ["router-ann.yang"])
        #expect(
            lines(old, new) == [
                "/r:sys/interfaces/interface/unit/status node is no longer configuration false",
                "/r:sys/state sub-tree has been added true", "/r:link-status sub-tree has been added true",
            ])
    }

    /// The transcript is of an older revision than 2.1.3, and of a release that calls a leaf a sub-tree: what both
    /// revisions have in common must be there.
    @Test(.enabled(if: MigrationModels.isShared("tapi/v2.3.1")))
    func transportModelChangesAsInTheTranscript() throws {
        let folder = MigrationModels.shared.appending(path: "tapi")
        let old = try MigrationModels.folder(folder.appending(path: "v2.1.3"), policy: .vendor)
        let new = try MigrationModels.folder(folder.appending(path: "v2.3.1"), policy: .vendor)
        let service = "/tapi-common:context/tapi-virtual-network:virtual-network-context/virtual-nw-service/"
        let found = lines(old, new)
        for line in [
            "vnw-constraint/service-layer leaf-list type stack has changed false",
            "vnw-constraint/requested-capacity/bandwidth-profile sub-tree has been deleted false",
            "vnw-constraint/latency-characteristic/queing-latency-characteristic leaf has been removed false",
            "layer-protocol-name leaf-list type stack has changed false",
        ] { #expect(found.contains(service + line)) }
    }

    /// All modules of two releases, with their definitions: nothing is left undecided.
    @Test(.enabled(if: MigrationModels.isShared("openconfig/v5.0.0")))
    func openConfigIsReportedWhole() throws {
        let root = MigrationModels.shared.appending(path: "openconfig").path
        var output = ""
        let status = CompareCommand.run(
            arguments: ["--compare", root + "/v4.4.0", root + "/v5.0.0"], environment: [:],
            unpack: { archive, _ in archive }, output: { output += $0 }, errors: { Issue.record("\($0)") })
        #expect(status == 1)
        #expect(output.hasSuffix("\n113 changes: 25 incompatible, 0 undecided, 88 compatible (rules rfc7950)\n"))
        for node in [
            "/oc-keychain:keychains/keychain/keys/key/config/crypto-algorithm",
            "/oc-sys:system/oc-sys-grpc:grpc-servers/grpc-server/oc-gnsi-acctz:acctz-counters",
            "identity openconfig-keychain-types:AES_28_CMAC_96", "typedef openconfig-bgp-policy:bgp-set-med-type",
        ] { #expect(output.contains("    path \(node)\n")) }
    }

    @Test(.enabled(if: MigrationModels.hasDriverModels))
    func ourDriverChangesAsItsTableSays() throws {
        let packages = MigrationModels.root.appending(path: "packages")
        let old = try MigrationModels.folder(packages.appending(path: "openned-ios-cli-1.0/src/yang"))
        let new = try MigrationModels.folder(packages.appending(path: "openned-ios-cli-2.0/src/yang"))
        let interfaces = ["Loopback", "GigabitEthernet", "Vlan", "Tunnel"].flatMap { name in
            [
                "/ios:interface/\(name)/mtu leaf/leaf-list type has changed",
                "/ios:interface/\(name)/ip/address node has moved to another case",
                "/ios:interface/\(name)/ip/helper-address node type has changed from leaf-list to list",
            ]
        }
        let others = [
            "/ios:service/pad leaf has been removed", "/ios:logging/trap leaf/leaf-list type has changed",
            "/ios:logging/buffered leaf/leaf-list type has changed",
            "/ios:ntp/server list key has changed", "/ios:ntp/server/address leaf has been removed",
            "/ios:snmp-server/host/name mandatory choice has been added",
            "/ios:snmp-server/host/community node has moved to another case",
            "/ios:interface/GigabitEthernet/switchport/access/vlan leaf/leaf-list type has changed",
            "/ios:interface/GigabitEthernet/switchport node has moved to another case",
            "/ios:route-map/set/metric node has moved to another case",
            "/ios:ip/domain/name leaf has been removed",
            "/ios:router/ospf/passive-interface/interface leaf-list type stack has changed",
            "/ios:router/bgp/neighbor list key has changed; leaf 'id' has changed type",
            "/ios:router/bgp/neighbor must expression has been added",
            "/ios:router/bgp/neighbor/id leaf/leaf-list type has changed",
        ]
        let found = lines(old, new).filter { $0.hasPrefix("/") }
        #expect(Set(found.filter { $0.hasSuffix(" false") }) == Set((interfaces + others).map { $0 + " false" }))
        // The rest is more of everything, or less of a constraint.
        let more = ["been added", "been widened", "been relaxed", "longer mandatory", "expression has been removed"]
        for line in found where line.hasSuffix(" true") {
            #expect(more.contains { line.hasSuffix($0 + " true") }, "\(line)")
        }
        for line in [
            "/ios:ntp must expression has been removed", "/ios:ntp/server/name leaf has been added",
            "/ios:ip/domain/domain-name leaf has been added", "/ios:ip/name-server min/max has been relaxed",
            "/ios:ip/route/tag leaf has been added", "/ios:ip/route/next-hop leaf/leaf-list type has been widened",
            "/ios:router/bgp/neighbor/remote-as node is no longer mandatory",
            "/ios:router/bgp/neighbor/peer-group leaf has been added", "/ios:aaa sub-tree has been added",
            "/ios:interface/Port-channel sub-tree has been added", "/ios:router/eigrp sub-tree has been added",
        ] { #expect(found.contains(line + " true"), "\(line)") }
    }

    @Test(.enabled(if: MigrationModels.hasDriverModels))
    func ourDriversSampleIsCarriedOver() throws {
        let packages = MigrationModels.root.appending(path: "packages")
        let old = DataModel(try MigrationModels.folder(packages.appending(path: "openned-ios-cli-1.0/src/yang")))
        let new = DataModel(try MigrationModels.folder(packages.appending(path: "openned-ios-cli-2.0/src/yang")))
        let xml = try Data(contentsOf: packages.appending(path: "openned-ios-cli-1.0/test/branch.xml"))
        let tree = try XMLDataDecoder.tree(Array(xml), file: "branch.xml", model: old).get()
        let carried = DataCarrier.carry(tree, to: new)
        #expect(
            carried.losses.map { "\($0.path) \($0.instances) \($0.reason)" } == [
                "/ios:service/pad 1 the node is gone",
                "/ios:logging/trap 1 a value does not fit the new type: \"6\" is not a valid value",
                "/ios:ip/domain/name 1 the node is gone",
            ])
        #expect(Validator(new).violations(in: carried.tree) == [])
        let kept = Set(carried.tree.items)
        let missing = tree.items.filter { !kept.contains($0) }
        // Beside what is lost, the entries of `/ntp/server` go by another name, and values have become entries.
        let moved = [
            "/openned-ios:ntp/server[name='192.0.2.1']", "/openned-ios:ntp/server[name='192.0.2.1']/prefer ",
            "/openned-ios:ntp/server[name='192.0.2.2']",
            "/openned-ios:interface/Vlan[name='10']/ip/helper-address[address='192.0.2.30']",
            "/openned-ios:interface/Vlan[name='10']/ip/helper-address[address='192.0.2.31']",
        ]
        #expect(missing.count == carried.losses.reduce(0) { $0 + $1.instances } + moved.count)
        #expect(carried.tree.items.filter { !Set(tree.items).contains($0) } == moved)
    }
}
