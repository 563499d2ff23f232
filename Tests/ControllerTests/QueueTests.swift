import Basics
import ConfigTree
import ControlProtocol
import Controller
import Foundation
import Synchronization
import TestSupport
import Testing
import Wire
import YANG

/// Commits through the queue, to played routers `r0` and `r1` over real SSH.
@Suite struct QueueTests {
    fileprivate final class Lab {
        let workshop: ControllerWorkshop
        let routers: [FakeRouter]
        private let server: SSHServer
        private let ports: [UInt16]
        private(set) var session: any ControlSession

        init() throws {
            workshop = try ControllerWorkshop()
            routers = (0..<2).map { _ in FakeRouter(config: ["hostname r1", "interface eth0", " mtu 1500"]) }
            server = try SSHServer(loops: 1)
            ports = try routers.map { [server] router in
                try server.listen(
                    at: SocketAddress(host: "127.0.0.1", port: 0), hostKey: .generate(), handler: router
                ).address.port
            }
            try workshop.package("mini", version: "1.0", module: TestModels.first)
            try workshop.start()
            session = try workshop.session()
            let map = "/tailf-ncs:devices/authgroups/group[name='g']/default-map"
            try session.change([("\(map)/remote-name", "admin"), ("\(map)/remote-password", "Pa55word-1")])
            for name in ["r0", "r1"] {
                try workshop.device(name, "mini-cli-1.0", session)
                let device = QueueTests.device(name)
                try session.change([
                    ("\(device)/authgroup", "g"), ("\(device)/port", "\(ports[name == "r0" ? 0 : 1])"),
                    ("\(device)/ssh/host-key-verification", "none"), ("\(device)/state/admin-state", "unlocked"),
                ])
                try session.act("\(device)/sync-from")
            }
        }

        deinit { server.stop() }

        func restart() throws {
            try workshop.restart()
            session = try workshop.session()
        }

        /// From now on the device can, or cannot, be reached.
        func reach(_ name: String, _ isReachable: Bool) throws {
            let port = isReachable ? ports[name == "r0" ? 0 : 1] : 1
            try session.change([("\(QueueTests.device(name))/port", "\(port)")])
            try session.act("\(QueueTests.device(name))/disconnect")
        }

        func commit(
            _ edits: [(path: String, value: String?)], _ mode: CommitQueueOptions.Mode? = .async,
            _ prepare: (inout CommitQueueOptions) -> Void = { _ in }
        ) throws -> CommitOutcome {
            var options = CommitOptions()
            options.commitQueue = mode.map { CommitQueueOptions($0) }
            options.commitQueue?.timeout = 60
            if options.commitQueue != nil { prepare(&options.commitQueue!) }
            return try session.commit(
                CommitRequest(
                    base: session.running, candidate: session.edited(session.running, edits), options: options))
        }

        @discardableResult
        func act(_ name: String, _ inputs: [String: String] = [:]) throws -> Instance {
            try session.act("\(QueueTests.queue)/\(name)", inputs)
        }

        func settle() throws {
            for id in try items("queue-item") { try act("queue-item[id='\(id)']/retry") }
            #expect(try act("wait-until-empty", ["timeout": "240"]).value("result") == "empty")
        }

        /// Why the last attempt to reach a device for an item failed.
        func reason(_ id: Int64, _ device: String) throws -> String? {
            try session.state("\(QueueTests.queue)/queue-item[id='\(id)']/transient[name='\(device)']/reason")
        }

        /// The ids of items, in the queue or (`completed/queue-item`) out of it.
        func items(_ list: String) throws -> [String] {
            let tree = session.operational()
            var place = tree.rootInstance.child("devices")?.child("commit-queue")
            if list.hasPrefix("completed/") { place = place?.child("completed") }
            return place?.entries("queue-item").compactMap { $0.keys.first } ?? []
        }

        func alarms(_ type: String) -> [String] {
            let tree = session.operational()
            guard let list = tree.rootInstance.child("alarms")?.child("alarm-list") else { return [] }
            return list.entries("alarm")
                .filter { $0.value("type")?.hasSuffix(type) == true && $0.value("is-cleared") == "false" }
                .map { $0.value("last-alarm-text") ?? "" }
        }
    }

    fileprivate static let queue = "/tailf-ncs:devices/commit-queue"
    fileprivate static func device(_ name: String) -> String { "/tailf-ncs:devices/device[name='\(name)']" }
    private static func contact(_ name: String) -> String { "\(device(name))/config/mini:contact" }

    @Test func anAsynchronousCommitReturnsAtOnceAndReachesTheDeviceWhenThatAnswers() throws {
        let lab = try Lab()
        try lab.reach("r0", false)
        let outcome = try lab.commit([(Self.contact("r0"), "one"), (Self.contact("r1"), "one")])
        let id = try #require(outcome.queue).id
        #expect(outcome.queue?.status == .async)
        #expect(try lab.session.value(Self.contact("r0")) == "one")
        let second = try #require(try lab.commit([(Self.contact("r0"), "two")]).queue).id
        let third = try #require(try lab.commit([(Self.contact("r1"), "three")]).queue).id
        let waited = try lab.act("queue-item[id='\(id)']/wait-until-completed", ["timeout": "1"])
        #expect(waited.value("result") == "timeout")
        #expect(try lab.session.state("\(Self.queue)/queue-item[id='\(second)']/status") == "blocked")
        let item = "\(Self.queue)/queue-item[id='\(id)']"
        #expect(try lab.session.state("\(item)/status") == "executing")
        #expect(try lab.session.state("\(item)/is-atomic") == "true")
        #expect(try eventually { try lab.reason(id, "r0") != nil })
        #expect(try lab.reason(id, "r0")?.hasPrefix("Failed to connect to device r0: connection refused") == true)
        let blocked = [second, third].map { item in
            "Commit queue item \(item) is blocked because item \(id) cannot connect to r0"
        }
        #expect(eventually { lab.alarms("commit-through-queue-blocked") == blocked })
        #expect(!lab.routers[1].text.contains("contact one"), "the item is atomic")
        #expect(try lab.session.state("\(Self.device("r0"))/commit-queue/queue-length") == "2")
        let refused = try refusal { _ = try lab.commit([(Self.contact("r0"), "three")], .bypass) }
        #expect(refused.message.contains("in the commit queue"))

        try lab.reach("r0", true)
        try lab.settle()
        #expect(lab.routers[0].text.contains("contact two") && lab.routers[1].text.contains("contact three"))
        #expect(try lab.items("completed/queue-item") == ["\(id)", "\(second)", "\(third)"])
        #expect(lab.alarms("commit-through-queue-blocked").isEmpty && lab.alarms("out-of-sync").isEmpty)
        #expect(try lab.session.act("\(Self.device("r0"))/check-sync").value("result") == "in-sync")
    }

    @Test func aSynchronousCommitWaitsForItsItem() throws {
        let lab = try Lab()
        let done = try lab.commit([(Self.contact("r0"), "one")], .sync)
        #expect(done.queue?.status == .completed)
        #expect(lab.routers[0].text.contains("contact one"))
        try lab.reach("r1", false)
        let late = try lab.commit([(Self.contact("r1"), "one")], .sync) { $0.timeout = 1 }
        #expect(late.queue?.status == .timeout)
        // The time may be over in the middle of an attempt, and what is being carried out cannot be deleted.
        let id = try #require(late.queue).id
        #expect(try eventually { try lab.reason(id, "r1") != nil })
        #expect(eventually { (try? lab.act("queue-item[id='\(id)']/delete")) != nil })
        #expect(try lab.items("queue-item").isEmpty)
        #expect(lab.alarms("out-of-sync") == ["Out of sync due to no-networking or failed commit-queue commits."])
    }

    @Test func aReloadWaitsForTheQueueIfThatIsWanted() throws {
        let lab = try Lab()
        try lab.reach("r0", false)
        let id = try #require(try lab.commit([(Self.contact("r0"), "late")]).queue?.id)
        try lab.workshop.package("mini", version: "1.0.1", module: TestModels.first)
        let reload = "/tailf-ncs:packages/reload"
        let error = try refusal {
            try lab.session.act(reload, ["wait-commit-queue-empty": "", "max-wait-time": "0"])
        }
        #expect(error.message.contains("did not become empty within 0 s"))
        try lab.act("queue-item[id='\(id)']/delete")
        let results = try lab.session.act(reload, ["wait-commit-queue-empty": "", "max-wait-time": "600"])
        #expect(results.entries("reload-result").map { $0.value("result") } == ["true"])
    }

    @Test func theQueueSurvivesARestart() throws {
        let lab = try Lab()
        try lab.reach("r0", false)
        let id = try #require(try lab.commit([(Self.contact("r0"), "one")]) { $0.tag = "night" }.queue).id
        _ = try lab.commit([(Self.contact("r1"), "kept")]) { $0.isLocked = true }
        try lab.restart()
        #expect(try lab.session.state("\(Self.queue)/queue-item[id='\(id)']/tag") == "night")
        let locked = try #require(try lab.items("queue-item").last)
        #expect(try lab.session.state("\(Self.queue)/queue-item[id='\(locked)']/status") == "locked")
        #expect(!lab.routers[1].text.contains("contact kept"))
        try lab.act("queue-item[id='\(locked)']/unlock")
        try lab.reach("r0", true)
        try lab.settle()
        #expect(lab.routers[0].text.contains("contact one") && lab.routers[1].text.contains("contact kept"))
        #expect(try lab.items("completed/queue-item").count == 2)
    }

    @Test func anItemThatIsRefusedIsTakenBackIfThatIsWanted() throws {
        let lab = try Lab()
        lab.refuse("contact bad")
        let outcome = try lab.commit([(Self.contact("r0"), "bad"), (Self.contact("r1"), "bad")], .sync) {
            $0.errorOption = "rollback-on-error"
        }
        #expect(outcome.queue?.status == .failed)
        #expect(outcome.queue?.failures.map(\.device) == ["r0"])
        #expect(try lab.session.value(Self.contact("r0")) == nil)
        #expect(try lab.session.value(Self.contact("r1")) == nil)
        #expect(!lab.routers[1].text.contains("contact bad"))
        #expect(lab.alarms("commit-through-queue-failed").count == 1)
        for name in ["r0", "r1"] {
            #expect(try lab.session.act("\(Self.device(name))/check-sync").value("result") == "in-sync")
        }
        #expect(try lab.items("queue-item").isEmpty)
    }

    @Test func whatOneDeviceTookOfAnItemThatIsNotAtomicIsTakenBackToo() throws {
        let lab = try Lab()
        lab.refuse("contact bad")
        let outcome = try lab.commit([(Self.contact("r0"), "bad"), (Self.contact("r1"), "good")], .sync) {
            $0.errorOption = "rollback-on-error"
            $0.isAtomic = false
        }
        #expect(outcome.queue?.status == .failed)
        try lab.settle()
        #expect(try lab.session.value(Self.contact("r1")) == nil)
        #expect(lab.routers[1].lines.contains { $0.contains("contact good") })
        #expect(!lab.routers[1].text.contains("contact good"))
    }

    @Test func anItemThatStopsTheQueueIsLetGoOrTakenBackByHand() throws {
        let lab = try Lab()
        lab.refuse("contact bad")
        let outcome = try lab.commit([(Self.contact("r0"), "bad")], .sync) { $0.errorOption = "stop-on-error" }
        let id = try #require(outcome.queue).id
        #expect(outcome.queue?.status == .failed)
        let next = try lab.commit([("\(Self.device("r0"))/config/mini:hostname", "r9")])
        let second = try #require(next.queue).id
        #expect(try lab.session.state("\(Self.queue)/queue-item[id='\(id)']/status") == "failed")
        #expect(try lab.session.state("\(Self.queue)/queue-item[id='\(second)']/status") == "blocked")
        #expect(try lab.session.act("\(Self.device("r0"))/check-sync").value("result") == "out-of-sync")
        try lab.act("completed/queue-item[id='\(id)']/rollback")
        try lab.settle()
        #expect(try lab.session.value(Self.contact("r0")) == nil)
        #expect(lab.routers[0].text.contains("hostname r9"))
        #expect(try lab.session.act("\(Self.device("r0"))/check-sync").value("result") == "in-sync")
    }

    @Test func devicesGoThroughTheQueueIfTheConfigurationSaysSo() throws {
        let lab = try Lab()
        try lab.session.change([("\(Self.device("r0"))/commit-queue/enabled-by-default", "true")])
        let outcome = try lab.commit([(Self.contact("r0"), "queued"), (Self.contact("r1"), "direct")], nil)
        #expect(outcome.queue != nil)
        #expect(lab.routers[1].text.contains("contact direct"))
        try lab.settle()
        #expect(lab.routers[0].text.contains("contact queued"))
        #expect(try lab.commit([(Self.contact("r0"), "past")], .bypass).queue == nil)
        #expect(lab.routers[0].text.contains("contact past"))
    }

    @Test func locksHoldItemsBackAndPruningTakesDevicesOut() throws {
        let lab = try Lab()
        let lock = try #require(try lab.act("add-lock").value("commit-queue-id"))
        let id = try #require(
            try lab.commit([(Self.contact("r0"), "a"), (Self.contact("r1"), "a")]) { $0.isAtomic = false }.queue
        ).id
        #expect(try lab.session.state("\(Self.queue)/queue-item[id='\(id)']/status") == "blocked")
        let pruned = try lab.prune(id, "r0")
        #expect(pruned.value("num-affected-queue-items") == "1" && pruned.value("num-deleted-queue-items") == "0")
        try lab.act("queue-item[id='\(lock)']/unlock")
        try lab.settle()
        #expect(lab.routers[1].text.contains("contact a") && !lab.routers[0].text.contains("contact a"))
        #expect(try lab.session.act("\(Self.device("r0"))/check-sync").value("result") == "out-of-sync")
        #expect(try lab.act("completed/purge").value("purged-queue-items") == "2")
    }
}

extension QueueTests.Lab {
    /// The first router refuses a line.
    fileprivate func refuse(_ line: String) {
        routers[0].habits.withLock { habits in
            habits.react = { $0.contains(line) && !$0.hasPrefix("no") ? .say("% Invalid input detected\n") : nil }
        }
    }

    fileprivate func prune(_ id: Int64, _ device: String) throws -> Instance {
        let tree = session.running
        let action = try tree.path("/tailf-ncs:devices/commit-queue/queue-item[id='\(id)']/prune")
        let input = try #require(action.last?.node.dataChild(named: "input"))
        let draft = RowDraft(input)
        draft.add(device, to: try #require(input.dataChild(named: "device")))
        return try session.invoke(action, input: draft.freeze(in: tree.model)) { _ in }.instance
    }
}
