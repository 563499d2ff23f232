import Foundation
import Synchronization

@testable import Transactions

/// A log and devices that stop, all at once, after a number of steps: a crash. What they hold then is what a restart
/// finds.
final class SimulatedWorld: Sendable {
    struct State: Sendable {
        var stepsLeft: Int
        var records: [TransactionRecord] = []
        /// What each device holds, and what it held before a prepare that was not yet applied.
        var values: [String: String] = [:]
        var prepared: [String: String] = [:]
        var random: UInt64
        var refusing: Set<String> = []
        var failsToAnswer: Set<String> = []
        var logFailures = 0
    }

    let state: Mutex<State>

    init(seed: UInt64, steps: Int) { state = Mutex(State(stepsLeft: steps, random: seed &* 2 &+ 1)) }

    var isDead: Bool { state.withLock { $0.stepsLeft <= 0 } }

    /// Runs an effect unless the world has stopped; true if it took place.
    func step(_ effect: (inout State) -> Void) -> Bool {
        state.withLock { state in
            guard state.stepsLeft > 0 else { return false }
            state.stepsLeft -= 1
            effect(&state)
            return true
        }
    }

    func revive() { state.withLock { $0.stepsLeft = .max / 2 } }

    var committedValue: String? {
        state.withLock { state in
            state.records.last { $0.kind == .decisionCommit }.flatMap { record in
                guard case .decision(_, let change)? = TransactionPayload(record.kind, record.payload) else {
                    return nil
                }
                return String(decoding: change, as: UTF8.self)
            }
        }
    }

    func plan() throws -> RecoveryPlan {
        var plan = RecoveryPlan()
        for (index, record) in state.withLock({ $0.records }).enumerated() {
            try plan.add(record.kind, number: Int64(index + 1), payload: record.payload)
        }
        return plan
    }
}

extension SimulatedWorld: DecisionLog {
    func append(
        _ records: [TransactionRecord], whenDurable: @escaping @Sendable (Int64) -> Void
    ) throws(LogFailure) -> Int64 {
        var first: Int64 = 0
        var isRefused = false
        let isWritten = step { state in
            if state.logFailures > 0 {
                state.logFailures -= 1
                isRefused = true
                return
            }
            first = Int64(state.records.count) + 1
            state.records += records
        }
        // After a crash nobody hears the answer; "unknown" is what makes the coordinator leave everything alone.
        if isRefused || !isWritten { throw LogFailure("no space", isOutcomeUnknown: !isWritten) }
        whenDurable(first)
        return first
    }
}

struct SimulatedDevice: Participant {
    var world: SimulatedWorld
    var name: String
    var value: String

    var id: ParticipantID { ParticipantID("device/\(name)") }

    var recovery: [UInt8] {
        let old = world.state.withLock { $0.values[name] ?? "" }
        return Array("\(old)\n\(value)".utf8)
    }

    func prepare(_ transaction: TransactionNumber) throws(Refusal) {
        var refusal: Refusal?
        let took = world.step { state in
            // Half of the refusals come after part of the change was made.
            if state.refusing.contains(name) {
                state.random = state.random &* 6_364_136_223_846_793_005 &+ 1
                refusal = Refusal("refused", isUntouched: state.random >> 63 == 0)
                if refusal?.isUntouched == true { return }
            }
            state.prepared[name] = state.values[name] ?? ""
            state.values[name] = value
        }
        if let refusal { throw refusal }
        if !took { throw Refusal("dead") }
    }

    func apply(_ transaction: TransactionNumber) -> ParticipantOutcome {
        answer { $0.prepared[name] = nil }
    }

    func abort(_ transaction: TransactionNumber) -> ParticipantOutcome {
        answer { state in
            if let old = state.prepared.removeValue(forKey: name) { state.values[name] = old }
        }
    }

    private func answer(_ effect: (inout SimulatedWorld.State) -> Void) -> ParticipantOutcome {
        var hungUp = false
        let took = world.step { state in
            hungUp = state.failsToAnswer.contains(name)
            if !hungUp { effect(&state) }
        }
        return took && !hungUp ? .done : .inDoubt(reason: "connection lost")
    }
}

struct SimulatedAgent: RecoveryAgent {
    var world: SimulatedWorld

    func recover(_ item: RecoveryItem) -> ParticipantOutcome {
        let parts = String(decoding: item.recovery, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        let name = String(item.participant.description.dropFirst("device/".count))
        var hungUp = false
        let took = world.step { state in
            hungUp = state.failsToAnswer.contains(name)
            guard !hungUp else { return }
            state.values[name] = String(item.direction == .undo ? parts[0] : parts[1])
            state.prepared[name] = nil
        }
        return took && !hungUp ? .done : .inDoubt(reason: "connection lost")
    }
}
