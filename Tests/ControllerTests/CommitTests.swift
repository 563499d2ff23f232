import ConfigTree
import ControlProtocol
import Controller
import Foundation
import TestSupport
import Testing

/// Commits through a session, in process and without devices.
@Suite struct CommitTests {
    private static let config = "/tailf-ncs:devices/device[name='x0']/config"

    private func workshop() throws -> ControllerWorkshop {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        try workshop.device("x0", "mini-cli-1.0", workshop.session())
        return workshop
    }

    @Test func whatWasCommittedIsThereAfterARestart() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        try session.change([
            ("\(Self.config)/mini:hostname", "edge"), ("\(Self.config)/mini:vlan[id='7']/name", "guests"),
            ("\(Self.config)/mini:interface[name='eth0']/vlan", "7"),
        ])
        try session.change([("\(Self.config)/mini:interface[name='eth0']/mtu", "9000")])
        let before = session.running
        try workshop.restart()
        let after = try workshop.session()
        #expect(try after.value("\(Self.config)/mini:hostname") == "edge")
        #expect(try after.value("\(Self.config)/mini:interface[name='eth0']/mtu") == "9000")
        #expect(
            ChangeSet(DataTree(before.model).diff(to: before))
                == ChangeSet(
                    DataTree(after.running.model).diff(to: after.running)))
    }

    @Test func aChangeToTheSameValueIsNoChange() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        #expect(try !session.change([("\(Self.config)/mini:hostname", "edge")]).isEmpty)
        #expect(try session.change([("\(Self.config)/mini:hostname", "edge")]).isEmpty)
    }

    @Test func changesOfDifferentLeavesFromOneBaseAreBothKept() throws {
        let workshop = try workshop()
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        let base = one.running
        try one.change([("\(Self.config)/mini:hostname", "edge")], from: base)
        try other.change([("\(Self.config)/mini:contact", "noc")], from: base)
        #expect(try one.value("\(Self.config)/mini:hostname") == "edge")
        #expect(try one.value("\(Self.config)/mini:contact") == "noc")
    }

    @Test func aConflictNamesThePathAndWhoChangedIt() throws {
        let workshop = try workshop()
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        let base = one.running
        try one.change([("\(Self.config)/mini:hostname", "edge")], from: base)
        let error = try refusal { try other.change([("\(Self.config)/mini:hostname", "core")], from: base) }
        #expect(error.code == .conflict)
        #expect(error.message.contains("hostname") && error.message.contains("anna"))
        #expect(try one.value("\(Self.config)/mini:hostname") == "edge")
    }

    @Test func aDeletedListEntryConflictsWithAChangeInsideIt() throws {
        let workshop = try workshop()
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        try one.change([("\(Self.config)/mini:vlan[id='7']/name", "guests")])
        let base = one.running
        try one.change([("\(Self.config)/mini:vlan[id='7']", nil)], from: base)
        let error = try refusal { try other.change([("\(Self.config)/mini:vlan[id='7']/name", "staff")], from: base) }
        #expect(error.code == .conflict)
    }

    @Test func aReferenceToNothingIsRefusedByItsPath() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        let error = try refusal { try session.change([("\(Self.config)/mini:interface[name='eth0']/vlan", "9")]) }
        #expect(error.code == .validation)
        #expect(error.message.contains("interface") && error.message.contains("vlan"))
        #expect(try session.value("\(Self.config)/mini:interface[name='eth0']/vlan") == nil)
    }

    @Test func aReferenceIsAlsoJudgedAgainstWhatOthersCommitted() throws {
        let workshop = try workshop()
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        try one.change([
            ("\(Self.config)/mini:vlan[id='7']/name", "guests"), ("\(Self.config)/mini:hostname", "edge"),
        ])
        let base = one.running
        try one.change([("\(Self.config)/mini:vlan[id='7']", nil)], from: base)
        let error = try refusal {
            try other.change([("\(Self.config)/mini:interface[name='eth0']/vlan", "7")], from: base)
        }
        #expect(error.code == .validation, "\(error)")
    }

    @Test func aLockKeepsOthersOutUntilItsSessionEnds() throws {
        let workshop = try workshop()
        let (owner, other) = (try workshop.session("anna"), try workshop.session("boris"))
        try owner.lock()
        let error = try refusal { try other.change([("\(Self.config)/mini:hostname", "core")]) }
        #expect(error.code == .locked && error.message.contains("anna"))
        try owner.change([("\(Self.config)/mini:hostname", "edge")])
        owner.close()
        try other.change([("\(Self.config)/mini:hostname", "core")])
        #expect(try other.value("\(Self.config)/mini:hostname") == "core")
    }

    @Test func aDeviceWithConfigurationKeepsItsDriver() throws {
        let workshop = try workshop()
        try workshop.package("mini", version: "2.0", module: TestModels.second)
        let session = try workshop.session()
        try session.act("/tailf-ncs:packages/add")
        try session.change([("\(Self.config)/mini:hostname", "edge")])
        let leaf = "/tailf-ncs:devices/device[name='x0']/device-type/cli/ned-id"
        let error = try refusal { try session.change([(leaf, "mini-cli-2.0:mini-cli-2.0")]) }
        #expect(error.message.contains("migrate"))
    }

    // MARK: Secrets

    @Test func aSecretIsSealedBeforeAnythingKeepsIt() throws {
        let workshop = try workshop()
        let session = try workshop.session()
        let path = "\(Self.config)/mini:user[name='joe']/secret"
        try session.change([(path, "PlantedSecret8361")])
        let stored = try #require(try session.value(path))
        #expect(stored != "PlantedSecret8361")
        #expect(try session.change([(path, "PlantedSecret8361")]).isEmpty, "an equal plain text makes no difference")
        #expect(try !session.change([(path, "AnotherSecret")]).isEmpty)
        workshop.controller?.stop()
        #expect(try Search.files(in: workshop.directory.path("run"), for: "PlantedSecret8361").isEmpty)
    }

    @Test func theConfigurationOfThePastIsReadableWithTheKeyAfterARestart() throws {
        let workshop = try workshop()
        let path = "\(Self.config)/mini:user[name='joe']/secret"
        try workshop.session().change([(path, "PlantedSecret8361")])
        try workshop.restart()
        #expect(try workshop.session().change([(path, "PlantedSecret8361")]).isEmpty)
    }
}
