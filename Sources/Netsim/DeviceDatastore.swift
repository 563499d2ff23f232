import Basics
import ConfigTree
import Foundation
import NETCONF
import YANG

/// The configuration of a device as its NETCONF server sees it.
final class DeviceDatastore: NETCONFDatastore {
    private let device: SimulatedDevice

    init(_ device: SimulatedDevice) { self.device = device }

    var model: DataModel { device.model.data }
    var running: DataTree { device.running }

    func faults(in tree: DataTree, changedFrom old: DataTree) -> [Diagnostic] {
        device.model.validator.violations(in: tree, changedFrom: old)
    }

    func settled(_ tree: DataTree, changedFrom old: DataTree) -> DataTree {
        (try? device.model.validator.pruned(tree, changedFrom: old))?.tree ?? tree
    }

    func replaceRunning(_ old: DataTree, with new: DataTree) throws(RPCFailure) {
        try attempt { () throws(NetsimError) in try device.replace(with: new) }
    }

    func startup() throws(RPCFailure) -> DataTree? {
        try attempt { () throws(NetsimError) in try device.startup }
    }

    func setStartup(_ tree: DataTree?) throws(RPCFailure) {
        try attempt { () throws(NetsimError) in
            try DeviceStore.writeStartup(tree ?? DataTree(model), device.files)
        }
    }

    private func attempt<Result>(_ work: () throws(NetsimError) -> Result) throws(RPCFailure) -> Result {
        do throws(NetsimError) {
            return try work()
        } catch {
            throw RPCFailure(RPCError(.application, .operationFailed, "the change cannot be stored: \(error)"))
        }
    }

    /// Read anew at each request: thousands of devices should not hold the texts of their modules.
    func moduleText(_ name: String, revision: String?) -> [UInt8]? {
        guard let module = model.schema.module(named: name), revision == nil || revision == module.revision else {
            return nil
        }
        let modules = try? DeviceModules(device.model.package)
        let source = modules.flatMap { modules in
            (modules.sources + modules.library).first { Self.stem($0.path) == name }
        }
        if let source { return source.bytes }
        let path = device.model.moduleDirectory + "/" + name + ".yang"
        return try? DurableFiles.read(path, limit: 64 << 20)
    }

    /// `a` of `/x/a@2024-01-01.yang`.
    private static func stem(_ path: String) -> String {
        let file = path.split(separator: "/").last ?? ""
        return String(file.prefix { $0 != "@" && $0 != "." })
    }

    private static let changing: Set = [
        "edit-config", "copy-config", "delete-config", "lock", "unlock", "validate", "commit", "cancel-commit",
        "discard-changes",
    ]

    func received(_ operation: String, session: SessionInfo) -> Interference? {
        device.record("<\(operation)>", mode: "netconf", client: session.source)
        let outcome = device.faults(
            on: operation, in: Self.changing.contains(operation) ? .configuration : .operational)
        device.setAnswerFault(outcome)
        switch outcome.ending {
        case .refuse(let message)?: return .refuse(message)
        case .hangUp?: return .hangUp
        case .powerOff?:
            device.powerOff()
            return .hangUp
        case .reboot?:
            device.reboot()
            return .hangUp
        case .silence?: return .silence
        case nil: return nil
        }
    }

    func schedule(after seconds: Int, _ work: @escaping @Sendable () -> Void) {
        let queue = device.queue
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) { queue.run(work) }
    }

    func timestamp() -> String {
        let date = Date(timeIntervalSince1970: Double(device.clock.now() / 1_000_000))
        return date.formatted(.iso8601)
    }
}
