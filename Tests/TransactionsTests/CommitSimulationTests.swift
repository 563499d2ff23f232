import Foundation
import Synchronization
import Testing

@testable import Transactions

private let names = ["a", "b", "c", "d"]
private let owner = ReservationOwner(id: 1, "admin (cli)")

private func commit(_ value: String, in world: SimulatedWorld, doubts: InDoubtList, limit: Int = 1) -> Bool {
    let coordinator = CommitCoordinator(log: world, doubts: doubts, limit: limit, clock: { 7 })
    let devices = names.map { SimulatedDevice(world: world, name: $0, value: value) }
    return (try? coordinator.commit(Array(value.utf8), participants: devices, owner: owner)) != nil
}

/// Two commits, a crash somewhere in them, further crashes in the recovery, then quiet until nothing is in doubt.
private func run(seed: UInt64, steps: Int) throws {
    let world = SimulatedWorld(seed: seed, steps: steps)
    var random = seed
    func chance(_ n: UInt64) -> Bool {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (random >> 33) % n == 0
    }
    var acknowledged: String?
    let doubts = InDoubtList()
    for value in ["one", "two"] {
        let refusing = Set(names.filter { _ in chance(10) })
        let hanging = Set(names.filter { _ in chance(8) })
        let logFailures = chance(12) ? 1 : 0
        world.state.withLock { state in
            state.refusing = refusing
            state.failsToAnswer = hanging
            state.logFailures = logFailures
        }
        if commit(value, in: world, doubts: doubts, limit: chance(2) ? 1 : 3), !world.isDead { acknowledged = value }
    }
    for _ in 0..<3 where chance(2) {
        let steps = Int(random >> 40) % 12
        world.state.withLock { $0.stepsLeft = steps }
        if let list = try? world.plan().start(log: world, time: 100) {
            let retrier = InDoubtRetrier(log: world, agent: SimulatedAgent(world: world), doubts: list, limit: 2)
            _ = try? retrier.retry(at: 100)
        }
    }
    world.revive()
    world.state.withLock { state in
        state.failsToAnswer = []
        state.logFailures = 0
    }
    let list = try world.plan().start(log: world, time: 200)
    let retrier = InDoubtRetrier(log: world, agent: SimulatedAgent(world: world), doubts: list, limit: 2)
    _ = try retrier.retry(at: 200)
    let committed = world.committedValue
    #expect(list.all.isEmpty, "seed \(seed), steps \(steps)")
    #expect(try world.plan().isEmpty, "seed \(seed), steps \(steps)")
    // The second may be committed without its acknowledgement: the crash came after the decision.
    let possible = acknowledged == "two" ? ["two"] : acknowledged == "one" ? ["one", "two"] : [nil, "one", "two"]
    #expect(possible.contains(committed), "acknowledged \(acknowledged ?? "none"), seed \(seed), steps \(steps)")
    for name in names {
        let value = world.state.withLock { $0.values[name] ?? "" }
        #expect(value == committed ?? "", "device \(name), seed \(seed), steps \(steps)")
    }
}

@Test func afterACrashAtAnyStepAllParticipantsAgreeWithTheLog() throws {
    let isSoak = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"] != nil
    for seed in 1...(isSoak ? 5_000 : 120) as ClosedRange<UInt64> {
        for steps in 0...40 { try run(seed: seed, steps: steps) }
    }
}

@Test func whatCouldNotBeReachedIsListedInDoubtAndTakesPartInNothingElse() throws {
    let world = SimulatedWorld(seed: 1, steps: .max / 2)
    world.state.withLock { $0.failsToAnswer = ["c"] }
    let doubts = InDoubtList()
    #expect(commit("one", in: world, doubts: doubts))
    #expect(doubts.all.map(\.item.participant.description) == ["device/c"])
    #expect(doubts.all.map(\.item.direction) == [.redo])
    #expect(try world.plan().inDoubt.map(\.participant) == [ParticipantID("device/c")])
    let coordinator = CommitCoordinator(log: world, doubts: doubts, limit: 1, clock: { 7 })
    let error = #expect(throws: CommitError.self) {
        _ = try coordinator.commit(
            [], participants: [SimulatedDevice(world: world, name: "c", value: "two")], owner: owner)
    }
    #expect(error?.code == .participantInDoubt)
    #expect(error?.description.contains("device/c is in doubt since transaction 1") == true)
}

@Test func aRetryBacksOffUntilTheParticipantAnswers() throws {
    let world = SimulatedWorld(seed: 1, steps: .max / 2)
    world.state.withLock { $0.failsToAnswer = ["c"] }
    let doubts = InDoubtList()
    _ = commit("one", in: world, doubts: doubts)
    let retrier = InDoubtRetrier(
        log: world, agent: SimulatedAgent(world: world), doubts: doubts, backOff: BackOff(first: 10, maximum: 40),
        limit: 1)
    #expect(retrier.nextDue == 17)
    #expect(try retrier.retry(at: 16).isEmpty)
    _ = try retrier.retry(at: 17)
    #expect(retrier.nextDue == 37)
    _ = try retrier.retry(at: 37)
    #expect(retrier.nextDue == 77)
    _ = try retrier.retry(at: 77)
    #expect(retrier.nextDue == 117)
    world.state.withLock { $0.failsToAnswer = [] }
    #expect(try retrier.retry(at: 117) == [ParticipantID("device/c"): .done])
    #expect(retrier.nextDue == nil)
    #expect(try world.plan().isEmpty)
}

@Test func nothingIsAppliedBeforeTheDecisionIsDurable() throws {
    let world = SimulatedWorld(seed: 1, steps: .max / 2)
    let coordinator = CommitCoordinator(log: world, doubts: InDoubtList(), limit: 4, clock: { 7 })
    let seen = Mutex<[CommitProgress]>([])
    let result = try coordinator.commit(
        Array("x".utf8), participants: names.map { SimulatedDevice(world: world, name: $0, value: "x") }, owner: owner,
        progress: { step in seen.withLock { $0.append(step) } })
    let steps = seen.withLock { $0 }
    let decision = try #require(steps.firstIndex(of: .decided(number: result.number)))
    for name in names {
        let id = ParticipantID("device/\(name)")
        #expect(try #require(steps.firstIndex(of: .prepared(id))) < decision)
        #expect(try #require(steps.firstIndex(of: .applying(id))) > decision)
    }
    #expect(steps.first == .intentRecorded(1))
    #expect(steps.last == .outcomesRecorded)
    #expect(
        world.state.withLock { $0.records.map(\.kind) }
            == [.intent, .decisionCommit, .done, .done, .done, .done])
}

@Test func aCommitWithoutParticipantsIsOneRecord() throws {
    let world = SimulatedWorld(seed: 1, steps: .max / 2)
    let coordinator = CommitCoordinator(log: world, doubts: InDoubtList(), limit: 4, clock: { 7 })
    let published = Mutex<[Int64]>([])
    let result = try coordinator.commit(
        Array("{}".utf8), participants: [], owner: owner,
        whenDurable: { number, _ in published.withLock { $0.append(number) } })
    #expect(result.number == 1)
    #expect(published.withLock { $0 } == [1])
    #expect(
        world.state.withLock { $0.records } == [TransactionRecord(kind: .commit, time: 7, payload: Array("{}".utf8))])
}

@Test func aRefusalAmongTwentyLeavesNoneChanged() throws {
    let world = SimulatedWorld(seed: 3, steps: .max / 2)
    let many = (0..<20).map { "r\($0)" }
    world.state.withLock { $0.refusing = ["r13"] }
    let coordinator = CommitCoordinator(log: world, doubts: InDoubtList(), limit: 8, clock: { 7 })
    let error = #expect(throws: CommitError.self) {
        _ = try coordinator.commit(
            [], participants: many.map { SimulatedDevice(world: world, name: $0, value: "x") }, owner: owner)
    }
    #expect(error?.code == .refused)
    #expect(error?.description == "device/r13: refused")
    #expect(world.state.withLock { $0.values.values.allSatisfy { $0 == "" } })
    #expect(try world.plan().isEmpty)
}

@Test func aCancelledCommitIsAborted() throws {
    let world = SimulatedWorld(seed: 3, steps: .max / 2)
    let coordinator = CommitCoordinator(log: world, doubts: InDoubtList(), limit: 1, clock: { 7 })
    let cancellation = CommitCancellation()
    let error = #expect(throws: CommitError.self) {
        _ = try coordinator.commit(
            [], participants: names.map { SimulatedDevice(world: world, name: $0, value: "x") }, owner: owner,
            cancellation: cancellation,
            progress: { if $0 == .prepared(ParticipantID("device/b")) { cancellation.cancel(reason: "by admin") } })
    }
    #expect(error?.code == .cancelled)
    #expect(error?.description == "by admin")
    #expect(world.state.withLock { $0.values.values.allSatisfy { $0 == "" } })
}

@Test func participantsOfACommitOfUnknownOutcomeAreKeptFromOthers() throws {
    // The world stops when the decision is written: intent, four prepares, decision.
    let world = SimulatedWorld(seed: 1, steps: 5)
    let doubts = InDoubtList()
    let coordinator = CommitCoordinator(log: world, doubts: doubts, limit: 1, clock: { 7 })
    func commit(_ wait: Int) -> CommitError.Code? {
        do throws(CommitError) {
            _ = try coordinator.commit(
                [], participants: names.map { SimulatedDevice(world: world, name: $0, value: "x") }, owner: owner,
                waitMilliseconds: wait)
            return nil
        } catch { return error.code }
    }
    #expect(commit(.max) == .outcomeUnknown)
    world.revive()
    #expect(commit(10) == .participantBusy)
    #expect(try world.plan().undo.count == 4)
}

@Test func aPlanForgetsWhatIsOver() throws {
    let world = SimulatedWorld(seed: 1, steps: .max / 2)
    let doubts = InDoubtList()
    #expect(commit("one", in: world, doubts: doubts))
    world.state.withLock { $0.refusing = ["c"] }
    #expect(!commit("two", in: world, doubts: doubts))
    world.state.withLock { state in
        state.refusing = ["d"]
        state.failsToAnswer = ["b"]
    }
    #expect(!commit("three", in: world, doubts: doubts))
    let plan = try world.plan()
    #expect(plan.inDoubt.map(\.participant.description) == ["device/b"])
    #expect(plan.description == "undo transaction \(plan.inDoubt[0].transaction) at device/b: connection lost")
    #expect(plan.oldestNeeded == plan.inDoubt[0].transaction)
}
