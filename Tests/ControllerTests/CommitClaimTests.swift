import ControlProtocol
import TestSupport
import Testing
import Transactions

@testable import ConfigTree
@testable import Controller

/// What a commit excludes others from.
@Suite struct CommitClaimTests {
    @Test func whoConfiguresADeviceClaimsItsConfigurationAsAWhole() throws {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        let session = try workshop.session()
        try workshop.device("x0", "mini-cli-1.0", session)
        let base = session.running
        let edited = try session.edited(base, [("/tailf-ncs:devices/device[name='x0']/config/mini:hostname", "edge")])
        let place = ["/ncs:devices", "/device", "{x0}", "/config"]
        let (own, foreign) = (place + ["/mini:hostname"], ["/ncs:devices", "/global-settings"])
        let reads = ReadCollector()
        reads.add(.value, own)
        reads.add(.value, foreign)

        let claim = CommitClaim.claim(base.diff(to: edited).dissolvingContainers(), base: base, reads: reads)
        #expect(claim.nodes.filter { $0.path.starts(with: place) } == [ReservedNode(place, .writeSubtree)])
        #expect(claim.nodes.contains(ReservedNode(foreign, .readValue)))
        #expect(claim.excludes(Claim([ReservedNode(own, .readValue)])), "who has read of it has to wait")
        let other = ["/ncs:devices", "/device", "{x1}", "/config", "/mini:hostname"]
        #expect(!claim.excludes(Claim([ReservedNode(other, .readValue)])))
    }
}
