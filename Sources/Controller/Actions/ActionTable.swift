import ConfigTree
import ControlProtocol
import Events
import YANG

/// Which handler carries out which action, by the action's schema path.
enum ActionTable {
    /// Gets the `output` node of the action to fill.
    typealias Handler = @Sendable (ActionCall, RowDraft) throws(ControlError) -> Void

    static let handlers: [String: Handler] = {
        var table: [String: Handler] = [:]
        for (name, handler) in DeviceActions.perDevice { table["/tailf-ncs:devices/device/\(name)"] = handler }
        for (name, handler) in DeviceActions.global { table["/tailf-ncs:devices/\(name)"] = handler }
        for (name, handler) in DeviceActions.perGroup {
            table["/tailf-ncs:devices/device-group/\(name)"] = handler
        }
        for holder in ["device", "profiles/profile"] {
            for (name, handler) in CapabilityActions.handlers {
                table["/tailf-ncs:devices/\(holder)/\(name)"] = handler
            }
        }
        for place in ["device/", "device-group/", ""] {
            table["/tailf-ncs:devices/\(place)apply-template"] = ApplyTemplate.handler
        }
        table["/tailf-ncs:packages/reload"] = PackageActions.reload
        table["/tailf-ncs:packages/verify"] = PackageActions.verify
        table["/tailf-ncs:packages/generations"] = GenerationActions.list
        table["/tailf-ncs:packages/rollback"] = GenerationActions.rollback
        table["/tailf-ncs:packages/confirm"] = GenerationActions.confirm
        table["/tailf-ncs:packages/add"] = PackageActions.add
        table["/tailf-ncs:packages/package/redeploy"] = PackageActions.redeploy
        table["/tailf-ncs:software/packages/list"] = SoftwareActions.list
        table["/tailf-ncs:software/packages/fetch"] = SoftwareActions.fetch
        table["/tailf-ncs:software/packages/install"] = SoftwareActions.install
        table["/tailf-ncs:software/packages/deinstall"] = SoftwareActions.deinstall
        table["/tailf-ncs:software/packages/upload"] = SoftwareActions.upload
        table["/tailf-ncs:software/repository/packages/list"] = RepositoryActions.list
        table["/tailf-ncs:software/repository/packages/fetch"] = RepositoryActions.fetch
        table["/tailf-rollback:rollback-files/get-rollback-file"] = RollbackActions.get
        table["/tailf-rollback:rollback-files/apply-rollback-file"] = RollbackActions.apply
        table["/tailf-key-rotation:key-rotation/get-active-generation"] = KeyRotationActions.active
        table["/tailf-key-rotation:key-rotation/apply-new-keys"] = KeyRotationActions.apply
        table["/openned-cdb:cdb/compact"] = CompactionActions.compact
        table.merge(TemplateActions.handlers) { _, last in last }
        table.merge(BuilderActions.handlers) { _, last in last }
        table.merge(QueueActions.handlers) { _, last in last }
        table.merge(AlarmActions.handlers) { _, last in last }
        return table
    }()
}

extension NetworkController {
    func invoke(
        _ path: InstancePath, input: Row, by session: ControllerSession, in transaction: ActionTransaction? = nil,
        parts: AnswerParts?, watcher: ActionWatcher
    ) throws(ControlError) -> ActionOutput {
        guard let action = path.last?.node else { throw ControlError(.notFound, "no action is named") }
        if DeviceOperations.isOne(path) { return try DeviceOperations.invoke(path, input: input, by: session) }
        guard let handler = ActionTable.handlers[action.path] else {
            throw ControlError(.unsupported, "\(action.name) is not available in this version")
        }
        let model = running.model
        guard action.schema === model.schema, transaction.map({ $0.tree.model === model }) ?? true else {
            throw UpgradeGate.replacedModel
        }
        let inputNode = action.dataChild(named: "input") ?? action
        let outputNode = action.dataChild(named: "output") ?? action
        let output = RowDraft(outputNode)
        let call = ActionCall(
            controller: self, session: session, path: path,
            input: Instance(detached: inputNode, row: input, model: model), transaction: transaction, parts: parts,
            watcher: watcher,
            trace: CommitTrace(
                session: session.id, transaction: 0, traceID: nil, clock: clock, watcher: watcher.steps))
        logs.develop(.debug, "\(session.user.name)/\(session.id) action \(path)")
        try handler(call, output)
        return ActionOutput(node: outputNode, content: output.freeze(in: model), model: model)
    }
}
