import Events
import Synchronization
import Transactions

/// Tells of a commit in the phases that the field knows: validate, prepare, commit, abort.
final class CommitPhases: Sendable {
    static let whole = "applying transaction for running datastore"

    private struct State: Sendable {
        var phase: (name: String, since: Int64)?
        var devices: [ParticipantID: Int64] = [:]
    }

    let trace: CommitTrace
    private let state = Mutex(State())

    init(_ trace: CommitTrace) { self.trace = trace }

    func enter(_ name: String) {
        leave()
        let since = trace.begin("\(name) phase")
        state.withLock { $0.phase = (name, since) }
    }

    func leave() {
        let phase = state.withLock { state in
            defer { state.phase = nil }
            return state.phase
        }
        if let phase { trace.end("\(phase.name) phase", since: phase.since) }
    }

    /// From several threads at once.
    @Sendable func note(_ progress: CommitProgress) {
        switch progress {
        case .intentRecorded(let number): trace.note("cdb: write intent \(number)", .verbose)
        case .preparing(let id): begin(id, "push configuration")
        case .prepared(let id): end(id, "push configuration", "ok")
        case .refused(let id, let reason): end(id, "push configuration", "error (\(reason))")
        case .decided(let number):
            if state.withLock({ $0.phase?.name }) != "commit" { enter("commit") }
            trace.note("cdb: commit")
            trace.note("cdb: record \(number) is durable", .debug)
        case .applying(let id): begin(id, "persist configuration")
        case .aborting(let id):
            if state.withLock({ $0.phase?.name }) != "abort" { enter("abort") }
            begin(id, "revert configuration")
        case .ended(let id, let outcome):
            let isCommitted = state.withLock { $0.phase?.name } == "commit"
            let phase = isCommitted ? "persist configuration" : "revert configuration"
            if case .inDoubt(let reason) = outcome {
                end(id, phase, "in doubt (\(reason))")
            } else {
                end(id, phase, "ok")
            }
        case .outcomesRecorded: trace.note("cdb: write outcomes", .verbose)
        }
    }

    private func begin(_ id: ParticipantID, _ phase: String) {
        let since = trace.begin(phase, device: Self.device(id))
        state.withLock { $0.devices[id] = since }
    }

    private func end(_ id: ParticipantID, _ phase: String, _ annotation: String) {
        let since = state.withLock { $0.devices.removeValue(forKey: id) } ?? 0
        trace.end(phase, since: since, annotation, device: Self.device(id))
    }

    private static func device(_ id: ParticipantID) -> String {
        let name = id.description
        return name.hasPrefix("device/") ? String(name.dropFirst("device/".count)) : name
    }
}
