import Foundation
import Testing
import Transactions

private func item(
    _ id: Int64, _ devices: [String], atomic: Bool = true, _ option: QueueItem.ErrorOption = .continueOnError
) -> QueueItem {
    QueueItem(id: id, created: 0, isAtomic: atomic, errorOption: option, devices: devices)
}

private let policy = RetryPolicy(interval: 30_000_000)

@Suite struct CommitQueueTests {
    private static let refused = QueueFailure("connection refused", isTransient: true)
    private static let rejected = QueueFailure("invalid input", isTransient: false)

    @Test func anAtomicItemWaitsUntilItIsFirstForAllItsDevices() {
        var queue = CommitQueue()
        queue.add(item(1, ["a"]))
        queue.add(item(2, ["a", "b"]))
        queue.add(item(3, ["c"]))
        let runs = queue.begin(at: 0)
        #expect(runs == [QueueRun(item: 1, devices: ["a"]), QueueRun(item: 3, devices: ["c"])])
        #expect(queue[2].map(queue.waitsFor) == ["a"])
        _ = queue.end(runs[0], .done, at: 1, policy: policy)
        #expect(queue.begin(at: 1) == [QueueRun(item: 2, devices: ["a", "b"])])
    }

    @Test func anotherItemGoesToEachDeviceThatIsFree() {
        var queue = CommitQueue()
        queue.add(item(1, ["a"]))
        queue.add(item(2, ["a", "b"], atomic: false))
        #expect(queue.begin(at: 0).map(\.devices) == [["a"], ["b"]])
        #expect(queue.begin(at: 0).isEmpty)
    }

    @Test func aReasonThatMayPassIsTriedAgainLaterAndLater() throws {
        var queue = CommitQueue()
        queue.add(item(1, ["a", "b"]))
        var time: Int64 = 0
        var gaps: [Int64] = []
        for _ in 0..<8 {
            let run = try #require(queue.begin(at: time).first)
            _ = queue.end(run, .failed(["a": Self.refused]), at: time, policy: policy)
            #expect(queue.begin(at: time).isEmpty)
            let due = try #require(queue.nextDue(after: time))
            gaps.append((due - time) / 1_000_000)
            time = due
        }
        #expect(gaps == [1, 2, 4, 8, 16, 30, 30, 30])
        #expect(queue[1]?[device: "a"]?.transientError == "connection refused")
        queue.retry(1)
        #expect(queue.begin(at: time - 1).count == 1)
    }

    @Test func attemptsEndAndSoDoesTime() throws {
        for policy in [RetryPolicy(attempts: 2, interval: 10), RetryPolicy(interval: 10, limit: 15)] {
            var queue = CommitQueue()
            queue.add(item(1, ["a", "b"]))
            var time: Int64 = 0
            for _ in 0..<3 {
                let run = try #require(queue.begin(at: time).first)
                _ = queue.end(run, .failed(["a": Self.refused]), at: time, policy: policy)
                time += 10
            }
            let ended = try #require(queue[1])
            #expect(ended.hasEnded && ended.hasFailed && !ended.isHeld)
            #expect(ended.devices.map(\.state) == [.failed, .aborted])
        }
    }

    @Test func anItemThatFailedBlocksItsDevicesIfItIsToBeTakenBack() throws {
        var queue = CommitQueue()
        queue.add(item(1, ["a", "b"], .stopOnError))
        queue.add(item(2, ["b"]))
        let run = try #require(queue.begin(at: 0).first)
        let ended = queue.end(run, .failed(["a": Self.rejected]), at: 0, policy: policy)
        #expect(ended?.isHeld == true)
        #expect(queue.begin(at: 0).isEmpty)
        #expect(queue[2].map(queue.waitsFor) == ["b"])
        #expect(queue.remove(1) != nil)
        #expect(queue.begin(at: 0) == [QueueRun(item: 2, devices: ["b"])])
    }

    @Test func lockedItemsHoldWhatIsBehindThem() {
        var queue = CommitQueue()
        var lock = item(1, ["a"])
        lock.isFictive = true
        lock.isLocked = true
        queue.add(lock)
        queue.add(item(2, ["a"]))
        queue.add(item(3, ["b"]))
        queue.setLocked(3, true)
        #expect(queue.begin(at: 0).isEmpty)
        _ = queue.remove(1)
        queue.setLocked(3, false)
        #expect(queue.begin(at: 0).map(\.item) == [2, 3])
        #expect(queue.remove(2) == nil, "it is being carried out")
        #expect(queue.prune(2, ["a"]).isEmpty)
    }

    @Test func pruningTakesDevicesOutButLeavesAtomicItemsWhole() {
        var queue = CommitQueue()
        queue.add(item(1, ["a", "b"]))
        #expect(queue.prune(1, ["a"]).isEmpty)
        queue.setAtomic(1, false)
        #expect(queue.prune(1, ["a"]) == ["a"])
        #expect(queue[1]?.devices.map(\.name) == ["b"])
        #expect(queue.prune(1, ["b"]) == ["b"])
        #expect(queue[1] == nil)
    }

    /// Items with random devices, run by devices that refuse at random, with crashes in between: each device gets each
    /// of its items once and in order, unless an item failed there.
    @Test func noItemIsLostDoubledOrOvertakenOverCrashes() throws {
        let seeds = ProcessInfo.processInfo.environment["OPENNED_SOAK_SEEDS"].flatMap { UInt64($0) } ?? 200
        for seed in 0..<seeds { try QueueStory(seed: seed).tell() }
    }
}

/// A queue whose state is stored as a daemon stores it: with the decision, or with the failure.
private final class QueueStory {
    private var random: QueueRandom
    private let seed: UInt64
    private var queue = CommitQueue()
    /// What survives a crash.
    private var stored: [Int64: QueueItem] = [:]
    private var running: [QueueRun] = []
    private var arrived: [String: [Int64]] = [:]
    private var expected: [String: [Int64]] = [:]
    private var time: Int64 = 0

    init(seed: UInt64) {
        self.seed = seed
        random = QueueRandom(seed: seed)
    }

    func tell() throws {
        var next: Int64 = 1
        for _ in 0..<60 {
            time += Int64.random(in: 0...2_000_000, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1:
                let names = ["a", "b", "c", "d"].filter { _ in Bool.random(using: &random) }
                guard !names.isEmpty else { continue }
                enter(item(next, names, atomic: Bool.random(using: &random)))
                next += 1
            case 2, 3: running += queue.begin(at: time, limit: 3)
            case 4, 5, 6: endOne(mayFail: true)
            default: crash()
            }
        }
        for _ in 0..<1_000 where !queue.items.isEmpty {
            time += 40_000_000
            running += queue.begin(at: time)
            while !running.isEmpty { endOne(mayFail: false) }
        }
        #expect(queue.items.isEmpty && stored.isEmpty, "seed \(seed)")
        #expect(arrived == expected, "seed \(seed)")
    }

    private func enter(_ item: QueueItem) {
        queue.add(item)
        stored[item.id] = item
        for device in item.devices { expected[device.name, default: []].append(item.id) }
    }

    private func endOne(mayFail: Bool) {
        guard let index = running.indices.randomElement(using: &random) else { return }
        let run = running.remove(at: index)
        let kind = mayFail ? Int.random(in: 0..<6, using: &random) : 5
        var outcome = QueueRunOutcome.done
        if kind < 2, let name = run.devices.randomElement(using: &random) {
            outcome = .failed([name: QueueFailure("x", isTransient: kind == 0)])
        }
        if outcome == .done { for name in run.devices { arrived[name, default: []].append(run.item) } }
        guard let item = queue.end(run, outcome, at: time, policy: RetryPolicy()) else { return }
        for device in item.devices where device.state == .failed || device.state == .aborted {
            if outcome != .done, run.devices.contains(device.name) {
                expected[device.name]?.removeAll { $0 == item.id }
            }
        }
        stored[item.id] = item.hasEnded ? nil : item
        if item.hasEnded { _ = queue.remove(item.id) }
    }

    /// What was being carried out is taken back at the devices, as the log says.
    private func crash() {
        running = []
        queue = CommitQueue(restoring: Array(stored.values))
        #expect(queue.items.allSatisfy { !$0.isExecuting })
    }
}

/// The same numbers from the same seed.
private struct QueueRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
