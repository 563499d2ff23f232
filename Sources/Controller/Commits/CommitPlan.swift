import ConfigTree
import ControlProtocol
import Crypto
import Foundation
import NEDRuntime
import Secrets
import Synchronization

/// What a commit would do, as parts with names: each change with the value that it replaces, each device with its
/// commands and the state it must be in. The digest over all of them stands for the plan.
///
/// Secrets are in it as they are stored, and masked in commands.
struct CommitPlan: Hashable, Sendable {
    /// By name (`path /ncs:devices/…`, `device ce0`), the digest of each part.
    private(set) var parts: [String: String] = [:]

    mutating func add(_ name: String, _ contents: [String]) { parts[name] = Self.digest(contents) }

    /// 64 hexadecimal digits.
    var digest: String {
        Self.digest(parts.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    }

    /// The parts that another plan has otherwise, or that only one of the two has.
    func differences(_ other: CommitPlan) -> [String] {
        Set(parts.keys).union(other.parts.keys).filter { parts[$0] != other.parts[$0] }.sorted()
    }

    private static func digest(_ texts: [String]) -> String {
        var hash = SHA256()
        for text in texts {
            hash.update(data: Data("\(text.utf8.count):".utf8))
            hash.update(data: Data(text.utf8))
        }
        return hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}

/// The plans that dry runs have shown lately, to say what has moved since.
final class ShownPlans: Sendable {
    private let plans = Mutex<[CommitPlan]>([])
    private static let limit = 64

    func keep(_ plan: CommitPlan) {
        plans.withLock { plans in
            plans.removeAll { $0 == plan }
            plans.append(plan)
            if plans.count > Self.limit { plans.removeFirst() }
        }
    }

    /// The plan whose digest begins with `digest`.
    func find(_ digest: String) -> CommitPlan? { plans.withLock { plans in plans.last { $0.digest == digest } } }
}

extension NetworkController {
    func plan(
        _ prepared: PreparedCommit, _ devices: [DeviceChange], _ options: CommitOptions, _ session: ControllerSession
    ) throws(ControlError) -> CommitPlan {
        var plan = CommitPlan()
        for (path, items) in Dictionary(grouping: prepared.changes.items, by: \.path) {
            let place = try? prepared.base.path(path)
            let old = place.flatMap { prepared.base.instance($0) }
            let before = old.map { $0.value ?? ($0.row == nil ? "absent" : "present") } ?? "absent"
            let name = place?.keypath ?? path
            plan.add("path \(name)", [before] + items.flatMap { ["\($0.edit)"] })
        }
        for change in devices where !options.noNetworking {
            let commands = try native(change, false, prepared.system, session).data
            let isChecked = !options.noOutOfSyncCheck && !options.noOverwrite
            let state = isChecked ? self.devices.record(change.name).transactionID ?? "unknown" : "any"
            plan.add("device \(change.name)", [NEDIDLocation.nedID(of: change.device) ?? "", commands, state])
        }
        plan.add("options", [options.noNetworking, options.noOutOfSyncCheck, options.noOverwrite].map { "\($0)" })
        return plan
    }

    /// Refuses a commit whose plan is not the one that was approved, naming what has moved.
    func requirePlan(
        _ expected: String, _ prepared: PreparedCommit, _ options: CommitOptions, _ session: ControllerSession
    ) throws(ControlError) {
        let plan = try plan(prepared, try revisedDevices(prepared, options).changes, options, session)
        guard plan.digest != expected.lowercased() else { return }
        let remedy = "look at it with commit dry-run with-digest, and approve \(plan.digest)"
        guard let known = plans.find(expected.lowercased()) else {
            throw ControlError(
                .conflict, "no plan with the digest \(expected) was shown lately; the plan is another one: \(remedy)")
        }
        let moved = known.differences(plan)
        let named = moved.prefix(10).joined(separator: ", ") + (moved.count > 10 ? " and \(moved.count - 10) more" : "")
        throw ControlError(.conflict, "the plan has moved since it was approved: \(named); \(remedy)")
    }
}
