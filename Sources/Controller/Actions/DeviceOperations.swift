import ConfigTree
import ControlProtocol
import Events
import NEDRuntime
import Secrets
import YANG

/// Operations and actions that devices have themselves: `rpc rpc-NAME NAME`, and actions below `live-status` and
/// `config`.
enum DeviceOperations {
    /// The device that a path leads into, and the rest of it; nil if it stays in our own model.
    private static func way(_ path: InstancePath) -> (device: String, rest: InstancePath)? {
        guard let point = path.steps.firstIndex(where: { $0.node.kind == .mountPoint }),
            let device = path.steps[..<point].last, device.node.name == "device", let name = device.keys.first,
            // The mount point may have actions of its own.
            let last = path.last?.node, last.schema !== device.node.schema
        else { return nil }
        return (name, InstancePath(Array(path.steps[(point + 1)...])))
    }

    static func isOne(_ path: InstancePath) -> Bool { way(path) != nil }

    static func invoke(
        _ path: InstancePath, input: Row, by session: ControllerSession
    ) throws(ControlError) -> ActionOutput {
        guard let (name, rest) = way(path), let node = rest.last?.node else {
            throw ControlError(.notFound, "no operation is named")
        }
        let access = try session.controller.deviceAccess(name, by: session)
        guard node.schema === access.driver.model.schema else { throw UpgradeGate.replacedModel }
        guard access.driver.readsState else {
            throw ControlError(.unsupported, "Device \(name): its driver does not carry out operations of the device")
        }
        let controller = session.controller
        if let inputNode = node.dataChild(named: "input") {
            let parameters = Instance(detached: inputNode, row: input, model: access.driver.model)
            try requireMandatory(parameters)
            controller.secrets.plainTexts(in: parameters).forEach(access.mask.add)
        }
        controller.logs.develop(.debug, "\(session.user.name)/\(session.id) operation \(path)")
        let operation = DeviceOperation(node: node, path: rest.parent, input: input)
        do throws(NEDError) {
            let answer = try access.withSession { (session) throws(NEDError) in try session.carryOut(operation) }
            let output = node.dataChild(named: "output") ?? node
            return ActionOutput(node: output, content: answer.output, model: access.driver.model)
        } catch {
            throw ControlError(.device, access.masked(error.operatorText))
        }
    }

    /// Throws if something is missing that the model demands, at any depth of what is given.
    private static func requireMandatory(_ instance: Instance) throws(ControlError) {
        for child in instance.node.children { try require(child, in: instance) }
        for inner in instance.children() where !inner.node.isTerminal { try requireMandatory(inner) }
    }

    private static func require(_ node: SchemaNode, in instance: Instance) throws(ControlError) {
        let isChosen = node.kind == .choice && instance.chosenCase(of: node) != nil
        let isGiven = node.kind == .choice ? isChosen : instance.row?.hasContent(of: node) == true
        if node.kind == .choice, isChosen {
            for part in node.children where part.name == instance.chosenCase(of: node) && part.kind == .case {
                for inner in part.children { try require(inner, in: instance) }
            }
        }
        guard node.isMandatory, !isGiven, node.whens.isEmpty else { return }
        throw ControlError(.invalidValue, "the parameter \(node.name) of \(instance.node.operationName) is missing")
    }
}

extension SchemaNode {
    /// An `input` is called as its operation.
    fileprivate var operationName: String { kind == .input ? dataParent?.name ?? name : name }
}

extension Row {
    fileprivate func hasContent(of node: SchemaNode) -> Bool { hasValue(in: node.slot) || kid(in: node.slot) != nil }
}
