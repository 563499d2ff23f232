import Basics
import ConfigTree
import ControlProtocol
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Controller

/// What a reload does with the transactions of others, and what it does before it begins.
@Suite struct PackageDrainTests {
    private static let config = "/tailf-ncs:devices/device[name='x0']/config"
    private static let reload = "/tailf-ncs:packages/reload"
    private let workshop: ControllerWorkshop

    /// A device under the first model; the load path has the second one.
    init() throws {
        workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        let session = try workshop.session()
        try workshop.device("x0", "mini-cli-1.0", session)
        try session.change([("\(Self.config)/mini:hostname", "edge")])
        try workshop.package("mini", version: "1.0.1", module: TestModels.second)
    }

    private func version() throws -> String? {
        let session = try workshop.session()
        let path = try session.running.path("/tailf-ncs:packages/package[name='mini-cli-1.0']/package-version")
        return session.operational().value(path)
    }

    /// A session that edits, and what it hears.
    private func editor(_ react: @escaping @Sendable (SessionEvent) -> Void = { _ in }) throws -> any ControlSession {
        let session = try #require(workshop.controller).openSession(SessionUser(name: "anna"), events: react)
        session.noteMode("terminal")
        return session
    }

    @Test func aReloadIsCancelledWhileSomebodyConfigures() throws {
        let anna = try editor()
        let session = try workshop.session()
        session.noteMode("terminal")
        let error = try refusal { _ = try session.act(Self.reload, ["max-wait-time": "0"]) }
        #expect(error.message.contains("did not end within 0 s") && error.message.contains("anna (session "))
        #expect(try version() == "1.0")
        anna.noteMode("operational")
        try session.act(Self.reload, ["max-wait-time": "0"])
        #expect(try version() == "1.0.1")
    }

    @Test func nothingNewBeginsWhileItWaits() throws {
        let (anna, session) = (try editor(), try workshop.session())
        let controller = try #require(workshop.controller)
        let done = Mutex(false)
        let thread = Thread {
            _ = try? session.act(Self.reload, ["max-wait-time": "600"])
            done.withLock { $0 = true }
        }
        thread.start()
        var refused: ControlError?
        while refused == nil {
            do throws(ControlError) {
                try controller.openSession(SessionUser(name: "boris")) { _ in }.close()
            } catch {
                refused = error
            }
        }
        #expect(refused?.message.contains("the node is in upgrade mode") == true)
        let error = try refusal { try anna.change([("\(Self.config)/mini:hostname", "late")]) }
        #expect(error.code == .upgradeInProgress)
        anna.noteMode("operational")
        while !done.withLock({ $0 }) { usleep(1_000) }
        #expect(try version() == "1.0.1")
    }

    @Test func aReloadGoesOnAsSoonAsNobodyConfigures() throws {
        let anna = Mutex<(any ControlSession)?>(nil)
        let editor = try editor { event in
            if case .broadcast(let text) = event, text.contains("must exit to operational mode") {
                let thread = Thread { anna.withLock { $0?.noteMode("operational") } }
                thread.start()
            }
        }
        anna.withLock { $0 = editor }
        try workshop.session().act(Self.reload, ["max-wait-time": "600"])
        #expect(try version() == "1.0.1")
    }

    @Test func sessionsThatDoNotLeaveAreEndedIfThatIsWanted() throws {
        let heard = Heard()
        let anna = try editor { event in if case .closing(let reason) = event { heard.add(reason) } }
        try anna.lock()
        let base = anna.running
        let session = try workshop.session()
        try session.act(Self.reload, ["max-wait-time": "0", "timeout-action": "kill"])
        #expect(try version() == "1.0.1")
        #expect(heard.all == ["The session was ended by a package upgrade of admin."])
        let error = try refusal { try anna.change([("\(Self.config)/mini:hostname", "late")], from: base) }
        #expect(error.message.contains("was ended by a package upgrade"))
        #expect(session.lockOwner == nil)
        #expect(!session.sessions().contains { $0.user.name == "anna" })
        anna.close()
    }

    @Test func anOptimisticReloadAndOneWithoutOtherModelsWaitForNobody() throws {
        let anna = try editor()
        let base = anna.running
        try workshop.session().act(Self.reload, ["optimistic": "", "max-wait-time": "0"])
        #expect(try version() == "1.0.1")
        // What was begun before is carried over.
        try anna.change([("\(Self.config)/mini:hostname", "late")], from: base)
        #expect(try anna.value("\(Self.config)/mini:hostname") == "late")
        try workshop.directory.write("run/packages/mini-cli-1.0/templates/t.xml", "<config-template/>")
        try workshop.session().act(Self.reload, ["max-wait-time": "0"])
    }

    @Test func packagesAreAddedWhileOthersCommit() throws {
        let anna = try editor()
        let before = try anna.edited(anna.running, [("\(Self.config)/mini:hostname", "from-before")])
        let base = anna.running
        workshop.directory.remove("run/packages/mini-cli-1.0")
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.package("other", version: "1.0", module: TestModels.first.replacing("mini", with: "other"))
        let isAdded = Atomic(false)
        let counts = Mutex<[Int]>([])
        let thread = Thread {
            var count = 0
            repeat {
                count += 1
                let edit = [("\(Self.config)/mini:interface[name='eth\(count)']/mtu", "1500")]
                if (try? anna.change(edit)) == nil { counts.withLock { $0.append(-count) } }
            } while !isAdded.load(ordering: .relaxed)
            counts.withLock { $0.append(count) }
        }
        thread.start()
        let added = try workshop.session().act("/tailf-ncs:packages/add").entries("add-result")
        isAdded.store(true, ordering: .relaxed)
        while counts.withLock({ $0.last ?? 0 }) <= 0 { usleep(1_000) }
        #expect(added.map { $0.keys[0] } == ["other-cli-1.0"])
        #expect(counts.withLock { $0.count } == 1, "every commit was accepted: \(counts.withLock { $0 })")
        // What was begun before is carried over.
        var options = CommitOptions()
        options.noNetworking = true
        _ = try anna.commit(CommitRequest(base: base, candidate: before, options: options))
        #expect(try anna.value("\(Self.config)/mini:hostname") == "from-before")
    }

    @Test func aBackupIsMadeBeforeOrNothingHappens() throws {
        let session = try workshop.session()
        try workshop.directory.write("run/backups", "no directory")
        let error = try refusal { _ = try session.act(Self.reload, ["backup": ""]) }
        #expect(error.message.contains("nothing was reloaded"))
        #expect(try version() == "1.0")
        workshop.directory.remove("run/backups")
        let output = try session.act(Self.reload, ["backup": ""])
        let file = try #require(output.value("backup"))
        #expect(DurableFiles.exists(file) && file.contains("/run/backups/ncs-6.7@"))
        #expect(try version() == "1.0.1")
        let none = try session.act(Self.reload, ["backup": "", "dry-run": ""])
        #expect(none.value("backup") == nil)
    }
}
