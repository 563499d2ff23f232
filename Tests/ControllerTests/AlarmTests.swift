import ConfigTree
import ControlProtocol
import Controller
import Foundation
import TestSupport
import Testing

/// Alarms of a device that does not answer: at its address nobody listens.
@Suite struct AlarmTests {
    private static let alarm =
        "/tailf-ncs-alarms:alarms/alarm-list/alarm"
        + "[device='x0'][type='connection-failure'][managed-object=\"/devices/device[name='x0']\"][specific-problem='']"

    private func workshop() throws -> (ControllerWorkshop, any ControlSession) {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        let session = try workshop.session()
        try workshop.device("x0", "mini-cli-1.0", session)
        try session.openForNetworking("x0")
        return (workshop, session)
    }

    @Test func aDeviceThatDoesNotAnswerHasAnAlarmUntilItIsPurged() throws {
        let (workshop, first) = try workshop()
        try first.act("/tailf-ncs:devices/device[name='x0']/connect")
        #expect(try first.state("\(Self.alarm)/is-cleared") == "false")
        let text = try #require(try first.state("\(Self.alarm)/last-alarm-text"))
        #expect(text.hasPrefix("Failed to connect to device x0: connection refused"))
        #expect(try first.state("/tailf-ncs-alarms:alarms/summary/majors") == "1")
        try first.act("\(Self.alarm)/handle-alarm", ["state": "ack", "description": "seen"])
        try workshop.restart()

        let session = try workshop.session()
        let tree = session.operational()
        let alarm = try #require(tree.instance(try tree.path(Self.alarm)))
        #expect(alarm.entries("status-change").map { $0.value("perceived-severity") } == ["major"])
        #expect(alarm.entries("alarm-handling").map { $0.value("user") } == ["admin"])
        let purged = try session.act("/tailf-ncs-alarms:alarms/purge-alarms", ["alarm-status": "cleared"])
        #expect(purged.value("purged-alarms") == "0")
        #expect(
            try session.act("/tailf-ncs-alarms:alarms/purge-alarms", ["alarm-status": "any"]).value("purged-alarms")
                == "1")
        #expect(try session.state("\(Self.alarm)/is-cleared") == nil)
        #expect(try session.state("/tailf-ncs-alarms:alarms/alarm-list/number-of-alarms") == "0")
    }

    @Test func theHistoryOfAnAlarmHasTheLengthConfigured() throws {
        let (workshop, session) = try workshop()
        defer { withExtendedLifetime(workshop) {} }
        try session.change([("/tailf-ncs-alarms:alarms/control/max-alarm-status-changes", "2")])
        for port in 1...3 {
            // Each attempt fails for a reason of its own.
            try session.change([("/tailf-ncs:devices/device[name='x0']/address", "127.0.0.\(port).invalid")])
            try session.act("/tailf-ncs:devices/device[name='x0']/connect")
            try session.change([("/tailf-ncs:devices/device[name='x0']/address", "127.0.0.\(port)")])
            try session.act("/tailf-ncs:devices/device[name='x0']/connect")
        }
        let tree = session.operational()
        let alarm = try #require(tree.instance(try tree.path(Self.alarm)))
        #expect(alarm.entries("status-change").count == 2)
        let compressed = try session.act("/tailf-ncs-alarms:alarms/compress-alarms")
        #expect(compressed.value("result") == "Compressed 1 alarms")
    }

    @Test func theControllerSaysWhatItIsAndWhichModelsItHas() throws {
        let (workshop, session) = try workshop()
        defer { withExtendedLifetime(workshop) {} }
        #expect(try session.state("/tailf-ncs-monitoring:ncs-state/daemon-status") == "started")
        let path = "/tailf-ncs-monitoring:ncs-state/loaded-data-models/data-model[name='tailf-ncs']/prefix"
        #expect(try session.state(path) == "ncs")
    }
}

extension ControlSession {
    /// A leaf of the configuration or of the operational data.
    func state(_ path: String) throws -> String? {
        let tree = operational()
        return tree.value(try tree.path(path))
    }

    /// Gives a device what is needed to be talked to: a user, and the freedom.
    func openForNetworking(_ name: String) throws {
        let map = "/tailf-ncs:devices/authgroups/group[name='test']/default-map"
        let device = "/tailf-ncs:devices/device[name='\(name)']"
        try change([
            ("\(map)/remote-name", "admin"), ("\(map)/remote-password", "admin"), ("\(device)/authgroup", "test"),
            ("\(device)/state/admin-state", "unlocked"),
        ])
    }
}
