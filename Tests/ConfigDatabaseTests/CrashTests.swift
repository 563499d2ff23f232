import Foundation
import Synchronization
import Testing
import Transactions

@testable import ConfigDatabase

/// Runs `body` for the crash at the first point, the second and so on, until a run reaches its end; all at once as many
/// as there are processors.
private func atEveryPoint(_ body: @escaping @Sendable (Int) throws -> Bool) throws {
    let next = Mutex(1)
    let isOver = Mutex(false)
    let failure = Mutex<(any Error)?>(nil)
    DispatchQueue.concurrentPerform(iterations: 2) { _ in
        while !isOver.withLock({ $0 }) {
            let point = next.withLock { point in
                defer { point += 1 }
                return point
            }
            do {
                if try !body(point) || point > 2_000 { isOver.withLock { $0 = true } }
            } catch {
                failure.withLock { $0 = error }
                isOver.withLock { $0 = true }
            }
        }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    #expect(next.withLock { $0 } > 20, "hardly any crash points were passed")
}

@Test func aCommitThatWasAcknowledgedSurvivesAKillAtAnyPoint() throws {
    try atEveryPoint { point in
        let scratch = try Scratch()
        let run = try HelperRun.start(["commits", scratch.path, isSoak ? "20" : "2"], crashAt: "\(point)")
        let acknowledged = run.lines.compactMap { Int64($0) }
        var records = [LogRecord]()
        let database = try ConfigurationDatabase(directory: scratch.path) { step in
            if case .record(let record) = step { records.append(record) }
        }
        let last = database.operational("last").flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 0
        database.close()
        #expect(records.map(\.number) == Array(1..<Int64(records.count) + 1), "point \(point)")
        #expect(Int64(records.count) >= acknowledged.last ?? 0, "point \(point): an acknowledged commit is lost")
        #expect(records.count <= acknowledged.count + 1, "point \(point): a commit from nowhere")
        #expect(last == Int64(records.count), "point \(point): half a batch")
        let isWhole = records.enumerated().allSatisfy { $1.payload == Array("{\"n\":\($0)}".utf8) }
        #expect(isWhole, "point \(point)")
        #expect(run.wasKilled || run.lines.last == "end", "point \(point): \(run.lines)")
        return run.wasKilled
    }
}

private struct FileAgent: RecoveryAgent {
    var directory: String

    func recover(_ item: RecoveryItem) -> ParticipantOutcome {
        let values = String(decoding: item.recovery, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let path = directory + "/" + item.participant.description.dropFirst("device/".count)
        do {
            try String(values[item.direction == .undo ? 0 : 1]).write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            return .inDoubt(reason: "\(error)")
        }
        return .done
    }
}

@Test func afterAKillAtAnyPointAllDevicesAgreeWithTheLog() throws {
    try atEveryPoint { point in
        let scratch = try Scratch()
        let run = try HelperRun.start(
            ["transactions", scratch.path, isSoak ? "5" : "1", isSoak ? "4" : "2"], crashAt: "\(point)")
        var plan = RecoveryPlan()
        var committed = ""
        let database = try ConfigurationDatabase(directory: scratch.path) { step in
            guard case .record(let record) = step, let kind = record.transactionKind else { return }
            try plan.add(kind, number: record.number, payload: record.payload)
            if case .decision(_, let change)? = TransactionPayload(kind, record.payload), kind == .decisionCommit {
                committed = String(decoding: change, as: UTF8.self)
            }
        }
        let doubts = try plan.start(log: database, time: 1)
        let retrier = InDoubtRetrier(
            log: database, agent: FileAgent(directory: scratch.path), doubts: doubts, limit: 2)
        _ = try retrier.retry(at: 1)
        database.close()
        #expect(doubts.all.isEmpty, "point \(point)")
        for device in 0..<(isSoak ? 4 : 2) {
            let value = (try? String(contentsOfFile: scratch.path + "/d\(device)", encoding: .utf8)) ?? ""
            #expect(value == committed, "point \(point), device \(device)")
        }
        let acknowledged = run.lines.last { $0.hasPrefix("v") } ?? ""
        #expect(committed >= acknowledged, "point \(point): an acknowledged commit is lost")
        return run.wasKilled
    }
}

@Test func aKillWhileCommitsShareASyncLosesNone() throws {
    for point in stride(from: 1, through: 120, by: isSoak ? 1 : 17) {
        let scratch = try Scratch()
        let run = try HelperRun.start(["many", scratch.path, "60"], crashAt: "vfs.1:\(point)")
        let acknowledged = run.lines.compactMap { Int64($0) }
        let records = try scratch.records()
        #expect(Set(acknowledged).isSubset(of: records.map(\.number)), "point \(point)")
    }
}
