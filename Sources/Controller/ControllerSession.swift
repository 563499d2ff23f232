import Basics
import ConfigTree
import ControlProtocol
import Events
import Synchronization
import YANG

/// A door's session: what `ControlSession` promises, for one user.
final class ControllerSession: ControlSession {
    let user: SessionUser
    let id: Int
    let controller: NetworkController
    private let hasEnded = Atomic(false)

    init(_ controller: NetworkController, _ user: SessionUser, id: Int) {
        self.controller = controller
        self.user = user
        self.id = id
    }

    var running: DataTree { controller.running }
    func operational() -> DataTree { controller.operationalTree() }
    func live(_ paths: [InstancePath], in tree: DataTree) throws(ControlError) -> LiveReading {
        try requireOpen()
        return try LiveStatus.read(paths, in: tree, by: self)
    }

    func isCurrent(_ tree: DataTree) -> Bool { tree.model === controller.running.model }
    func carried(_ request: CommitRequest) -> CommitRequest? { try? controller.carried(request) }

    func sealed(_ edits: [PathEdit], over candidate: DataTree) throws(ControlError) -> [PathEdit] {
        try controller.secrets.sealed(edits, over: candidate)
    }

    func sealed(_ tree: DataTree, over candidate: DataTree) throws(ControlError) -> DataTree {
        try controller.secrets.sealed(tree, like: candidate)
    }

    func violations(of candidate: DataTree, since base: DataTree) -> [Diagnostic] {
        controller.violations(of: candidate, since: base)
    }

    func commits() -> [CommitSummary] { controller.history.commits }

    func change(of commit: CommitSummary) throws(ControlError) -> CommittedChange {
        let running = controller.running
        var change = try controller.history.change(of: commit, running.model)
        // What was committed under keys that are no longer in use comes back under those that are.
        change.before = try controller.secrets.sealed(change.before, like: running)
        change.after = try controller.secrets.sealed(change.after, like: running)
        return change
    }

    func rollbackText(of commit: CommitSummary) throws(ControlError) -> String {
        RollbackText.text(commit, try change(of: commit), host: controller.host)
    }

    func commits(changing paths: [InstancePath]) throws(ControlError) -> [CommitSummary] {
        try controller.history.commits(changing: paths)
    }

    func commit(
        _ request: CommitRequest, progress: (@Sendable (ProgressEvent) -> Void)?
    ) throws(ControlError) -> CommitOutcome {
        try requireOpen()
        return controller.awaited(
            try controller.commit(request, by: self, isOrdered: true, progress: progress), request.options)
    }

    var mayConfirm: Bool {
        controller.confirmed.current.map { $0.persist == nil && $0.session == id } ?? false
    }

    func confirmCommit(persistID: String?) throws(ControlError) {
        try controller.confirmCommit(persistID, by: self)
    }

    func abortCommit(persistID: String?) throws(ControlError) { try controller.abortCommit(persistID, by: self) }

    var lockOwner: String? { controller.runningLock.description }
    func noteMode(_ mode: String) { controller.sessions.noteMode(mode, of: id) }

    func lock() throws(ControlError) {
        try requireOpen()
        try controller.lockRunning(for: self)
    }

    func unlock() { controller.runningLock.unlock(id) }

    func invoke(
        _ action: InstancePath, input: Row, in transaction: ActionTransaction?, parts: AnswerParts?,
        watcher: ActionWatcher
    ) throws(ControlError) -> ActionOutput {
        try requireOpen()
        return try controller.invoke(
            action, input: input, by: self, in: transaction, parts: parts, watcher: watcher)
    }

    func sessions() -> [SessionInformation] { controller.sessions.all }

    func send(_ message: String, to user: String?) {
        controller.sessions.tellAll(.broadcast("Message from \(self.user.name): \(message)"), user: user)
    }

    /// What of a command the audit log keeps, in bytes.
    private static let commandLimit = 16_384

    private var auditUser: LogEvent.AuditUser { LogEvent.AuditUser(user.name, session: id) }

    func note(_ record: CommandRecord) {
        switch record {
        case .typed(let line):
            let isLong = line.utf8.count > Self.commandLimit
            let start = String(decoding: line.utf8.prefix(Self.commandLimit), as: UTF8.self)
            controller.logs.audit(.command(auditUser, isLong ? start + "..." : line))
        case .done: controller.logs.audit(.commandDone(auditUser))
        case .aborted: controller.logs.audit(.commandAborted(auditUser))
        }
    }

    /// From now on it does nothing more; what it was asked for before goes on.
    func end() {
        hasEnded.store(true, ordering: .sequentiallyConsistent)
        unlock()
    }

    private func requireOpen() throws(ControlError) {
        guard hasEnded.load(ordering: .sequentiallyConsistent) else { return }
        throw ControlError(.upgradeInProgress, "the session was ended by a package upgrade; open another one")
    }

    func close() {
        unlock()
        controller.confirmed.sessionEnded(id)
        controller.sessions.close(id)
        controller.logs.audit(.sessionEnded(auditUser, reason: "normal"))
    }
}
