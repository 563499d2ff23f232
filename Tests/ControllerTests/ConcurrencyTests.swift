import ConfigTree
import ControlProtocol
import Controller
import Events
import Foundation
import Synchronization
import TestSupport
import Testing

/// Commits of several sessions at once: what they exclude each other from, and what they do not.
@Suite struct ConcurrencyTests {
    private static let config = "/tailf-ncs:devices/device[name='x0']/config"

    private func workshop() throws -> ControllerWorkshop {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start()
        try workshop.device("x0", "mini-cli-1.0", workshop.session())
        return workshop
    }

    @Test func deletingTheLastNodeOfAContainerLeavesWhatOthersPutThere() throws {
        let workshop = try workshop()
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        let settings = "/tailf-ncs:devices/global-settings"
        try one.change([("\(settings)/connect-timeout", "10")])
        let base = one.running
        try one.change([("\(settings)/connect-timeout", nil)], from: base)
        try other.change([("\(settings)/read-timeout", "30")], from: base)
        #expect(try one.value("\(settings)/read-timeout") == "30")
        let second = one.running
        try one.change([("\(settings)/write-timeout", "40")], from: second)
        try other.change([("\(settings)/read-timeout", nil)], from: second)
        #expect(try one.value("\(settings)/write-timeout") == "40")
        let running = one.running
        try workshop.restart()
        let restarted = try workshop.session().running
        #expect(
            ChangeSet(DataTree(running.model).diff(to: running))
                == ChangeSet(DataTree(restarted.model).diff(to: restarted)))
    }

    @Test func aConflictNamesTransactionUserAndPathAsTheFieldDoes() throws {
        let workshop = try workshop()
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        let base = one.running
        try one.change([("\(Self.config)/mini:hostname", "edge")], from: base)
        let error = try refusal { try other.change([("\(Self.config)/mini:hostname", "core")], from: base) }
        let pattern =
            #/Transaction \d+ conflicts with transaction \d+ started by user anna: (.+) write-op write in work phase\(s\)/#
        let match = try #require(error.message.firstMatch(of: pattern), "\(error.message)")
        #expect(match.1 == "/ncs:devices/device{x0}/config/mini:hostname")
    }

    @Test func whatWasReadMustNotHaveChanged() throws {
        let workshop = try workshop()
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        try one.change([("\(Self.config)/mini:hostname", "edge")])
        let base = other.running
        var request = CommitRequest(
            base: base, candidate: try other.edited(base, [("\(Self.config)/mini:contact", "noc of edge")]))
        request.options.noNetworking = true
        request.reads = [try base.path("\(Self.config)/mini:hostname")]
        try one.change([("\(Self.config)/mini:vlan[id='7']/name", "guests")])
        #expect(try other.commit(request).number != nil, "what was changed was not read")
        try one.change([("\(Self.config)/mini:hostname", "core")])
        request.candidate = try other.edited(base, [("\(Self.config)/mini:contact", "noc of nothing")])
        request.base = try other.edited(base, [("\(Self.config)/mini:contact", "noc of edge")])
        let error = try refusal { _ = try other.commit(request) }
        #expect(error.message.contains("read-op get_elem") && error.message.contains("hostname"))
    }

    @Test func sessionsThatTakeTurnsAtOneLeafLoseNothing() throws {
        let workshop = try workshop()
        let leaf = "\(Self.config)/mini:vlan[id='1']/name"
        try workshop.session().change([(leaf, "0")])
        let refused = Atomic(0)
        let faults = Mutex<[String]>([])
        let sessions = try (0..<4).map { try workshop.session("user\($0)") }
        DispatchQueue.concurrentPerform(iterations: 4) { number in
            var done = 0
            while done < 5 {
                do {
                    let base = sessions[number].running
                    let value = Int(base.value(try base.path(leaf)) ?? "") ?? -1
                    var request = CommitRequest(
                        base: base, candidate: try sessions[number].edited(base, [(leaf, "\(value + 1)")]))
                    request.options.noNetworking = true
                    request.reads = [try base.path(leaf)]
                    _ = try sessions[number].commit(request)
                    done += 1
                } catch let error as ControlError where error.code == .conflict {
                    refused.add(1, ordering: .relaxed)
                } catch {
                    faults.withLock { $0.append("\(error)") }
                    return
                }
            }
        }
        #expect(faults.withLock { $0 } == [])
        #expect(try workshop.session().value(leaf) == "20")
    }
}

/// Who may configure, and what is told of a commit.
@Suite struct CommitSurfaceTests {
    private static let leaf = "/tailf-ncs:devices/global-settings/connect-timeout"

    @Test func theLockNamesItsOwnerAndIsFreedWithTheSession() throws {
        let workshop = try ControllerWorkshop()
        try workshop.start()
        let (owner, other) = (try workshop.session("anna"), try workshop.session("boris"))
        try owner.lock()
        owner.noteMode("exclusive")
        let error = try refusal { try other.change([(Self.leaf, "10")]) }
        let pattern =
            #/the configuration database is locked by session \d+ anna console \(cli from 127.0.0.1\) on since \S+ exclusive/#
        #expect(error.code == .locked && error.message.wholeMatch(of: pattern) != nil, "\(error)")
        #expect(try refusal { try other.lock() }.code == .locked)
        #expect(other.sessions().map(\.mode) == ["exclusive", "operational"])
        #expect(other.lockOwner?.contains("anna") == true)
        owner.close()
        #expect(other.lockOwner == nil)
        try other.lock()
        try other.change([(Self.leaf, "10")])
        other.unlock()
    }

    @Test func everyStepOfACommitIsToldWithItsTraceID() throws {
        let workshop = try ControllerWorkshop()
        try workshop.start()
        let session = try workshop.session("anna")
        let events = Mutex<[ProgressEvent]>([])
        let base = session.running
        var request = CommitRequest(base: base, candidate: try session.edited(base, [(Self.leaf, "10")]))
        request.options.traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
        let outcome = try session.commit(request) { event in events.withLock { $0.append(event) } }
        let told = events.withLock { $0 }
        #expect(outcome.traceID == request.options.traceID)
        #expect(told.allSatisfy { $0.traceID == outcome.traceID && $0.session == session.id })
        #expect(told.filter { $0.kind == .start }.count == told.filter { $0.kind == .stop }.count)
        let phases = told.filter { $0.kind == .start && $0.phase.hasSuffix(" phase") }.map(\.phase)
        #expect(phases == ["validate phase", "commit phase"])
        try workshop.restart()
        #expect(try workshop.session().commits().first?.traceID == outcome.traceID, "the log keeps it")
        let next = try workshop.session()
        try next.change([(Self.leaf, "11")])
        let made = try #require(next.commits().first?.traceID)
        #expect(made.wholeMatch(of: /[0-9a-f]{32}/) != nil && made != outcome.traceID)
    }
}
