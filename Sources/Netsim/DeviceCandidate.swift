import ConfigTree
import NETCONF

/// The candidate of a device, for its NETCONF server: the same that its command line has.
final class DeviceCandidate: SharedCandidate {
    private let device: SimulatedDevice

    init(_ device: SimulatedDevice) { self.device = device }

    private var store: CandidateStore { device.candidate }

    var content: DataTree? { store.changed }

    func requireFree(for session: SessionInfo) throws(CandidateHeld) {
        try attempt { () throws(SimulatedDevice.Refusal) in try store.requireFree(for: Self.number(session)) }
    }

    func put(_ tree: DataTree?, running: DataTree, by session: SessionInfo) throws(CandidateHeld) {
        try attempt { () throws(SimulatedDevice.Refusal) in
            guard let tree else { return try store.discard(by: Self.number(session)) }
            try store.change(to: tree, running: running, by: Self.number(session))
        }
    }

    func lock(_ session: SessionInfo) throws(CandidateHeld) {
        try attempt { () throws(SimulatedDevice.Refusal) in
            try store.hold(Self.number(session), name: Self.name(session))
        }
    }

    func unlock(_ session: SessionInfo) { store.release(Self.number(session)) }

    func committed(over old: DataTree) { store.committed(old, isShared: true, minutes: nil, on: device) }

    /// Sessions of the command line count from 1 upwards.
    private static func number(_ session: SessionInfo) -> Int { -Int(session.id) }

    static func name(_ session: SessionInfo) -> String { "\(session.user) netconf (\(session.source))" }

    private func attempt(
        _ work: () throws(SimulatedDevice.Refusal) -> Void
    ) throws(CandidateHeld) {
        do throws(SimulatedDevice.Refusal) {
            try work()
        } catch {
            let lines = error.description.split(separator: "\n").map { $0.drop { $0 == " " } }
            throw CandidateHeld(lines.joined(separator: " "))
        }
    }
}
