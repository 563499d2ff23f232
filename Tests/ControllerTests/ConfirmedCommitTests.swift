import Basics
import ConfigDatabase
import ConfigTree
import ControlProtocol
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Controller

/// Commits that go away unless they are confirmed.
@Suite struct ConfirmedCommitTests {
    private static let leaf = "/tailf-ncs:devices/device[name='x0']/config/mini:hostname"

    /// A clock that stands until it is moved.
    private final class Hands: Sendable {
        let ahead = Atomic<Int64>(0)
        var clock: WallClock { WallClock { WallClock.system.now() + self.ahead.load(ordering: .relaxed) } }
        func move(seconds: Int64) { ahead.add(seconds * 1_000_000, ordering: .relaxed) }
    }

    private func workshop(_ hands: Hands) throws -> ControllerWorkshop {
        let workshop = try ControllerWorkshop()
        try workshop.package("mini", version: "1.0", module: TestModels.first)
        try workshop.start(clock: hands.clock)
        let session = try workshop.session("setup")
        try workshop.device("x0", "mini-cli-1.0", session)
        try session.change([(Self.leaf, "old")])
        session.close()
        return workshop
    }

    private func commit(
        _ session: any ControlSession, _ value: String, _ confirmed: ConfirmedCommitOptions? = nil,
        persistID: String? = nil
    ) throws -> CommitOutcome {
        let base = session.running
        var request = CommitRequest(base: base, candidate: try session.edited(base, [(Self.leaf, value)]))
        request.options.noNetworking = true
        request.options.confirmed = confirmed
        request.options.persistID = persistID
        return try session.commit(request)
    }

    /// Until the ticking thread has done it.
    private func awaitValue(_ workshop: ControllerWorkshop, _ value: String) throws {
        let session = try workshop.session("watch")
        #expect(try eventually { try session.value(Self.leaf) == value })
    }

    /// What is outstanding no more lets others commit again.
    private func awaitFreedom(_ session: any ControlSession) throws {
        let isFree = try eventually {
            do {
                _ = try commit(session, "free")
                return true
            } catch let error as ControlError where error.code == .locked {
                return false
            }
        }
        #expect(isFree, "it is outstanding for ever")
    }

    @Test func whatIsNotConfirmedInTimeIsTakenBack() throws {
        let hands = Hands()
        let workshop = try workshop(hands)
        let heard = Heard()
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris", heard))
        let first = try commit(one, "new", ConfirmedCommitOptions())
        #expect(first.number != nil)
        #expect(try other.value(Self.leaf) == "new")
        let error = try refusal { _ = try commit(other, "other") }
        #expect(error.code == .locked && error.message.contains("anna"), "\(error)")
        hands.move(seconds: 601)
        try awaitValue(workshop, "old")
        try awaitFreedom(other)
        #expect(heard.all.contains { $0.contains("not confirmed by anna") && $0.contains("rolled back") })
    }

    @Test func aSecondCommitOfTheSessionConfirms() throws {
        let hands = Hands()
        let workshop = try workshop(hands)
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        _ = try commit(one, "new", ConfirmedCommitOptions())
        #expect(one.mayConfirm && !other.mayConfirm)
        let controller = try #require(workshop.controller)
        let action = try #require(one as? ControllerSession)
        let early = try refusal {
            try controller.changeRunning(by: action, label: "action") { (tree) throws(PathError) in
                try tree.applying(.set("acted"), at: tree.path(Self.leaf))
            }
        }
        #expect(early.code == .locked && one.mayConfirm, "what an action changes confirms nothing")
        _ = try commit(one, "newer", ConfirmedCommitOptions())
        let last = try commit(one, "newest")
        #expect(last.hasConfirmed)
        hands.move(seconds: 601)
        _ = try commit(other, "other")
        try workshop.restart(clock: hands.clock)
        try awaitValue(workshop, "other")
    }

    @Test func theEndOfTheSessionTakesItBackUnlessItPersists() throws {
        let hands = Hands()
        let workshop = try workshop(hands)
        let one = try workshop.session("anna")
        _ = try commit(one, "new", ConfirmedCommitOptions())
        one.close()
        try awaitValue(workshop, "old")
        let two = try workshop.session("anna")
        try awaitFreedom(two)
        _ = try commit(two, "persisting", ConfirmedCommitOptions(persist: "ticket-7"))
        two.close()
        let three = try workshop.session("boris")
        #expect(try refusal { _ = try commit(three, "x") }.message.contains("persist-id"))
        #expect(try refusal { try three.confirmCommit(persistID: "ticket-8") }.code == .accessDenied)
        try three.confirmCommit(persistID: "ticket-7")
        hands.move(seconds: 601)
        _ = try commit(three, "free")
        #expect(try refusal { try three.confirmCommit(persistID: nil) }.code == .notFound)
    }

    @Test func itIsAbortedAtOnceByWhoMayConfirm() throws {
        let hands = Hands()
        let workshop = try workshop(hands)
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        _ = try commit(one, "new", ConfirmedCommitOptions(persist: "p"))
        #expect(try refusal { try other.abortCommit(persistID: nil) }.code == .locked)
        try other.abortCommit(persistID: "p")
        #expect(try other.value(Self.leaf) == "old")
        _ = try commit(other, "free")
    }

    @Test func aRestartTakesItBackUnlessItPersistsAndHasTime() throws {
        let hands = Hands()
        let workshop = try workshop(hands)
        _ = try commit(try workshop.session("anna"), "new", ConfirmedCommitOptions())
        try workshop.restart(clock: hands.clock)
        try awaitValue(workshop, "old")
        let two = try workshop.session("anna")
        try awaitFreedom(two)
        _ = try commit(two, "persisting", ConfirmedCommitOptions(persist: "p"))
        try workshop.restart(clock: hands.clock)
        let three = try workshop.session("boris")
        #expect(try three.value(Self.leaf) == "persisting")
        #expect(try refusal { _ = try commit(three, "x") }.code == .locked)
        hands.move(seconds: 601)
        try workshop.restart(clock: hands.clock)
        try awaitValue(workshop, "free")
    }

    /// The daemon died when the way back was written down, and the change was not.
    @Test func aConfirmedCommitThatWasNeverMadeIsForgottenByTheNextStart() throws {
        let workshop = try workshop(Hands())
        let controller = try #require(workshop.controller)
        try controller.confirmed.begin(
            ConfirmedCommits.Pending(
                base: controller.database.head.number, deadline: .max, persist: "ticket", session: -1, user: "anna",
                context: "cli", noNetworking: false))
        try workshop.restart()
        try workshop.session("boris").change([(Self.leaf, "free")])
        #expect(workshop.controller?.confirmed.current == nil)
    }

    // MARK: Plans

    @Test func anApprovedPlanIsCarriedOutOrWhatMovedIsNamed() throws {
        let workshop = try workshop(Hands())
        let (one, other) = (try workshop.session("anna"), try workshop.session("boris"))
        func request(_ dryRun: Bool, _ plan: String? = nil) throws -> CommitRequest {
            let base = one.running
            var request = CommitRequest(base: base, candidate: try one.edited(base, [(Self.leaf, "planned")]))
            request.options.noNetworking = true
            request.options.dryRun = dryRun ? .cli : nil
            request.options.expectedPlan = plan
            return request
        }
        let approved = try #require(try one.commit(request(true)).planDigest)
        #expect(try one.commit(request(true)).planDigest == approved, "the same plan has the same digest")
        let vlan = "/tailf-ncs:devices/device[name='x0']/config/mini:vlan[id='7']/name"
        try other.change([(vlan, "guests")])
        #expect(try one.commit(request(true)).planDigest == approved, "what it does not touch may move")
        try other.change([(Self.leaf, "moved")])
        let error = try refusal { _ = try one.commit(request(false, approved)) }
        #expect(error.code == .conflict && error.message.contains("hostname"), "\(error)")
        #expect(try one.value(Self.leaf) == "moved")
        let again = try #require(try one.commit(request(true)).planDigest)
        #expect(try one.commit(request(false, again.uppercased())).number != nil)
    }
}
