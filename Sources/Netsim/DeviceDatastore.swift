import Basics
import CLIGrammar
import ConfigTree
import Foundation
import NETCONF
import YANG

/// The configuration of a device as its NETCONF server sees it.
final class DeviceDatastore: NETCONFDatastore {
    private let device: SimulatedDevice

    init(_ device: SimulatedDevice) {
        self.device = device
        let isShared = device.model.package.kind == .cli && device.model.grammar.dialect.style == .j
        sharedCandidate = isShared ? DeviceCandidate(device) : nil
    }

    var model: DataModel { device.model.data }
    var running: DataTree { device.running }
    var operational: DataTree { device.operational }
    /// Of devices whose command line has a candidate.
    let sharedCandidate: (any SharedCandidate)?

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
        let isName = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_.".utf8.contains(byte)
        }
        guard isName, !name.hasPrefix(".") else { return nil }
        if let module = model.schema.module(named: name), let revision, revision != module.revision { return nil }
        let modules = try? DeviceModules(device.model.package)
        let source = modules.flatMap { modules in
            (modules.sources + modules.library).first { Self.stem($0.path) == name }
        }
        let path = device.model.moduleDirectory + "/" + name + ".yang"
        guard let bytes = source?.bytes ?? (try? DurableFiles.read(path, limit: 64 << 20)) else { return nil }
        // Submodules and the protocol's own modules are in no schema that would tell their revision.
        guard let revision, model.schema.module(named: name) == nil else { return bytes }
        let text = String(decoding: bytes, as: UTF8.self)
        return ["", "\"", "'"].contains { text.contains("revision \($0)\(revision)") } ? bytes : nil
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

    /// A device that is not there does nothing: what has no output is done, and what has one says what the package's
    /// `netsim/replies/MODULE/OPERATION.xml` holds.
    func outcome(of call: OperationCall, session: SessionInfo) throws(RPCFailure) -> OperationOutcome {
        let (module, name) = (call.node.moduleName, call.node.name)
        let file = "netsim/replies/\(module)/\(name).xml"
        let path = device.model.package.directory + "/" + file
        guard DurableFiles.exists(path) else {
            if call.node.children.first(where: { $0.kind == .output })?.dataChildCount ?? 0 == 0 { return .done }
            return .notCarriedOut("the simulated device has no output for <\(name)>: the package has no \(file)")
        }
        do {
            let document = try XMLElement.parse(try DurableFiles.read(path, limit: 16 << 20), file: path)
            return .output(document.children)
        } catch {
            throw RPCFailure(RPCError(.application, .operationFailed, "the reply cannot be read: \(error)"))
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
