import ConfigTree
import ControlProtocol
import Events
import YANG

/// An action as its handler sees it: on what, with what and for whom.
struct ActionCall: Sendable {
    let controller: NetworkController
    let session: ControllerSession
    let path: InstancePath
    let input: Instance
    /// The candidate of a session in configuration mode: what the action is to change, and not commit.
    let transaction: ActionTransaction?
    /// Takes the beginning of the answer while the rest is being made, if whoever asked can do that.
    let parts: AnswerParts?
    let watcher: ActionWatcher
    /// Where the steps of the work are told.
    let trace: CommitTrace

    /// Tells everybody who listens.
    var progress: @Sendable (String) -> Void { watcher.lines }

    /// Names a step of the work on a device, its end and how long it took.
    func step<Result, Failure: Error>(
        _ device: String, _ phase: String, _ level: ProgressEvent.Level = .verbose,
        _ work: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard watcher.steps != nil else { return try work() }
        let start = trace.begin(phase, level, device: device)
        do {
            let result = try work()
            trace.end(phase, level, since: start, device: device)
            return result
        } catch {
            trace.end(phase, level, since: start, "error", device: device)
            throw error
        }
    }

    /// The configuration that the caller sees.
    var tree: DataTree { transaction?.tree ?? controller.running }

    /// Changes the configuration: the candidate of the caller, or what is in force by a commit of its own.
    func change(
        _ label: String, _ edit: (DataTree) throws(ControlError) -> DataTree
    ) throws(ControlError) {
        if let transaction {
            transaction.tree = try edit(transaction.tree)
            return
        }
        let base = controller.running
        var options = CommitOptions()
        options.label = label
        let request = CommitRequest(base: base, candidate: try edit(base), options: options)
        _ = try session.commit(request, progress: nil)
    }

    func flag(_ name: String) -> Bool { input.child(name) != nil }
    func text(_ name: String) -> String? { input.value(name) }

    /// The values of a leaf-list of the input.
    func list(_ name: String) -> [String] {
        input.node.dataChild(named: name).map { input.values($0) } ?? []
    }

    func required(_ name: String) throws(ControlError) -> String {
        guard let value = text(name) else { throw ControlError(.invalidValue, "the parameter \(name) is missing") }
        return value
    }

    /// The key of the first entry of `list` on the way to the action.
    func key(of list: String) throws(ControlError) -> String {
        guard let key = path.steps.first(where: { $0.node.name == list })?.keys.first else {
            throw ControlError(.invalidValue, "\(path): the \(list) is missing")
        }
        return key
    }

    func invalid(_ message: String) -> ControlError { ControlError(.invalidValue, message) }
}

extension RowDraft {
    /// Sets the leaf `name` of an answer; a name that the model does not have is left out.
    func put(_ name: String, _ value: String) {
        guard let leaf = node.dataChild(named: name) else { return }
        if leaf.kind == .leafList { add(value, to: leaf) } else { set(value, for: leaf) }
    }

    func put(_ name: String, _ value: Bool) { put(name, value ? "true" : "false") }

    func item(_ list: String, _ keys: String...) -> RowDraft {
        guard let child = node.dataChild(named: list) else { return RowDraft(node) }
        return keys.isEmpty ? appendEntry(of: child) : entry(of: child, keys: keys)
    }

    func inner(_ name: String) -> RowDraft {
        node.dataChild(named: name).map(container) ?? RowDraft(node)
    }
}
