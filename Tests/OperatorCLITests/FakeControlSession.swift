import Basics
import CLIGrammar
import ConfigTree
import ControlProtocol
import Events
import Synchronization
import YANG

/// A controller in memory: commits take effect at once, actions answer what they always answer.
final class FakeControlSession: ControlSession {
    struct State {
        var running: DataTree
        var lockOwner: Int?
        var mode = "operational"
        var beforeConfirmed: DataTree?
        var persist: String?
        var messages: [String] = []
        var committed: [CommitOptions] = []
        var invoked: [(String, [String: String])] = []
        var records: [CommandRecord] = []
        var history: [(commit: CommitSummary, change: CommittedChange)] = []
    }

    let user = SessionUser(name: "admin", groups: ["wheel"])
    let id = 7
    let state: Mutex<State>
    /// What an action does besides its answer.
    let onInvoke: @Sendable (FakeControlSession, String) -> Void
    private let operationalXML: String

    init(
        model: DataModel = LabModels.systemModel, configuration: String = "", state operationalXML: String = "",
        onInvoke: @escaping @Sendable (FakeControlSession, String) -> Void = { _, _ in }
    ) {
        state = Mutex(State(running: Self.tree(configuration, model)))
        self.operationalXML = operationalXML
        self.onInvoke = onInvoke
    }

    static func tree(_ xml: String, _ model: DataModel, content: DecodeOptions.Content = .config) -> DataTree {
        guard !xml.isEmpty else { return DataTree(model) }
        let options = DecodeOptions(.strict, content: content)
        let document = Array("<config>\(xml)</config>".utf8)
        let decoded = XMLDataDecoder.tree(document, file: "fixture.xml", model: model, options: options)
        precondition(!decoded.hasErrors, decoded.diagnostics.map(\.description).joined(separator: "\n"))
        return decoded.content
    }

    var running: DataTree { state.withLock { $0.running } }

    /// As after a reload of packages: the same data under a new model.
    func replaceModel() {
        let xml = String(decoding: XMLDataEncoder.bytes(running, EncodeOptions(wrapped: false)), as: UTF8.self)
        let tree = Self.tree(xml, LabModels.makeSystemModel())
        state.withLock { $0.running = tree }
    }

    func live(_ paths: [InstancePath], in tree: DataTree) -> LiveReading { LiveReading(tree: tree) }

    func operational() -> DataTree {
        let running = running
        return running.merging(Self.tree(operationalXML, running.model, content: .all))
    }

    func sealed(_ edits: [PathEdit], over candidate: DataTree) throws(ControlError) -> [PathEdit] {
        edits.map { edit in
            guard edit.path.last?.node.type?.secret != nil, case .set(let text) = edit.edit, !text.hasPrefix("$9$")
            else {
                return edit
            }
            return PathEdit(.set("$9$sealed"), edit.path)
        }
    }

    func sealed(_ tree: DataTree, over candidate: DataTree) throws(ControlError) -> DataTree { tree }

    func violations(of candidate: DataTree, since base: DataTree) -> [Diagnostic] {
        candidate.rootInstance.child("devices")?.entries("device").filter { $0.value("address") == nil }.map {
            .error("'devices device \($0.keys[0]) address' is not configured", remedy: "set it")
        } ?? []
    }

    func commit(
        _ request: CommitRequest, progress: (@Sendable (ProgressEvent) -> Void)?
    ) throws(ControlError) -> CommitOutcome {
        let violations = violations(of: request.candidate, since: request.base)
        if let first = violations.first { throw ControlError(.validation, first.summary, diagnostics: violations) }
        let grammar = CLIGrammar(model: request.candidate.model, dialect: .c)
        switch request.options.dryRun {
        case .cliC: return outcome(.cliC(grammar.commands(from: request.base, to: request.candidate).text()))
        case .cli: return outcome(.cli(grammar.curlyDiff(from: request.base, to: request.candidate)))
        case .xml: return outcome(.xml(XMLDiff.editConfig(from: request.base, to: request.candidate)))
        case .native: return outcome(.native([("ce0", "interface eth0\n mtu 1400\nexit\n")]))
        case nil: break
        }
        state.withLock { state in
            let number = state.history.count
            let commit = CommitSummary(
                id: 10_001 + number, transaction: Int64(number + 1), date: "2026-11-21 12:0\(number % 10):00",
                user: user.name, via: user.context, label: request.options.label, comment: request.options.comment)
            state.history.append((commit, CommittedChange(before: state.running, after: request.candidate)))
            if let confirmed = request.options.confirmed {
                state.beforeConfirmed = state.beforeConfirmed ?? state.running
                state.persist = confirmed.persist
            }
            state.running = request.candidate
            state.committed.append(request.options)
        }
        let inDoubt = request.options.label == "doubtful" ? ["device ce0: connection closed"] : []
        return CommitOutcome(number: 1, inDoubt: inDoubt, queue: queued(request.options.commitQueue))
    }

    /// A synchronous commit fails.
    private func queued(_ options: CommitQueueOptions?) -> CommitQueueOutcome? {
        switch options?.mode {
        case .async: CommitQueueOutcome(id: 1_732_176_000_000, status: .async)
        case .sync:
            CommitQueueOutcome(
                id: 1_732_176_000_001, status: .failed, failures: [.init(device: "ce0", reason: "Invalid input")])
        case .bypass, nil: nil
        }
    }

    private func outcome(_ dryRun: DryRun) -> CommitOutcome {
        var outcome = CommitOutcome(dryRun: dryRun)
        outcome.planDigest = "5f2d"
        return outcome
    }

    func commits() -> [CommitSummary] { state.withLock { $0.history.reversed().map(\.commit) } }

    func commits(changing paths: [InstancePath]) throws(ControlError) -> [CommitSummary] {
        state.withLock { state in
            state.history.reversed().filter { entry in
                ChangeSet(entry.change.before.diff(to: entry.change.after)).items.contains { item in
                    paths.contains { item.path.hasPrefix($0.description) }
                }
            }.map(\.commit)
        }
    }

    func change(of commit: CommitSummary) throws(ControlError) -> CommittedChange {
        guard let entry = state.withLock({ $0.history.first { $0.commit == commit } }) else {
            throw ControlError(.notFound, "commit \(commit.id) is no longer in the log")
        }
        return entry.change
    }

    func rollbackText(of commit: CommitSummary) throws(ControlError) -> String { "# No: \(commit.id)\n" }

    func lock() throws(ControlError) {
        let isFree = state.withLock { state in
            if state.lockOwner == nil { state.lockOwner = id }
            return state.lockOwner == id
        }
        if !isFree { throw ControlError(.locked, "the configuration database is locked by session 3 oper") }
    }

    func unlock() { state.withLock { $0.lockOwner = nil } }
    var lockOwner: String? { state.withLock { $0.lockOwner }.map { "session \($0)" } }
    func noteMode(_ mode: String) { state.withLock { $0.mode = mode } }

    var mayConfirm: Bool { state.withLock { $0.beforeConfirmed != nil && $0.persist == nil } }
    func confirmCommit(persistID: String?) throws(ControlError) { _ = try takeConfirmed(persistID) }

    func abortCommit(persistID: String?) throws(ControlError) {
        let before = try takeConfirmed(persistID)
        state.withLock { $0.running = before }
    }

    private func takeConfirmed(_ persistID: String?) throws(ControlError) -> DataTree {
        let before = state.withLock { state -> DataTree? in
            guard state.persist == persistID else { return nil }
            defer { state.beforeConfirmed = nil }
            return state.beforeConfirmed
        }
        guard let before else { throw ControlError(.notFound, "no confirmed commit is outstanding") }
        return before
    }

    func invoke(
        _ action: InstancePath, input: Row, in transaction: ActionTransaction?, parts: AnswerParts?,
        watcher: ActionWatcher
    ) throws(ControlError) -> ActionOutput {
        let node = action.last!.node
        precondition(node.kind == .action)
        let inputNode = node.dataChild(named: "input")
        var parameters: [String: String] = [:]
        for leaf in inputNode.map({ Array($0.dataChildren) }) ?? [] {
            parameters[leaf.name] = input.value(in: leaf.slot)
        }
        state.withLock { $0.invoked.append((action.words, parameters)) }
        onInvoke(self, node.name)
        let output = node.dataChild(named: "output") ?? node
        let draft = RowDraft(output)
        try answer(node, action, draft)
        return ActionOutput(node: output, content: draft.freeze(in: running.model), model: running.model)
    }

    private func answer(_ node: SchemaNode, _ path: InstancePath, _ draft: RowDraft) throws(ControlError) {
        let device = path.steps.first { $0.node.name == "device" }?.keys.first
        switch (node.name, device) {
        case ("sync-from", "ce9"?):
            throw ControlError(.connection, "Failed to connect to device ce9: connection refused")
        case ("sync-from", _?): draft.put("result", "true")
        case ("check-sync", _): draft.put("result", device == "ce1" ? "out-of-sync" : "in-sync")
        case ("compare-config", _): draft.put("diff", " devices {\n     device ce0 {\n-        port 22;\n     }\n }\n")
        case ("migrate", nil):
            let model = draft.node
            draft.entry(of: model.dataChild(named: "migrate-result")!, keys: ["ce0"]).put("result", "true")
            let list = model.dataChild(named: "modified-path")!
            guard list.dataChild(named: "data") != nil else { return }
            let entry = draft.entry(of: list, keys: ["/r:sys/hostname"])
            let modification = entry.appendEntry(of: list.dataChild(named: "modification")!)
            modification.put("info", "leaf has been removed")
            modification.put("backward-compatible", "false")
            for name in ["ce0", "ce1"] { entry.add(name, to: list.dataChild(named: "device")!) }
            entry.put("data", "sys {\n    hostname x;\n}")
        case ("sync-from", nil):
            for name in ["ce0", "ce1"] {
                let entry = draft.entry(of: draft.node.dataChild(named: "sync-result")!, keys: [name])
                entry.put("result", name == "ce0" ? "true" : "false")
                if name == "ce1" { entry.put("info", "Device ce1 is southbound locked") }
            }
        case ("list", _):
            if path.steps.first?.node.name == "software" {
                for name in ["dummy-1.0.tar.gz", "other-2.0.tar.gz"] {
                    draft.entry(of: draft.node.dataChild(named: "package")!, keys: [name]).put("loaded", "")
                }
                return
            }
            for device in running.rootInstance.child("devices")?.entries("device") ?? [] {
                let entry = draft.entry(of: draft.node.dataChild(named: "device")!, keys: device.keys)
                entry.put("address", device.value("address") ?? "-")
                entry.put("description", "-")
                entry.put("ned-id", device.value("ned-id") ?? "-")
                entry.put("admin-state", "unlocked")
            }
        case ("reload", _):
            let entry = draft.entry(of: draft.node.dataChild(named: "reload-result")!, keys: ["router-1.0"])
            entry.put("result", "true")
        default: break
        }
    }

    func isCurrent(_ tree: DataTree) -> Bool { tree.model === running.model }
    func carried(_ request: CommitRequest) -> CommitRequest? { isCurrent(request.base) ? request : nil }

    func sessions() -> [SessionInformation] {
        [
            SessionInformation(
                id: 3, user: SessionUser(name: "oper", from: "192.0.2.1", proto: "ssh"), started: "12:05:50",
                mode: "operational"),
            SessionInformation(id: 7, user: user, started: "12:10:40", mode: "operational"),
        ]
    }

    func send(_ message: String, to user: String?) {
        state.withLock { $0.messages.append("\(user ?? "all"): \(message)") }
    }

    func note(_ record: CommandRecord) { state.withLock { $0.records.append(record) } }

    func close() {}
}

extension RowDraft {
    fileprivate func put(_ name: String, _ value: String) {
        if let leaf = node.dataChild(named: name) { set(value, for: leaf) }
    }
}

/// Files in memory.
final class FakeFiles: Sendable {
    struct Missing: Error, CustomStringConvertible {
        var description: String { "no such file" }
    }

    let contents: Mutex<[String: [UInt8]]>

    init(_ contents: [String: String] = [:]) {
        self.contents = Mutex(contents.mapValues { Array($0.utf8) })
    }

    func text(_ path: String) -> String? { contents.withLock { $0[path] }.map { String(decoding: $0, as: UTF8.self) } }
}
