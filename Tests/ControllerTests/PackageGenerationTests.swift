import Basics
import ConfigTree
import ControlProtocol
import Events
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire
import YANG

@testable import Controller

/// The way back to earlier sets of packages, by hand and by itself.
@Suite struct PackageGenerationTests {
    private static let config = "/tailf-ncs:devices/device[name='x0']/config"
    private let workshop: ControllerWorkshop
    private let clock = SetClock()

    /// Generation 1 has the first model, generation 2 the second.
    init() throws {
        workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start(clock: clock.wall)
        let session = try workshop.session()
        try workshop.device("x0", "mini-cli-1.0", session)
        try session.change([("\(Self.config)/mini:hostname", "edge")])
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
    }

    private func act(_ action: String, _ inputs: [String: String] = [:]) throws -> Instance {
        try workshop.session().act("/tailf-ncs:packages/" + action, inputs)
    }

    private func version() throws -> String? {
        let session = try workshop.session()
        let path = try session.running.path("/tailf-ncs:packages/package[name='mini-cli-1.0']/package-version")
        return session.operational().value(path)
    }

    private func value(_ path: String) throws -> String? { try workshop.session().value("\(Self.config)/\(path)") }

    private func alarms() throws -> [String] {
        try #require(workshop.controller).alarms.all.filter { !$0.isCleared }.map(\.lastAlarmText)
    }

    @Test func whatWasInForceIsListedAndComesBackWithTheDataOfNow() throws {
        _ = try act("reload")
        #expect(try version() == "1.0.1")
        try workshop.session().change([
            ("\(Self.config)/mini:hostname", "core"), ("\(Self.config)/mini:vlan[id='7']/name", "guests"),
        ])
        let dry = try act("rollback", ["dry-run": ""])
        #expect(dry.entries("package-change").map { $0.value("to-version") } == ["1.0"])
        #expect(try version() == "1.0.1")
        let back = try act("rollback", ["expected-plan": try #require(dry.value("plan-digest"))])
        #expect(back.entries("reload-result").map { $0.value("result") } == ["true"])
        #expect(back.value("info")?.contains("the load path still holds") == true)
        #expect(try version() == "1.0")
        #expect(try value("mini:hostname") == "core" && value("mini:vlan[id='7']/name") == "guests")
        let packages = try act("generations").entries("generation").flatMap { $0.entries("package") }
        #expect(packages.map { $0.value("version") } == ["1.0", "1.0.1", "1.0"])
        let listed = try act("generations").entries("generation").map { entry in
            [entry.keys[0], entry.value("in-force") ?? "", entry.value("copy-of") ?? "", entry.value("user") ?? ""]
        }
        #expect(
            listed == [["1", "false", "", "system"], ["2", "false", "", "admin"], ["3", "true", "1", "admin"]])
        try workshop.restart(clock: clock.wall)
        #expect(try version() == "1.0" && value("mini:hostname") == "core")
        _ = try act("reload")
        #expect(try version() == "1.0.1", "what lies in the load path")
    }

    @Test func aGenerationThatIsNotThereOrWasChangedIsRefused() throws {
        #expect(try refusal { _ = try act("rollback") }.message.contains("no earlier generation"))
        _ = try act("reload")
        #expect(try refusal { _ = try act("rollback", ["generation": "7"]) }.message.contains("there are: 1"))
        try workshop.directory.write("run/state/packages-in-use/1/mini-cli-1.0/more", "x")
        let error = try refusal { _ = try act("rollback", ["generation": "1"]) }
        #expect(error.message.contains("packages-in-use/1: the packages of generation 1 were changed"))
        #expect(try version() == "1.0.1")
        #expect(!workshop.directory.names(in: "run/state/packages-in-use").contains("3"), "nothing is left of it")
    }

    @Test func onlySoManyGenerationsAreKept() throws {
        try workshop.directory.write(
            "run/ncs.conf",
            """
            <ncs-config xmlns="http://tail-f.com/yang/tailf-ncs-config">
              <load-path><dir>${NCS_RUN_DIR}/packages</dir></load-path>
              <packages><generations>2</generations></packages>
            </ncs-config>
            """)
        try workshop.restart(clock: clock.wall)
        _ = try act("reload")
        try workshop.package("mini", version: "1.0.2", module: TestModels.second)
        _ = try act("reload")
        #expect(workshop.directory.names(in: "run/state/packages-in-use").sorted() == ["2", "3"])
        #expect(try act("generations").entries("generation").map { $0.keys[0] } == ["2", "3"])
    }

    @Test func anUnconfirmedReloadIsGoneBackFromAlsoAfterARestart() throws {
        for restarts in [false, true] {
            _ = try act("reload", ["confirm-timeout": "60"])
            #expect(try act("generations").value("returns-to") != nil)
            clock.advance(seconds: 50)
            try #require(workshop.controller).checkPackageConfirmation()
            #expect(try version() == "1.0.1")
            clock.advance(seconds: 20)
            if restarts { try workshop.restart(clock: clock.wall) }
            try require { try version() == "1.0" }
            #expect(try value("mini:hostname") == "edge")
            try require { try act("generations").value("returns-to") == nil }
            #expect(try alarms().isEmpty)
        }
    }

    @Test func aConfirmedReloadStays() throws {
        _ = try act("reload", ["confirm-timeout": "60"])
        _ = try act("confirm")
        clock.advance(seconds: 100)
        try #require(workshop.controller).checkPackageConfirmation()
        #expect(try version() == "1.0.1")
        #expect(try refusal { _ = try act("confirm") }.message.contains("no reload of packages waits"))
    }

    @Test func whatTheUpgradeDroppedComesBackWhereNothingWasChangedSince() throws {
        let session = try workshop.session()
        try workshop.device("x1", "mini-cli-1.0", session)
        let other = Self.config.replacing("x0", with: "x1")
        try session.change([("\(Self.config)/mini:contact", "noc"), ("\(other)/mini:contact", "gone")])
        #expect(try act("reload").entries("removed-data").first?.value("instances") == "2")
        #expect(try value("mini:location") == nil)
        try workshop.session().change([("\(Self.config)/mini:hostname", "core")])
        try workshop.session().change([("/tailf-ncs:devices/device[name='x1']", nil)])
        try workshop.restart(clock: clock.wall)

        let notes = try act("rollback", ["dry-run": ""])
        #expect(
            notes.node.dataChild(named: "program-note").map { notes.values($0) } == [
                "1 changes that the upgrade had made to the data are taken back; 1 are not, for something was changed "
                    + "there since"
            ])
        _ = try act("rollback")
        #expect(try value("mini:contact") == "noc" && value("mini:hostname") == "core")
        #expect(try workshop.session().running.device("x1") == nil, "nobody brings a device back")

        // Forth again to what was, and back with a change of what had come back.
        try workshop.session().change([("\(Self.config)/mini:contact", nil)])
        _ = try act("rollback", ["generation": "2"])
        _ = try act("rollback", ["generation": "1"])
        #expect(try value("mini:contact") == nil, "that it was taken away is newer than what was dropped")
    }

    /// The map leads one way: what it made has no place on the way back, but is nobody's change.
    @Test func whatAMapHadMadeHindersNobodyFromGoingBack() throws {
        try workshop.package("mini", version: "1.0.1", module: TestModels.second) { place in
            try FileManager.default.createDirectory(atPath: place + "/migration", withIntermediateDirectories: true)
            try Data("migration m { rename /mini:contact { to location; } }".utf8)
                .write(to: URL(filePath: place + "/migration/mini.map"))
        }
        try workshop.session().change([("\(Self.config)/mini:contact", "noc")])
        _ = try act("reload")
        #expect(try value("mini:location") == "noc")
        _ = try act("rollback")
        #expect(try value("mini:contact") == "noc")

        _ = try act("rollback", ["generation": "2"])
        #expect(try value("mini:location") == "noc")
        try workshop.session().change([("\(Self.config)/mini:location", "other")])
        let error = try refusal { _ = try act("rollback", ["generation": "1"]) }
        #expect(error.message.contains("mini:location (1)"), "\(error)")
    }

    /// A commit made meanwhile that the old model cannot hold stays; the way back is for a person then.
    @Test func whatCameSinceIsNotLostByGoingBack() throws {
        _ = try act("reload", ["confirm-timeout": "60"])
        try workshop.session().change([("\(Self.config)/mini:location", "Uppsala")])
        clock.advance(seconds: 70)
        try require { try !alarms().isEmpty }
        #expect(try alarms().first?.contains("mini:location (1)") == true)
        #expect(try version() == "1.0.1" && value("mini:location") == "Uppsala")
        let error = try refusal { _ = try act("rollback") }
        #expect(error.message.contains("force"))
        _ = try act("rollback", ["force": ""])
        #expect(try version() == "1.0" && value("mini:hostname") == "edge")
        #expect(try alarms().isEmpty)
    }
}

/// While packages are replaced, no session can be opened.
private func require(_ condition: () throws -> Bool) throws {
    try #require(eventually { (try? condition()) == true })
}

/// A clock that a test moves on.
private final class SetClock: Sendable {
    private let offset = Mutex<Int64>(0)

    var wall: WallClock { WallClock { [self] in WallClock.system.now() + offset.withLock { $0 } } }
    func advance(seconds: Int64) { offset.withLock { $0 += seconds * 1_000_000 } }
}
